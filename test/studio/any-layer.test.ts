/** Layers of every kind in the picture: each of its parts can be drawn, reached and derived. */
import { expect, it } from "vitest";
import "../support/backend.ts";
import { Engine } from "../../studio/src/engine/engine.ts";
import type { Structure, Values } from "../../studio/src/protocol.ts";
import { isDrawn, layoutOf } from "../../studio/src/state/layout.ts";
import {
  chosenFor,
  coneOf,
  type Element,
  elementOf,
  elementOfKey,
  exists,
  firstOf,
  placesOf,
  weightsInto,
} from "../../studio/src/state/places.ts";
import { gradientAt, parameterAt } from "../../studio/src/state/read.ts";
import { rove } from "../../studio/src/state/roving.ts";

const file = (layers: string, inputs = [0.5, -1, 0.8], last = ", { linear: { outputs: 1 } }") => `
layers: [${layers}${last}]
loss: meanSquaredError
optimizer: sgd
data: { examples: [{ inputs: [${inputs}], targets: [1] }] }
`;
const steps = "unflatten: { sizes: [3, 1] }";

/** Every element that the keys lead to, from the first input on. */
function reached(s: Structure, drawn: (e: Element) => boolean): Element[] {
  const keys = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "e", "Home", "End", "Escape"];
  const seen = new Map<string, Element>();
  const open: Element[] = [{ kind: "unit", column: 0, unit: 0 }];
  for (let at = open.pop(); at; at = open.pop()) {
    if (seen.has(JSON.stringify(at))) continue;
    seen.set(JSON.stringify(at), at);
    for (const key of keys) {
      const next = rove(s, at, key, drawn);
      if (next) open.push(next);
    }
  }
  return [...seen.values()];
}

const numbersInto = (s: Structure, v: Values, column: number) =>
  v.parameters[weightsInto(s, column)!.parameter]!;

/** Reads what the picture and the panel beside it read of an element. */
function look(s: Structure, v: Values, e: Element): void {
  expect(exists(s, e)).toBe(true);
  for (const key of coneOf(s, e)) expect(exists(s, elementOfKey(key)!)).toBe(true);
  const chosen = chosenFor(s, e);
  expect([parameterAt(v, chosen), gradientAt(v, chosen)].every(Number.isFinite)).toBe(true);
}

it.each([
  ["gru", `${steps} }, { gru: { hidden: 1, output: last }`],
  ["gru, every step", `${steps} }, { gru: { hidden: 2 } }, { flatten: {}`],
  ["lstm", `${steps} }, { lstm: { hidden: 1, output: last }`],
  ["rnn", `${steps} }, { rnn: { hidden: 1, output: last }`],
  ["a dense layer at every step", `${steps} }, { linear: { outputs: 2 } }, { flatten: {}`],
  ["one unit at every step", `${steps} }, { linear: { outputs: 1 } }, { flatten: {}`],
  ["attention", `${steps} }, { multiHeadAttention: { heads: 1 } }, { flatten: {}`],
  [
    "convolution",
    "unflatten: { sizes: [1, 3] } }, { conv1d: { outChannels: 2, kernelSize: 2 } }, { flatten: {}",
  ],
  [
    "convolutions alone",
    "unflatten: { sizes: [1, 3] } }, { conv1d: { outChannels: 2, kernelSize: 2, bias: false } }, relu, { conv1d: { outChannels: 1, kernelSize: 2 } }, { flatten: {}",
    "",
  ],
])("%s", async (_, layers, last?: string) => {
  const engine = new Engine();
  const text = file(`{ ${layers} }`, undefined, last);
  const { structure: s, values } = await engine.open(
    { text, files: {} },
    { example: 0, notation: "canonical", language: "en" },
  );
  for (const width of [390, 1100]) {
    const layout = layoutOf(s, { width }, (column) => numbersInto(s, values, column));
    // A line goes to each weight's own units, or there is none.
    for (const { column } of layout.edges) expect(weightsInto(s, column)?.single).toBe(true);
    for (const e of reached(s, (x) => isDrawn(layout, x))) look(s, values, e);
  }
  look(s, values, firstOf(s));
  expect(await engine.derive(chosenFor(s, firstOf(s)))).toMatchObject({ passed: true });
  for (const place of placesOf(s).values()) {
    expect(exists(s, elementOf(place))).toBe(true);
  }
});
