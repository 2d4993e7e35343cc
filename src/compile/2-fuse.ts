/**
 * Pass 2: nodes become kernels. Four rules, none of which knows an operator:
 *
 * - a view (its value is one element of one input, or a constant) is never computed: what reads it
 *   reads through it;
 * - an elementwise node joins the kernel that made its latest input, if it has the same size and
 *   reads from that kernel at its own position only: epilogues, optimizer updates;
 * - an elementwise node that is read once, by a reduction, is computed inside it; so is one that is
 *   read once by an elementwise node, if it needs no more than one array itself;
 * - a reduction that is only read through a bijective view (a transpose) loops in the view's order.
 */
import { at, entry } from "../core/at.ts";
import {
  type Expression,
  index,
  indices,
  type Load,
  load,
  offset,
  subexpressions,
} from "../core/expression.ts";
import { nodesOf } from "../core/graph.ts";
import type { Meaning } from "../core/op.ts";
import { formatShape, type Shape, sizeOf } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { isIdentity, linearForm, rewriter, simplifyIndex, unravel } from "./affine.ts";
import { contractionFactors } from "./contraction.ts";
import { staysLinear } from "./joined.ts";
import { inputKind, isUnconditional, type Kinds, kindsOfNodes, type NodeKind } from "./kinds.ts";
import { inputOf, numberOf, type Reading, resolve, valueInOwnLoop } from "./read-through.ts";

/** A kernel before buffers are assigned: reads and stores are nodes. */
export interface Group {
  readonly loop: Exclude<Meaning["loop"], "leaf" | "compose">;
  readonly extents: Shape;
  /** The loop's position in row-major order. */
  readonly position: Expression;
  readonly reads: Tensor[];
  /** For map groups undefined; the loop's meaning with its loads rewritten otherwise. */
  body?: Exclude<Meaning, { loop: "leaf" | "map" | "compose" }>;
  /** Values by node, in terms of the group's loop. */
  readonly values: Map<Tensor, Expression>;
  /** The node whose loop this is. */
  readonly root: Tensor;
  /** More than the level of every group that it reads from. */
  readonly level: number;
  /** How much is computed in it, in sub-expressions. */
  size: number;
}

/**
 * Where fusing ends: code generators walk expressions by recursion, engines take long over large
 * functions, and what has more values than there are registers gains nothing.
 */
const mostFused = 512;
const mostAbsorbed = 128;
const mostViews = 64;

/** The groups as text: loop, size, what is computed in it and what it reads. */
export function printGroups(groups: readonly Group[]): string {
  const nameOf = (n: Tensor) => ("name" in n.attributes ? String(n.attributes.name) : n.op.name);
  const lines = groups.map(({ loop, extents, body, values, reads, root }, i) => {
    const over = body?.loop === "reduce" ? ` over ${formatShape(body.over)}` : "";
    const own = body ? [root.op.name] : [];
    const names = [...own, ...[...values.keys()].filter((n) => n !== root || !body).map(nameOf)];
    const from = reads.map((x) => `${nameOf(x)}${formatShape(x.shape)}`).join(", ");
    return `#${i} ${loop} ${formatShape(extents)}${over}: ${names.join(", ")}\n  reads ${from}`;
  });
  return lines.join("\n");
}

/** Load number that stands for the reduced value until all reads are known. */
export const reducedValue = -1;

interface Facts {
  readonly kinds: Map<Tensor, NodeKind>;
  readonly users: Map<Tensor, Tensor[]>;
  readonly outputs: ReadonlySet<Tensor>;
  readonly inputs: ReadonlySet<Tensor>;
}

