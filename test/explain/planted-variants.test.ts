/** Planted mistakes in convolutions and recurrences: whole sheets, batches, optimizers, fixed biases. */
import { describe, expect, it } from "vitest";
import { diagnose, diagnoseSheet } from "../../src/index.ts";
import { adam } from "../../src/optim/adaptive.ts";
import { sgd } from "../../src/optim/sgd.ts";
import { ask, keyOf, type Made, trainerOf, typed } from "./planted.ts";
import { imageGradients, imageMade, imageNet } from "./planted-images.ts";
import { sequenceGradients, sequenceMade, sequenceNet } from "./planted-sequences.ts";

type Image = ReturnType<typeof imageNet>;
type Sequence = ReturnType<typeof sequenceNet>;

/** All numbers of nested lists, with their places. */
function flat(given: unknown, at: readonly number[] = []): [string, number][] {
  if (Array.isArray(given)) return given.flatMap((inner, i) => flat(inner, [...at, i]));
  return [[`[${at.join(",")}]`, given as number]];
}
const rows = (name: string, given: unknown) =>
  flat(given).map(([at, value]) => ({ name: name + at, value: typed(value, 8) }));

/** What is found for one number. */
const found = (n: Made, parameter: string, value: number, newValue = false) =>
  ask(n, parameter, typed(value, 9), newValue ? "newValue" : undefined);
const keys = (...of: Parameters<typeof found>) => found(...of).matches.map(keyOf);

describe("a sheet", () => {
  it("of a convolution", async () => {
    const n = imageNet(1, true, true);
    const made = imageMade(n);
    const { first, second } = imageGradients(n, { second: { flipInput: true } });
    const values = [...rows("0.weight", first.dw), ...rows("3.weight", second.dw)];
    const all = await diagnoseSheet(trainerOf(made), { data: made.data, values });
    // The second kernel's own gradient is right; what goes back through it is not.
    expect(all.correct).toBe(flat(second.dw).length);
    expect(keyOf(all.causes[0]!)).toBe("m_kernelNotFlipped");
    expect(all.causes[0]!.count).toBe(flat(first.dw).length);
    expect(all.entry!.name).toBe("0.weight[0,0,0,0]");
    expect(all.toText({ language: "zh" })).toMatch(/没有翻转卷积核/);
  });
  it("of a recurrence", async () => {
    const n = sequenceNet(1, "rnn", true);
    const made = sequenceMade(n);
    const { ih, hh, bih } = sequenceGradients(n, { cut: true });
    const values = [
      ...rows("0.weight_ih_l0", ih),
      ...rows("0.weight_hh_l0", hh),
      ...rows("0.bias_ih_l0", bih),
    ];
    const all = await diagnoseSheet(trainerOf(made), { data: made.data, values });
    expect(all.correct).toBe(0);
    expect(keyOf(all.causes[0]!)).toBe("m_stateConstant");
    expect(all.causes[0]!.count).toBe(values.length);
    expect(all.toText()).toMatch(/One mistake gives all that are wrong: the state of the step/);
  });
});

describe("batches", () => {
  /** The mean over the examples, where the loss takes one. */
  const shareOf = (made: Made, parameter: string, right: number) =>
    ask(made, parameter, "1e9").expected / right;
  it("of images", () => {
    const n: Image = imageNet(2, false, false);
    const other: Image = { ...n, x: imageNet(7, false, false).x, target: [0.3, 0.2, 0.9] };
    const made = imageMade(n, [other]);
    const sums = (wrong = {}) => {
      const [a, b] = [imageGradients(n, wrong), imageGradients(other, wrong)];
      return { w: a.first.dw[0]![0]![1]![1]! + b.first.dw[0]![0]![1]![1]! };
    };
    const name = "0.weight[0,0,1,1]";
    const by = shareOf(made, name, sums().w);
    const wrong = (of: object) => keys(made, name, by * sums(of).w);
    expect(wrong({ first: { mean: true } })).toEqual(["m_positionMean"]);
    expect(wrong({ second: { ones: true } })).toEqual(["m_withoutWeights"]);
    expect(wrong({ route: () => [1, 1, 1, 1] })).toEqual(["m_meanUndivided"]);
    expect(keys(made, name, imageGradients(other).first.dw[0]![0]![1]![1]!)).toContain(
      "m_oneExample",
    );
  });
  it("of sequences", () => {
    for (const kind of ["rnn", "lstm", "gru"] as const) {
      const n: Sequence = sequenceNet(3, kind, false);
      const other: Sequence = { ...n, x: sequenceNet(8, kind, false).x };
      const made = sequenceMade(n, [other]);
      const sum = (wrong = {}) =>
        sequenceGradients(n, wrong).hh[1]![0]! + sequenceGradients(other, wrong).hh[1]![0]!;
      const name = "0.weight_hh_l0[1,0]";
      const by = shareOf(made, name, sum());
      expect(keys(made, name, by * sum({ cut: true }))).toEqual(["m_stateConstant"]);
      expect(keys(made, name, by * sum({ only: 2 }))).toEqual(["m_onlyStep"]);
      expect(keys(made, name, by * sum({ mean: true }))).toEqual(["m_timeMean"]);
    }
  });
});

