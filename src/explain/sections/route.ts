/** The quantities between a parameter and the loss, and what each of them acts on. */
import { entry as held } from "../../core/at.ts";
import { dependents, nodesOf } from "../../core/graph.ts";
import { direct } from "../engine/adjoint.ts";
import type { Context } from "../engine/context.ts";
import { type Element, keyOf } from "../engine/elements.ts";
import type { Entry } from "../engine/parameters.ts";
import { elementsIn } from "./forward.ts";

export interface Route {
  readonly entry: Entry;
  readonly parameter: Element;
  /** Everything between parameter and loss, in the order of computation. */
  readonly reached: readonly Element[];
  readonly paths: number;
  /** What a quantity acts on directly. */
  readonly consumersOf: (e: Element) => readonly Element[];
}

/** The way of one parameter, for the chosen example. */
export function route(c: Context, entry: Entry): Route {
  const parameter = { node: entry.parameter.tensor, index: entry.index };
  const root = { node: c.trace.loss, index: 0 };
  const nodes = nodesOf([c.trace.loss]);
  const active = dependents(nodes, [parameter.node]);
  const idle = new Set(nodes.filter((node) => !active.has(node)));
  const wanted = new Set([keyOf(parameter)]);
  const consumers = new Map<string, Element[]>();
  const reached: Element[] = [];
  const counts = new Map<string, number>([[keyOf(parameter), 1]]);
  const stages = c.trace.stages.filter((s) => active.has(s.tensor)).map((s) => s.tensor);
  for (const e of [...stages.flatMap((t) => elementsIn(c, t)), root]) {
    const from = direct(c.elements, e, wanted, (node) => idle.has(node));
    if (from.length === 0) continue;
    for (const x of from) consumers.set(keyOf(x), [...(consumers.get(keyOf(x)) ?? []), e]);
    counts.set(
      keyOf(e),
      from.reduce((n, x) => n + held(counts, keyOf(x)), 0),
    );
    wanted.add(keyOf(e));
    if (e.node !== root.node) reached.push(e);
  }
  return {
    entry,
    parameter,
    reached,
    paths: counts.get(keyOf(root)) ?? 0,
    consumersOf: (e) => consumers.get(keyOf(e)) ?? [],
  };
}
