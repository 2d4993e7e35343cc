/** Pairs that do not belong together: what is said of them, and what is left in peace. */
import { describe, expect, it, test } from "vitest";
import { characters, examples, nextTokens } from "../../src/data/index.ts";
import {
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  crossEntropy,
  dropout,
  elu,
  embedding,
  hardtanh,
  hinge,
  huber,
  identity,
  klDivergence,
  type Layer,
  type Loss,
  type LossFacts,
  layer,
  leakyRelu,
  linear,
  logSoftmax,
  meanSquaredError,
  negativeLogLikelihood,
  relu,
  relu6,
  sequential,
  sgd,
  sigmoid,
  softmax,
  softplus,
  type Tensor,
  tanh,
  tensor,
  trainer,
} from "../../src/index.ts";
import { failure } from "../support/failure.ts";

const made = (loss: Loss, ...layers: (Layer | ((x: Tensor) => Tensor))[]) =>
  trainer(sequential(...(layers as [Layer])), { loss, optimizer: sgd() });
const three = examples({
  inputs: [[1], [2], [3], [4]],
  targets: [0, 1, 2, 1],
  classes: ["a", "b", "c"],
});
const shares = {
  inputs: [[1], [2]],
  targets: [
    [0.2, 0.5, 0.3],
    [1, 0, 0],
  ],
};
const bits = { inputs: [[1], [2]], targets: [0, 1] };
const numbers = { inputs: [[1], [2]], targets: [-3, 12] };
const signs = { inputs: [[1], [2]], targets: [-1, 1] };
type Data = typeof three | typeof shares | typeof bits;

