/**
 * Sections 4 to 8: from the loss back to one parameter. Every gradient on the way is computed once
 * and referred to by name, so the work grows with the number of units, not of paths.
 */

import type { TypedArray } from "../../core/dtype.ts";
import { fail } from "../../core/errors.ts";
import { dependents, nodesOf } from "../../core/graph.ts";
import { bySize } from "../../core/order.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { Cell } from "../derivation.ts";
import { direct } from "../engine/adjoint.ts";
import type { Context } from "../engine/context.ts";
import { type Detail, type Named, pairs, wide } from "../engine/detail.ts";
import { type Element, keyOf } from "../engine/elements.ts";
import { type Expr, number, product, substitute, sum } from "../engine/expr.ts";
import type { Factors } from "../engine/factor.ts";
import { stageGradients } from "../engine/trace.ts";
import { say } from "../say.ts";
import { elementsOf } from "./forward.ts";

/** How many units of a wide layer are shown. */
const few = 3;

export interface Route {
  readonly parameter: Element;
  readonly name: string;
  /** What each quantity acts on directly, by key. */
  readonly consumers: ReadonlyMap<string, readonly Element[]>;
  /** Everything between parameter and loss, in the order of computation. */
  readonly reached: readonly Element[];
  readonly paths: number;
}

/** The quantities between a parameter and the loss, for the chosen example. */
export function route(c: Context, name: string, index: number): Route {
  const parameter = { node: c.trace.parameters[name]!, index };
  const root = { node: c.trace.loss, index: 0 };
  const nodes = nodesOf([c.trace.loss]);
  const active = dependents(nodes, [parameter.node]);
  const idle = new Set(nodes.filter((node) => !active.has(node)));
  const wanted = new Set([keyOf(parameter)]);
  const consumers = new Map<string, Element[]>();
  const reached: Element[] = [];
  const counts = new Map<string, number>([[keyOf(parameter), 1]]);
  const stages = c.trace.stages.filter((s) => active.has(s.tensor)).map((s) => s.tensor);
  for (const e of [...stages.flatMap((t) => elementsOf(c, t)), root]) {
    const from = direct(c.elements, e, wanted, (node) => idle.has(node));
    if (from.length === 0) continue;
    for (const x of from) consumers.set(keyOf(x), [...(consumers.get(keyOf(x)) ?? []), e]);
    counts.set(
      keyOf(e),
      from.reduce((n, x) => n + counts.get(keyOf(x))!, 0),
    );
    wanted.add(keyOf(e));
    if (e.node !== root.node) reached.push(e);
  }
  return { parameter, name, consumers, reached, paths: counts.get(keyOf(root)) ?? 0 };
}

interface Settings {
  readonly compact: boolean;
  readonly sequential: boolean;
  readonly detail: Detail;
  /** The parameters after the update. */
  readonly next: Readonly<Record<string, Float64Array>> | undefined;
}

export class Backward {
  readonly #c: Context;
  readonly #factors: Factors;
  readonly #compact: boolean;
  readonly #gradients: Map<Tensor, TypedArray>;
  readonly #made = new Map<string, Expr>();
  readonly #sequential: boolean;
  readonly #noted = new Set<Tensor>();
  readonly #detail: Detail;

  /** The new values of the parameters, where later layers change first. */
  readonly next: Readonly<Record<string, Float64Array>> | undefined;

  constructor(c: Context, factors: Factors, { compact, sequential, detail, next }: Settings) {
    this.next = sequential ? next : undefined;
    this.#c = c;
    this.#factors = factors;
    this.#compact = compact;
    this.#sequential = sequential;
    this.#detail = detail;
    this.#gradients = sequential ? new Map() : stageGradients(c.trace, c.trace.stages);
  }

