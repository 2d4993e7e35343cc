/**
 * A graph seen element by element: where one number of a node comes from. It is read off the
 * meanings of the operators' records; no operator is known here by name.
 */

import { affine } from "../../backends/interpreter/contract.ts";
import { at as read, zip } from "../../core/at.ts";
import type { Expression } from "../../core/expression.ts";
import type { Meaning } from "../../core/op.ts";
import { sizeOf, stridesOf } from "../../core/shape.ts";
import type { Tensor } from "../../core/tensor.ts";
import { isEntire } from "./entire.ts";
import { type Formula, type ReadElement, type Symbolic, scalarValue, zero } from "./expr.ts";

/** One number of a node. */
export interface Element {
  readonly node: Tensor;
  readonly index: number;
}

/** What stands for an element, if something does. */
export type Naming = (node: Tensor, index: number) => Formula | undefined;
/** What an element is called, if it has a name. */
export type Calling = (node: Tensor, index: number) => Symbolic | undefined;

/** A number that an element reads: which input of its node, and where in it. */
export interface Read {
  readonly node: Tensor;
  readonly input: number;
  readonly at: number;
}

/** How an expression reads an element of an input of its node. */
export type ElementReading = (input: number, at: number) => Formula;

/** ∂(element)/∂(one that it reads). */
export interface LocalDerivative {
  readonly child: Element;
  readonly coefficient: Formula;
}

export const keyOf = (e: Element): string => `${e.node.id}:${e.index}`;

export abstract class Origins {
  /** Names that hold everywhere; a name cuts an expression off. */
  naming: Calling = () => undefined;
  /** Whether a node's elements have such names. */
  named: (node: Tensor) => boolean = () => false;
  /** A node that is not passed over though it may only move or choose: it gets names later. */
  kept: Tensor | undefined;
  readonly #whole: boolean;
  readonly #meanings = new Map<Tensor, Meaning>();
  readonly #composed = new Map<Tensor, Tensor>();
  readonly #reads = new Map<Tensor, Read[][]>();
  /** Places in an order that were worked out of late: what else stands there decides of them, too. */
  protected placed: Element[] = [];

  /**
   * Where a choice depends on numbers, the case that holds stands for it: near these numbers it is
   * all that there is. As a `whole`, all cases are shown.
   */
  constructor(whole: boolean) {
    this.#whole = whole;
  }

  /** The value of an element. */
  abstract value(e: Element, naming?: Naming): number;

  /** Whether an element has a name, which cuts an expression off. */
  isNamed({ node, index }: Element, naming: Naming = this.naming): boolean {
    if (naming === this.naming) return this.named(node);
    const more = this.#extended.get(naming);
    if (more && (this.named(node) || !more(node))) return this.named(node);
    return naming(node, index) !== undefined;
  }

  /** Says of a naming that has all of the usual names which nodes it may name besides. */
  extend(naming: Naming, more: (node: Tensor) => boolean): void {
    this.#extended.set(naming, more);
  }
  readonly #extended = new WeakMap<Naming, (node: Tensor) => boolean>();

  /** The element itself, past operators that only move it. A named one stays. */
  resolve(node: Tensor, index: number, naming: Naming = this.naming): Element {
    if (naming !== this.naming) return this.#follow({ node, index }, naming);
    let known = this.#resolved.get(node);
    if (!known) this.#resolved.set(node, (known = []));
    return (known[index] ??= this.#follow({ node, index }, naming));
  }
  /** By the usual names, which stand before anything is asked. */
  readonly #resolved = new Map<Tensor, Element[]>();

  #follow(e: Element, naming: Naming): Element {
    let at = e;
    while (!this.isNamed(at, naming)) {
      const next = this.#moved(at, naming);
      if (!next) return at;
      at = next;
    }
    return at;
  }

