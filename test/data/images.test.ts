import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { ErrorCode } from "../../src/core/errors.ts";
import {
  type DecodedImage,
  decodeImage,
  type ImageFile,
  imageBatches,
  imageFolder,
  imageTensor,
} from "../../src/data/index.ts";
import {
  adam,
  crossEntropy,
  flatten,
  linear,
  sequential,
  stream,
  trainer,
} from "../../src/index.ts";
// @ts-expect-error: a script without types
import { withChecksums } from "../../tools/mutations.mjs";
import { rejection } from "../support/failure.ts";
import { bars, crc, greyPng, pngOf } from "../support/images.ts";
import { mutated } from "../support/mutations.ts";

interface Recorded {
  readonly files: Readonly<
    Record<
      string,
      { width: number; height: number; channels: number; bits: number; pixels: string }
    >
  >;
  readonly stretched: readonly { size: [number, number]; values: number[] }[];
  readonly cropped: readonly { size: [number, number]; values: number[] }[];
}

const fixtures = new URL("../fixtures/images/", import.meta.url);
const bytesOf = (name: string) => new Uint8Array(readFileSync(new URL(name, fixtures)));
const recorded = JSON.parse(readFileSync(new URL("expected.json", fixtures), "utf8")) as Recorded;
const failureLater = (code: ErrorCode, call: () => Promise<unknown>) => rejection(code, call());
const folder = mkdtempSync(join(tmpdir(), "chainrule-images-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("decodeImage", () => {
  it.each(Object.entries(recorded.files))("decodes %s as Pillow does", async (name, expected) => {
    const { data, ...size } = await decodeImage(bytesOf(name));
    const { width, height, channels, bits } = expected;
    expect(size).toEqual({ width, height, channels });
    const bytes = Uint8Array.from(Buffer.from(expected.pixels, "base64"));
    const pixels = bits === 16 ? new Uint16Array(bytes.buffer) : bytes;
    expect(data.constructor).toBe(pixels.constructor);
    expect([...data]).toEqual([...pixels]);
  });

  it("reads every byte of a file, of a shared buffer, or of a part of one", async () => {
    const bytes = bytesOf("half.jpg");
    const shared = new Uint8Array(new SharedArrayBuffer(bytes.length + 5), 5);
    shared.set(bytes);
    expect((await decodeImage(shared)).data).toEqual((await decodeImage(bytes)).data);
    const png = bytesOf("filters.png");
    const part = new Uint8Array(new SharedArrayBuffer(png.length + 3), 3);
    part.set(png);
    expect((await decodeImage(part)).data).toEqual((await decodeImage(png)).data);
  });

  it("takes what follows the last part, and what stands between parts, as libjpeg does", async () => {
    const bytes = bytesOf("half.jpg");
    const { data } = await decodeImage(bytes);
    const behind = Uint8Array.of(...bytes, 1, 2, 3);
    expect((await decodeImage(behind)).data).toEqual(data);
    const between = Uint8Array.of(...bytes.subarray(0, 20), 7, 7, ...bytes.subarray(20));
    expect((await decodeImage(between)).data).toEqual(data);
    const png = bytesOf("filters.png");
    expect((await decodeImage(Uint8Array.of(...png, 9))).data).toEqual(
      (await decodeImage(png)).data,
    );
  });

  it("knows the size before it decodes", async () => {
    const name = "filters.png";
    const many = await failureLater("too-large", () =>
      decodeImage(bytesOf(name), { maxPixels: 208 }),
    );
    expect(many.found).toBe("19 · 11");
    await decodeImage(bytesOf(name), { maxPixels: 209 });
    await failureLater("too-large", () => decodeImage(bytesOf("half.jpg"), { maxPixels: 208 }));
    // What is small cannot say that it is large.
    const png = changedHeader(bytesOf("grey.png"), 8000, 8000);
    const odd = await failureLater("file-corrupt", () => decodeImage(png));
    expect(odd.message).toContain("cannot have as many pixels");
    const jpeg = bytesOf("half.jpg");
    const frame = jpeg.findIndex((byte, i) => byte === 0xff && jpeg[i + 1] === 0xc0);
    jpeg.set([0x1f, 0x40, 0x1f, 0x40], frame + 5);
    const lie = await failureLater("file-corrupt", () => decodeImage(jpeg));
    expect(lie.message).toContain("cannot have as many pixels");
  });

  it("unpacks no further than the pixels go", async () => {
    const packed = new Blob([new Uint8Array(2 ** 25)])
      .stream()
      .pipeThrough(new CompressionStream("deflate"));
    const bomb = new Uint8Array(await new Response(packed).arrayBuffer());
    const bytes = pngOf(19, 11, bomb);
    expect(bytes.length).toBeLessThan(40_000);
    const error = await failureLater("file-corrupt", () => decodeImage(bytes));
    expect(error.expected).toBe("220 bytes");
  });

  it("refuses what is damaged, cut off, or of another format", async () => {
    const png = bytesOf("filters.png");
    const jpeg = bytesOf("half.jpg");
    for (const cut of [png.length - 1, 200, 40, 8]) {
      await failureLater("file-corrupt", () => decodeImage(png.slice(0, cut)));
    }
    for (const cut of [jpeg.length - 1, 700, 300, 40, 3]) {
      await failureLater("file-corrupt", () => decodeImage(jpeg.slice(0, cut)));
    }
    await failureLater("file-corrupt", () => decodeImage(new Uint8Array()));
    await failureLater("file-corrupt", () => decodeImage(new TextEncoder().encode("GIF89a")));
    const print = await failureLater("unsupported", () => decodeImage(bytesOf("print.jpg")));
    expect(print.found).toContain("CMYK");
    // Codes that mean nothing: libjpeg would go on with grey.
    const scan = jpeg.findIndex((byte, i) => byte === 0xff && jpeg[i + 1] === 0xda);
    const early = Uint8Array.of(...jpeg.subarray(0, scan + 30), 0xff, 0xd9);
    const broken = await failureLater("file-corrupt", () => decodeImage(early));
    expect(broken.found).toMatch(/premature/i);
  });

  it("takes a decoder that is passed, and looks at what it gives", async () => {
    const bytes = bytesOf("half.jpg");
    const data = new Uint8ClampedArray(4 * 209).fill(7);
    const made = await decodeImage(bytes, { decodeJpeg: () => ({ width: 19, height: 11, data }) });
    expect(made).toMatchObject({ width: 19, height: 11, channels: 3 });
    expect(made.data.every((x) => x === 7)).toBe(true);
    const turned = () => ({ width: 11, height: 19, data });
    await failureLater("bad-argument", () => decodeImage(bytes, { decodeJpeg: turned }));
    await failureLater("bad-argument", () =>
      decodeImage(bytes, { decodeJpeg: (() => 1) as never }),
    );
  });

  it("survives 1,000 files with something changed", async () => {
    const names = readdirSync(fixtures).filter((name) => /\.(png|jpg)$/.test(name));
    for (const name of names) {
      await mutated(name, bytesOf(name), Math.ceil(1000 / names.length), (bytes) =>
        decodeImage(name.endsWith("png") ? withChecksums(bytes) : bytes, { maxPixels: 2 ** 20 }),
      );
    }
  });
});

