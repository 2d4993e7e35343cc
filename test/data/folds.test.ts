import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { at } from "../../src/core/at.ts";
import {
  examples,
  type KFoldOptions,
  kFold,
  kFoldIndices,
  parseTable,
  split,
  splitIndices,
  tableDataset,
} from "../../src/data/index.ts";
import { failure } from "../support/failure.ts";

interface Case {
  readonly n: number;
  readonly k: number;
  readonly options: KFoldOptions;
  readonly labels?: readonly number[];
  readonly train: readonly (readonly number[])[];
  readonly validation: readonly (readonly number[])[];
}
const file = new URL("../fixtures/sklearn/folds.json", import.meta.url);
const recorded = JSON.parse(readFileSync(file, "utf8")) as Case[];

const rowsTo = (n: number) => Array.from({ length: n }, (_, row) => row);
const groupsOf = (length: number) => fc.array(fc.nat(6), { minLength: length, maxLength: 60 });

describe("kFold", () => {
  it("is scikit-learn's where chance has no part", () => {
    for (const { n, k, options, labels, train, validation } of recorded) {
      const found = kFoldIndices(n, k, options, labels);
      const what = JSON.stringify({ n, k, options });
      expect(
        found.map((fold) => fold.validation),
        what,
      ).toEqual(validation);
      expect(
        found.map((fold) => fold.train),
        what,
      ).toEqual(train);
    }
    expect(recorded.length).toBeGreaterThan(14);
  });
  it("validates with each row once, in folds of about the same size and proportions", () => {
    fc.assert(
      fc.property(groupsOf(6), fc.integer({ min: 2, max: 6 }), fc.nat(), (labels, k, seed) => {
        const n = labels.length;
        for (const own of [undefined, labels]) {
          const folds = kFoldIndices(n, k, { seed }, own);
          expect(folds.flatMap(({ validation }) => validation).sort((a, b) => a - b)).toEqual(
            rowsTo(n),
          );
          for (const { train, validation } of folds) {
            expect([...train, ...validation].sort((a, b) => a - b)).toEqual(rowsTo(n));
            expect(Math.abs(validation.length - n / k)).toBeLessThan(1);
            for (let label = 0; own && label < 7; label++) {
              const all = own.filter((other) => other === label).length;
              const some = validation.filter((row) => own[row] === label).length;
              expect(Math.abs(some - all / k)).toBeLessThan(1);
            }
          }
        }
      }),
    );
  });
  it("draws by the seed", () => {
    const drawn = (seed: number) => kFoldIndices(30, 3, { seed });
    expect(drawn(1)).toEqual(drawn(1));
    expect(drawn(1)).not.toEqual(drawn(2));
  });
  it("divides datasets, labels in proportion", () => {
    const targets = Array.from({ length: 12 }, (_, i) => (i < 9 ? "a" : "b"));
    const whole = examples({ inputs: targets.map((_, i) => [i]), targets });
    for (const { train, validation } of kFold(whole, 3)) {
      expect([train.size, validation.size]).toEqual([8, 4]);
      expect([...validation.targets.dataSync()].filter((label) => label === 1)).toHaveLength(1);
    }
  });
  it("refuses what cannot be divided", () => {
    for (const k of [0, 1, 5, 1.5]) failure("bad-argument", () => kFoldIndices(4, k));
    failure("bad-argument", () => kFoldIndices(4, 4, { ordered: true }));
    failure("bad-argument", () => kFoldIndices(4, 2, { ordered: true, shuffle: true }));
    failure("bad-argument", () => kFoldIndices(4, 2, { gap: 1 }));
    failure("bad-argument", () => kFoldIndices(4, 2, { groups: [1, 1, 2, 2], ordered: true }));
    failure("bad-argument", () => kFoldIndices(4, 2, { groups: [1, 1, 2] }));
    failure("bad-argument", () => kFoldIndices(4, 2, { ordered: [1, 1, 2, Number.NaN] }));
    failure("data-empty", () => kFoldIndices(4, 3, { groups: [1, 1, 2, 2] }));
    failure("data-empty", () => kFoldIndices(6, 2, { ordered: true, gap: 2 }));
  });
});