  /** The element that this one is, if its operator does nothing but move or choose. */
  #moved(e: Element, naming: Naming): Element | undefined {
    if (e.node === this.kept) return undefined;
    const inner = this.composed(e.node);
    if (inner) return { node: inner, index: e.index };
    const meaning = this.meaning(e.node);
    if (e.node.op.derivative.kind !== "linear" || meaning.loop !== "map") return undefined;
    const value = this.chosen(e, bare(meaning.value), naming);
    if (value?.kind !== "load" || value.when) return undefined;
    return { node: read(e.node.inputs, value.input), index: this.at(e, value.at) };
  }

  /** Whether a condition is a fact of the example's inputs. */
  isGivenCase: (condition: Tensor) => boolean = () => false;

  /** Of a choice, the case that holds, unless all are to be shown. */
  chosen(e: Element, value: Expression, naming: Naming = this.naming): Expression {
    if (value.kind !== "select" || value.condition.kind !== "load") return value;
    if (this.#whole && !this.isGivenCase(read(e.node.inputs, value.condition.input))) return value;
    const holds = this.at(e, value.condition, this.indices(e), naming) !== 0;
    return bare(holds ? value.then : value.otherwise);
  }

  /** Whether an operator chooses between two of its inputs by a third. */
  chooses(node: Tensor): boolean {
    const meaning = this.meaning(node);
    const value = meaning.loop === "map" ? bare(meaning.value) : undefined;
    return value?.kind === "select" && value.condition.kind === "load";
  }

  /** A node that is differentiated as its composition, as that composition. */
  composed(node: Tensor): Tensor | undefined {
    if (node.op.derivative.kind !== "compose") return undefined;
    return this.meaning(node).loop === "compose" ? this.built(node) : undefined;
  }

  /** The elements that it reads directly, as positions in the inputs. */
  reads(named: Element): readonly Read[] {
    const e = this.opened(named);
    let known = this.#reads.get(e.node);
    if (!known) this.#reads.set(e.node, (known = []));
    return (known[e.index] ??= this.#read(e));
  }
  #read(e: Element): Read[] {
    const { node, index } = e;
    const found: Read[] = [];
    const known = new Set<number>();
    const add = (input: number, at: number) => {
      const key = at * node.inputs.length + input;
      if (known.has(key)) return;
      known.add(key);
      found.push({ node: read(node.inputs, input), input, at });
    };
    const meaning = this.meaning(node);
    const at = this.indices(e);
    switch (meaning.loop) {
      case "leaf":
        break;
      case "compose":
        for (const r of this.argumentsOf(e)) add(r.input, r.at);
        break;
      case "map": {
        const value = this.chosen(e, bare(meaning.value));
        if (!this.isSymbol(e, value)) this.#loads(e, value, at, add);
        else for (let k = 0; k < node.inputs.length; k++) add(k, index);
        break;
      }
      case "scan":
        for (const i of scanned(meaning, node.shape, at)) this.#loads(e, meaning.value, i, add);
        break;
      case "order":
        for (let k = 0; k < read(node.shape, meaning.axis); k++) {
          this.#loads(e, meaning.value, at.with(meaning.axis, k), add);
        }
        break;
      case "reduce":
        for (const r of unravelled(meaning.over)) {
          this.#loads(e, meaning.value, [...at, ...r], add);
        }
        break;
      case "scatter":
        for (const u of scattered(meaning, (u) => this.at(e, meaning.at, u) === index)) {
          this.#loads(e, meaning.value, u, add);
        }
    }
    return found;
  }

  /** What an expression reads where its loops stand at `at`. */
  #loads(
    e: Element,
    value: Expression,
    at: readonly number[],
    add: (input: number, at: number) => void,
    seen = new Set<Expression>(),
  ): void {
    // A part may stand in many places, as in a draw of chance; what it reads is the same in all.
    if (seen.has(value)) return;
    seen.add(value);
    switch (value.kind) {
      case "apply":
        for (const a of value.args) this.#loads(e, a, at, add, seen);
        break;
      case "cast":
        this.#loads(e, value.value, at, add, seen);
        break;
      case "select": {
        this.#loads(e, value.condition, at, add, seen);
        const holds = this.at(e, value.condition, at) !== 0;
        this.#loads(e, holds ? value.then : value.otherwise, at, add, seen);
        break;
      }
      case "load":
        if (value.when && this.at(e, value.when, at) === 0) return;
        add(value.input, this.at(e, value.at, at));
    }
  }

  /** What a composite is computed from, in the order in which its composition reads it. */
  argumentsOf(e: Element): Read[] {
    const { inputs } = e.node;
    if (isEntire(e.node)) {
      return inputs.flatMap((node, input) =>
        Array.from({ length: node.size }, (_, at) => ({ node, input, at })),
      );
    }
    const found: Read[] = [];
    const add = (child: Element) => {
      const input = inputs.indexOf(child.node);
      if (input < 0 || found.some((r) => r.input === input && r.at === child.index)) return;
      found.push({ node: child.node, input, at: child.index });
    };
    this.placed = [];
    this.usesIn(this.built(e.node), e.index, inputs, add);
    if (this.placed.length === 0) return found;
    // What is chosen by its place in an order depends on all that is ordered.
    for (const place of this.placed) {
      for (const r of this.reads(place)) this.usesIn(r.node, r.at, inputs, add);
    }
    return found.sort((a, b) => a.input - b.input || a.at - b.at);
  }

  /** How often each element between `inputs` and an element is used, by key, in order of use. */
  usesIn(
    root: Tensor,
    index: number,
    inputs: readonly Tensor[],
    first: (e: Element) => void = () => {},
  ): Map<string, number> {
    const uses = new Map<string, number>();
    const isInput: Naming = (node) => (inputs.includes(node) ? zero : undefined);
    const walk = (node: Tensor, at: number): void => {
      const child = this.resolve(node, at, isInput);
      const key = keyOf(child);
      const before = uses.get(key) ?? 0;
      uses.set(key, before + 1);
      if (before > 0) return;
      first(child);
      if (!inputs.includes(child.node)) for (const r of this.reads(child)) walk(r.node, r.at);
    };
    walk(root, index);
    return uses;
  }

  /** A composite stands for its composition. */
  opened(e: Element): Element {
    let node: Tensor | undefined = e.node;
    for (let inner = this.composed(node); inner; inner = this.composed(node)) node = inner;
    return { node, index: e.index };
  }

  /** Whether the operator's own notation stands for an element of a map, not its structure. */
  isSymbol(e: Element, value: Expression): boolean {
    const { node } = e;
    const { kind } = node.op.derivative;
    const pointwise = kind === "pointwise" || kind === "zero" || value.kind === "select";
    if (!pointwise || value.kind === "index") return false;
    const structural =
      value.kind === "apply" &&
      ["add", "sub", "mul", "neg"].includes(value.fn) &&
      // One number multiplied by itself is a square, whatever it is computed by.
      value.args.length === node.inputs.length &&
      value.args.every((a) => a.kind === "load");
    return !structural && node.inputs.every((x) => x.size === node.size);
  }

  meaning(node: Tensor): Meaning {
    let meaning = this.#meanings.get(node);
    if (!meaning) {
      meaning = node.op.meaning(node.inputs, node, node.attributes);
      this.#meanings.set(node, meaning);
    }
    return meaning;
  }

  /** What a node stands for whose meaning is a composition; any other stands for itself. */
  built(node: Tensor): Tensor {
    const known = this.#composed.get(node);
    if (known) return known;
    const meaning = this.meaning(node);
    if (meaning.loop !== "compose") return node;
    const built = meaning.build(node.inputs);
    this.#composed.set(node, built);
    return built;
  }

  /** The element's position along each axis. */
  indices({ node: { shape }, index }: Element): number[] {
    const places = new Array<number>(shape.length);
    let rest = index;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const n = read(shape, axis);
      const place = rest % n;
      places[axis] = place;
      rest = (rest - place) / n;
    }
    return places;
  }

  /** An index expression; where it depends on data, the data are looked up. */
  at(
    e: Element,
    at: Expression,
    indices: readonly number[] = this.indices(e),
    naming: Naming = this.naming,
  ): number {
    const linear = linearIn(at, indices.length);
    if (linear) {
      let place = linear.base;
      for (let axis = 0; axis < indices.length; axis++)
        place += (linear.coefficients[axis] ?? 0) * (indices[axis] ?? 0);
      return place;
    }
    const load: ReadElement = (input, i) =>
      this.value({ node: read(e.node.inputs, input), index: i }, naming);
    return scalarValue(at, load, indices);
  }
}

