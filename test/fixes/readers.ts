/** Advice about files of data, followed. */
import { readFileSync } from "node:fs";
import * as d from "../../src/data/index.ts";
import { optional } from "../../src/data/optional.ts";
import { tensor } from "../../src/index.ts";
import type { Row } from "./row.ts";

const numpy = new URL("../fixtures/numpy/", import.meta.url);
const bytesOf = (name: string) => new Uint8Array(readFileSync(new URL(name, numpy)));
const refused = bytesOf("refused.npz");
const types = bytesOf("types.npz");
const plain = tensor(Float64Array.of(1, 2), { shape: [2, 1] });
const halves = tensor(Float64Array.of(0, 0.5), { shape: [2] });
const npy = d.npyBytes(plain);
const npz = d.npzBytes({ x: plain, y: plain });
const both = { x: plain, y: halves };

/** What a file says that is refused, and what Python makes of it, as it is advised. */
const inPython = (fix: string, name: string, converted: string): Row => [
  fix,
  () => d.parseNpz(refused, { names: [name] }),
  () => d.parseNpz(types, { names: [converted] }),
];

/** A .npz file with one byte changed in its directory. */
const changed = (at: number, value: number) => {
  const bytes = d.npzBytes({ x: plain });
  bytes[bytes.length - 22 - 51 + at] = value;
  return d.parseNpz(bytes);
};

const lines = (...all: string[]) => d.parseJsonLines(all.join("\n"));

const tables = new URL("../fixtures/tables/", import.meta.url);
const tableOf = (name: string) => new Uint8Array(readFileSync(new URL(name, tables)));
const parquet = (name: string, options?: d.ParquetOptions) =>
  d.parseParquet(tableOf(`${name}.parquet`), options);
const encrypted = () => {
  const bytes = tableOf("ways-none.parquet");
  bytes.set([0x50, 0x41, 0x52, 0x45], bytes.length - 4);
  return d.parseParquet(bytes);
};
/** A file whose only column is packed in another way, which stands behind its path. */
const lzo = () => {
  const bytes = tableOf("ways-none.parquet");
  const text = String.fromCharCode(...bytes);
  // Path ["x"], compression 0, number of values 40.
  const at = text.indexOf("\x18\x01x\x15\x00\x16\x50");
  bytes[at + 4] = 6;
  return d.parseParquet(bytes, { columns: ["x"] });
};

