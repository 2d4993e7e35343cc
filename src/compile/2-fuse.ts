/**
 * Pass 2: nodes become kernels. Five rules, none of which knows an operator:
 *
 * - a view (its value is one element of one input, or a constant) is never computed: what reads it
 *   reads through it;
 * - an elementwise node joins the kernel that made its latest input, if it has the same size and
 *   reads from that kernel at its own position only: epilogues, optimizer updates;
 * - an elementwise node that is read once, by a reduction, is computed inside it; so is one that is
 *   read once by an elementwise node, if it needs no more than one array itself, and one that takes
 *   one instruction from an array that is stored anyway;
 * - a reduction that is only read through a bijective view (a transpose) loops in the view's order;
 * - a sum over the batch axes of matrix products, which nothing else reads, is one product.
 */
import { at, entry } from "../core/at.ts";
import { type Body, type Family, familiesOf } from "../core/body.ts";
import {
  constant,
  type Expression,
  index,
  indices,
  type Load,
  load,
  offset,
  subexpressions,
} from "../core/expression.ts";
import type { NodeMap } from "../core/node-map.ts";
import type { Meaning } from "../core/op.ts";
import { formatShape, type Shape, sizeOf } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import {
  indicesAt,
  isIdentity,
  linearForm,
  loadAt,
  placeOf,
  rewriter,
  simplifyIndex,
  unravel,
} from "./affine.ts";
import { isUnconditional, kindsOfNodes, numbered } from "./kinds.ts";
import { numbersOfPairs } from "./pairs.ts";
import {
  type ElementsInLoop,
  numberOf,
  type Recipes,
  recipeOf,
  recipes,
  resolve,
  valueInOwnLoop,
} from "./read-through.ts";
import { elementOf, inputOf, type Vertex, verticesOf, wholeOf } from "./vertices.ts";

