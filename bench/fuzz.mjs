/**
 * Random graphs of views, reductions and elementwise nodes, with gradients and second gradients,
 * compiled, read, and run with states, against the interpreter:
 *
 *     node bench/fuzz.mjs [graphs=100000] [seed=1]
 *
 * A graph that disagrees is shrunk and printed, and the exit code is 1.
 */
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import * as fc from "fast-check";

const root = fileURLToPath(new URL("..", import.meta.url));
const [graphs = 100_000, seed = 1] = process.argv.slice(2).map(Number);
const outfile = `${root}node_modules/.cache/chainrule/fuzz.mjs`;
await build({
  stdin: {
    contents: `export { checkViews } from "./test/support/check-views.ts";
export { viewCases } from "./test/support/view-graphs.ts";`,
    resolveDir: root,
    loader: "ts",
  },
  bundle: true,
  packages: "external",
  platform: "node",
  format: "esm",
  ignoreAnnotations: true,
  alias: { "#files": `${root}src/files/node.ts` },
  outfile,
});
const { checkViews, viewCases } = await import(pathToFileURL(outfile).href);

const started = Date.now();
const cases = viewCases(24);
const portion = Math.min(1000, graphs);
for (let done = 0; done < graphs; done += portion) {
  const numRuns = Math.min(portion, graphs - done);
  const details = fc.check(
    fc.property(cases, (c) => checkViews(c)),
    { seed: seed + done, numRuns },
  );
  if (details.failed) {
    console.error(`${fc.defaultReportMessage(details)}\n${details.errorInstance?.message}`);
    process.exit(1);
  }
  if (process.stderr.isTTY) process.stderr.write(`\r${done + numRuns} graphs`);
}
const minutes = ((Date.now() - started) / 60_000).toFixed(1);
console.log(`${graphs} random graphs from seed ${seed}: none disagrees (${minutes} min)`);
