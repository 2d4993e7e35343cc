/** Programs that tests run in a process of their own. */
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Bundles TypeScript, whose imports begin at the repository's root, into a file that Node runs. */
export function buildProgram(contents: string, outfile: string): void {
  buildSync({
    stdin: { contents, resolveDir: root, loader: "ts" },
    bundle: true,
    platform: "node",
    format: "esm",
    ignoreAnnotations: true,
    alias: { "#files": `${root}src/files/node.ts` },
    outfile,
  });
}
