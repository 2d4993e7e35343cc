import { existsSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arraysOf } from "../../src/core/array-tensor.ts";
import { gunzip, idxDataset, isGzip, parseIdx, readIdx } from "../../src/data/index.ts";
import { tensor } from "../../src/ops/leaf.ts";
import { failure, harmless, rejection } from "../support/failure.ts";

const writers = {
  8: [1, (view: DataView, at: number, value: number) => view.setUint8(at, value)],
  9: [1, (view: DataView, at: number, value: number) => view.setInt8(at, value)],
  11: [2, (view: DataView, at: number, value: number) => view.setInt16(at, value)],
  12: [4, (view: DataView, at: number, value: number) => view.setInt32(at, value)],
  13: [4, (view: DataView, at: number, value: number) => view.setFloat32(at, value)],
  14: [8, (view: DataView, at: number, value: number) => view.setFloat64(at, value)],
} as const;

type Type = keyof typeof writers;

function idx(type: Type, shape: readonly number[], values: readonly number[]): Uint8Array {
  const [bytes, write] = writers[type];
  const start = 4 + 4 * shape.length;
  const view = new DataView(new ArrayBuffer(start + bytes * values.length));
  view.setUint8(2, type);
  view.setUint8(3, shape.length);
  for (const [axis, size] of shape.entries()) view.setUint32(4 + 4 * axis, size);
  for (const [i, value] of values.entries()) write(view, start + bytes * i, value);
  return new Uint8Array(view.buffer);
}

const corrupt = (bytes: Uint8Array) => failure("file-corrupt", () => parseIdx(bytes));

describe("parseIdx", () => {
  const examples: [Type, number[]][] = [
    [8, [0, 255]],
    [9, [-128, 127]],
    [11, [-32768, 32767]],
    [12, [-(2 ** 31), 2 ** 31 - 1]],
    [13, [0.5, -1.25]],
    [14, [0.1, -1e300]],
  ];
  it.each(examples)("reads element type %i", (type, values) => {
    const tensor = parseIdx(idx(type, [2], values));
    expect(tensor.dtype).toBe(type === 13 ? "f32" : type === 14 ? "f64" : "i32");
    expect([...tensor.dataSync()]).toEqual(values);
  });
  it("reads bytes in the middle of a buffer", () => {
    const bytes = new Uint8Array(40);
    bytes.set(idx(14, [1, 2], [1, 2]), 3);
    expect(parseIdx(bytes.subarray(3, 31))).toMatchObject({ shape: [1, 2] });
  });
  it("refuses headers that lie", () => {
    const good = idx(8, [2, 2], [1, 2, 3, 4]);
    corrupt(good.subarray(0, 15));
    corrupt(good.subarray(0, 9));
    corrupt(good.subarray(0, 3));
    corrupt(new Uint8Array(0));
    corrupt(Uint8Array.of(...good, 0));
    corrupt(Uint8Array.of(0, 1, ...good.subarray(2)));
    corrupt(Uint8Array.of(0, 0, 10, ...good.subarray(3)));
    corrupt(Uint8Array.of(0, 0, 8, 0, 1));
    expect(corrupt(idx(8, [3, 2], [1, 2, 3, 4])).message).toContain("shorter");
    expect(corrupt(gzipSync(good)).fix).toContain("readIdx");
  });
  it("refuses absurd dimensions without allocating", () => {
    const most = 2 ** 32 - 1;
    corrupt(idx(8, [most], [1]));
    corrupt(idx(14, [most, most, most], [1]));
    corrupt(idx(14, Array(255).fill(most), [1]));
    const absurd = corrupt(idx(8, [most, most, 4], [1]));
    expect(absurd.expected).toBe(
      `more bytes than any file has for the shape [${most}, ${most}, 4]`,
    );
    // A product that is 0 modulo 2^64.
    corrupt(idx(8, [2 ** 31, 2 ** 31, 4], []));
    corrupt(idx(8, [0, most, most], [1]));
  });
  it("ends in a tensor or in a ChainruleError, whatever is cut off or changed", () => {
    const good = idx(13, [2, 3], [1, 2, 3, 4, 5, 6]);
    fc.assert(
      fc.property(
        fc.nat(good.length),
        fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 4 }),
        (length, changes) => {
          const bytes = good.slice(0, length);
          for (const [at, value] of changes) if (at < length) bytes[at] = value;
          harmless(() => {
            // At most four bytes for each byte of the file.
            expect(parseIdx(bytes).dataSync().byteLength).toBeLessThanOrEqual(4 * bytes.length);
          });
        },
      ),
      { numRuns: 2000 },
    );
    fc.assert(fc.property(fc.uint8Array(), (bytes) => harmless(() => parseIdx(bytes))));
  });
});

