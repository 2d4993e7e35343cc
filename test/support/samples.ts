/** Inputs for every operator, from what its record says about sampling. */
import { loopOp } from "../../src/autodiff/loops/record.ts";
import { type DType, dtypes, isFloat } from "../../src/core/dtype.ts";
import { ChainruleError } from "../../src/core/errors.ts";
import type { Attributes, Op, Sampling, TensorType } from "../../src/core/op.ts";
import { uniformAt } from "../../src/core/random.ts";
import { sizeOf } from "../../src/core/shape.ts";
import { node, type Tensor } from "../../src/core/tensor.ts";
import { verifyGraph } from "../../src/core/verify.ts";
import { told } from "../../src/explain/engine/told.ts";
import { linearAlgebra } from "../../src/linalg/records.ts";
import { operators } from "../../src/ops/index.ts";
import { tensor } from "../../src/ops/leaf.ts";
import { loops } from "./loop-samples.ts";

/** Every record that computes something, that of loops over graphs included. */
export const records = (): Op[] =>
  [...operators(), ...linearAlgebra(), loopOp as Op].filter((op) => op.derivative.kind !== "leaf");

/** An operator applied to random inputs of types that it takes. */
export interface Sample {
  readonly inputs: readonly Tensor[];
  readonly attributes: Attributes;
  readonly y: Tensor;
  /** The same of other inputs of these shapes. */
  readonly apply: (...inputs: Tensor[]) => Tensor;
}

export const differentiable = ({ inputs, y }: Sample): boolean =>
  isFloat(y.dtype) && inputs.some((x) => isFloat(x.dtype));

interface Case {
  readonly inputs: readonly TensorType[];
  readonly attributes: Attributes;
}

const shapes = [[], [1], [0], [2, 3]];
/** Differences are taken over at most ±0.002, so that this is far enough from a kink. */
const distance = 0.05;

function cases(op: Op): readonly Case[] {
  const sampling = told(op.sampling);
  if (sampling?.cases) return sampling.cases;
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
  const values = Float64Array.from({ length: sizeOf(type.shape) }, draw);
  const n = type.shape.at(-1) ?? 1;
  const { diagonal = 0 } = k === 0 ? sampling : {};
  const matrix = n * (type.shape.at(-2) ?? 1);
  const at = (p: number): [row: number, column: number] => [Math.floor((p % matrix) / n), p % n];
  const shifted = values.map((v, p) => {
    const [i, j] = at(p);
    return i === j ? v + (i + 1) * diagonal : v;
  });
  return tensor(shifted, type);
}

/** An operator applied to random inputs of these types. */
function sample(op: Op, { inputs: types, attributes }: Case): Sample {
  const inputs = types.map((type, k) => random(type, told(op.sampling) ?? {}, k));
  const apply = (...x: Tensor[]) => node(op, x, attributes);
  return { inputs, attributes, y: apply(...inputs), apply };
}

/** What a loop computes belongs to its node: it is made by the functions that make loops. */
const loopSamples = (dtype: DType): Sample[] =>
  loops.map((apply) => {
    const inputs = [[3, 2], [2], [2]].map((shape) => random({ dtype, shape }, {}, 0));
    const [rows, w, first] = inputs as [Tensor, Tensor, Tensor];
    return { inputs, attributes: {}, y: apply(rows, w, first), apply: apply as Sample["apply"] };
  });

/** Samples of an operator; floating-point inputs are of the type that is asked for. */
export function samples(op: Op, float: DType = "f64"): Sample[] {
  if (op.derivative.kind === "repeat") return loopSamples(float);
  return cases(op).map((c) =>
    sample(op, {
      ...c,
      inputs: c.inputs.map((x) => (x.dtype === "f64" ? { ...x, dtype: float } : x)),
    }),
  );
}

/**
 * The cases of an operator with another element type in place of f64: that of its inputs, or, where
 * none of them is f64, the one that it is told to make. Told to make one from f64, it makes all.
 */
function casesOf(op: Op, dtype: DType): Case[] {
  return cases(op).flatMap(({ inputs, attributes }) => {
    const adapted = inputs.map((x) => (x.dtype === "f64" ? { ...x, dtype } : x));
    const replaced = inputs.some((x) => x.dtype === "f64");
    if (!("dtype" in attributes)) {
      return replaced || inputs[0]?.dtype === dtype ? [{ inputs: adapted, attributes }] : [];
    }
    const made = replaced ? dtypes : [dtype];
    return made.map((to) => ({ inputs: adapted, attributes: { ...attributes, dtype: to } }));
  });
}

/** Samples for one element type; none if the record does not take it. */
export function typedSamples(op: Op, dtype: DType): Sample[] {
  try {
    const made =
      op.derivative.kind === "repeat"
        ? loopSamples(dtype)
        : casesOf(op, dtype).map((c) => sample(op, c));
    verifyGraph(made.map(({ y }) => y));
    return made;
  } catch (error) {
    if (error instanceof ChainruleError) return [];
    throw error;
  }
}
