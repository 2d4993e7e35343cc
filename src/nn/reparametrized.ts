/** Layers whose weight is computed from other parameters: by direction and length, or by its largest gain. */
import { at } from "../core/at.ts";
import { callSite } from "../core/call-site.ts";
import { fail } from "../core/errors.ts";
import { isNumber, isText } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import { normalsOf } from "../core/random.ts";
import { formatShape, normalizeAxis, type Shape, sizeOf } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { listed, shown } from "../core/wording.ts";
import { div, maximum, mul } from "../ops/arithmetic.ts";
import { sum } from "../ops/broadcast.ts";
import { stopGradient } from "../ops/custom.ts";
import { matmul } from "../ops/matmul.ts";
import { reshape, transpose } from "../ops/move.ts";
import { norm } from "../ops/norms.ts";
import type { Initializer } from "./initializers.ts";
import { type Layer, type LayerContext, layer, type ParameterSpec, type Size } from "./layer.ts";
import { isLayer } from "./layer-checks.ts";
import { checkCounts } from "./weighted.ts";

/** Which parameter is computed, and along which axis. */
export interface WeightNormOptions {
  /** The parameter's name. Default "weight". */
  readonly name?: string;
  /** The axis each of whose slices has a length of its own; null: one for the whole. Default 0. */
  readonly axis?: number | null;
}

/** How the largest gain of a weight is found. */
export interface SpectralNormOptions {
  /** The parameter's name. Default "weight". */
  readonly name?: string;
  /** The axis of the outputs. Default 0, and 1 for a transposed convolution. */
  readonly axis?: number;
  /** How often u and v are multiplied in a training step. Default 1. */
  readonly iterations?: number;
  /** No length below this divides. Default 1e-12. */
  readonly epsilon?: number;
}

/** A layer without what it says of a parameter that is computed. */
function parametrized(
  what: string,
  base: Layer,
  name: string,
): { readonly spec: ParameterSpec; readonly rest: Record<string, ParameterSpec> } {
  if (!isLayer(base)) {
    fail("bad-argument", {
      message: `${what} takes a layer.`,
      expected: "a layer with a weight, such as linear(2, 3)",
      found: shown(base),
    });
  }
  if (!isText(name)) {
    fail("bad-argument", {
      message: `${what} needs the name of a parameter.`,
      expected: 'a text, such as "weight"',
      found: shown(name),
    });
  }
  const { [name]: spec, ...rest } = base.parameters as Record<string, ParameterSpec>;
  if (spec !== undefined && spec.shape.length >= 2) return { spec, rest };
  const names = Object.entries<ParameterSpec>(base.parameters)
    .filter(([, { shape }]) => shape.length >= 2)
    .map(([own]) => own);
  return fail("bad-argument", {
    message: `${what} needs a parameter of two axes at least.`,
    expected: names.length > 0 ? `the name of one: ${listed(names)}` : "a layer that has one",
    found: spec === undefined ? `${shown(name)} of ${base.name}` : formatShape(spec.shape),
  });
}

/** What a layer inside of another, which has its place and its name, is applied in. */
function unseen({ observe: _, ...context }: LayerContext): LayerContext {
  return context;
}

/** The layer with other parameters, of which `weight` makes the one that was taken away. */
function computed<In extends Size, Out extends Size>(
  what: string,
  base: Layer<In, Out>,
  name: string,
  parts: Pick<Layer, "parameters" | "settings"> & Partial<Pick<Layer, "buffers">>,
  weight: (values: Readonly<Record<string, Tensor>>, context: LayerContext) => Tensor,
): Layer<In, Out> {
  const made = layer<In, Out, Record<string, ParameterSpec>>({
    name: what,
    kind: "other",
    inputSize: base.inputSize,
    outputSize: base.outputSize,
    inputAxis: base.inputAxis,
    outputAxis: base.outputAxis,
    ...(base.facts === undefined ? {} : { facts: base.facts }),
    ...parts,
    buffers: { ...base.buffers, ...parts.buffers },
    site: callSite(),
    outputShape: (shape, path) => base.outputShape(shape, path),
    apply: (x, values, context) =>
      base.apply(x, { ...values, [name]: weight(values, context) }, unseen(context)),
  });
  return made as Layer<In, Out>;
}

