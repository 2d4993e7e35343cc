import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { at } from "../../src/core/at.ts";
import { threefry2x32 } from "../../src/core/number-words.ts";
import { examples, shuffledOrder, split, splitIndices } from "../../src/data/index.ts";
import { failure } from "../support/failure.ts";

describe("shuffledOrder", () => {
  it("is the permutation that its documentation says", () => {
    fc.assert(
      fc.property(fc.nat(60), fc.nat(), fc.nat(), (n, seed, epoch) => {
        const expected = [...Array(n).keys()];
        for (let i = n - 1; i > 0; i--) {
          const r = threefry2x32(seed, 0x73687566, i, epoch)[0];
          const j = Number((BigInt(r) * BigInt(i + 1)) >> 32n);
          [expected[i], expected[j]] = [at(expected, j), at(expected, i)];
        }
        expect([...shuffledOrder(n, seed, epoch)]).toEqual(expected);
      }),
    );
  });
  it("keeps its bits", () => {
    expect([...shuffledOrder(10, 0, 0)]).toMatchInlineSnapshot(`
      [
        0,
        4,
        3,
        8,
        5,
        2,
        9,
        7,
        6,
        1,
      ]
    `);
  });
  it("moves every entry everywhere about equally often", () => {
    const counts = new Float64Array(25);
    for (let epoch = 0; epoch < 5000; epoch++) {
      shuffledOrder(5, 7, epoch).forEach((value, place) => {
        const entry = 5 * place + value;
        counts[entry] = at(counts, entry) + 1;
      });
    }
    const deviation = counts.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    // 16 degrees of freedom: 39.3 is exceeded once in a thousand times.
    expect(deviation).toBeLessThan(39.3);
  });
  it.each([-1, 0.5, 2 ** 31, Number.NaN])("refuses %d examples", (n) => {
    failure("bad-argument", () => shuffledOrder(n, 0, 0));
  });
});

describe("split", () => {
  const labels = Array.from({ length: 50 }, (_, i) => (i < 40 ? "common" : "rare"));
  const whole = examples({ inputs: labels.map((_, i) => [i]), targets: labels });
  it("divides into two parts that together are the whole", () => {
    const { train, validation } = split(whole, { validation: 0.2, seed: 1 });
    expect([train.size, validation.size]).toEqual([40, 10]);
    const rows = [...train.inputs.dataSync(), ...validation.inputs.dataSync()].sort(
      (a, b) => a - b,
    );
    expect(rows).toEqual(labels.map((_, i) => i));
    expect(validation.targets.dataSync().filter((label) => label === 1)).toHaveLength(2);
    expect(validation.classes).toEqual(["common", "rare"]);
  });
  it("depends on the seed and on nothing else", () => {
    const rows = (seed: number) => splitIndices(50, { validation: 0.2, seed }).validation;
    expect(rows(1)).toEqual(rows(1));
    expect(rows(1)).not.toEqual(rows(2));
  });
  it("keeps proportions to within one example, for any classes", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(4), { minLength: 2, maxLength: 200 }),
        fc.double({ min: 0.01, max: 0.99, noNaN: true }),
        (classes, validation) => {
          const parts = splitIndices(classes.length, { validation }, classes);
          const total = Math.min(
            classes.length - 1,
            Math.max(1, Math.round(validation * classes.length)),
          );
          expect(parts.validation).toHaveLength(total);
          expect(parts.train).toHaveLength(classes.length - total);
          for (let label = 0; label < 5; label++) {
            const all = classes.filter((other) => other === label).length;
            const some = parts.validation.filter((row) => classes[row] === label).length;
            expect(Math.abs(some - (all * total) / classes.length)).toBeLessThanOrEqual(1);
          }
        },
      ),
    );
  });
  it("refuses impossible fractions and too few examples", () => {
    for (const validation of [0, 1, -1, 2, Number.NaN]) {
      failure("bad-argument", () => split(whole, { validation }));
    }
    failure("data-empty", () => splitIndices(1, { validation: 0.5 }));
  });
});
