/** Programs of graphs: every operator with its derivatives, every layer, and random ones. */
import * as fc from "fast-check";
import { gradient } from "../../../src/autodiff/gradient.ts";
import { arrayOf, type DType, isFloat } from "../../../src/core/dtype.ts";
import type { Op } from "../../../src/core/op.ts";
import { readValues } from "../../../src/core/runtime.ts";
import type { Tensor } from "../../../src/core/tensor.ts";
import { input, onesLike } from "../../../src/ops/leaf.ts";
import { layerGraphs } from "../../support/layer-graphs.ts";
import { build, choices } from "../../support/random-graphs.ts";
import { differentiable, records, typedSamples } from "../../support/samples.ts";
import { buildViews, viewCases } from "../../support/view-graphs.ts";
import { buildTyped } from "../wasm/typed-graphs.ts";
import { type Checked, graphWork, statesOf } from "./works.ts";

/** What is in the order of the outputs: the value, its first derivatives, and the second. */
interface OperatorGraph {
  readonly op: Op;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
}

/** Every case of every operator that takes the type, with first and second derivatives. */
export const operatorGraphs = (dtype: DType): OperatorGraph[] =>
  records().flatMap((op) =>
    typedSamples(op, dtype).map((sample): OperatorGraph => {
      const { inputs, y } = sample;
      const outputs: Tensor[] = [y];
      if (differentiable(sample)) {
        const real = inputs.filter((x) => isFloat(x.dtype));
        const first = gradient(y, real, onesLike(y));
        const total = first.map((g) => g.square().sum()).reduce((a, b) => a.add(b));
        outputs.push(...first, ...gradient(total, real));
      }
      return { op, inputs, outputs };
    }),
  );

export const operatorWorks = (dtype: DType): Checked[] =>
  operatorGraphs(dtype).map(({ op, inputs, outputs }) =>
    graphWork(op.name, { inputs, outputs }, readValues(inputs)),
  );

/** Every layer in a small network: the loss, and its gradient by every parameter. */
export const layerWorks = (dtype: "f64" | "f32"): Checked[] =>
  layerGraphs(dtype).map(({ name, graph, values }) => graphWork(name, graph, values));

export const randomWorks = (count = 12, seed = 1): Checked[] =>
  fc.sample(choices, { numRuns: count, seed }).map((chosen, i) => {
    const { leaves, loss } = build(chosen);
    const outputs = [loss, ...gradient(loss, leaves)];
    return graphWork(`graph ${i}`, { inputs: leaves, outputs }, readValues(leaves));
  });

/** Views between reductions; once more with outputs that are written in the place of inputs. */
export const viewWorks = (count = 40, seed = 1): Checked[] =>
  fc.sample(viewCases(20), { numRuns: count, seed }).flatMap((chosen, i) => {
    const graph = buildViews(chosen);
    const values = graph.inputs.map(({ dtype, size }, k) =>
      arrayOf(
        dtype,
        Array.from({ length: size }, (_, j) => ((j * 7 + k * 3) % 6) - 2),
      ),
    );
    const state = statesOf(graph);
    return [
      graphWork(`views ${i}`, graph, values),
      ...(state.length > 0 ? [graphWork(`views ${i} with states`, graph, values, { state })] : []),
    ];
  });

/** Graphs over all types whose values are exact, so that every rounding gives the same bits. */
export const exactWorks = (count = 40, seed = 1): Checked[] =>
  Array.from({ length: count }, (_, i) => {
    const graph = buildTyped(seed, i);
    return graphWork(`graph ${i}`, graph, graph.values);
  });

/** States of which one loop writes one where it reads it for the other, and states that trade places. */
export function stateWorks(): Checked[] {
  const [x, y] = [input("x", [3, 2], "f64"), input("y", [3, 2], "f64")];
  const sum = x.add(y).sum({ axis: 1, keepDims: true });
  const next = sum.add(x);
  const graphs: Record<string, Tensor[]> = {
    "read while it is written": [next, next.mul(x).add(y)],
    "read elsewhere": [next, next.mul(x.flip()).add(y)],
    "trading places": [y.mul(2), x.add(1)],
  };
  const values = [Float64Array.of(1, 2, 3, 4, 5, 6), Float64Array.of(0.5, -1, 0.25, 2, -3, 1)];
  const state = [
    [0, 0],
    [1, 1],
  ] as const;
  return Object.entries(graphs).map(([name, outputs]) =>
    graphWork(name, { inputs: [x, y], outputs }, values, { state, runs: 3 }),
  );
}
