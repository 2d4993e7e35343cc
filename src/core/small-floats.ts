/** Floating-point numbers of 8 and 16 bits, from their bits: each has an exact f32. */

const scratch = /* @__PURE__ */ new DataView(/* @__PURE__ */ new ArrayBuffer(8));

/** 2ⁿ for −1022 ≤ n ≤ 1023, by its bits. */
export function powerOfTwo(n: number): number {
  scratch.setUint32(0, (n + 1023) << 20);
  scratch.setUint32(4, 0);
  return scratch.getFloat64(0);
}

/** (−1)ˢ · 1.f · 2^(e − bias), or 0.f · 2^(1 − bias) where e = 0: IEEE 754 without its infinities. */
export function float(
  bits: number,
  exponentBits: number,
  fractionBits: number,
  bias: number,
): number {
  const exponent = (bits >> fractionBits) & ((1 << exponentBits) - 1);
  const fraction = bits & ((1 << fractionBits) - 1);
  const whole = exponent === 0 ? fraction : fraction + (1 << fractionBits);
  const value = whole * powerOfTwo(Math.max(exponent, 1) - bias - fractionBits);
  return bits >> (exponentBits + fractionBits) ? -value : value;
}

/** With infinities, and NaN behind them. */
export function ieee(bits: number, exponentBits: number, fractionBits: number): number {
  const magnitude = bits & ((1 << (exponentBits + fractionBits)) - 1);
  const infinity = ((1 << exponentBits) - 1) << fractionBits;
  if (magnitude > infinity) return Number.NaN;
  if (magnitude === infinity) return magnitude === bits ? Infinity : -Infinity;
  return float(bits, exponentBits, fractionBits, (1 << (exponentBits - 1)) - 1);
}

/** bfloat16: the upper half of a binary32. */
export function brain(bits: number): number {
  scratch.setUint32(0, bits << 16);
  return scratch.getFloat32(0);
}