describe("a remark says what is wrong and how to correct it", () => {
  type Case = [string, Loss, (Layer | ((x: Tensor) => Tensor))[], Data, RegExp, RegExp];
  test.each<Case>([
    [
      "softmax before crossEntropy",
      crossEntropy,
      [linear(1, 3), softmax()],
      three,
      /crossEntropy applies softmax itself.*never above 58 %/,
      /^Leave out softmax, or make it logSoftmax/,
    ],
    [
      "… of rows of probabilities, in a model in a model, after dropout",
      crossEntropy,
      [sequential(linear(1, 3), softmax), dropout(0.1), identity()],
      shares,
      /applies softmax itself/,
      /Leave out softmax/,
    ],
    [
      "… by a function of one's own in both places",
      (o, t) => crossEntropy(softmax(o), t, { classWeights: [1, 2, 3] }).add(1),
      [linear(1, 3)],
      three,
      /applies softmax itself/,
      /Leave out softmax/,
    ],
    [
      "sigmoid before crossEntropy",
      crossEntropy,
      [linear(1, 3), sigmoid()],
      three,
      /After sigmoid its inputs lie between 0 and 1.*never above 58 %/,
      /^Leave out sigmoid\.$/,
    ],
    [
      "tanh before crossEntropy",
      crossEntropy,
      [linear(1, 3), tanh()],
      three,
      /between −1 and 1.*never above 79 %/,
      /^Leave out tanh\.$/,
    ],
    [
      "sigmoid before …WithLogits",
      binaryCrossEntropyWithLogits,
      [linear(1, 1), sigmoid()],
      bits,
      /binaryCrossEntropyWithLogits applies sigmoid itself.*always between 50 % and 73 %/,
      /^Leave out sigmoid, or take the loss binaryCrossEntropy\.$/,
    ],
    [
      "relu, which has no negative values, before …WithLogits",
      binaryCrossEntropyWithLogits,
      [linear(1, 1), relu()],
      bits,
      /After relu its inputs lie from 0 up, and.*always between 50 % and 100 %/,
      /^Leave out relu\.$/,
    ],
    [
      "… relu6",
      binaryCrossEntropyWithLogits,
      [linear(1, 1), relu6()],
      bits,
      /After relu6 its inputs lie between 0 and 6, and.*between 50 % and 100 %/,
      /^Leave out relu6\.$/,
    ],
    [
      "… logSoftmax of two outputs, which has no positive ones",
      binaryCrossEntropyWithLogits,
      [linear(1, 2), logSoftmax()],
      { inputs: [[1]], targets: [[0, 1]] },
      /lie from 0 down, and.*always between 0 % and 50 %/,
      /^Leave out logSoftmax\.$/,
    ],
    [
      "… as a method",
      binaryCrossEntropyWithLogits,
      [linear(1, 1), (x) => x.sigmoid()],
      bits,
      /applies sigmoid itself/,
      /Leave out sigmoid/,
    ],
    [
      "no logSoftmax before negativeLogLikelihood",
      negativeLogLikelihood,
      [linear(1, 3)],
      three,
      /Outputs without an activation are none: the loss falls for ever/,
      /^Put logSoftmax last, or take the loss crossEntropy\.$/,
    ],
    [
      "softmax before negativeLogLikelihood",
      negativeLogLikelihood,
      [linear(1, 3), softmax()],
      three,
      /takes logarithms of probabilities. Outputs after softmax are none/,
      /^Make it logSoftmax\.$/,
    ],
    [
      "klDivergence on plain probabilities",
      klDivergence,
      [linear(1, 3), softmax()],
      shares,
      /klDivergence takes logarithms/,
      /^Make it logSoftmax\.$/,
    ],
    [
      "relu before klDivergence",
      klDivergence,
      [linear(1, 3), relu()],
      shares,
      /after relu are none/,
      /^Put logSoftmax in the place of relu\.$/,
    ],
    [
      "softmax of one output",
      meanSquaredError,
      [linear(1, 1), softmax()],
      bits,
      /softmax of a single output is always 1/,
      /^Leave out softmax and take binaryCrossEntropyWithLogits/,
    ],
    [
      "logSoftmax of one output",
      klDivergence,
      [linear(1, 1), logSoftmax()],
      { inputs: [[1], [2]], targets: [1, 1] },
      /logSoftmax of a single output is always 0/,
      /^Leave out logSoftmax/,
    ],
    [
      "crossEntropy of one output",
      crossEntropy,
      [linear(1, 1)],
      { inputs: [[1], [2]], targets: [[1], [1]] },
      /crossEntropy of a single output is always 0/,
      /binaryCrossEntropyWithLogits/,
    ],
    [
      "no sigmoid before binaryCrossEntropy",
      binaryCrossEntropy,
      [linear(1, 1)],
      bits,
      /takes probabilities. Outputs without an activation can be negative or above 1/,
      /^Put sigmoid last, or better, take the loss binaryCrossEntropyWithLogits\.$/,
    ],
    [
      "tanh before binaryCrossEntropy",
      binaryCrossEntropy,
      [linear(1, 1), tanh()],
      bits,
      /after tanh can be negative/,
      /^Put sigmoid in the place of tanh\.$/,
    ],
    [
      "a sigmoid output with targets beyond 0 … 1",
      meanSquaredError,
      [linear(1, 1), sigmoid()],
      numbers,
      /after sigmoid lie between 0 and 1, and the targets go from −3 to 12: some are out/,
      /^Leave out sigmoid, or scale the targets into that range\.$/,
    ],
    [
      "… relu, and another loss",
      huber,
      [linear(1, 1), relu()],
      numbers,
      /after relu lie from 0 up, and the targets go from −3 to 12/,
      /^Leave out relu/,
    ],
    [
      "… bounds by options",
      meanSquaredError,
      [linear(1, 1), hardtanh({ min: -5, max: 5 })],
      numbers,
      /after hardtanh lie between −5 and 5/,
      /^Leave out hardtanh/,
    ],
    [
      "sigmoid before the hinge",
      hinge,
      [linear(1, 1), sigmoid()],
      signs,
      /from 1 up for yes and from −1 down for no. Outputs after sigmoid lie between 0 and 1/,
      /^Leave out sigmoid\.$/,
    ],
  ])("%s", async (_, loss, layers, data, message, fix) => {
    const t = made(loss, ...layers);
    const remarks = t.remarks(data);
    expect(remarks).toHaveLength(1);
    expect(remarks[0]!.message).toMatch(message);
    expect(remarks[0]!.fix).toMatch(fix);
    const fit = t.fit(data);
    expect(fit.remarks).toEqual(remarks);
  });
  it("labels from 1, 0 never occurring", () => {
    const labels = tensor([1, 2, 3, 2], { dtype: "i32" });
    const t = made(crossEntropy, linear(1, 4));
    const [remark, ...none] = t.remarks({
      inputs: [[1], [2], [3], [4]],
      targets: labels,
    });
    expect(remark!.message).toBe("The label 0 never occurs; labels go from 1 to 3.");
    expect(remark!.fix).toContain("subtract 1");
    expect(none).toEqual([]);
    const named = { inputs: [[1], [2]], targets: ["b", "c"], classes: ["a", "b", "c"] };
    expect(made(crossEntropy, linear(1, 3)).remarks(named)[0]!.message).toContain("0 (a) never");
    const broken = { inputs: [[1], [2]], targets: ["b", "c"], classes: ["\n", "b", "c"] };
    const { message } = made(crossEntropy, linear(1, 3)).remarks(broken)[0]!;
    expect(message).toContain('0 ("\\n") never');
  });
  it("but not tokens, the first of which need not follow another", () => {
    // The line break stands first, and is the target of nothing.
    const text = "\nabcabcabc";
    const data = nextTokens(text, characters(text), { length: 3 });
    expect(Math.min(...data.targets.dataSync())).toBe(1);
    const model = sequential(embedding(4, 2), linear(2, 4));
    expect(trainer(model, { loss: crossEntropy, optimizer: sgd() }).remarks(data)).toEqual([]);
  });
});