export function fuse(
  outputs: readonly Tensor[],
  inputs: ReadonlySet<Tensor>,
  kindOf = kindsOfNodes(),
): Group[] {
  const nodes = nodesOf(outputs, (n) => inputs.has(n));
  const facts = gather(nodes, outputs, inputs, kindOf);
  const anchors = findAnchors(nodes, facts);
  const anchoredAt = new Map([...anchors].map(([n, view]) => [view, n]));
  const absorbed = findAbsorbed(nodes, facts);
  const groupOf = new Map<Tensor, Group>();
  const groups: Group[] = [];
  const open = (group: Group, n: Tensor) => {
    groups.push(group);
    groupOf.set(n, group);
  };
  const viewsAbove = new Map<Tensor, number>();
  const constants = new Map<Tensor, Expression>();
  const pointedInto = findPointedInto(nodes, facts);
  const { kinds } = facts;
  const context: Context = { kinds, absorbed, groupOf, constants, known: new Map() };
  for (const n of nodes) {
    const { meaning, isView } = entry(kinds, n);
    if (meaning.loop === "leaf" || inputs.has(n) || absorbed.has(n)) continue;
    if (anchors.has(n)) continue;
    const anchored = anchoredAt.get(n);
    if (anchored !== undefined) {
      open(reduction(anchored, n, context), n);
      continue;
    }
    if (meaning.loop === "map") {
      const views = isView ? nextView(n, meaning.value, viewsAbove) : 0;
      const view = views > 0 && !facts.outputs.has(n);
      if (view && !pointedInto.has(n) && views < mostViews) continue;
      // What it reads in a loop of its own decides whether it can share another's.
      const alone = mapGroup(n, context);
      const value = entry(alone.values, n);
      if (view && views < mostViews && value.kind !== "constant") continue;
      if (value.kind === "constant" && !facts.outputs.has(n) && !pointedInto.has(n)) {
        constants.set(n, value);
        continue;
      }
      const host = hostOf(n, alone, context);
      if (host) {
        groupOf.set(n, host);
        host.size += alone.size;
        host.values.set(n, moved(n, alone, host));
      } else open(alone, n);
    } else open(reduction(n, n, context), n);
  }
  for (const group of groups) prune(group);
  const needed = reachable(outputs, groupOf);
  return groups.filter((group) => needed.has(group));
}

/** The groups that the outputs still need, now that reads have been taken away. */
function reachable(
  outputs: readonly Tensor[],
  groupOf: ReadonlyMap<Tensor, Group>,
): ReadonlySet<Group> {
  const needed = new Set<Group>();
  const stack = [...outputs];
  for (let n = stack.pop(); n !== undefined; n = stack.pop()) {
    const group = groupOf.get(n);
    if (group === undefined || needed.has(group)) continue;
    needed.add(group);
    stack.push(...group.reads);
  }
  return needed;
}

/** The number of this view in a chain of views; after the last that is allowed it starts again. */
function nextView(n: Tensor, value: Expression, viewsAbove: Map<Tensor, number>): number {
  const above = value.kind === "load" ? (viewsAbove.get(inputOf(n, value)) ?? 0) : 0;
  const views = above >= mostViews ? 1 : above + 1;
  viewsAbove.set(n, views);
  return views;
}

/** Takes away reads that simplification has left without a load. */
function prune(group: Group): void {
  const { reads, values, body } = group;
  const places = body?.loop === "scatter" ? [body.at, body.bound.index] : [];
  const roots = [...values.values(), ...(body ? [body.value] : []), ...places];
  const loads = subexpressions(roots).filter((e) => e.kind === "load");
  const used = new Set(loads.map((e) => e.input));
  const kept = reads.filter((_, k) => used.has(k));
  if (kept.length === reads.length) return;
  const numbers = reads.map((x) => kept.indexOf(x));
  const renumber = rewriter(index, (l) => ({ ...l, input: numbers[l.input] ?? l.input }));
  for (const [n, value] of values) values.set(n, renumber(value));
  if (body?.loop === "scatter") {
    const bound = { ...body.bound, index: renumber(body.bound.index) };
    group.body = { ...body, at: renumber(body.at), bound, value: renumber(body.value) };
  } else if (body) group.body = { ...body, value: renumber(body.value) };
  reads.splice(0, reads.length, ...kept);
}

function gather(
  nodes: readonly Tensor[],
  outputs: readonly Tensor[],
  inputs: ReadonlySet<Tensor>,
  kindOf: Kinds,
): Facts {
  const kinds = new Map<Tensor, NodeKind>();
  const users = new Map<Tensor, Tensor[]>(nodes.map((n) => [n, []]));
  for (const n of nodes) {
    kinds.set(n, inputs.has(n) ? inputKind : kindOf(n));
    if (!inputs.has(n)) for (const x of n.inputs) entry(users, x).push(n);
  }
  return { kinds, users, outputs: new Set(outputs), inputs };
}

