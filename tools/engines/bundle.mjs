/** The rows as one module, the same for every engine: it needs neither files nor Node. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { root } from "./installed.mjs";

/** Modules of Node, which parts of the command line name that are not called here. */
const nothing = {
  name: "nothing",
  setup(build) {
    build.onResolve({ filter: /^node:/ }, ({ path }) => ({ path, namespace: "nothing" }));
    build.onLoad({ filter: /.*/, namespace: "nothing" }, () => ({
      contents: "module.exports = {}",
    }));
  },
};

/** @param entry what imports ./rows.ts and starts it */
export async function bundle(entry) {
  const { outputFiles } = await build({
    absWorkingDir: root,
    stdin: { contents: entry, resolveDir: join(root, "tools/engines"), loader: "ts" },
    bundle: true,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    ignoreAnnotations: true,
    logLevel: "warning",
    write: false,
    plugins: [nothing],
    loader: { ".yaml": "text" },
    alias: { "#files": join(root, "src/files/browser.ts") },
    define: {
      CHAINRULE_TOUR: JSON.stringify(readFileSync(join(root, "examples/two-two-two.yaml"), "utf8")),
    },
  });
  return outputFiles[0].text;
}
