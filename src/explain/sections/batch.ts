/** Section on the batch: every example's share of the gradient, their sum, and cancellation. */

import { pushForward } from "../../autodiff/forward.ts";
import { at, only } from "../../core/at.ts";
import type { TypedArray } from "../../core/dtype.ts";
import { bySize } from "../../core/order.ts";
import { formatShape } from "../../core/shape.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { Cell, Sentence } from "../derivation.ts";
import type { Context } from "../engine/context.ts";
import type { Element } from "../engine/elements.ts";
import { computed, type Formula, type Symbolic, sumOf } from "../engine/expr.ts";
import { gradientAt, sequentialGradients } from "../engine/gradients.ts";
import { type Name, ofExample, partial } from "../engine/notation.ts";
import { matrixOf } from "../engine/parameters.ts";
import { unitAt } from "../engine/slopes.ts";
import { isNetwork } from "../engine/trace.ts";
import { say } from "../say.ts";
import type { Route } from "./route.ts";

/** How many examples are listed. */
const listed = 5;

/** What example n contributes to the gradient of one parameter. */
export const shareSign = (n: number): Name => ofExample({ text: "g", tex: "g" }, n);

/** What one example contributes: Σ gradient · factor over what the parameter acts on first. */
interface Share {
  readonly n: number;
  readonly value: number;
  readonly parts: readonly Part[];
  /** As a symbol. */
  readonly symbol: Symbolic;
}

interface Part {
  readonly gradient: number;
  readonly factor: number;
}

/** The shares of all examples. */
export function shares(c: Context, r: Route, sequential: boolean): Share[] {
  const first = r.consumersOf(r.parameter);
  const { examples } = c.trace;
  const slopes = slopesOf(c, r, first);
  const parts = first.map((e): Part[] => {
    const g = sequential ? sequentialAt(c, e) : gradientAt(c.trace, e.node);
    const row = e.node.size / examples;
    const place = c.isBatched(e.node) ? e.index % row : e.index;
    return Array.from({ length: examples }, (_, n) => {
      const own: Element = { node: e.node, index: n * row + place };
      const factor = slopes ? at(slopes, own.index) : c.evaluate(c.local(own, r.parameter));
      return { gradient: at(g, own.index), factor };
    });
  });
  const node = first[0]?.node ?? r.carrier;
  const elsewhere = slopes && node ? besides(c, slopes, { node, first }, sequential) : () => 0;
  return Array.from({ length: examples }, (_, n): Share => {
    const own = parts.map((of) => at(of, n));
    const here = own.reduce((s, { gradient, factor }) => s + gradient * factor, 0);
    const value = here + elsewhere(n);
    return { n, value, parts: own, symbol: c.ofPart(shareSign(n), value) };
  });
}

/** What other examples add where the one that is shown does not: a row that they look up elsewhere. */
function besides(
  c: Context,
  slopes: TypedArray,
  { node, first }: { readonly node: Tensor; readonly first: readonly Element[] },
  sequential: boolean,
): (n: number) => number {
  if (!c.isBatched(node)) return () => 0;
  const row = node.size / c.trace.examples;
  const known = new Set(first.map(({ index }) => index % row));
  const g = sequential ? sequentialAt(c, { node, index: 0 }) : gradientAt(c.trace, node);
  return (n) => {
    let sum = 0;
    for (let i = 0; i < row; i++) {
      const slope = at(slopes, n * row + i);
      if (slope !== 0 && !known.has(i)) sum += at(g, n * row + i) * slope;
    }
    return sum;
  };
}

/** ∂E/∂e as an update layer by layer takes it. */
export function sequentialAt(c: Context, e: Element): TypedArray {
  const { trace } = c;
  const wanted = { tensor: e.node, layer: c.stageOf(e)?.layer ?? 0 };
  return isNetwork(trace) ? only(sequentialGradients(trace, [wanted])) : gradientAt(trace, e.node);
}

/**
 * The derivatives of all that the parameter acts on first, in one pass of forward mode; where it
 * acts on several tensors, of which one may be computed from another, there is no such pass.
 */