describe("idxDataset", () => {
  const images = parseIdx(idx(8, [2, 1, 2], [0, 255, 51, 102]));
  const labels = parseIdx(idx(8, [2], [1, 0]));
  it("scales, flattens and names the classes", () => {
    const flat = idxDataset(images, labels);
    const misspelt = () => idxDataset(images, labels, { flaten: false } as never);
    expect(failure("bad-argument", misspelt).fix).toBe('Did you mean "flatten"?');
    expect(flat.inputs).toMatchObject({ dtype: "f32", shape: [2, 2] });
    expect([...flat.inputs.dataSync()]).toEqual([0, 1, 0.2, 0.4].map(Math.fround));
    expect(flat.targets).toMatchObject({ dtype: "i32", shape: [2] });
    expect(flat.classes).toEqual(["0", "1"]);
    const square = idxDataset(images, labels, {
      flatten: false,
      dtype: "f64",
      scale: 1,
      classes: 10,
    });
    expect(square.inputs).toMatchObject({ dtype: "f64", shape: [2, 1, 2] });
    expect(square.inputs.dataSync()[1]).toBe(255);
    expect(square.classes).toHaveLength(10);
    const floats = parseIdx(idx(13, [2, 1], [0.5, 2]));
    expect([...idxDataset(floats, labels).inputs.dataSync()]).toEqual([0.5, 2]);
  });
  it("names the pixel that is none", () => {
    const pixels = Array.from({ length: 24 }, (_, i) => (i === 17 ? Number.NaN : i));
    const broken = parseIdx(idx(14, [2, 3, 4], pixels));
    const two = parseIdx(idx(8, [2], [1, 0]));
    const error = failure("data-invalid", () => idxDataset(broken, two));
    expect(error.found).toBe("NaN in image 1 at [1, 1], counted from 0");
    const large = parseIdx(idx(14, [2, 1], [1, 1e300]));
    const overflow = failure("data-invalid", () => idxDataset(large, two));
    expect(overflow.message).toMatch(/^A pixel is not finite in f32\.\n/);
    expect(overflow.found).toBe("1e+300 in image 1 at 0, counted from 0");
  });
  it("refuses images without pixels, and no images", () => {
    const ten = tensor(new Int32Array(10), { shape: [10] });
    const none = (...shape: number[]) => tensor(new Int32Array(0), { shape });
    const flat = failure("data-invalid", () => idxDataset(none(10, 0, 4), ten));
    expect(flat.found).toBe("the shape [10, 0, 4]");
    expect(failure("data-empty", () => idxDataset(none(0, 4, 4), ten)).found).toContain(
      "[0, 4, 4]",
    );
  });
  it("refuses what does not fit together", () => {
    failure("data-invalid", () => idxDataset(images, parseIdx(idx(8, [3], [1, 0, 1]))));
    failure("data-invalid", () => idxDataset(labels, images));
    failure("data-invalid", () => idxDataset(images, parseIdx(idx(13, [2], [1, 0]))));
    failure("index-out-of-range", () => idxDataset(images, labels, { classes: 1 }));
    failure("index-out-of-range", () => idxDataset(images, parseIdx(idx(9, [2], [-1, 0]))));
    failure("index-out-of-range", () =>
      idxDataset(images, parseIdx(idx(12, [2], [2 ** 31 - 1, 0]))),
    );
    failure("data-invalid", () => idxDataset(parseIdx(idx(13, [2, 1], [Number.NaN, 2])), labels));
    failure("bad-argument", () => idxDataset(images, labels, { scale: Infinity }));
    failure("bad-argument", () => idxDataset(images, labels, { dtype: "i32" as "f32" }));
    for (const classes of [0, 1e12, 2.5]) {
      failure("bad-argument", () => idxDataset(images, labels, { classes }));
    }
    const none = tensor(new Int32Array(0), { shape: [0, 4] });
    const noLabels = tensor(new Int32Array(0), { shape: [0] });
    failure("data-empty", () => idxDataset(none, noLabels));
  });
});

