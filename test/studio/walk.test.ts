/** The walk through a derivation: when each number of the picture is seen for the first time. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import "../../src/index.ts";
import { Engine } from "../../studio/src/engine/engine.ts";
import type { Notation, Structure, Values } from "../../studio/src/protocol.ts";
import { type Place, placesOf } from "../../studio/src/state/places.ts";
import { isHidden, momentsOf } from "../../studio/src/state/timeline.ts";
import { root } from "./site.ts";

const read = (name: string) => readFileSync(join(root, "examples", name), "utf8");

/** What the picture shows at a place; undefined where it is given. */
function shown(s: Structure, v: Values, { part, column, unit, index }: Place) {
  switch (part) {
    case "net":
      return v.nets[column]![unit];
    case "out":
      return v.outs[column]![unit];
    case "delta":
      return v.deltas[column]![unit];
    case "term":
      return v.terms[unit];
    case "loss":
      return v.loss;
    case "gradient": {
      const bias = s.columns[column]!.bias;
      if (index === undefined) return v.gradients[bias!.parameter]![bias!.shared ? 0 : unit];
      return v.gradients[s.weights.find((w) => w.column === column)!.parameter]![index];
    }
    default:
      return undefined;
  }
}

const batch = `layers: [linear: { outputs: 2, weight: xavierUniform }, tanh, linear: { outputs: 3, weight: xavierUniform }]
loss: crossEntropy
optimizer: adam
data: { generate: { blobs: { size: 12, centers: 3 } } }
training: { batchSize: 4 }`;
const deep = `layers: [${"linear: { outputs: 3, weight: xavierUniform }, sigmoid, ".repeat(6)}linear: { outputs: 1 }]
loss: meanSquaredError
optimizer: { sgd: { momentum: 0.9 } }
data: { generate: { moons: { size: 10 } } }
training: { batchSize: 5 }`;

describe("in the walk", () => {
  it.each<[string, string, Notation]>([
    ["the two-two-two network", read("two-two-two.yaml"), "torch"],
    ["exclusive or", read("xor.yaml"), "canonical"],
    ["seven layers", deep, "net-out"],
    ["a batch of several examples", batch, "canonical"],
    ["textbook notation", batch, "bp"],
  ])("a number is seen with the step that gives it: %s", async (_, text, notation) => {
    const engine = new Engine();
    await engine.open({ text, files: {} }, { example: 1, notation, language: "en" });
    const { structure } = engine.picture;
    const values = engine.values();
    const places = placesOf(structure);
    for (const w of [structure.weights[0]!, structure.weights.at(-1)!]) {
      const { steps } = await engine.derive({ name: w.parameter, index: 0 });
      const moments = momentsOf({ steps }, places);
      const last = { forward: -1, error: -1, backward: -1 };
      moments.forEach(({ phase }, i) => {
        if (phase in last) last[phase as keyof typeof last] = i;
      });
      for (const [symbol, place] of places) {
        const value = shown(structure, values, place);
        const first = steps.findIndex((_, i) => !isHidden(moments, i, symbol, place.part));
        if (value === undefined) {
          expect(first, symbol).toBe(0);
          continue;
        }
        const own = steps.findIndex((s) => s.symbol === symbol && s.value !== undefined);
        if (own >= 0) {
          expect(first, symbol).toBe(own);
          expect(steps[own]!.value! / value, symbol).toBeCloseTo(1, 9);
        } else expect(Object.values(last), symbol).toContain(first);
      }
    }
  });
});
