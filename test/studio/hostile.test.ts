/** Links of strangers: a thousand hashes that were made up, damaged, or meant to do harm. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { deflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import "../../src/index.ts";
import { ChainruleError } from "../../src/core/errors.ts";
import { uniformAt } from "../../src/core/random.ts";
import { Engine } from "../../studio/src/engine/engine.ts";
import { checked, fromHash, type Shared, toHash } from "../../studio/src/state/link.ts";
import { root } from "./site.ts";

const seed = readFileSync(join(root, "examples/two-two-two.yaml"), "utf8");
const shared: Shared = {
  source: { text: seed, files: {} },
  example: 0,
  element: { kind: "weight", column: 1, index: 0 },
  position: 3,
  grain: "step",
  language: "en",
  notation: "net-out",
};
const packed = (bytes: Uint8Array | string) => `1.${deflateRawSync(bytes).toString("base64url")}`;
const file = (text: string) =>
  packed(JSON.stringify({ version: 1, ...shared, source: { text, files: {} } }));

/** Numbers that anybody can have again. */
class Dice {
  #at = 0;
  below(n: number): number {
    return Math.floor(n * uniformAt(5, 5, this.#at++));
  }
  pick<T>(of: readonly T[]): T {
    return of[this.below(of.length)]!;
  }
}

const strange: readonly unknown[] = [
  null,
  -1,
  1e308,
  0.5,
  2 ** 53,
  "__proto__",
  "constructor",
  [],
  {},
  [[[[]]]],
  { __proto__: { kind: "loss" } },
  "\u0000\uffff",
  "<img src=x onerror=alert(1)>",
  true,
];

/** Another value somewhere in a tree of plain data. */
function changed(v: unknown, dice: Dice): unknown {
  if (typeof v !== "object" || v === null || dice.below(4) === 0) return dice.pick(strange);
  const entries = Object.entries(v);
  const at = dice.below(entries.length + 1);
  const [name, own] = entries[at] ?? [String(dice.pick(strange)), dice.pick(strange)];
  return { ...v, [name]: entries[at] ? changed(own, dice) : own };
}

/** A piece of the file left out, said twice, or replaced by something larger. */
function mangled(text: string, dice: Dice): string {
  const [a, b] = [dice.below(text.length), dice.below(40)];
  const piece = text.slice(a, a + b);
  const other = dice.pick([
    "",
    piece + piece,
    "9".repeat(9),
    "1e999",
    "[".repeat(50),
    "&a [*a]",
    "!!js/function 'x'",
    "- ",
    "\t",
    "{}",
  ]);
  return text.slice(0, a) + other + text.slice(a + b);
}

/** Opens it as the page does; says what came of it. */
async function open(hash: string): Promise<"nothing" | "refused" | "opened"> {
  const found = await fromHash(`#${hash}`);
  if (!found) return "nothing";
  const engine = new Engine();
  try {
    await engine.open(found.source, found);
    return "opened";
  } catch (error) {
    // In the library's own words: not one that was met by chance.
    expect(error, hash).toBeInstanceOf(ChainruleError);
    return "refused";
  }
}

describe("a stranger's link", () => {
  it("does nothing but open, be refused or mean nothing: 1,400 of them", {
    timeout: 90_000,
  }, async () => {
    const dice = new Dice();
    const good = (await toHash(shared))!;
    const count = { nothing: 0, refused: 0, opened: 0 };
    const before = Object.getOwnPropertyNames(Object.prototype);
    let slowest = 0;
    const met = async (hash: string) => {
      const began = performance.now();
      count[await open(hash)]++;
      slowest = Math.max(slowest, performance.now() - began);
    };
    for (let i = 0; i < 500; i++) {
      const bytes = Buffer.from(good.slice(2), "base64url");
      for (let k = 0; k <= dice.below(3); k++)
        bytes[dice.below(bytes.length)]! ^= 1 << dice.below(8);
      await met(`1.${bytes.subarray(0, bytes.length - dice.below(3)).toString("base64url")}`);
    }
    for (let i = 0; i < 500; i++) {
      await met(packed(JSON.stringify(changed({ version: 1, ...shared }, dice))));
    }
    for (let i = 0; i < 400; i++) await met(file(mangled(seed, dice)));
    expect(count.nothing + count.refused + count.opened).toBe(1400);
    // All three kinds are met, or the test would say little.
    expect(Math.min(...Object.values(count))).toBeGreaterThan(50);
    expect(slowest).toBeLessThan(5000);
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before);
  });

  it("cannot fill the memory by unpacking, or by being deep", async () => {
    const bombs = [
      "[".repeat(60_000_000),
      " ".repeat(60_000_000),
      `${'{"a":'.repeat(150_000)}1${"}".repeat(150_000)}`,
    ];
    for (const bomb of bombs) {
      const hash = packed(bomb);
      const before = process.memoryUsage().arrayBuffers;
      expect(await fromHash(`#${hash}`)).toBeUndefined();
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16e6);
    }
  });

  const rest = "loss: meanSquaredError\noptimizer: sgd\n";
  const one = `layers: [linear: { outputs: 1 }]\n${rest}`;
  it.each([
    [
      "aliases of aliases",
      `${Array.from({ length: 30 }, (_, i) => `a${i}: &a${i} [${i ? `*a${i - 1}, `.repeat(9) : "1"}]`).join("\n")}\n${one}`,
    ],
    ["lists in lists", `layers: ${"[".repeat(100_000)}`],
    ["maps in maps", `layers: ${"{a: ".repeat(50_000)}`],
    [
      "layers in layers",
      `layers: [${"sequential: [".repeat(5000)}relu${"]".repeat(5000)}]\n${rest}data: { generate: moons }`,
    ],
    ["a size of 9e15", `${one}data: { generate: { moons: { size: 9007199254740991 } } }`],
    ["a negative size", `${one}data: { generate: { moons: { size: -1 } } }`],
    [
      "inputs without end",
      `inputs: 9007199254740991\n${one}data: { examples: [{ inputs: [1], targets: [1] }] }`,
    ],
    [
      "a held-out part of any size",
      `${one}data: { generate: moons, validation: { generate: { moons: { size: 1e12 } } } }`,
    ],
    ["a path out of the page", `${one}data: { csv: { file: ../../etc/passwd, target: a } }`],
    ["an address", `${one}data: { csv: { file: "https://example.invalid/a.csv", target: a } }`],
    ["a prototype", `__proto__: { harmed: 1 }\n${one}data: { generate: moons }`],
  ])("is refused at once: %s", async (_, text) => {
    const began = performance.now();
    expect(await open(file(text))).toBe("refused");
    expect(performance.now() - began).toBeLessThan(5000);
    expect(({} as { harmed?: number }).harmed).toBeUndefined();
  });

  it("says only what it may", () => {
    expect(checked({ version: 1, ...shared, theme: "x", more: 1 })).toEqual(shared);
  });
});
