/**
 * Messages of the library that the page shows, in Chinese: {0}, {1} … stand for what differs, in
 * the order of the English text. What is missing here is found by test/studio/messages.
 */
import type { Messages } from "./messages.ts";

export const messagesZh: Messages = {
  // The page itself.
  "No network is open.": "还没有打开网络。",
  "Nothing has been derived yet.": "还没有推导过任何内容。",
  "Nothing was derived yet.": "还没有推导过任何内容。",
  "No exercises have been drawn yet.": "还没有出题。",
  "The network file is too long for the page.": "网络文件太长，页面无法打开。",
  "This is not a batch size.": "这不是小批量大小。",
  "This is not a number to compute with.": "这个数无法用于计算。",
  "The network file names {0}, which the page has not got.":
    "网络文件引用了 {0}，而页面没有这个文件。",
  "This network is too large for a drawing with all its numbers.":
    "这个网络太大，无法画出带全部数值的图。",
  "A value holds no names.": "值中不能有名称。",
  "This name needs a value.": "这个名称需要一个值。",
  "The page opens networks up to a size: this one has too many {0}.":
    "页面只能打开一定大小以内的网络：这个网络的以下数目太大：{0}。",
  "The page opens networks up to a size: this file holds too many numbers.":
    "页面只能打开一定大小以内的网络：这个文件中的数太多。",
  "There is no file to look into.": "没有可以查看的文件。",
  "The model names {0}, which the page has not got.": "模型引用了 {0}，而页面没有这个文件。",
  "A network file cannot say the values of {0} of the layer {1}.":
    "网络文件无法写出 {1} 层的 {0} 的值。",
  "Drop the network file and {0} on the page together.": "请把网络文件与 {0} 一起拖到页面上。",
  "Drop {0} and {1} on the page together.": "请把 {0} 与 {1} 一起拖到页面上。",
  "Use the command line for it: chainrule train FILE.": "请改用命令行：chainrule train FILE。",
  "Use the command line for it: chainrule import FILE --out net.yaml.":
    "请改用命令行：chainrule import FILE --out net.yaml。",
  "Use the command line for it: chainrule explain FILE.": "请改用命令行：chainrule explain FILE。",
  "Save the network with the command line: a checkpoint holds all values.":
    "请用命令行保存网络：检查点包含所有值。",
  "Take the gradients as CSV instead.": "请改为导出梯度的 CSV。",
  "This network takes too long for the page.": "这个网络让页面计算太久。",
  "The engine of this page could not be loaded.": "无法加载页面的计算引擎。",
  "Load the page again.": "请重新加载页面。",
  "at most {0}": "至多 {0}",
  "at most {0} characters": "至多 {0} 个字符",
  "at most {0} parameters": "至多 {0} 个参数",
  "at most 6 layers of 6 units": "至多 6 层，每层 6 个单元",
  "a finite number": "有限的数",
  "a whole number from 1": "从 1 起的整数",
  "the table, dropped on the page together with the network file": "与网络文件一起拖到页面上的表格",
  "all files of the model, dropped on the page together": "一起拖到页面上的模型的全部文件",
  "a number, or lists of numbers such as [[1, 2], [3, 4]]":
    "一个数，或数的列表，例如 [[1, 2], [3, 4]]",
  "numbers, lists of them, and what is computed from them": "数、数的列表，以及由它们算出的结果",
  // Explanations and formulas.
  "The {0} form is for dense layers, one after another.": "{0} 形式只适用于依次相接的全连接层。",
  "linear layers, each with at most one activation behind it, on rows of numbers":
    "作用于成行数值的线性层，每层之后至多一个激活函数",
  "other layers, or other ways between them": "其他层，或其他连接方式",
  'Use form: "scalar" (on the command line --form scalar).':
    '请用 form: "scalar"（命令行上为 --form scalar）。',
  "A sequential update is derived number by number.": "依次更新只能逐个数推导。",
  "A sequential update is shown for narrow layers only.": "依次更新只对较窄的层展示。",
  'Use update: "simultaneous".': '请用 update: "simultaneous"。',
  "A parameter is asked for by its name.": "请按名称指定参数。",
  '"{0}" stands for {1} numbers here.': "“{0}”在这里代表 {1} 个数。",
  'There is no parameter "{0}".': "没有参数“{0}”。",
  "There is no such {0}.": "没有这样的选项：{0}。",
  "Choose one of: {0}": "请选择其一：{0}",
  "one of {0}": "以下之一：{0}",
  "There is nothing here to derive by.": "这里没有可以求导的变量。",
  "A batch's gradient is explained by the shares of its examples; a penalty has none.":
    "批次的梯度由各样本的贡献来解释，而惩罚项没有这样的贡献。",
  "A function is explained at a point.": "函数须在某一点处解释。",
  "A function that is explained gives a tensor.": "要解释的函数须给出张量。",
  "What is explained is the gradient of one number.": "解释的对象是一个数的梯度。",
  "a loss, or a function, with one value": "只有一个值的损失或函数",
  "Add .sum() or .mean().": "请加上 .sum() 或 .mean()。",
  "There are too many parameters to explain one after another.": "参数太多，无法逐个解释。",
  "Choose one with parameter.": "请用 parameter 选择一个。",
  "{0} does not stand in the expression {1}.": "算式 {1} 中没有 {0}。",
  "The expression {0} needs a value for {1}.": "算式 {0} 需要 {1} 的值。",
  "The value of {0} is no tensor.": "{0} 的值不是张量。",
  "The expression cannot be read.": "无法读懂这个算式。",
  "An expression is a text.": "算式是一段文字。",
  "The expression is too long to be explained.": "算式太长，无法解释。",
  "Explain a part of it, or write it as a function of tensors.":
    "请只解释其中一部分，或写成张量的函数。",
  "This number is too large.": "这个数太大。",
  "This sign has no meaning in an expression.": "这个符号在算式中没有意义。",
  "Correct what stands above the mark.": "请改正标记上方的内容。",
  "Write abs(x) for |x|.": "|x| 请写成 abs(x)。",
  "Write what it is of in brackets: {0}(x).": "请把自变量写在括号里：{0}(x)。",
  "Write {0} * (…) for a product.": "乘积请写成 {0} * (…)。",
  "Write the product with a sign: {0} * {1}.": "请写出乘号：{0} * {1}。",
  "Pass a tensor for {0}; on the command line, --let {0}=….": "请给出 {0} 的张量。",
  // Diagnosis and exercises.
  "A diagnosis needs a network and the number that was got.": "诊断需要一个网络和所得到的数。",
  "A unit's output or δ is diagnosed in a chain of layers, for one example.":
    "单元的输出或 δ 只能在依次相接的层中、对一个样本诊断。",
  "Ask for the gradient of a weight or bias of that unit.": "请改为诊断该单元的权重或偏置的梯度。",
  "A row of a sheet is a name and a number.": "表中每行是一个名称和一个数。",
  "A sheet holds the numbers that somebody got.": "表中应有所得到的数。",
  "A sheet is about the numbers of a network.": "表是关于网络中的数的。",
  "The network's own number is not finite, so there is nothing to compare with.":
    "网络自身的数不是有限的，无从比较。",
  "A row of the sheet cannot be read.": "无法读取表中的一行。",
  "Write for example {0}: {1}.": "例如写成 {0}: {1}。",
  "Write for example w1,0.000438568.": "例如写成 w1,0.000438568。",
  // Network files.
  "How many numbers go into the network is not known.": "不知道网络有多少个输入。",
  "Add for example “inputs: 2”.": "例如加上“inputs: 2”。",
  "The network has too many parameters.": "网络的参数太多。",
  "A class is listed twice.": "有一个类别列出了两次。",
  "An example has another kind of target than the first.":
    "有一个样本的目标与第一个样本的种类不同。",
  "An example has another number of inputs.": "有一个样本的输入个数不同。",
  "The best checkpoint is decided by data held out, and there are none.":
    "最佳检查点由留出数据决定，而这里没有留出数据。",
  "The data bring their classes with them.": "数据本身带有类别。",
  "The examples have another number of targets than the network has outputs.":
    "样本的目标个数与网络的输出个数不同。",
  "The target is none of the classes.": "目标不在所列类别之中。",
  "The validation data are of another kind than the training data.":
    "验证数据与训练数据的种类不同。",
  "The network file names no data.": "网络文件没有指定数据。",
  "The text is not UTF-8.": "文本不是 UTF-8。",
  "A file of {0} has no {1}.": "{0} 文件没有 {1}。",
  "The table {0} has no column {1}.": "表格 {0} 没有列 {1}。",
  "A network file cannot name {0} here.": "网络文件此处不能使用 {0}。",
  "A join has at least two nodes to join.": "合并至少需要两个节点。",
  "A layer takes one node, or several by the names of its inputs.":
    "一层接受一个节点，或按输入名称接受多个节点。",
  "A part of a graph cannot be named so.": "图的部分不能这样命名。",
  "The inputs of this graph are not as many numbers as come in.":
    "这个图的输入个数与传入的数不符。",
  "The nodes of this graph go round in a circle.": "这个图的节点形成了环。",
  "{0} of this graph is not used.": "这个图的 {0} 没有用到。",
  "The node {0} is called as an input of the graph is.": "节点 {0} 与图的一个输入同名。",
  "There is no {0} {1} in this graph.": "这个图中没有 {0} {1}。",
  "The biases do not fit the layer.": "偏置与该层不符。",
  "The rows of weights do not fit what comes into the layer.": "权重的行与传入该层的数不符。",
  "The weights have another number of rows than the layer has outputs.":
    "权重的行数与该层的输出个数不同。",
  "The file is nested too deeply.": "文件嵌套太深。",
  "The network file is empty.": "网络文件是空的。",
  "The network file is longer than the limit.": "网络文件超过长度上限。",
  "This is no network file: it has no names.": "这不是网络文件：其中没有名称。",
  "This is not a network file: it has NUL characters.": "这不是网络文件：其中有 NUL 字符。",
  "The data have another number of inputs than the network file says.":
    "数据的输入个数与网络文件所说的不同。",
  "The table's inputs come in parts, and the first layer does not take these.":
    "表格的输入分为几部分，而第一层不接受这样的输入。",
  "The data have a single class, so there is nothing to tell apart.":
    "数据只有一个类别，无从区分。",
  "The network has another number of outputs than the data have classes.":
    "网络的输出个数与数据的类别数不同。",
  "The network has another number of outputs than the examples have targets.":
    "网络的输出个数与样本的目标个数不同。",
  "The network has too few outputs for the classes of the data.":
    "网络的输出个数少于数据的类别数。",
  "{0} needs class labels, and the targets of these data are numbers.":
    "{0} 需要类别标签，而这些数据的目标是数。",
  "The aliases of this file stand for too many values.": "这个文件的别名代表了太多的值。",
  "The file is nested too deeply, or an alias contains itself.": "文件嵌套太深，或有别名包含自身。",
  "{0} needs {1}.": "{0} 需要 {1}。",
  "{0} is missing here.": "此处缺少 {0}。",
  "{0} stands here for the second time.": "{0} 在此处重复出现。",
  "{0} is none of the words that may stand here.": "{0} 不是此处允许的词。",
  "A {0} is one name with its options, but here are {1} names.":
    "{0} 应为一个名称及其选项，而此处有 {1} 个名称。",
  "Behind “{0}:” nothing follows.": "“{0}:”之后没有内容。",
  "Nothing is marked with &{0}.": "没有以 &{0} 标记的内容。",
  "There is no {0} {1}.": "没有这样的 {0}：{1}。",
  "There is no option {0} here.": "此处没有选项 {0}。",
  "Correct the line.": "请改正这一行。",
  "Correct these lines.": "请改正这些行。",
  "Remove this line.": "请删除这一行。",
  "Remove one of the two.": "请删除其中之一。",
  "Correct the number, or remove the line.": "请改正该数，或删除这一行。",
  "Check the numbers of outputs.": "请检查各层的输出个数。",
  "Give each input exactly one target.": "请给每个输入恰好一个目标。",
  "Write the values out, or put them into a CSV file.": "请写出这些值，或放入 CSV 文件。",
  "Mark what the alias stands for, further up, with & and this name.":
    "请在前面用 & 和这个名称标记别名所代表的内容。",
  "Give a network file; if it is one, save it as UTF-8.":
    "请给出网络文件；如果它就是，请存为 UTF-8。",
  "Put the examples into a CSV file, and values of weights into a checkpoint.":
    "请把样本放入 CSV 文件，把权重的值放入检查点。",
  "There is nothing to train: the model has no parameter that is not frozen.":
    "没有可训练的内容：模型的参数都被冻结，或根本没有参数。",
  "{0} has {1} problems.": "{0}有 {1} 处问题。",
  "network file": "网络文件",
  "the network file": "网络文件",
  "Something else belongs here: {0}.": "此处应为：{0}。",
  "A value is missing here: {0}.": "此处缺少一个值：{0}。",
  "a whole number": "整数",
  "a whole number {0}": "整数，{0}",
  "a number": "数",
  "a number {0}": "数，{0}",
  "a list of numbers": "数的列表",
  "a list of rows of numbers": "由数组成的行的列表",
  "true or false": "true 或 false",
  "a list, each entry {0}": "列表，每项为{0}",
  "the name of a {0}": "一个名称，属于 {0}",
  "the name of an {0}": "一个名称，属于 {0}",
  "a mapping with {0}": "含有 {0} 的映射",
  "no options": "没有选项",
  nothing: "没有内容",
  "an empty list": "空列表",
  "a list": "列表",
  "an empty mapping": "空映射",
  "a mapping (name: value)": "映射（名称: 值）",
  "Did you mean {0}?": "是否想写 {0}？",
  "Write {0}.": "请写 {0}。",
  "Write {0}, without quotation marks.": "请写 {0}，不加引号。",
  "Write true.": "请写 true。",
  "Write false.": "请写 false。",
  "Begin each entry with “- ”, or put the entries into [ ].":
    "每项请以“- ”开头，或把各项放入 [ ] 中。",
  "an empty file": "空文件",
  "a file that begins with {0}": "以 {0} 开头的文件",
  "no table": "没有表格",
  "a number, a name or a bracket": "数、名称或括号",
  // Data and tables.
  "The dataset has no examples, or its examples no features.": "数据集没有样本，或样本没有特征。",
  "The targets have no values.": "目标没有值。",
  "Inputs and targets differ in their number of examples.": "输入与目标的样本数不同。",
  "A value among the {0}s is not finite.": "{0} 中有一个值不是有限的。",
  "These targets are neither numbers nor class labels.": "这些目标既不是数，也不是类别标签。",
  "A label has no class.": "有一个标签没有对应的类别。",
  "The option {0} of this dataset is out of range.": "这个数据集的选项 {0} 超出范围。",
  "There is no such kind of regression dataset.": "没有这种回归数据集。",
  "The fraction for validation must lie between 0 and 1.": "验证所占比例必须在 0 与 1 之间。",
  "There are too few examples to set some aside for validation.":
    "样本太少，无法留出一部分用于验证。",
  "A delimiter is a single character.": "分隔符是单个字符。",
  "The table has no rows.": "表格没有数据行。",
  "The table is longer than the limit.": "表格超过长度上限。",
  "This is not the text of a table: it has NUL characters.": "这不是表格文本：其中有 NUL 字符。",
  "This is no decimal sign.": "这不是小数点符号。",
  "The first line should hold the names of the columns, but it holds numbers.":
    "第一行应为列名，却是数。",
  "A row has more or fewer cells than the table has columns.": "有一行的单元格数与表格的列数不同。",
  "Two columns have the same name.": "有两列同名。",
  "Column {0} is declared with an unknown type.": "列 {0} 声明了未知的类型。",
  "The table has no column {0}.": "表格没有列 {0}。",
  "A table is parsed from text.": "表格须由文本解析。",
  "The table is not UTF-8 text.": "表格不是 UTF-8 文本。",
  "These columns cannot be the targets.": "这些列不能作为目标。",
  "These columns cannot be the inputs.": "这些列不能作为输入。",
  "These cannot be the classes of the target.": "这些不能作为目标的类别。",
  "Column {0} has no value in the training part, so it has no mean.":
    "列 {0} 在训练部分没有值，因此没有均值。",
  "The numbers in column {0} are too large to be averaged.": "列 {0} 中的数太大，无法求平均。",
  "The target {0} has a single class, so there is nothing to tell apart.":
    "目标 {0} 只有一个类别，无从区分。",
  "A cell of the target {0} is none of the classes.": "目标 {0} 有一个单元格不在所列类别之中。",
  "Column {0} has too many categories: each would become an input.":
    "列 {0} 的类别太多：每个类别都会成为一个输入。",
  "A cell of column {0} says no time.": "列 {0} 有一个单元格不是时间。",
  "This is no way to treat missing values.": "这不是处理缺失值的方法。",
  "Column {0} has no values at all.": "列 {0} 完全没有值。",
  "Some values are missing.": "有些值缺失。",
  "Every row has a missing value, so that none is left.": "每一行都有缺失值，因此一行也不剩。",
  "These rows cannot be the validation part.": "这些行不能作为验证部分。",
  'Close the quotation mark, or write "" for one inside a quoted cell.':
    '请补上引号；引号内的引号请写成 ""。',
  "Take fewer rows, or raise the option `limit`.": "请减少行数，或提高选项 `limit`。",
  "Save the table as CSV in UTF-8.": "请把表格存为 UTF-8 的 CSV。",
  "Rename one of them in the header line.": "请在表头行中给其中一列改名。",
  'Say missing: "drop" to leave out such rows, or missing: "mean" to fill them in.':
    '用 missing: "drop" 略去这样的行，或用 missing: "mean" 填补。',
  'Leave out the columns that lack most, or say missing: "mean".':
    '请去掉缺失最多的列，或用 missing: "mean"。',
  "Say validation: 0.2, or another fraction.": "请写 validation: 0.2 或其他比例。",
  "Save it again as text in UTF-8.": "请重新存为 UTF-8 文本。",
  "windows cannot use this {0}.": "windows 不能使用这个 {0}。",
  "There are too few rows for a window.": "行数太少，不足一个窗口。",
  "Give more rows, or take a smaller `length` or `horizon`.":
    "请给出更多行，或减小 `length` 或 `horizon`。",
  "These windows would not fit into memory: most rows stand in many of them.":
    "这些窗口内存容纳不下：多数行出现在许多窗口中。",
  "Take a larger `step`, or a smaller `length`.": "请增大 `step`，或减小 `length`。",
  "Windows are laid over one series of rows in order of time.": "窗口须取自按时间排列的一个序列。",
  "Leave out {0}, or windows.": "请去掉 {0} 或 windows。",
  "Two rows have the same time, and windows are laid over one series.":
    "有两行时间相同，而窗口须取自一个序列。",
  "Take the rows of one series, such as one place, at a time.":
    "请每次只取一个序列的行，例如同一地点。",
  "A row in between cannot be used, and the rows of a window follow each other.":
    "中间有一行不能使用，而窗口中的行须前后相接。",
  "Fill it in, or begin behind it.": "请填补它，或从它之后开始。",
  // Models of other libraries.
  "This is no file that can be read here.": "这里无法读取这种文件。",
  "Save the values as safetensors where that file was made, and open that.":
    "请在生成该文件的环境中把值存为 safetensors，再打开它。",
  "The model has parameters for which the file holds no values.": "文件中缺少模型某些参数的值。",
  "This {0} file holds values alone, and does not say what computes with them.":
    "这个 {0} 文件只有数值，没有说明如何用它们计算。",
  "a file with a model in it": "含有模型的文件",
  "Write the network file, build its trainer, and give the values to trainer.setParameters.":
    "请编写网络文件并建立训练器，再把这些值交给 trainer.setParameters。",
  "A model calls its layers too often.": "模型调用各层的次数太多。",
  "A model lies in too many others.": "模型嵌套的层数太多。",
  "The size of this model's input is not known: it was never built.":
    "不知道这个模型的输入大小：它从未被构建。",
  "{0} lists no layers.": "{0} 没有列出任何层。",
  "{0} of a model are not described.": "模型的 {0} 没有说明。",
  "Layer {0} of {1} is not described.": "{1} 的第 {0} 层没有说明。",
  "This ZIP archive is no Keras model.": "这个 ZIP 文件不是 Keras 模型。",
  "An array of a .npz file unpacks to much more than the file.":
    ".npz 文件中有一个数组解压后比文件大得多。",
  "An entry of a .npz file is no array.": ".npz 文件中有一项不是数组。",
  "this ONNX file": "这个 ONNX 文件",
  "this graph model": "这个图模型",
  "A network has one input; {0} has another number of them.": "网络有一个输入；{0}的输入个数不同。",
  "No output of {0} follows from its input by layers.": "{0}没有由输入经各层得到的输出。",
  "Nodes of {0} are no layers that are known here.": "{0}中有些节点不是这里已知的层。",
  "Two tensors of an ONNX file have the same name.": "ONNX 文件中有两个张量同名。",
  "The input {0} of {1} has no axes that are known.": "{1}的输入 {0} 的轴未知。",
  "The input {0} of {1} has no such size.": "{1}的输入 {0} 没有这样的大小。",
  "{0} of this graph model cannot be.": "这个图模型中的以下内容不可能成立：{0}。",
  "The description of a network has {0} that cannot be.": "网络的描述中有不可能成立的内容：{0}。",
  "This network of {0} has an activation that is not known.": "这个 {0} 网络有未知的激活函数。",
  "The operators of this ONNX file are of a version that is not read here.":
    "这个 ONNX 文件的算子版本在这里无法读取。",
  "The description of what was saved is too long.": "所存内容的描述太长。",
  "This ZIP archive is no file of torch.save.": "这个 ZIP 文件不是由 torch.save 写出的。",
  "This file of torch.save is of an old format.": "这个 torch.save 文件是旧格式。",
  "What was saved holds too much, or itself.": "所存内容太多，或包含自身。",
  "The tensor {0} repeats its elements too often.": "张量 {0} 重复其元素的次数太多。",
  "The index of a safetensors file is too long.": "safetensors 的索引文件太长。",
  "The index of safetensors files is not JSON.": "safetensors 的索引文件不是 JSON。",
  "A graph model of TensorFlow.js holds operators, not layers, and cannot be imported.":
    "TensorFlow.js 的图模型由算子而不是层组成，无法导入。",
  "The files of weights have another size than the manifest says.":
    "权重文件的大小与清单所说的不同。",
  "The weights {0} are of a type that is not read.": "权重 {0} 的类型无法读取。",
  "A file names another one that is not in its folder.": "文件引用了另一个不在同一文件夹中的文件。",
  "A file names another one, which cannot be found from its bytes alone.":
    "文件引用了另一个文件，仅凭其字节无法找到。",
  "A file says that bytes stand where it has none.": "文件声称某处有字节，实际没有。",
  "The tensors of this file take more memory than the limit.": "这个文件的张量超过内存上限。",
  "The tensor {0} does not have the elements that it should have.": "张量 {0} 的元素与应有的不符。",
  "The header of a safetensors file is not UTF-8.": "safetensors 文件头不是 UTF-8。",
  "This is no safetensors file.": "这不是 safetensors 文件。",
  "The elements of the tensor {0} cannot be read: {1}.": "无法读取张量 {0} 的元素：{1}。",
  "The tensor {0} has an integer that f64 has no place for.": "张量 {0} 有一个 f64 容不下的整数。",
  "The header of a safetensors file is not JSON.": "safetensors 文件头不是 JSON。",
  "The checkpoint does not fit this model at {0}.": "检查点与此模型在 {0} 处不符。",
  "The checkpoint was made with other settings.": "检查点是用其他设置生成的。",
  // Tensors, training.
  "{0} cannot combine shapes {1} and {2}.": "{0} 不能组合形状 {1} 与 {2}。",
  "{0} names an axis that the tensor does not have.": "{0} 指定了张量没有的轴。",
  "No tensor holds so many elements.": "没有张量能容纳这么多元素。",
  "The runtime cannot allocate an array of this size.": "运行环境无法分配这么大的数组。",
  "{0} takes {1}.": "{0} 需要 {1}。",
  "{0} has no option {1}.": "{0} 没有选项 {1}。",
  "This trainer cannot {0} while training is under way.": "训练进行中时训练器无法执行：{0}。",
  // What is rarer.
  "Wrap numbers and arrays: tensor(0.5), tensor([1, 2]).":
    "请包装数与数组：tensor(0.5)、tensor([1, 2])。",
  "The rows have different lengths.": "各行长度不同。",
  "Let one of them read something else; a loop over steps is a recurrence.":
    "请让其中一个改为读取别的内容；逐步的循环应写成循环层。",
  "The inputs of a dataset are one row of numbers for each example.":
    "数据集的输入是每个样本一行数。",
  "No examples were chosen.": "没有选取任何样本。",
  "These targets cannot be turned into numbers.": "这些目标无法转换为数。",
  "Save the tensors as safetensors where that file was made, and load that.":
    "请在生成该文件的环境中把张量存为 safetensors，再加载它。",
  "Convert it before saving, for example to F32, or leave this tensor out.":
    "请在保存前转换，例如转为 F32，或略去这个张量。",
  'Read it without integers: "f64", as BigInts.': '请不要用 integers: "f64" 读取，而读作 BigInt。',
  "Name it: encodeSafetensors({ weight: t }).": "请命名：encodeSafetensors({ weight: t })。",
  "The names and metadata are too long for a safetensors file.":
    "名称与元数据太长，safetensors 文件容纳不下。",
  "Store less metadata.": "请减少元数据。",
  "The boolean tensor {0} has other elements than 0 and 1.": "布尔张量 {0} 有 0 和 1 以外的元素。",
  "A safetensors file cannot hold this entry.": "safetensors 文件无法容纳这一项。",
  "64-bit integers cannot become this.": "64 位整数不能转换成这种类型。",
  "This runtime has no files.": "这个运行环境没有文件。",
  "A row must be an object with the names of the columns as keys.": "每一行须是以列名为键的对象。",
  "A cell of column {0} is neither text nor a number.": "列 {0} 有一个单元格既不是文本也不是数。",
  "The numbers of column {0} have different units.": "列 {0} 中的数单位不同。",
  "Convert them to one unit.": "请换算成同一单位。",
  "tableDataset predicts a column, given by its name, or several.":
    "tableDataset 按列名预测一列或多列。",
  "tableDataset cannot set this aside for validation.": "tableDataset 不能这样留出验证部分。",
  "Classes are those of one target, and here the targets are a list.":
    "类别属于单个目标，而这里的目标是一个列表。",
  "Leave `classes` out: in a list each target is a number, or one of two values.":
    "请去掉 `classes`：列表中的每个目标是一个数，或两个值之一。",
  "The part {0} of the inputs has no columns.": "输入的部分 {0} 没有列。",
  "Write dates as 2024-12-31, or say ordered: true where the rows stand in order.":
    "请把日期写成 2024-12-31；若各行已按顺序排列，请写 ordered: true。",
  "Leave it out of `inputs`, or check the delimiter and the list of missing values.":
    "请从 `inputs` 中去掉它，或检查分隔符与缺失值列表。",
  "Leave out standardizeTarget, which makes the targets other numbers.":
    "请去掉 standardizeTarget，它会把目标变成别的数。",
  "Begin with a graph that has inputs: {0}, or name the columns in one list.":
    "请以带 inputs: {0} 的图开始，或把各列写在一个列表中。",
  "Pass { data } with one example.": "请给出只含一个样本的 { data }。",
  "Pass { inputs: { w: tensor([…]) } }.": "请给出 { inputs: { w: tensor([…]) } }。",
  "Compute it from the arguments with operators of tensors, and return it.":
    "请用张量的算子由自变量算出并返回它。",
  "Pass { data }, the batch whose gradient is to be explained, or train the model first.":
    "请给出要解释其梯度的批次 { data }，或先训练模型。",
  "A number without a name is called by it: a fault of chainrule itself.":
    "引用了没有名称的数：这是 chainrule 自身的故障。",
  "Name one number, for example {0}.": "请指定一个数，例如 {0}。",
  "Name one of them, for example {0}.": "请指定其中之一，例如 {0}。",
  "This wrong procedure has no meaning here.": "这种错误做法在此没有意义。",
  "Ask gradientReport, or chainrule report, which operator made it.":
    "请用 gradientReport 或 chainrule report 查看它由哪个算子产生。",
  "An option would not be read.": "有一个选项不会被用到。",
  "decimals says how many digits stand after the point.": "decimals 说明小数点后有几位。",
  "This is not a derivation.": "这不是推导。",
  "Pass what JSON.stringify(derivation) or chainrule explain --json has written.":
    "请给出 JSON.stringify(derivation) 或 chainrule explain --json 写出的内容。",
  "Either one parameter is explained or all are.": "要么解释一个参数，要么解释全部。",
  "The PyTorch script cannot say {0}.": "PyTorch 脚本无法表达 {0}。",
  "Leave it out of the network file, and add it to the script by hand.":
    "请从网络文件中去掉它，再手工加入脚本。",
  "Put both files into one folder, and name the other without its folder.":
    "请把两个文件放在同一文件夹中，引用时不写文件夹。",
  "Give the path of the file, or the option beside, which finds the others by name.":
    "请给出文件的路径，或给出按名称查找其他文件的选项 beside。",
  "A description of a model is larger than any that could be meant.":
    "模型的描述大得不可能是真的。",
  "This is no JSON.": "这不是 JSON。",
  "{0} has an option {1} that cannot be.": "{0} 的选项 {1} 不可能成立。",
  "An HDF5 file is damaged: {0}.": "HDF5 文件已损坏：{0}。",
  "This HDF5 file has {0}, which is not read.": "这个 HDF5 文件含有 {0}，无法读取。",
  "Save the weights again with model.save_weights, without compression.":
    "请用 model.save_weights 重新保存权重，不要压缩。",
  "A model has more layers than any that could be meant.": "模型的层数多得不可能是真的。",
  "This {0} model has parts that have no equal here.": "这个 {0} 模型有些部分在这里没有对应。",
  "Replace them in the model and save it again, or read its values alone.":
    "请在模型中替换它们并重新保存，或只读取数值。",
  "The values of {0} are no numbers that can be trained.": "{0} 的值不是可以训练的数。",
  "The values of {0} are missing.": "缺少 {0} 的值。",
  "The values of {0} have another shape than their layer says.": "{0} 的值的形状与其层所说的不同。",
  "What the layer {0} is called with is not described.": "层 {0} 的调用方式没有说明。",
  "The layer {0} reads what no layer makes.": "层 {0} 读取的内容没有任何层产生。",
  "The output {0} of a model is made by no layer.": "模型的输出 {0} 没有任何层产生。",
  "Give the first layer an input shape (keras.Input), and save the model again.":
    "请给第一层指定输入形状（keras.Input），再重新保存模型。",
  'Save the model with model.save("model.keras"), and give that file.':
    '请用 model.save("model.keras") 保存模型，再给出该文件。',
  'In Python, save what the module holds: torch.save(model.state_dict(), "weights.pt").':
    '请在 Python 中保存模块的内容：torch.save(model.state_dict(), "weights.pt")。',
  'Save values with torch.save(model.state_dict(), "weights.pt"), and give that file.':
    '请用 torch.save(model.state_dict(), "weights.pt") 保存数值，再给出该文件。',
  'Save it again in Python: torch.save(torch.load("old.pt", weights_only=True), "new.pt").':
    '请在 Python 中重新保存：torch.save(torch.load("old.pt", weights_only=True), "new.pt")。',
  "If the file can be trusted, save it in Python without packing: numpy.savez.":
    "若文件可信，请在 Python 中不压缩地保存：numpy.savez。",
  "The tensor {0} of an ONNX file {1}.": "ONNX 文件的张量 {0} 有误：{1}。",
  "The tensor {0} has elements of type {1}, which is none of ours.":
    "张量 {0} 的元素类型 {1} 在这里没有对应。",
  "Convert it to FLOAT where the file was made.": "请在生成该文件的环境中转换为 FLOAT。",
  "This is no ONNX file, or it is damaged.": "这不是 ONNX 文件，或已损坏。",
  "Export the part of the model before these nodes, or write it with other layers.":
    "请只导出这些节点之前的部分，或改用其他层。",
  "Join them on their last axis where the model is exported.":
    "请在导出模型处沿最后一个轴合并它们。",
  "An ONNX file is less than 2 GiB large; larger tensors stand in files beside it.":
    "ONNX 文件小于 2 GiB；更大的张量放在旁边的文件中。",
  "Convert it where it was made: onnx.version_converter.convert_version(model, 20).":
    "请在生成处转换：onnx.version_converter.convert_version(model, 20)。",
  "Save the Keras model itself as .keras, or convert it as a layers model; its values can be read.":
    "请把 Keras 模型本身存为 .keras，或转换为层模型；其数值可以读取。",
  "The weights manifest describes {0} by {1} that cannot be.": "权重清单用不可能的 {1} 描述 {0}。",
  "openForeign cannot use these options.": "openForeign 不能使用这些选项。",
  "importNetwork cannot use this name.": "importNetwork 不能使用这个名称。",
  "A function has no units and is not trained.": "函数没有单元，也不被训练。",
  "A function is not trained.": "函数不被训练。",
  "A trainer is a network.": "训练器是一个网络。",
  "{0} must be one array of numbers.": "{0} 须是一个数的数组。",
  "This is not a shape.": "这不是形状。",
  "{0} works along one axis, given by its number.": "{0} 沿一个轴进行，轴以其编号给出。",
  "{0} names an axis twice.": "{0} 把同一个轴指定了两次。",
  "Pass one array of numbers: {0}.": "请给出一个数的数组：{0}。",
  "Take fewer numbers at once.": "请一次取较少的数。",
  "{0} takes its parts by name.": "{0} 的各部分须按名称给出。",
  "{0} takes its options by name.": "{0} 的选项须按名称给出。",
  "{0} cannot use this {1}.": "{0} 不能使用这个 {1}。",
  "{0} takes tensors.": "{0} 需要张量。",
  "{0} of no elements has no value.": "没有元素时 {0} 没有值。",
  "{0} is given its axes twice.": "{0} 的轴给出了两次。",
  "Leave axes out.": "请去掉轴。",
  "broadcastTo repeats axes of size 1 and adds axes in front.":
    "broadcastTo 重复大小为 1 的轴，并在前面添加轴。",
  "{0} works element by element.": "{0} 逐元素进行。",
  "An operand is a tensor or a number.": "运算数须是张量或数。",
  "clamp takes numbers as bounds.": "clamp 的界须是数。",
  "matmul multiplies matrices and vectors.": "matmul 用于矩阵与向量相乘。",
  "matmul cannot multiply {0} by {1}.": "matmul 不能把 {0} 与 {1} 相乘。",
  "{0}: {1} is not finite.": "{0}：{1} 不是有限的。",
  // Several losses, penalties and averages in a network file.
  "There are no such columns of the {0}.": "以下部分没有这样的列：{0}。",
  outputs: "输出",
  targets: "目标",
  "These losses take different targets.": "这些损失所取的目标种类不同。",
  "A part of a loss weighs classes by their numbers.": "损失的一部分须按编号给类别加权。",
  "A penalty is on parameters, or on what layers give.": "惩罚项针对参数，或针对各层的输出。",
  "Make two penalties of it.": "请写成两个惩罚项。",
  "The averages of the parameters are to be validated, and the optimizer keeps none.":
    "要用参数的滑动平均来验证，而优化器没有保留平均值。",
  "The averages are to be validated, and there are no data to do it with.":
    "要用滑动平均来验证，而没有验证数据。",
  "The list {0} has another length than it should.": "列表 {0} 的长度不对。",
  "The files in a folder cannot be listed here.": "这里无法列出文件夹中的文件。",
  "Pass Object.assign(read, { list }), or read the images with imageFolder.":
    "请传入 Object.assign(read, { list })，或用 imageFolder 读取图像。",
  "Say where the examples are, such as data: { csv: { file: train.csv, target: price } }.":
    "请写明样本在哪里，例如 data: { csv: { file: train.csv, target: price } }。",
  "Wrap arrays: tensor([1, 2]).": "请把数组写成张量：tensor([1, 2])。",
  "Use mul for a scalar.": "与标量相乘请用 mul。",
  // Remarks.
  "{0} of a single output is always {1}: nothing can be learned.":
    "单个输出的 {0} 恒为 {1}：什么也学不到。",
  "{0} of a single output is always 0: nothing can be learned.":
    "单个输出的 {0} 恒为 0：什么也学不到。",
  "The file names no loss: meanSquaredError stands for it in the network file.":
    "文件没有指定损失：网络文件中以 meanSquaredError 代替。",
  "The file names no optimizer: adam stands for it in the network file.":
    "文件没有指定优化器：网络文件中以 adam 代替。",
};