describe("gunzip", () => {
  const text = new TextEncoder().encode("hello ".repeat(20_000));
  const packed = new Uint8Array(gzipSync(text));
  it("unpacks", async () => {
    expect(isGzip(packed)).toBe(true);
    expect(await gunzip(packed)).toEqual(text);
    expect(await gunzip(new Uint8Array(gzipSync("")))).toEqual(new Uint8Array(0));
    const tensor = await readIdx(new Uint8Array(gzipSync(idx(8, [2], [1, 2]))));
    expect([...tensor.dataSync()]).toEqual([1, 2]);
    expect(arraysOf(await readIdx(idx(8, [2], [1, 2])))).toEqual(arraysOf(tensor));
  });
  it("refuses what is damaged", async () => {
    await rejection("file-corrupt", gunzip(text));
    await rejection("file-corrupt", gunzip(new Uint8Array(0)));
    await rejection("file-corrupt", gunzip(Uint8Array.of(...packed, 1, 2, 3)));
    await rejection("file-corrupt", gunzip(Uint8Array.of(...packed, ...packed)));
    for (const length of [3, 9, 10, 17, 18, packed.length - 9, packed.length - 1]) {
      await rejection("file-corrupt", gunzip(packed.subarray(0, length)));
    }
    for (const at of [10, packed.length >> 1, packed.length - 6, packed.length - 1]) {
      const changed = packed.slice();
      changed.set([Number(packed[at]) ^ 0x55], at);
      await rejection("file-corrupt", gunzip(changed));
    }
  });
  it("stops a bomb as soon as it exceeds the limit", async () => {
    const bomb = new Uint8Array(gzipSync(new Uint8Array(2 ** 28)));
    expect(bomb.length).toBeLessThan(300_000);
    const before = process.memoryUsage().rss;
    await rejection("too-large", gunzip(bomb, 2 ** 20));
    expect(process.memoryUsage().rss - before).toBeLessThan(100e6);
    await rejection("too-large", gunzip(packed, text.length - 1));
    expect(await gunzip(packed, text.length)).toHaveLength(text.length);
  });
  it("is unpacked no further than an IDX file's header says", async () => {
    const length = 2 ** 28;
    const file = new Uint8Array(length);
    file.set(idx(8, [10, 4, 4], Array(160).fill(7)));
    const bomb = new Uint8Array(gzipSync(file));
    const before = process.memoryUsage().rss;
    const error = await rejection("file-corrupt", readIdx(bomb));
    expect(error.message).toContain("longer than its header says");
    expect(error.expected).toBe("176 bytes for the shape [10, 4, 4]");
    expect(Number(/^(\d+) bytes or more$/.exec(error.found ?? "")?.[1])).toBeLessThan(2 ** 20);
    expect(process.memoryUsage().rss - before).toBeLessThan(100e6);
  });
  it("is not unpacked behind a header that no file can have", async () => {
    const file = new Uint8Array(2 ** 26);
    file.set(idx(14, [2 ** 32 - 1, 2 ** 32 - 1], []));
    const error = await rejection("file-corrupt", readIdx(new Uint8Array(gzipSync(file))));
    expect(error.message).toContain("shorter than its header says");
    expect(error.expected).toContain("more bytes than any file has");
  });
  it("is an IDX file of any length, also one that ends early", async () => {
    const rows = Array.from({ length: 100_000 }, (_, i) => i % 256);
    const good = idx(8, [rows.length], rows);
    expect([...(await readIdx(new Uint8Array(gzipSync(good)))).dataSync()]).toEqual(rows);
    for (const cut of [0, 3, 7, 8, 99_999]) {
      const short = new Uint8Array(gzipSync(good.subarray(0, cut)));
      await rejection("file-corrupt", readIdx(short));
    }
    await rejection("too-large", readIdx(new Uint8Array(gzipSync(good)), 50_000));
  });
  it("leaves no rejection unhandled, whatever is cut off or changed", async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => unhandled.push(reason);
    process.on("unhandledRejection", note);
    try {
      await fc.assert(
        fc.asyncProperty(
          fc.nat(packed.length),
          fc.nat(packed.length - 1),
          fc.nat(255),
          async (length, at, value) => {
            const bytes = packed.slice(0, length);
            if (at >= 3 && at < length) bytes[at] = value;
            await gunzip(bytes, 200_000).then(
              () => {},
              (error) => expect(["file-corrupt", "too-large"]).toContain(error.code),
            );
          },
        ),
        { numRuns: 300 },
      );
      await new Promise((resolve) => setTimeout(resolve, 50));
    } finally {
      process.off("unhandledRejection", note);
    }
    expect(unhandled).toEqual([]);
  });
});

const mnist = new URL("../../../shared/data/mnist/", import.meta.url);

describe.skipIf(!existsSync(mnist))("MNIST", () => {
  it("is ten thousand digits", async () => {
    const file = (name: string) => readIdx(readFileSync(new URL(name, mnist)));
    const images = await file("t10k-images-idx3-ubyte.gz");
    const digits = idxDataset(images, await file("t10k-labels-idx1-ubyte.gz"));
    expect(images.shape).toEqual([10_000, 28, 28]);
    expect(digits.inputs.shape).toEqual([10_000, 784]);
    expect(digits.classes).toHaveLength(10);
    expect([...digits.targets.dataSync().slice(0, 5)]).toEqual([7, 2, 1, 0, 4]);
    let most = 0;
    for (const value of digits.inputs.dataSync()) most = Math.max(most, value);
    expect(most).toBe(1);
  });
});
