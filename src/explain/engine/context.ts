/** What the sections of a derivation share: names, symbols with values, and the steps so far. */
import { last } from "../../core/at.ts";
import { isFloat } from "../../core/dtype.ts";
import { fail } from "../../core/errors.ts";
import { dependents, nodesOf } from "../../core/graph.ts";
import { sizeOf } from "../../core/shape.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { Kind, Section, Sentence, Slot, Step, StepTable } from "../derivation.ts";
import type { MessageKey } from "../messages.ts";
import { say } from "../say.ts";
import { partials } from "./adjoint.ts";
import { byNames } from "./by-names.ts";
import { countsTruth, decision } from "./choices.ts";
import { type Calling, type Element, Elements, keyOf } from "./elements.ts";
import type { Equation } from "./equation.ts";
import {
  computed,
  type Formula,
  isLong,
  type Symbolic,
  substitute,
  sumOf,
  symbolsOf,
} from "./expr.ts";
import type { generalName } from "./general.ts";
import { inShort } from "./known-slopes.ts";
import { termsOf } from "./loss.ts";
import {
  type Name,
  type Names,
  type Notation,
  namesOf,
  ofExample,
  partial,
  renewed,
} from "./notation.ts";
import {
  type Entry,
  indexText,
  isSole,
  matrixOf,
  type Parameter,
  placeAt,
  type Values,
  valueAt,
} from "./parameters.ts";
import { Rests } from "./rests.ts";
import { slopeAt } from "./slopes.ts";
import { isSumOfStep, type Stage } from "./stages.ts";
import { Symbols } from "./symbols.ts";
import { lossOf, numbersPerStep, type Trace } from "./trace.ts";

/** Derivatives longer than this are given as numbers. */
const readableSize = 400;

export class Context {
  readonly trace: Trace;
  readonly names: Names;
  /** What whole layers are called by. */
  readonly general: Parameters<typeof generalName>[0];
  readonly elements: Elements;
  readonly example: number;
  /** The same counted from 1, as it is called in words. */
  readonly ordinal: number;
  /** Significant digits in print. */
  readonly digits: number;
  readonly symbols = new Symbols();
  readonly steps: Step[] = [];
  readonly loss: Symbolic;
  /** The tensor whose elements the loss adds up, if it does. */
  readonly terms: Tensor | undefined;
  /** Steps by the symbol that they compute. */
  readonly defined = new Map<string, string>();
  /** Whether the examples of a stage depend on one another, as far as that is known. */
  readonly mixing = new Map<Tensor, boolean>();
  /** Derivatives, as y/x, that no formula is given for. */
  readonly unwritten = new Set<string>();
  /** Names for the terms of a loss besides: see withTerms. */
  readonly namings = new Map<Tensor, Calling>();
  /** Whether cases are chosen somewhere. */
  readonly choosing: boolean;
  /** See Step.part. */
  part = 0;
  readonly #stages: ReadonlyMap<Tensor, Stage>;
  readonly #parameters: ReadonlyMap<Tensor, Parameter>;
  /** Those that are the only ones of their role in their layer. */
  readonly #sole: ReadonlySet<Parameter>;
  /** How many numbers of matrices of weights come before those of each. */
  readonly #before = new Map<Parameter, number>();
  /** What is computed from examples. */
  readonly #batched: ReadonlySet<Tensor>;
  /** See numbersPerStep. */
  readonly #features: number;
  readonly #rests = new Rests(this);

