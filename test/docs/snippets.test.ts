import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { transformSync } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { parseNetwork } from "../../src/network-file/index.ts";
import { allBlocks, type Block, fits, pages, root } from "./blocks.ts";

const title = ({ page, line }: Block) => `${page}:${line}`;
const named = (blocks: readonly Block[]) => blocks.map((b) => [title(b), b] as const);

/** Inside the repository, so that the name chainrule means this package; ignored by git. */
const folder = join(root, `.cache/docs-${process.pid}`);
beforeAll(() => mkdirSync(folder, { recursive: true }));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("programs in the documentation", () => {
  const programs = allBlocks("ts");
  const file = (block: Block) => title(block).replace(/\W+/g, "-");
  it("are type-checked", () => {
    for (const block of programs) writeFileSync(join(folder, `${file(block)}.ts`), block.code);
    const settings = {
      extends: "../../tsconfig.json",
      compilerOptions: { noUnusedLocals: false, lib: ["ES2023", "DOM"], types: ["node"] },
      include: ["*.ts"],
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(settings));
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const { stdout } = spawnSync(process.execPath, [tsc, "-p", folder], { encoding: "utf8" });
    expect(stdout).toBe("");
  });
  it.each(named(programs))("%s prints what is said", (_, block) => {
    const { code } = transformSync(block.code, { loader: "ts", format: "esm", target: "node20" });
    const path = join(folder, `${file(block)}.mjs`);
    writeFileSync(path, code);
    const printed = execFileSync(process.execPath, [path], { encoding: "utf8" });
    expect(block.prints, "a text block with the output must follow").toBeDefined();
    expect(fits(printed, block.prints ?? ""), `printed:\n${printed}`).toBe(true);
  });
  it.each(["README.md", "docs/two-two-two.md", "docs/network-file.md"])("%s has some", (page) => {
    expect(programs.some((block) => block.page === page)).toBe(true);
  });
});

describe("commands in the documentation", () => {
  // Commands of one page build on each other: predict takes what train has saved.
  const place = mkdtempSync(join(tmpdir(), "chainrule-docs-"));
  afterAll(() => rmSync(place, { recursive: true, force: true }));
  beforeAll(() => {
    for (const page of pages) {
      // The README's commands are for somebody who has installed the package and nothing else.
      mkdirSync(join(place, page), { recursive: true });
      if (page === "README.md") continue;
      cpSync(join(root, "examples"), join(place, page, "examples"), { recursive: true });
    }
  });
  it.each(named(allBlocks("sh")))("%s print what is said", (_, block) => {
    let printed = "";
    for (const line of block.code.split("\n")) {
      const npm = [...line.matchAll(/\bnpm (?:run )?(\w+)/g)].map((match) => match[1]!);
      if (npm.length > 0) {
        // Running them is what continuous integration does; here their names are checked.
        const known = ["ci", ...Object.keys(packageJson.scripts)];
        for (const script of npm) expect(known).toContain(script);
        continue;
      }
      const [, words, code = "0"] =
        /^(?:npx )?chainrule ?(.*?)(?: +# exits with (\d))?$/.exec(line) ?? [];
      expect(words, `not a command of ours: ${line}`).toBeDefined();
      const args = [...(words ?? "").matchAll(/"([^"]*)"|(\S+)/g)].map((m) => m[1] ?? m[2] ?? "");
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        [join(root, "dist/cli.js"), ...args],
        { cwd: join(place, block.page), encoding: "utf8", env: { ...process.env, NO_COLOR: "1" } },
      );
      expect({ line, status, stderr }).toEqual({ line, status: Number(code), stderr: "" });
      printed += stdout;
    }
    if (block.prints !== undefined) {
      expect(fits(printed, block.prints), `printed:\n${printed}`).toBe(true);
    }
  });
});

describe("the README's mistake", () => {
  it("is reported as it says", () => {
    const place = mkdtempSync(join(tmpdir(), "chainrule-mistake-"));
    const [network] = allBlocks("yaml").filter(({ page }) => page === "README.md");
    const said = allBlocks("text").find(({ code }) => code.startsWith("error "));
    writeFileSync(join(place, "iris.yaml"), network!.code.replace("- tanh", "- tahn"));
    const { status, stderr } = spawnSync(
      process.execPath,
      [join(root, "dist/cli.js"), "train", "iris.yaml"],
      { cwd: place, encoding: "utf8", env: { ...process.env, NO_COLOR: "1" } },
    );
    rmSync(place, { recursive: true });
    expect(status).toBe(2);
    expect(fits(stderr, said!.code), `said:\n${stderr}`).toBe(true);
  });
});

describe("network files in the documentation", () => {
  it.each(named(allBlocks("yaml")))("%s is valid", (_, block) => {
    expect(parseNetwork(block.code, { path: title(block) }).layers.length).toBeGreaterThan(0);
  });
});

describe("the comparison of outputs", () => {
  it.each([
    ["a\nb\n", "a\nb", true],
    ["a\nb\n", "a", false],
    ["a\nx\ny\nb\n", "a\n…\nb", true],
    ["a\nb\n", "a\n…\nb", true],
    ["took 1.5 s\n", "took … s", true],
    ["took 1.5 m\n", "took … s", false],
    ["a.b\n", "a?b", false],
  ])("%j and %j: %s", (printed, said, expected) => {
    expect(fits(printed, said)).toBe(expected);
  });
});