  /** Sections question to paths; returns the symbol of the gradient (of this example's share). */
  explain(r: Route, share: Expr): void {
    const c = this.#c;
    const w = c.name(r.parameter)!;
    const chain = this.#chain(r);
    const end = chain.at(-1)!;
    const d = c.symbol(c.partialSign(c.names.loss, c.signOf(r.parameter)!));
    c.note("question", [say("ask", { loss: c.loss, w, d })]);
    if (!r.consumers.has(keyOf(r.parameter))) {
      c.symbol(c.sign(d), 0);
      c.note("result", [say("noPath", { w, loss: c.loss })]);
      return;
    }
    const links = chain.slice(1).map((y, i) => ({ y, x: chain[i]! }));
    const upstream = end === r.parameter ? undefined : c.symbol(c.gradientSign(end));
    if (upstream) {
      const factors = [
        upstream,
        ...links
          .toReversed()
          .map(({ y, x }) => c.symbol(c.partialSign(c.signOf(y)!, c.signOf(x)!))),
      ];
      const list = chain.slice(1).map((e) => c.name(e)!);
      c.push({
        section: "chain",
        kind: "chain",
        why: [
          ...(c.trace.examples > 1 ? [say("shareIs", { g: share, n: c.example, d })] : []),
          say("chainText", { w, loss: c.loss, via: list }),
        ],
        result: c.trace.examples > 1 ? share : d,
        expression: [product(factors)],
      });
    }
    const displayed = this.#displayed(r, end);
    for (const e of displayed) this.#gradient(r, e);
    this.#others(r);
    const g = this.#gradientExpr(r, end);
    this.#pathTable(r, end, links);
    const factors = links.toReversed().map(({ y, x }) => this.#factors.symbol(y, x));
    for (const z of [...chain.slice(1), ...displayed]) {
      const [a, ...others] = this.#consumersOf(r, z);
      const [root, ...further] = a ? this.#consumersOf(r, a) : [];
      if (others.length > 0 || further.length > 0 || root?.node !== c.trace.loss) continue;
      this.#factors.cancel(root, a!, z, c.symbol(c.gradientSign(z)));
    }
    const result = c.trace.examples > 1 ? share : d;
    const whole = product([g, ...factors]);
    if (JSON.stringify(whole) === JSON.stringify(result)) return;
    c.equation({
      section: "substitution",
      kind: end === r.parameter ? "fan-out sum" : "chain",
      result,
      forms: [whole],
      upstream: true,
      why:
        end === r.parameter && this.#consumersOf(r, end).length > 1
          ? [say("fanOut", { v: w, n: this.#consumersOf(r, end).length })]
          : [say("all3")],
    });
  }

  #consumersOf(r: Route, e: Element): readonly Element[] {
    return r.consumers.get(keyOf(e)) ?? [];
  }

  /** From the parameter on, as long as there is only one way to go. */
  #chain(r: Route): Element[] {
    const chain = [r.parameter];
    for (;;) {
      const here = chain.at(-1)!;
      const next = this.#consumersOf(r, here);
      if (next.length !== 1 || next[0]!.node === this.#c.trace.loss) return chain;
      chain.push(next[0]!);
      if (this.#compact && this.#c.stageOf(next[0]!)?.role !== "out") return chain;
    }
  }

  /** What gets a step of its own, last first: of wide layers only the largest few. */
  #displayed(r: Route, end: Element): Element[] {
    const c = this.#c;
    const from = r.reached.findIndex((e) => keyOf(e) === keyOf(end));
    const after = r.reached.slice(Math.max(0, from)).filter((e) => keyOf(e) !== keyOf(r.parameter));
    const byStage = new Map<Tensor, Element[]>();
    for (const e of after) byStage.set(e.node, [...(byStage.get(e.node) ?? []), e]);
    const brief = this.#detail.brief && !this.#sequential;
    return [...byStage].toReversed().flatMap(([node, es]) => {
      if (brief && !this.#detail.shows(c.stageOf(es[0]!)?.layer ?? 0)) return [];
      if (this.#compact && c.stageOf(es[0]!)?.role === "out" && keyOf(es[0]!) !== keyOf(end))
        return [];
      if (es.length <= wide && !brief) return es;
      if (this.#sequential) {
        return fail("unsupported", {
          message: "A sequential update is shown for narrow layers only.",
          expected: `at most ${wide} units in each layer behind the parameter's`,
          found: `${es.length}`,
          fix: 'Use update: "simultaneous".',
        });
      }
      const g = this.#gradients.get(node)!;
      const most = es.length <= wide ? 1 : few;
      const some = es.toSorted((a, b) => bySize(g[a.index]!, g[b.index]!)).slice(0, most);
      if (es.length > wide) this.#noted.add(node);
      return es.filter((e) => some.includes(e));
    });
  }

  /** Where one unit stands for its layer, the error terms of the others. */
  #others(r: Route): void {
    const c = this.#c;
    if (!this.#detail.brief || this.#sequential) return;
    const cells = r.reached.toReversed().flatMap((e): Named[] => {
      const stage = c.stageOf(e);
      const narrow = elementsOf(c, e.node).length <= wide;
      if (stage?.role !== "net" || !narrow || !this.#detail.shows(stage.layer)) return [];
      if (this.#made.has(keyOf(e))) return [];
      const value = this.#gradients.get(e.node)![e.index]!;
      return [[c.symbol(c.gradientSign(e), value), value]];
    });
    const table = pairs(c, cells);
    if (table) c.note("substitution", [say("otherDeltas")], table);
  }

  /** ∂E/∂(element) as a symbol, its step made. */
  #gradient(r: Route, e: Element): Expr {
    const key = keyOf(e);
    const known = this.#made.get(key);
    if (known) return known;
    const c = this.#c;
    const result = c.symbol(c.gradientSign(e));
    this.#made.set(key, result);
    const stage = c.stageOf(e);
    const consumers = this.#consumersOf(r, e);
    const why = [];
    if (consumers.length > 1) why.push(say("fanOut", { v: c.name(e)!, n: consumers.length }));
    else if (stage?.role === "net") why.push(say("deltaOf", { z: c.name(e)! }));
    else why.push(say("gradientOf", { a: c.name(e)! }));
    if (this.#sequential && consumers.length > 1) why.unshift(say("newWeights"));
    if (this.#noted.delete(e.node)) {
      const n = elementsOf(c, e.node).length - few;
      why.unshift(say("others", { n, m: few }));
    }
    const onlyLoss = consumers.length === 1 && consumers[0]!.node === c.trace.loss;
    if (onlyLoss) {
      // The derivative of the loss itself: derived, and the same quantity as this gradient.
      const d = this.#factors.symbol(consumers[0]!, e);
      if (JSON.stringify(d) === JSON.stringify(result)) return result;
      c.equation({ section: "substitution", kind: "chain", result, forms: [d], why });
      return result;
    }
    const forms = [this.#sumOver(r, e)];
    const several = this.#compact ? "vector-Jacobian product" : "fan-out sum";
    const kind = consumers.length > 1 ? several : "chain";
    c.equation({ section: "substitution", kind, result, forms, why, upstream: true });
    return result;
  }

  /** Σ over consumers of (their gradient) · ∂(consumer)/∂(element). */
  #sumOver(r: Route, e: Element): Expr {
    const consumers = this.#consumersOf(r, e);
    return sum(
      consumers.map((y) => {
        if (y.node === this.#c.trace.loss) return this.#factors.symbol(y, e);
        const local = this.#local(y, e, consumers.length === 1);
        return product([this.#gradientExpr(r, y), local]);
      }),
    );
  }

  /** ∂y/∂x; what is more than a weight is derived as a factor, as is the only way to go. */
  #local(y: Element, x: Element, only = false): Expr {
    const c = this.#c;
    const local = c.local(y, x);
    const { next } = this;
    // In a sequential update the later layers have changed already when δ goes through them.
    if (next) return substitute(local, (name) => c.renewedSymbol(name, next));
    if (c.stageOf(y)?.role === "net") return local;
    return only || "args" in local ? this.#factors.symbol(y, x) : local;
  }

  /** The gradient by name; in the compact form that of an activation is written out. */
  #gradientExpr(r: Route, e: Element): Expr {
    const c = this.#c;
    const known = this.#made.get(keyOf(e));
    if (known) return known;
    if (keyOf(e) === keyOf(r.parameter)) return this.#sumOver(r, e);
    if (this.#compact && c.stageOf(e)?.role === "out") return this.#sumOver(r, e);
    const value = this.#gradients.get(e.node)?.[e.index];
    return value === undefined ? this.#gradient(r, e) : c.symbol(c.gradientSign(e), value);
  }

  /** One row for each quantity that the end of the chain acts on. */
  #pathTable(r: Route, end: Element, links: readonly { y: Element; x: Element }[]): void {
    const c = this.#c;
    const consumers = this.#consumersOf(r, end);
    if (consumers.length < 2) return;
    const rest = product(links.toReversed().map(({ y, x }) => this.#factors.symbol(y, x)));
    const restValue = c.evaluate(rest);
    const all = consumers.map((y) => {
      const step = product([
        this.#gradientExpr(r, y),
        y.node === c.trace.loss ? number(1) : this.#local(y, end),
      ]);
      const value = c.evaluate(step);
      return { y, step, value };
    });
    const sorted = all.length <= wide ? all : all.toSorted((a, b) => bySize(a.value, b.value));
    const rows: Cell[][] = sorted
      .slice(0, wide)
      .map(({ y, step, value }) => [
        c.name(y)!,
        step,
        c.numbers(step),
        number(value),
        number(value * restValue),
      ]);
    const others = sorted.slice(wide).reduce((s, { value }) => s + value, 0);
    if (sorted.length > wide) {
      rows.push([
        say("remaining", { n: sorted.length - wide }),
        "",
        "",
        number(others),
        number(others * restValue),
      ]);
    }
    const total = all.reduce((s, { value }) => s + value, 0);
    rows.push([say("sum"), "", "", number(total), number(total * restValue)]);
    const short = links.length === 0 ? [1, 2, 3] : [1, 2, 3, 4];
    const columns: Cell[] = [
      say("via"),
      say("product"),
      say("inNumbers"),
      say("contribution"),
      // Names of modules are too long for a column's head.
      say("timesRest", { rest: c.notation === "torch" ? number(restValue) : rest }),
    ];
    c.note(
      "paths",
      [say("eachPath")],
      {
        columns: columns.slice(0, short.length + 1),
        rows: rows.map((x) => x.slice(0, short.length + 1)),
      },
      "fan-out sum",
    );
  }
}
