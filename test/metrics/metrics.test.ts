/** Metrics are scikit-learn's (tools/record-metrics.py), and what it leaves open is said here. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { at } from "../../src/core/at.ts";
import {
  accuracyScore,
  averagePrecisionScore,
  classificationReport,
  confusionMatrix,
  f1Score,
  maeScore,
  precisionScore,
  r2Score,
  recallScore,
  rmseScore,
  rocAucScore,
  tensor,
  topKAccuracyScore,
} from "../../src/index.ts";
import { failure } from "../support/failure.ts";

interface Case {
  readonly name: string;
  readonly actual: never;
  readonly other: never;
  readonly options: Readonly<Record<string, unknown>>;
  readonly value: unknown;
}
const file = new URL("../fixtures/sklearn/metrics.json", import.meta.url);
const recorded = JSON.parse(readFileSync(file, "utf8"), (_, v) =>
  v === "NaN" ? Number.NaN : v,
) as Case[];

type Metric = (actual: never, other: never, options: never) => unknown;
const metrics: Readonly<Record<string, Metric>> = {
  ...{ accuracyScore, averagePrecisionScore, confusionMatrix, f1Score, maeScore, precisionScore },
  ...{ r2Score, recallScore, rmseScore, rocAucScore, topKAccuracyScore },
  classificationReport: (actual, other, options) =>
    classificationReport(actual, other, options).classes.map((c) => [
      ...[c.precision, c.recall, c.f1, c.support],
    ]),
};

/** Sums of some dozens of numbers, in another order: a few units in the last place. */
const tolerance = 1e-13;

describe("as scikit-learn says", () => {
  for (const [name, metric] of Object.entries(metrics)) {
    const cases = recorded.filter((one) => one.name === name);
    test(`${name}, ${cases.length} cases`, () => {
      expect(cases.length).toBeGreaterThan(5);
      for (const { actual, other, options, value } of cases) {
        const found = [metric(actual, other, options as never)].flat(2) as number[];
        const wanted = [value].flat(2) as number[];
        expect(found.length).toBe(wanted.length);
        wanted.forEach((number, i) => {
          const what = `${JSON.stringify({ actual, other, options })}: ${at(found, i)}, not ${number}`;
          if (Number.isNaN(number)) expect(at(found, i), what).toBeNaN();
          else {
            const away = Math.abs(at(found, i) - number);
            expect(away <= tolerance * Math.max(1, Math.abs(number)), what).toBe(true);
          }
        });
      }
    });
  }
});

describe("averages", () => {
  const scores = fc.array(fc.tuple(fc.nat(3), fc.nat(3)), { minLength: 1, maxLength: 40 });
  it("of a report are those of the single scores, and of the matrix", () => {
    fc.assert(
      fc.property(scores, (pairs) => {
        const [actual, predicted] = [pairs.map(([a]) => a), pairs.map(([, p]) => p)];
        const report = classificationReport(actual, predicted);
        for (const average of ["macro", "micro", "weighted"] as const) {
          expect(report[average].precision).toBe(precisionScore(actual, predicted, { average }));
          expect(report[average].recall).toBe(recallScore(actual, predicted, { average }));
          expect(report[average].f1).toBe(f1Score(actual, predicted, { average }));
        }
        expect(report.accuracy).toBe(accuracyScore(actual, predicted));
        expect(report.micro.f1).toBeCloseTo(report.accuracy, 14);
      }),
    );
  });
});

describe("ranks", () => {
  const yesNo = fc.array(fc.tuple(fc.boolean(), fc.nat(5)), { minLength: 2, maxLength: 30 });
  it("the area is the share of pairs in order, half of those that tie", () => {
    fc.assert(
      fc.property(yesNo, (pairs) => {
        let [sum, count] = [0, 0];
        for (const [one, score] of pairs) {
          for (const [other, less] of pairs) {
            if (!one || other) continue;
            count++;
            sum += score > less ? 1 : score === less ? 0.5 : 0;
          }
        }
        const found = rocAucScore(
          pairs.map(([one]) => Number(one)),
          pairs.map(([, score]) => score),
        );
        if (count === 0) expect(found).toBeNaN();
        else expect(found).toBeCloseTo(sum / count, 13);
      }),
    );
  });
  it("take infinite scores, and rise with any increasing function of them", () => {
    expect(rocAucScore([0, 1, 1], [-Infinity, Infinity, Infinity])).toBe(1);
    expect(rocAucScore([0, 1, 0], [-Infinity, Infinity, Infinity])).toBe(0.75);
    const s = [0.2, 0.7, 0.7, 0.1, 0.9];
    const t = [0, 1, 0, 0, 1];
    for (const metric of [rocAucScore, averagePrecisionScore]) {
      expect(metric(t, s)).toBe(
        metric(
          t,
          s.map((x) => Math.exp(3 * x)),
        ),
      );
    }
  });
  it("of a class without examples is NaN, and what counts for nothing is left out", () => {
    const s = [
      [0.5, 0.3, 0.2],
      [0.1, 0.8, 0.1],
    ];
    expect(rocAucScore([0, 1], s)).toBeNaN();
    expect(rocAucScore([0, 1], s, { average: "weighted" })).toBe(1);
  });
  it("of the first k is the accuracy for k = 1, also where scores are equal", () => {
    const s = [
      [0.5, 0.5, 0],
      [0.2, 0.4, 0.4],
      [1, 1, 1],
    ];
    const labels = tensor(s).argmax({ axis: -1 }).arraySync() as number[];
    expect(labels).toEqual([0, 1, 0]);
    expect(topKAccuracyScore(labels, s, { k: 1 })).toBe(1);
    expect(topKAccuracyScore([1, 2, 2], s, { k: 1 })).toBe(0);
    expect(topKAccuracyScore([1, 2, 2], s, { k: 2 })).toBe(2 / 3);
    expect(topKAccuracyScore([1, 2, 2], s)).toBe(1);
  });
});

test("tensors are taken, too", () => {
  const labels = tensor([0, 1, 2], { dtype: "i32" });
  expect(accuracyScore(labels, Int32Array.of(0, 1, 1))).toBe(2 / 3);
  expect(rmseScore(tensor([[1], [2]]), [1, 4])).toBe(Math.SQRT2);
});

describe("what is none is refused", () => {
  it("by the row", () => {
    expect(failure("bad-argument", () => accuracyScore([0, 0.5], [0, 1])).found).toContain(
      "0.5 in row 1",
    );
    expect(failure("bad-argument", () => maeScore([0, 1], [0, Number.NaN])).found).toContain(
      "NaN in row 1",
    );
    expect(failure("bad-argument", () => f1Score([[0, 1]], [[0, 2]])).found).toBe(
      "2 in row 0 (counted from 0)",
    );
    expect(failure("bad-argument", () => accuracyScore([0, 1], [0])).expected).toContain(
      "2 predicted labels",
    );
    expect(failure("data-empty", () => accuracyScore([], [])).message).toContain("no examples");
    expect(
      failure("bad-argument", () =>
        rocAucScore(
          [0, 3],
          [
            [1, 0],
            [0, 1],
          ],
        ),
      ).found,
    ).toContain("3 in row 1");
    expect(
      failure("bad-argument", () => f1Score([0, 1], [0, 1], { weights: [1, -1] })).found,
    ).toContain("-1");
  });
  it('more than two classes are not "binary"', () => {
    expect(failure("bad-argument", () => f1Score([0, 2], [0, 1])).fix).toContain("macro");
  });
});