/** The axes that a length is taken over. */
const overAll = (shape: Shape, axis: number | null): number[] =>
  shape.map((_, k) => k).filter((k) => k !== axis);

/**
 * w = g · v/‖v‖: the weight of a layer as a direction v and a length g for each slice along `axis` (0:
 * for each output; null: one for the whole), so that training changes both apart. Parameters are named
 * as PyTorch's `parametrizations.weight_norm` does: "parametrizations.weight.original0" is g, of size
 * 1 off the axis ([] for the whole), "…original1" v, which begins as the weight would, g with v's length. All else is the
 * layer's. (Salimans and Kingma 2016.)
 *
 * ```ts
 * import { initialValues, linear, tensor, weightNorm } from "chainrule";
 *
 * const layer = weightNorm(linear(2, 1, { weight: [[3, 4]], bias: false }));
 * const { parameters } = initialValues(layer);
 * console.log(Object.entries(parameters).map(([name, value]) => `${name} ${value}`).join("\n"));
 * console.log(layer.apply(tensor([[1, 1]]), parameters).arraySync());
 * ```
 *
 * ```text
 * parametrizations.weight.original0 tensor([[5]], f32[1, 1])
 * parametrizations.weight.original1 tensor([[3, 4]], f32[1, 2])
 * [ [ 7 ] ]
 * ```
 *
 * @throws ChainruleError "bad-argument" where the layer has no such parameter of two axes.
 */
export function weightNorm<In extends Size, Out extends Size>(
  base: Layer<In, Out>,
  options: WeightNormOptions = {},
): Layer<In, Out> {
  const what = "weightNorm";
  checkNames(what, options, ["name", "axis"]);
  const { name = "weight", axis = 0 } = options;
  const { spec, rest } = parametrized(what, base, name);
  const { shape, initial } = spec;
  const along = axis === null ? null : normalizeAxis(axis, shape.length, what);
  const axes = overAll(shape, along);
  const lengths = along === null ? [] : shape.map((n, k) => (k === along ? n : 1));
  const [g, v] = [0, 1].map((k) => `parametrizations.${name}.original${k}`) as [string, string];
  const length: Initializer = {
    name: "length",
    follows: true,
    fill(_, seed, stream, first) {
      const values = first?.(v) ?? initial.fill(shape, seed, stream);
      return lengthsOf(values, shape, along);
    },
  };
  return computed(
    what,
    base,
    name,
    {
      parameters: {
        ...rest,
        [g]: { ...spec, shape: lengths, initial: length, role: "scale" },
        [v]: spec,
      },
      settings: { ...base.settings, axis },
    },
    (values) => {
      const direction = values[v] as Tensor;
      const size = norm(direction, { axis: axes, keepDims: along !== null });
      return mul(direction, div(values[g] as Tensor, size));
    },
  );
}

/** The length of each slice along an axis, or of all. */
function lengthsOf(values: ArrayLike<number>, shape: Shape, axis: number | null): Float64Array {
  const behind = axis === null ? 1 : sizeOf(shape.slice(axis + 1));
  const slices = axis === null ? 1 : at(shape, axis);
  const squares = new Float64Array(slices);
  for (let i = 0; i < values.length; i++) {
    const slice = Math.floor(i / behind) % slices;
    squares[slice] = at(squares, slice) + at(values, i) * at(values, i);
  }
  return squares.map(Math.sqrt);
}

/** A weight as a matrix: a row for each slice along an axis. */
function matrixOf(weight: Tensor, axis: number): Tensor {
  const order = [axis, ...overAll(weight.shape, axis)];
  const rows = at(weight.shape, axis);
  return reshape(axis === 0 ? weight : transpose(weight, order), [rows, weight.size / rows]);
}

/** How often u and v are multiplied before the first step, as in PyTorch. */
const firstIterations = 15;

