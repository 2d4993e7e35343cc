/** Every sentence of a derivation, in each language; {slots} are filled with text or formulas. */
import { mistakeMessages } from "./mistake-messages.ts";
import { resultMessages } from "./result-messages.ts";

export const languages = ["en", "zh"] as const;
/** A language of derivations: English or Chinese. */
export type Language = (typeof languages)[number];

const derivationMessages = {
  // Headings.
  title: ["How the gradient of {parameter} comes about", "{parameter} 的梯度是如何得到的"],
  titleAll: ["How the gradients come about", "各梯度是如何得到的"],
  setup: ["Set-up", "设定"],
  forward: ["Forward pass", "前向传播"],
  error: ["Error", "误差"],
  question: ["The question", "问题"],
  chain: ["The chain rule", "链式法则"],
  factors: ["Each factor derived", "逐一推导各因子"],
  substitution: ["Backward pass", "反向传播"],
  paths: ["The paths", "各条路径"],
  batch: ["The examples of the batch", "小批量中的各样本"],
  result: ["Result", "结果"],
  update: ["Update", "更新"],
  all: ["All parameters", "全部参数"],
  again: ["Forward again", "再次前向传播"],
  ledger: ["Gain ledger", "逐层增益"],
  check: ["Check", "检验"],
  mistakes: ["Common mistakes", "常见错误"],
  // The same of a function, whose value is no loss and whose arguments are no parameters.
  functionForward: ["Step by step", "逐步计算"],
  functionValue: ["The value", "函数值"],
  functionBack: ["Backwards, step by step", "反向逐步求导"],
  functionAll: ["All arguments", "全部自变量"],
  // Set-up.
  quantity: ["quantity", "量"],
  value: ["value", "值"],
  network: ["Network", "网络"],
  shapes: ["Parameters", "参数"],
  parameter: ["Parameter asked for", "所求参数"],
  argumentShapes: ["Arguments", "自变量"],
  argument: ["Argument asked for", "所求自变量"],
  lossFunction: ["Loss", "损失"],
  reduction: ["{name}: the sum of {n} terms, times {factor}", "{name}：{n} 项之和，乘以 {factor}"],
  reductionNone: [
    "{name}: its formula as it stands, without a further sum or mean",
    "{name}：按公式计算，不再求和或取平均",
  ],
  reductionSum: ["{name}: the sum of {n} terms", "{name}：{n} 项之和"],
  equals: ["{x} = {y}", "{x} = {y}"],
  lossFormula: ["Its formula", "其公式"],
  termFormula: ["{term} = {formula}; the other terms likewise", "{term} = {formula}；其余各项同理"],
  likelihoodFormula: ["{formula}, with {p} = {softmax}", "{formula}，其中 {p} = {softmax}"],
  functionFormula: ["Function", "函数"],
  functionSteps: [
    "{loss} is computed in the steps of the forward pass",
    "{loss} 按前向传播中的各步计算",
  ],
  optimizer: ["Optimizer", "优化器"],
  rate: ["{name}, learning rate {eta} = {value}", "{name}，学习率 {eta} = {value}"],
  rateScheduled: [
    "{name}, learning rate {eta} = {value} at this step, by a schedule that begins with {initial}",
    "{name}，按学习率计划，这一步的学习率 {eta} = {value}，初始值为 {initial}",
  ],
  ownRate: [
    "This layer has a learning rate of its own, {eta} = {value}.",
    "这一层有自己的学习率 {eta} = {value}。",
  ],
  biases: ["Biases", "偏置"],
  biasNone: ["none", "无"],
  biasFrozen: ["given and not trained", "给定，不训练"],
  biasTrained: ["trained, one for each unit", "参与训练，每个单元一个"],
  biasChannel: ["trained, one for each channel", "参与训练，每个通道一个"],
  biasTwo: [
    "trained, two for each unit: one beside the input, one beside the state",
    "参与训练，每个单元两个：一个与输入相加，一个与隐藏状态相加",
  ],
  biasTwoGates: [
    "trained, two for each sum of each unit (gates and candidate): one beside the input, one beside the state",
    "参与训练，每个单元的每个加权和（各门与候选状态）两个：一个与输入相加，一个与隐藏状态相加",
  ],
  biasOfLayer: ["layer {l}: {kind}", "第 {l} 层：{kind}"],
  biasShared: ["trained, one for each layer", "参与训练，每层一个"],
  timing: ["Update timing", "更新时机"],
  simultaneous: [
    "simultaneous: all gradients are taken at the old parameters",
    "同时更新：所有梯度都在旧参数处求取",
  ],
  sequential: [
    "sequential: the layers change one after another from the last, and δ is computed with the new weights of the later layers; this is not gradient descent",
    "依次更新：从最后一层起逐层更新，δ 用后面各层的新权重计算；这不是梯度下降",
  ],
  conventions: ["Conventions", "约定"],
  layout: [
    "{w} goes from unit k of the layer before to unit j; rows of data are examples; an update subtracts the gradient",
    "{w} 从前一层的单元 k 到单元 j；数据的每一行是一个样本；更新时减去梯度",
  ],
  layoutNumbered: [
    "weights are numbered layer by layer and, within a layer, unit by unit: first all that lead into its first unit; rows of data are examples; an update subtracts the gradient",
    "权重逐层编号，层内逐个单元编号：先是通向第一个单元的各权重；数据的每一行是一个样本；更新时减去梯度",
  ],
  superscript: [
    "A superscript on z, a, w, b and δ is the number of the layer, not a power.",
    "z、a、w、b 与 δ 的上标是层号，不是幂。",
  ],
  superscriptAll: [
    "A superscript on the name of a quantity of a layer is the number of that layer, not a power.",
    "各层的量名称上的上标是层号，不是幂。",
  ],
  symbolsNetOut: [
    "x is an input, w a weight, b a bias, net the weighted sum that enters a unit, out what the unit makes of it, h a hidden unit, o an output unit, T a target, E the loss; δ is ∂E/∂net.",
    "x 是输入，w 是权重，b 是偏置，net 是进入单元的净输入，out 是其激活值，h 表示隐藏单元，o 表示输出单元，T 是目标，E 是损失；误差项 δ 即 ∂E/∂net。",
  ],
  symbolsLayer: [
    "x is an input, w a weight, b a bias, z a net input, a an activation, {t} a target, {loss} the loss; the error term δ is {d}.",
    "x 是输入，w 是权重，b 是偏置，z 是净输入，a 是激活值，{t} 是目标，{loss} 是损失；误差项 δ 即 {d}。",
  ],
  symbolsOther: [
    "What further layers make is called by their names: {v}.",
    "其后各层的输出以层名命名：{v}。",
  ],
  symbolsInner: ["Inside of layers, {list}.", "在各层内部，{list}。"],
  isMean: ["{q} is a mean", "{q} 是均值"],
  isVariance: ["{q} is a variance", "{q} 是方差"],
  isMeanSquare: ["{q} is a mean of squares", "{q} 是平方的均值"],
  isQuery: ["{q} is a query", "{q} 是查询"],
  isKey: ["{q} is a key", "{q} 是键"],
  isValue: ["{q} is a value", "{q} 是值"],
  isScore: ["{q} is a score", "{q} 是得分"],
  isSum: ["{q} is a net input at step 1", "{q} 是第 1 步的净输入"],
  firstState: ["The state before the first step is 0.", "第一步之前的隐藏状态为 0。"],
  leftOutSteps: [
    "Steps {from} to {to} are computed in the same way.",
    "第 {from} 步至第 {to} 步的计算方式相同。",
  ],
  isState: ["{q} is a hidden state after step 1", "{q} 是第 1 步之后的隐藏状态"],
  isCell: ["{q} is a cell state after step 1", "{q} 是第 1 步之后的细胞状态"],
  isInputGate: ["{q} is an input gate at step 1", "{q} 是第 1 步的输入门"],
  isForgetGate: ["{q} is a forget gate at step 1", "{q} 是第 1 步的遗忘门"],
  isOutputGate: ["{q} is an output gate at step 1", "{q} 是第 1 步的输出门"],
  isCandidate: ["{q} is a candidate for the cell at step 1", "{q} 是第 1 步的候选细胞状态"],
  isResetGate: ["{q} is a reset gate at step 1", "{q} 是第 1 步的重置门"],
  isUpdateGate: ["{q} is an update gate at step 1", "{q} 是第 1 步的更新门"],
  isNewState: ["{q} is a candidate for the state at step 1", "{q} 是第 1 步的候选隐藏状态"],
  isWeight: ["{q} is a weight of attention", "{q} 是注意力权重"],
  isScale: ["{q} is a trained scale", "{q} 是可训练的缩放系数"],
  isShift: ["{q} is a trained shift", "{q} 是可训练的平移量"],
  randomNumbers: ["random numbers are those of this step", "随机数取这一步所用的"],
  symbolsTorch: [
    "Names are those of PyTorch: the output of module p is p.out, a gradient is .grad; x is an input, y a target; a linear module computes X Wᵀ + b.",
    "名称与 PyTorch 相同：模块 p 的输出为 p.out，梯度为 .grad；x 是输入，y 是目标；线性模块计算 X Wᵀ + b。",
  ],
  symbolsFunction: [
    "{loss} is the value of the function; the intermediate results are called {u}1, {u}2 … in the order in which they are computed.",
    "{loss} 是函数的值；中间结果按计算次序记作 {u}1、{u}2、…",
  ],
  bp: [
    "The four equations: (BP1) δ at the output = ∂C/∂a · φ′(z); (BP2) δ of a layer = (Wᵀ δ of the next) ⊙ φ′(z); (BP3) ∂C/∂b = δ; (BP4) ∂C/∂w = a of the layer before · δ.",
    "四个方程：(BP1) 输出层 δ = ∂C/∂a · φ′(z)；(BP2) 某层 δ = (Wᵀ 后一层 δ) ⊙ φ′(z)；(BP3) ∂C/∂b = δ；(BP4) ∂C/∂w = 前一层 a · δ。",
  ],
  precision: ["Precision", "精度"],
  rounding: [
    "computed in f64, rounded only for printing, to {digits} significant digits; ≈ marks a result whose printed operands would give a slightly different last digit, because it was computed unrounded",
    "以 f64 计算，仅在打印时舍入到 {digits} 位有效数字；≈ 表示结果由未舍入的数算得，用所印数字计算末位会略有出入",
  ],
  dtype: ["the model is stored in {dtype}", "模型以 {dtype} 存储"],
  batchOf: [
    "{n} examples, counted from 1; example {example} is shown in full; a raised (n) stands for example n",
    "{n} 个样本，从 1 数起；完整展示第 {example} 个样本；括号中的上标是样本号",
  ],
  batchFrom: [
    "they are examples {from} to {to} of the training data, and are counted from 1 again here",
    "它们是训练数据的第 {from} 至第 {to} 个样本，此处重新从 1 数起",
  ],
  inputsAre: ["the inputs of example {n} are {list}", "第 {n} 个样本的输入为 {list}"],
  targetsAre: ["the targets of example {n} are {list}", "第 {n} 个样本的目标为 {list}"],
  labelOf: [
    "example {n} belongs to class {label}, where classes count from 0: “{name}”",
    "第 {n} 个样本属于类别 {label}（类别从 0 数起）：“{name}”",
  ],
  data: ["Data", "数据"],
  afterStep: ["after 1 update", "经过 1 次更新之后"],
  afterSteps: ["after {n} updates", "经过 {n} 次更新之后"],
  givenValues: ["Given numbers:", "给定的数值："],
  givenExamples: ["Given examples:", "给定的样本："],
  classColumn: ["class", "类别"],
  usedHere: ["Further numbers that are used here:", "此处还用到的数值："],
  diagram: ["The network with its values", "网络及其数值"],
  // Forward.
  layerForward: ["Layer {l}:", "第 {l} 层："],
  example: ["Example {n}.", "第 {n} 个样本。"],
  likewiseUnits: [
    "One unit of each layer is written out; the others are computed likewise.",
    "每层写出一个单元，其余同理计算。",
  ],
  leftOut: [
    "The layers from {from} to {to} are left out here; they are computed likewise.",
    "第 {from} 至 {to} 层在此略去，同理计算。",
  ],
  otherValues: ["The values of all units of these layers:", "这些层所有单元的值："],
  otherDeltas: [
    "The error terms of the other units of these layers come about likewise:",
    "这些层其他单元的误差项同理得到：",
  ],
  onlyPath: [
    "Only the units on the way from {parameter} to the loss are shown.",
    "只展示从 {parameter} 到损失途经的单元。",
  ],
  addUpToZero: [
    "But for rounding, the terms of the next sum add up to 0.",
    "除舍入外，下面这个和的各项相加为 0。",
  ],
  rest: [
    "The other {n} terms together are called {r} = {value}.",
    "其余 {n} 项之和记作 {r} = {value}。",
  ],
  truth: [
    "A comparison counts as 1 where it holds, and as 0 where it does not.",
    "比较式成立时记为 1，不成立时记为 0。",
  ],
  choice: [
    "Which case holds is decided by the numbers; what follows goes on with that case.",
    "由数值决定取哪一种情形，以下沿用该情形。",
  ],
  caseHolds: ["Here {condition} holds.", "此处 {condition} 成立。"],
  caseFails: ["Here {condition} does not hold.", "此处 {condition} 不成立。"],
  guardActs: [
    "A guard of the implementation acts here: a logarithm, or a denominator, is kept from becoming infinite, or 0.",
    "此处实现中的保护起作用：防止对数变为无穷，或分母变为 0。",
  ],
  otherExamples: [
    "The terms of the other examples are computed likewise.",
    "其他样本的项同样计算。",
  ],
  softmaxOf: [
    "In short, with {p}, the softmax's value for the class of the example:",
    "简写形式，其中 {p} 是 softmax 对该样本所属类别的值：",
  ],
  likelihood: ["The loss is its negative logarithm:", "损失是它的负对数："],
  lemmaTarget: [
    "In short, as for every softmax with cross-entropy: p minus target, scaled as the loss is; {t} is 1 for the class of the example and 0 for every other.",
    "简写形式，凡 softmax 配交叉熵皆如此：p 减目标，再乘以损失的系数；{t} 对样本所属类别为 1，对其余类别为 0。",
  ],
  total: ["The total:", "总误差："],
  errorTerms: ["The terms of the loss:", "损失的各项："],
  // Question and chain.
  ask: [
    "How does {loss} change when {w} changes a little? The answer is {d}.",
    "当 {w} 稍有变化时，{loss} 如何变化？答案是 {d}。",
  ],
  chainText: [
    "{w} does not stand in {loss} itself: it acts on {loss} through {via}. So {d} is split, and the derivatives along the way are multiplied:",
    "{loss} 的式子中没有 {w}：{w} 通过 {via} 影响 {loss}。因此把 {d} 拆开，沿途各导数相乘：",
  ],
  chainSplit: [
    "{v} acts on {loss} through {via}: the chain rule adds up over these paths:",
    "{v} 通过 {via} 影响 {loss}：按链式法则，各条路径相加：",
  ],
  chainTerms: [
    "{v} does not stand in {loss} either: it acts on {loss} through {terms}. The chain rule adds up over these paths:",
    "{loss} 的式子中同样没有 {v}：{v} 通过 {terms} 影响 {loss}。按链式法则，各条路径相加：",
  ],
  chainFurther: [
    "{terms} do not contain {v} itself, so each of these derivatives is split further:",
    "{terms} 的式子中也没有 {v} 本身，因此各导数再拆开：",
  ],
  chainOn: [
    "They do not contain {via} either, so the split goes on:",
    "其中也没有 {via}，因此继续拆开：",
  ],
  chainDelta: [
    "Each of {via} acts on {loss} through one term alone, so that:",
    "{via} 各自只通过一项影响 {loss}，所以：",
  ],
  chainTogether: ["Put together:", "合起来："],
  chainEach: ["These gradients are split further:", "这些梯度再拆开："],
  eachTerm: ["What acts through each term of the loss:", "经由损失各项的部分："],
  recursion: [
    "In general, for one dense layer l behind another, {rule}, where W with l + 1 above holds the weights from layer l to layer l + 1, f is the activation, and ⊙ multiplies element by element. So each error term is computed once, from the output back.",
    "一般地，对相继的全连接层 l 有 {rule}，其中上标为 l + 1 的 W 是从第 l 层到第 l + 1 层的权重矩阵，f 是激活函数，⊙ 表示逐元素相乘。因此每个误差项从输出层往回只需算一次。",
  ],
  shareIs: [
    "Here {g} is the share of example {n} in {d}.",
    "其中 {g} 是第 {n} 个样本对 {d} 的贡献。",
  ],
  fanOut: [
    "{v} acts on {n} later quantities, so the gradients that come back are added:",
    "{v} 影响后面的 {n} 个量，因此传回的梯度要相加：",
  ],
  lossToo: [
    "{v} stands in {loss} itself, too; with all else held constant, the derivative of that is written out here.",
    "{v} 也直接出现在 {loss} 中；其余各量视为常数，相应的导数在此直接写出。",
  ],
  noPath: [
    "{w} has no influence on {loss} here: its gradient is 0.",
    "{w} 在此对 {loss} 没有影响：其梯度为 0。",
  ],
  noPathHere: [
    "Example {n} does not use {w}: its share {g} is 0. Other examples of the batch do; explain one of them to see how.",
    "第 {n} 个样本没有用到 {w}：其贡献 {g} 为 0。这一批中其他样本用到它；要看推导，请选其中一个样本。",
  ],
  // Factors.
  derive: ["The derivative of {y} with respect to {x}.", "{y} 对 {x} 的导数。"],
  between: ["What is computed in between is called {u}1, {u}2 …:", "中间结果记作 {u}1、{u}2、…："],
  together: [
    "Multiplied along each way, and the ways added up:",
    "沿每条路径相乘，再把各条路径相加：",
  ],
  togetherAlong: ["Multiplied along the way:", "沿途相乘："],
  likewise: ["In the same way:", "同理："],
  likewiseTo: ["In the same way as {d}:", "与 {d} 同理："],
  cancels: [
    "Both together, {factor} cancels: one divides by it, and the other is it.",
    "两者相乘时 {factor} 约去：一个除以它，另一个就是它。",
  ],
  lemmaSoftmax: [
    "{slope} has a name, {p}: it is a value of the softmax, and all of those add up to 1.",
    "{slope} 记作 {p}：它是 softmax 的一个值，所有这些值之和为 1。",
  ],
  lemmaJacobian: [
    "The long way goes through the softmax itself, with its Jacobian diag(p) − ppᵀ:",
    "绕远路则经过 softmax 本身，用它的雅可比矩阵 diag(p) − ppᵀ：",
  ],
  lemmaCrossEntropy: [
    "In short, as for every softmax with cross-entropy (p minus target, scaled as the loss is):",
    "简写形式，凡 softmax 配交叉熵皆如此（p 减目标，再乘以损失的系数）：",
  ],
  unsupported: [
    "For the derivative of {y} with respect to {x} there is no formula of a readable length. The record's rule, run with the upstream gradient 1 (a vector-Jacobian product), gives the number itself; forward mode gives {forward}:",
    "{y} 对 {x} 的导数没有可读长度的公式。用上游梯度 1 运行该算子自己的规则（向量-雅可比积）直接得到数值；前向模式给出 {forward}：",
  ],
  tooLong: [
    "What {y} is computed from cannot be written as a formula of a readable length; its value:",
    "{y} 的计算式无法写成可读长度的公式；其值为：",
  ],
  sumRule: [
    "Of {y} only the terms with {x} depend on it; all others count as constant. The derivative of a product with respect to one factor is the other factor.",
    "{y} 中只有含 {x} 的项与它有关，其余视为常数；乘积对一个因子求导，得另一个因子。",
  ],
  constant: ["All other quantities count as constant.", "其余各量视为常数。"],
  // Backward.
  deltaOf: ["The error term of {z}:", "{z} 的误差项："],
  gradientOf: ["The gradient that reaches {a}:", "传到 {a} 的梯度："],
  meanOfDeviations: [
    "{v} does not change with {m} to first order: the deviations from a mean add up to 0.",
    "按一阶近似，{v} 不随 {m} 变化：对均值的各偏差之和为 0。",
  ],
  others: [
    "The other {n} units of this layer likewise; the {m} with the largest gradients are shown.",
    "该层其余 {n} 个单元同理；这里展示梯度最大的 {m} 个。",
  ],
  all3: ["All together:", "合在一起："],
  newWeights: [
    "In a sequential update the later layers have changed already: their new weights stand here.",
    "依次更新时后面各层已经改变：这里用的是它们的新权重。",
  ],
  // With indices, and in matrices.
  indexText: [
    "In general, where j counts the units of a layer, k those of the layer before and m those of the next:",
    "一般形式，其中 j 是某层单元的编号，k 是前一层的，m 是后一层的：",
  ],
  indexChain: [
    "A parameter of unit j acts through the net input of that unit alone.",
    "单元 j 的参数只通过该单元的净输入起作用。",
  ],
  indexPlace: ["Here j = {j} and k = {k}:", "此处 j = {j}，k = {k}："],
  indexRow: ["Here j = {j}:", "此处 j = {j}："],
  indexShared: [
    "It is one for all units, so their parts are added up:",
    "所有单元共用一个，因此各部分相加：",
  ],
  indexBack: [
    "A unit of layer {l} acts on every unit of the next, so its error term is a sum over these, times the slope of its activation:",
    "第 {l} 层的一个单元影响后一层的每个单元，因此其误差项是对后者求和，再乘以激活函数的斜率：",
  ],
  matrixText: [
    "All units of a layer at once: what a layer has is a column, a number for each unit.",
    "一层的所有单元一起计算：每层的量写成一列，每个单元一个数。",
  ],
  matrixColumns: ["There is a column for each example.", "每个样本一列。"],
  onesRow: [
    "1ᵀ is a row of ones: it repeats the biases for each example.",
    "1ᵀ 是全为 1 的一行：对每个样本重复偏置。",
  ],
  elementwise: ["Element by element:", "逐元素计算："],
  eachLikewise: ["Each number as derived above for the first:", "每个数都与上面推导的第一个同理："],
  notElementwise: [
    "The activation of layer {l} mixes the units: each column is multiplied with the transpose of its Jacobian, whose first number is derived above:",
    "第 {l} 层的激活函数把各单元混在一起：每一列都乘以其雅可比矩阵的转置，该矩阵的第一个数已在上面推导：",
  ],
  matrixShapes: [
    "Shapes: {a} · {b} → {c}; the inner numbers agree, {n} and {n}.",
    "形状：{a} · {b} → {c}；内侧两数一致，均为 {n}。",
  ],
  matrixWeight: [
    "A weight has the gradient δ of the unit that it leads to, times what comes in. For all weights of layer {l} at once:",
    "一个权重的梯度等于它所通向单元的 δ 乘以传入的值。第 {l} 层的所有权重一起写成：",
  ],
  matrixBias: [
    "A bias of layer {l} is added to the net input, so its gradient is δ:",
    "第 {l} 层的偏置加在净输入上，因此其梯度就是 δ：",
  ],
  matrixBack: [
    "The error term of layer {l} comes from that of the next: back through its weights, then times the slope of the activation, element by element (⊙):",
    "第 {l} 层的误差项由后一层的误差项得到：先经权重传回，再逐元素（⊙）乘以激活函数的斜率：",
  ],
  matrixLast: [
    "The error term of layer {l}, the last, comes from the loss:",
    "第 {l} 层是最后一层，其误差项来自损失：",
  ],
  matrixEntry: [
    "Row {j}, column {k} of {d} is the number that was asked for:",
    "{d} 的第 {j} 行第 {k} 列就是所求的数：",
  ],
  matrixRow: ["Row {j} of {d} is the number that was asked for:", "{d} 的第 {j} 行就是所求的数："],
  matrixShared: [
    "One bias serves all units, so the numbers of {d} are added up:",
    "一个偏置用于所有单元，因此把 {d} 的各数相加：",
  ],
  // Paths.
  eachPath: ["The same sum, with a row for each way:", "同一个和，按路径逐项列出："],
  via: ["via", "经由"],
  contribution: ["contribution", "贡献"],
  product: ["product", "乘积"],
  inNumbers: ["in numbers", "代入数值"],
  timesRest: ["× {rest}", "× {rest}"],
  sum: ["Σ", "Σ"],
  remaining: ["the remaining {n}", "其余 {n} 项"],
  // Batch.
  otherExamplesToo: [
    "A layer computes with the whole batch here, so that what is shown acts on other examples too; the gradients there are computed likewise.",
    "此处有一层用到整批数据，因此所示的量也影响其他样本；那里的梯度同样计算。",
  ],
  batchText: [
    "Each example contributes to {d}; the largest contributions are:",
    "每个样本都对 {d} 有贡献；最大的几项是：",
  ],
  penaltyApart: [
    "{w} stands in {loss} itself, too: the penalty is no example's, and its derivative {d} is added.",
    "{w} 也直接出现在 {loss} 中：惩罚项不属于任何一个样本，其导数 {d} 另行加上。",
  ],
  penaltyRow: ["the penalty", "惩罚项"],
  penaltyAlone: [
    "No example of the batch uses {w}, so that the share {g} is 0; it acts on {loss} by the penalty alone.",
    "这一批样本都没有用到 {w}，因此贡献 {g} 为 0；它只通过惩罚项影响 {loss}。",
  ],
  likewiseRows: ["The gradients of the others come about in the same way:", "其余各梯度同理得到："],
  likewiseShares: [
    "The gradients of the others come about in the same way; what example {n} contributes:",
    "其余各梯度同理得到；第 {n} 个样本的贡献：",
  ],
  othersUse: ["The other gradients use these, too:", "其余各梯度还要用到："],
  manyPlaces: ["a sum over {n} places", "对 {n} 处求和"],
  exampleColumn: ["example", "样本"],
  cancellation: [
    "Cancellation |Σg| / Σ|g| = {ratio}: 1 means that all examples pull the same way, 0 that they cancel.",
    "抵消程度 |Σg| / Σ|g| = {ratio}：1 表示所有样本方向一致，0 表示相互抵消。",
  ],
  matrixForm: [
    "For the whole layer: ∂{loss}/∂W = δᵀA, with δ of shape {delta}, A (the layer's inputs) of shape {a}, and ∂{loss}/∂W of shape {w}; the chosen weight is row {j} of δᵀ times column {k} of A, the two columns of numbers above.",
    "对整层：∂{loss}/∂W = δᵀA，其中 δ 的形状为 {delta}，A（该层输入）的形状为 {a}，∂{loss}/∂W 的形状为 {w}；所选权重是 δᵀ 的第 {j} 行乘以 A 的第 {k} 列，即上面的两列数。",
  ],
} as const satisfies Record<string, readonly [en: string, zh: string]>;

/** A sentence of diagnoses by name. */
type MistakeKey = keyof typeof mistakeMessages;
/** A sentence of derivations from their result on, by name. */
type ResultKey = keyof typeof resultMessages;

/** A sentence of derivations by name. */
export type MessageKey = keyof typeof derivationMessages | ResultKey | MistakeKey;

/**
 * A sentence in each language. Tables that are looked up, not spread into one: bundlers keep a
 * spread in programs that derive nothing (12 kB).
 */
export const sentence = (key: MessageKey): readonly [en: string, zh: string] =>
  key in mistakeMessages
    ? mistakeMessages[key as MistakeKey]
    : key in resultMessages
      ? resultMessages[key as ResultKey]
      : derivationMessages[key as keyof typeof derivationMessages];
