/** The rules on modules refuse what they should, in small throw-away trees. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, expect, test } from "vitest";
// @ts-expect-error: scripts without types
import { alone } from "../../tools/structure/alone.mjs";
// @ts-expect-error: scripts without types
import { asserted, circles, doubled, unused } from "../../tools/structure/rules.mjs";
// @ts-expect-error: scripts without types
import { sources } from "../../tools/structure/sources.mjs";

let root = "";
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** A tree of files, each with its text. */
function tree(files: Record<string, string>) {
  root = mkdtempSync(join(tmpdir(), "modules-"));
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }
  return sources(root, ["src", "tools"]);
}

interface Problem {
  readonly file: string;
  readonly line: number;
  readonly what: string;
  readonly way: string;
}
/** Where the problems are, and what they name first. */
const short = (problems: Problem[]) => {
  for (const { what, way } of problems) expect([what, way]).not.toContain("");
  return problems.map(({ file, line, what }) => `${file}:${line} ${what.split(" ")[0]}`);
};
const settings = { folders: ["src/"], entries: ["src/index.ts"] };

test("a circle of values is refused, one of types is not", () => {
  const a = 'export const a = 1;\nimport { b } from "./b.ts";\nexport const c = () => b;\n';
  const b = 'export * from "./c.ts";\nexport const b = 2;\n';
  const values = circles(tree({ "src/a.ts": a, "src/b.ts": b, "src/c.ts": 'import "./a.ts";' }));
  expect(values).toMatchObject([
    { file: "src/c.ts", line: 1, what: "a circle: src/a.ts -> src/b.ts -> src/c.ts -> src/a.ts" },
  ]);
  rmSync(root, { recursive: true });
  const later = 'import type { T } from "./a.ts";\nexport const l = () => import("./a.ts");\n';
  expect(circles(tree({ "src/a.ts": 'import "./b.ts";', "src/b.ts": later }))).toEqual([]);
});

test("a module that needs another to come first is refused", async () => {
  tree({
    "src/base.ts": "export class Base { declare shout: () => string; }\n",
    "src/methods.ts":
      'import { Base } from "./base.ts";\nBase.prototype.shout = () => "!";\nexport {};\n',
    "src/hidden.ts": 'import { Base } from "./base.ts";\nexport const x = new Base().shout();\n',
    "src/open.ts": 'import "./methods.ts";\nexport * from "./hidden.ts";\n',
    "src/late.ts":
      'import { Base } from "./base.ts";\nexport const x = () => new Base().shout();\n',
  });
  const files = ["base", "methods", "hidden", "open", "late"].map((name) => `src/${name}.ts`);
  const found: Problem[] = await alone(root, files);
  expect(short(found)).toEqual(["src/hidden.ts:2 src/hidden.ts"]);
  expect(found[0]?.what).toContain("shout is not a function");
});

test("exports that nobody takes are refused", () => {
  const modules = tree({
    "src/index.ts": 'export { shown } from "./all.ts";\n',
    "src/all.ts": 'export * from "./a.ts";\nexport { passed } from "./b.ts";\n',
    "src/a.ts":
      "export const shown = 1;\nexport const spare = 2;\nexport interface Spare {}\n" +
      'export const [left, { right: inner }] = [1, { right: 2 }];\nimport * as b from "./b.ts";\n' +
      "console.log(b.member, left);\nconst own = 1;\nexport { own };\n",
    "src/b.ts":
      "export const passed = 1;\nexport const member = 2;\nexport const spare2 = 3;\n" +
      "export const later = 4;\nexport type Named = 1;\nexport const inText = 5;\n",
    "tools/t.mjs":
      'const { later } = await import("../src/b.ts");\n/** @type {import("../src/b.ts").Named} */\n' +
      'let n;\nconst program = `export { inText } from "./src/b.ts"`;\n',
    "tools/types.ts": 'export type N = import("../src/b.ts").Named;\n',
    "test/a.test.ts": 'import { spare } from "../src/a.ts";\nspare;\n',
  });
  expect(short(unused(modules, settings))).toEqual([
    "src/a.ts:2 spare",
    "src/a.ts:3 Spare",
    "src/a.ts:4 left",
    "src/a.ts:4 inner",
    "src/a.ts:8 own",
    "src/all.ts:2 passed",
    "src/b.ts:1 passed",
    "src/b.ts:3 spare2",
  ]);
  // What is kept for a reason, and reasons that nothing needs any longer.
  const kept = { "src/b.ts spare2": "tested", "src/b.ts later": "taken by now" };
  const rest = short(unused(modules, { ...settings, kept }));
  expect(rest).not.toContain("src/b.ts:3 spare2");
  expect(rest).toContain("tools/structure/granted.mjs:1 src/b.ts");
});

test("all of a module is taken where it is passed on as a whole", () => {
  const modules = tree({
    "src/index.ts": 'import * as all from "./a.ts";\nexport const list = Object.values(all);\n',
    "src/a.ts": 'export const one = 1;\nexport * from "./b.ts";\n',
    "src/b.ts": "export const two = 2;\nexport default 3;\n",
  });
  expect(unused(modules, settings)).toEqual([]);
});

test("one exported name with two meanings is refused", () => {
  const modules = tree({
    "src/a.ts": 'export const one = 1;\nexport { two } from "./b.ts";\n',
    "src/b.ts": "export const two = 2;\nexport function f(a: 1): 1;\nexport function f(a: 2): 2;\n",
    "src/c.ts": 'import { two } from "./b.ts";\nexport { two };\nexport interface one {}\n',
    "tools/d.ts": "export const two = 2;\n",
  });
  expect(doubled(modules, settings)).toMatchObject([
    { file: "src/a.ts", line: 1, what: "one is also what src/c.ts:3 exports" },
  ]);
  const alike = [{ files: ["src/a.ts", "src/c"], why: "the same" }];
  expect(doubled(modules, { ...settings, alike })).toEqual([]);
});

test("more assertions than are granted are refused", () => {
  const modules = tree({
    "src/a.ts":
      "const x = [1][0]! + [2][0]!;\nconst y = x! as never;\n" +
      "const z = y as unknown as string;\nconst text = 'a!' + x!;\nif (!x !== !y) text;\n",
  });
  const granted = { "src/": { "!": 4, "as never": 1, "as unknown as": 1 } };
  expect(asserted(modules, granted)).toEqual([]);
  expect(asserted(modules, { "src/": { "!": 3 } })).toMatchObject([
    { line: 4, what: "4 times ! in src/, and 3 are granted" },
    { line: 2, what: "1 times as never in src/, and 0 are granted" },
    { line: 3, what: "1 times as unknown as in src/, and 0 are granted" },
  ]);
});
