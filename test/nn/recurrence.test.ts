/** Recurrences against PyTorch's modules: outputs, states and gradients of all that goes in. */
import "../support/backend.ts";
import { expect, test } from "vitest";
import { gradient } from "../../src/autodiff/gradient.ts";
import { leaves, type Tree } from "../../src/autodiff/tree.ts";
import { zip } from "../../src/core/at.ts";
import { mapEntries } from "../../src/core/by-name.ts";
import { readValues } from "../../src/core/runtime.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import * as nn from "../../src/nn/index.ts";
import { expectClose } from "../support/close.ts";
import { fixtures, numbers, type Recorded, toTensor } from "../support/fixtures.ts";

interface Case {
  readonly name: "rnn" | "lstm" | "gru";
  readonly arguments: readonly [number, number];
  readonly options: Readonly<Record<string, unknown>>;
  readonly state: Readonly<Record<string, Recorded>>;
  readonly input: Recorded;
  readonly first: readonly Recorded[];
  readonly output: Recorded;
  readonly last: readonly Recorded[];
  readonly upstreams: readonly Recorded[];
  readonly gradient: Recorded;
  readonly gradientsOfFirst: readonly Recorded[];
  readonly gradients: Readonly<Record<string, Recorded>>;
  readonly lengths?: readonly number[];
}

// Both sides compute in double precision; no sum has more than some dozen terms.
const tolerance = { relative: 1e-12, absolute: 1e-13 };

type Maker = (
  inputs: number,
  hidden: number,
  options: object,
) => nn.Recurrence<number, number, unknown>;

/** Any of them, whose state is seen as the list of its tensors. */
const make = ({ name, arguments: [inputs, hidden], options }: Case) => {
  const { rnn, lstm, gru } = nn;
  const makers: Readonly<Record<string, Maker>> = { rnn, lstm, gru };
  const made = makers[name]!(inputs, hidden, options);
  return {
    made,
    pass: (x: Tensor, values: Record<string, Tensor>, first: readonly Tensor[], rest: object) => {
      const state = name === "lstm" ? first : first[0];
      const given = first.length > 0 ? { state } : {};
      const [y, last] = made.pass(x, values, { ...given, ...rest });
      return [y, ...leaves(last as Tree)];
    },
  };
};

const cases = fixtures<Case>("recurrences");
const titles = cases.map((c) => {
  const more = [c.lengths ? `lengths ${c.lengths}` : "", c.first.length > 0 ? "a state" : ""];
  return [`${c.name} ${JSON.stringify(c.options)} ${more.join(" ")}`, c] as const;
});

test.each(titles)("%s is PyTorch's", (_, c) => {
  const { made, pass } = make(c);
  expect(Object.keys(made.parameters)).toEqual(Object.keys(c.state));
  for (const [key, { shape }] of Object.entries(made.parameters))
    expect(shape, key).toEqual(c.state[key]!.shape);
  const values = mapEntries(c.state, (recorded) => toTensor({ ...recorded, dtype: "f64" }));
  const x = toTensor({ ...c.input, dtype: "f64" });
  const first = c.first.map((recorded) => toTensor({ ...recorded, dtype: "f64" }));
  expect(made.outputShape(x.shape)).toEqual(c.output.shape);
  const found = pass(x, values, first, c.lengths ? { lengths: c.lengths } : {});
  const sum = zip(found, c.upstreams)
    .map(([y, g]) => y.mul(toTensor({ ...g, dtype: "f64" })).sum())
    .reduce((a, b) => a.add(b));
  const slopes = gradient(sum, [x, ...first, ...Object.values(values)]);
  readValues([...found, ...slopes]);
  for (const [k, wanted] of [c.output, ...c.last].entries()) {
    expect(found[k]!.shape).toEqual(wanted.shape);
    expectClose(found[k]!.dataSync(), numbers(wanted), tolerance, `output ${k}, entry`);
  }
  const wanted = [c.gradient, ...c.gradientsOfFirst, ...Object.values(c.gradients)];
  for (const [k, g] of slopes.entries())
    expectClose(g.dataSync(), numbers(wanted[k]!), tolerance, `gradient ${k}, entry`);
});
