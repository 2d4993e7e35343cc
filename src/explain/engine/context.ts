/** What the sections of a derivation share: names, symbols with values, and the steps so far. */

import { gradient } from "../../autodiff/gradient.ts";
import { nodesOf } from "../../core/graph.ts";
import { sizeOf } from "../../core/shape.ts";
import type { Tensor } from "../../core/tensor.ts";
import { mul } from "../../ops/arithmetic.ts";
import { sum as sumOf } from "../../ops/broadcast.ts";
import { constant } from "../../ops/leaf.ts";
import type { Kind, Section, Sentence, Slot, Step, Table } from "../derivation.ts";
import type { MessageKey } from "../messages.ts";
import { say } from "../say.ts";
import { partials } from "./adjoint.ts";
import { type Element, Elements, keyOf } from "./elements.ts";
import {
  type Expr,
  evaluateExpr,
  isLong,
  number,
  type Sign,
  substitute,
  sum,
  symbol,
  symbolsOf,
} from "./expr.ts";
import { termsOf } from "./loss.ts";
import { type Names, type Notation, namesOf, ofExample, partial, renewed } from "./notation.ts";
import { indexText, layersOf, prefixOf, type Stage, type Trace } from "./trace.ts";

/** Derivatives longer than this are given as numbers. */
const readableSize = 400;
/** In rows up to this length what defines a unit is recognized in the derivatives of others. */
const beside = 8;
/** Sums longer than this show their largest terms only. */
const longest = 9;
const shown = 5;

export interface Equation {
  readonly section: Section;
  readonly kind: Kind;
  readonly result: Expr;
  readonly forms: readonly Expr[];
  readonly why?: readonly Sentence[];
  /** Show upstream gradients as numbers before all others. */
  readonly upstream?: boolean;
}

export class Context {
  readonly trace: Trace;
  readonly notation: Notation;
  readonly names: Names;
  readonly elements: Elements;
  readonly example: number;
  /** Significant digits in print. */
  readonly digits: number;
  readonly symbols: Record<string, Sign> = {};
  readonly steps: Step[] = [];
  readonly loss: Expr;
  /** The tensor whose elements the loss adds up, if it does. */
  readonly terms: Tensor | undefined;
  /** Steps by the symbol that they compute. */
  readonly defined = new Map<string, string>();
  /** Derivatives, as y/x, that no formula is given for. */
  readonly unwritten = new Set<string>();
  /** Whether cases are chosen somewhere. */
  readonly choosing: boolean;
  /** See Step.part. */
  part = 0;
  readonly #stages: Map<Tensor, Stage>;
  readonly #parameters: Map<Tensor, string>;
  readonly #layerOf: Map<string, number>;
  readonly #firstWeight: Map<string, number>;
  /** What is left out of long sums, by what it consists of. */
  readonly #rests = new Map<string, Expr>();

