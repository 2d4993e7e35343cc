/** Derivatives between named quantities: the chain rule over the unnamed elements in between. */
import { isFloat } from "../../core/dtype.ts";
import {
  type Element,
  type Elements,
  keyOf,
  type LocalDerivative,
  type Naming,
} from "./elements.ts";
import { type Formula, one, productOf, sumOf } from "./expr.ts";
import type { Reach } from "./reach.ts";

interface Partial {
  readonly element: Element;
  readonly coefficient: Formula;
}

/** What an element reads that can carry a derivative. */
const realReads = (elements: Elements, e: Element) =>
  elements.reads(e).filter(({ node }) => isFloat(node.dtype));

/**
 * The elements that are `wanted` and that `from` is computed from, nothing named lying in between;
 * what is out of `reach` leads to none.
 */
export function direct(
  elements: Elements,
  from: Element,
  wanted: (e: Element) => boolean,
  reach: Reach,
): Element[] {
  const found = new Map<string, Element>();
  const seen = new Set<string>();
  const stack = [from];
  for (let e = stack.pop(); e !== undefined; e = stack.pop()) {
    for (const { node, at } of realReads(elements, e)) {
      if (!reach.has({ node, index: at })) continue;
      const child = elements.resolve(node, at);
      const key = keyOf(child);
      if (seen.has(key)) continue;
      seen.add(key);
      if (wanted(child)) found.set(key, child);
      else if (!elements.isNamed(child)) stack.push(child);
    }
  }
  return [...found.values()];
}

/**
 * The unnamed elements from `from` down to `wanted` that lie on a way between them, what is used
 * before what uses it; `from` is the last.
 */
export function between(
  elements: Elements,
  from: Element,
  wanted: ReadonlySet<string>,
  naming: Naming = elements.naming,
): Element[] {
  const leads = new Map<string, boolean>();
  const order: Element[] = [];
  const isWanted = among(wanted);
  const visit = (e: Element): boolean => {
    const key = keyOf(e);
    const known = leads.get(key);
    if (known !== undefined) return known;
    leads.set(key, false);
    let found = false;
    for (const { node, at } of realReads(elements, e)) {
      const child = elements.resolve(node, at, naming);
      if (isWanted(child)) found = true;
      else if (!elements.isNamed(child, naming) && visit(child)) found = true;
    }
    leads.set(key, found);
    if (found) order.push(e);
    return found;
  };
  visit(from);
  return order;
}

/** Whether an element is one of those with these keys; most belong to other nodes than all of them. */
function among(keys: ReadonlySet<string>): (e: Element) => boolean {
  const nodes = new Set(Array.from(keys, (key) => Number.parseInt(key, 10)));
  return (e) => nodes.has(e.node.id) && keys.has(keyOf(e));
}

/** ∂from/∂(each wanted element), by reverse accumulation of the records' own rules. */
export function partials(
  elements: Elements,
  from: Element,
  wanted: ReadonlySet<string>,
  naming: Naming = elements.naming,
): Map<string, Partial> {
  const order = between(elements, from, wanted, naming);
  const isOnTheWay = among(new Set([...wanted, ...order.map(keyOf)]));
  const terms = new Map<string, Formula[]>([[keyOf(from), [one]]]);
  const found = new Map<string, Element>();
  for (const e of order.toReversed()) {
    const g = elements.bounded(sumOf(terms.get(keyOf(e)) ?? []));
    for (const { child, coefficient } of elements.locals(
      e,
      naming,
      isOnTheWay,
    ) as LocalDerivative[]) {
      const key = keyOf(child);
      terms.set(key, [...(terms.get(key) ?? []), productOf([g, coefficient])]);
      if (wanted.has(key)) found.set(key, child);
    }
  }
  return new Map(
    [...found].map(([key, element]) => [
      key,
      { element, coefficient: sumOf(terms.get(key) ?? []) },
    ]),
  );
}
