/** Sentences of a derivation from its result on: update, gains from layer to layer, checks. */

export const resultMessages = {
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
  textbookUpdate: [
    "{name} keeps a first moment m, the moving average of the gradients, and a second moment v, that of their squares; m̂ and v̂ are corrected for their start at 0. This is step {t} = {n}; {list}:",
    "{name} 记录梯度的滑动平均，即一阶矩 m，和梯度平方的滑动平均，即二阶矩 v；m̂ 与 v̂ 是对从 0 开始所作的修正。这是第 {t} = {n} 步；{list}：",
  ],
  settingIs: ["{name} is {value}", "{name} 为 {value}"],
  updateShort: ["The parameter changes:", "更新参数："],
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
  parameterColumn: ["parameter", "参数"],
  argumentColumn: ["argument", "自变量"],
  reverseColumn: ["reverse mode", "反向模式"],
  formulasColumn: ["formulas", "公式"],
  forwardColumn: ["forward mode", "前向模式"],
  centralColumn: ["central difference", "中心差分"],
  gradientColumn: ["gradient", "梯度"],
  newColumn: ["new value", "新值"],
  largest: ["The {m} of {n} with the largest gradients:", "共 {n} 个，梯度最大的 {m} 个："],
  // Again.
  againText: [
    "With the new parameters {loss} is {after}; before it was {before}. The change is {change}; to first order −η‖g‖² = {predicted} was to be expected, g being the gradient by all trained parameters.",
    "用新参数计算，{loss} 为 {after}，之前为 {before}。变化为 {change}；按一阶近似应为 −η‖g‖² = {predicted}，g 为对全部可训练参数的梯度。",
  ],
  againOther: [
    "With the new parameters {loss} is {after}; before it was {before}. The change is {change}; to first order Σ g·Δθ = {predicted} was to be expected, g being the gradients and Δθ the changes of the trained parameters.",
    "用新参数计算，{loss} 为 {after}，之前为 {before}。变化为 {change}；按一阶近似应为 Σ g·Δθ = {predicted}，g 为各可训练参数的梯度，Δθ 为其变化量。",
  ],
  // Ledger.
  ledgerText: [
    "How the gradient grows or shrinks from layer to layer on its way back: ‖δ‖ of a layer is ‖δ‖ of the next, times the gain of the weights in between, times the gain of the activation. The ratio is the product of both gains, the total the sum of log10 of the ratios. A sigmoid's slope, at most 0.25, bounds the gain of the activation alone. Units are counted over these data; the update is log10(rms update / rms weight), about −3 being usual.",
    "梯度在逐层回传中如何增大或减小：某层的 ‖δ‖ 等于后一层的 ‖δ‖ 乘以其间权重的增益，再乘以激活的增益；比值是两种增益之积，累计是各比值的 log10 之和。sigmoid 的斜率至多为 0.25，这只限制激活的增益。死亡与饱和单元按这些数据计数；更新一列是 log10(更新均方根 / 权重均方根)，通常约为 −3。",
  ],
  layerColumn: ["layer", "层"],
  throughTime: [
    "Through time: between neighbouring steps the gradient is multiplied by ∂{h}⁽ᵗ⁺¹⁾/∂{h}⁽ᵗ⁾, so that what arrives at step t from the last step is a product with a factor for each step in between. Where the factors are smaller than 1 it vanishes with the distance, where they are larger it explodes. The gain is ‖∂{loss}/∂{h}⁽ᵗ⁾‖ / ‖∂{loss}/∂{h}⁽ᵗ⁺¹⁾‖:",
    "沿时间：梯度每往回一步就乘以 ∂{h}⁽ᵗ⁺¹⁾/∂{h}⁽ᵗ⁾，因此从最后一步传到第 t 步的梯度是一个连乘积，其间每一步各有一个因子。因子小于 1 时，梯度随距离消失；大于 1 时则爆炸。增益为 ‖∂{loss}/∂{h}⁽ᵗ⁾‖ / ‖∂{loss}/∂{h}⁽ᵗ⁺¹⁾‖：",
  ],
  stepColumn: ["step t", "步 t"],
  timeNormColumn: ["‖∂{loss}/∂{h}⁽ᵗ⁾‖", "‖∂{loss}/∂{h}⁽ᵗ⁾‖"],
  gainColumn: ["gain", "增益"],
  gainsColumn: ["product of the gains", "增益之积"],
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
    "第 {example} 个样本沿唯一路径的乘积",
  ],
  pathSum: ["sum over all {n} paths", "全部 {n} 条路径之和"],
  pathShare: [
    "sum over all {n} paths of example {example}",
    "第 {example} 个样本的全部 {n} 条路径之和",
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
