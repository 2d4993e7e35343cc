/** Where an error happened: the user's line in every engine's way of writing stacks, or nothing. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync, type Format } from "esbuild";
import { afterAll, describe, expect, it, test } from "vitest";
import { folderOf, userPlace } from "../../src/core/stack.ts";

describe("the first place outside of the library's folder", () => {
  const library = "/app/node_modules/chainrule/dist/";
  test.each([
    [
      "Node",
      `Error: add cannot combine shapes
    at fail (file://${library}chunk-A.js:205:9)
    at Array.map (<anonymous>)
    at withSite (file://${library}chunk-B.js:60:12)
    at Tensor.add (file://${library}chunk-B.js:362:14)
    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)
    at new Model (file:///app/my%20nets/x.mjs:2:33)
    at file:///app/y.mjs:6:7`,
      "/app/my nets/x.mjs:2:33",
    ],
    [
      "Node, CommonJS, in a folder with brackets",
      `Error\n    at fail (${library}index.js:205:9)\n    at Object.f [as g] (/app/a (copy)/x.js:3:4)`,
      "/app/a (copy)/x.js:3:4",
    ],
    [
      "Node, without a name",
      `Error\n    at ${library}index.js:205:9\n    at async /app/a (copy)/x.js:3:4`,
      "/app/a (copy)/x.js:3:4",
    ],
    [
      "Node on Windows",
      "Error\n    at f (file:///C:/app/x.mjs:3:4)\n    at g (C:\\app\\y.js:5:6)",
      "C:/app/x.mjs:3:4",
    ],
    [
      "code that was evaluated",
      `Error\n    at fail (file://${library}index.js:205:9)
    at eval (eval at f (file:///app/x.js:1:2), <anonymous>:1:1)
    at f (file:///app/x.js:1:2)`,
      "/app/x.js:1:2",
    ],
    [
      "Deno",
      `Error\n    at fail (file://${library}index.js:205:9)
    at eventLoopTick (ext:core/01_core.js:175:7)\n    at f (https://deno.land/x/net/x.ts:3:4)`,
      "https://deno.land/x/net/x.ts:3:4",
    ],
    [
      "Bun",
      `    at fail (${library}index.js:205:13)\n    at map (native:1:11)
    at <anonymous> (/app/x.ts:4:56)`,
      "/app/x.ts:4:56",
    ],
    [
      "Chromium, from a development server",
      `Error\n    at add (http://localhost:5173/node_modules/.vite/deps/chainrule.js?v=1a/b:9:9)
    at http://localhost:5173/src/main.ts?t=17:5:3`,
      "http://localhost:5173/src/main.ts:5:3",
      "http://localhost:5173/node_modules/.vite/deps/",
    ],
    [
      "Chromium, with webpack's evaluated modules",
      `Error\n    at add (webpack-internal:///./node_modules/chainrule/dist/index.js:9:9)
    at ./src/main.js (webpack-internal:///./src/main.js:5:3)`,
      "webpack-internal:///./src/main.js:5:3",
      "webpack-internal:///./node_modules/chainrule/dist/",
    ],
    [
      "Firefox",
      `fail@http://x.org/lib/index.js:205:9
Tensor.prototype.add@http://x.org/lib/index.js:1:2
f@http://x.org/@me/main.js line 3 > eval:1:1
async*f@http://x.org/@me/main.js:3:4\n@http://x.org/@me/main.js:9:1\n`,
      "http://x.org/@me/main.js:3:4",
      "http://x.org/lib/",
    ],
    [
      "WebKit",
      `fail@http://x.org/lib/index.js:205:9\nmap@[native code]\n@http://x.org/main.js:3:4
module code@http://x.org/main.js:9:1`,
      "http://x.org/main.js:3:4",
      "http://x.org/lib/",
    ],
    ["nothing but the library", `Error\n    at fail (${library}index.js:205:9)`, ""],
    ["nothing but built-in code", "Error\n    at map (native)\n    at <anonymous>", ""],
    ["no text", [{ getFileName: () => "/app/x.js" }], ""],
    ["no stack", undefined, ""],
  ])("%s", (_, stack, place, folder = library) => {
    expect(userPlace(stack, folder)).toBe(place);
  });
  it("is not named where the library's folder is not known", () => {
    expect(userPlace("Error\n    at f (file:///app/x.js:1:2)", undefined)).toBe("");
  });
});

test.each([
  ["Error\n    at file:///app/node_modules/chainrule/dist/chunk-A.js:1:2", "/chainrule/dist/"],
  ["Error\n    at f (file:///home/net/src/core/call-site.ts:1:2)", "/net/src/"],
  ["@https://x.org/assets/index-1a.js?v=3/4:1:2", "https://x.org/assets/"],
  ["Error\n    at f (C:\\net\\src\\core\\call-site.ts:1:2)", "C:\\net\\src\\"],
])("the folder of a library at %j", (stack, folder) => {
  expect(folderOf(stack)!.endsWith(folder)).toBe(true);
});
test("a library that was evaluated has no folder", () => {
  expect(folderOf("Error\n    at eval (eval at f (x), <anonymous>:1:1)")).toBeUndefined();
});

describe("a program bundled with the library into one file", () => {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const folder = mkdtempSync(join(tmpdir(), "chainrule-place-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const main = join(folder, "program/main.js");
  mkdirSync(join(folder, "program"));
  writeFileSync(
    main,
    `import { tensor } from ${JSON.stringify(`${root}dist/index.js`)};
const broken = () => tensor([1, 2]).add(tensor([1, 2, 3])).size;
try { broken(); } catch (error) { console.log(error.code, error.where); }`,
  );
  const bundled = (format: Format, minify: boolean, options: string[]) => {
    const outfile = join(folder, `out/${format}${minify}.${format === "esm" ? "mjs" : "cjs"}`);
    buildSync({
      entryPoints: [main],
      outfile,
      format,
      minify,
      bundle: true,
      platform: "node",
      sourcemap: true,
      logLevel: "error",
    });
    return spawnSync(process.execPath, [...options, outfile], { encoding: "utf8" });
  };
  describe.each(["esm", "cjs", "iife"] as const)("%s", (format) => {
    test.each([false, true])("minified: %s", (minify) => {
      const plain = bundled(format, minify, []);
      expect(plain).toMatchObject({ stdout: "shape-mismatch undefined\n", stderr: "" });
      const mapped = bundled(format, minify, ["--enable-source-maps"]);
      expect(mapped).toMatchObject({ stdout: `shape-mismatch ${main}:2:37\n`, stderr: "" });
    });
  });
});
