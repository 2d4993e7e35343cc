/** Inputs for every operator, from what its record says about sampling. */
import { type DType, isFloat } from "../../src/core/dtype.ts";
import type { Attributes, Op, Sampling, TensorType } from "../../src/core/op.ts";
import { uniformAt } from "../../src/core/random.ts";
import { sizeOf } from "../../src/core/shape.ts";
import { node, type Tensor } from "../../src/core/tensor.ts";
import { tensor } from "../../src/ops/leaf.ts";

/** An operator applied to random inputs of types that it takes. */
export interface Sample {
  readonly inputs: readonly Tensor[];
  readonly attributes: Attributes;
  readonly y: Tensor;
}

export const differentiable = ({ inputs, y }: Sample): boolean =>
  isFloat(y.dtype) && inputs.some((x) => isFloat(x.dtype));

type Case = Pick<Sample, "attributes"> & { readonly inputs: readonly TensorType[] };

const shapes = [[], [1], [0], [2, 3]];
/** Differences are taken over at most ±0.002, so that this is far enough from a kink. */
const distance = 0.05;

function cases(op: Op): readonly Case[] {
  if (op.sampling?.cases) return op.sampling.cases;
  const rule = op.derivative;
  if (rule.kind !== "pointwise") return [];
  return shapes.map((shape) => ({
    inputs: rule.partials.map(() => ({ dtype: "f64", shape })),
    attributes: {},
  }));
}

let stream = 0;

/** Random numbers inside the domain and off the kinks. */
function random(type: TensorType, sampling: Sampling, k: number): Tensor {
  const [low, high] = sampling.domain?.[k] ?? sampling.domain?.at(-1) ?? [-2, 2];
  const own = stream++;
  let count = 0;
  const draw = (): number => {
    for (;;) {
      const x = low + (high - low) * uniformAt(1, own, count++);
      if (type.dtype === "bool") return +(x > (low + high) / 2);
      if (type.dtype === "i32") return Math.floor(x);
      if (sampling.kinks?.every((kink) => Math.abs(x - kink) > distance) ?? true) return x;
    }
  };
  return tensor(Float64Array.from({ length: sizeOf(type.shape) }, draw), type);
}

/** Samples of an operator; floating-point inputs are of the type that is asked for. */
export function samples(op: Op, float: DType = "f64"): Sample[] {
  return cases(op).map(({ inputs: types, attributes }) => {
    const inputs = types.map((type, k) => {
      const x = random(type, op.sampling ?? {}, k);
      return type.dtype === "f64" ? tensor(x.dataSync(), { shape: x.shape, dtype: float }) : x;
    });
    return { inputs, attributes, y: node(op, inputs, attributes) };
  });
}
