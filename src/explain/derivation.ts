/**
 * A worked derivation as plain data: steps that refer to each other by id, and the tables of
 * symbols and operators with which they can be printed and evaluated. JSON is its lossless form.
 */
import type { Formula, Operator, Sign } from "./engine/expr.ts";
import type { Notation } from "./engine/notation.ts";
import type { Language, MessageKey } from "./messages.ts";

/** What a step of a derivation is. */
export type Kind =
  | "affine"
  | "activation"
  | "loss"
  | "reduce"
  | "chain"
  | "fan-out sum"
  | "local derivative"
  | "vector-Jacobian product"
  | "update"
  | "check"
  | "note"
  | "unsupported";

/** A sentence of the catalogue with its slots, or a sentence that a record brings along. */
export type Sentence =
  | { readonly key: MessageKey; readonly slots?: Readonly<Record<string, Slot>> }
  | { readonly en: string; readonly zh: string };

/** What fills a place of a sentence: a text, a number, a formula, or a list of them. */
export type Slot = string | number | Formula | Sentence | readonly Slot[];

/** A cell of a table. */
export type Cell = Slot;

/** Rows of cells under named columns. */
export interface StepTable {
  readonly columns: readonly Cell[];
  readonly rows: readonly (readonly Cell[])[];
}

export const sections = [
  "setup",
  "forward",
  "error",
  "question",
  "chain",
  "factors",
  "substitution",
  "paths",
  "batch",
  "result",
  "update",
  "all",
  "again",
  "ledger",
  "check",
  "mistakes",
] as const;
/** The part of a derivation that a step stands in. */
export type Section = (typeof sections)[number];

/** One step of a derivation: symbols, numbers and the sentences around them, as plain data. */
export interface Step {
  readonly id: string;
  readonly section: Section;
  readonly kind: Kind;
  /** Where several parameters are explained: which of them, from 1; 0 before, one more after. */
  readonly part: number;
  /** Parameters that appear in it. */
  readonly parameters: readonly string[];
  /** Steps whose results it uses. */
  readonly inputs: readonly string[];
  /** Steps that belong to it. */
  readonly children: readonly string[];
  /** Sentences before the formula. */
  readonly why: readonly Sentence[];
  /** What is computed. */
  readonly result?: Formula;
  /** Symbolic forms, each equal to the next. */
  readonly expression: readonly Formula[];
  /** The last form with the upstream gradients as numbers. */
  readonly upstream?: Formula;
  /** The last form with all numbers. */
  readonly substituted?: Formula;
  readonly value?: number;
  readonly table?: StepTable;
  /** The formula read aloud. */
  readonly spoken: Readonly<Record<Language, string>>;
}

/** A drawing of the network: columns of units, and edges with their weights. */
export interface Diagram {
  readonly columns: readonly (readonly DiagramUnit[])[];
  readonly edges: readonly DiagramEdge[];
}
/** A box of the drawing: one unit of the network. */
export interface DiagramUnit {
  readonly name: string;
  /** Symbols shown inside, with their values. */
  readonly symbols: readonly string[];
  /** The symbols of ∂out/∂net, where the unit lies on the way, and of ∂E/∂net, shown below. */
  readonly slope?: string;
  readonly gradient?: string;
}
/** A line of the drawing: one factor or one input. */
export interface DiagramEdge {
  /** Column and row of where it starts, then row where it ends (in the next column). */
  readonly from: readonly [number, number];
  readonly to: number;
  readonly symbol: string;
  /** On the way from the chosen parameter to the loss. */
  readonly marked: boolean;
  /** Where it is: the symbol of the local derivative, ∂net/∂out of the unit before or ∂net/∂w. */
  readonly local?: string;
}

/**
 * A derivation as plain data: its steps, and what they are written with. `Derivation.toJSON` gives
 * it; dist/derivation.schema.json is its JSON Schema.
 */
export interface DerivationData {
  readonly format: "chainrule-derivation";
  readonly version: 1;
  readonly notation: Notation;
  readonly language: Language;
  /** "function": what is explained has no loss, layers or update; absent for a network. */
  readonly subject?: "function";
  readonly digits: number;
  /** The symbols of the parameters that are explained. */
  readonly asked?: readonly string[];
  /** Their names, as the model has them. */
  readonly parameters: readonly string[];
  /** ∂E/∂θ of each of them. */
  readonly gradients: readonly number[];
  readonly loss: number;
  readonly symbols: Readonly<Record<string, Sign>>;
  readonly operators: Readonly<Record<string, Operator>>;
  readonly steps: readonly Step[];
  readonly diagram?: Diagram;
  /** Whether every check passed. */
  readonly passed: boolean;
}
