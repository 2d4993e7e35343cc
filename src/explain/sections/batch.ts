/** Section on the batch: every example's share of the gradient, their sum, and cancellation. */

import { pushForward } from "../../autodiff/forward.ts";
import { at, only } from "../../core/at.ts";
import type { TypedArray } from "../../core/dtype.ts";
import { nodesOf } from "../../core/graph.ts";
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
import { Reach } from "../engine/reach.ts";
import { forwardSlopes, unitAt, unitOf } from "../engine/slopes.ts";
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
  const known = new Map<Tensor, TypedArray>();
  const gradients = (e: Element): TypedArray => {
    const g = known.get(e.node) ?? (sequential ? sequentialAt(c, e) : gradientAt(c.trace, e.node));
    known.set(e.node, g);
    return g;
  };
  const [one, ...others] = new Set(first.map((e) => e.node));
  const slopes = one && others.length === 0 ? slopesOf(c, r, one) : undefined;
  const parts = first.map((e): Part[] => {
    const g = gradients(e);
    const row = e.node.size / examples;
    const place = c.isBatched(e.node) ? e.index % row : e.index;
    return Array.from({ length: examples }, (_, n) => {
      const own: Element = { node: e.node, index: n * row + place };
      const factor = slopes ? at(slopes, own.index) : c.evaluate(c.local(own, r.parameter));
      return { gradient: at(g, own.index), factor };
    });
  });
  const elsewhere = besides(c, r);
  return Array.from({ length: examples }, (_, n): Share => {
    const own = parts.map((of) => at(of, n));
    const here = own.reduce((s, { gradient, factor }) => s + gradient * factor, 0);
    const value = elsewhere.reduce(
      (s, e) => (c.place(e).example === n ? s + at(gradients(e), e.index) * e.slope : s),
      here,
    );
    return { n, value, parts: own, symbol: c.ofPart(shareSign(n), value) };
  });
}

/** What a parameter acts on directly, with ∂/∂θ. */
type Acted = Element & { readonly slope: number };

/**
 * What the parameter acts on in other examples where it does not in the one that is shown: a row
 * that they look up elsewhere, a case that holds for them alone.
 */
function besides(c: Context, r: Route): readonly Acted[] {
  let known = foundBesides.get(r);
  if (!known) foundBesides.set(r, (known = c.trace.examples < 2 ? [] : findBesides(c, r)));
  return known;
}
const foundBesides = new WeakMap<Route, readonly Acted[]>();

function findBesides(c: Context, r: Route): Acted[] {
  const first = r.consumersOf(r.parameter);
  return r.readers.flatMap((node): Acted[] => {
    if (!c.isBatched(node)) return [];
    const row = node.size / c.trace.examples;
    const known = new Set(first.flatMap((e) => (e.node === node ? [e.index % row] : [])));
    const isOther = (index: number) => !known.has(index % row);
    // Most parameters act on the same places in all examples, which is seen without derivatives.
    if (!marksAt(c, r, node).some((mark, i) => mark !== 0 && isOther(i))) return [];
    const all = Array.from(slopesOf(c, r, node), (slope, index) => ({ node, index, slope }));
    return all.filter(({ slope, index }) => slope !== 0 && isOther(index));
  });
}

/** Where a reader of the parameter may depend on it directly. */
function marksAt(c: Context, { parameter }: Route, node: Tensor): ArrayLike<number> & Float64Array {
  const stages = c.trace.stages.map((s) => s.tensor).filter((t) => t !== node);
  const held = new Map(stages.map((t) => [t, undefined] as const));
  const reach = new Reach(c.elements, new Map([...held, [parameter.node, unitOf(parameter)]]));
  for (const inner of nodesOf([node], (t) => held.has(t))) reach.of(inner);
  return reach.of(node) ?? new Float64Array(0);
}

/** ∂E/∂e as an update layer by layer takes it. */
export function sequentialAt(c: Context, e: Element): TypedArray {
  const { trace } = c;
  const wanted = { tensor: e.node, layer: c.stageOf(e)?.layer ?? 0 };
  return isNetwork(trace) ? only(sequentialGradients(trace, [wanted])) : gradientAt(trace, e.node);
}

/** ∂(reader)/∂θ of all its elements in one pass of forward mode, what else has a name being held. */
function slopesOf(c: Context, r: Route, node: Tensor): TypedArray {
  const { parameter, readers } = r;
  // Between the parameter and the first of them there is nothing to hold.
  if (node !== readers[0]) return forwardSlopes(c.trace, node, parameter);
  const tangent = only(pushForward([node], [parameter.node], [unitAt(parameter)]));
  return only(c.trace.evaluate([tangent]));
}

/** Whether a parameter that the example on show does not use is used by others of the batch. */
export const actsElsewhere = (c: Context, r: Route): boolean =>
  r.consumersOf(r.parameter).length === 0 && besides(c, r).length > 0;

/** What a penalty adds to the examples' shares, if there is one. */
export const apartOf = (c: Context, { parameter, apart }: Route): Formula | undefined =>
  apart ? c.local({ node: c.trace.loss, index: 0 }, parameter) : undefined;

export function batchSection(c: Context, r: Route, sequential: boolean): void {
  const d = c.gradientSymbol(r.entry);
  const all = shares(c, r, sequential);
  const [first, ...others] = r.consumersOf(r.parameter);
  // A product in each row, where it is all that there is.
  const one = first !== undefined && others.length === 0 && besides(c, r).length === 0;
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
