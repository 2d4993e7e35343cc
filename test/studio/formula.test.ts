/** Typed formulas, and how long a derivation is and in which form: the engine, without a page. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { grad, parseExpression, tensor } from "../../src/index.ts";
import { Engine } from "../../studio/src/engine/engine.ts";
import { expression, namesIn } from "../../studio/src/engine/expression.ts";
import type { FormulaAsked, Language } from "../../studio/src/protocol.ts";
import { amountFrom, sectionsFrom } from "../../studio/src/state/amount.ts";
import { checked } from "../../studio/src/state/link.ts";
import { root } from "./site.ts";

const read = (name: string) => readFileSync(join(root, "examples", name), "utf8");
const asked = (text: string, values: Record<string, string> = {}): FormulaAsked => ({
  ...{ text, values },
  level: "full",
});
const language = "en" as const;
async function viewed(text: string, values: Record<string, string>, by?: string) {
  const found = await expression({ ...asked(text, values), by }, { language });
  if ("failure" in found) throw new Error(found.failure.message);
  return found.view;
}
async function wrong(text: string, values: Record<string, string> = {}) {
  const found = await expression(asked(text, values), { language });
  if (!("failure" in found)) throw new Error("nothing was wrong");
  return found;
}

describe("a typed formula", () => {
  it("has every part with its value, its local derivatives and its adjoint", async () => {
    const { pieces, names } = await viewed("exp(x * y) + sin(x)", { x: "0.5", y: "-2" });
    expect(names).toEqual(["x", "y"]);
    const values = pieces.map(({ name, value, adjoint }) => [name, value, adjoint]);
    const e = Math.exp(-1);
    expect(values).toEqual([
      ["u1", expect.closeTo(-1, 12), expect.closeTo(e, 12)],
      ["u2", expect.closeTo(e, 12), 1],
      ["u3", expect.closeTo(Math.sin(0.5), 12), 1],
      ["E", expect.closeTo(e + Math.sin(0.5), 12), 1],
    ]);
    // The local derivatives along each way, multiplied and added, are the gradient.
    expect(pieces.map(({ locals }) => locals.map(({ value }) => value))).toEqual([
      [-2, 0.5],
      [expect.closeTo(e, 12)],
      [expect.closeTo(Math.cos(0.5), 12)],
      [1, 1],
    ]);
  });

  it("has adjoints that are the gradients of matrices, too", async () => {
    const values = { x: "[[1, 2], [3, -1]]", W: "[[0.1], [0.2]]", b: "0.5" };
    const text = "mean(tanh(x @ W + b)^2)";
    const { pieces, steps } = await viewed(text, values, "W");
    const f64 = (v: Parameters<typeof tensor>[0]) => tensor(v, { dtype: "f64" });
    const own = grad(parseExpression(text))({
      x: f64([
        [1, 2],
        [3, -1],
      ]),
      W: f64([[0.1], [0.2]]),
      b: f64(0.5),
    });
    const results = steps.flatMap((s) => (s.section === "result" && s.value ? [s.value] : []));
    // The first is derived; the others may follow in a table.
    expect(results[0]).toBeCloseTo(own.W!.dataSync()[0]!, 12);
    const [first] = pieces;
    // ∂E/∂b is the sum of the adjoints of what it is added to.
    const sums = pieces.filter((p) => p.name.startsWith("u2["));
    expect(sums).toHaveLength(2);
    expect(sums.reduce((s, p) => s + p.adjoint, 0)).toBeCloseTo(own.b!.item(), 12);
    expect(first!.formula).toContain("<math");
  });

  it("says at the place what cannot be read", async () => {
    const { failure, at } = await wrong("sum((x @ W + )^2)");
    expect(at).toBe("");
    expect(failure.excerpt).toMatch(/x @ W \+ \)\^2\)\n.*\^/);
    expect(failure.message).not.toContain("\n");
    const missing = await wrong("x * y", { x: "1" });
    expect([missing.at, missing.failure.code]).toEqual(["y", "unbound-input"]);
    const value = await wrong("x * y", { x: "1", y: "[1, 2" });
    expect([value.at, value.failure.excerpt]).toEqual(["y", expect.stringContaining("[1, 2")]);
    expect((await wrong("x * y", { x: "1", y: "z" })).at).toBe("y");
    const shapes = await wrong("sum(x @ y)", { x: "[1, 2]", y: "[1, 2, 3]" });
    expect(shapes).toMatchObject({ at: "", failure: { code: "shape-mismatch" } });
    expect((await wrong("x + 1", { x: "[1, 2]" })).failure.code).toBe("shape-mismatch");
    // What every object has is no value.
    expect((await wrong("constructor * 2")).at).toBe("constructor");
  });

  it("names what needs a value while it is typed", () => {
    expect(namesIn("sum((x @ W + b)^2)")).toEqual(["x", "W", "b"]);
    expect(namesIn("sum((x @ W + ")).toEqual([]);
    expect(namesIn("")).toEqual([]);
  });

  it("speaks both languages", async () => {
    const told = async (of: Language) => {
      const found = await expression(asked("sin(x)^2", { x: "0.3" }), { language: of });
      return "view" in found ? found.view.steps.map((s) => s.html).join("") : "";
    };
    expect(await told("zh")).toContain("导数");
    expect(await told("zh")).not.toMatch(/derivative of/);
    expect(await told("en")).toContain("derivative of");
  });
});

describe("a derivation", () => {
  const look = { example: 0, notation: "net-out", language } as const;
  const w1 = { name: "0.weight", index: 0 };
  async function engineOf(text: string): Promise<Engine> {
    const engine = new Engine();
    await engine.open({ text, files: {} }, look);
    return engine;
  }

  it("is as long as it was asked to be, and knows the next value all the same", async () => {
    const engine = await engineOf(read("two-two-two.yaml"));
    const full = await engine.derive(w1);
    const brief = await engine.derive(w1, { level: "brief", form: "scalar" });
    const every = await engine.derive(w1, { level: "every-step", form: "scalar" });
    expect(brief.steps.length).toBeLessThan(full.steps.length / 2);
    expect(every.steps.length).toBeGreaterThan(full.steps.length);
    for (const d of [brief, every]) {
      const { next, nextSymbol, gradient, gradientSymbol, passed, headings } = full;
      expect(d).toMatchObject({ next, nextSymbol, gradient, gradientSymbol, passed, headings });
    }
    const some = await engine.derive(w1, { level: "full", form: "scalar", sections: ["chain"] });
    expect(new Set(some.steps.map((s) => s.section))).toEqual(new Set(["chain"]));
    expect(some.next).toBe(full.next);
    // What is taken away is what is seen.
    expect(engine.derivation.data.steps.every((s) => s.section === "chain")).toBe(true);
  });

  it("has matrices, or says why not", async () => {
    const dense = await engineOf(read("two-two-two.yaml"));
    for (const form of ["index", "matrix"] as const) {
      const d = await dense.derive(w1, { level: "full", form });
      expect(d.refused).toBeUndefined();
      expect(d.steps.map((s) => s.html).join("")).toContain(form === "matrix" ? "<mtable" : "∑");
    }
    const text = read("two-two-two.yaml").replace("update: simultaneous", "update: sequential");
    const sequential = await engineOf(text);
    const d = await sequential.derive(w1, { level: "full", form: "matrix" });
    expect(d.refused?.message).toContain("sequential");
    expect(d.steps.length).toBeGreaterThan(10);
    const normed = await engineOf(
      "layers: [linear: { outputs: 2, weight: xavierUniform }, layerNorm, linear: { outputs: 1, weight: xavierUniform }]\nloss: meanSquaredError\noptimizer: sgd\ndata: { generate: { moons: { size: 4 } } }\n",
    );
    const other = await normed.derive(w1, { level: "full", form: "index" });
    expect(other.refused?.message).toContain("dense layers");
    expect(other.steps.length).toBeGreaterThan(10);
  });
});

describe("what is asked for, in a link", () => {
  it("is read where there is such a thing", () => {
    expect(
      amountFrom({ level: "brief", form: "matrix", sections: ["update", "chain", 7] }),
    ).toEqual({ level: "brief", form: "matrix", sections: ["chain", "update"] });
    expect(amountFrom({ level: "long", form: "matrix" })).toBeUndefined();
    expect(amountFrom("full")).toBeUndefined();
    // None of them would be no derivation.
    expect(sectionsFrom(new Set())).toBeUndefined();
  });
  it("may be a formula", () => {
    const base = { version: 1, source: { text: "a", files: {} }, example: 0, language: "en" };
    const link = (formula: unknown) => checked({ ...base, notation: "torch", formula });
    const formula = { text: "x^2", values: { x: "3" }, by: "x" };
    expect(link(formula)).toHaveProperty("formula", formula);
    expect(link({ text: "x", values: { x: 3 } })).not.toHaveProperty("formula");
    expect(link({ text: 1, values: {} })).not.toHaveProperty("formula");
  });
});
