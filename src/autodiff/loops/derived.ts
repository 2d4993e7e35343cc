/** What reverse and forward mode share: a loop made from the steps of another. */
import { at, entry } from "../../core/at.ts";
import { type Body, type BodyOutput, type Family, outputOf } from "../../core/body.ts";
import { isFloat } from "../../core/dtype.ts";
import { dependents, leafData, nodesOf } from "../../core/graph.ts";
import { node, type Tensor } from "../../core/tensor.ts";
import { input } from "../../ops/leaf.ts";
import { close, type Fate, isView } from "./close.ts";

/** A loop's output, of the same record as the others. */
export const outputNode = (
  { nodes }: Pick<Family, "nodes">,
  inputs: readonly Tensor[],
  body: Body,
  output: BodyOutput,
): Tensor => node(at(nodes, 0).op, inputs, { body, output });

/** What a loop gives at this output, which may be asked for already. */
const outputIn = (family: Family, output: BodyOutput): Tensor =>
  family.nodes.find((n) => outputOf(n) === output) ??
  outputNode(family, family.inputs, family.body, output);

/** A placeholder like x. */
export const likeIn = (name: string, x: Tensor): Tensor => input(name, x.shape, x.dtype);

/** Carries that change with one of the seeds, through however many steps. */
export function changing(body: Body, seeds: ReadonlySet<Tensor>): Set<Tensor> {
  const found = new Set(seeds);
  const nodes = nodesOf(body.next);
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    const reached = dependents(nodes, found);
    body.carries.forEach((carry, k) => {
      if (isFloat(carry.dtype) && reached.has(at(body.next, k))) found.add(carry);
    });
  }
  return found;
}

/** Placeholders that one of the roots, or the carries after it, depend on. */
export function reachedFrom(body: Body, roots: readonly Tensor[]): Set<Tensor> {
  const all = new Set(roots);
  for (let before = -1; before !== all.size; ) {
    before = all.size;
    const reached = new Set(nodesOf([...all]));
    body.carries.forEach((carry, k) => {
      if (reached.has(carry)) all.add(at(body.next, k));
    });
  }
  return new Set(nodesOf([...all]));
}

/** What the body of a derived loop is made of; the rest is found among what its nodes read. */
interface Parts {
  readonly reverse: boolean;
  /** Placeholders of its own. */
  readonly constants: readonly Tensor[];
  readonly carries: readonly Tensor[];
  readonly slices: readonly Tensor[];
  readonly next: readonly Tensor[];
  /** What else is wanted of a step. */
  readonly stacks: readonly Tensor[];
}

/** A body with what its last constants and slices stand for: nodes of the other loop's body. */
export interface Derived {
  readonly body: Body;
  readonly stacks: readonly Tensor[];
  readonly constants: readonly Tensor[];
  readonly slices: readonly Tensor[];
}

/**
 * The body of a loop whose steps read what the steps of `body` have computed. What they read is kept:
 * a node of the body becomes a row of its stack. Of views the node that they show is kept; where
 * steps are recomputed, the carries alone.
 */
export function derivedBody(body: Body, parts: Parts, mark: number): Derived {
  const given = new Set<Tensor>([...body.constants, ...body.carries, ...body.slices, body.index]);
  const changes = dependents(nodesOf([...parts.next, ...parts.stacks]), given);
  const constants = new Set(body.constants);
  const [carries, slices] = [new Set(body.carries), new Set(body.slices)];
  const fate = (n: Tensor): Fate => {
    if (constants.has(n)) return "constant";
    if (carries.has(n) || slices.has(n)) return "slice";
    if (n.inputs.length === 0) return leafData(n) && n.size === 1 ? "inside" : "constant";
    if (n.id >= mark) return "inside";
    // What a user's own derivative has read from outside.
    if (!changes.has(n)) return isNumber(n) ? "inside" : "constant";
    return isView(n) || body.recompute ? "inside" : "slice";
  };
  const index = likeIn("index", body.index);
  const own = new Map<Tensor, Tensor>([[body.index, index]]);
  for (const p of [...parts.constants, ...parts.carries, ...parts.slices]) own.set(p, p);
  const when = body.when ? [body.when] : [];
  const closed = close([...parts.next, ...parts.stacks, ...when], own, fate);
  const { length } = parts.next;
  const stacks = closed.roots.slice(length, length + parts.stacks.length);
  const placeholders = (of: typeof closed.constants) => of.map(({ placeholder }) => placeholder);
  return {
    body: {
      length: body.length,
      reverse: parts.reverse,
      constants: [...parts.constants, ...placeholders(closed.constants)],
      carries: parts.carries,
      slices: [...parts.slices, ...placeholders(closed.slices)],
      index,
      next: closed.roots.slice(0, length),
      when: body.when && at(closed.roots, length + parts.stacks.length),
      recompute: body.recompute,
    },
    stacks,
    constants: closed.constants.map(({ of }) => of),
    slices: closed.slices.map(({ of }) => of),
  };
}

/** Whether a node is made of single numbers alone. */
const isNumber = (n: Tensor): boolean =>
  nodesOf([n]).every((x) => x.inputs.length > 0 || (x.size === 1 && leafData(x) !== undefined));

/** What the constants and slices that a derived body has found are, outside of the loops. */
export function found(family: Family, { constants, slices }: Derived) {
  const { body, inputs } = family;
  const outside = new Map<Tensor, Tensor>();
  body.constants.forEach((c, i) => void outside.set(c, at(inputs, i)));
  const first = body.constants.length + body.carries.length;
  body.slices.forEach((s, i) => void outside.set(s, at(inputs, first + i)));
  return {
    constants: constants.map((n) => outside.get(n) ?? n),
    slices: slices.map((n) => outside.get(n) ?? outputIn(family, n)),
  };
}

/** Derived loops by body and by what is asked of them. */
export function remembered<T>() {
  const known = new WeakMap<Body, Map<string, T>>();
  return (body: Body, key: string, make: () => T): T => {
    const own = known.get(body) ?? new Map<string, T>();
    known.set(body, own);
    if (!own.has(key)) own.set(key, make());
    return entry(own, key);
  };
}
