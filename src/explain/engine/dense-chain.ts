/** A network that is dense layers one after another, as whole matrices: what index and matrix form need. */
import { gradient } from "../../autodiff/gradient.ts";
import { at, entry, only } from "../../core/at.ts";
import type { TypedArray } from "../../core/dtype.ts";
import { fail } from "../../core/errors.ts";
import { formatShape } from "../../core/shape.ts";
import type { Tensor } from "../../core/tensor.ts";
import { sum } from "../../ops/broadcast.ts";
import { partials } from "./adjoint.ts";
import type { Context } from "./context.ts";
import { keyOf } from "./elements.ts";
import { type Formula, type Symbolic, substitute, symbolsOf } from "./expr.ts";
import { gradientAt } from "./gradients.ts";
import { matrixOf, type Parameter } from "./parameters.ts";
import { leavesOf } from "./stages.ts";
import { isNetwork, type NetworkTrace } from "./trace.ts";

/** Numbers in rows. */
export interface Grid {
  readonly shape: readonly [rows: number, columns: number];
  readonly at: (row: number, column: number) => number;
}

/** A dense layer, its quantities with a column for each example. */
export interface DenseLayer {
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;
  readonly W: Grid;
  readonly b: Grid | undefined;
  /** What comes in: the input, or what the layer before puts out. */
  readonly input: Grid;
  readonly net: Tensor;
  readonly z: Grid;
  readonly delta: Grid;
  /** Where the layer has an activation. */
  readonly activation?: {
    readonly out: Tensor;
    readonly a: Grid;
    /** ∂E/∂a, and the slopes of an activation that goes element by element. */
    readonly gradient: Grid;
    readonly slopes: Grid | undefined;
  };
}

/** An [examples, units] tensor with a column for each example. */
const columnsOf = ({ shape }: Tensor, values: TypedArray): Grid => {
  const [examples, units] = [at(shape, 0), at(shape, 1)];
  return { shape: [units, examples], at: (j, n) => at(values, n * units + j) };
};

export const turnedGrid = ({ shape: [rows, columns], at: from }: Grid): Grid => ({
  shape: [columns, rows],
  at: (j, k) => from(k, j),
});

export function product(a: Grid, b: Grid): Grid {
  const [rows, inner] = a.shape;
  const [, columns] = b.shape;
  const values = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < inner; k++) {
      const own = a.at(i, k);
      for (let j = 0; j < columns; j++) {
        const place = i * columns + j;
        values[place] = at(values, place) + own * b.at(k, j);
      }
    }
  }
  return { shape: [rows, columns], at: (i, j) => at(values, i * columns + j) };
}

/** f of the numbers in the same place. */
export const pointwise = (a: Grid, b: Grid, f: (x: number, y: number) => number): Grid => ({
  shape: a.shape,
  at: (i, j) => f(a.at(i, j), b.at(i, j)),
});

function isClose(a: Grid, b: Grid): boolean {
  const [rows, columns] = a.shape;
  if (rows !== b.shape[0] || columns !== b.shape[1]) return false;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const [x, y] = [a.at(i, j), b.at(i, j)];
      if (!(Math.abs(x - y) <= 1e-9 * Math.max(1, Math.abs(x), Math.abs(y)))) return false;
    }
  }
  return true;
}

/** The layers, if the network is such a chain. */
export function denseChain(c: Context, form: string): readonly DenseLayer[] {
  const { trace } = c;
  const found = isNetwork(trace) ? layersOf(c) : undefined;
  return (
    found ??
    fail("unsupported", {
      message: `The ${form} form is for dense layers, one after another.`,
      expected: "linear layers, each with at most one activation behind it, on rows of numbers",
      found: isNetwork(trace) ? otherThanDense(trace) : "a function of tensors",
      fix: 'Use form: "scalar" (on the command line --form scalar).',
    })
  );
}

/** What stands in the way of such a form. */
function otherThanDense({ stages, network }: NetworkTrace): string {
  const odd = stages.find(
    ({ role, tensor }) => (role !== "net" && role !== "out") || tensor.rank !== 2,
  );
  const leaf = leavesOf(network.trainer.model).find(({ path }) => path === odd?.path);
  if (leaf) return `${leaf.layer.name}, layer ${leaf.path} of the model`;
  return network.x.rank === 2
    ? "other ways between the layers"
    : `inputs of shape ${formatShape(network.x.shape)}`;
}

