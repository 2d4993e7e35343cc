/** Advice about checkpoints and files as such, followed. */
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readBytes, writeAtomically } from "../../src/files/node.ts";
import * as c from "../../src/index.ts";
import * as f from "../../src/network-file/index.ts";
import { folder } from "../cli/run.ts";
import { failing } from "./failing.ts";
import type { Row } from "./row.ts";
import { csv, datasets, good, latin1, prepared, restored, table } from "./sample-network.ts";

const cwd = folder();
const at = (name: string) => join(cwd, name);
writeFileSync(at("file"), "text");
mkdirSync(at("inside"));
symlinkSync(at("circle"), at("circle"));
writeFileSync(at("latin1.txt"), latin1);
const bytes = Uint8Array.of(1);
const write = (path: string) => writeAtomically(path, bytes);

/** The checkpoint with another text in it, of the same length. */
const altered = (before: string, after: string) => {
  const whole = Buffer.from(good).toString("latin1");
  if (!whole.includes(before)) throw new Error(`there is no ${before}`);
  return new Uint8Array(Buffer.from(whole.replace(before, after), "latin1"));
};
function withNaN(): Uint8Array {
  const copy = good.slice();
  // The last element of the last tensor.
  new Float64Array(copy.slice(-8).buffer)[0] = Number.NaN;
  copy.set(new Uint8Array(Float64Array.of(Number.NaN).buffer), copy.length - 8);
  return copy;
}
const browser = () => import("../../src/files/browser.ts");
export const stored: readonly Row[] = [
  // Checkpoints.
  [
    "Train again, with a lower learning rate perhaps, or take an older checkpoint.",
    () => restored(withNaN()),
    () => restored(good),
  ],
  [
    "Train again, or take an older checkpoint.",
    () => f.storedNetwork(altered('\\"inputs\\":2', '\\"inputs\\":x'), "x"),
    () => f.storedNetwork(good, "x"),
  ],
  [
    "Convert it before saving, for example to F32, or leave this tensor out.",
    () => c.decodeSafetensors(typed("C64", 8)).tensors.get("a")!.data,
    () => c.decodeSafetensors(typed("F32", 4)).tensors.get("a")!.data,
    () => c.decodeSafetensors(typed("C64", 8)).tensors,
  ],

  [
    'Read it without integers: "f64", as BigInts.',
    () => c.decodeSafetensors(large, { integers: "f64" }).tensors.get("a")!.data,
    () => c.decodeSafetensors(large).tensors.get("a")!.data,
  ],

  // Files.
  [
    "Use bytes instead: trainer.toBytes() gives what would be saved and trainer.fromBytes(bytes) restores it; data can come from fetch or a File's arrayBuffer().",
    async () => (await browser()).readBytes("x"),
    () => prepared.trainer.fromBytes(prepared.trainer.toBytes()),
    async () => {
      const fetched = await (await fetch("data:text/csv,a,kind")).arrayBuffer();
      const own = await new File([table], "t.csv").arrayBuffer();
      if (fetched.byteLength === 0) throw new Error("nothing came");
      await datasets({ data: csv }, new Uint8Array(own));
    },
  ],
  ["Give the path of a file.", () => readBytes(cwd), () => readBytes(at("file"))],
  ["Give the path as text.", () => readBytes(5 as never), () => readBytes(at("file"))],
  ["Check the path.", () => readBytes(at("file/inner")), () => readBytes(at("file"))],
  [
    "Check the path; paths in a network file are relative to that file.",
    () => failing("EODD", () => readBytes(at("file"))),
    () => readBytes(at("file")),
  ],
  [
    "Choose another place, or free some space.",
    () => failing("EODD", () => write(at("o"))),
    () => write(at("inside/o")),
  ],
  [
    "Make the folder, or choose another place.",
    () => write(at("new/o")),
    () => {
      mkdirSync(at("new"));
      return write(at("new/o"));
    },
    () => write(at("o")),
  ],
  ["Choose a shorter name.", () => write(at("x".repeat(300))), () => write(at("x".repeat(30)))],
  [
    "Free some space, or choose another place.",
    () => failing("ENOSPC", () => write(at("o"))),
    () => write(at("o")),
    () => write(at("inside/o")),
  ],
  [
    "Change the permissions, or choose another place.",
    () => failing("EACCES", () => write(at("o"))),
    () => write(at("o")),
    () => write(at("inside/o")),
  ],
  [
    "Choose another place.",
    () => failing("EFBIG", () => write(at("o"))),
    () => write(at("inside/o")),
  ],
  ["Close some of them.", () => failing("EMFILE", () => write(at("o"))), () => write(at("o"))],
  ["Close that program.", () => failing("EBUSY", () => write(at("o"))), () => write(at("o"))],
  [
    "Check the disk, or choose another place.",
    () => failing("EIO", () => write(at("o"))),
    () => write(at("inside/o")),
  ],
];

/** 2^63 − 1, which no f64 is. */
const large = (() => {
  const whole = typed("I64", 8);
  whole.set(new Uint8Array(BigInt64Array.of(2n ** 63n - 1n).buffer), whole.length - 8);
  return whole;
})();

/** A safetensors file with one element of a type. */
function typed(dtype: string, size: number): Uint8Array {
  const header = JSON.stringify({ a: { dtype, shape: [1], data_offsets: [0, size] } });
  const padded = header.padEnd(Math.ceil(header.length / 8) * 8);
  const whole = new Uint8Array(8 + padded.length + size);
  new DataView(whole.buffer).setUint32(0, padded.length, true);
  whole.set(new TextEncoder().encode(padded), 8);
  return whole;
}
