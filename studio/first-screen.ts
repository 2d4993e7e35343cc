/**
 * The first screen is worked out when the page is built, by the same engine, so that the page shows
 * it before the engine has been loaded.
 */

import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import type { Plugin } from "vite";

const id = "virtual:first";

/** Plain data as a module; typed arrays stay what they are. */
function written(value: unknown): string {
  if (value instanceof Float64Array) return `new Float64Array([${[...value].map(numeral)}])`;
  if (Array.isArray(value)) return `[${value.map(written)}]`;
  if (typeof value === "number") return numeral(value);
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, v]) => v !== undefined);
  return `{${entries.map(([name, v]) => `${JSON.stringify(name)}:${written(v)}`)}}`;
}

const numeral = (v: number): string => (Object.is(v, -0) ? "-0" : String(v));

export function firstScreen(root: string): Plugin {
  return {
    name: "first-screen",
    resolveId: (name) => (name === id ? `\0${id}` : undefined),
    async load(name) {
      if (name !== `\0${id}`) return undefined;
      const folder = join(root, "../node_modules/.cache", `studio-${process.pid}`);
      mkdirSync(folder, { recursive: true });
      try {
        const outfile = join(folder, "first.mjs");
        await build({
          entryPoints: [join(root, "src/engine/first.ts")],
          outfile,
          bundle: true,
          format: "esm",
          platform: "node",
          ignoreAnnotations: true,
          loader: { ".yaml": "text" },
          alias: { "#files": join(root, "../src/files/browser.ts") },
          external: ["yaml"],
          logLevel: "warning",
        });
        const { first } = (await import(pathToFileURL(outfile).href)) as {
          first: () => Promise<unknown>;
        };
        return `export const first = ${written(await first())};`;
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}