  constructor(trace: Trace, notation: Notation, example: number, digits = 9) {
    this.digits = digits;
    this.trace = trace;
    this.notation = notation;
    this.example = example;
    this.#layerOf = layersOf(trace);
    const prefixes = [...this.#layerOf.keys()];
    const out = (l: number) => trace.stages.find((s) => s.layer === l && s.role === "out")?.path;
    this.names = namesOf(notation, {
      layers: prefixes.length,
      netPath: (l) => prefixes[l - 1] ?? "",
      outPath: (l) => out(l) ?? prefixes[l - 1] ?? "",
    });
    this.#stages = new Map(trace.stages.map((s) => [s.tensor, s]));
    this.#parameters = new Map(Object.entries(trace.parameters).map(([n, t]) => [t, n]));
    this.#firstWeight = new Map();
    let ordinal = 0;
    for (const [name, t] of Object.entries(trace.parameters)) {
      this.#firstWeight.set(name, ordinal);
      if (t.rank === 2) ordinal += t.size;
    }
    const valueOf = (name: string) => this.symbols[name]?.value ?? Number.NaN;
    this.elements = new Elements(trace.values, valueOf);
    for (const elements of [this.elements, this.elements.whole]) {
      elements.naming = (node, index) => this.name({ node, index });
      elements.named = (node) => this.#isNamed(node);
    }
    this.terms = termsOf(this);
    this.choosing = nodesOf([trace.loss]).some((node) => this.elements.chooses(node));
    this.elements.kept = this.elements.whole.kept = this.terms;
    this.loss = this.symbol(this.names.loss, this.elements.value({ node: trace.loss, index: 0 }));
  }

  /** The letter for what is computed inside a formula; a function's own steps are called u. */
  get intermediate(): "u" | "v" {
    return this.trace.trainer ? "u" : "v";
  }

  /** Whether tensors have one row for each example. */
  isBatched(t: Tensor): boolean {
    return this.trace.x !== undefined && t.rank >= 1 && t.shape[0] === this.trace.examples;
  }

  /** Example and position within it. */
  place(e: Element): { example: number; at: number } {
    if (!this.isBatched(e.node)) return { example: this.example, at: e.index };
    const row = sizeOf(e.node.shape.slice(1));
    return { example: Math.floor(e.index / row), at: e.index % row };
  }

  /** ∂y/∂x over named quantities, worked out once. */
  local(y: Element, x: Element): Expr {
    const key = `${keyOf(y)}/${keyOf(x)}`;
    const known = this.#locals.get(key);
    if (known) return known;
    const wanted = keyOf(x);
    const made = this.elements.unlessTooLong(() => {
      const found = partials(this.elements, y, new Set([wanted])).get(wanted);
      return this.#byNames(found?.coefficient ?? sum([]), y);
    });
    const readable = made && !isLong(made, readableSize) ? made : undefined;
    if (!readable) this.unwritten.add(key);
    const result = readable ?? number(this.slope(y, x));
    this.#locals.set(key, result);
    return result;
  }

  /** ∂y/∂x as a number, by the rules themselves: all other named quantities are held. */
  slope(y: Element, x: Element): number {
    const others = this.trace.stages.map((s) => s.tensor).filter((t) => t !== y.node);
    const held = [x.node, ...others.filter((t) => t !== x.node)];
    const [g] = gradient(sumOf(mul(y.node, unitAt(y))), held);
    return this.trace.evaluate([g!])[0]![x.index]!;
  }

  /** What is the definition of a unit beside y by that unit's name: e^(x − ln Σ) is a softmax. */
  #byNames(e: Expr, y: Element): Expr {
    const row = this.isBatched(y.node) ? y.node.size / this.trace.examples : y.node.size;
    if (row > beside || !this.#stages.has(y.node)) return e;
    const from = y.index - (y.index % row);
    let known: Map<string, Expr> | undefined;
    const definitions = () =>
      new Map(
        Array.from({ length: row }, (_, j) => {
          const own = { node: y.node, index: from + j };
          return [JSON.stringify(this.elements.define(own)), this.name(own)!] as const;
        }),
      );
    const go = (e: Expr): Expr => {
      if (!("args" in e)) return e;
      // Only what is made of several parts can be such a definition.
      if (e.kind === "apply" && e.args.some((a) => "args" in a)) {
        known ??= definitions();
        const name = known.get(JSON.stringify(e));
        if (name) return name;
      }
      return { ...e, args: e.args.map(go) };
    };
    return go(e);
  }
  readonly #locals = new Map<string, Expr>();

  /** A symbol of the table; its value is kept if it is known already. */
  symbol(sign: Sign, value?: number, name = sign.text): Expr {
    const known = this.symbols[name];
    if (!known || known.value === undefined) {
      this.symbols[name] = { ...sign, ...(value === undefined ? {} : { value }) };
    }
    return symbol(name);
  }

  /** A symbol that stands for another number where another parameter is explained. */
  ofPart(sign: Sign, value?: number): Expr {
    return this.symbol(sign, value, this.part > 1 ? `${sign.text} (${this.part})` : sign.text);
  }

  sign(e: Expr): Sign {
    return e.kind === "symbol" ? this.symbols[e.name]! : { text: "?", tex: "?" };
  }

  /** The name of an element, if it has one. */
  name(e: Element): Expr | undefined {
    const known = this.#cached.get(e.node)?.[e.index];
    if (known) return known;
    const sign = this.signOf(e);
    if (!sign) return undefined;
    const made = this.symbol(sign, this.elements.value(e));
    const row = this.#cached.get(e.node) ?? [];
    row[e.index] = made;
    this.#cached.set(e.node, row);
    return made;
  }
  readonly #cached = new Map<Tensor, Expr[]>();

  signOf(e: Element): Sign | undefined {
    const { node, index } = e;
    const parameter = this.#parameters.get(node);
    if (parameter !== undefined) return this.parameterSign(parameter, index);
    const { example, at } = this.place(e);
    const own = (sign: Sign): Sign => (example === this.example ? sign : ofExample(sign, example));
    if (node === this.trace.x) return own(this.names.input(at));
    if (node === this.trace.y && node.dtype === "f64") return own(this.names.target(at));
    if (node === this.trace.loss) return this.names.loss;
    const stage = this.#stages.get(node);
    return stage && own(this.stageSign(stage, at));
  }

  /** Whether the elements of a node have names: see signOf. */
  #isNamed(node: Tensor): boolean {
    const { x, y, loss } = this.trace;
    if (node === x || node === loss || (node === y && node.dtype === "f64")) return true;
    return this.#parameters.has(node) || this.#stages.has(node);
  }

