/**
 * Runs the left column of TensorFlow.js in docs/coming-from.md and records what it gives:
 *
 *     npm install --prefix FOLDER @tensorflow/tfjs@4.22.0
 *     node tools/record-coming-from.mjs FOLDER
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";

const place = (path) => new URL(`../${path}`, import.meta.url);
const tf = createRequire(resolve(process.argv[2], "package.json"))("@tensorflow/tfjs");
await tf.setBackend("cpu");
const given = {
  x: tf.tensor([
    [1, -2, 3],
    [4, 5, -6],
  ]),
  y: tf.tensor([
    [0.5, 1, 2],
    [-1, 0, 3],
  ]),
  w: tf.tensor([
    [0.5, -1],
    [2, 0.25],
    [-0.75, 1],
  ]),
  v: tf.tensor([0.5, 2, -1]),
  labels: tf.tensor([2, 0], undefined, "int32"),
};
const [, rest] = readFileSync(place("docs/coming-from.md"), "utf8").split(
  "| TensorFlow.js | chainrule |\n|---|---|\n",
);
const rows = {};
for (const line of rest.split("\n\n")[0].split("\n")) {
  const [, code] = /^\| `(.*?)` \| `/.exec(line);
  const value = new Function("tf", ...Object.keys(given), `return ${code}`)(
    tf,
    ...Object.values(given),
  );
  rows[code] = value.arraySync?.() ?? value;
}
const fixture = place("test/fixtures/coming-from.json");
const recorded = existsSync(fixture) ? JSON.parse(readFileSync(fixture, "utf8")) : {};
recorded["tensorflow.js"] = { version: tf.version.tfjs, rows };
writeFileSync(fixture, `${JSON.stringify(recorded, null, 1)}\n`);
console.log(`${Object.keys(rows).length} rows of TensorFlow.js ${tf.version.tfjs}`);