function layersOf(c: Context): DenseLayer[] | undefined {
  const { trace } = c;
  if (!isNetwork(trace)) return undefined;
  const { stages, parameters, values, network } = trace;
  if (network.x.rank !== 2 || stages.some(({ role }) => role !== "net" && role !== "out"))
    return undefined;
  const layers: DenseLayer[] = [];
  let input = columnsOf(network.x, entry(values, network.x));
  for (let l = 1; l <= trace.layers.length; l++) {
    const own = stages.filter(({ layer }) => layer === l).map(({ tensor }) => tensor);
    const [net, out, ...others] = own;
    const [weight, ...more] = parameters.filter((p) => p.layer === l && p.role === "weight");
    const [bias, ...further] = parameters.filter((p) => p.layer === l && p.role === "bias");
    const matrix = weight && matrixOf(weight);
    if (!net || !weight || !matrix || net.rank !== 2) return undefined;
    if ([...others, ...more, ...further].length > 0) return undefined;
    const { rows, columns } = matrix;
    const W: Grid = { shape: [rows, columns], at: (j, k) => at(weight.data, j * columns + k) };
    const b = bias && biasGrid(bias, rows);
    const z = columnsOf(net, entry(values, net));
    const ahead = product(W, input);
    const sums = b
      ? { ...ahead, at: (i: number, j: number) => ahead.at(i, j) + b.at(i, 0) }
      : ahead;
    if (input.shape[0] !== columns || !isClose(sums, z)) return undefined;
    const delta = columnsOf(net, gradientAt(trace, net));
    const activation = out && activationOf(c, net, out);
    if (out && !activation) return undefined;
    layers.push({
      weight,
      bias,
      W,
      b,
      input,
      net,
      z,
      delta,
      ...(activation ? { activation } : {}),
    });
    input = activation?.a ?? z;
  }
  return layers.every((layer, i) => i === layers.length - 1 || follows(layer, at(layers, i + 1)))
    ? layers
    : undefined;
}

const biasGrid = ({ tensor, data }: Parameter, rows: number): Grid => ({
  shape: [rows, 1],
  at: (j) => at(data, tensor.size === 1 ? 0 : j),
});

/** Whether nothing but the next layer reads this one: its gradient comes from there alone. */
function follows({ activation, delta }: DenseLayer, next: DenseLayer): boolean {
  const back = product(turnedGrid(next.W), next.delta);
  return isClose(back, activation?.gradient ?? delta);
}

function activationOf(c: Context, net: Tensor, out: Tensor): DenseLayer["activation"] {
  const { trace } = c;
  if (out.rank !== 2 || out.size !== net.size) return undefined;
  const a = columnsOf(out, entry(trace.values, out));
  const own = columnsOf(out, gradientAt(trace, out));
  const first = { node: out, index: 0 };
  const row = Array.from({ length: at(net.shape, 1) }, (_, index) => keyOf({ node: net, index }));
  const reads = c.elements.unlessTooLong(() => partials(c.elements, first, new Set(row)));
  const alone = reads !== undefined && [...reads.keys()].every((key) => key === row[0]);
  const slopes = alone
    ? columnsOf(net, only(trace.evaluate(gradient(sum(out), [net]))))
    : undefined;
  return { out, a, gradient: own, slopes };
}

/** f(z), where the activation is written as a function of one number. */
export function appliedTo(c: Context, { activation, net }: DenseLayer, z: Symbolic): Formula {
  const { text, tex } = c.sign(z);
  const f = { text: `f(${text})`, tex: `f\\left(${tex}\\right)` };
  if (!activation?.slopes) return c.symbol(f);
  const index = c.example * at(net.shape, 1);
  const form = c.elements.whole.define({ node: activation.out, index });
  const own = c.name({ node: net, index }).name;
  const alone = [...symbolsOf(form)].every((s) => s === own);
  return form.kind === "apply" && alone ? substitute(form, () => z) : c.symbol(f);
}
