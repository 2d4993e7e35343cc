/** Encodings of positions: what their papers say, and what follows from it. */
import "../support/backend.ts";
import { describe, expect, test } from "vitest";
import { assertGradients } from "../../src/autodiff/check.ts";
import { gradient } from "../../src/autodiff/gradient.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import * as nn from "../../src/nn/index.ts";
import { tensor, zeros } from "../../src/ops/leaf.ts";
import { matmul } from "../../src/ops/matmul.ts";
import { transpose } from "../../src/ops/move.ts";
import { sgd } from "../../src/optim/sgd.ts";
import { trainer } from "../../src/train/trainer.ts";
import { expectClose } from "../support/close.ts";
import { failure } from "../support/failure.ts";
import { fixtures, numbers, type Recorded, toTensor } from "../support/fixtures.ts";
import { irregular } from "../support/naive.ts";

const { learnedEncoding, rotaryEmbedding, sinusoidalEncoding } = nn;
const exact = { relative: 1e-13, absolute: 1e-13 };

describe("sinusoidalEncoding", () => {
  test.each([
    [6, 10_000],
    [5, 10_000],
    [4, 50],
  ])("adds what the formula says, %i features, base %i", (n, base) => {
    const y = sinusoidalEncoding({ base }).apply(zeros([2, 7, n], "f64"), {});
    const wanted = Array.from({ length: 7 }, (_, t) =>
      Array.from({ length: n }, (_, j) => {
        const angle = t / base ** ((2 * Math.floor(j / 2)) / n);
        return j % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
      }),
    ).flat();
    expectClose(y.dataSync(), [...wanted, ...wanted], exact, "value");
  });
  test("lets gradients through as they are", () => {
    assertGradients((x) => sinusoidalEncoding().apply(x!, {}).square(), [irregular([1, 3, 2])]);
  });
  test.each<[string, () => unknown, string]>([
    ["base 0", () => sinusoidalEncoding({ base: 0 }), "> 0"],
    ["an option", () => sinusoidalEncoding({ bas: 1 } as never), "base"],
  ])("refuses %s", (_, call, expected) => {
    expect(failure("bad-argument", call).expected).toContain(expected);
  });
  // The examples of a batch would be taken for the places of one sequence.
  test.each([[3], [4, 3]])("refuses rows without places: %j", (...shape) => {
    const call = () => sinusoidalEncoding().apply(zeros(shape), {});
    expect(failure("shape-mismatch", call).expected).toContain("length, features");
  });
});

describe("learnedEncoding", () => {
  test("adds a row for each place, and only rows that are used learn", async () => {
    const layer = learnedEncoding(4, 2, { weight: 0.5 });
    const t = trainer(layer, { loss: nn.meanSquaredError, optimizer: sgd({ learningRate: 0.5 }) });
    const inputs = zeros([2, 3, 2]);
    const targets = tensor(new Array<number>(12).fill(2), { shape: [2, 3, 2] });
    expect(t.predict(inputs).dataSync()[0]).toBe(0.5);
    await t.fit({ inputs, targets }, { epochs: 100, batchSize: 2 });
    const rows = t.parameters.weight!.arraySync() as number[][];
    expectClose(rows.slice(0, 3).flat(), new Array(6).fill(2), { relative: 1e-4 }, "row");
    expect(rows[3]).toEqual([0.5, 0.5]);
  });
  test.each<[string, () => unknown, string]>([
    ["places", () => learnedEncoding(0, 2), "≥ 1"],
    ["features", () => learnedEncoding(2, 1.5), "≥ 1"],
    ["frozen", () => learnedEncoding(2, 2, { frozen: 1 as never }), "true or false"],
  ])("refuses wrong %s", (_, call, expected) => {
    expect(failure("bad-argument", call).expected).toContain(expected);
  });
  test.each<[string, () => unknown, string]>([
    ["rows without places", () => learnedEncoding(9, 2).outputShape([4, 2]), "[batch, length"],
    ["a longer sequence", () => learnedEncoding(2, 2).outputShape([1, 3, 2]), "at most 2 places"],
    ["other features", () => learnedEncoding(2, 2).outputShape([1, 2, 3]), "2 features"],
    ["values that do not fit", () => learnedEncoding(2, 2, { weight: [[1, 2]] }), "[2, 2]"],
  ])("refuses %s", (_, call, expected) => {
    expect(failure("shape-mismatch", call).expected).toContain(expected);
  });
});