describe("the range of an activation follows its options", () => {
  const past = { inputs: [[1], [2]], targets: [-1e6, 1e6] };
  test.each<[string, Layer, string]>([
    ["leakyRelu with a negative slope", leakyRelu({ slope: -0.1 }), "from 0 up"],
    ["leakyRelu with none", leakyRelu({ slope: 0 }), "from 0 up"],
    ["elu", elu(), "from −1 up"],
    ["elu with another α", elu({ alpha: 2.5 }), "from −2.5 up"],
    ["elu with a negative α", elu({ alpha: -2.5 }), "from 0 up"],
    ["softplus with a negative β", softplus({ beta: -2 }), "from 0 down"],
  ])("%s", (_, item, range) => {
    const [remark] = made(meanSquaredError, linear(1, 1), item).remarks(past);
    expect(remark?.message).toContain(`lie ${range}, and the targets`);
    // What is said is so.
    const y = item.apply(tensor([-50, -1, -0.1, 0, 0.1, 1, 50], { dtype: "f64" }), {});
    const [low, high] = item.facts?.range ?? [];
    for (const v of y.dataSync()) expect(v >= Number(low) && v <= Number(high)).toBe(true);
  });
  it("leakyRelu as it is bounds nothing", () => {
    expect(made(meanSquaredError, linear(1, 1), leakyRelu()).remarks(past)).toEqual([]);
  });
});

