/** What page and engine say to each other: plain data, copied between the threads. */

import type { Section } from "../../src/explain/derivation.ts";
import type { Agreement } from "../../src/explain/diagnose/agreement.ts";
import type { Quantity } from "../../src/explain/diagnose/results.ts";
import type { LayerReport } from "../../src/explain/engine/layer-report.ts";
import type { NonFiniteReport } from "../../src/explain/engine/non-finite.ts";
import type { Notation } from "../../src/explain/engine/notation.ts";
import type { SheetFormat } from "../../src/explain/exercises/sheet-text.ts";
import type { Language } from "../../src/explain/messages.ts";
import type { ExplainOptions } from "../../src/explain/options.ts";
import type { FlagForm, NumberForm, WordForm } from "../../src/network-file/form.ts";
import type { BiasPolicy as Policy } from "../../src/network-file/layer-row.ts";
import type { LayerKind, ParameterRole } from "../../src/nn/layer.ts";
import type { UpdateTiming } from "../../src/step/update.ts";

export type { Language, Notation, Quantity, Section, SheetFormat, UpdateTiming };

/** A network file with the tables that it names. */
export interface Source {
  readonly text: string;
  readonly files: Readonly<Record<string, string>>;
  /** A checkpoint with the values that it begins with, where the text does not say them. */
  readonly state?: Uint8Array;
  /** What has to be known of it besides. */
  readonly notes?: readonly string[];
}

/** What a file of another library holds. */
export interface ModelView {
  readonly name: string;
  readonly format: string;
  /** In all; of very many the first are listed. */
  readonly count: number;
  readonly elements: number;
  readonly bytes: number;
  readonly tensors: readonly {
    readonly name: string;
    readonly shape: string;
    readonly dtype: string;
    readonly bytes: number;
  }[];
  readonly metadata: readonly (readonly [name: string, text: string])[];
  readonly holdsModel: boolean;
}

/** A file that was dropped or pasted. */
export interface TableFile {
  readonly name: string;
  readonly text: string;
}

/** How the network is looked at. */
export interface Look {
  readonly example: number;
  readonly notation: Notation;
  readonly language: Language;
}

export type Level = NonNullable<ExplainOptions["level"]>;
export type Form = NonNullable<ExplainOptions["form"]>;

/** How much of a derivation is written down, and how. */
export interface Amount {
  readonly level: Level;
  readonly form: Form;
  /** Absent: all that have something to say. */
  readonly sections?: readonly Section[] | undefined;
}

/** One number of a parameter. */
export interface Chosen {
  readonly name: string;
  readonly index: number;
}

/** What of the network does not change while it is trained. */
export interface Structure {
  /** Inputs first, then one column for each layer with weights. */
  readonly columns: readonly Column[];
  readonly weights: readonly Weights[];
  readonly loss: string;
  /** Names of the loss's terms for this example, and of the targets. */
  readonly terms: readonly string[];
  readonly targets: readonly string[];
  /** Labels of classes where the target is one. */
  readonly classes?: readonly string[];
}

export interface Column {
  readonly size: number;
  /** The name of the layer, and of its activation; "" for the inputs. */
  readonly layer: string;
  readonly activation?: string;
  /** Of what it makes of one example; its first axis is one of channels where `channels` is true. */
  readonly shape: readonly number[];
  readonly channels: boolean;
  readonly units: readonly Unit[];
  /** The parameter whose numbers enter the units, if there is one. */
  readonly bias?: { readonly parameter: string; readonly shared: boolean };
  /** What is derived for its units where no weights of the picture lead into them, as a convolution's. */
  readonly parameter?: string;
}

/** Names of what belongs to a unit; columns that are drawn as a block have none. */
export interface Unit {
  readonly net?: string;
  readonly out?: string;
  readonly delta?: string;
  readonly bias?: string;
  readonly biasGradient?: string;
  /** ∂E/∂out, where a derivation may pass through it. */
  readonly gradient?: string;
}

/** The weights between a column and the one before it. */
export interface Weights {
  readonly parameter: string;
  /** The column that they lead into. */
  readonly column: number;
  readonly rows: number;
  readonly columns: number;
  /**
   * Whether each weight leads from one unit to one other. Not those of the gates of a recurrent
   * layer, or of a layer that does the same at every step of a sequence.
   */
  readonly single: boolean;
  readonly trained: boolean;
  /** Names of weights and of their gradients, row by row; none where there are very many. */
  readonly names: readonly string[];
  readonly gradients: readonly string[];
}

