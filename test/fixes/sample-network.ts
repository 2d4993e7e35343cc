/** A network file, its data and its checkpoint, of which the rows of advice change one thing. */
import * as f from "../../src/network-file/index.ts";
import { files as from, text } from "../network-file/sample.ts";

export const parse = (parts: Parameters<typeof text>[0] = {}) => f.parseNetwork(text(parts));
export const raw = (source: string) => f.parseNetwork(source);
export const table = "a,kind\n1,x\n2,y\n";
export const csv = "{ csv: { file: t.csv, target: kind } }";
export const datasets = (parts: Parameters<typeof text>[0], content: string | Uint8Array = table) =>
  f.toDatasets(parse(parts), from({ "t.csv": content }));
export const examples = (...targets: string[]) =>
  `{ examples: [${targets.map((t) => `{ inputs: [1, 2], targets: ${t} }`).join(", ")}] }`;
export const latin1 = new Uint8Array(Buffer.from("a,kind\n1,\u00e9\n2,y\n", "latin1"));
export const prepared = await f.prepareNetwork(
  f.parseNetwork(text({ data: examples("a", "b"), loss: "crossEntropy" })),
  from({}),
);
export const good = prepared.trainer.toBytes(f.toMetadata(prepared));
export const restored = (from: Uint8Array) => f.restoreTrainer(f.storedNetwork(from, "x"), from);
