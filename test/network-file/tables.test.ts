import { describe, expect, it } from "vitest";
import { arraysOf } from "../../src/core/array-tensor.ts";
import * as data from "../../src/data/generators.ts";
import * as lib from "../../src/index.ts";
import type { Builder, Option } from "../../src/network-file/form.ts";
import { generators } from "../../src/network-file/generators.ts";
import { initializers } from "../../src/network-file/initializers.ts";
import { layers } from "../../src/network-file/layers.ts";
import { losses } from "../../src/network-file/losses.ts";
import { optimizers } from "../../src/network-file/optimizers.ts";
import { schedules } from "../../src/network-file/schedules.ts";
import { complete } from "../../src/network-file/validate.ts";
import * as nn from "../../src/nn/index.ts";
import * as lossesOf from "../../src/nn/losses.ts";
import * as optim from "../../src/optim/index.ts";
import { isOptimizer } from "../../src/optim/optimizer.ts";

/** What a required field holds, where that is not 3. */
const samples: Readonly<Record<string, unknown>> = {
  ...{ steps: 9, parts: [0.5, 0.25], schedule: 0.5 },
  ...{ after: 0.5, sizes: [2, -1], groups: 2, heads: 2, axes: [0, 1] },
};

const recurrent = new Set(["rnn", "lstm", "gru"]);

/** What a layer's function takes besides options. */
function argumentsOf(name: string): readonly unknown[] {
  if (name === "linear") return [4, 3];
  if (name === "bilinear") return [4, 4, 3];
  if (recurrent.has(name)) return [4, 3];
  if (name === "unflatten") return [1, [2, -1]];
  if (/^conv/.test(name)) return [2, 3, 3];
  if (/^multiHead|coderLayer$/.test(name)) return [4, 2];
  if (/^transformer/.test(name)) return [4, 2, 3];
  if (name === "learnedEncoding") return [2, 4];
  if (name === "reshapeTo") return [[2, -1]];
  if (name === "permute") return [[0, 1]];
  if (name === "border") return [{ before: [1], after: [-1] }];
  if (/^embedding/.test(name)) return [3, 3];
  if (name === "groupNorm") return [2, 4];
  if (name === "randomShift2d") return [3];
  if (/Norm[123]d$/.test(name)) return [2];
  if (/Norm$/.test(name)) return [4];
  return /pool/i.test(name) ? [3] : [];
}

/** The shape of an input: two channels, and as many axes as the layer's name says. */
function shapeFor(name: string): readonly number[] {
  if (recurrent.has(name) || /^multiHead|^transformer|Encoding$/.test(name)) return [1, 2, 4];
  const [, axes] = /([123])d$/.exec(name) ?? [];
  return axes === undefined ? [1, 4] : [1, 2, ...Array.from({ length: Number(axes) }, () => 4)];
}

/** The defaults of a row, with samples for what is required. */
function defaults({ form }: Option): Record<string, unknown> {
  if (form.kind !== "record") return {};
  const given = Object.entries(form.fields).flatMap(([name, field]) =>
    field.required ? [[name, field.form.kind === "numbers" ? [3] : (samples[name] ?? 3)]] : [],
  );
  const sides = "before" in form.fields ? { before: [1], after: [-1] } : {};
  return { ...(complete(form, {}) as object), ...Object.fromEntries(given), ...sides };
}

const build = <T, C>(row: Builder<T, C>, context: C): T =>
  row.build(defaults(row) as never, context);

