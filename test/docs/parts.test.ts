/**
 * What the package loads when: Node the compiler, the trainer and explanations when they are asked
 * for, and all at once where it cannot load modules later; a bundle the compiler where it is needed.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root } from "./blocks.ts";

const folder = join(root, `.cache/parts-${process.pid}`);
beforeAll(() => mkdirSync(folder, { recursive: true }));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a program inside of the repository, where the name chainrule means this package. */
function run(code: string, options: string[] = []): string {
  const file = join(folder, `program-${Math.random()}.mjs`);
  writeFileSync(file, code);
  return execFileSync(process.execPath, [...options, file], { encoding: "utf8" });
}

const large = `
const a = tensor(Float32Array.from({ length: 40000 }, (_, i) => Math.fround(Math.sin(i))), { shape: [200, 200] });
const large = () => a.matmul(a).matmul(a).sum();
`;

describe("Node's files", () => {
  const program = `
    import { Derivation, Trainer, explain, halfSquaredError, linear, sequential, sgd, tensor, trainer } from "chainrule";
    ${large}
    const lines = [];
    const { Session } = await import("node:inspector");
    const session = new Session();
    session.connect();
    const loaded = [];
    session.on("Debugger.scriptParsed", ({ params: { url } }) => loaded.push(url));
    session.post("Debugger.enable");
    const parts = () => ["compiler", "training", "explanations"].filter((part) => loaded.some((url) => url.endsWith("/" + part + ".js")));
    const seen = [parts()];
    tensor([1, 2]).add(1).arraySync();
    seen.push(parts());
    const value = large().item();
    seen.push(parts());
    const t = trainer(sequential(linear(1, 1)), { loss: halfSquaredError, optimizer: sgd(), seed: 0 });
    seen.push(parts());
    const d = await explain(t, { data: { inputs: [[1]], targets: [[2]] } });
    seen.push(parts());
    console.log(JSON.stringify({ seen, isTrainer: t instanceof Trainer, isDerivation: d instanceof Derivation, names: [Trainer.name, trainer.name], again: new Derivation(d.toJSON()).toText() === d.toText(), value }));
  `;
  it("load parts when they are asked for", () => {
    const { seen, ...found } = JSON.parse(run(program));
    expect(seen).toEqual([
      [],
      [],
      ["compiler"],
      ["compiler", "training"],
      ["compiler", "training", "explanations"],
    ]);
    expect(found).toMatchObject({ isTrainer: true, isDerivation: true, again: true });
    expect(found.names).toEqual(["Trainer", "trainer"]);
  });
  it("load all at once where modules cannot be loaded later, to the same numbers", () => {
    const early = JSON.parse(run(program, ["--no-experimental-require-module"]));
    expect(early.seen[0]).toEqual(["compiler", "training", "explanations"]);
    expect(early).toMatchObject({ isTrainer: true, isDerivation: true, again: true });
    expect(early.value).toBe(JSON.parse(run(program)).value);
  });
  it("can be required, and share their classes", () => {
    const file = join(folder, "program.cjs");
    writeFileSync(
      file,
      `const { tensor, ChainruleError } = require("chainrule");
      const { parseNetwork } = require("chainrule/file");
      try { parseNetwork("x: ["); } catch (e) { console.log(e instanceof ChainruleError, tensor([1, 2]).sum().item()); }`,
    );
    expect(execFileSync(process.execPath, [file], { encoding: "utf8" })).toBe("true 3\n");
  });
});

describe("a bundle of tensors alone", () => {
  const bundled = async (name: string, code: string) => {
    const entry = join(folder, `${name}.js`);
    writeFileSync(entry, code);
    const outdir = join(folder, name);
    await build({
      entryPoints: [entry],
      outdir,
      bundle: true,
      splitting: true,
      format: "esm",
      platform: "node",
      outExtension: { ".js": ".mjs" },
      tsconfigRaw: {},
      logLevel: "warning",
    });
    const file = join(outdir, `${name}.mjs`);
    const { stdout, stderr } = spawnSync(process.execPath, [file], { encoding: "utf8" });
    return { lines: stdout.trim().split("\n"), stderr };
  };
  it("interprets what is read at once, and says so once", async () => {
    const { lines, stderr } = await bundled(
      "sync",
      `import { tensor } from "chainrule"; ${large}
      console.log(large().item()); console.log(large().mul(2).item());`,
    );
    expect(Number(lines[1])).toBeCloseTo(2 * Number(lines[0]), 3);
    expect(stderr.match(/bundled without the compiler/g)).toHaveLength(1);
    expect(stderr).toContain("await t.array()");
  });
  it("fetches the compiler for what is awaited", async () => {
    const { lines, stderr } = await bundled(
      "later",
      `import { tensor } from "chainrule"; ${large}
      console.log(await large().array()); console.log(large().item());`,
    );
    const compiled = JSON.parse(
      run(`import { tensor } from "chainrule"; ${large}
      console.log(large().item());`),
    );
    expect({ lines: lines.map(Number), stderr }).toEqual({
      lines: [compiled, compiled],
      stderr: "",
    });
  });
  it("has it from the start where compile is imported", async () => {
    const { stderr } = await bundled(
      "named",
      `import { compile, tensor } from "chainrule"; ${large}
      compile((x) => x.mul(2))(a); console.log(large().item());`,
    );
    expect(stderr).toBe("");
  });
});
