/** Layers against PyTorch's modules: values, gradients, and a state dict that fits as it is. */
import "../support/backend.ts";
import { describe, expect, test } from "vitest";
import { gradient } from "../../src/autodiff/gradient.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import * as nn from "../../src/nn/index.ts";
import type { Layer } from "../../src/nn/layer.ts";
import { concatenate } from "../../src/ops/concatenate.ts";
import { tensor } from "../../src/ops/leaf.ts";
import { expectClose } from "../support/close.ts";
import { fixtures, numbers, type Recorded, toTensor } from "../support/fixtures.ts";

interface Case {
  readonly name: string;
  readonly arguments: readonly unknown[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly state: Readonly<Record<string, Recorded>>;
  readonly input: Recorded;
  readonly output: Recorded;
  readonly upstream: Recorded;
  readonly gradient: Recorded | null;
  readonly gradients: Readonly<Record<string, Recorded>>;
  /** The layer that it stands around. */
  readonly base?: readonly [string, readonly unknown[], Readonly<Record<string, unknown>>];
  /** The name of the input, and further inputs by name. */
  readonly first?: string;
  readonly others?: Readonly<
    Record<string, { readonly value: Recorded; readonly gradient: Recorded | null }>
  >;
  /** Recorded while training: the buffers afterwards. */
  readonly after?: Readonly<Record<string, Recorded>>;
  readonly note?: string;
}

// Both sides compute in double precision; no sum has more than some hundred terms.
const usual = { relative: 1e-13, absolute: 1e-13 };

// Of numbers near 10,000 the last digit is 1e4 times as large, beside numbers near 1.
const tolerances: Readonly<Record<string, typeof usual>> = {
  "mean 10,000": { relative: 1e-11, absolute: 1e-11 },
};

const make = ({ name, arguments: given, options, base }: Case): Layer => {
  const layers = nn as unknown as Readonly<Record<string, (...args: unknown[]) => Layer>>;
  if (base !== undefined) {
    const inside = layers[base[0]]!(...base[1], base[2]);
    const { rank, ...rest } = options;
    return layers[name]!(inside, ...(rank === undefined ? [] : [rank]), rest);
  }
  return layers[name]!(...given, ...(Object.keys(options).length > 0 ? [options] : []));
};

const cases = fixtures<Case>("layers");
const names = [...new Set(cases.map((c) => c.name))];

describe.each(names)("%s", (name) => {
  const own = cases.filter((c) => c.name === name);
  const titles = own.map(
    (c) =>
      [
        `${JSON.stringify([...c.arguments, ...(c.base ?? []), c.options, ...Object.keys(c.others ?? {})])} ${c.note ?? ""}${c.after ? "training" : ""}`,
        c,
      ] as const,
  );
  test.each(titles)("%s", (_, c) => {
    const layer = make(c);
    const tolerance = tolerances[c.note ?? ""] ?? usual;
    const specs = { ...layer.parameters, ...layer.buffers };
    expect(Object.keys(specs).sort()).toEqual(Object.keys(c.state).sort());
    for (const [key, { shape }] of Object.entries(specs)) {
      expect(shape, key).toEqual(c.state[key]!.shape);
    }
    const values = Object.fromEntries(
      Object.entries(c.state).map(([key, value]) => [key, toTensor({ ...value, dtype: "f64" })]),
    );
    const renewed: Record<string, Tensor> = {};
    const renew = (key: string, value: Tensor) => {
      renewed[key] = value;
    };
    const key = tensor([1, 2], { dtype: "i32" });
    const context = {
      training: c.after !== undefined,
      path: "",
      ...(c.after ? { renew, key } : {}),
    };
    const x = toTensor(c.input);
    const others = Object.entries(c.others ?? {}).map(
      ([key, { value, gradient }]) => [key, toTensor(value), gradient] as const,
    );
    if (c.first === undefined) expect(layer.outputShape(x.shape)).toEqual(c.output.shape);
    const trained = Object.keys(c.gradients);
    const inputs = [
      ...(c.gradient ? [x] : []),
      ...others.flatMap(([, value, gradient]) => (gradient ? [value] : [])),
      ...trained.map((key) => values[key]!),
    ];
    const all = { [c.first ?? "x"]: x, ...Object.fromEntries(others) };
    const applied = () => {
      if (c.first === undefined) return layer.apply(x, values, context);
      if (!("step" in layer)) return (layer as nn.LayerOf<object>).applyTo(all, values, context);
      const given = others.map(([, value]) => value);
      const state = given.length > 1 ? given : given[0];
      const { step } = layer as nn.CellLayer<number, number, unknown>;
      const next = step(x, state, values) as Tensor | Tensor[];
      return Array.isArray(next) ? concatenate(next, -1) : next;
    };
    const y = applied();
    expect(y.shape).toEqual(c.output.shape);
    const found = inputs.length > 0 ? gradient(y, inputs, toTensor(c.upstream)) : [];
    expectClose(y.dataSync(), numbers(c.output), tolerance, "value");
    const wanted = [
      ...(c.gradient ? [c.gradient] : []),
      ...others.flatMap(([, , gradient]) => gradient ?? []),
      ...trained.map((k) => c.gradients[k]!),
    ];
    for (const [k, g] of found.entries()) {
      expectClose(g.dataSync(), numbers(wanted[k]!), tolerance, `gradient ${k}, entry`);
    }
    for (const [key, value] of Object.entries(c.after ?? {})) {
      const found = renewed[key] ?? values[key]!;
      expectClose(found.dataSync(), numbers(value), tolerance, `${key}, entry`);
    }
  });
});
