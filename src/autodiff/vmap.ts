/** A function of one example as a function of many. */
import { at } from "../core/at.ts";
import { callSite, withSite } from "../core/call-site.ts";
import { fail } from "../core/errors.ts";
import { aFunction, checkKind } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import { formatShape, type Shape } from "../core/shape.ts";
import { Tensor } from "../core/tensor.ts";
import { traced } from "../core/tracing.ts";
import { shown } from "../core/wording.ts";
import { atAllPlaces } from "../ops/batched.ts";
import { broadcastTo } from "../ops/broadcast.ts";
import { input as placeholder } from "../ops/leaf.ts";
import { transpose } from "../ops/move.ts";
import { outermost } from "./outermost.ts";
import { orReadOutside } from "./read-outside.ts";
import { isNoTree, type OfAnyRank, type Tree } from "./tree.ts";

/**
 * The axis along which a tensor has its examples: its number, negative from the end, or null for a
 * tensor that all examples share. One stands for all tensors of a list or record; a list or record
 * of the same form names them apart.
 */
export type MappedAxes =
  | number
  | null
  | readonly MappedAxes[]
  | { readonly [name: string]: MappedAxes };

/** Where the examples are, in what goes in and in what comes out. */
export interface VmapOptions {
  /**
   * The axis of the examples in each argument, or a list with one entry for each: a number, null
   * where all examples share it, or a list or record of those for an argument that is one.
   * Default 0.
   */
  readonly axes?: MappedAxes;
  /**
   * The axis of the examples in what comes out, in the same form; null for what does not depend on
   * the example. Default 0.
   */
  readonly outAxes?: MappedAxes;
}

/** A tensor that has examples. */
interface Mapped {
  /** Where it is: "argument 1", "argument 2.weight". */
  readonly path: string;
  readonly x: Tensor;
  readonly axis: number;
  /** Stands for one example. */
  readonly one: Tensor;
}

/** What an argument of the function of many is. */
type OfExamples<X> = X extends Tree ? OfAnyRank<X> : X;

/**
 * (x, …) ↦ f of each example: f is written for one example, and what comes back takes many at once,
 * along an axis of each argument (default the first), and gives their results along a new axis. f
 * runs once, whatever the number of examples, and what it does is done to all of them by the same
 * operators: nothing is computed one by one. It nests with itself, `grad`, `jacobian` and
 * `compile`: `vmap(grad(loss), { axes: [null, 0, 0] })` gives each example's own gradient.
 *
 * What f does not make of a mapped argument is the same for all examples, and computed once: also
 * random numbers, unless their key is mapped.
 *
 * ```ts
 * import { grad, tensor, vmap } from "chainrule";
 *
 * const dot = (a: typeof u, b: typeof u) => a.mul(b).sum();
 * const u = tensor([1, 2]);
 * const rows = tensor([[1, 0], [0, 1], [1, 1]]);
 * console.log(vmap(dot, { axes: [0, null] })(rows, u).arraySync());
 * console.log(vmap(grad((x) => x.square().sum()))(rows).arraySync());
 * ```
 *
 * ```text
 * [ 1, 2, 3 ]
 * [ [ 2, 0 ], [ 0, 2 ], [ 2, 2 ] ]
 * ```
 *
 * @throws ChainruleError "shape-mismatch" where arguments have different numbers of examples;
 *   "bad-argument" for an axis that there is not, where no argument is mapped, and for
 *   `outAxes: null` where the result depends on the example; "unbound-input" where f reads a value.
 */
// biome-ignore lint/suspicious/noExplicitAny: what a shared argument may be is up to f.
export function vmap<Args extends readonly any[] = Tensor[], Y extends Tree = Tensor>(
  f: (...args: Args) => Y,
  options: VmapOptions = {},
): (...args: { [K in keyof Args]: OfExamples<Args[K]> }) => OfAnyRank<Y> {
  checkKind("vmap", f, aFunction("a function of tensors, such as (x) => x.square().sum()"));
  checkNames("vmap", options, ["axes", "outAxes"]);
  const { axes = 0, outAxes = 0 } = options;
  return (...args) =>
    outermost([args], () => {
      const site = callSite();
      const mapped: Mapped[] = [];
      const own = Array.isArray(axes) ? (axes as readonly MappedAxes[]) : args.map(() => axes);
      if (own.length !== args.length) wrongCount(own.length, args.length);
      const ones: unknown = withSite(site, () =>
        args.map((arg, i) => examplesIn(arg, own[i], `argument ${i + 1}`, mapped)),
      );
      const size = sizeOf(mapped);
      const result = traced(() => orReadOutside("mapped", () => f(...(ones as Args))), site);
      return withSite(site, () => spread(result, outAxes, mapped, size)) as OfAnyRank<Y>;
    });
}

/** An argument with one example of each tensor that has several. */
function examplesIn(
  arg: unknown,
  axes: MappedAxes | undefined,
  path: string,
  mapped: Mapped[],
): unknown {
  if (axes === null) return arg;
  return walk(arg, axes, path, (x, axis, where) => {
    if (axis === null) return x;
    const along = axisIn(where, axis, x.shape, x.rank);
    const one = placeholder(where, x.shape.toSpliced(along, 1), x.dtype);
    mapped.push({ path: where, x, axis: along, one });
    return one;
  });
}

