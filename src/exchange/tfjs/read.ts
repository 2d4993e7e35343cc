/** Models of TensorFlow.js: model.json, and the files of weights beside it. */
import { type ArrayTensor, checkedSize } from "../../core/array-tensor.ts";
import { allocate } from "../../core/dtype.ts";
import { fail } from "../../core/errors.ts";
import { isRecord, isText } from "../../core/kinds.ts";
import type { Shape } from "../../core/shape.ts";
import { ieee } from "../../core/small-floats.ts";
import { shown } from "../../core/wording.ts";
import type { ByteSource } from "../../files/byte-source.ts";
import { elementsFromBytes } from "../elements.ts";
import type { ForeignFile, ForeignFormat, ForeignModel, ForeignTensor } from "../foreign.ts";
import { field } from "../keras/config.ts";
import { jsonOf } from "../read-json.ts";

/** How elements are written that are not stored as they are: q·scale + min. */
interface Quantization {
  readonly dtype: "uint8" | "uint16" | "float16";
  readonly scale: number;
  readonly min: number;
}

/** Our names of element types, and their bytes. */
const types: Readonly<Record<string, readonly [name: string, bytes: number]>> = {
  float32: ["F32", 4],
  int32: ["I32", 4],
  bool: ["BOOL", 1],
  float16: ["F16", 2],
  uint8: ["U8", 1],
  uint16: ["U16", 2],
};

/** A tensor of a manifest, and where it stands among the bytes of its group. */
interface Entry {
  readonly name: string;
  readonly shape: Shape;
  readonly dtype: string;
  readonly quantization?: Quantization;
  readonly from: number;
  readonly to: number;
}

const odd = (name: unknown, what: string, expected: string, found: unknown): never =>
  fail("file-corrupt", {
    message: `The weights manifest describes ${shown(name)} by ${what} that cannot be.`,
    expected,
    found: shown(found),
  });

function quantizationOf(name: unknown, given: unknown): Quantization | undefined {
  if (given === undefined) return undefined;
  const [dtype, scale = 1, min = 0] = ["dtype", "scale", "min"].map((key) => field(given, key));
  const known = dtype === "uint8" || dtype === "uint16" || dtype === "float16";
  if (!known || !Number.isFinite(scale) || !Number.isFinite(min))
    return odd(name, "a quantization", "uint8, uint16 or float16 with scale and min", dtype);
  return { dtype, scale: Number(scale), min: Number(min) };
}

function entryOf(spec: unknown, from: number): Entry {
  const [name, shape, dtype] = ["name", "shape", "dtype"].map((key) => field(spec, key));
  if (!isText(name)) return odd(name, "a name", "a text", name);
  const size = Array.isArray(shape) ? checkedSize(shape as number[]) : undefined;
  if (size === undefined) return odd(name, "a shape", "whole numbers from 0 on", shape);
  if (!isText(dtype)) return odd(name, "a type", "a text", dtype);
  const quantization = quantizationOf(name, field(spec, "quantization"));
  const stored = quantization?.dtype ?? dtype;
  const known = Object.hasOwn(types, stored) ? types[stored] : undefined;
  if (known === undefined) {
    return fail("unsupported", {
      message: `The weights ${shown(name)} are of a type that is not read.`,
      expected: Object.keys(types).join(", "),
      found: stored,
    });
  }
  const to = from + size * known[1];
  const more = quantization ? { quantization } : {};
  return { name, shape: shape as number[], dtype, from, to, ...more };
}

/** Several files one behind the other, opened when they are needed. */
function joinedFiles(source: ByteSource, paths: readonly string[]) {
  let opened: Promise<{ from: number; file: ByteSource }[]> | undefined;
  const open = async () => {
    const files: { from: number; file: ByteSource }[] = [];
    let from = 0;
    for (const path of paths) {
      const file = await source.beside(path);
      files.push({ from, file });
      from += file.size;
    }
    return files;
  };
  return async (from: number, to: number, total: number): Promise<Uint8Array> => {
    opened ??= open();
    const files = await opened;
    const size = files.reduce((sum, { file }) => sum + file.size, 0);
    if (size !== total) {
      fail("file-corrupt", {
        message: "The files of weights have another size than the manifest says.",
        expected: `${total} bytes in ${paths.length === 1 ? shown(paths[0]) : `${paths.length} files`}`,
        found: `${size}`,
      });
    }
    const bytes = allocate("bool", to - from) as Uint8Array;
    for (const { from: begin, file } of files) {
      const [a, b] = [Math.max(from, begin), Math.min(to, begin + file.size)];
      if (a < b) bytes.set(await file.read(a - begin, b - begin), a - from);
    }
    return bytes;
  };
}

