/** LEB128, WebAssembly's integers of variable length: seven bits per byte, the lowest first. */

/** Appends an unsigned integer below 2^53. */
export function unsigned(out: number[], value: number): void {
  while (value > 127) {
    out.push((value % 128) | 128);
    value = Math.floor(value / 128);
  }
  out.push(value);
}

/** Appends a signed integer: 32 bits of a number, 64 bits of a bigint. */
export function signed(out: number[], value: number | bigint): void {
  if (typeof value === "number") {
    let rest = value | 0;
    while (rest > 63 || rest < -64) {
      out.push((rest & 127) | 128);
      rest >>= 7;
    }
    out.push(rest & 127);
  } else {
    let rest = BigInt.asIntN(64, value);
    while (rest > 63n || rest < -64n) {
      out.push(Number(rest & 127n) | 128);
      rest >>= 7n;
    }
    out.push(Number(rest & 127n));
  }
}