/** What a function made of one example, for all of them. */
function spread(result: Tree, axes: MappedAxes, mapped: readonly Mapped[], size: number): unknown {
  const outputs: Tensor[] = [];
  walk(result, axes, "result", (y) => {
    outputs.push(y);
    return y;
  });
  const sources = new Map(mapped.map(({ one, x, axis }) => [one, moved(x, axis, 0)]));
  const known = atAllPlaces(outputs, sources, size);
  return walk(result, axes, "result", (y, axis, path) => {
    const all = known.get(y);
    if (axis === null) return all === undefined ? y : depends(path);
    const shape = [size, ...y.shape];
    return moved(all ?? broadcastTo(y, shape), 0, axisIn(path, axis, y.shape, y.rank + 1));
  });
}

/** A tree with another tensor in each place, which has an axis there. */
function walk(
  tree: unknown,
  axes: MappedAxes | undefined,
  path: string,
  leaf: (x: Tensor, axis: number | null, path: string) => Tensor,
): unknown {
  if (tree instanceof Tensor) {
    return leaf(tree, isAxis(axes) ? axes : wrongForm(path, axes, "one tensor"), path);
  }
  if (typeof tree !== "object" || tree === null || isNoTree(tree)) {
    return fail("bad-argument", {
      message: `A mapped function takes and returns tensors, but ${path} is none.`,
      expected: "a tensor, or arrays and records of tensors",
      found: shown(tree),
      fix: "Wrap numbers: tensor(0.5); what all examples share has the axis null: axes: [0, null].",
    });
  }
  const within = (name: string): MappedAxes => {
    if (isAxis(axes)) return axes;
    const own = (axes as { readonly [name: string]: MappedAxes } | undefined)?.[name];
    return own === undefined ? wrongForm(path, axes, `"${name}"`) : own;
  };
  const parts = Object.entries(tree).map(([name, part]): [string, unknown] => [
    name,
    walk(part, within(name), `${path}.${name}`, leaf),
  ]);
  return Array.isArray(tree) ? parts.map(([, part]) => part) : Object.fromEntries(parts);
}

const isAxis = (axes: MappedAxes | undefined): axes is number | null =>
  axes === null || typeof axes === "number";

/** An axis of some in a row, counted from the first. */
function axisIn(path: string, axis: number, shape: Shape, rank: number): number {
  const along = axis < 0 ? axis + rank : axis;
  if (Number.isInteger(axis) && along >= 0 && along < rank) return along;
  return fail("bad-argument", {
    message: `The axis of the examples is none of those of ${path}.`,
    expected: rank === 0 ? "null: it is one number" : `−${rank} … ${rank - 1}, or null`,
    found: `${shown(axis)}, where the shape is ${formatShape(shape)}`,
    fix: "Name an axis that there is, or null for what all examples share: axes: [0, null].",
  });
}

/** How many examples there are. */
function sizeOf(mapped: readonly Mapped[]): number {
  const [first] = mapped;
  if (first === undefined) {
    return fail("bad-argument", {
      message: "All examples share all arguments: vmap has nothing to map.",
      expected: "an axis for at least one tensor",
      found: "null for all",
      fix: "Give the axis of the examples: axes: [0, null].",
    });
  }
  const count = ({ x, axis }: Mapped) => at(x.shape, axis);
  const other = mapped.find((one) => count(one) !== count(first));
  if (other === undefined) return count(first);
  const text = (one: Mapped) =>
    `${count(one)} along axis ${one.axis} of ${one.path}, of shape ${formatShape(one.x.shape)}`;
  return fail("shape-mismatch", {
    message: "The arguments of a mapped function have different numbers of examples.",
    expected: text(first),
    found: text(other),
    fix: "Give the axes on which the examples are, and null for what they share: axes: [0, null].",
  });
}

/** The axis at one place put to another, the others being as they were. */
function moved(x: Tensor, from: number, to: number): Tensor {
  const others = x.shape.map((_, axis) => axis).filter((axis) => axis !== from);
  return transpose(x, others.toSpliced(to, 0, from));
}

const wrongCount = (found: number, expected: number): never =>
  fail("bad-argument", {
    message: "vmap needs an axis, or null, for each argument.",
    expected: `${expected} of them, or one for all`,
    found: String(found),
    fix: "List one for each argument: axes: [0, null].",
  });

const wrongForm = (path: string, axes: unknown, place: string): never =>
  fail("bad-argument", {
    message: `vmap cannot tell the axis of ${place} in ${path}.`,
    expected: "an axis or null, or a list or record of them that is made as what it belongs to",
    found: shown(axes),
    fix: "Give one axis for all of it, or one for each part: axes: [{ weight: 0, bias: null }].",
  });

const depends = (path: string): never =>
  fail("bad-argument", {
    message: `The ${path} of a mapped function is not the same for all examples.`,
    expected: "a result that depends on no mapped argument, where outAxes is null",
    found: "one that does",
    fix: "Give the axis that the examples are to have: outAxes: 0.",
  });
