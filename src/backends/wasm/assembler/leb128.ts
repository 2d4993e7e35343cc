/** LEB128, WebAssembly's integers of variable length: seven bits per byte, the lowest first. */
import { type Bytes, push } from "./bytes.ts";

/** Appends an unsigned integer below 2^53. */
export function unsigned(out: Bytes, value: number): void {
  let rest = value;
  while (rest > 127) {
    push(out, (rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  push(out, rest);
}

/** How many bytes that takes. */
export function unsignedLength(value: number): number {
  let length = 1;
  for (let rest = value; rest > 127; rest = Math.floor(rest / 128)) length++;
  return length;
}

/** Appends a signed integer: 32 bits of a number, 64 bits of a bigint. */
export function signed(out: Bytes, value: number | bigint): void {
  if (typeof value === "number") {
    let rest = value | 0;
    while (rest > 63 || rest < -64) {
      push(out, (rest & 127) | 128);
      rest >>= 7;
    }
    push(out, rest & 127);
  } else {
    let rest = BigInt.asIntN(64, value);
    while (rest > 63n || rest < -64n) {
      push(out, Number(rest & 127n) | 128);
      rest >>= 7n;
    }
    push(out, Number(rest & 127n));
  }
}
