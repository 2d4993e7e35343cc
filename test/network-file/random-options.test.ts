/**
 * Every layer that a network file can name, with options that fit its form or nearly do, on inputs of any shape:
 * it trains a step, or what is wrong is said, and is never a fault of ours. More of them:
 * CHAINRULE_OPTIONS=200 (for each layer).
 */
import { expect, it } from "vitest";
import "../support/backend.ts";
import { at } from "../../src/core/at.ts";
import { ChainruleError } from "../../src/core/errors.ts";
import { buildModel } from "../../src/network-file/build.ts";
import type { Form } from "../../src/network-file/form.ts";
import { layers } from "../../src/network-file/layers.ts";
import { parseNetwork } from "../../src/network-file/parse.ts";
import { makeTrainer, toDatasets } from "../../src/network-file/prepare.ts";
// @ts-expect-error: a script without types
import { randomOf } from "../../tools/mutations.mjs";

type Random = (below: number) => number;

const each = Number(process.env.CHAINRULE_OPTIONS ?? 3);
const sizes = [1, 2, 3, 4, 5, 1, 2, 3];
const shares = [0.1, 0.5, 0.9, 1, 2];
/** Numbers that fit hardly anywhere. */
const odd = [0, -1, 1.5, 7, 100, -3, 0.5, 1e-300, 1e300];
/** Layers within layers, to here. */
const deepest = 4;

const pick = <T>(random: Random, list: readonly T[]): T => at(list, random(list.length));
const several = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);

function nested(depth: number, random: Random): unknown {
  if (depth === 0) return pick(random, [0.5, -1, 2, 0]);
  return several(1 + random(4), () => nested(depth - 1, random));
}

/** What may stand where the form does, now and then with a number that may not. */
function valueOf(form: Form, random: Random, depth: number): unknown {
  const inner = (of: Form) => valueOf(of, random, depth + 1);
  switch (form.kind) {
    case "number":
      return pick(random, random(4) === 0 ? odd : form.whole ? sizes : shares);
    case "text":
      return pick(random, ["a", "x", "causal"]);
    case "flag":
      return random(2) === 0;
    case "word":
      return pick(random, form.words);
    case "numbers":
      return nested(pick(random, form.depths), random);
    case "list":
      return several((form.least ?? 0) + random(3), () => inner(form.of));
    case "record": {
      const given = Object.entries(form.fields).filter(([, f]) => f.required || random(3) === 0);
      return Object.fromEntries(given.map(([name, field]) => [name, inner(field.form)]));
    }
    case "map":
      return Object.fromEntries(["a", "b"].slice(random(2)).map((name) => [name, inner(form.of)]));
    case "choice": {
      if (depth > deepest) return "tanh";
      const [name, option] = pick(random, Object.entries(form.table()));
      return { [name]: inner(option.form) };
    }
    case "either":
      return inner(pick(random, form.of));
  }
}

it.each(Object.entries(layers))("%s", async (name, { form }) => {
  for (let seed = 1; seed <= each; seed++) {
    const random: Random = randomOf(seed * 977 + name.length * 13);
    const shape = several(1 + random(4), () => pick(random, sizes));
    const size = shape.reduce((a, b) => a * b, 1);
    const options = valueOf(form, random, 0);
    const indices = name.startsWith("embedding");
    const text = JSON.stringify({
      layers: [
        ...(shape.length > 1 ? [{ unflatten: { sizes: shape } }] : []),
        { [name]: options },
        ...(random(3) > 0 ? ["flatten", { linear: { outputs: 1 } }] : []),
      ],
      ...{ loss: "meanSquaredError", optimizer: "sgd", training: { batchSize: 2, seed } },
      data: {
        examples: [0, 1, 2].map((i) => ({
          inputs: Array.from({ length: size }, (_, k) =>
            indices ? (i + k) % 3 : Math.sin(7 * i + k),
          ),
          targets: [i],
        })),
      },
    });
    try {
      const network = parseNetwork(text);
      const { train } = await toDatasets(network, () => Promise.reject(new Error("no file")));
      makeTrainer(network, buildModel(network, size)).step(train as never);
    } catch (error) {
      if (!(error instanceof ChainruleError)) throw new Error(text, { cause: error });
      expect(error.code, text).not.toBe("invalid-graph");
      expect([error.fix, error.where ?? error.message].every(Boolean), text).toBe(true);
    }
  }
});
