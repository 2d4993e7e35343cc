/** What may be asked of the engine, by name. */
import type {
  Chosen,
  DerivationView,
  DiagnosisView,
  ExportFormat,
  Failure,
  Forms,
  Frame,
  HistoryView,
  LineView,
  Look,
  Opened,
  Plane,
  ReportView,
  RunSettings,
  RunView,
  Source,
  Structure,
  TableFile,
  Values,
} from "../protocol.ts";
import type { Pace } from "./training.ts";

interface Seen {
  readonly structure: Structure;
  readonly values: Values;
}

export interface Api {
  open(source: Source, look: Look): Opened;
  forms(): Forms;
  reseeded(): string;
  overTable(text: string, table: TableFile): Source;
  look(look: Look): Seen;
  derive(chosen: Chosen): DerivationView;
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
  diagnose(chosen: Chosen, given: string): DiagnosisView;
  compare(a: RunSettings, b: RunSettings, epochs: number): readonly [RunView, RunView];
  canvas(canvas: OffscreenCanvas): void;
  paint(dark: boolean): Plane;
  export(format: ExportFormat): string;
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
