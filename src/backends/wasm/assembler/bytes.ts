/** Bytes that are written one behind the other, in an array that grows. */
export interface Bytes {
  array: Uint8Array<ArrayBuffer>;
  length: number;
}

export const noBytes = (): Bytes => ({ array: new Uint8Array(512), length: 0 });

/** Makes sure that so many more fit into the array. */
function reserve(out: Bytes, count: number): void {
  const needed = out.length + count;
  if (needed <= out.array.length) return;
  const larger = new Uint8Array(Math.max(needed, 2 * out.array.length));
  larger.set(out.array.subarray(0, out.length));
  out.array = larger;
}

export function push(out: Bytes, byte: number): void {
  if (out.length === out.array.length) reserve(out, 1);
  out.array[out.length++] = byte;
}

export function append(out: Bytes, bytes: Uint8Array): void {
  reserve(out, bytes.length);
  out.array.set(bytes, out.length);
  out.length += bytes.length;
}

/** A copy of what was written. */
export const written = ({ array, length }: Bytes): Uint8Array<ArrayBuffer> =>
  array.slice(0, length);