/** A kernel before buffers are assigned: reads and stores are nodes. */
export interface Group {
  readonly loop: Exclude<Meaning["loop"], "leaf" | "compose">;
  readonly extents: Shape;
  /** The loop's position in row-major order. */
  readonly position: Expression;
  readonly reads: Tensor[];
  /** For map groups undefined; the loop's meaning with its loads rewritten otherwise. */
  body?: Exclude<Meaning, { loop: "leaf" | "map" | "compose" | "repeat" }>;
  /** Of a loop over a graph: its body, and what it reads, by input. */
  readonly repeat?: { readonly body: Body; readonly inputs: readonly Tensor[] };
  /** Values by node, in terms of the group's loop. */
  readonly values: Map<Tensor, Expression>;
  /** The node whose loop this is. */
  readonly root: Tensor;
  /** The nodes whose terms it reduces or scatters: first the one whose axes come first. */
  readonly reduces?: readonly Tensor[];
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

/** What nodes of one recipe compute in a loop of their own. */
interface Made {
  readonly value: Expression;
  /** How many sub-expressions it has. */
  readonly size: number;
  /** What it reads, among all that the recipe names. */
  readonly reads: readonly number[];
  /** The loads at the loop's own position, and whether all loads of what is read are such. */
  readonly here: ReadonlySet<Expression>;
  readonly isAligned: readonly boolean[];
  /** Whether all that it reads is loaded, now that it is simplified. */
  readonly isWhole: boolean;
  /** Its loads, in order; found when it moves into another loop. */
  visits?: readonly Load[];
}

/** A node in a loop of its own. */
interface Alone {
  readonly v: Vertex;
  readonly made: Made;
  readonly reads: readonly Vertex[];
  /** More than the level of every kernel that it reads from. */
  readonly level: number;
}

/** A reduction's loop, for all that have its recipe. */
interface Loop {
  readonly extents: Shape;
  readonly position: Expression;
  readonly body: NonNullable<Group["body"]>;
  readonly reads: readonly number[];
  readonly result: Expression;
  readonly size: number;
  readonly isWhole: boolean;
}

/** What was made before, by recipe: large graphs repeat themselves. */
interface Known {
  readonly recipes: Recipes;
  readonly values: Map<number, Made>;
  readonly loops: Map<number, Loop>;
  readonly along: Map<Expression, Map<string, readonly Expression[]>>;
  /** What became of values in other loops, by value, loop and what they read there. */
  readonly moved: Map<number, Expression>;
  readonly after: (before: number, part: number) => number;
  readonly parts: Map<object, number>;
}

export function fuse(
  outputs: readonly Tensor[],
  inputs: ReadonlySet<Tensor>,
  kindOf = kindsOfNodes(),
  rows?: number,
): Group[] {
  const vertices = verticesOf(outputs, inputs, kindOf, rows);
  const known: Known = {
    recipes: recipes(),
    values: new Map(),
    loops: new Map(),
    along: new Map(),
    moved: new Map(),
    after: numbersOfPairs(),
    parts: new Map(),
  };
  const groups: Group[] = [];
  /** Those whose reads may not all be loaded. */
  const changed = new Set<Group>();
  const open = (group: Group, v: Vertex, isWhole: boolean) => {
    groups.push(group);
    v.group = group;
    if (!isWhole) changed.add(group);
  };
  const all = vertices.values();
  const families = familiesOf(all.flatMap((v) => (v.isInput ? [] : [v.n])));
  const loops = new Map<Family, Group>();
  for (const v of all) {
    const { meaning, isView } = v.kind;
    if (meaning.loop === "leaf" || v.isInput || v.isAbsorbed || v.shownBy) continue;
    if (meaning.loop === "repeat") {
      const family = entry(families, v.n);
      const loop = loops.get(family);
      if (loop === undefined) {
        const made = loopGroup(v, family);
        loops.set(family, made);
        open(made, v, true);
      } else {
        loop.values.set(v.n, resultOf(v.n));
        v.group = loop;
      }
      continue;
    }
    const reduced = v.anchored ?? v;
    if (reduced.kind.meaning.loop !== "map") {
      const { group, isWhole } = reduction(reduced, v, known);
      open(group, v, isWhole);
      continue;
    }
    const views = isView ? nextView(v) : 0;
    const view = views > 0 && !v.isOutput;
    if (view && !v.isPointedInto && !v.isArray && views < mostViews) continue;
    // What it reads in a loop of its own decides whether it can share another's.
    const alone = inOwnLoop(v, known);
    const { value, size, isWhole } = alone.made;
    if (view && !v.isArray && views < mostViews && value.kind !== "constant") continue;
    if (value.kind === "constant" && !v.isOutput && !v.isPointedInto && !v.isArray) {
      v.constant = value;
      continue;
    }
    const host = hostOf(alone);
    if (host) {
      v.group = host;
      host.size += size;
      host.values.set(v.n, moved(alone, host, known));
      changed.add(host);
    } else open(mapGroup(alone), v, isWhole);
  }
  for (const group of changed) prune(group);
  const needed = reachable(outputs, vertices);
  return groups.filter((group) => needed.has(group));
}

/** The groups that the outputs still need, now that reads have been taken away. */
function reachable(outputs: readonly Tensor[], vertices: NodeMap<Vertex>): ReadonlySet<Group> {
  const needed = new Set<Group>();
  const stack = [...outputs];
  for (let n = stack.pop(); n !== undefined; n = stack.pop()) {
    const { group } = entry(vertices, n);
    if (group === undefined || needed.has(group)) continue;
    needed.add(group);
    stack.push(...group.reads);
  }
  return needed;
}

/** The number of this view in a chain of views; after the last that is allowed it starts again. */
function nextView(v: Vertex): number {
  const load = elementOf(v.kind);
  const above = load ? inputOf(v, load).views : 0;
  v.views = above >= mostViews ? 1 : above + 1;
  return v.views;
}

const loadsOf = (roots: Expression | readonly Expression[]): Load[] =>
  subexpressions(roots).filter((e) => e.kind === "load");

/** Takes away reads that simplification has left without a load. */
function prune(group: Group): void {
  const { reads, values, body } = group;
  const places = body?.loop === "scatter" ? [body.at, body.bound.index] : [];
  const roots = [...values.values(), ...(body ? [body.value] : []), ...places];
  const used = new Set(loadsOf(roots).map((e) => e.input));
  const kept = reads.filter((_, k) => used.has(k));
  if (kept.length === reads.length) return;
  const numbers = reads.map((x) => kept.indexOf(x));
  const renumber = rewriter(index, (l, copied) => {
    const inner = copied();
    return loadAt(inner, numbers[l.input] ?? l.input, inner.at);
  });
  for (const [n, value] of values) values.set(n, renumber(value));
  if (body?.loop === "scatter") {
    const bound = { ...body.bound, index: renumber(body.bound.index) };
    group.body = { ...body, at: renumber(body.at), bound, value: renumber(body.value) };
  } else if (body) group.body = { ...body, value: renumber(body.value) };
  reads.splice(0, reads.length, ...kept);
}

/**
 * A node's expression, moved from a loop of its own into another group's loop of the same size.
 * What that group makes is not read but taken from it: `hostOf` has seen that the node reads it at
 * its own position only, which cannot always be seen once more in the other loop's indices.
 */
function moved({ v, made, reads }: Alone, group: Group, known: Known): Expression {
  const { extents, position, values } = group;
  made.visits ??= subexpressions(made.value).filter((e): e is Load => e.kind === "load");
  // What the same expression is where it stands between the same, large graphs ask for often.
  const { after, parts } = known;
  const partOf = (of: object): number => numbered(parts, of);
  let key = after(after(-1, partOf(made)), partOf(position));
  for (const { input } of made.visits) {
    const { n } = at(reads, input);
    const mine = values.get(n);
    key = after(key, mine ? 2 * partOf(mine) : 2 * numberOf(n, group.reads) + 1);
  }
  const before = known.moved.get(key);
  if (before) return before;
  const along = placesAlong(position, v.n.shape, extents, known);
  const result = rewriter(
    (axis) => at(along, axis),
    (e, copied) => {
      const { n } = at(reads, e.input);
      const mine = values.get(n);
      if (mine !== undefined) return mine;
      const inner = made.here.has(e) && !e.when && !e.bound ? e : copied();
      const place = made.here.has(e) ? position : simplifyIndex(inner.at, extents);
      return loadAt(inner, numberOf(n, group.reads), place);
    },
  )(made.value);
  known.moved.set(key, result);
  return result;
}

/** The indices of a node's elements in a loop at whose position they lie. */
function placesAlong(
  position: Expression,
  shape: Shape,
  extents: Shape,
  { along }: Known,
): readonly Expression[] {
  let places = along.get(position);
  if (places === undefined) along.set(position, (places = new Map()));
  const key = shape.join();
  let found = places.get(key);
  if (found === undefined) places.set(key, (found = unravel(position, shape, extents)));
  return found;
}

function inOwnLoop(v: Vertex, { recipes, values }: Known): Alone {
  const found: Vertex[] = [];
  const recipe = recipeOf(v, found, recipes);
  let made = recipe === undefined ? undefined : values.get(recipe);
  let reads: readonly Vertex[];
  if (made) reads = made.reads.map((k) => at(found, k));
  else {
    const own: Vertex[] = [];
    const { meaning, position } = v.kind;
    const value = valueInOwnLoop(v, (meaning as { value: Expression }).value, own);
    made = {
      value,
      ...factsOf(value, own.length, v.n.shape, position),
      reads: own.map((x) => found.indexOf(x)),
    };
    if (recipe !== undefined && !made.reads.includes(-1)) values.set(recipe, made);
    reads = own;
  }
  return { v, made, reads, level: levelAbove(reads) };
}

function factsOf(value: Expression, reads: number, shape: Shape, position: Expression) {
  const all = subexpressions(value);
  const here = new Set<Expression>();
  const isAligned = new Array<boolean>(reads).fill(true);
  const isUsed = new Array<boolean>(reads).fill(false);
  for (const e of all) {
    if (e.kind !== "load") continue;
    isUsed[e.input] = true;
    if (e.at === position || isIdentity(e.at, shape)) here.add(e);
    if (!here.has(e) || !isUnconditional(e)) isAligned[e.input] = false;
  }
  return { size: all.length, here, isAligned, isWhole: !isUsed.includes(false) };
}

/** A group for one elementwise node. */
const mapGroup = ({ v, made, reads, level }: Alone): Group => ({
  loop: "map",
  extents: v.n.shape,
  position: v.kind.position,
  reads: reads.map(({ n }) => n),
  values: new Map([[v.n, made.value]]),
  root: v.n,
  level,
  size: made.size,
});

/** A group for the first output of a loop over a graph; the others join it. */
function loopGroup(v: Vertex, { body }: Family): Group {
  const arrays = v.inputs.map(wholeOf);
  const inputs = arrays.map(({ n }) => n);
  return {
    loop: "repeat",
    extents: [],
    position: nowhere,
    reads: [...new Set(inputs)],
    repeat: { body, inputs },
    values: new Map([[v.n, resultOf(v.n)]]),
    root: v.n,
    level: levelAbove(arrays),
    size: mostFused,
  };
}

const nowhere = constant(0, "i32");
const resultOf = (n: Tensor): Expression => load(reducedValue, n.dtype, nowhere);

function levelAbove(reads: readonly Vertex[]): number {
  let level = 1;
  for (const { group } of reads) if (group && group.level >= level) level = group.level + 1;
  return level;
}

/**
 * The group whose loop an elementwise node can share: the one of highest level that it reads from.
 * All others must be of lower level, so that none of them can depend on it.
 */
function hostOf({ v, made: { size, isAligned }, reads, level }: Alone): Group | undefined {
  // Where there is nothing to loop over, every place looks like one's own.
  if (v.n.size === 0) return undefined;
  let host: Group | undefined;
  for (const { group } of reads) {
    if (group === undefined || group.level !== level - 1) continue;
    if (host !== undefined && host !== group) return undefined;
    host = group;
  }
  if (host === undefined || sizeOf(host.extents) !== v.n.size) return undefined;
  if (host.loop !== "map" && host.loop !== "reduce") return undefined;
  if (host.size + size > mostFused) return undefined;
  return reads.every(({ group }, k) => group !== host || isAligned[k]) ? host : undefined;
}

/** The group of a node with a loop of its own; `view` gives the order of its outputs. */
function reduction(v: Vertex, view: Vertex, { recipes, loops }: Known) {
  const found: Vertex[] = [];
  // A scatter reads more than its value tells.
  const own = v.kind.meaning.loop === "scatter" ? undefined : recipeOf(v, found, recipes);
  const isShown = own !== undefined && view !== v;
  const recipe = isShown ? recipes.after(own, view.kind.number) : own;
  let made = recipe === undefined ? undefined : loops.get(recipe);
  let reads: readonly Vertex[];
  if (made) reads = made.reads.map((k) => at(found, k));
  else {
    const own: Vertex[] = [];
    made = loopOf(v, view, own, found);
    if (recipe !== undefined && !made.reads.includes(-1)) loops.set(recipe, made);
    reads = own;
  }
  const { extents, position, body, result, size, isWhole } = made;
  const values = new Map<Tensor, Expression>().set(view.n, result);
  const { loop } = body;
  const level = levelAbove(reads);
  const read = reads.map(({ n }) => n);
  const root = view.n;
  const reduces = v.addsUp ? [v.n, v.addsUp.n] : [v.n];
  const plain = { loop, extents, position, body, values, root, level, size };
  const group: Group = { ...plain, reads: read, reduces };
  return { group, isWhole };
}

/** What a sum of matrix products runs over: the products, and the terms of each. */
function overBoth({ over }: { readonly over: Shape }, { kind: { meaning } }: Vertex): Shape {
  return meaning.loop === "reduce" ? [...over, ...meaning.over] : over;
}

/** A term of the products that a sum adds up, where the sum loads them by `e`. */
function termOf(product: Vertex, e: Expression, sum: ElementsInLoop, reads: Vertex[]): Expression {
  const { meaning } = product.kind;
  if (e.kind !== "load" || meaning.loop !== "reduce") throw new TypeError("no sum of products");
  const { extents } = sum;
  const { shape } = product.n;
  const copy = rewriter(sum.along, (_, copied) => copied());
  const place = placeOf(simplifyIndex(copy(e.at), extents), extents);
  const outer = indicesAt(place, shape, extents);
  const first = extents.length - meaning.over.length;
  const along = (axis: number): Expression =>
    axis < shape.length ? outer.along(axis) : index(axis - shape.length + first);
  const forms = product.kind.extents.map((_, axis) => linearForm(along(axis), extents));
  return resolve(meaning.value, product, reads, { extents, along, forms });
}

function loopOf(v: Vertex, view: Vertex, reads: Vertex[], found: readonly Vertex[]): Loop {
  const own = v.kind.meaning as NonNullable<Group["body"]>;
  const summed = v.addsUp;
  const meaning = own.loop === "reduce" && summed ? { ...own, over: overBoth(own, summed) } : own;
  const over = meaning.loop === "reduce" ? meaning.over : [];
  const isScatter = meaning.loop === "scatter";
  const extents = isScatter ? meaning.over : view.n.shape;
  const rank = extents.length;
  const position = isScatter ? offset(extents, indices(rank)) : view.kind.position;
  const through = view === v ? undefined : elementOf(view.kind);
  const outer = through && indicesAt(placeOf(through.at, extents), v.n.shape, extents);
  const all = [...extents, ...over];
  const along = (axis: number): Expression => {
    if (!outer) return index(axis);
    const { length } = v.n.shape;
    return axis < length ? outer.along(axis) : index(axis - length + rank);
  };
  const forms = v.kind.extents.map((_, axis) => linearForm(along(axis), all));
  const elements = { extents: all, along, forms };
  const place = (e: Expression) =>
    summed ? termOf(summed, e, elements, reads) : resolve(e, v, reads, elements);
  const body = { ...meaning, value: place(meaning.value) };
  const places: Expression[] = [];
  if (body.loop === "scatter") {
    const { at, bound } = body;
    const placed = { at: place(at), bound: { ...bound, index: place(bound.index) } };
    Object.assign(body, placed);
    places.push(placed.at, placed.bound.index);
  }
  const used = new Set(loadsOf([body.value, ...places]).map((e) => e.input));
  return {
    ...{ extents, position, body },
    reads: reads.map((x) => found.indexOf(x)),
    result: load(reducedValue, view.n.dtype, position),
    size: subexpressions(body.value).length,
    isWhole: used.size === reads.length,
  };
}