/** A PNG file of grey pixels with other sizes in its header. */
function changedHeader(bytes: Uint8Array, width: number, height: number): Uint8Array {
  const view = new DataView(bytes.buffer);
  view.setUint32(16, width);
  view.setUint32(20, height);
  view.setUint32(29, crc(bytes.subarray(12, 29)));
  return bytes;
}

/** The recorded plane: the first samples of alpha.png. */
async function plane(): Promise<DecodedImage> {
  const { width, height, data } = await decodeImage(bytesOf("alpha.png"));
  return {
    width,
    height,
    channels: 1,
    data: Uint8Array.from({ length: width * height }, (_, i) => data[4 * i] ?? 0),
  };
}

describe("resizing", () => {
  const resized = async (size: [number, number], fit: "stretch" | "crop") => {
    const { width, data } = await plane();
    const bytes = await greyPng(width, 11, (x, y) => data[y * width + x] ?? 0);
    const tensor = await imageTensor([{ path: "a.png", bytes }], {
      ...{ size, fit, channels: 1, dtype: "f64", deviation: 1 / 255 },
    });
    expect(tensor.shape).toEqual([1, 1, ...size]);
    return [...tensor.dataSync()];
  };
  it.each(recorded.stretched)("stretches to $size as PyTorch does", async ({ size, values }) => {
    const found = await resized(size, "stretch");
    // Both sum in f64 what is at most 255; a few roundings apart.
    for (const [i, value] of values.entries())
      expect(Math.abs(found[i]! - value)).toBeLessThan(1e-12 * 255);
  });
  it.each(recorded.cropped)("cuts off for $size as Pillow does", async ({ size, values }) => {
    const found = await resized(size, "crop");
    // Pillow keeps f32 between the two directions: 255 · 2^-24 each time.
    for (const [i, value] of values.entries())
      expect(Math.abs(found[i]! - value)).toBeLessThan(4e-5);
  });
  it("makes grey, keeps or doubles channels, and scales each", async () => {
    const bytes = bytesOf("colours.png");
    const { data } = await decodeImage(bytes);
    const [r = 0, g = 0, b = 0] = data;
    const file: ImageFile = { path: "x", bytes };
    const grey = await imageTensor([file], { channels: 1, dtype: "f64" });
    expect(grey.shape).toEqual([1, 1, 11, 19]);
    expect(grey.dataSync()[0]).toBeCloseTo((0.299 * r + 0.587 * g + 0.114 * b) / 255, 14);
    const scaled = await imageTensor([file], {
      ...{ mean: [0.5, 0.25, 0], deviation: [0.5, 1, 2], dtype: "f64", flatten: true },
    });
    expect(scaled.shape).toEqual([1, 3 * 209]);
    const first = [0, 1, 2].map((k) => scaled.dataSync()[209 * k]);
    const expected = [(r / 255 - 0.5) / 0.5, g / 255 - 0.25, b / 255 / 2];
    for (const [k, value] of expected.entries()) expect(first[k]).toBeCloseTo(value, 14);
    const three = await imageTensor([{ path: "g", bytes: bytesOf("grey-alpha.png") }], {});
    const numbers = three.dataSync();
    expect(numbers.subarray(0, 209)).toEqual(numbers.subarray(418));
    const deep = await imageTensor([{ path: "d", bytes: bytesOf("deep.png") }], {
      channels: 1,
      dtype: "f64",
    });
    const { data: samples } = await decodeImage(bytesOf("deep.png"));
    expect(deep.dataSync()[5]).toBe((samples[5] ?? 0) / 65535);
  });
});