describe("rotaryEmbedding", () => {
  const x = irregular([2, 5, 6]);
  /** Complex numbers, each turned by its angle. */
  function turned(interleaved: boolean, base: number, offset: number, count = 6): number[] {
    const rows = (x.arraySync() as number[][][]).flat();
    return rows.flatMap((row, r) => {
      const y = [...row];
      for (let i = 0; i < count / 2; i++) {
        const [p, q] = interleaved ? [2 * i, 2 * i + 1] : [i, i + count / 2];
        const angle = ((r % 5) + offset) * base ** ((-2 * i) / count);
        y[p] = row[p]! * Math.cos(angle) - row[q]! * Math.sin(angle);
        y[q] = row[p]! * Math.sin(angle) + row[q]! * Math.cos(angle);
      }
      return y;
    });
  }
  test.each([
    [false, 10_000, 0],
    [true, 10_000, 0],
    [true, 100, 3],
    [false, 100, -2],
  ])("turns pairs, interleaved %s, base %i, from place %i on", (interleaved, base, offset) => {
    const y = rotaryEmbedding(x, { interleaved, base, offset });
    expectClose(y.dataSync(), turned(interleaved, base, offset), exact, "value");
  });
  test.each([true, false])("turns the first features alone, interleaved %s", (interleaved) => {
    const y = rotaryEmbedding(x, { interleaved, features: 4 });
    expectClose(y.dataSync(), turned(interleaved, 10_000, 0, 4), exact, "value");
  });
  test("products depend on distances alone", () => {
    const scores = (offset: number) => {
      const turn = (t: Tensor) => rotaryEmbedding(t, { offset });
      return matmul(turn(x), transpose(turn(x), [0, 2, 1]));
    };
    expectClose(
      scores(0).dataSync(),
      [...scores(17).dataSync()],
      { relative: 1e-9, absolute: 1e-9 },
      "score",
    );
  });
  test.each([true, false])("has the derivatives of differences, interleaved %s", (interleaved) => {
    const f = (t: Tensor | undefined) => rotaryEmbedding(t!, { interleaved }).square().mul(t!);
    assertGradients(f, [irregular([3, 4])], { order: 2 });
  });
  test.each<[string, object, string]>([
    ["base", { base: -1 }, "> 0"],
    ["interleaved", { interleaved: 1 }, "true or false"],
    ["offset", { offset: 0.5 }, "whole number"],
  ])("refuses a wrong %s", (_, options, expected) => {
    const call = () => rotaryEmbedding(x, options);
    expect(failure("bad-argument", call).expected).toContain(expected);
  });
  test.each<[string, () => unknown, string]>([
    ["an odd number", () => rotaryEmbedding(zeros([2, 3])), "even number"],
    ["more than there are", () => rotaryEmbedding(x, { features: 8 }), "at most the 6"],
    ["a vector", () => rotaryEmbedding(zeros([4])), "length, features"],
  ])("refuses %s", (_, call, expected) => {
    expect(failure("shape-mismatch", call).expected).toContain(expected);
  });
});

interface Turned {
  readonly options: nn.RotaryOptions;
  readonly input: Recorded;
  readonly output: Recorded;
  readonly upstream: Recorded;
  readonly gradient: Recorded;
}

test.each(fixtures<Turned>("rotary").map((c) => [JSON.stringify(c.options), c] as const))(
  "rotaryEmbedding %s is what PyTorch makes of complex numbers",
  (_, c) => {
    const x = toTensor(c.input);
    const y = rotaryEmbedding(x, c.options);
    // Angles are products of an inexact power and up to 11 places, so errors are those of 11 ulp.
    expectClose(y.dataSync(), numbers(c.output), exact, "value");
    const [g] = gradient(y, [x], toTensor(c.upstream));
    expectClose(g!.dataSync(), numbers(c.gradient), exact, "gradient");
  },
);