/** All numbers of the picture at one moment. */
export interface Values {
  readonly steps: number;
  readonly epoch: number;
  /** E, of the batch that holds the example shown. */
  readonly loss: number;
  /**
   * The error over all examples: the last epoch's, as the curve has it. Where there is none, or a
   * number was changed since, it is measured; absent where that would take too long.
   */
  readonly error?: number;
  readonly learningRate: number;
  /** By column: activations, net inputs, δ = ∂E/∂net, for the example shown. */
  readonly nets: readonly Float64Array[];
  readonly outs: readonly Float64Array[];
  readonly deltas: readonly Float64Array[];
  readonly terms: Float64Array;
  readonly targets: Float64Array;
  /** By name. */
  readonly parameters: Readonly<Record<string, Float64Array>>;
  readonly gradients: Readonly<Record<string, Float64Array>>;
}

interface ParameterInfo {
  readonly name: string;
  readonly shape: readonly number[];
  readonly trained: boolean;
}

/** What is known of a network that was opened. */
export interface Opened {
  readonly name: string;
  readonly structure: Structure;
  readonly values: Values;
  readonly parameters: readonly ParameterInfo[];
  readonly examples: number;
  readonly lossName: string;
  readonly optimizer: string;
  readonly batchSize: number;
  readonly epochs: number;
  readonly seed: number;
  readonly timing: UpdateTiming;
  /** Whether it has two inputs, so that its outputs can be drawn over a plane. */
  readonly planar: boolean;
  readonly notes: readonly string[];
}

export interface StepView {
  readonly id: string;
  readonly section: Section;
  /** The symbol that it computes, and those that it uses. */
  readonly symbol?: string;
  readonly uses: readonly string[];
  readonly inputs: readonly string[];
  /** Sentences, formula and table. */
  readonly html: string;
  /** The formula without numbers: what is asked when somebody practises. */
  readonly question?: string;
  readonly value?: number;
  readonly spoken: string;
}

export interface DerivationView {
  readonly chosen: Chosen;
  /** How the notation calls it. */
  readonly symbol: string;
  /** Of all sections, whether they have steps here or not. */
  readonly headings: Readonly<Record<Section, string>>;
  /** Why it does not have the form that was asked for; it is scalar then. */
  readonly refused?: Failure;
  readonly steps: readonly StepView[];
  readonly value: number;
  /** ∂E/∂ it, and how that is called. */
  readonly gradient: number;
  readonly gradientSymbol?: string;
  /** What the update takes for it, where that is another number. */
  readonly taken?: number;
  /** After one update, and how that is called; absent where it is not trained. */
  readonly next?: number;
  readonly nextSymbol?: string;
  readonly passed: boolean;
  /** How far training had come. */
  readonly epoch: number;
  readonly trainedSteps: number;
}

/** A typed formula, and what its names stand for. */
export interface TypedFormula {
  readonly text: string;
  /** By name, as typed. */
  readonly values: Readonly<Record<string, string>>;
  /** The name whose numbers are derived; absent: the first. */
  readonly by?: string | undefined;
}

export interface FormulaAsked extends TypedFormula {
  readonly level: Level;
}

/** What was typed cannot be read or computed. */
export interface Wrong {
  readonly failure: Failure;
  /** The name whose value it is about; "": the formula. */
  readonly at: string;
}

export interface ExpressionView extends Pick<DerivationView, "headings" | "steps"> {
  readonly names: readonly string[];
  /** Every number on the way to the result; none where there are too many. */
  readonly pieces: readonly PieceView[];
}

/** A sub-expression; what is a formula is HTML. */
export interface PieceView {
  readonly name: string;
  readonly symbol: string;
  readonly formula: string;
  readonly value: number;
  /** ∂E/∂ it. */
  readonly adjoint: number;
  /** ∂ it/∂ what it is computed from. */
  readonly locals: readonly {
    readonly name: string;
    readonly symbol: string;
    readonly formula: string;
    readonly value: number;
  }[];
}