/** Reductions that are read through one bijective view alone: reduction → view. */
function findAnchors(nodes: readonly Tensor[], facts: Facts): Map<Tensor, Tensor> {
  const anchors = new Map<Tensor, Tensor>();
  for (const n of nodes) {
    const { meaning } = entry(facts.kinds, n);
    const [view, ...others] = entry(facts.users, n);
    if (meaning.loop !== "reduce" || !view || others.length > 0 || facts.outputs.has(n)) continue;
    const through = shownBy(entry(facts.kinds, view));
    if (through === undefined) continue;
    const linear = linearForm(through.at, view.shape) !== undefined;
    if (view.size !== n.size || !linear || view.dtype !== n.dtype) continue;
    // A view that joins axes would have their places taken apart again.
    const order = unravel(through.at, n.shape, view.shape);
    if (staysLinear(meaning, n.shape, order, view.shape)) anchors.set(n, view);
  }
  return anchors;
}

/** What is read at positions that are data: read in memory, since the positions are to be checked. */
function findPointedInto(nodes: readonly Tensor[], facts: Facts): Set<Tensor> {
  const found = new Set<Tensor>();
  for (const n of nodes) {
    for (const e of entry(facts.kinds, n).loads) if (e.bound) found.add(inputOf(n, e));
  }
  return found;
}

/** Elementwise nodes that are computed inside the one loop that reads each element once. */
function findAbsorbed(nodes: readonly Tensor[], facts: Facts): Set<Tensor> {
  const absorbed = new Set<Tensor>();
  /** The node with whose loop an absorbed one ends up, and how many that loop has absorbed. */
  const home = new Map<Tensor, Tensor>();
  const counts = new Map<Tensor, number>();
  for (const n of [...nodes].reverse()) {
    const { meaning, isView } = entry(facts.kinds, n);
    if (meaning.loop !== "map" || isView || facts.outputs.has(n)) continue;
    const users = entry(facts.users, n);
    // Views in between change the place, not the number of reads.
    const [user] = users;
    if (users.length !== 1 || user === undefined) continue;
    const reader = readerThroughViews(user, facts);
    if (reader === undefined) continue;
    const kind = entry(facts.kinds, reader);
    const reading = kind.meaning;
    const inner = reading.loop === "reduce" ? sizeOf(reading.over) : 1;
    const positions = reader.size * inner;
    const fits =
      reading.loop === "reduce"
        ? contractionFactors(reading, reader.shape) === undefined
        : reading.loop === "map" && (absorbed.has(reader) || arraysRead(n, facts) <= 1);
    const loop = home.get(reader) ?? reader;
    const count = (counts.get(loop) ?? 0) + 1;
    if (!fits || positions !== n.size || !readsOnce(kind, reader)) continue;
    if (count > mostAbsorbed) continue;
    absorbed.add(n);
    home.set(n, loop);
    counts.set(loop, count);
  }
  return absorbed;
}

/** How many different arrays (not single numbers) an elementwise node is computed from. */
const arraysRead = (n: Tensor, facts: Facts): number =>
  new Set(n.inputs.map((x) => shown(x, facts)).filter((x) => x.size > 1)).size;

/** What a chain of views shows. */
function shown(x: Tensor, facts: Facts): Tensor {
  let base = x;
  for (;;) {
    const load = shownBy(entry(facts.kinds, base));
    if (load === undefined) return base;
    base = inputOf(base, load);
  }
}

/** The one node that reads a node through a chain of views with one reader each. */
function readerThroughViews(user: Tensor, facts: Facts): Tensor | undefined {
  let reader = user;
  for (;;) {
    if (!entry(facts.kinds, reader).isView) return facts.inputs.has(reader) ? undefined : reader;
    const [next, ...others] = entry(facts.users, reader);
    if (!next || others.length > 0 || facts.outputs.has(reader)) return undefined;
    reader = next;
  }
}

/** No input is loaded at two places, nor at a place that data or a condition decide. */
function readsOnce({ loads }: NodeKind, reader: Tensor): boolean {
  const inputs = loads.map((e) => reader.inputs[e.input]);
  return new Set(inputs).size === inputs.length && loads.every(isUnconditional);
}

