import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { partnerAt, threefry2x32 } from "../../src/core/number-words.ts";
import { normalAt, seedKey, uniformAt } from "../../src/core/random.ts";
import { failure } from "../support/failure.ts";

const u32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });

describe("threefry2x32", () => {
  // Random123, tests/kat_vectors: "threefry2x32 20", counter, key, result.
  it.each([
    [0, 0, 0, 0, 0x6b200159, 0x99ba4efe],
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x1cb996fc, 0xbb002be7],
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xc4923a9c, 0x483df7a0],
  ])("gives the known answer for counter %i %i", (counter0, counter1, key0, key1, x0, x1) => {
    expect(threefry2x32(key0, key1, counter0, counter1)).toEqual([x0, x1]);
  });
});

describe("partnerAt", () => {
  it("is the upper half of the exact product of a random word and i + 1", () => {
    const large = fc.integer({ min: 0, max: 2 ** 31 - 2 });
    fc.assert(
      fc.property(u32, u32, large, u32, (key0, key1, i, epoch) => {
        const [word] = threefry2x32(key0, key1 ^ 0x73687566, i, epoch);
        const product = BigInt(word) * BigInt(i + 1);
        expect(partnerAt(key0, key1, i, epoch)).toBe(Number(product >> 32n));
      }),
    );
  });
});

describe("keyOf", () => {
  it("is the seed's low and high word", () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (seed) => {
        const [low, high] = seedKey(seed);
        expect(BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low >>> 0))).toBe(BigInt(seed));
      }),
    );
  });
  it.each([0.5, Number.NaN, Infinity, 2 ** 53])("refuses the seed %d", (seed) => {
    failure("bad-argument", () => seedKey(seed));
  });
});

describe("uniformAt and normalAt", () => {
  it("lies in [0, 1), is a multiple of 2^-53, and has the right moments", () => {
    let sum = 0;
    let squares = 0;
    for (let i = 0; i < 20_000; i++) {
      const u = uniformAt(3, 1, i);
      expect(u >= 0 && u < 1 && Number.isInteger(u * 2 ** 53)).toBe(true);
      sum += u;
      squares += u * u;
    }
    expect(sum / 20_000).toBeCloseTo(0.5, 2);
    expect(squares / 20_000).toBeCloseTo(1 / 3, 2);
  });
  it("has independent streams and seeds", () => {
    const some = [uniformAt(0, 0, 0), uniformAt(0, 1, 0), uniformAt(1, 0, 0), uniformAt(0, 0, 1)];
    expect(new Set(some).size).toBe(4);
    expect(uniformAt(2 ** 32, 0, 0)).not.toBe(uniformAt(0, 0, 0));
  });
  it("keeps its bits", () => {
    expect(uniformAt(0, 0, 0)).toBe(((0x6b200159 >>> 5) * 2 ** 26 + (0x99ba4efe >>> 6)) / 2 ** 53);
  });
  it("draws normal numbers", () => {
    const values = Array.from({ length: 20_000 }, (_, i) => normalAt(5, 0, i));
    const mean = values.reduce((a, b) => a + b) / values.length;
    const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length;
    expect(mean).toBeCloseTo(0, 1);
    expect(variance).toBeCloseTo(1, 1);
    expect(values.filter((v) => Math.abs(v) < 1).length / values.length).toBeCloseTo(0.6827, 1);
  });
});