describe("the tables", () => {
  it("name every layer, loss, initializer, optimizer, schedule and generator", () => {
    const names = (table: object) => Object.keys(table);
    const activations = Object.entries(nn).flatMap(([name, value]) => {
      if (typeof value !== "function" || /^[A-Z]/.test(name)) return [];
      try {
        const made = (value as () => unknown)();
        return typeof made === "object" && made !== null && "apply" in made ? [name] : [];
      } catch {
        return [];
      }
    });
    // "layer" and "activation" make layers of functions, which a file has none of.
    const layerNames = activations.filter((name) => !["activation", "layer"].includes(name));
    expect(names(layers)).toEqual(expect.arrayContaining([...layerNames, "linear", "sequential"]));
    // Data have a target for each example, and triplets have none.
    const library = Object.keys(lossesOf).filter((name) => name !== "tripletMargin");
    expect(names(losses).sort()).toEqual(library.sort());
    expect(names(generators).sort()).toEqual(Object.keys(data).sort());
    const made = Object.entries(optim).flatMap(([name, value]) => {
      try {
        return isOptimizer((value as () => unknown)()) ? [name] : [];
      } catch {
        return [];
      }
    });
    expect(names(optimizers)).toEqual(expect.arrayContaining([...made, "parameterGroups"]));
  });
  it.each(Object.keys(layers).filter((n) => layers[n]!.kind !== "composite"))(
    "the layer %s has the library's defaults",
    (name) => {
      const shape = shapeFor(name);
      const place = { shape, inputs: 4, inner: () => lib.relu() };
      const made = build(layers[name]!, place);
      const make = (lib as unknown as Record<string, (...args: unknown[]) => lib.Layer>)[name]!;
      const like = make(...argumentsOf(name));
      const size = shape.reduce((n, k) => n * k, 1);
      const numbers = Array.from({ length: size }, (_, i) => [-1.5, -0.2, 0.3, 2][i % 4]! + i / 8);
      const x = /^embedding/.test(name)
        ? lib.tensor([0, 2, 1], { dtype: "i32" })
        : lib.tensor(numbers, { shape, dtype: "f64" });
      const values = (layer: lib.Layer) => {
        const parameters = Object.fromEntries(
          Object.entries({ ...layer.parameters, ...layer.buffers }).map(([key, spec]) => [
            key,
            lib.tensor(spec.initial.fill(spec.shape, 0, 0), { shape: spec.shape }),
          ]),
        );
        if (!/Decoder/.test(name)) return layer.apply(x, parameters).arraySync();
        const both = { input: x, memory: x };
        return (layer as lib.LayerOf<typeof both>).applyTo(both, parameters).arraySync();
      };
      expect(values(made)).toEqual(values(like));
      expect(made.kind).toBe(layers[name]!.kind);
    },
  );
  // The defaults of several losses are those of each.
  it.each(Object.keys(losses).filter((name) => name !== "combinedLoss"))(
    "the loss %s has the library's defaults",
    (name) => {
      const made = build(losses[name]!, undefined);
      const given = (lib as unknown as Record<string, typeof made>)[name]!;
      // Of two vectors, or scores, an example's outputs are the halves.
      const pairs: Record<string, (...x: lib.Tensor[]) => lib.Tensor> = lib as never;
      const inHalves = (o: lib.Tensor, t: lib.Tensor) => {
        const half = (at: number) =>
          o.slice({ start: [0, 2 * at], end: [o.shape[0]!, 2 * at + 2] });
        return pairs[name]!(half(0), half(1), t);
      };
      const isPair = given.facts === undefined;
      const like = isPair ? inHalves : given;
      const wide = isPair || name.startsWith("gaussian");
      expect({ threshold: made.threshold, classes: made.classes }).toEqual({
        threshold: given.threshold,
        classes: given.classes,
      });
      const labels = losses[name]!.targets === "labels";
      const rows = wide
        ? [
            [0.2, 0.7, -0.1, 0.6],
            [0.9, 0.4, 1.3, -0.8],
          ]
        : [
            [0.2, 0.7],
            [0.9, 0.4],
          ];
      const o = lib.tensor(name === "ctc" ? [rows] : rows, { dtype: "f64" });
      const t = labels
        ? lib.tensor(name === "ctc" ? [[1]] : [1, 0], { dtype: "i32" })
        : name === "cosineEmbedding"
          ? lib.tensor([1, -1], { dtype: "f64" })
          : lib.tensor(
              [
                [1, 0.5],
                [0.25, 1],
              ],
              { dtype: "f64" },
            );
      expect(made(o, t).item()).toBe(like(o, t).item());
    },
  );
  it.each(Object.keys(optimizers).filter((name) => name !== "parameterGroups"))(
    "the optimizer %s has the library's defaults",
    (name) => {
      const made = build(optimizers[name]!, undefined);
      const like = (lib as unknown as Record<string, () => lib.Optimizer>)[name]!();
      expect(made.settings).toEqual(like.settings);
      expect(made.slots).toEqual(like.slots);
      expect(made.learningRate.initial).toBe(like.learningRate.initial);
    },
  );
  it.each(Object.keys(schedules))("the schedule %s is built", (name) => {
    const made = build(schedules[name]!, undefined);
    expect(made.name).toBe(name);
    expect(made.factor(lib.tensor(2, { dtype: "f64" })).item()).toBeGreaterThan(0);
  });
  it.each(Object.keys(initializers))("the initializer %s is built", (name) => {
    expect(build(initializers[name]!, undefined).fill([2, 3], 0, 0)).toHaveLength(6);
  });
  it.each(Object.keys(generators))("the generator %s has the library's defaults", (name) => {
    const made = build(generators[name]!, undefined);
    const like = (data as unknown as Record<string, () => typeof made>)[name]!();
    for (const part of ["inputs", "targets"] as const)
      expect(arraysOf(made[part])).toEqual(arraysOf(like[part]));
    expect({ ...made, inputs: 0, targets: 0 }).toEqual({ ...like, inputs: 0, targets: 0 });
  });
  it.each(Object.entries({ layers, losses, optimizers, schedules, initializers, generators }))(
    "every row and option of %s is described",
    (_, table) => {
      for (const { doc, form } of Object.values(table as Record<string, Option>)) {
        const fields = form.kind === "record" ? Object.values(form.fields) : [];
        for (const text of [doc, ...fields.map((f) => f.doc)]) expect(text).toMatch(/\.$/);
        for (const f of fields) {
          expect(f.required || f.default !== undefined || f.otherwise !== undefined).toBe(true);
        }
      }
    },
  );
});