/** E along one weight, everything else held. */
export interface LineView {
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly at: number;
  readonly loss: number;
  readonly slope: number;
  readonly next?: { readonly x: number; readonly y: number };
}

export interface HistoryView {
  readonly epochs: Float64Array;
  readonly losses: Float64Array;
  /** On data that are not trained on, where there are such. */
  readonly heldOut?: Float64Array;
}

export interface Frame {
  readonly values: Values;
  readonly history: HistoryView;
  /** Whether training goes on. */
  readonly playing: boolean;
  readonly failure?: Failure;
}

/** An error as the library tells it. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly expected?: string;
  readonly found?: string;
  readonly where?: string;
  readonly why?: string;
  readonly fix?: string;
  /** The line of the file that is wrong; or all that is wrong in it, where that is more. */
  readonly excerpt?: string;
  readonly problems?: readonly Facts[];
}

/** One of several things that are wrong. */
type Facts = Pick<Failure, "message" | "expected" | "found" | "fix" | "excerpt">;

export interface ReportView {
  readonly layers: readonly LayerReport[];
  readonly nonFinite?: NonFiniteReport;
  readonly text: string;
  /** What stands out: vanishing or exploding gradients, dead units. */
  readonly findings: readonly string[];
}

/** What an answer comes to. */
export interface AnswerView {
  readonly verdict: Agreement;
  /** The mistakes that give the number. */
  readonly causes: readonly string[];
}

export interface DiagnosisView extends AnswerView {
  /** All of it in words, the right number among them; not for who practises. */
  readonly text?: string;
}

/** A whole sheet of numbers, held against the network's own. */
export interface SheetFound {
  readonly summary: readonly string[];
  readonly rows: readonly {
    readonly name: string;
    readonly given: string;
    readonly verdict: Agreement;
    readonly text: string;
  }[];
}

/** Which exercises: the same for the same network. */
export interface SheetAsked {
  readonly seed: number;
  readonly kind: "gradient" | "forward" | "update";
  readonly count: number;
}

type Fact = readonly [name: string, text: string];
export interface SheetView {
  readonly head: readonly Fact[];
  readonly intro: string;
  readonly items: readonly {
    readonly title: string;
    readonly given: readonly Fact[];
    readonly question: string;
  }[];
}

/** What a network file may name, as its tables say: the editor is made of this. */
export interface Forms {
  readonly layers: readonly LayerForm[];
  readonly losses: readonly LossForm[];
  readonly optimizers: readonly NamedForm[];
}

/** A name that may be chosen. */
interface NamedForm {
  readonly name: string;
  readonly doc: string;
}

export interface LossForm extends NamedForm {
  readonly targets: "labels" | "numbers" | "signs";
}

export interface LayerForm extends NamedForm {
  readonly kind: LayerKind;
  /** Options with a value of their own that one control can show. */
  readonly fields: readonly FieldForm[];
  /** The options that give first values of parameters, and what those are for. */
  readonly starts: readonly { readonly name: string; readonly role: ParameterRole }[];
  /** The initializer that suits the weights before it. */
  readonly suits?: string;
}

export interface FieldForm extends NamedForm {
  readonly form: NumberForm | FlagForm | WordForm;
  /** The value where nothing is said; absent where one has to be. */
  readonly usual?: number | boolean | string;
  /** Whether it is the number of outputs. */
  readonly outputs: boolean;
}

export type BiasPolicy = "file" | Policy;

/** A run to compare with another. */
export interface RunSettings {
  readonly bias: BiasPolicy;
  readonly timing: UpdateTiming;
  readonly learningRate: number;
}

export interface RunView {
  readonly history: HistoryView;
  readonly loss: number;
  readonly parameters: readonly { readonly name: string; readonly value: number }[];
  readonly failure?: Failure;
}

export type ExportFormat =
  | "markdown"
  | "latex"
  | "html"
  | "text"
  | "json"
  | "svg"
  | "csv"
  | "pytorch"
  | "network";

/** How a derivation can be taken away. */
export type PrintFormat = Extract<ExportFormat, "markdown" | "latex" | "html" | "text" | "json">;

/** Where the decision boundary is drawn. */
export interface Plane {
  readonly low: readonly [number, number];
  readonly high: readonly [number, number];
}