/** u and v of unit length after some steps of the power iteration, from random numbers. */
function powers(
  matrix: (row: number, column: number) => number,
  [rows, columns]: readonly [number, number],
  epsilon: number,
  seed: number,
  stream: number,
): { readonly u: Float64Array; readonly v: Float64Array } {
  const unit = (x: Float64Array) => {
    const size = Math.max(at(lengthsOf(x, [x.length], null), 0), epsilon);
    return x.map((n) => n / size);
  };
  const normals = normalsOf(seed, stream);
  let v = unit(Float64Array.from({ length: columns }, (_, i) => normals(i)));
  let u = new Float64Array(rows);
  for (let k = 0; k < firstIterations; k++) {
    u = unit(u.map((_, i) => v.reduce((s, n, j) => s + matrix(i, j) * n, 0)));
    v = unit(v.map((_, j) => u.reduce((s, n, i) => s + matrix(i, j) * n, 0)));
  }
  return { u, v };
}

/**
 * w = W/σ(W): the weight of a layer divided by its largest singular value, so that it makes no input
 * longer. σ ≈ uᵀ W v (W as a matrix, a row for each slice along `axis`), and a training step renews
 * u ← Wv/‖Wv‖, v ← Wᵀu/‖Wᵀu‖ `iterations` times before; no gradient flows through u and v. PyTorch's
 * names: the parameter "parametrizations.weight.original", the buffers "parametrizations.weight.0._u" and
 * "…_v", which begin after 15 iterations. Outside of training they stay. (Miyato et al. 2018.)
 *
 * @throws ChainruleError "bad-argument" where the layer has no such parameter of two axes.
 */
export function spectralNorm<In extends Size, Out extends Size>(
  base: Layer<In, Out>,
  options: SpectralNormOptions = {},
): Layer<In, Out> {
  const what = "spectralNorm";
  checkNames(what, options, ["name", "axis", "iterations", "epsilon"]);
  const { name = "weight", iterations = 1, epsilon = 1e-12 } = options;
  const { spec, rest } = parametrized(what, base, name);
  checkCounts(what, { iterations });
  if (!isNumber(epsilon, (n) => n > 0 && Number.isFinite(n))) {
    fail("bad-argument", {
      message: `${what} cannot use this epsilon.`,
      expected: "a finite number > 0",
      found: shown(epsilon),
    });
  }
  const { shape, initial } = spec;
  const usual = base.name.startsWith("convTranspose") ? 1 : 0;
  const axis = normalizeAxis(options.axis ?? usual, shape.length, what);
  const rows = at(shape, axis);
  const columns = sizeOf(shape) / rows;
  const original = `parametrizations.${name}.original`;
  const [uName, vName] = ["_u", "_v"].map((own) => `parametrizations.${name}.0.${own}`) as [
    string,
    string,
  ];
  const behind = sizeOf(shape.slice(axis + 1));
  const begin = (own: "u" | "v"): Initializer => ({
    name: own,
    follows: true,
    fill(_, seed, stream, first) {
      const values = first?.(original) ?? initial.fill(shape, seed, stream);
      const place = (i: number, j: number) =>
        (Math.floor(j / behind) * rows + i) * behind + (j % behind);
      // u and v draw the same, whichever is asked for.
      return powers((i, j) => at(values, place(i, j)), [rows, columns], epsilon, seed, -1)[own];
    },
  });
  const unit = (x: Tensor) => div(x, maximum(norm(x), epsilon));
  return computed(
    what,
    base,
    name,
    {
      parameters: { ...rest, [original]: spec },
      buffers: {
        [uName]: { shape: [rows], initial: begin("u") },
        [vName]: { shape: [columns], initial: begin("v") },
      },
      settings: { ...base.settings, iterations },
    },
    (values, { training, renew }) => {
      const weight = values[original] as Tensor;
      const matrix = matrixOf(weight, axis);
      let [u, v] = [values[uName] as Tensor, values[vName] as Tensor];
      if (training) {
        const fixed = stopGradient(matrix);
        for (let k = 0; k < iterations; k++) {
          u = unit(matmul(fixed, v));
          v = unit(matmul(transpose(fixed), u));
        }
        renew?.(uName, u);
        renew?.(vName, v);
      }
      return div(weight, sum(mul(stopGradient(u), matmul(matrix, stopGradient(v)))));
    },
  );
}