  stageSign(stage: Stage, at: number): Sign {
    if (stage.role === "net") return this.names.net(stage.layer, at);
    if (stage.role === "out") return this.names.out(stage.layer, at);
    if (this.trace.x) return this.names.other(stage.layer, stage.name, at);
    const index = indexText(stage.tensor.shape, at);
    const tex = stage.name.replace(/^u(\d+)$/, "u_{$1}");
    return { text: stage.name + index, tex: tex + index };
  }

  parameterSign(name: string, index: number): Sign {
    const t = this.trace.parameters[name]!;
    const l = this.#layerOf.get(prefixOf(name)) ?? 1;
    const own = name.slice(name.lastIndexOf(".") + 1);
    if (this.trace.x && own === "weight" && t.rank === 2) {
      const columns = t.shape[1]!;
      const ordinal = this.#firstWeight.get(name)! + index;
      return this.names.weight(l, Math.floor(index / columns), index % columns, ordinal);
    }
    if (this.trace.x && own === "bias" && t.rank <= 1) {
      return this.names.bias(l, this.#oneBias(name) ? undefined : index);
    }
    return this.names.parameter(name, indexText(t.shape, index));
  }

  /** A layer whose biases are one number: shared, or given as the same number and never changed. */
  #oneBias(name: string): boolean {
    const t = this.trace.parameters[name]!;
    if (t.rank === 0) return true;
    const data = this.trace.bindings.get(t)!;
    return (
      this.notation === "net-out" &&
      !this.trace.trainable.includes(name) &&
      data.every((v) => v === data[0])
    );
  }

  /** The symbol of a trained parameter after its update: w⁺. */
  renewedSymbol(name: string, next: Readonly<Record<string, Float64Array>>): Expr | undefined {
    for (const [parameter, data] of Object.entries(next)) {
      if (!this.trace.trainable.includes(parameter)) continue;
      for (let i = 0; i < data.length; i++) {
        const sign = this.parameterSign(parameter, i);
        if (sign.text === name) return this.symbol(renewed(sign), data[i]!);
      }
    }
    return undefined;
  }

  layerOf(parameter: string): number {
    return this.#layerOf.get(prefixOf(parameter)) ?? 1;
  }

  stageOf(e: Element): Stage | undefined {
    return this.#stages.get(e.node);
  }

  /** ∂E/∂(element): δ for a net input. */
  gradientSign(e: Element): Sign {
    const stage = this.#stages.get(e.node);
    const { example, at } = this.place(e);
    if (stage?.role === "net" && example === this.example) return this.names.delta(stage.layer, at);
    return this.partialSign(this.names.loss, this.signOf(e)!);
  }

  partialSign(of: Sign, by: Sign): Sign {
    if (this.notation !== "torch" || of.text !== this.names.loss.text) return partial(of, by);
    const at = by.text.indexOf("[");
    const text = at < 0 ? `${by.text}.grad` : `${by.text.slice(0, at)}.grad${by.text.slice(at)}`;
    return { text, tex: `\\texttt{${text.replace(/_/g, "\\_")}}` };
  }

  evaluate(e: Expr): number {
    return evaluateExpr(
      e,
      (name) => this.symbols[name]?.value ?? Number.NaN,
      this.elements.operators,
    );
  }

  /** All symbols replaced by their values; those in `only`, if given. */
  numbers(e: Expr, only?: (name: string) => boolean): Expr {
    return substitute(e, (name) => {
      const { value } = this.symbols[name] ?? {};
      return value !== undefined && (only?.(name) ?? true) ? number(value) : undefined;
    });
  }

