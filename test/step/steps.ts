/** Running steps by name, on every backend that is here. */
import type { SynchronousBackend } from "../../src/backends/backend.ts";
import { interpreter } from "../../src/backends/interpreter/index.ts";
import { wasm } from "../../src/backends/wasm/index.ts";
import { type ByName, mapEntries } from "../../src/core/by-name.ts";
import { arrayOf, type DType, type TypedArray } from "../../src/core/dtype.ts";
import { type Shape, sizeOf } from "../../src/core/shape.ts";
import { constantValue } from "../../src/nn/initializers.ts";
import type { Layer, ParameterSpec } from "../../src/nn/layer.ts";
import { layer } from "../../src/nn/layer.ts";
import { add, mul, sub } from "../../src/ops/arithmetic.ts";
import { mean } from "../../src/ops/reduce.ts";
import {
  type Filled,
  inputList,
  outputsByName,
  type PortGraph,
  type StepControls,
} from "../../src/step/ports.ts";

export const backends: readonly [string, SynchronousBackend][] = [
  ["interpreter", interpreter],
  ["wasm", wasm],
];

/** The outputs of a graph by name; they stay as they are. */
export function run<In, Out>(
  backend: SynchronousBackend,
  graph: PortGraph<In, Out>,
  values: Filled<In, TypedArray>,
): Filled<Out, TypedArray> {
  const results = backend.compile(graph).run(inputList(graph, values));
  return outputsByName(
    graph,
    results.map((data) => data.slice()),
  );
}

export const f64 = (...numbers: number[]): Float64Array => Float64Array.from(numbers);
export const numbers = (data: ByName<TypedArray>): ByName<number[]> =>
  mapEntries(data, (values) => [...values]);
export const controls = (learningRate: number, step = 0): Filled<StepControls, TypedArray> => ({
  learningRate: f64(learningRate),
  step: f64(step),
  key: Int32Array.of(0, step),
});
export const type = (shape: readonly number[], dtype: DType = "f64") => ({ dtype, shape });
export const parameter = (shape: readonly number[] = []): ParameterSpec => ({
  shape,
  initial: constantValue(0),
  role: "other",
  frozen: false,
});

/** y = x − m + θ, where m is the batch's mean in training, and else the running one. */
export const centred = (features = 2, keep = 0.75): Layer =>
  layer({
    name: "centred",
    kind: "normalization",
    inputSize: features,
    outputSize: features,
    parameters: {
      shift: { shape: [features], initial: constantValue(0), role: "shift", frozen: false },
    },
    buffers: {
      mean: { shape: [features], initial: constantValue(0) },
      batches: { shape: [], initial: constantValue(0) },
    },
    apply(x, { shift, mean: running, batches }, { training, renew }) {
      const now = mean(x, { axis: 0 });
      renew?.("mean", add(mul(running, keep), mul(now, 1 - keep)));
      renew?.("batches", add(batches, 1));
      return add(sub(x, training ? now : running), shift);
    },
  });

/** Some numbers for tensors of these shapes. */
export const filled = (dtype: DType, shapes: ByName<{ readonly shape: Shape }>) =>
  mapEntries(shapes, ({ shape }, name) => {
    const some = Array.from(
      { length: sizeOf(shape) },
      (_, i) => ((i + name.length) % 7) / 4 - 0.75,
    );
    return arrayOf(dtype, some);
  });
