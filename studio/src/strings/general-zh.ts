/** What the library's error codes mean, in Chinese: see src/core/errors.ts. */
import type { ErrorCode } from "../../../src/core/errors.ts";

export const generalZh: Readonly<
  Record<ErrorCode, { readonly title: string; readonly why: string; readonly fix?: string }>
> = {
  "shape-mismatch": {
    title: "形状不相容",
    why: "算子按位置组合元素，因此各输入的大小必须一致。",
    fix: "比较两个形状；对其中之一作变形、转置或广播，或改正某层的大小。",
  },
  "bad-argument": {
    title: "参数超出允许范围",
    why: "该运算对这个值没有意义。",
    fix: "请给出消息中所说的那种值。",
  },
  "bad-dtype": {
    title: "该算子不接受这种元素类型",
    why: "只有浮点元素才有导数，索引必须是整数。",
    fix: '用 .cast("f32")、.cast("f64") 或 .cast("i32") 转换。',
  },
  "no-derivative": {
    title: "途中有一个没有导数的算子",
    why: "链式法则需要输入与输出之间每个算子的局部导数。",
    fix: "把应视为常数的部分放进 stopGradient(…)，或定义 customOperator。",
  },
  "index-out-of-range": {
    title: "索引超出其轴的范围",
    why: "在那里读取会得到属于别处的数。",
    fix: "索引从 0 数起，必须小于该轴的大小；请检查标签与词元。",
  },
  "not-finite": {
    title: "某个值变为无穷或 NaN",
    why: "此后依赖它的每个梯度都没有意义，因此训练停止。",
    fix: "减小学习率、裁剪梯度、缩放数据，或保护所指出的运算。",
  },
  "unbound-input": {
    title: "运行时有一个输入没有值",
    why: "占位符自身没有值。",
    fix: "请给它一个值。",
  },
  "invalid-graph": {
    title: "chainrule 发现了自身的故障",
    why: "继续下去可能不声不响地给出错误结果。",
    fix: '请连同此处显示的全部内容一起报告；backend: "interpreter" 不使用编译器。',
  },
  "gradient-mismatch": {
    title: "导数与检验不一致",
    why: "要么导数规则有误，要么函数在该点不可导。",
    fix: "请查看消息所指的那一项，把规则与差分的极限相比较。",
  },
  "file-unreadable": {
    title: "无法读取文件",
    why: "文件不存在、不是文件，或没有权限。",
    fix: "请检查路径；网络文件中的路径相对于该文件。",
  },
  "file-unwritable": {
    title: "无法写入文件",
    why: "文件夹不存在或只读，或磁盘已满。原有内容完好。",
    fix: "请换一个位置，或腾出空间。",
  },
  "file-corrupt": {
    title: "文件的内容与其名称不符",
    why: "文件头与内容不一致，其中任何内容都不可信。",
    fix: "请重新获取或重新写出该文件。",
  },
  "too-large": {
    title: "文件超过上限",
    why: "损坏或恶意的文件可能占满内存，因此事先检查大小。",
    fix: "请使用较小的文件；若文件可信，可提高上限。",
  },
  "file-syntax": {
    title: "无法解析网络文件",
    why: "它既不是有效的 YAML，也不是有效的 JSON。",
    fix: "请改正消息所指的那一行。",
  },
  "file-invalid": {
    title: "网络文件中有 chainrule 不明白的内容",
    why: "猜测原意会训练出另一个网络，而不是所要的那个。",
    fix: "请改正消息所指的那一行；模式文件列出了那里可以写什么。",
  },
  "data-invalid": {
    title: "这些数据不能直接用于训练",
    why: "一个错误的单元格会悄悄变成一个错误的数。",
    fix: "请改正消息所指的那一行，或说明如何处理这样的单元格。",
  },
  "data-empty": {
    title: "没有样本",
    why: "梯度是对样本求和；没有样本就没有梯度。",
    fix: "请检查文件、表头设置与划分。",
  },
  "checkpoint-mismatch": {
    title: "检查点属于另一个模型",
    why: "其中张量的名称或形状与此模型不同。",
    fix: '请把它加载到保存它的模型中，或允许不同：{ differs: ["parameters"] }。',
  },
  "not-permitted": {
    title: "引擎启动时缺少权限",
    why: "Deno 以及带 --permission 的 Node 只允许命令行所列的权限。",
  },
  unsupported: {
    title: "这里不支持",
    why: "该运行环境缺少此操作所需的能力。",
  },
  asynchronous: {
    title: "过早读取了稍后才有的值",
    why: "后端以 promise 作答，而 JavaScript 在一次调用之内无法等待。",
    fix: "请用 `await t.array()` 或 `await t.data()` 读取。",
  },
  "backend-failed": {
    title: "后端出错",
    why: "它的回答是它自己的错误。此前算出的内容不变。",
    fix: '请查看它的说明；backend: "wasm" 与 "interpreter" 不需要它。',
  },
  "process-lost": {
    title: "一同训练的进程失去联系",
    why: "每个进程都分担每个批次，缺一不可。",
    fix: "请查看所指进程的输出；用 --resume 从最后的检查点继续训练。",
  },
  "compiled-again": {
    title: "编译次数超过 assertMaxCompiles 的允许",
    why: "程序针对形状与元素类型生成；生成一次的时间相当于运行多次。",
    fix: "请减少参数形状的种类（批次大小相同，序列补齐到少数几种长度），或允许更多次编译。",
  },
  "out-of-memory": {
    title: "所需内存超过可用内存",
    why: "程序的所有缓冲区事先规划，总和超过上限。",
    fix: "请使用较小的批次、较小的模型，或用 f32 代替 f64。",
  },
  usage: {
    title: "无法理解这条命令",
    why: "未知或不完整的选项会做出与原意不同的事。",
    fix: "请看 chainrule --help。",
  },
};
