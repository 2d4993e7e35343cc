/** Whole sheets of numbers, and numbers that are no parameter's: E, a unit's output, its δ. */
import { describe, expect, it } from "vitest";
import type { Sentence } from "../../src/explain/derivation.ts";
import { sheetOf } from "../../src/explain/diagnose/typed-sheet.ts";
import { diagnose, diagnoseSheet } from "../../src/index.ts";
import { seedData, seedNetwork, weights } from "./networks.ts";

const keyOf = ({ cause }: { cause: Sentence }) => ("key" in cause ? cause.key : "");
const data = seedData;
const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));
const [x1, x2, t1, t2] = [0.05, 0.1, 0.01, 0.99];
/** The page's network by hand. */
const hidden = [0.15 * x1 + 0.2 * x2 + 0.35, 0.25 * x1 + 0.3 * x2 + 0.35];
const [h1, h2] = hidden.map(sigmoid) as [number, number];
const [o1, o2] = [0.4 * h1 + 0.45 * h2 + 0.6, 0.5 * h1 + 0.55 * h2 + 0.6].map(sigmoid) as [
  number,
  number,
];
const [d1, d2] = [(o1 - t1) * o1 * (1 - o1), (o2 - t2) * o2 * (1 - o2)];
const back = [0.4 * d1 + 0.5 * d2, 0.45 * d1 + 0.55 * d2] as const;
const deltas = [back[0] * h1 * (1 - h1), back[1] * h2 * (1 - h2)] as const;

describe("numbers that are no parameter's", () => {
  const ask = (parameter: string, value: number, quantity: "delta" | "output" | "loss") =>
    diagnose(seedNetwork(), {
      ...{ data, parameter, quantity, notation: "net-out" as const },
      value: value.toPrecision(9),
    });
  it("δ of the unit that a weight leads into", async () => {
    expect((await ask("w1", deltas[0], "delta")).verdict).toBe("right");
    expect((await ask("w3", deltas[1], "delta")).verdict).toBe("right");
    expect((await ask("w7", d2, "delta")).verdict).toBe("right");
    const missing = await ask("w1", back[0], "delta");
    expect(missing.matches.map(keyOf)).toContain("m_slopeMissing");
    const path = await ask("w1", 0.4 * d1 * h1 * (1 - h1), "delta");
    expect(path.matches.map(keyOf)).toContain("m_onePath");
  });
  it("the unit's output", async () => {
    expect((await ask("w4", h2, "output")).verdict).toBe("right");
    expect((await ask("w4", hidden[1]!, "output")).matches.map(keyOf)).toContain("m_netInput");
    expect((await ask("w4", h1, "output")).matches.map(keyOf)).toEqual(["m_otherUnit"]);
    const noBias = sigmoid(0.25 * x1 + 0.3 * x2);
    expect((await ask("w4", noBias, "output")).matches.map(keyOf)).toEqual(["m_noBias"]);
    const tanh = Math.tanh(hidden[1]!);
    expect((await ask("w4", tanh, "output")).matches.map(keyOf)).toEqual(["m_otherActivation"]);
  });
  it("the loss", async () => {
    const E = ((o1 - t1) ** 2 + (o2 - t2) ** 2) / 2;
    expect((await ask("w1", E, "loss")).verdict).toBe("right");
    expect((await ask("w1", 2 * E, "loss")).matches.map(keyOf)).toEqual(["m_half"]);
    expect((await ask("w1", 0.291027774, "loss")).matches.map(keyOf)).toEqual(["m_lossAfter"]);
  });
  it("asks for a chain of dense layers and one example", async () => {
    const two = {
      inputs: [...data.inputs, ...data.inputs],
      targets: [...data.targets, ...data.targets],
    };
    const t = seedNetwork();
    const options = { data: two, parameter: "0.weight[0,0]", value: "0.1", quantity: "delta" };
    await expect(diagnose(t, options as never)).rejects.toThrow(/for one example/);
  });
});

describe("a sheet", () => {
  const right = [
    ...[deltas[0] * x1, deltas[0] * x2, deltas[1] * x1, deltas[1] * x2],
    ...[d1 * h1, d1 * h2, d2 * h1, d2 * h2],
  ];
  const sheet = (numbers: readonly number[]) =>
    weights.map((name, i) => ({ name, value: numbers[i]!.toPrecision(7) }));
  it("that is right", async () => {
    const found = await diagnoseSheet(seedNetwork(), { data, values: sheet(right) });
    expect([found.correct, found.causes, found.entry]).toEqual([8, [], undefined]);
    expect(found.toText()).toBe("Of 8 numbers 8 are right and 0 wrong.");
  });
  it("names the mistake that explains most, and where it enters", async () => {
    // The output layer's slopes are missing, from there on all is wrong; one number is a slip.
    const [e1, e2] = [o1 - t1, o2 - t2];
    const hid = [0.4 * e1 + 0.5 * e2, 0.45 * e1 + 0.55 * e2].map(
      (g, j) => g * [h1, h2][j]! * (1 - [h1, h2][j]!),
    );
    const wrong = [
      ...[hid[0]! * x1, hid[0]! * x2, hid[1]! * x1, 0.123457],
      ...[e1 * h1, e1 * h2, e2 * h1, e2 * h2],
    ];
    const found = await diagnoseSheet(seedNetwork(), { data, values: sheet(wrong) });
    expect(found.correct).toBe(0);
    expect(keyOf(found.causes[0]!)).toBe("m_noSlopeOut");
    expect(found.causes[0]!.count).toBe(7);
    expect(found.entry!.name).toBe("2.weight[0,0]");
    expect(found.toText()).toMatch(
      /gives 7 of the 8 that are wrong: the derivative of the activation was left out at the output layer/,
    );
    expect(found.toText({ language: "zh" })).toMatch(/8 个错数中的 7 个/);
  });
  it("holds E and what is said to be another number", async () => {
    const values = [
      { name: "E", value: "0.298371109" },
      { name: "E+", value: "0.291027774" },
      { name: "w5", value: "0.35891648", quantity: "newValue" as const },
      { name: "w5", value: d1.toPrecision(6), quantity: "delta" as const },
    ];
    const options = { data, values, notation: "net-out" as const };
    expect((await diagnoseSheet(seedNetwork(), options)).correct).toBe(4);
  });
  it("as a table", () => {
    const text = 'name,value,is\n"w1",0.1\nw2;0,2\n0.weight[0,1]\t3e-4\tnew-value\n';
    expect(() => sheetOf("s.csv", "w1,abc\n")).toThrow(/s\.csv:1/);
    expect(() => sheetOf("s.csv", "w1,1,what\n")).toThrow(/cannot be read/);
    const rows = sheetOf("s.csv", text.replace("w2;0,2\n", "w2;0.2\n"));
    expect(rows).toEqual([
      { name: "w1", value: "0.1" },
      { name: "w2", value: "0.2" },
      { name: "0.weight[0,1]", value: "3e-4", quantity: "newValue" },
    ]);
  });
});
