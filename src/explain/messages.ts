/** Every sentence of a derivation, in each language; {slots} are filled with text or formulas. */
import { mistakeMessages } from "./mistake-messages.ts";

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
  ledger: ["Gain ledger", "增益账目"],
  check: ["Check", "检验"],
  mistakes: ["Common mistakes", "常见错误"],
  // Set-up.
  quantity: ["quantity", "量"],
  value: ["value", "值"],
  network: ["Network", "网络"],
  shapes: ["Parameters", "参数"],
  parameter: ["Parameter asked for", "所问参数"],
  lossFunction: ["Loss", "损失"],
  reduction: ["{name}: the sum of {n} terms, times {factor}", "{name}：{n} 项之和，乘以 {factor}"],
  reductionNone: ["{name}: one term, not reduced", "{name}：只有一项，无需归约"],
  reductionSum: ["{name}: the sum of {n} terms", "{name}：{n} 项之和"],
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
  isWeight: ["{q} is a weight of attention", "{q} 是注意力权重"],
  isScale: ["{q} is a trained scale", "{q} 是可训练的缩放系数"],
  isShift: ["{q} is a trained shift", "{q} 是可训练的平移量"],
  randomNumbers: ["random numbers are those of this step", "随机数取这一步所用的"],
  symbolsTorch: [
    "Names are those of PyTorch: the output of module p is p.out, a gradient is .grad; x is an input, y a target; a linear module computes X Wᵀ + b.",
    "名称与 PyTorch 相同：模块 p 的输出为 p.out，梯度为 .grad；x 是输入，y 是目标；线性模块计算 X Wᵀ + b。",
  ],
  symbolsFunction: [
    "{loss} is the value of the function; the intermediate results are called u1, u2 … in the order in which they are computed.",
    "{loss} 是函数的值；中间结果按计算次序称为 u1、u2……",
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
    "{n} examples; example {example} is shown in full; a raised (n) stands for example n",
    "{n} 个样本；完整展示样本 {example}；括号中的上标是样本号",
  ],
  batchFrom: [
    "they are examples {from} to {to} of the training data, counted from 0 here",
    "它们是训练数据的第 {from} 至 {to} 号样本，此处从 0 数起",
  ],
  labelOf: [
    "example {n} belongs to class {label}, counted from 0: “{name}”",
    "样本 {n} 属于类别 {label}（从 0 数起）：“{name}”",
  ],
  data: ["Data", "数据"],
  afterStep: ["after 1 update", "经过 1 次更新之后"],
  afterSteps: ["after {n} updates", "经过 {n} 次更新之后"],
  givenValues: ["Given numbers:", "给定的数值："],
  diagram: ["The network with its values", "网络及其数值"],
  // Forward.
  layerForward: ["Layer {l}:", "第 {l} 层："],
  example: ["Example {n}.", "样本 {n}。"],
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
  rest: ["{r} is short for the other {n} terms together.", "{r} 表示其余 {n} 项之和。"],
  truth: [
    "A comparison counts as 1 where it holds, and as 0 where it does not.",
    "比较式成立时记为 1，不成立时记为 0。",
  ],
  choice: [
    "Which case holds is decided by the numbers; what follows goes on with that case.",
    "由数值决定取哪一种情形，以下沿用该情形。",
  ],
  otherExamples: [
    "The terms of the other examples are computed likewise.",
    "其他样本的项同样计算。",
  ],
  total: ["The total:", "总误差："],
  errorTerms: ["The terms of the loss:", "损失的各项："],
  // Question and chain.
  ask: [
    "How does {loss} change when {w} changes a little? The answer is {d}.",
    "当 {w} 稍有变化时，{loss} 如何变化？答案是 {d}。",
  ],
  chainText: [
    "{w} acts on {loss} through {via}; the derivatives along the way are multiplied:",
    "{w} 通过 {via} 影响 {loss}；沿途各导数相乘：",
  ],
  chainSplit: [
    "{v} acts on {loss} through {via}: the chain rule adds up over these paths:",
    "{v} 通过 {via} 影响 {loss}：链式法则把各条路径相加：",
  ],
  recursion: [
    "In every dense layer, δ = (Wᵀ δ of the next layer) ⊙ φ′(z): each error term is computed once, from the output back.",
    "每个全连接层都有 δ = (Wᵀ 后一层 δ) ⊙ φ′(z)：每个误差项从输出层往回只算一次。",
  ],
  shareIs: ["Here {g} is the share of example {n} in {d}.", "其中 {g} 是样本 {n} 对 {d} 的贡献。"],
  fanOut: [
    "{v} acts on {n} later quantities, so the gradients that come back are added:",
    "{v} 影响后面的 {n} 个量，因此传回的梯度要相加：",
  ],
  noPath: [
    "{w} has no influence on {loss} here: its gradient is 0.",
    "{w} 在此对 {loss} 没有影响：其梯度为 0。",
  ],
  noPathHere: [
    "Example {n} does not use {w}: its share {g} is 0. Other examples of the batch do; explain one of them to see how.",
    "样本 {n} 没有用到 {w}：其份额 {g} 为 0。批中其他样本用到它；要看推导，请选其中一个样本。",
  ],
  // Factors.
  derive: ["The derivative of {y} with respect to {x}.", "{y} 对 {x} 的导数。"],
  between: ["What is computed in between is called {u}:", "中间结果记为 {u}："],
  together: ["Multiplied along each way, and the ways added up:", "沿每条路相乘，再把各路相加："],
  togetherAlong: ["Multiplied along the way:", "沿途相乘："],
  directly: [
    "Directly, with the intermediate results {u} held fixed:",
    "直接部分，中间结果 {u} 视为固定：",
  ],
  likewise: ["As derived above:", "同上推导："],
  cancels: [
    "Both together, {factor} cancels: one divides by it, and the other is it.",
    "两者相乘时 {factor} 约去：一个除以它，另一个就是它。",
  ],
  lemmaSoftmax: [
    "{slope} has a name, {p}: it is a value of the softmax, and all of those add up to 1.",
    "{slope} 有一个名字 {p}：它是 softmax 的一个值，所有这些值之和为 1。",
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
  // Paths.
  eachPath: ["The same sum, with a row for each way:", "同一个和，每条路占一行："],
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
  exampleColumn: ["example", "样本"],
  cancellation: [
    "Cancellation |Σg| / Σ|g| = {ratio}: 1 means that all examples pull the same way, 0 that they cancel.",
    "抵消程度 |Σg| / Σ|g| = {ratio}：1 表示所有样本方向一致，0 表示相互抵消。",
  ],
  matrixForm: [
    "For the whole layer: ∂{loss}/∂W = δᵀA, with δ of shape {delta}, A (the layer's inputs) of shape {a}, and ∂{loss}/∂W of shape {w}; the chosen weight is row {j} of δᵀ times column {k} of A, the two columns of numbers above.",
    "对整层：∂{loss}/∂W = δᵀA，其中 δ 的形状为 {delta}，A（该层输入）的形状为 {a}，∂{loss}/∂W 的形状为 {w}；所选权重是 δᵀ 的第 {j} 行乘以 A 的第 {k} 列，即上面的两列数。",
  ],
  // Result.
  meaningUp: [
    "Raise {w} by {by}, and {loss} rises by about {change}.",
    "把 {w} 增大 {by}，{loss} 约增大 {change}。",
  ],
  meaningDown: [
    "Raise {w} by {by}, and {loss} falls by about {change}.",
    "把 {w} 增大 {by}，{loss} 约减小 {change}。",
  ],
  meaningZero: [
    "To first order a small change of {w} does not change {loss} here.",
    "在此处，按一阶近似，{w} 的微小变化不改变 {loss}。",
  ],
  meaningKink: [
    "There is a kink here, so this number says little: raise {w} by {by}, and {loss} changes by about {up}; lower it by {by}, and {loss} changes by about {down}.",
    "此处不可导，该数说明不了多少：把 {w} 增大 {by}，{loss} 约变化 {up}；减小 {by}，{loss} 约变化 {down}。",
  ],
  meaningJump: [
    "{loss} jumps here, so this number says little: raise {w} a little, and {loss} jumps by about {up}; lower it a little, and {loss} jumps by about {down}.",
    "{loss} 在此处有跳跃，该数说明不了多少：稍微增大 {w}，{loss} 约跳变 {up}；稍微减小，{loss} 约跳变 {down}。",
  ],
  // Update.
  stepsText: ["{step} counts the steps before this one.", "{step} 是此前已走的步数。"],
  updateText: ["{name} changes the parameter:", "{name} 更新参数："],
  stateText: [
    "{name} remembers {slots} of earlier steps for each parameter; this is renewed first:",
    "{name} 为每个参数记住以往各步的 {slots}；首先更新它们：",
  ],
  frozenText: ["{w} is not trained: it keeps its value.", "{w} 不参与训练：保持原值。"],
  wholeText: [
    "{name} looks at the whole matrix of gradients: one number's new value does not follow from its own gradient alone. All new values are in the table.",
    "{name} 着眼于整个梯度矩阵：单个参数的新值并不只由它自己的梯度决定。所有新值见表。",
  ],
  accumulateText: [
    "{name} changes the parameters every {n} steps, by the mean of their gradients; this is step {m} of {n}.",
    "{name} 每 {n} 步按其梯度的平均值更新一次参数；这是 {n} 步中的第 {m} 步。",
  ],
  clippedText: ["The gradient is first clipped, to {g}.", "梯度先被裁剪为 {g}。"],
  gradientsTaken: [
    "The gradients are those that the sequential update takes.",
    "表中的梯度是依次更新所用的“梯度”。",
  ],
  noUpdate: ["A function has no optimizer, so nothing is updated.", "函数没有优化器，因此不更新。"],
  parameterColumn: ["parameter", "参数"],
  gradientColumn: ["gradient", "梯度"],
  newColumn: ["new value", "新值"],
  largest: ["The {m} of {n} with the largest gradients:", "共 {n} 个，梯度最大的 {m} 个："],
  // Again.
  againText: [
    "With the new parameters {loss} is {after}; before it was {before}. The change is {change}; to first order −η‖g‖² = {predicted} was to be expected, g being the gradient by all trained parameters.",
    "用新参数计算，{loss} 为 {after}，之前为 {before}。变化为 {change}；按一阶近似应为 −η‖g‖² = {predicted}，g 为对全部受训参数的梯度。",
  ],
  againOther: [
    "With the new parameters {loss} is {after}; before it was {before}. The change is {change}; to first order Σ g·Δθ = {predicted} was to be expected, g being the gradients and Δθ the changes of the trained parameters.",
    "用新参数计算，{loss} 为 {after}，之前为 {before}。变化为 {change}；按一阶近似应为 Σ g·Δθ = {predicted}，g 为各受训参数的梯度，Δθ 为其变化量。",
  ],
  // Ledger.
  ledgerText: [
    "How the gradient grows or shrinks from layer to layer on its way back: ‖δ‖ of a layer is ‖δ‖ of the next, times the gain of the weights in between, times the gain of the activation. The ratio is the product of both gains, the total the sum of log10 of the ratios. A sigmoid's slope, at most 0.25, bounds the gain of the activation alone. Units are counted over these data; the update is log10(rms update / rms weight), about −3 being usual.",
    "梯度在逐层回传中如何增大或减小：某层的 ‖δ‖ 等于后一层的 ‖δ‖ 乘以其间权重的增益，再乘以激活的增益；比值是两种增益之积，累计是各比值的 log10 之和。sigmoid 的斜率至多为 0.25，这只限制激活的增益。死亡与饱和单元按这些数据计数；更新一列是 log10(更新均方根 / 权重均方根)，通常约为 −3。",
  ],
  layerColumn: ["layer", "层"],
  normColumn: ["‖δ‖", "‖δ‖"],
  ratioColumn: ["ratio", "比值"],
  weightGain: ["weights", "权重"],
  activationGain: ["activ.", "激活"],
  cumulative: ["total", "累计"],
  deadColumn: ["dead", "死亡"],
  saturatedColumn: ["satur.", "饱和"],
  ofUnits: ["{n}/{of}", "{n}/{of}"],
  ratioStep: ["update", "更新"],
  vanishing: [
    "The gradient vanishes: at layer {l} it is 10^{exponent} of what it is at the output.",
    "梯度消失：在第 {l} 层只有输出层的 10^{exponent}。",
  ],
  noGradient: [
    "No gradient reaches layer {l}: there it is 0.",
    "没有梯度到达第 {l} 层：那里为 0。",
  ],
  noGradients: [
    "No gradient reaches the layers {list}: there it is 0.",
    "没有梯度到达第 {list} 层：那里为 0。",
  ],
  noGradientAtAll: [
    "No gradient arrives at any layer: at the last one it is 0 already.",
    "没有梯度到达任何一层：在最后一层已经为 0。",
  ],
  exploding: [
    "The gradient explodes: at layer {l} it is 10^{exponent} of what it is at the output.",
    "梯度爆炸：在第 {l} 层达到输出层的 10^{exponent}。",
  ],
  healthy: [
    "The gradient neither vanishes nor explodes, and no unit is dead.",
    "梯度既未消失也未爆炸，也没有死亡神经元。",
  ],
  deadOne: [
    "Layer {l}: 1 of {of} units is dead on these data, by a mask: the activation's slope is 0, and nothing flows back through it.",
    "第 {l} 层：{of} 个神经元中有 1 个在这些数据上死亡，因掩蔽所致：激活函数的斜率为 0，没有梯度经它传回。",
  ],
  deadUnderflowOne: [
    "Layer {l}: 1 of {of} units is dead on these data, by underflow: the activation's slope is so small that it has become 0.",
    "第 {l} 层：{of} 个神经元中有 1 个在这些数据上死亡，因下溢所致：激活函数的斜率小到变成了 0。",
  ],
  deadText: [
    "Layer {l}: {n} of {of} units are dead on these data, by a mask: the activation's slope is 0, and nothing flows back through them.",
    "第 {l} 层：{of} 个神经元中有 {n} 个在这些数据上死亡，因掩蔽所致：激活函数的斜率为 0，没有梯度经它们传回。",
  ],
  deadUnderflow: [
    "Layer {l}: {n} of {of} units are dead on these data, by underflow: the activation's slope is so small that it has become 0.",
    "第 {l} 层：{of} 个神经元中有 {n} 个在这些数据上死亡，因下溢所致：激活函数的斜率小到变成了 0。",
  ],
  producer: [
    "The first number that is not finite was made by {op}{where}.",
    "第一个非有限数由 {op}{where} 产生。",
  ],
  producerBack: [
    "The loss is finite, but its gradient is not: on the way back, the first number that is not finite was made by {op}{where}.",
    "损失是有限的，但梯度不是：回传途中第一个非有限数由 {op}{where} 产生。",
  ],
  passedOnNone: ["Nothing passes it on.", "没有运算将它传下去。"],
  passedOnOne: ["1 later operator only passes it on.", "其后 1 个运算只是将它传下去。"],
  passedOn: ["{n} later operators only pass it on.", "其后 {n} 个运算只是将它传下去。"],
  allFinite: ["All numbers are finite.", "所有数值都是有限的。"],
  // Checks.
  checkRule: [
    "Two numbers a and n agree if |a − n| ≤ {rtol}·max(|a|, |n|), or a thousandth of that where both are exact but for rounding, which is allowed besides.",
    "若 |a − n| ≤ {rtol}·max(|a|, |n|)，则两数 a 与 n 一致；两者除舍入外都精确时只允许其千分之一；舍入的偏差另外允许。",
  ],
  method: ["method", "方法"],
  verdict: ["verdict", "结论"],
  agrees: ["agrees", "一致"],
  disagrees: ["DISAGREES", "不一致"],
  coarse: ["too coarse to tell", "太粗，无法判断"],
  reverse: ["reverse mode (the training step)", "反向模式（训练步骤）"],
  reversePlain: ["reverse mode", "反向模式"],
  reverseNew: [
    "reverse mode with the new weights (the training step)",
    "用新权重的反向模式（训练步骤）",
  ],
  derivation: ["the formulas above", "以上公式"],
  forwardMode: ["forward mode (dual numbers)", "前向模式（对偶数）"],
  central: ["central difference, h = {h} (plateau)", "中心差分，h = {h}（平台处）"],
  pathOne: ["product along the only path", "沿唯一路径的乘积"],
  pathOneShare: [
    "product along the only path of example {example}",
    "样本 {example} 沿唯一路径的乘积",
  ],
  pathSum: ["sum over all {n} paths", "全部 {n} 条路径之和"],
  pathShare: [
    "sum over all {n} paths of example {example}",
    "样本 {example} 的全部 {n} 条路径之和",
  ],
  directional: ["direction: reverse mode, g · v", "方向导数：反向模式 g · v"],
  directionalForward: ["direction: forward mode", "方向导数：前向模式"],
  directionalCentral: ["direction: central difference", "方向导数：中心差分"],
  sweep: ["Central differences, h → value: {list}.", "中心差分，h → 值：{list}。"],
  sweepStep: ["{h} → {value}", "{h} → {value}"],
  differenceOff: [
    "Rounding and the length of its step can put the difference off by {by}: as much is allowed.",
    "舍入与步长可使差分偏离 {by}：此偏差另外允许。",
  ],
  ownRounding: [
    "Terms cancel on the way to this derivative, so that rounding can put it off by {by}.",
    "计算这个导数时有些项相互抵消，舍入可使它偏离 {by}。",
  ],
  heldHere: [
    "What {op} holds constant keeps its value in this, as it does for the gradient.",
    "{op} 所固定的量在此保持原值，求梯度时也是如此。",
  ],
  heldAgain: [
    "What {op} holds constant is computed again here; the gradient does not foresee how it changes.",
    "{op} 所固定的量在此重新计算，梯度并不预见它的变化。",
  ],
  kink: [
    "{loss} is not differentiable in {w} here: the left derivative is {left}, the right derivative {right}. Convention used: {law}",
    "{loss} 在此处对 {w} 不可导：左导数为 {left}，右导数为 {right}。采用的约定：{law}",
  ],
  jump: [
    "{loss} jumps in {w} here, so there is no derivative, and no difference that it could be held against. Convention used: {law}",
    "{loss} 在此处对 {w} 有跳跃，因此没有导数，也没有可与之比较的差商。采用的约定：{law}",
  ],
  tieAtKink: [
    "A quantity on the way is exactly at a kink, where the derivative jumps. Convention used: {law}",
    "途中有一个量恰好位于导数跳变处。采用的约定：{law}",
  ],
  checkNew: [
    "The first two lines are about what the sequential update takes for the gradient, the others about {loss} itself.",
    "前两行是依次更新所用的“梯度”，其余各行针对 {loss} 本身。",
  ],
  sequentialCheck: [
    "The sequential update takes this for the gradient; that of {loss} itself is {g}.",
    "这是依次更新所用的“梯度”；{loss} 真正的梯度是 {g}。",
  ],
  uncheckedNonFinite: [
    "Where numbers are not finite, there is nothing to check.",
    "数值非有限，无从检验。",
  ],
} as const satisfies Record<string, readonly [en: string, zh: string]>;

/** A sentence of diagnoses by name. */
type MistakeKey = keyof typeof mistakeMessages;
/** A sentence of derivations by name. */
export type MessageKey = keyof typeof derivationMessages | MistakeKey;

/**
 * A sentence in each language. Two tables that are looked up, not spread into one: bundlers keep a
 * spread in programs that derive nothing (12 kB).
 */
export const sentence = (key: MessageKey): readonly [en: string, zh: string] =>
  key in mistakeMessages
    ? mistakeMessages[key as MistakeKey]
    : derivationMessages[key as keyof typeof derivationMessages];