describe("groups", () => {
  it("are never on both sides", () => {
    fc.assert(
      fc.property(
        groupsOf(2),
        fc.double({ min: 0.01, max: 0.99, noNaN: true }),
        fc.nat(),
        (groups, f, seed) => {
          const count = new Set(groups).size;
          fc.pre(count > 1);
          const parts = [
            splitIndices(groups.length, { validation: f, groups, seed }),
            ...kFoldIndices(groups.length, Math.min(count, 3), { groups, seed }),
          ];
          for (const { train, validation } of parts) {
            expect(train.length * validation.length).toBeGreaterThan(0);
            expect([...train, ...validation].sort((a, b) => a - b)).toEqual(rowsTo(groups.length));
            const trained = new Set(train.map((row) => groups[row]));
            expect(validation.filter((row) => trained.has(groups[row] as number))).toEqual([]);
          }
        },
      ),
    );
  });
  it("of one row each give as many rows as are asked for", () => {
    for (const share of [0.1, 0.25, 0.9]) {
      const parts = splitIndices(40, { validation: share, groups: rowsTo(40) });
      expect(parts.validation).toHaveLength(40 * share);
    }
  });
});

describe("time", () => {
  it("of training ends before validation begins, a gap apart", () => {
    fc.assert(
      fc.property(groupsOf(8), fc.nat(3), fc.integer({ min: 2, max: 4 }), (times, gap, k) => {
        const n = times.length;
        const parts = () => [
          splitIndices(n, { validation: 0.25, ordered: times, gap }),
          ...kFoldIndices(n, k, { ordered: times, gap }),
        ];
        let found: ReturnType<typeof parts> = [];
        try {
          found = parts();
        } catch (error) {
          expect((error as { code: string }).code).toBe("data-empty");
        }
        for (const { train, validation } of found) {
          const begin = Math.min(...validation.map((row) => at(times, row)));
          const last = Math.max(...train.map((row) => at(times, row)));
          expect(last).toBeLessThan(begin);
          // The earliest rows of all.
          const all = [...times].sort((a, b) => a - b);
          expect(all.slice(0, train.length).at(-1)).toBe(last);
        }
      }),
    );
  });
  it("by the order of the examples keeps the last, without the gap", () => {
    const whole = examples({ inputs: rowsTo(10).map((i) => [i]), targets: rowsTo(10) });
    const { train, validation } = split(whole, { validation: 0.2, ordered: true, gap: 3 });
    expect([...train.inputs.dataSync()]).toEqual([0, 1, 2, 3, 4]);
    expect([...validation.inputs.dataSync()]).toEqual([8, 9]);
  });
});

describe("a table", () => {
  const text = `day,patient,x,y
2024-03-01,b,3,1
2024-01-01,a,1,2
2024-02-01T12:00,a,2,3
2024-03-01,c,4,4
2023-12-31 23:59,c,0,5
`;
  const table = parseTable(text);
  const xs = ({ inputs }: { inputs: { dataSync(): ArrayLike<number> } }) =>
    Array.from(inputs.dataSync());
  const plain = { target: "y", standardize: false } as const;
  it("is divided by a column of dates, which is no input", () => {
    const made = tableDataset(table, { ...plain, ordered: "day", inputs: ["x"], validation: 0.2 });
    expect(xs(made.train)).toEqual([1, 2, 0]);
    expect(made.validation && xs(made.validation)).toEqual([4]);
    expect(made.notes.join(" ")).toContain("1 row is in neither part");
    const all = tableDataset(table, { ...plain, ordered: "day", validation: 0.4 });
    expect(all.train.inputNames).not.toContain("day");
  });
  it("is divided by groups, which are no input", () => {
    for (let seed = 0; seed < 5; seed++) {
      const { train, validation } = tableDataset(table, {
        ...plain,
        inputs: ["x"],
        groups: "patient",
        validation: 0.4,
        seed,
      });
      const patients = new Map([
        [3, "b"],
        [1, "a"],
        [2, "a"],
        [4, "c"],
        [0, "c"],
      ]);
      const trained = new Set(xs(train).map((x) => patients.get(x)));
      expect(validation && xs(validation).filter((x) => trained.has(patients.get(x)))).toEqual([]);
    }
  });
  it("refuses what would be ignored, and cells that say no time", () => {
    failure("bad-argument", () => tableDataset(table, { ...plain, groups: "patient" }));
    failure("bad-argument", () => tableDataset(table, { ...plain, groups: 3 as never }));
    failure("data-invalid", () => tableDataset(table, { ...plain, groups: "patients" }));
    failure("data-invalid", () =>
      tableDataset(table, { ...plain, ordered: "patient", validation: 0.2 }),
    );
    const odd = parseTable("day,x,y\n2024-01-01,1,1\n2024-02-30,2,2\n2024-03-01,3,3\n");
    failure("data-invalid", () => tableDataset(odd, { ...plain, ordered: "day", validation: 0.3 }));
    const lacking = parseTable("day,x,y\n2024-01-01,1,1\n,2,2\n2024-03-01,3,3\n");
    failure("data-invalid", () =>
      tableDataset(lacking, { ...plain, ordered: "day", validation: 0.3 }),
    );
  });
});
