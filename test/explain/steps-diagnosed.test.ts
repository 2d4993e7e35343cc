/** Diagnosis of updates, of losses with weights, and what a report counts. */
import { describe, expect, it } from "vitest";
import type { Tensor } from "../../src/core/tensor.ts";
import type { Agreement } from "../../src/explain/diagnose/agreement.ts";
import { diagnose, explain, gradientReport } from "../../src/explain/index.ts";
import * as nn from "../../src/nn/index.ts";
import { sgd } from "../../src/optim/sgd.ts";
import { trainer } from "../../src/train/trainer.ts";
import {
  threeData as data,
  f64,
  threeNetwork as network,
  seedData,
  seedNetwork,
} from "./networks.ts";

const { linear, sequential } = nn;
describe("diagnose", () => {
  const ask = (value: number, more = {}) =>
    diagnose(seedNetwork(), { data: seedData, value, ...more });

  it.each([
    // The gradient of w5 is 0.0821670406, its new value 0.35891648, its change −0.0410835203.
    [0.1, "unclear"],
    ["0.1", "unclear"],
    ["0.10", "wrong"],
    ["0.08", "unclear"],
    ["0.082", "unclear"],
    ["0.0822", "right"],
    ["0.0821", "right"],
    ["0.0823", "wrong"],
    ["8.22e-2", "right"],
    ["0,0822", "right"],
    ["8.22 %", "right"],
    ["0.36", "unclear"],
    ["0.359", "right"],
    ["0.3590", "wrong"],
    ["−0.0411", "right"],
    [1, "wrong"],
    [-1, "wrong"],
    ["0", "unclear"],
    ["0.000", "wrong"],
  ])("calls %j for w5 %s", async (value, verdict) => {
    const d = await diagnose(seedNetwork(), { data: seedData, parameter: "w5", value });
    expect([d.verdict, d.correct]).toEqual([verdict, verdict === "right"]);
    const said = {
      right: " is right,",
      unclear: " fits, but has too few digits",
      wrong: " is wrong:",
    };
    expect(d.toText()).toContain(d.given + said[verdict as Agreement]);
    if (verdict !== "wrong") expect(d.matches).toEqual([]);
  });

  it.each(["0.56", "1", 1])("calls %j for a loss of 0.561 no more than fitting", async (value) => {
    // Of 0.561 = ½(1.06…)², so that it is the error after a step that changes nothing.
    const model = sequential(linear(1, 1, { weight: [[0]], bias: Math.sqrt(1.122) }));
    const optimizer = sgd({ learningRate: 1e-9 });
    const t = trainer(model, { loss: nn.halfSquaredError, optimizer, ...f64 });
    const one = { inputs: [[0]], targets: [[0]] };
    const d = await diagnose(t, { data: one, lossAfterStep: value });
    expect([d.verdict, d.expected]).toEqual(["unclear", expect.closeTo(0.561, 6)]);
    expect((await diagnose(t, { data: one, lossAfterStep: "0.561" })).correct).toBe(true);
    expect((await diagnose(t, { data: one, lossAfterStep: "0.562" })).correct).toBe(false);
  });

  it("holds a number against what it is said to be", async () => {
    const ask = (value: string, quantity?: "gradient" | "newValue" | "change") =>
      diagnose(seedNetwork(), {
        data: seedData,
        parameter: "w5",
        value,
        ...(quantity ? { quantity } : {}),
      });
    expect((await ask("0.35891648")).verdict).toBe("right");
    const wrong = await ask("0.35891648", "gradient");
    expect(wrong.verdict).toBe("wrong");
    expect(wrong.toText()).toContain("to the digits given: this is the new value of w5.");
    expect(wrong.toText({ language: "zh" })).toContain("这是w5 的新值");
    expect((await ask("0.35", "gradient")).verdict).toBe("wrong");
    expect((await ask("0.35891648", "newValue")).verdict).toBe("right");
    expect((await ask("-0.0410835", "change")).verdict).toBe("right");
    expect((await ask("0.0822", "change")).toText()).toContain("this is the gradient of w5");
    // What a mistake gives for the quantity itself needs no more words.
    const half = (await ask("0.317833", "newValue")).matches.map((m) => JSON.stringify(m.cause));
    expect(half).toEqual(['{"key":"m_half"}']);
  });

  it.each([
    [{ value: "abc" }, /"abc"/],
    [{ value: "1,200" }, /"1,200"/],
    [{ value: Number.NaN }, /NaN/],
    [{ value: null }, /no number/],
    [{}, /no number/],
    [{ value: "0.10", decimals: 2 }, /beside a text/],
    [{ value: 0.1, decimals: -1 }, /0 to 100/],
    [{ value: 0.1, decimals: 1.5 }, /0 to 100/],
    [{ value: 0.1, quantity: "slope" }, /gradient, newValue, change/],
    [{ lossAfterStep: 0.1, quantity: "gradient" }, /beside lossAfterStep/],
  ])("refuses %o", async (asked, said) => {
    const d = diagnose(seedNetwork(), { data: seedData, ...(asked as object) });
    await expect(d).rejects.toThrow(said);
  });

  it("asks about the first trained parameter where none is named", async () => {
    expect((await ask(0.000438568)).correct).toBe(true);
  });

  it("wants one number, and a language that it speaks", async () => {
    await expect(ask(0.1, { lossAfterStep: 0.2 })).rejects.toThrow(/found {4}both/);
    await expect(ask(0.1, { language: "de" })).rejects.toThrow(/en, zh/);
    const report = gradientReport(network(), { data, language: "de" as "en" });
    await expect(report).rejects.toThrow(/en, zh/);
  });
});

it("takes a weighted mean for no sum", async () => {
  const loss = (o: Tensor, t: Tensor) => nn.crossEntropy(o, t, { classWeights: [1, 2, 3] });
  const t = trainer(sequential(linear(2, 3)), { loss, optimizer: sgd(), ...f64 });
  const labels = { inputs: data.inputs, targets: [0, 2, 1], classes: ["a", "b", "c"] };
  expect((await explain(t, { data: labels })).toText()).not.toContain("averaged instead");
});

it("counts one dead unit in the singular", async () => {
  const model = sequential(linear(2, 3, { bias: [-9, 9, 9] }), nn.relu(), linear(3, 2));
  const t = trainer(model, { loss: nn.halfSquaredError, optimizer: sgd(), ...f64 });
  expect((await gradientReport(t, { data })).toText()).toContain("1 of 3 units is dead");
});
