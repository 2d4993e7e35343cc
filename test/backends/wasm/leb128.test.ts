/** LEB128 against its definition, on random integers and on the borders of every length. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type Bytes, noBytes, written } from "../../../src/backends/wasm/assembler/bytes.ts";
import { signed, unsigned, unsignedLength } from "../../../src/backends/wasm/assembler/leb128.ts";

function decode(bytes: readonly number[], signs: boolean): bigint {
  let value = 0n;
  for (const [i, byte] of bytes.entries()) {
    // Every byte but the last says that another follows.
    expect(byte >> 7).toBe(i < bytes.length - 1 ? 1 : 0);
    value |= BigInt(byte & 127) << BigInt(7 * i);
  }
  const bits = 7 * bytes.length;
  return signs ? BigInt.asIntN(bits, value) : value;
}

const bytesOf = (write: (out: Bytes) => void): number[] => {
  const out = noBytes();
  write(out);
  return [...written(out)];
};

/** The fewest groups of seven bits that hold a value, with its sign if it has one. */
function shortest(value: bigint, signs: boolean): number {
  let groups = 1;
  while (
    signs ? BigInt.asIntN(7 * groups, value) !== value : BigInt.asUintN(7 * groups, value) !== value
  ) {
    groups++;
  }
  return groups;
}

const borders = Array.from({ length: 9 }, (_, k) => 2n ** BigInt(7 * k + 6)).flatMap((b) => [
  b - 1n,
  b,
  -b,
  -b - 1n,
]);

test("unsigned", () => {
  const check = (n: number) => {
    const bytes = bytesOf((out) => unsigned(out, n));
    expect(decode(bytes, false)).toBe(BigInt(n));
    expect(bytes.length).toBe(shortest(BigInt(n), false));
    expect(unsignedLength(n)).toBe(bytes.length);
  };
  fc.assert(fc.property(fc.nat(), check));
  fc.assert(fc.property(fc.maxSafeNat(), check));
  for (const n of [0, 127, 128, 16383, 16384, 2 ** 31, 2 ** 32 - 1]) check(n);
});

test("signed, 32 bits", () => {
  const check = (n: number) => {
    const bytes = bytesOf((out) => signed(out, n));
    expect(decode(bytes, true)).toBe(BigInt(n | 0));
    expect(bytes.length).toBe(shortest(BigInt(n | 0), true));
  };
  fc.assert(fc.property(fc.integer(), check));
  for (const n of [0, -1, 63, 64, -64, -65, 2 ** 31 - 1, -(2 ** 31), 2 ** 32 - 1]) check(n);
});

test("signed, 64 bits", () => {
  const check = (n: bigint) => {
    const bytes = bytesOf((out) => signed(out, n));
    expect(decode(bytes, true)).toBe(BigInt.asIntN(64, n));
    expect(bytes.length).toBe(shortest(BigInt.asIntN(64, n), true));
  };
  fc.assert(fc.property(fc.bigInt(-(2n ** 63n), 2n ** 64n - 1n), check));
  for (const n of borders) check(n);
});
