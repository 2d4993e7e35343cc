/** Bytes that are written one behind the other, in an array that grows. */
export class Bytes {
  #array = new Uint8Array(512);
  length = 0;

  push(byte: number): void {
    if (this.length === this.#array.length) this.#reserve(1);
    this.#array[this.length++] = byte;
  }

  append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#array.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** A copy of what was written. */
  written(): Uint8Array<ArrayBuffer> {
    return this.#array.slice(0, this.length);
  }

  #reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.#array.length) return;
    const larger = new Uint8Array(Math.max(needed, 2 * this.#array.length));
    larger.set(this.#array.subarray(0, this.length));
    this.#array = larger;
  }
}