  /** A sentence that a derivation needs but once. */
  once(key: MessageKey, slots?: Readonly<Record<string, Slot>>): Sentence[] {
    if (this.#once.has(key)) return [];
    this.#once.add(key);
    return [say(key, slots)];
  }
  readonly #once = new Set<MessageKey>();

  /** A long sum with its largest terms, and one symbol for the rest. */
  shorten(e: Expr, why: Sentence[]): Expr {
    if (!("args" in e)) return e;
    if (e.kind !== "sum" || e.args.length <= longest) {
      if (JSON.stringify(e).length < 200) return e;
      return { ...e, args: e.args.map((a) => this.shorten(a, why)) };
    }
    const sizes = e.args.map((a) => Math.abs(this.evaluate(a)));
    const order = sizes.map((_, i) => i).sort((a, b) => sizes[b]! - sizes[a]! || a - b);
    const keep = new Set(order.slice(0, shown));
    const rest = e.args.filter((_, i) => !keep.has(i));
    const words = JSON.stringify(rest);
    const known = this.#rests.get(words);
    const n = this.#rests.size + 1;
    const sign = { text: `r${n}`, tex: `r_{${n}}` };
    const r = known ?? this.symbol(sign, this.evaluate({ kind: "sum", args: rest }));
    this.#rests.set(words, r);
    if (!known) why.push(say("rest", { r, n: rest.length }));
    return sum([...e.args.filter((_, i) => keep.has(i)), r]);
  }

  equation(q: Equation): Step {
    const rests: Sentence[] = [];
    const forms = q.forms.map((f) => this.shorten(f, rests));
    const truth = forms.some((f) => this.#countsTruth(f)) ? this.once("truth") : [];
    const said = this.#unlessSaid(q.section, [...truth, ...(q.why ?? [])]);
    // What leads to the formula stands right before it.
    const why = [...said.slice(0, -1), ...rests, ...said.slice(-1)];
    const last = forms.at(-1)!;
    const value = this.evaluate(last);
    if (q.result.kind === "symbol") {
      const { name } = q.result;
      if (this.symbols[name]?.value === undefined) {
        this.symbols[name] = { ...this.symbols[name]!, value };
      }
    }
    const used = new Set(forms.flatMap((f) => [...symbolsOf(f)]));
    const ofLoss = `∂${this.names.loss.text}/`;
    const isGradient = (name: string) => /^δ|\.grad/.test(name) || name.startsWith(ofLoss);
    const plain = last.kind === "number";
    const some = [...symbolsOf(last)].some(isGradient);
    const rest = [...symbolsOf(last)].some((name) => !isGradient(name));
    const step = this.push({
      section: q.section,
      kind: q.kind,
      why,
      result: q.result,
      expression: forms,
      inputs: [...used].flatMap((name) => this.defined.get(name) ?? []),
      parameters: this.#parametersIn(used),
      ...(q.upstream && some && rest ? { upstream: this.numbers(last, isGradient) } : {}),
      ...(plain || used.size === 0 ? {} : { substituted: this.numbers(last) }),
      value,
    });
    if (q.result.kind === "symbol") this.defined.set(q.result.name, step.id);
    return step;
  }

  /** Whether a comparison stands where a number is wanted. */
  #countsTruth(e: Expr): boolean {
    const isTruth = (a: Expr) =>
      a.kind === "apply" && this.elements.operators[a.op]?.value?.dtype === "bool";
    if (!("args" in e) || isTruth(e)) return false;
    const args = this.elements.isChoice(e) ? e.args.slice(1) : e.args;
    return args.some((a) => isTruth(a) || this.#countsTruth(a));
  }

  /** What introduces several formulas in a row introduces the first of them. */
  #unlessSaid(section: Section, why: readonly Sentence[]): readonly Sentence[] {
    const words = JSON.stringify([section, this.part, why]);
    if (why.length > 0 && words === this.#said) return [];
    this.#said = words;
    return why;
  }
  #said = "";

  #parametersIn(used: ReadonlySet<string>): string[] {
    return [...used].filter((name) => this.#known.has(name));
  }
  readonly #known = new Set<string>();

  /** The symbol of a parameter's element. */
  parameterSymbol(name: string, index: number): Expr {
    const sign = this.parameterSign(name, index);
    this.#known.add(sign.text);
    return this.name({ node: this.trace.parameters[name]!, index })!;
  }

  note(section: Section, why: readonly Sentence[], table?: Table, kind: Kind = "note"): Step {
    return this.push({ section, kind, why, ...(table ? { table } : {}) });
  }

  push(step: Partial<Step> & Pick<Step, "section" | "kind" | "why">): Step {
    const made: Step = {
      parameters: [],
      inputs: [],
      children: [],
      expression: [],
      spoken: { en: "", zh: "" },
      ...step,
      part: this.part,
      id: `s${this.steps.length + 1}`,
    };
    this.steps.push(made);
    return made;
  }
}

/** 1 at the place of an element, 0 elsewhere. */
export function unitAt({ node, index }: Element): Tensor {
  const unit = new Float64Array(node.size);
  unit[index] = 1;
  return constant(unit, node.shape);
}