  constructor(trace: Trace, notation: Notation, example: number, digits = 9) {
    this.digits = digits;
    this.trace = trace;
    this.example = example;
    this.ordinal = example + 1;
    const { layers, stages, parameters, network, loss } = trace;
    const out = (l: number) => stages.find((s) => s.layer === l && s.role === "out")?.path;
    const path = (l: number) => layers[l - 1] ?? "";
    const layout = {
      taken: parameters.map(({ name }) => name),
      layers: layers.length,
      netPath: path,
      outPath: (l: number) => out(l) ?? path(l),
      stepping: new Set(stages.flatMap((s) => (s.step === undefined ? [] : [s.layer]))).size,
    };
    this.names = namesOf(notation, layout);
    this.general = { notation, ...layout };
    this.#stages = new Map(stages.map((s) => [s.tensor, s]));
    this.#parameters = new Map(parameters.map((p) => [p.tensor, p]));
    this.#sole = new Set(parameters.filter((p) => isSole(p, parameters)));
    let before = 0;
    for (const p of this.#sole) {
      if (!matrixOf(p)) continue;
      this.#before.set(p, before);
      before += p.tensor.size;
    }
    this.#batched = network
      ? new Set([network.x, network.y, ...dependents(nodesOf([loss]), [network.x, network.y])])
      : new Set();
    this.#features = numbersPerStep(trace);
    this.elements = new Elements(trace.values, (name) => this.symbols.valueOf(name));
    const nodes = nodesOf([loss]);
    const derived = parameters.map((p) => p.tensor);
    const moved = dependents(nodes, derived);
    const fixed = new Set(nodes.filter((node) => !moved.has(node)));
    // A case that the target decides stands beside the others.
    const targeted = network ? dependents(nodes, [...derived, network.y]) : moved;
    for (const elements of [this.elements, this.elements.whole]) {
      elements.naming = (node, index) => this.nameIfAny({ node, index });
      elements.named = (node) => this.#isNamed(node);
      // A person's function shows what it holds; that of a layer is a number.
      elements.isFixed = (node) => fixed.has(node) || (network !== undefined && !!node.op.isHeld);
      elements.isGivenCase = (node) => fixed.has(node) && !targeted.has(node);
    }
    this.terms = termsOf(this);
    this.choosing = nodesOf([loss]).some((node) => this.elements.chooses(node));
    this.elements.kept = this.elements.whole.kept = this.terms;
    this.loss = this.symbol(this.names.loss, lossOf(trace));
  }

  /** The letter for what is computed inside a formula. */
  get intermediate(): string {
    return this.trace.letters.inner;
  }

  /** Whether tensors have one row for each example. */
  isBatched(t: Tensor): boolean {
    return this.#batched.has(t) && t.shape[0] === this.trace.examples;
  }

  /** Whether a tensor has no rows for examples, though it is computed from all of them. */
  isShared(t: Tensor): boolean {
    return this.#batched.has(t) && !this.isBatched(t);
  }

  /** Example and position within it. */
  place(e: Element): { example: number; at: number } {
    if (!this.isBatched(e.node)) return { example: this.example, at: e.index };
    const row = sizeOf(e.node.shape.slice(1));
    return { example: Math.floor(e.index / row), at: e.index % row };
  }

  /** ∂y/∂x over named quantities, worked out once. */
  local(y: Element, x: Element): Formula {
    const key = `${keyOf(y)}/${keyOf(x)}`;
    const known = this.#locals.get(key);
    if (known) return known;
    const wanted = keyOf(x);
    const made = this.elements.unlessTooLong(() => {
      const found = partials(this.elements, y, new Set([wanted])).get(wanted);
      const made = found?.coefficient ?? sumOf([]);
      return this.#stages.has(y.node) ? byNames(this, made, y) : made;
    });
    const readable = made && !isLong(made, readableSize) ? made : undefined;
    if (!readable) this.unwritten.add(key);
    const result =
      (readable && inShort(this, y, x, readable)) ?? computed(slopeAt(this.trace, y, x));
    this.#locals.set(key, result);
    return result;
  }

  /** Where there are too many for a formula each: ∂y/∂x is this number. */
  hold(y: Element, x: Element, slope: number): void {
    this.#locals.set(`${keyOf(y)}/${keyOf(x)}`, computed(slope));
  }

  readonly #locals = new Map<string, Formula>();

  /** A symbol of the table; its value is kept if it is known already. */
  symbol(name: Name, value?: number): Symbolic {
    return this.symbols.put(name, value);
  }

  /** A symbol that stands for another number where another parameter is explained. */
  ofPart(name: Name, value?: number): Symbolic {
    return this.symbols.put(name, value, this.part > 1 ? `${name.text} (${this.part})` : name.text);
  }

  /** What a symbol is called. */
  sign(e: Symbolic): Name {
    return this.symbols.nameOf(e);
  }

  /** The symbol of an element that has a name. */
  name(e: Element): Symbolic {
    return this.nameIfAny(e) ?? nameless(e);
  }

  /** The symbol of an element, if it has a name. */
  nameIfAny(e: Element): Symbolic | undefined {
    let row = this.#cached.get(e.node);
    if (!row) this.#cached.set(e.node, (row = new Map()));
    const known = row.get(e.index);
    if (known) return known;
    const sign = this.#signIfAny(e);
    if (!sign) return undefined;
    const made = this.symbol(sign, this.elements.value(e));
    const parameter = this.#parameters.get(e.node);
    if (parameter) this.symbols.standFor(made, { parameter, index: e.index });
    row.set(e.index, made);
    return made;
  }
  readonly #cached = new Map<Tensor, Map<number, Symbolic>>();

