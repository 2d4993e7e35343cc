import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { findChromium, howToInstall, launch } from "../browser/chromium.ts";
import { allBlocks, root } from "./blocks.ts";

const folder = join(root, `.cache/package-${process.pid}`);
beforeAll(() => mkdirSync(folder, { recursive: true }));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A program that uses the package by its name, as one file for a browser. */
async function bundle(code: string) {
  const entry = join(folder, "entry.ts");
  writeFileSync(entry, code);
  const { outputFiles, metafile } = await build({
    entryPoints: [entry],
    bundle: true,
    format: "esm",
    write: false,
    metafile: true,
    // The repository's own settings point at the sources; users have the package.
    tsconfigRaw: {},
    logLevel: "silent",
  });
  return { text: outputFiles[0]!.text, metafile };
}

describe("the package", () => {
  const { exports, files, imports } = packageJson;
  it.each(Object.entries(exports))("has what it exports as %s", (_, target) => {
    const paths = typeof target === "string" ? [target] : Object.values(target);
    for (const path of paths) expect(existsSync(join(root, path)), path).toBe(true);
  });
  it("has what else it names", () => {
    const inside = Object.values(imports).flatMap((targets) => Object.values(targets));
    const named = files.map((path) => path.replace(/\/\*.*/, ""));
    for (const path of [...inside, packageJson.bin.chainrule, ...named]) {
      expect(existsSync(join(root, path)), path).toBe(true);
    }
  });
  it("runs nothing when it is installed", () => {
    const names = Object.keys(packageJson.scripts);
    expect(names.filter((name) => /^(pre|post)?install$/.test(name))).toEqual([]);
  });
  it("holds the examples with their data, and no sources or tests", () => {
    const { stdout } = spawnSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
      cwd: root,
      encoding: "utf8",
    });
    const [{ files: packed, unpackedSize }] = JSON.parse(stdout);
    const paths: string[] = packed.map((file: { path: string }) => file.path);
    expect(paths).toEqual(
      expect.arrayContaining([
        "dist/cli.js",
        "dist/index.js",
        "dist/network.schema.json",
        "examples/two-two-two.yaml",
        "examples/data/penguins.csv",
        "docs/README.md",
        "docs/api/README.md",
      ]),
    );
    expect(paths.filter((path) => /^(src|test|tools|bench)\//.test(path))).toEqual([]);
    // With the documentation, and a module for each source beside what Node loads.
    expect(unpackedSize).toBeLessThan(11_800_000);
  });
  it("has types that need neither a page's nor Node's, nor the newest TypeScript", () => {
    const entries = Object.values(exports).flatMap((e) => (typeof e === "string" ? [] : [e.types]));
    const seen = new Set(entries.map((path) => join(root, path)));
    for (const path of seen) {
      const text = readFileSync(path, "utf8");
      // Typed arrays have had a type parameter since TypeScript 5.7.
      expect(text.match(/\w+\d+Array<.*/)?.[0], path).toBeUndefined();
      for (const [, name] of text.matchAll(/(?:from|import\() ?"(\..*?)\.[tj]s"/g)) {
        seen.add(join(path, "..", `${name}.d.ts`));
      }
    }
    expect(seen.size).toBeGreaterThan(50);
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const options = "--noEmit --strict --ignoreConfig --target es2022 --lib es2022 --types".split(
      " ",
    );
    const modules = ["--module", "nodenext", "--skipLibCheck", "false"];
    const arguments_ = [tsc, ...options, "", ...modules, ...entries];
    const { stdout, status } = spawnSync(process.execPath, arguments_, {
      cwd: root,
      encoding: "utf8",
    });
    expect({ stdout, status }).toEqual({ stdout: "", status: 0 });
  }, 60_000);
  it("needs no other package for the library itself", async () => {
    const { metafile } = await bundle('import * as lib from "chainrule"; console.log(lib);');
    const foreign = Object.keys(metafile.inputs).filter((path) => path.includes("node_modules"));
    expect(foreign).toEqual([]);
  });
  it("builds for browsers in all its parts", async () => {
    const { text } = await bundle(
      ["chainrule", "chainrule/data", "chainrule/file", "chainrule/exchange"]
        .map((name, i) => `import * as part${i} from "${name}"; console.log(part${i});`)
        .join("\n"),
    );
    expect(text).not.toMatch(/from ?"node:/);
  });
});

const chromium = findChromium();
const inBrowser = chromium ? "in a browser" : `in a browser (${howToInstall})`;
describe.skipIf(chromium === undefined)(inBrowser, () => {
  it("the README's first program prints what it says", async () => {
    const program = allBlocks("ts").find(({ page }) => page === "README.md")!;
    const statements = program.code.split("\n").filter((line) => line.trim() !== "");
    expect(statements.length).toBeLessThanOrEqual(11);
    const { text } = await bundle(program.code);
    const browser = await launch(chromium!);
    try {
      const page = await browser.newPage();
      const printed: string[] = [];
      const failed: string[] = [];
      page.on("console", (message) => printed.push(message.text()));
      page.on("pageerror", (error) => failed.push(String(error)));
      await page.setContent(
        `<script type="module">${text.replaceAll("</script", "<\\/script")}</script>`,
      );
      const lines = program.prints!.split("\n");
      await expect
        .poll(() => printed.length, { timeout: 20_000 })
        .toBeGreaterThanOrEqual(lines.length);
      expect(failed).toEqual([]);
      expect(printed).toEqual(lines);
    } finally {
      await browser.close();
    }
  });
});

describe("the sources", () => {
  it("keep node: out of everything that a browser loads", () => {
    const tool = join(root, "tools/check-imports.mjs");
    const { status, stderr } = spawnSync(process.execPath, [tool], { encoding: "utf8" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });
  it("have the schema that is published", () => {
    const [source, published] = [
      "src/network-file/network.schema.json",
      "dist/network.schema.json",
    ];
    const read = (path: string) => JSON.parse(readFileSync(join(root, path), "utf8"));
    expect(read(published)).toEqual(read(source));
  });
});
