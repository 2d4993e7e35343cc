/** What may be asked of the engine, by name. */
import type {
  Amount,
  AnswerView,
  Chosen,
  DerivationView,
  DiagnosisView,
  ExportFormat,
  ExpressionView,
  Failure,
  Forms,
  FormulaAsked,
  Frame,
  HistoryView,
  Language,
  LineView,
  Look,
  ModelView,
  Opened,
  Plane,
  PrintFormat,
  Quantity,
  ReportView,
  RunSettings,
  RunView,
  SheetAsked,
  SheetFormat,
  SheetFound,
  SheetView,
  Source,
  Structure,
  TableFile,
  Values,
  Wrong,
} from "../protocol.ts";
import type { Pace } from "./training.ts";

interface Seen {
  readonly structure: Structure;
  readonly values: Values;
}

export interface Api {
  open(source: Source, look: Look): Opened;
  forms(): Forms;
  inspect(files: readonly File[]): ModelView;
  takeModel(files: readonly File[]): Source;
  reseeded(): string;
  overTable(text: string, table: TableFile): Source;
  look(look: Look): Seen;
  derive(chosen: Chosen, amount?: Amount): DerivationView;
  setParameter(chosen: Chosen, value: number): Values;
  setExample(part: "inputs" | "targets", at: number, value: number): Values;
  setLearningRate(rate: number): void;
  setBatchSize(size: number): Seen;
  play(pace: Pace): void;
  stop(): void;
  acknowledge(): void;
  undo(): { readonly values: Values; readonly history: HistoryView; readonly more: boolean };
  reset(): Values;
  line(chosen: Chosen): LineView;
  report(): ReportView;
  diagnose(chosen: Chosen, given: string, quantity?: Quantity): DiagnosisView;
  diagnoseSheet(text: string, quantity: Quantity): SheetFound;
  exercises(asked: SheetAsked, language: Language): SheetView;
  gradeExercise(place: number, answer: string, language: Language): AnswerView | undefined;
  exerciseAnswer(place: number): string;
  exportExercises(format: SheetFormat, solved: boolean): string;
  compare(a: RunSettings, b: RunSettings, epochs: number): readonly [RunView, RunView];
  canvas(canvas: OffscreenCanvas): void;
  paint(dark: boolean): Plane;
  export(format: ExportFormat): string;
  /** Loads what is wanted later, so that no connection is needed then. */
  late(): void;
  formulaNames(text: string): readonly string[];
  formula(asked: FormulaAsked, language: Language): ExpressionView | Wrong;
  exportFormula(format: PrintFormat): string;
}

export type Method = keyof Api;

export interface Request {
  readonly id: number;
  readonly method: Method;
  readonly args: readonly unknown[];
}

export type EngineEvent =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly failure: Failure }
  | { readonly frame: Frame };