  /** What an element is called that has a name. */
  signOf(e: Element): Name {
    return this.#signIfAny(e) ?? nameless(e);
  }

  #signIfAny(e: Element): Name | undefined {
    const { node, index } = e;
    const parameter = this.#parameters.get(node);
    if (parameter) return this.parameterSign({ parameter, index });
    if (node === this.trace.loss) return this.names.loss;
    const { example, at } = this.place(e);
    const own = (name: Name): Name => (example === this.example ? name : ofExample(name, example));
    const { network } = this.trace;
    if (network && node === network.x) {
      const n = this.#features;
      return own(n === 0 ? this.names.input(at) : this.names.input(at % n, Math.floor(at / n)));
    }
    if (network && node === network.y && isFloat(node.dtype)) return own(this.names.target(at));
    const stage = this.#stages.get(node);
    return stage && own(this.#stageSign(stage, at));
  }

  /** Whether the elements of a node have names: see signOf. */
  #isNamed(node: Tensor): boolean {
    const { network, loss } = this.trace;
    if (node === loss || node === network?.x) return true;
    if (node === network?.y && isFloat(node.dtype)) return true;
    return this.#parameters.has(node) || this.#stages.has(node);
  }

  #stageSign({ role, layer, name, tensor, path, step }: Stage, at: number): Name {
    if (!this.trace.network) {
      const index = indexText(tensor.shape, at);
      return { text: name + index, tex: name.replace(/(\d+)$/, "_{$1}") + index };
    }
    switch (role) {
      case "net":
        return this.names.net(layer, at);
      case "out":
        return this.names.out(layer, at);
      case "whole":
        return this.names.whole(layer, name, at);
      case "inner":
        return this.names.inner(layer, path, name, this.#placeOf(tensor, at), step);
      case "other":
        return this.names.other(layer, name, at);
    }
  }

  /** A place within an example along the axes that there is a choice on. */
  #placeOf(t: Tensor, at: number): number[] {
    const shape = (this.isBatched(t) ? t.shape.slice(1) : t.shape).filter((n) => n > 1);
    return shape.length === 0 ? [0] : placeAt(shape, at);
  }

  parameterSign({ parameter, index }: Entry): Name {
    const { name, role, layer: l, tensor } = parameter;
    const at = indexText(tensor.shape, index);
    const before = this.#before.get(parameter);
    const matrix = matrixOf(parameter);
    if (before !== undefined && matrix) {
      const { columns } = matrix;
      const [j, k] = [Math.floor(index / columns), index % columns];
      return this.names.weight(l, j, k, before + index, name + at);
    }
    if (role === "bias" && tensor.rank <= 1 && this.#sole.has(parameter)) {
      return this.names.bias(l, this.#oneBias(parameter) ? undefined : index, name + at);
    }
    if ((role === "scale" || role === "shift") && this.#sole.has(parameter)) {
      return this.names[role](l, index, name + at);
    }
    return this.names.parameter(name, at);
  }

  /** Whether there are weights that are called by their two units. */
  get isWeighted(): boolean {
    return this.#before.size > 0;
  }

  /** A layer whose biases are one number: shared, or given as the same number and never changed. */
  #oneBias({ tensor, trained, data }: Parameter): boolean {
    if (tensor.rank === 0) return true;
    return this.names.oneBias && !trained && data.every((v) => v === data[0]);
  }

  /** The symbol of a trained parameter after its update, w⁺, for the name of its symbol. */
  renewedSymbol(name: string, next: Values): Symbolic | undefined {
    const own = this.symbols.entryOf(name);
    if (!own?.parameter.trained) return undefined;
    return this.symbol(renewed(this.parameterSign(own)), valueAt(next, own));
  }

  stageOf(e: Element): Stage | undefined {
    return this.#stages.get(e.node);
  }

  /** ∂E/∂(element): δ for a net input. */
  gradientSign(e: Element): Name {
    const stage = this.#stages.get(e.node);
    const { example, at } = this.place(e);
    if (stage?.role === "net" && example === this.example) return this.names.delta(stage.layer, at);
    if (stage && isSumOfStep(stage) && example === this.example && !this.names.own) {
      const delta = this.#stageSign({ ...stage, name: stage.name.replace(/sum$/, "delta") }, at);
      return { ...delta, role: "gradient" };
    }
    return this.names.gradient(this.signOf(e));
  }

  /** ∂E/∂(parameter), as a symbol. */
  gradientSymbol(e: Entry): Symbolic {
    return this.symbol(this.names.gradient(this.parameterSign(e)));
  }

  /** ∂y/∂x by its name, as a symbol. */
  partialSymbol(y: Element, x: Element): Symbolic {
    const by = this.signOf(x);
    return this.symbol(
      y.node === this.trace.loss ? this.names.gradient(by) : partial(this.signOf(y), by),
    );
  }

  evaluate(e: Formula): number {
    return this.elements.evaluate(e);
  }

  /** All symbols replaced by their values; those in `only`, if given. */
  numbers(e: Formula, only?: (name: string) => boolean): Formula {
    return substitute(e, (name) => {
      const value = this.symbols.table[name]?.value;
      return value !== undefined && (only?.(name) ?? true) ? computed(value) : undefined;
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
  shorten(e: Formula, why: Sentence[], most?: number): Formula {
    return this.#rests.shorten(e, why, most);
  }

  equation(q: Equation): Step {
    const rests: Sentence[] = [];
    const forms = q.forms.map((f) => this.shorten(f, rests, q.longest));
    const truth = forms.some((f) => countsTruth(this.elements, f)) ? this.once("truth") : [];
    const said = this.#unlessSaid(q.section, [...truth, ...(q.why ?? [])]);
    const decided = decision(this, forms);
    // What leads to the formula stands right before it.
    const lead = said.at(-1);
    const leads = lead !== undefined && "key" in lead && lead.key !== "choice";
    const [first, main] = [said.slice(0, -1), said.slice(-1)];
    const why = [...first, ...rests, ...(leads ? [...decided, ...main] : [...main, ...decided])];
    const end = last(forms);
    const value = this.evaluate(end);
    if (this.#cancels(last(q.forms), value)) why.splice(-1, 0, say("addUpToZero"));
    this.symbols.settle(q.result, value);
    const used = new Set(forms.flatMap((f) => [...symbolsOf(f)]));
    const isGradient = (name: string) => this.symbols.isGradient(name);
    const plain = end.kind === "number";
    const some = [...symbolsOf(end)].some(isGradient);
    const rest = [...symbolsOf(end)].some((name) => !isGradient(name));
    const step = this.push({
      section: q.section,
      kind: q.kind,
      why,
      result: q.result,
      expression: forms,
      inputs: [...used].flatMap((name) => this.defined.get(name) ?? []),
      parameters: this.#parametersIn(used),
      ...(q.upstream && some && rest ? { upstream: this.numbers(end, isGradient) } : {}),
      ...(plain || used.size === 0 ? {} : { substituted: this.numbers(end) }),
      value,
    });
    this.defined.set(q.result.name, step.id);
    return step;
  }

  /** Whether the terms of a sum add up to 0, but for rounding. */
  #cancels(e: Formula, value: number): boolean {
    if (e.kind !== "sum") return false;
    const size = e.args.reduce((s, a) => s + Math.abs(this.evaluate(a)), 0);
    return Math.abs(value) <= 4 * Number.EPSILON * size && size > 0;
  }

  /** What introduces several formulas in a row introduces the first of them. */
  #unlessSaid(section: Section, why: readonly Sentence[]): readonly Sentence[] {
    const words = JSON.stringify([this.part, why]);
    if (why.length > 0 && words === this.#said[section]) return [];
    this.#said[section] = words;
    return why;
  }
  readonly #said: Partial<Record<Section, string>> = {};

  #parametersIn(used: ReadonlySet<string>): string[] {
    return [...used].filter((name) => this.#known.has(name));
  }
  readonly #known = new Set<string>();

  /** The symbol of a number of a parameter. */
  parameterSymbol({ parameter, index }: Entry): Symbolic {
    const made = this.name({ node: parameter.tensor, index });
    this.#known.add(made.name);
    return made;
  }

  /** Notes that a quantity's value stands somewhere else than in an equation or a table of symbols. */
  readonly stated = new Set<string>();

  note(section: Section, why: readonly Sentence[], table?: StepTable, kind: Kind = "note"): Step {
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

/** What an element is called that has a name by `naming`. */
export const calledBy = (naming: Calling, e: Element): Symbolic =>
  naming(e.node, e.index) ?? nameless(e);

const nameless = ({ node, index }: Element): never =>
  fail("invalid-graph", {
    message: "A number without a name is called by it: a fault of chainrule itself.",
    expected: "a number with a name",
    found: `element ${index} of what ${node.op.name} makes`,
  });
