/** A function of one step, traced: what it reads from outside becomes the loop's constants. */
import type { Body, BodyOutput } from "../../core/body.ts";
import { oneSite } from "../../core/call-site.ts";
import { ChainruleError, fail } from "../../core/errors.ts";
import { dependents, leafData, nodesOf } from "../../core/graph.ts";
import { formatShape, sameShape } from "../../core/shape.ts";
import { node, type Tensor } from "../../core/tensor.ts";
import { building, isBuilding, traced } from "../../core/tracing.ts";
import { isGiven, keepTogether } from "../../core/values.ts";
import { input } from "../../ops/leaf.ts";
import { byPath, type Tree } from "../tree.ts";
import { close, type Fate, isView } from "./close.ts";
import { loopOp } from "./record.ts";

/** Makes a loop's nodes; outside of any function, they are computed together. */
export function loopNodes(make: () => readonly Tensor[]): readonly Tensor[] {
  const nodes = building(make);
  if (!isBuilding()) keepTogether(nodes.filter((n) => !isGiven(n)));
  return nodes;
}

/** Runs a function of the user's on placeholders, of which it cannot read any value. */
export function tracedStep<T>(what: string, f: () => T): T {
  try {
    return traced(f);
  } catch (error) {
    if (!(error instanceof ChainruleError) || error.code !== "unbound-input") throw error;
    return fail("unbound-input", {
      message: `The function of ${what} reads a value that is not computed yet.`,
      expected: "a function that returns tensors; it runs once, before there are numbers",
      found: error.message.replace(/\n.*/s, ""),
      where: error.where,
      fix: "Choose with where(condition, a, b) or cond, which need no number while the graph is made.",
      cause: error,
    });
  }
}

/** A placeholder for each tensor of a tree, named by its place in it. */
export const placeholders = (name: string, types: readonly Typed[]): Tensor[] =>
  types.map(({ path, dtype, shape }) => input(path ? `${name}/${path}` : name, shape, dtype));

interface Typed extends Pick<Tensor, "dtype" | "shape"> {
  readonly path: string;
}

/** Where a tree has its tensors, and of which types. */
export const typesOf = (tree: Tree | undefined): Typed[] =>
  Object.entries(byPath(tree)).map(([path, { dtype, shape }]) => ({ path, dtype, shape }));

/** Where two trees differ in form or types, in words; undefined where they do not. */
export function difference(wanted: Tree | undefined, found: Tree | undefined) {
  const [a, b] = [typesOf(wanted), typesOf(found)];
  const fits = (x: Typed, y: Typed | undefined): boolean =>
    y?.path === x.path && y.dtype === x.dtype && sameShape(y.shape, x.shape);
  const odd = a.findIndex((x, k) => !fits(x, b[k]));
  if (odd < 0 && a.length === b.length) return undefined;
  const place = odd < 0 ? a.length : odd;
  const shown = (t: Typed | undefined): string =>
    t ? `${t.dtype}${formatShape(t.shape)}${t.path && ` at ${t.path}`}` : "no tensor";
  return { expected: shown(a[place]), found: shown(b[place]) };
}

/** Refuses a step that hands on something else than it got. */
export function checkCarry(what: string, first: Tree, carry: Tree): void {
  const odd = difference(first, carry);
  if (odd === undefined) return;
  fail("shape-mismatch", {
    message: `The step of ${what} hands on another carry than it got.`,
    ...odd,
    fix: "Begin with a carry of the type that the step gives, or cast and reshape it there.",
  });
}

/** What a traced step is made of. */
interface Traced {
  readonly what: Pick<Body, "length" | "reverse" | "recompute">;
  readonly carries: readonly Tensor[];
  readonly slices: readonly Tensor[];
  readonly index: Tensor;
  readonly next: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  /** A placeholder among the carries, or a value from outside. */
  readonly when?: Tensor;
  /** Whether what does not depend on the step is computed once, outside. */
  readonly hoists: boolean;
}

/** The loop of a step: what gives its outputs from first carries and sequences. */
export function looped({ what, carries, slices, index, next, outputs, when, hoists }: Traced) {
  const roots = [...next, ...outputs];
  const own = new Map<Tensor, Tensor>();
  for (const p of [...carries, ...slices, index]) own.set(p, p);
  const outside = when && !own.has(when) ? when : undefined;
  const flag = outside ? input("when", outside.shape, outside.dtype) : when;
  if (outside && flag) own.set(outside, flag);
  const steps = dependents(nodesOf(roots), own.keys());
  const fate = (n: Tensor): Fate => {
    const isInside = n.id > index.id;
    if (leafData(n) !== undefined) return isInside && n.size === 1 ? "inside" : "constant";
    if (n.op.derivative.kind === "leaf") return "constant";
    // Of a view that was made outside, the gradient may be wanted.
    return steps.has(n) || (isInside && (!hoists || isView(n))) ? "inside" : "constant";
  };
  const closed = close(roots, own, fate);
  const found = closed.constants.map(({ placeholder }) => placeholder);
  const body: Body = {
    ...what,
    constants: outside && flag ? [flag, ...found] : found,
    carries,
    slices,
    index,
    next: closed.roots.slice(0, next.length),
    when: flag,
  };
  const constants = [...(outside ? [outside] : []), ...closed.constants.map(({ of }) => of)];
  const stacked = closed.roots.slice(next.length);
  return (first: readonly Tensor[], sequences: readonly Tensor[]): Tensor[] => {
    const inputs = [...constants, ...first, ...sequences];
    const given = (output: BodyOutput) => node(loopOp, inputs, { body, output });
    return oneSite(() => [...carries.map((_, k) => given(k)), ...stacked.map(given)]);
  };
}

/** Whether a loop may have so many steps: their numbers are of i32. */
export const isLength = (n: unknown): n is number =>
  Number.isSafeInteger(n) && (n as number) >= 0 && (n as number) < 2 ** 31;

/** A number for the rows of a loop; placeholders that are made before what a step makes. */
export const rowIndex = (): Tensor<0> => input("index", [], "i32");

/** The types of rows of a sequence. */
export const rowTypes = (types: readonly Typed[]): Typed[] =>
  types.map(({ path, dtype, shape }) => ({ path, dtype, shape: shape.slice(1) }));