describe("imageFolder", () => {
  it("reads a folder for each class, in the order of paths", async () => {
    const files = await bars(12);
    for (const { path, bytes } of files) {
      const own = join(folder, "bars", path);
      mkdirSync(join(own, ".."), { recursive: true });
      writeFileSync(own, bytes as Uint8Array);
    }
    mkdirSync(join(folder, "bars/down/more"));
    writeFileSync(join(folder, "bars/down/more/x.JPG"), bytesOf("half.jpg"));
    writeFileSync(join(folder, "bars/readme.txt"), "words");
    writeFileSync(join(folder, "bars/down/.hidden.png"), "x");
    const counts: number[] = [];
    const made = await imageFolder(join(folder, "bars"), {
      ...{ size: 8, channels: 1, onImage: (done: number) => counts.push(done) },
    });
    expect(made.files).toHaveLength(13);
    expect(made.files[0]).toBe("across/001.png");
    expect(made.files.at(-1)).toBe("down/more/x.JPG");
    expect(made.notes).toEqual(["1 file is no image, and left out."]);
    expect(made.data).toMatchObject({ size: 13, classes: ["across", "down"] });
    expect(made.data.inputs).toMatchObject({ dtype: "f32", shape: [13, 1, 8, 8] });
    expect([...made.data.targets.dataSync()]).toEqual([0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1]);
    expect(counts.at(-1)).toBe(13);
    const turned = await imageFolder(join(folder, "bars"), {
      size: 8,
      classes: ["down", "across"],
    });
    expect(turned.data.targets.dataSync()[0]).toBe(1);
    // Blocks have the same numbers.
    const blocks = imageBatches(join(folder, "bars"), { size: 8, channels: 1, batchSize: 5 });
    const all: number[] = [];
    for await (const { inputs, size } of blocks) {
      expect(size).toBeLessThanOrEqual(5);
      all.push(...inputs.dataSync());
    }
    expect(all).toEqual([...made.data.inputs.dataSync()]);
  });

  it("names the file that is wrong", async () => {
    const files = await bars(2);
    const broken = { path: "down/broken.png", bytes: bytesOf("grey.png").slice(0, 60) };
    const error = await failureLater("file-corrupt", () =>
      imageFolder([...files, broken], { size: 8 }),
    );
    expect(error.where).toBe("down/broken.png");
    const other = await failureLater("data-invalid", () =>
      imageFolder([...files, { path: "b/x", bytes: bytesOf("grey.png") }]),
    );
    expect(other.where).toBe("across/001.png");
    expect(other.fix).toContain("size: [8, 8]");
    const place = join(folder, "wrong");
    mkdirSync(join(place, "a"), { recursive: true });
    writeFileSync(join(place, "a/one.png"), "no image");
    const disk = await failureLater("file-corrupt", () => imageFolder(place, { size: 4 }));
    expect(disk.where).toBe(`${place}/a/one.png`);
    writeFileSync(join(place, "a/two.webp"), "no image");
    await failureLater("unsupported", () => imageFolder(place, { size: 4 }));
    const loose = await failureLater("data-invalid", () =>
      imageFolder(files.map((f) => ({ ...f, path: "one.png" }))),
    );
    expect(loose.fix).toContain("folder of its class");
    await failureLater("data-invalid", () => imageFolder(files, { classes: ["up", "across"] }));
    mkdirSync(join(folder, "empty"));
    await failureLater("data-empty", () => imageFolder(join(folder, "empty")));
    await failureLater("file-unreadable", () => imageFolder(join(folder, "nowhere")));
  });

  it("refuses settings that mean nothing", async () => {
    const files = await bars(2);
    for (const options of [
      { size: 0 },
      { size: [8] },
      { size: 1e9 },
      { channels: 2 },
      { fit: "pad" },
      { mean: [1, 2] },
      { deviation: 0 },
      { dtype: "i32" },
      { flatten: 1 },
      { maxPixels: -1 },
      { classes: ["down", "down"] },
      { sizes: 3 },
    ]) {
      await failureLater("bad-argument", () => imageFolder(files, options as never));
    }
    await failureLater("bad-argument", () => imageFolder(7 as never));
    await failureLater("bad-argument", () => imageFolder([{ path: "a/b" }] as never));
    const batches = imageBatches(files, { batchSize: 0 });
    await failureLater("bad-argument", () => batches.next());
    const stop = new AbortController();
    stop.abort(new Error("enough"));
    await expect(imageFolder(files, { size: 8, signal: stop.signal })).rejects.toThrow("enough");
  });

  it("trains, from memory and as a stream", async () => {
    const files = await bars(32);
    const form = { size: 8, channels: 1 } as const;
    const { data } = await imageFolder(files, form);
    const model = sequential(flatten(), linear(64, 2));
    const make = () =>
      trainer(model, { loss: crossEntropy, optimizer: adam({ learningRate: 0.02 }), seed: 3 });
    const whole = make();
    await whole.fit(data, { epochs: 25 });
    expect(whole.evaluate(data).accuracy).toBeGreaterThan(0.9);
    const flow = make();
    const source = (epoch: number) =>
      imageBatches(files, { ...form, batchSize: 16, shuffle: epoch });
    await flow.fit(stream(source, { classes: data.classes ?? [] }), { epochs: 25, batchSize: 16 });
    expect(flow.evaluate(data).accuracy).toBeGreaterThan(0.9);
  });
});
