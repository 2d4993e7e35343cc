/** Parts of the library and of its tests, from their sources, for scripts that run in Node. */
import { mkdirSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Where the module of a script of this name stands. */
export const modulePath = (name) => `${root}node_modules/.cache/chainrule/${name}.mjs`;

/** Bundles what `contents` exports, a module in TypeScript in the repository's root; gives it, imported. */
export async function fromSources(name, contents) {
  const outfile = modulePath(name);
  mkdirSync(new URL(".", pathToFileURL(outfile)), { recursive: true });
  await build({
    stdin: { contents, resolveDir: root, loader: "ts" },
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    ignoreAnnotations: true,
    plugins: [
      {
        name: "files",
        setup: (bundle) =>
          bundle.onResolve({ filter: /^#files$/ }, () => ({ path: `${root}src/files/node.ts` })),
      },
    ],
    logLevel: "warning",
    outfile,
  });
  return import(pathToFileURL(outfile).href);
}
