/**
 * Writes what is derived from the sources: the JSON Schema and the generated pages of docs/. With
 * --check nothing is written: exit 1 names each file that is not what the sources make it.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { apiPages, entries, indexOf } from "./generate/api-pages.mjs";
import { apiSurface } from "./generate/api-surface.mjs";
import { declarations } from "./generate/declarations.mjs";
import { scalarFunctions } from "./generate/elementary.mjs";
import { errorsPage } from "./generate/errors-page.mjs";
import { layersPage } from "./generate/layers-page.mjs";
import { networkFilePage } from "./generate/network-file-page.mjs";
import { operatorsPage, withNative } from "./generate/operators-page.mjs";
import { picture } from "./generate/picture.mjs";
import { measure, twoTwoTwoPage } from "./generate/two-two-two-page.mjs";
import { numberWords } from "./generate/words.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const cache = `${root}node_modules/.cache/generate-${process.pid}.mjs`;

/** The library from its sources, inner parts included. */
async function library() {
  mkdirSync(`${root}node_modules/.cache`, { recursive: true });
  await build({
    stdin: {
      contents: `
        export * from "./src/index.ts";
        export { gradient } from "./src/autodiff/gradient.ts";
        export { wasm } from "./src/backends/wasm/index.ts";
        export { dtypes, isFloat } from "./src/core/dtype.ts";
        export { functions } from "./src/core/elementary/functions.ts";
        export { within } from "./src/core/elementary/lanes.ts";
        export { catalogue } from "./src/core/errors.ts";
        export { partner, threefry } from "./src/core/words.ts";
        export { networkForm } from "./src/network-file/network.ts";
        export { networkSchema } from "./src/network-file/schema.ts";
        export { needed } from "./src/network-file/wording.ts";
        export { formatNumber } from "./src/cli/numbers.ts";
        import { linearAlgebra } from "./src/linalg/records.ts";
        import { operators as others } from "./src/ops/index.ts";
        export const operators = () => [...others(), ...linearAlgebra()];
        export { interpreter } from "./src/backends/interpreter/index.ts";
        export { operatorTable } from "./test/support/cells.ts";
        export { operatorGraphs } from "./test/backends/c/graphs.ts";
        export { layerGraphs } from "./test/support/layer-graphs.ts";
        export { layerSamples } from "./test/support/layer-samples.ts";
      `,
      resolveDir: root,
      loader: "ts",
    },
    bundle: true,
    format: "esm",
    platform: "node",
    packages: "external",
    external: ["#files"],
    outfile: cache,
    ignoreAnnotations: true,
    logLevel: "warning",
  });
  try {
    return await import(cache);
  } finally {
    rmSync(cache);
  }
}

const lib = await library();
const measured = measure(lib);
const api = declarations({ entries });
const files = {
  "src/core/elementary/scalar.ts": scalarFunctions(lib),
  "src/core/number-words.ts": numberWords(lib),
  "src/network-file/network.schema.json": `${JSON.stringify(lib.networkSchema(), null, 2)}\n`,
  "docs/network-file.md": networkFilePage(lib),
  "docs/operators.md": operatorsPage({
    dtypes: lib.dtypes,
    table: withNative(lib, lib.operatorTable([lib.interpreter, lib.wasm])),
  }),
  "docs/layer-table.md": layersPage(lib),
  ...apiPages(api, lib, indexOf(root)),
  "docs/api-surface.txt": apiSurface(api),
  "docs/errors.md": errorsPage(lib),
  "docs/two-two-two.md": twoTwoTwoPage(measured, lib),
  "docs/two-two-two.svg": picture(measured),
};

const check = process.argv.includes("--check");
let stale = 0;
for (const [file, text] of Object.entries(files)) {
  let old;
  try {
    old = readFileSync(root + file, "utf8");
  } catch {
    // Not there yet.
  }
  if (old === text) continue;
  stale++;
  if (check) console.error(`${file} is not up to date: run “npm run generate”`);
  else {
    mkdirSync(dirname(root + file), { recursive: true });
    writeFileSync(root + file, text);
  }
}
// Pages of groups that are no more.
for (const name of readdirSync(`${root}docs/api`)) {
  if (`docs/api/${name}` in files) continue;
  stale++;
  if (check) console.error(`docs/api/${name} is not generated: run “npm run generate”`);
  else rmSync(`${root}docs/api/${name}`);
}
if (!check && stale > 0) console.log(`${stale} of ${Object.keys(files).length} files written`);
process.exit(check && stale > 0 ? 1 : 0);
