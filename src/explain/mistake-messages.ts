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
  m_slopeAtOutAlone: [
    "at layer {l}, the derivative of the activation was taken at the activation instead of the net input",
    "第 {l} 层的激活函数导数取在激活值处，而不是净输入处",
  ],
  m_slopeAtOutHidden: [
    "at the hidden layers, the derivative of the activation was taken at the activation instead of the net input",
    "隐藏层的激活函数导数取在激活值处，而不是净输入处",
  ],
  m_noSlopes: ["the derivatives of all activations were left out", "漏乘了所有激活函数的导数"],
  m_noSlopesHidden: [
    "the derivatives of the activations were left out at all hidden layers",
    "所有隐藏层都漏乘了激活函数的导数",
  ],
  m_slopeOf: [
    "the derivative of {name} was taken for that of the activation of layer {l}",
    "第 {l} 层的激活函数导数误用了 {name} 的导数",
  ],
  m_slopeOfNet: [
    "{formula}, which is for activations, was applied to the net input at layer {l}",
    "第 {l} 层把用于激活值的 {formula} 用在了净输入上",
  ],
  m_netForActivation: [
    "the net input of the layer before layer {l} was multiplied by, not its activation",
    "第 {l} 层的权重梯度乘了前一层的净输入，而不是激活值",
  ],
  m_withoutWeights: [
    "the error terms of layer {l} were added up without their weights",
    "第 {l} 层的误差项相加时没有乘权重",
  ],
  m_misread: [
    "the weight matrix of layer {l} was read by columns where rows belong",
    "第 {l} 层的权重矩阵按列读取，而本应按行读取",
  ],
  m_otherWeights: [
    "{p} was used in the place of the weights of layer {l}",
    "第 {l} 层的权重误用了 {p}",
  ],
  // Convolutions and pooling.
  m_kernelNotFlipped: [
    "the kernel was not turned round where the error terms go back through layer {l}",
    "误差项经第 {l} 层反向传播时没有翻转卷积核",
  ],
  m_kernelFlipped: [
    "the gradient of the kernel of layer {l} is turned round: a convolution was taken for the cross-correlation",
    "第 {l} 层卷积核的梯度被翻转了：该用互相关之处用了卷积",
  ],
  m_convolved: [
    "layer {l} turned its kernel round on the way forwards: a convolution was taken for the cross-correlation",
    "第 {l} 层在前向传播时翻转了卷积核：该用互相关之处用了卷积",
  ],
  m_onlyPosition: [
    "the sum over the positions of layer {l} was forgotten: only position ({at}) was counted",
    "第 {l} 层忘记对各位置求和：只计了位置 ({at})",
  ],
  m_positionMean: [
    "the positions of layer {l} were averaged instead of summed",
    "第 {l} 层的各位置应求和却取了平均",
  ],
  m_strideIgnored: [
    "the stride of layer {l} was ignored on the way back",
    "反向传播时忽略了第 {l} 层的步幅",
  ],
  m_paddingIgnored: [
    "the padding of layer {l} was ignored on the way back, so that all is shifted by it",
    "反向传播时忽略了第 {l} 层的填充，位置因此全部错开",
  ],
  m_channelsNotExchanged: [
    "the input and output channels of the kernel of layer {l} were not exchanged on the way back",
    "反向传播时第 {l} 层卷积核的输入通道与输出通道没有对调",
  ],
  m_onlyChannel: [
    "only the path through channel {j} of layer {l} was followed",
    "只走了经过第 {l} 层通道 {j} 的路径",
  ],
  m_poolToAll: [
    "the gradient of the maximum went to all elements of the window, in the pooling behind layer {l}",
    "第 {l} 层之后的最大池化把梯度传给了窗口中的所有元素",
  ],
  m_poolShared: [
    "the gradient of the maximum was divided among all elements of the window, as of a mean, in the pooling behind layer {l}",
    "第 {l} 层之后的最大池化把梯度平均分给了窗口中的所有元素，如同平均池化",
  ],
  m_poolToFirst: [
    "the gradient went to the first element of the window, not to the largest, in the pooling behind layer {l}",
    "第 {l} 层之后的最大池化把梯度传给了窗口中的第一个元素，而不是最大的元素",
  ],
  m_poolToLast: [
    "the gradient went to the last element of the window, not to the largest, in the pooling behind layer {l}",
    "第 {l} 层之后的最大池化把梯度传给了窗口中的最后一个元素，而不是最大的元素",
  ],
  m_poolToSmallest: [
    "the gradient went to the smallest element of the window, not to the largest, in the pooling behind layer {l}",
    "第 {l} 层之后的最大池化把梯度传给了窗口中最小的元素，而不是最大的元素",
  ],
  m_poolUnstretched: [
    "the gradients were put side by side, not into their windows, in the pooling behind layer {l}",
    "第 {l} 层之后的池化把各梯度依次排放，而没有放回各自的窗口",
  ],
  m_meanUndivided: [
    "the gradient was not divided by the size of the window, in the average pooling behind layer {l}",
    "第 {l} 层之后的平均池化没有把梯度除以窗口大小",
  ],
  m_meanToLargest: [
    "the gradient went to the largest element of the window alone, in the average pooling behind layer {l}",
    "第 {l} 层之后的平均池化把梯度只传给了窗口中最大的元素",
  ],
  // Recurrences.
  m_stateConstant: [
    "the state of the step before was treated as a constant at layer {l}: nothing went back through time",
    "第 {l} 层把上一时间步的状态当作常数：梯度没有沿时间反向传播",
  ],
  m_truncated: [
    "the gradient went back through the last {k} steps of layer {l} only",
    "第 {l} 层的梯度只沿时间反向传播了最后 {k} 步",
  ],
  m_onlyStep: [
    "the sum over time was forgotten at layer {l}: only step {t} was counted",
    "第 {l} 层忘记对时间求和：只计了第 {t} 个时间步",
  ],
  m_timeMean: [
    "the steps of layer {l} were averaged instead of summed",
    "第 {l} 层的各时间步应求和却取了平均",
  ],
  m_inputBefore: [
    "the input of the step before was multiplied by at layer {l}, not that of the same step",
    "第 {l} 层乘了上一时间步的输入，而不是同一时间步的输入",
  ],
  m_inputAfter: [
    "the input of the step after was multiplied by at layer {l}, not that of the same step",
    "第 {l} 层乘了下一时间步的输入，而不是同一时间步的输入",
  ],
  m_stateOfStep: [
    "the state of the same step was multiplied by at layer {l}, not that of the step before",
    "第 {l} 层乘了同一时间步的状态，而不是上一时间步的状态",
  ],
  m_recurrentTranspose: [
    "the recurrent weight matrix of layer {l} was not transposed",
    "第 {l} 层的循环权重矩阵没有转置",
  ],
  m_noSlopeSteps: [
    "the derivative of {name} was left out at each step of layer {l}",
    "第 {l} 层的每个时间步都漏乘了 {name} 的导数",
  ],
  m_slopeAtOutSteps: [
    "the derivative of {name} was taken at the activation instead of the net input at each step of layer {l}",
    "第 {l} 层每个时间步的 {name} 导数取在激活值处，而不是净输入处",
  ],
  m_slopeOfSteps: [
    "the derivative of {other} was taken for that of {name} at each step of layer {l}",
    "第 {l} 层每个时间步的 {name} 导数误用了 {other} 的导数",
  ],
  m_slopeOfStateBefore: [
    "the derivative of {name} was made of the state of the step before at layer {l}",
    "第 {l} 层的 {name} 导数用了上一时间步的状态",
  ],
  m_noSlopesThroughTime: [
    "the derivatives of {name} were left out on the way back from step to step of layer {l}",
    "第 {l} 层沿时间反向传播时漏乘了各步的 {name} 导数",
  ],
  m_noRecurrentWeights: [
    "the recurrent weights were left out on the way back from step to step of layer {l}",
    "第 {l} 层沿时间反向传播时漏乘了循环权重",
  ],
  m_gateSlopeMissing: [
    "the derivatives of all gates of layer {l} were left out",
    "第 {l} 层漏乘了所有门的激活函数导数",
  ],
  m_gateSlopeOf: [
    "the derivative of {other} was taken for that of the gates of layer {l}",
    "第 {l} 层各门的激活函数导数误用了 {other} 的导数",
  ],
  m_oneGateSlope: [
    "the derivative of gate {gate} of layer {l} was left out",
    "第 {l} 层漏乘了门 {gate} 的激活函数导数",
  ],
  m_gateConstant: [
    "gate {gate} of layer {l} was treated as a constant",
    "第 {l} 层把门 {gate} 当作常数",
  ],
  m_cellSlopeMissing: [
    "the derivative of {name} of the cell state was left out at layer {l}",
    "第 {l} 层漏乘了细胞状态的 {name} 导数",
  ],
  m_cellConstant: [
    "the cell state of the step before was treated as a constant at layer {l}",
    "第 {l} 层把上一时间步的细胞状态当作常数",
  ],
  m_onlyThroughCell: [
    "only the path through the cell state was followed from step to step of layer {l}, not that through h",
    "第 {l} 层在各时间步之间只走了经过细胞状态的路径，漏了经过 h 的路径",
  ],
  m_noDirectPath: [
    "the direct path z ⊙ h from step to step of layer {l} was forgotten",
    "第 {l} 层漏了各时间步之间的直接路径 z ⊙ h",
  ],
  m_onlyDirectPath: [
    "only the direct path z ⊙ h was followed from step to step of layer {l}",
    "第 {l} 层在各时间步之间只走了直接路径 z ⊙ h",
  ],
  // Functions and typed expressions.
  m_degrees: [
    "angles were taken in degrees, not in radians",
    "三角函数的自变量按角度（度）计算，而不是弧度",
  ],
  m_degreesBack: [
    "the derivative was taken at an angle in degrees, not in radians",
    "求导时自变量按角度（度）代入，而不是弧度",
  ],
  m_degreesThroughout: [
    "the function of degrees was differentiated, with the inner factor π/180",
    "对以度为单位的函数求了导，多出了内层因子 π/180",
  ],
  m_onlyFirst: ["of {u} only the first operand was differentiated", "{u} 只对第一个运算对象求了导"],
  m_onlySecond: [
    "of {u} only another operand than the first was differentiated",
    "{u} 只对第一个以外的运算对象求了导",
  ],
  m_slopeForgotten: [
    "the derivative of {u} was left out of the chain",
    "链式法则中漏乘了 {u} 的导数",
  ],
  m_slopeSign: ["the derivative of {u} has the wrong sign", "{u} 的导数符号反了"],
  m_slopeAtValue: [
    "the derivative of {u} was taken at its value instead of its argument",
    "{u} 的导数取在函数值处，而不是自变量处",
  ],
  m_exponentLeftOut: [
    "the exponent of {u} was not brought down as a factor",
    "{u} 求导时没有把指数乘到前面",
  ],
  m_exponentKept: ["the exponent of {u} was not lowered by one", "{u} 求导后指数没有减一"],
  q_value: ["the value of the function", "函数值"],
  m_extraSoftmax: [
    "the derivative of the softmax was multiplied in once more, as if the loss did not hold it",
    "又乘了一次 softmax 的导数，而损失中已经含有它",
  ],
  m_softmaxSlope: [
    "p(1 − p) was multiplied in at the outputs, though p − t is all of the derivative",
    "输出层又乘了 p(1 − p)，而 p − t 已是全部导数",
  ],
  m_extraSigmoid: [
    "the derivative of the sigmoid was multiplied in once more, as if the loss did not hold it",
    "又乘了一次 sigmoid 的导数，而损失中已经含有它",
  ],
  m_onlyTrueClass: [
    "only the output of the true class passed an error back",
    "只有真实类别的输出传回了误差",
  ],
  m_onlyOtherClasses: [
    "the output of the true class passed no error back",
    "真实类别的输出没有传回误差",
  ],
  m_withoutTarget: ["p was used where p − t belongs", "在应为 p − t 之处用了 p"],
  m_onlyTarget: ["−t was used where p − t belongs", "在应为 p − t 之处用了 −t"],
  m_oneExample: ["only example {n} was used", "只用了第 {n} 个样本"],
  m_oneExampleShare: ["this is the share of example {n} alone", "这只是第 {n} 个样本的贡献"],
  m_noRate: ["the learning rate η was forgotten", "漏乘了学习率 η"],
  m_rateTwice: ["the learning rate η was multiplied in twice", "学习率 η 乘了两次"],
  m_rateInGradient: ["the learning rate η is multiplied in already", "已经乘上了学习率 η"],
  m_fixedUpdated: [
    "what is given and not trained was updated, too",
    "给定而不训练的参数也被更新了",
  ],
  m_noBiasCorrection: [
    "the optimizer's correction of the first steps was left out",
    "漏掉了优化器对最初几步的偏差修正",
  ],
  m_epsilonPlace: [
    "ε was added on the other side of the correction of the second moment",
    "ε 加在了二阶矩修正的另一侧",
  ],
  m_epsilonRoot: ["ε was put on the other side of the root", "ε 放在了根号的另一侧"],
  m_decayPlace: [
    "the weight decay was coupled with the gradient where it is not, or the other way round",
    "权重衰减与梯度的耦合方式弄反了",
  ],
  m_nesterov: [
    "momentum was taken as Nesterov's where it is not, or the other way round",
    "动量误用为 Nesterov 形式，或反之",
  ],
  m_dampening: [
    "the gradient was multiplied by 1 − momentum before it was added to the momentum",
    "梯度在加入动量之前乘了 1 − 动量系数",
  ],
  m_lossAfter: ["this is the loss after the update", "这是更新后的损失"],
  m_noActivation: ["the activation was left out at layer {l}", "第 {l} 层漏用了激活函数"],
  m_otherActivation: [
    "{name} was taken for the activation of layer {l}",
    "第 {l} 层的激活函数误用了 {name}",
  ],
  m_noBias: ["the bias was left out at layer {l}", "第 {l} 层漏加了偏置"],
  m_transposedForward: [
    "the weight matrix of layer {l} was transposed on the way forwards",
    "前向传播时第 {l} 层的权重矩阵被转置了",
  ],
  m_netInput: [
    "this is the unit's net input, before the activation",
    "这是该单元的净输入，尚未经过激活函数",
  ],
  m_otherUnit: ["this is the output of unit {j} of layer {l}", "这是第 {l} 层单元 {j} 的输出"],
  m_slopeMissing: [
    "this is ∂E/∂a of the unit: the derivative of its activation was left out",
    "这是该单元的 ∂E/∂a：漏乘了激活函数的导数",
  ],
  m_lossBefore: ["this is the loss before the update", "这是更新前的损失"],
  m_timesWeight: ["the gradient was multiplied by the parameter itself", "梯度又乘了参数本身"],
  m_biasSum: [
    "the gradients of all biases of the layer were added up, as for one that they share",
    "把该层所有偏置的梯度相加，如同共用一个偏置",
  ],
  m_biasMean: [
    "the gradients of all biases of the layer were averaged",
    "对该层所有偏置的梯度取了平均",
  ],
  m_stopDelta: [
    "this is δ of the unit: the last factor, the unit's input, was left out",
    "这是该单元的 δ：漏乘了最后一个因子，即输入",
  ],
  m_stopOut: [
    "this is the gradient of the unit's activation: the last two factors were left out",
    "这是对该单元激活值的梯度：漏乘了最后两个因子",
  ],
  m_onlySlope: [
    "this is the derivative of the activation alone, one of the factors",
    "这只是激活函数的导数，是其中一个因子",
  ],
  m_onlyInput: [
    "this is the unit's input alone, the last of the factors",
    "这只是该单元的输入，是最后一个因子",
  ],
  m_withoutLoss: [
    "the first factor, the gradient of the unit's activation, was left out",
    "漏乘了第一个因子，即对该单元激活值的梯度",
  ],
  m_pair: ["{one}, and {two}", "{one}，并且{two}"],
  m_as: ["{cause} (the number is then {what})", "{cause}（该数便是{what}）"],
  m_other: ["this is {what}", "这是{what}"],
  q_gradient: ["the gradient of {p}", "{p} 的梯度"],
  q_newValue: ["the new value of {p}", "{p} 的新值"],
  q_change: ["the change of {p}", "{p} 的变化量"],
  q_lossBefore: ["the loss", "损失"],
  q_delta: ["δ of the unit that {p} leads into", "{p} 所通往单元的 δ"],
  q_output: ["the output of the unit that {p} leads into", "{p} 所通往单元的输出"],
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
  d_maybe: [
    "{found} is wrong: {what} is {value}. It has too few digits to tell a mistake from chance, but it fits this: {list}.",
    "{found} 有误：{what}是 {value}。位数太少，无法排除巧合，但它与此相符：{list}。",
  ],
  d_none: [
    "{found} is wrong: {what} is {value}. None of the {n} numbers that were tried is the one that you got. The nearest is {nearest}: {cause}.",
    "{found} 有误：{what}是 {value}。所试的 {n} 个数中没有你的数。最接近的是 {nearest}：{cause}。",
  ],
  sheet_count: [
    "Of {n} numbers {correct} are right and {wrong} wrong.",
    "{n} 个数中 {correct} 个正确，{wrong} 个有误。",
  ],
  sheet_all: [
    "One mistake gives all that are wrong: {cause}.",
    "有一种错误给出所有错数：{cause}。",
  ],
  sheet_most: [
    "One mistake gives {k} of the {n} that are wrong: {cause}.",
    "有一种错误给出 {n} 个错数中的 {k} 个：{cause}。",
  ],
  sheet_none: [
    "No mistake that was tried gives any of the wrong numbers.",
    "所试的错误都没有给出这些错数。",
  ],
  sheet_entry: [
    "It enters at {name}, the first wrong number in the order of computation: {what} is {value}, not {found}. Go on from there.",
    "错误出现在 {name}，即按计算顺序的第一个错数：{what}是 {value}，而不是 {found}。请从这里继续。",
  ],
  and: ["; or ", "；或者"],
} as const;
