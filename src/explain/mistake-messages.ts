/** The sentences that name mistakes, and what is said of a number that somebody got. */
export const mistakeMessages = {
  mistakesText: [
    "If you got one of these numbers for {d}, you have probably made the mistake beside it:",
    "若 {d} 算出下列数字之一，多半是犯了旁边的错误：",
  ],
  mistake: ["mistake", "错误"],
  wouldGive: ["would give", "会得到"],
  m_correct: ["no mistake", "没有错误"],
  m_sequential: [
    "the updated weights of the later layers were used for δ",
    "计算 δ 时用了后面各层更新后的权重",
  ],
  m_simultaneous: [
    "all layers were updated at once, not one after another",
    "各层是同时更新的，而不是依次更新",
  ],
  m_biasFixed: ["the biases were left unchanged", "偏置没有更新"],
  m_biasShared: ["the biases were updated, one shared by each layer", "偏置被更新，且每层共用一个"],
  m_biasOwn: ["the biases were updated, one for each unit", "偏置被更新，且每个单元一个"],
  m_half: ["the factor ½ of the loss was forgotten", "漏掉了损失中的因子 ½"],
  m_extraHalf: ["an extra factor ½ was put into the loss", "损失中多乘了 ½"],
  m_mean: ["an extra mean over the outputs was taken", "多取了一次对输出的平均"],
  m_noMean: ["the mean over the outputs was forgotten", "忘记对输出取平均"],
  m_noSlopeOut: [
    "the derivative of the activation was left out at the output layer",
    "输出层漏乘了激活函数的导数",
  ],
  m_noSlopeHidden: [
    "the derivative of the activation was left out at layer {l}",
    "第 {l} 层漏乘了激活函数的导数",
  ],
  m_slopeAtOut: [
    "the derivative of the activation was taken at the activation instead of the net input",
    "激活函数的导数取在激活值处，而不是净输入处",
  ],
  m_transpose: ["the weight matrix of layer {l} was not transposed", "第 {l} 层的权重矩阵没有转置"],
  m_gradientForWeight: [
    "the gradient of a weight of layer {l} was used where δ·w belongs",
    "在应为 δ·w 之处用了第 {l} 层权重的梯度",
  ],
  m_onePath: [
    "only the path through unit {j} of layer {l} was followed",
    "只走了经过第 {l} 层单元 {j} 的路径",
  ],
  m_sign: ["the sign is flipped", "符号反了"],
  m_batchSum: ["the examples were summed instead of averaged", "样本应取平均却取了总和"],
  m_batchMean: ["the examples were averaged instead of summed", "样本应取总和却取了平均"],
  m_rounding: ["intermediate values were rounded to {d} decimals", "中间值被舍入到 {d} 位小数"],
  m_as: ["{cause} (the number is then {what})", "{cause}（该数便是{what}）"],
  m_other: ["this is {what}", "这是{what}"],
  q_gradient: ["the gradient of {p}", "{p} 的梯度"],
  q_newValue: ["the new value of {p}", "{p} 的新值"],
  q_change: ["the change of {p}", "{p} 的变化量"],
  q_loss: ["the loss after the update", "更新后的损失"],
  d_correct: [
    "{found} is right, to the digits given: {what} is {value}.",
    "按所给位数，{found} 正确：{what}是 {value}。",
  ],
  d_unclear: [
    "{found} fits, but has too few digits to tell: {what} is {value}. Three significant digits tell.",
    "{found}相符，但位数太少，无法判断：{what}是 {value}。至少要三位有效数字。",
  ],
  d_one: [
    "{found} is wrong: {what} is {value}. One mistake gives the number that you got, to the digits given: {list}.",
    "{found} 有误：{what}是 {value}。按所给位数，有一种错误给出你的数：{list}。",
  ],
  d_many: [
    "{found} is wrong: {what} is {value}. Several mistakes give the number that you got, to the digits given: {list}.",
    "{found} 有误：{what}是 {value}。按所给位数，有几种错误给出你的数：{list}。",
  ],
  d_none: [
    "{found} is wrong: {what} is {value}. None of the {n} numbers that were tried is the one that you got. The nearest is {nearest}, from: {cause}.",
    "{found} 有误：{what}是 {value}。所试的 {n} 个数中没有你的数。最接近的是 {nearest}，来自：{cause}。",
  ],
  and: ["; or ", "；或者"],
} as const;
