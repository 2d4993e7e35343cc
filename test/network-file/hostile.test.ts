import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ChainruleError } from "../../src/core/errors.ts";
import { parseNetwork } from "../../src/network-file/index.ts";
import { text } from "./sample.ts";

/** It may be read or refused, in reasonable time; nothing else may happen. */
function refused(source: string): ChainruleError | undefined {
  // Of the processor: others may be at work on it, too.
  const start = process.cpuUsage();
  try {
    parseNetwork(source);
    return undefined;
  } catch (error) {
    if (!(error instanceof ChainruleError)) throw error;
    return error;
  } finally {
    const { user, system } = process.cpuUsage(start);
    expect((user + system) / 1000).toBeLessThan(10_000);
  }
}

describe("a hostile file", () => {
  it("that is too long is not parsed", () => {
    expect(refused(`# ${"x".repeat(5_000_000)}`)?.code).toBe("too-large");
  });
  it.each(["[", "{a: ", "- ", "? ", "[[1],"])("nested too deeply with %j is refused", (open) => {
    expect(refused(`layers: ${open.repeat(50_000)}`)).toBeInstanceOf(ChainruleError);
    expect(refused(open.repeat(50_000))).toBeInstanceOf(ChainruleError);
  });
  it("with aliases that stand for billions is refused", () => {
    const doubled = Array.from(
      { length: 30 },
      (_, i) => `  - &a${i + 1} [${`*a${i}, `.repeat(9)}*a${i}]`,
    );
    const bomb = `layers:\n  - &a0 [relu, relu]\n${doubled.join("\n")}\nloss: huber\noptimizer: sgd\n`;
    expect(refused(bomb)).toBeInstanceOf(ChainruleError);
    const wide = Array.from({ length: 400 }, () => "*rows").join(", ");
    const rows = Array.from({ length: 1000 }, () => "0").join(", ");
    const weights = `[{ linear: { outputs: 2, weight: [&rows [${rows}], ${wide}] } }]`;
    expect(refused(text({ layers: weights }))?.message).toContain("too many values");
  });
  it("with an alias of itself is refused", () => {
    expect(
      refused("layers: &a [{ sequential: *a }]\nloss: huber\noptimizer: sgd\n")?.message,
    ).toContain("nested too deeply");
  });
  it("cannot execute anything or reach a prototype", () => {
    for (const evil of [
      "!!js/function 'function () { return 1 }'",
      "!!js/eval '1'",
      "{ __proto__: { polluted: true } }",
      "{ constructor: { prototype: { polluted: true } } }",
    ]) {
      expect(refused(text({ training: evil }))).toBeInstanceOf(ChainruleError);
      expect(refused(`__proto__: ${evil}\n${text()}`)).toBeInstanceOf(ChainruleError);
    }
    for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
      expect(refused(text({ loss: name }))?.message).toContain("There is no loss");
      expect(refused(text({ layers: `[{ ${name}: {} }]` }))?.message).toContain(
        "There is no layer",
      );
    }
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
  it.each(["1e999", "-1", "0", "10000001", "9007199254740993", ".inf", "0x7fffffffffffffff"])(
    "with %s outputs is refused",
    (outputs) => {
      expect(refused(text({ layers: `[{ linear: { outputs: ${outputs} } }]` }))).toBeDefined();
    },
  );
  it("with a hundred thousand names, or marks, takes no quadratic time", () => {
    const keys = Array.from({ length: 100_000 }, (_, i) => `k${i}: 1`).join(", ");
    expect(refused(`{${keys}}`)).toBeInstanceOf(ChainruleError);
    const marks = Array.from({ length: 50_000 }, () => "*a, &a 1").join(", ");
    expect(refused(`[&a 1, ${marks}]`)).toBeInstanceOf(ChainruleError);
  });
  it("with many mistakes gives a part of them", () => {
    const error = refused(text({ layers: `[${"rulu, ".repeat(5000)}relu]` }));
    expect(error?.message).toMatch(/has 1\d\d\d problems/);
    expect(error?.message).toMatch(/… and 9\d\d more/);
    expect(error?.message.length).toBeLessThan(20_000);
    // The name that is near is not buried in a list of all.
    const near = refused(text({ layers: "[rulu]" }))?.message;
    expect(near).toMatch(/the name of a layer, of which there are \d+\n[\s\S]*Did you mean relu/);
    expect(refused(text({ layers: "[frobnicate]" }))?.message).toContain("one of linear, ");
  });
});

describe("any text", () => {
  const good = ["two-two-two", "iris", "sine", "mnist"].map((name) =>
    readFileSync(new URL(`../../examples/${name}.yaml`, import.meta.url), "utf8"),
  );
  const pieces = [
    "{",
    "}",
    "[",
    "]",
    ":",
    "- ",
    "\n",
    "  ",
    "*a",
    "&a ",
    "!!x ",
    '"',
    "'",
    "#",
    "|",
    ">",
    "?",
    "\t",
    "~",
    ".nan",
    "1e400",
    "-0",
    "0x",
    "null",
    "layers",
    "é",
    "\u0000",
    "%",
    "@",
    "---\n",
    "...",
  ];
  it("that a good file becomes by accident is read or refused", () => {
    const mutation = fc.record({
      file: fc.constantFrom(...good),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      remove: fc.nat(12),
      insert: fc.array(fc.constantFrom(...pieces), { maxLength: 3 }),
    });
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 3 }), (mutations) => {
        let source = mutations[0]!.file;
        for (const { at, remove, insert } of mutations) {
          const place = Math.floor(at * source.length);
          source = source.slice(0, place) + insert.join("") + source.slice(place + remove);
        }
        refused(source);
      }),
      { numRuns: 500 },
    );
  });
  it("of random pieces is read or refused", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 40 }), (parts) => {
        refused(parts.join(""));
      }),
      { numRuns: 500 },
    );
  });
});
