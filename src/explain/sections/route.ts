/** The quantities between a parameter and the loss, and what each of them acts on. */
import { entry as held } from "../../core/at.ts";
import { dependents, nodesOf } from "../../core/graph.ts";
import type { Tensor } from "../../core/tensor.ts";
import { direct } from "../engine/adjoint.ts";
import type { Context } from "../engine/context.ts";
import { type Element, keyOf } from "../engine/elements.ts";
import type { Entry } from "../engine/parameters.ts";
import { Reach } from "../engine/reach.ts";
import { forwardSlopes, unitOf } from "../engine/slopes.ts";
import { wide } from "./detail.ts";
import { elementsIn } from "./forward.ts";

export interface Route {
  readonly entry: Entry;
  readonly parameter: Element;
  /** The tensors with names that the parameter acts on directly, in whatever example, in order. */
  readonly readers: readonly Tensor[];
  /** Everything between parameter and loss, in the order of computation. */
  readonly reached: readonly Element[];
  /** Infinity where they lead through other examples as well. */
  readonly paths: number;
  /** Whether it stands in a batch's loss itself, too, in a penalty, which is no example's. */
  readonly apart: boolean;
  /** What a quantity acts on directly; what it acts on in other examples comes last. */
  readonly consumersOf: (e: Element) => readonly Element[];
}

/** The way of one parameter, for the chosen example. */
export function route(c: Context, entry: Entry): Route {
  const parameter = { node: entry.parameter.tensor, index: entry.index };
  const root = { node: c.trace.loss, index: 0 };
  const nodes = nodesOf([c.trace.loss]);
  const active = dependents(nodes, [parameter.node]);
  const reach = new Reach(c.elements, new Map([[parameter.node, unitOf(parameter)]]));
  for (const node of nodes) reach.of(node);
  const wanted = new Set([keyOf(parameter)]);
  const consumers = new Map<string, Element[]>();
  const reached: Element[] = [];
  let apart = false;
  const counts = new Map<string, number>([[keyOf(parameter), 1]]);
  const stages = c.trace.stages.filter((s) => active.has(s.tensor)).map((s) => s.tensor);
  for (const e of [...stages.flatMap((t) => elementsIn(c, t)), root]) {
    if (!reach.has(e)) continue;
    const all = direct(c.elements, e, (x) => wanted.has(keyOf(x)), reach);
    const penalized = e === root && c.trace.examples > 1;
    const from = penalized ? all.filter((x) => x.node !== parameter.node) : all;
    if (from.length < all.length) apart = true;
    if (from.length === 0) continue;
    for (const x of from) consumers.set(keyOf(x), [...(consumers.get(keyOf(x)) ?? []), e]);
    counts.set(
      keyOf(e),
      from.reduce((n, x) => n + held(counts, keyOf(x)), 0),
    );
    wanted.add(keyOf(e));
    if (e.node !== root.node) reached.push(e);
  }
  const paths = counts.get(keyOf(root)) ?? 0;
  const lead = readers(parameter.node, stages);
  const mixing = new Set(stages.filter((t) => mixes(c, t)));
  const known = new Map<string, readonly Element[]>();
  const consumersOf = (e: Element): readonly Element[] => {
    const own = consumers.get(keyOf(e)) ?? [];
    const all = known.get(keyOf(e)) ?? [...own, ...abroad(c, e, lead(e.node), mixing)];
    known.set(keyOf(e), all);
    return all;
  };
  const leave = mixing.size > 0 || reached.some((e) => c.isShared(e.node));
  return {
    entry,
    parameter,
    readers: lead(parameter.node),
    reached,
    apart,
    paths: leave ? Number.POSITIVE_INFINITY : paths,
    consumersOf,
  };
}

/** Which of some tensors read one of them or a parameter, none of them lying in between. */
function readers(
  parameter: Tensor,
  stages: readonly Tensor[],
): (node: Tensor) => readonly Tensor[] {
  const named = new Set([parameter, ...stages]);
  const found = new Map<Tensor, Tensor[]>();
  for (const t of stages) {
    for (const node of nodesOf(t.inputs, (x) => named.has(x))) {
      if (named.has(node)) found.set(node, [...(found.get(node) ?? []), t]);
    }
  }
  return (node) => found.get(node) ?? [];
}

/** Whether the examples of a stage depend on one another directly, as in a norm over the batch. */
function mixes(c: Context, t: Tensor): boolean {
  const known = c.mixing.get(t);
  if (known !== undefined) return known;
  let found = false;
  if (c.trace.examples > 1 && c.isBatched(t)) {
    const own = ({ size }: Tensor) => {
      const row = size / c.trace.examples;
      return new Float64Array(size).fill(1, c.example * row, (c.example + 1) * row);
    };
    const others = c.trace.stages.filter(({ tensor }) => tensor !== t);
    const seeds = others.map(
      ({ tensor }) => [tensor, c.isBatched(tensor) ? own(tensor) : undefined] as const,
    );
    const marks = new Reach(c.elements, new Map(seeds)).of(t) ?? [];
    const row = t.size / c.trace.examples;
    found = marks.some((m, i) => m !== 0 && Math.floor(i / row) !== c.example);
  }
  c.mixing.set(t, found);
  return found;
}

/** Whether an element has a name and belongs to another example than the one that is shown. */
export const isForeign = (c: Context, e: Element): boolean =>
  c.isBatched(e.node) && c.elements.isNamed(e) && c.place(e).example !== c.example;

/** The elements of other examples that x acts on directly. */
function abroad(
  c: Context,
  x: Element,
  behind: readonly Tensor[],
  mixing: ReadonlySet<Tensor>,
): Element[] {
  const shared = c.isShared(x.node);
  // What a parameter does in other examples is theirs to contribute.
  if (!shared && !c.isBatched(x.node)) return [];
  return behind.flatMap((node) => {
    if (!shared && !mixing.has(node)) return [];
    const found = Array.from(forwardSlopes(c.trace, node, x), (slope, index) => ({
      node,
      index,
      slope,
    }));
    const all = found.filter((e) => e.slope !== 0 && isForeign(c, e));
    // The formulas of what goes through something shared are short; others may read everything.
    if (all.length > wide && !shared) for (const e of all) c.hold(e, x, e.slope);
    return all;
  });
}