function slopesOf(c: Context, r: Route, first: readonly Element[]): TypedArray | undefined {
  const { parameter, carrier } = r;
  const node = first[0]?.node ?? carrier;
  const isFirst = first.length === 0 || r.reached[0]?.node === node;
  if (!node || !isFirst || first.some((e) => e.node !== node)) return undefined;
  const tangent = only(pushForward([node], [parameter.node], [unitAt(parameter)]));
  return only(c.trace.evaluate([tangent]));
}

/** Whether a parameter that the example on show does not use is used by others of the batch. */
export function actsElsewhere(c: Context, r: Route): boolean {
  if (c.trace.examples < 2 || r.consumersOf(r.parameter).length > 0) return false;
  return slopesOf(c, r, [])?.some((slope) => slope !== 0) ?? false;
}

/** What a penalty adds to the examples' shares, if there is one. */
export const apartOf = (c: Context, { parameter, apart }: Route): Formula | undefined =>
  apart ? c.local({ node: c.trace.loss, index: 0 }, parameter) : undefined;

export function batchSection(c: Context, r: Route, sequential: boolean): void {
  const d = c.gradientSymbol(r.entry);
  const all = shares(c, r, sequential);
  const [first, ...others] = r.consumersOf(r.parameter);
  const one = first !== undefined && others.length === 0;
  for (const { symbol } of all) c.stated.add(symbol.name);
  const order = all.toSorted((a, b) => bySize(a.value, b.value));
  const rows = order.slice(0, listed).map(({ n, value, parts }): Cell[] => {
    const products = one ? parts.flatMap((p) => [computed(p.gradient), computed(p.factor)]) : [];
    return [n + 1, ...products, computed(value)];
  });
  const added = (label: Cell, value: number): void => {
    rows.push([label, ...(one ? ["", ""] : []), computed(value)]);
  };
  const total = (of: readonly Share[], size = (v: number) => v) =>
    of.reduce((s, { value }) => s + size(value), 0);
  if (order.length > listed) {
    added(say("remaining", { n: order.length - listed }), total(order.slice(listed)));
  }
  const penalty = apartOf(c, r);
  const more = penalty ? c.evaluate(penalty) : 0;
  if (penalty) added(say("penaltyRow"), more);
  added(say("sum"), total(all) + more);
  const columns: Cell[] = [say("exampleColumn")];
  if (one) {
    const [z, w] = [c.signOf(first), c.signOf(r.parameter)];
    columns.push(c.symbol(c.gradientSign(first)), c.symbol(partial(z, w)));
  }
  columns.push(say("contribution"));
  const table = { columns, rows };
  const w = c.name(r.parameter);
  const why = [
    ...(penalty ? [say("penaltyApart", { w, loss: c.loss, d: penalty })] : []),
    say("batchText", { d }),
  ];
  c.note("batch", why, table, "reduce");
  const forms = [sumOf([...all.map(({ symbol }) => symbol), ...(penalty ? [penalty] : [])])];
  c.equation({ section: "batch", kind: "reduce", result: d, forms });
  const size = total(all, Math.abs);
  const ratio = computed(Math.abs(total(all)) / size);
  const words: Sentence[] = [
    ...(size > 0 ? [say("cancellation", { ratio })] : []),
    ...(first ? matrixForm(c, r, first) : []),
  ];
  if (words.length > 0) c.note("batch", words);
}

/** The same for a whole matrix of weights at once. */
function matrixForm(c: Context, r: Route, first: Element): Sentence[] {
  const { parameter, index } = r.entry;
  const matrix = matrixOf(parameter);
  if (!matrix || c.stageOf(first)?.role !== "net") return [];
  const { columns } = matrix;
  return [
    say("matrixForm", {
      loss: c.names.loss.text,
      delta: formatShape(first.node.shape),
      a: formatShape([c.trace.examples, columns]),
      w: formatShape(parameter.tensor.shape),
      j: c.names.first + Math.floor(index / columns),
      k: c.names.first + (index % columns),
    }),
  ];
}
