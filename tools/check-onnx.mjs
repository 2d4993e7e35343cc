/**
 * Has what `encodeOnnx` writes checked by onnx's own checker, and run by onnxruntime in Python:
 *
 *     node tools/check-onnx.mjs [python]
 *
 * with onnx and onnxruntime installed. Every case of test/exchange/onnx/cases.ts is written in 32 and 64 bits.
 * What was accepted is kept in test/fixtures/onnx/checked.json, with a digest of each file's structure, by
 * which the tests see that the files of today are those that were checked. The exit code is 1 if one was refused.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fromSources } from "./sources.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const [, , python = "python3"] = process.argv;
const { checkedFiles, structureOf } = await fromSources(
  "check-onnx",
  'export { checkedFiles, structureOf } from "./test/exchange/onnx/cases.ts";',
);

const folder = mkdtempSync(join(tmpdir(), "chainrule-onnx-"));
const names = [];
const digests = [];
for await (const { name, bytes, x, y } of checkedFiles()) {
  const own = join(folder, String(names.length).padStart(4, "0"));
  writeFileSync(`${own}.onnx`, bytes);
  const [given, expected] = [x, y].map((t) => ({ shape: t.shape, data: [...t.dataSync()] }));
  writeFileSync(`${own}.json`, JSON.stringify({ x: given, y: expected }));
  names.push(name);
  digests.push(structureOf(bytes));
}
execFileSync(python, [join(root, "tools/check-onnx.py"), folder], { stdio: "inherit" });
const { files, ...versions } = JSON.parse(readFileSync(join(folder, "report.json"), "utf8"));
rmSync(folder, { recursive: true });

const accepted = {};
const notRun = {};
let right = true;
for (const { file, refused, off, "not run": why, shape } of files) {
  const name = names[Number(file)];
  const wrong = refused ?? (shape === false ? "another shape" : undefined);
  // An epsilon is an attribute of 32 bits in every file.
  const most = name.startsWith("f32") ? 1e-5 : /Norm/.test(name) ? 1e-9 : 1e-12;
  if (wrong !== undefined || off > most) {
    console.log(`${name}: ${wrong ?? `off by ${off}`}`);
    right = false;
    continue;
  }
  accepted[name] = digests[Number(file)];
  if (why !== undefined) notRun[name] = why;
}
for (const [name, why] of Object.entries(notRun)) console.log(`${name}: not run: ${why}`);
console.log(`${Object.keys(accepted).length} of ${files.length} files accepted`);
const target = join(root, "test/fixtures/onnx/checked.json");
writeFileSync(target, `${JSON.stringify({ ...versions, files: accepted }, null, 1)}\n`);
process.exitCode = right ? 0 : 1;