describe("a layer and a loss of one's own say the same of themselves", () => {
  const own = (facts: Layer["facts"]) =>
    layer({
      name: "own",
      inputSize: "same",
      outputSize: "same",
      parameters: {},
      ...(facts ? { facts } : {}),
      apply: (x) => x.mul(1),
    });
  const error = (facts: LossFacts) =>
    Object.assign((o: Tensor, t: Tensor) => o.sub(t).square().mean(), { facts });
  it("a range", () => {
    const [remark] = made(meanSquaredError, linear(1, 1), own({ range: [-2, 2] })).remarks(numbers);
    expect(remark?.message).toBe(
      "Outputs after own lie between −2 and 2, and the targets go from −3 to 12: some are out of reach.",
    );
    expect(made(meanSquaredError, linear(1, 1), own(undefined)).remarks(numbers)).toEqual([]);
  });
  it("what a loss applies, and its other form", () => {
    const half: LossFacts = {
      name: "half",
      takes: "logits",
      applies: { name: "own", probabilities: ([low, high]) => [low / 4, high / 4] },
      forms: { probabilities: "whole" },
    };
    const [remark] = made(error(half), linear(1, 1), own({ range: [0, 2] })).remarks(bits);
    expect(remark).toEqual({
      message:
        "half applies own itself. After own its inputs lie between 0 and 2, and a predicted " +
        "probability is always between 0 % and 50 %.",
      fix: "Leave out own, or take the loss whole.",
    });
  });
  it("a loss that says it itself counts, and not what it calls", () => {
    const facts: LossFacts = { name: "own", distance: true };
    const loss = Object.assign((o: Tensor, t: Tensor) => crossEntropy(o, t), { facts });
    expect(made(loss, linear(1, 3), softmax()).remarks(shares)).toEqual([]);
    // A wrapping function may carry the library's own facts along.
    const same = Object.assign((o: Tensor, t: Tensor) => crossEntropy(o, t), crossEntropy);
    expect(made(same, linear(1, 3), softmax()).remarks(shares)).toHaveLength(1);
  });
  it("targets outside of it are an error", () => {
    const t = made(error({ name: "own", targets: "signs" }), linear(1, 1));
    const found = failure("data-invalid", () => t.step(bits));
    expect(found.message).toContain("own takes targets −1 and 1.");
  });
  it("facts that are none are refused", () => {
    const odd = { name: "own", targets: "sings" } as unknown as LossFacts;
    failure("bad-argument", () => made(error(odd), linear(1, 1)));
    failure("bad-argument", () => own({ range: [1] } as unknown as { range: [number, number] }));
  });
});

describe("what belongs together is left in peace", () => {
  type Case = [string, Loss, (Layer | ((x: Tensor) => Tensor))[], Data];
  test.each<Case>([
    ["crossEntropy of logits", crossEntropy, [linear(1, 3)], three],
    ["… after relu, which is unusual only", crossEntropy, [linear(1, 3), relu()], three],
    [
      "… after logSoftmax, which changes nothing",
      crossEntropy,
      [linear(1, 3), logSoftmax()],
      three,
    ],
    ["negativeLogLikelihood", negativeLogLikelihood, [linear(1, 3), logSoftmax()], three],
    ["… of a logarithm", negativeLogLikelihood, [linear(1, 3), softmax, (x) => x.log()], three],
    ["klDivergence", klDivergence, [linear(1, 3), logSoftmax()], shares],
    ["binaryCrossEntropy", binaryCrossEntropy, [linear(1, 1), sigmoid()], bits],
    ["… of something own", binaryCrossEntropy, [linear(1, 1), (x) => x.mul(0).add(0.5)], bits],
    ["… of logits", binaryCrossEntropyWithLogits, [linear(1, 1)], bits],
    ["… of scaled tanh", binaryCrossEntropyWithLogits, [linear(1, 1), (x) => tanh(x).mul(9)], bits],
    ["squared errors of sigmoid", meanSquaredError, [linear(1, 1), sigmoid()], bits],
    ["… of numbers", meanSquaredError, [linear(1, 1)], numbers],
    ["hinge", hinge, [linear(1, 1)], signs],
    ["… of tanh", hinge, [linear(1, 1), tanh()], signs],
    ["a hidden softmax", meanSquaredError, [linear(1, 3), softmax(), linear(3, 1)], numbers],
    ["a loss of one's own", (o) => o.square().mean(), [linear(1, 3), softmax()], shares],
    [
      "targets that a loss changes first",
      (o, t) => meanSquaredError(o, t.mul(0.05).add(0.2)),
      [linear(1, 1), sigmoid()],
      numbers,
    ],
  ])("%s", (_, loss, layers, data) => {
    expect(made(loss, ...layers).remarks(data)).toEqual([]);
  });
  it("what cannot be run at all has its error, and no remark", () => {
    const t = made(crossEntropy, linear(2, 3), softmax());
    expect(t.remarks(three)).toEqual([]);
  });
});
