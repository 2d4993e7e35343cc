/** The ways that a gradient is a sum of, as a table. */
import { bySize } from "../../core/order.ts";
import type { Cell } from "../derivation.ts";
import type { Context } from "../engine/context.ts";
import type { Element } from "../engine/elements.ts";
import { computed, type Formula, productOf } from "../engine/expr.ts";
import { say } from "../say.ts";
import { wide } from "./detail.ts";
import type { Route } from "./route.ts";

/** y is computed from x directly. */
export interface Link {
  readonly x: Element;
  readonly y: Element;
}

interface Parts {
  /** What all ways have in common, from the parameter on, and its product. */
  readonly links: readonly Link[];
  readonly rest: Formula;
  /** ∂E/∂y, and ∂y/∂(where the ways part). */
  readonly gradient: (y: Element) => Formula;
  readonly local: (y: Element) => Formula;
}

/** One row for each quantity that `end` acts on, if there are several. */
export function pathTable(c: Context, r: Route, end: Element, parts: Parts): void {
  const consumers = r.consumersOf(end);
  if (consumers.length < 2) return;
  const { rest } = parts;
  const restValue = c.evaluate(rest);
  const all = consumers.map((y) => {
    const step =
      y.node === c.trace.loss ? c.local(y, end) : productOf([parts.gradient(y), parts.local(y)]);
    return { y, step, value: c.evaluate(step) };
  });
  const sorted = all.length <= wide ? all : all.toSorted((a, b) => bySize(a.value, b.value));
  const times = (value: number): Cell[] =>
    // Where nothing is in common, the last column would repeat the one before.
    parts.links.length === 0 ? [] : [computed(value * restValue)];
  const rows = sorted
    .slice(0, wide)
    .map(({ y, step, value }): Cell[] => [
      c.name(y),
      step,
      c.numbers(step),
      computed(value),
      ...times(value),
    ]);
  const added = (label: Cell, some: readonly { readonly value: number }[]): void => {
    const value = some.reduce((s, part) => s + part.value, 0);
    rows.push([label, "", "", computed(value), ...times(value)]);
  };
  if (sorted.length > wide) {
    added(say("remaining", { n: sorted.length - wide }), sorted.slice(wide));
  }
  added(say("sum"), all);
  const columns: Cell[] = [say("via"), say("product"), say("inNumbers"), say("contribution")];
  if (parts.links.length > 0) {
    columns.push(say("timesRest", { rest: c.names.long ? computed(restValue) : rest }));
  }
  c.note("paths", [say("eachPath")], { columns, rows }, "fan-out sum");
}