export const readers: readonly Row[] = [
  [
    "Name the others: columns: […].",
    () => parquet("refused"),
    () => parquet("refused", { columns: ["x"] }),
  ],
  [
    "Decrypt it where its keys are, and write it without encryption.",
    encrypted,
    () => parquet("ways-none"),
  ],
  [
    'Write it with compression="lz4", as Feather does by itself, or "uncompressed".',
    () => d.parseArrow(tableOf("ways-zstd.arrow")),
    () => d.parseArrow(tableOf("ways-lz4.arrow")),
    () => d.parseArrow(tableOf("ways-none.arrow")),
  ],
  [
    "Write such a column as another type, or leave it out of the file.",
    () => d.parseArrow(tableOf("views.arrow")),
    () => d.parseArrow(tableOf("types.arrow")),
  ],
  [
    "Write it again: pyarrow.feather.write_feather(table, path).",
    () => d.parseArrow(new TextEncoder().encode("FEA1....FEA1")),
    () => d.parseArrow(tableOf("ways-none.arrow")),
  ],
  ['Write it with compression="zstd".', lzo, () => parquet("ways-zstd")],
  [
    'Write it with dictionaries: pq.write_table(table, "x.parquet"), as pyarrow does by itself.',
    () => parquet("ways-delta-texts"),
    () => parquet("ways-snappy"),
  ],
  [
    'Say types: { …: "category" } if these are names, or leave it out of `columns`.',
    () => parquet("wide"),
    () => parquet("wide", { types: { id: "category" } }),
    () => parquet("wide", { columns: ["x"] }),
  ],
  [
    "Rename one of them in the file, or name each column once.",
    () => parquet("ways-none", { columns: ["x", "x"] }),
    () => parquet("ways-none", { columns: ["x"] }),
  ],
  [
    "Name fewer `columns`, take fewer rows, or raise the option `limit`.",
    () => parquet("ways-none", { limit: 400 }),
    () => parquet("ways-none", { limit: 400, columns: ["x"] }),
    () => parquet("ways-none"),
  ],
  [
    "Install it: npm install …. In a bundle, import it and pass it as an option.",
    () => optional("hyparquet-of-nobody", "such files"),
    () => optional("hyparquet", "such files"),
    async () => parquet("ways-none", { hyparquet: await import("hyparquet") }),
  ],
  [
    "Write each object on one line, without a comma behind it.",
    () => lines('{"x": 1},', '{"x": 2}'),
    () => lines('{"x": 1}', '{"x": 2}'),
  ],
  [
    "Of an array make lines: JSON.stringify(row) of each of its rows.",
    () => lines('[{"x": 1}, {"x": 2}]'),
    () => lines([{ x: 1 }, { x: 2 }].map((row) => JSON.stringify(row)).join("\n")),
  ],
  [
    'Give each value a name of its own: {"x": [1, 2]} becomes {"x0": 1, "x1": 2}.',
    () => lines('{"x": [1, 2]}'),
    () => lines('{"x0": 1, "x1": 2}'),
  ],
  [
    "Rename or remove one of them.",
    () => lines('{"x": 1, "x": 2}'),
    () => lines('{"x": 1, "y": 2}'),
    () => lines('{"x": 1}'),
  ],
  ["Write null where a value is missing.", () => lines('{"x": 1e999}'), () => lines('{"x": null}')],
  [
    "If it is a name rather than a number, write it as a text; else write it as 1.5e19.",
    () => lines('{"x": 12345678901234567890}'),
    () => lines('{"x": "12345678901234567890"}'),
    () => lines('{"x": 1.5e19}'),
  ],
  [
    'Write them alike, or say types: { …: "category" }, to take all as texts.',
    () => lines('{"x": 1}', '{"x": "a"}'),
    () => lines('{"x": 1}', '{"x": 2}'),
    () => d.parseJsonLines('{"x": 1}\n{"x": "a"}', { types: { x: "category" } }),
  ],
  [
    'Write the same names on every line: {"name": "a", "value": 1} rather than {"a": 1}.',
    () => lines(...Array.from({ length: 2000 }, (_, i) => `{"a${i}": 1}`)),
    () => lines(...Array.from({ length: 2000 }, (_, i) => `{"name": "a${i}", "value": 1}`)),
  ],
  ["Call parseNpz: it is an archive.", () => d.parseNpy(npz), () => d.parseNpz(npz)],
  ["Call parseNpy.", () => d.parseNpz(npy), () => d.parseNpy(npy)],
  [
    "Save several arrays with np.savez, and call parseNpz.",
    () => d.parseNpy(Uint8Array.of(...npy, ...npy)),
    () => d.parseNpz(npz),
  ],
  inPython(
    'Save each field by itself: np.savez("x.npz", **{name: a[name] for name in a.dtype.names}).',
    "fields",
    "i4",
  ),
  inPython(
    'Save numbers: np.save("x.npy", a.astype(np.float64)), or lists of different length one by one.',
    "objects",
    "f8",
  ),
  inPython('Convert before saving: np.save("x.npy", a.astype(np.float32)).', "brain", "f4"),
  inPython('Convert before saving: np.save("x.npy", a.astype(np.float64)).', "long", "f8"),
  inPython(
    'Save two real numbers for each: np.save("x.npy", np.stack([a.real, a.imag], -1)).',
    "complex",
    "f8",
  ),
  inPython(
    'Save their numbers: names, labels = np.unique(a, return_inverse=True); np.save("y.npy", labels).',
    "texts",
    "i8",
  ),
  inPython(
    'Save seconds: np.save("t.npy", a.astype(a.dtype.kind + "8[s]").astype(np.float64)).',
    "dates",
    "f8",
  ),
  inPython(
    'If rounding is right, save numbers that are rounded: np.save("x.npy", a.astype(np.float64)).',
    "inexact",
    "f8",
  ),
  [
    "Unpack the archive with its password, and pack what is in it without one.",
    () => changed(8, 1),
    () => changed(8, 0),
  ],
  [
    "Write it with numpy.savez or numpy.savez_compressed.",
    () => changed(10, 12),
    () => d.parseNpz(types),
    () => d.parseNpz(bytesOf("packed.npz")),
  ],
  [
    "Write fewer arrays into it, or each by itself with npyBytes.",
    () => d.npzBytes(Object.fromEntries(Array.from({ length: 65_536 }, (_, i) => [i, plain]))),
    () => d.npzBytes({ x: plain }),
    () => d.npyBytes(plain),
  ],
  [
    'If these are numbers to predict, say targetType: "number".',
    () => d.npzDataset(both, { inputs: "x", targets: "y", targetType: "category" }),
    () => d.npzDataset(both, { inputs: "x", targets: "y", targetType: "number" }),
  ],
  [
    'Leave out `classes`, or say targetType: "category".',
    () => d.npzDataset({ x: plain }, { inputs: "x", targets: "x", classes: 3 }),
    () => d.npzDataset({ x: plain }, { inputs: "x", targets: "x" }),
    () =>
      d.npzDataset(
        { x: plain, y: tensor(Float64Array.of(0, 2)) },
        { inputs: "x", targets: "y", targetType: "category", classes: 3 },
      ),
  ],
];