/** A place as a linear form in the loops' indices, if it is one. */
export function linearIn(at: Expression, rank: number): ReturnType<typeof affine> {
  const byRank = forms.get(at) ?? [];
  if (byRank.length === 0) forms.set(at, byRank);
  if (!(rank in byRank)) byRank[rank] = affine(at, rank);
  return byRank[rank];
}
const forms = new WeakMap<Expression, ReturnType<typeof affine>[]>();

/** An expression without the conversions around it. */
export const bare = (e: Expression): Expression => (e.kind === "cast" ? bare(e.value) : e);

/** Where a scan has been before it reaches `at`. */
export function scanned(
  { axis, reverse }: Extract<Meaning, { loop: "scan" }>,
  shape: readonly number[],
  at: readonly number[],
): number[][] {
  const here = read(at, axis);
  const [from, to] = reverse ? [here, read(shape, axis) - 1] : [0, here];
  return Array.from({ length: to - from + 1 }, (_, i) => at.with(axis, from + i));
}

/** The turns of a scatter that an element is made of: all that reach it, or the last. */
export function scattered(
  { over, combine }: Extract<Meaning, { loop: "scatter" }>,
  reaches: (turn: readonly number[]) => boolean,
): number[][] {
  const found = unravelled(over).filter(reaches);
  return combine === "sum" ? found : found.slice(-1);
}

/** All multi-indices of a shape, in row-major order. */
export function unravelled(shape: readonly number[]): number[][] {
  const strides = stridesOf(shape);
  const axes = zip(shape, strides);
  return Array.from({ length: sizeOf(shape) }, (_, i) =>
    axes.map(([n, stride]) => Math.floor(i / stride) % n),
  );
}