/** Elements that were quantized, as TensorFlow.js has them: q·scale + min, rounded to f32. */
function dequantized({ shape, dtype, quantization }: Entry, bytes: Uint8Array): ArrayTensor {
  const { dtype: stored, scale, min } = quantization ?? { dtype: "uint8", scale: 1, min: 0 };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const width = stored === "uint8" ? 1 : 2;
  const size = bytes.length / width;
  const isWhole = dtype === "int32";
  const data = allocate(isWhole ? "i32" : "f32", size);
  for (let i = 0; i < size; i++) {
    const q = width === 1 ? view.getUint8(i) : view.getUint16(2 * i, true);
    const value = stored === "float16" ? ieee(q, 5, 10) : q * scale + min;
    data[i] = isWhole ? Math.round(value) : value;
  }
  return { dtype: isWhole ? "i32" : "f32", shape, data };
}

/** The tensors of a manifest, and those of the optimizer apart. */
function tensorsOf(source: ByteSource, manifest: unknown): ForeignTensor[] {
  if (!Array.isArray(manifest)) return odd("model.json", "a list", "weightsManifest", manifest);
  const names = new Set<string>();
  return manifest.flatMap((group: unknown) => {
    const [paths, specs] = ["paths", "weights"].map((key) => field(group, key));
    if (!Array.isArray(paths) || !paths.every(isText) || !Array.isArray(specs))
      return odd("model.json", "a group", "paths and weights", group);
    let at = 0;
    const entries = specs.map((spec) => {
      const entry = entryOf(spec, at);
      if (names.has(entry.name)) odd(entry.name, "a second entry", "different names", entry.name);
      names.add(entry.name);
      at = entry.to;
      return entry;
    });
    if (!Number.isSafeInteger(at)) odd("model.json", "sizes", "a number of bytes", at);
    const read = joinedFiles(source, paths);
    return entries.map((entry): ForeignTensor => {
      const { name, shape, dtype, from, to, quantization } = entry;
      return {
        ...{ name, shape },
        dtype: quantization ? `${dtype} (${quantization.dtype})` : dtype,
        bytes: to - from,
        async read() {
          const bytes = await read(from, to, at);
          if (quantization) return dequantized(entry, bytes);
          return elementsFromBytes(name, types[dtype]?.[0] ?? dtype, shape, bytes);
        },
      };
    });
  });
}

/** Texts of a file that say what made it. */
function metadataOf(json: unknown): Record<string, string> {
  const names = ["format", "generatedBy", "convertedBy"];
  return Object.fromEntries(
    names.flatMap((name) => {
      const found = field(json, name);
      return isText(found) ? [[name, found]] : [];
    }),
  );
}

async function open(source: ByteSource): Promise<ForeignFile> {
  const json = await jsonOf(source);
  if (!isRecord(json)) return odd("model.json", "contents", "a record", json);
  const tensors = tensorsOf(source, field(json, "weightsManifest") ?? []);
  const model = async (): Promise<ForeignModel> => {
    const { modelOf } = await import("./model.ts");
    return modelOf(json, tensors);
  };
  const isGraph = field(json, "format") === "graph-model";
  return {
    format: isGraph ? "tfjs-graph-model" : "tfjs-layers-model",
    tensors,
    metadata: metadataOf(json),
    ...(field(json, "modelTopology") === undefined ? {} : { model }),
  };
}

/** model.json of TensorFlow.js. */
export const tfjs: ForeignFormat = {
  name: "TensorFlow.js",
  endings: ["model.json"],
  recognises(head) {
    const text = new TextDecoder().decode(head).trimStart();
    return text.startsWith("{") && /"(?:modelTopology|weightsManifest)"\s*:/.test(text);
  },
  open,
};