describe("new values", () => {
  const n = imageNet(4, true, true);
  const place = "3.weight[1,0,0,1]";
  const kernel = (wrong = {}) => imageGradients(n, wrong).second.dw[1]![0]![0]![1]!;
  const old = n.second.w[1]![0]![0]![1]!;
  const s = sequenceNet(5, "gru", false);
  const row = (wrong = {}) => sequenceGradients(s, wrong).ih[2]![1]!;
  it("by Adam", () => {
    const made = { ...imageMade(n), optimizer: adam({ learningRate: 0.05, epsilon: 0.1 }) };
    const next = (g: number) => old - (0.05 * g) / (Math.abs(g) + 0.1);
    expect(found(made, place, next(kernel()), true).verdict).toBe("right");
    const wrong = next(kernel({ second: { flipWeight: true } }));
    expect(keys(made, place, wrong, true)[0]).toBe("m_kernelFlipped");
  });
  it("by Nesterov's momentum", () => {
    const optimizer = sgd({ learningRate: 0.1, momentum: 0.9, nesterov: true });
    const made = { ...sequenceMade(s), optimizer };
    const next = (g: number) => s.ih[2]![1]! - 0.1 * (g + 0.9 * g);
    const name = "0.weight_ih_l0[2,1]";
    expect(found(made, name, next(row()), true).verdict).toBe("right");
    expect(keys(made, name, next(row({ onlyDirect: true })), true)).toEqual(["m_onlyDirectPath"]);
    expect(keys(made, name, s.ih[2]![1]! - 0.1 * row(), true)).toContain("m_nesterov");
  });
  it("of biases that are given", () => {
    const frozen = { frozen: ["bias"] };
    const images = imageMade(n, [], frozen);
    const bias = imageGradients(n).second.db[1]!;
    expect(keys(images, "3.bias[1]", n.second.b[1]! - 0.3 * bias, true)).toEqual([
      "m_fixedUpdated",
    ]);
    const wrong = imageGradients(n, { second: { mean: true } }).second.db[1]!;
    expect(keys(images, "3.bias[1]", wrong)).toEqual(["m_positionMean"]);
    const sequences = sequenceMade(s, [], frozen);
    const { bih } = sequenceGradients(s);
    expect(keys(sequences, "0.bias_ih_l0[3]", s.bih[3]! - 0.3 * bih[3]!, true)).toEqual([
      "m_fixedUpdated",
    ]);
  });
});

describe("losses of networks with convolutions", () => {
  it("with the kernel turned, without the bias or the activation on the way forwards", async () => {
    const made = imageMade(n());
    const t = trainerOf(made);
    const loss = (wrong: object) => imageGradients(n(), wrong).loss;
    const keysOf = async (value: number) =>
      (
        await diagnose(t, { data: made.data, value: typed(value, 9), quantity: "loss" })
      ).matches.map(keyOf);
    expect(
      (await diagnose(t, { data: made.data, value: typed(loss({}), 9), quantity: "loss" })).verdict,
    ).toBe("right");
    expect(await keysOf(loss({ convolved: true }))).toEqual(["m_convolved"]);
    expect(await keysOf(loss({ noBias: true }))).toEqual(["m_noBias"]);
  });
  const n = () => imageNet(6, false, false);
});