/** The element that a view shows, if it is no number or index. */
const shownBy = ({ isView, meaning }: NodeKind): Load | undefined =>
  isView && meaning.loop === "map" && meaning.value.kind === "load" ? meaning.value : undefined;

interface Context extends Reading {
  readonly groupOf: ReadonlyMap<Tensor, Group>;
}

/**
 * A node's expression, moved from a loop of its own into another group's loop of the same size.
 * What that group makes is not read but taken from it: `hostOf` has seen that the node reads it at
 * its own position only, which cannot always be seen once more in the other loop's indices.
 */
function moved(n: Tensor, alone: Group, { extents, position, reads, values }: Group): Expression {
  let along: readonly Expression[] | undefined;
  return rewriter(
    (axis) => at((along ??= unravel(position, n.shape, extents)), axis),
    (e, original) => {
      const x = at(alone.reads, e.input);
      const mine = values.get(x);
      if (mine !== undefined) return mine;
      const here = original.at === alone.position || isIdentity(original.at, n.shape);
      const place = here ? position : simplifyIndex(e.at, extents);
      return { ...e, input: numberOf(x, reads), at: place };
    },
  )(entry(alone.values, n));
}

/** A group for one elementwise node. */
function mapGroup(n: Tensor, context: Context): Group {
  const reads: Tensor[] = [];
  const { value, size } = valueInOwnLoop(n, reads, context);
  return {
    loop: "map",
    extents: n.shape,
    position: entry(context.kinds, n).position,
    reads,
    values: new Map([[n, value]]),
    root: n,
    level: levelAbove(reads, context),
    size,
  };
}

const levelAbove = (reads: readonly Tensor[], { groupOf }: Context): number =>
  reads.reduce((level, x) => Math.max(level, (groupOf.get(x)?.level ?? 0) + 1), 1);

/**
 * The group whose loop an elementwise node can share: the one of highest level that it reads from.
 * All others must be of lower level, so that none of them can depend on it.
 */
function hostOf(n: Tensor, alone: Group, { groupOf }: Context): Group | undefined {
  // Where there is nothing to loop over, every place looks like one's own.
  if (n.size === 0) return undefined;
  const makers = new Set(alone.reads.flatMap((x) => groupOf.get(x) ?? []));
  const top = alone.level - 1;
  const highest = [...makers].filter((group) => group.level === top);
  const [host] = highest;
  if (highest.length !== 1 || host === undefined || sizeOf(host.extents) !== n.size) return;
  if (host.loop !== "map" && host.loop !== "reduce") return;
  if (host.size + alone.size > mostFused) return;
  const aligned = subexpressions(entry(alone.values, n)).every(
    (e) =>
      e.kind !== "load" ||
      groupOf.get(at(alone.reads, e.input)) !== host ||
      ((e.at === alone.position || isIdentity(e.at, n.shape)) && isUnconditional(e)),
  );
  return aligned ? host : undefined;
}

/** The group of a node with a loop of its own; `view` gives the order of its outputs. */
function reduction(n: Tensor, view: Tensor, context: Context): Group {
  const meaning = entry(context.kinds, n).meaning as Group["body"] & object;
  const over = meaning.loop === "reduce" ? meaning.over : [];
  const extents = meaning.loop === "scatter" ? meaning.over : view.shape;
  const reads: Tensor[] = [];
  const rank = extents.length;
  const position = offset(extents, indices(rank));
  let outer = indices(rank);
  if (view !== n) {
    const through = shownBy(entry(context.kinds, view)) as Load;
    outer = unravel(through.at, n.shape, view.shape);
  }
  const along = [...outer, ...over.map((_, axis) => index(rank + axis))];
  const place = (e: Expression) =>
    resolve(e, n, reads, context, { extents: [...extents, ...over], along });
  const body = { ...meaning, value: place(meaning.value) } as Group["body"] & object;
  if (body.loop === "scatter") {
    Object.assign(body, {
      at: place(body.at),
      bound: { ...body.bound, index: place(body.bound.index) },
    });
  }
  const values = new Map([[view, load(reducedValue, view.dtype, position)]]);
  const size = subexpressions(body.value).length;
  const { loop } = body;
  const level = levelAbove(reads, context);
  return { loop, extents, position, reads, body, values, root: view, level, size };
}
