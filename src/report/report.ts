/** What a report of a run holds: plain data, and the page that is made of it. */

import type { Evaluation } from "../train/evaluate.ts";
import type { EpochReport, History } from "../train/fit.ts";
import type { Remark } from "../train/remarks.ts";
import type { Data } from "../train/trainer.ts";
import type { ExampleReport, ReportPrediction } from "./examples.ts";
import { pageOf } from "./html.ts";
import type { LayerLine } from "./layers.ts";
import type { Ledger } from "./ledger.ts";
import type { ImageShape, WeightPictures } from "./pictures.ts";

/** What `runReport` takes: the data, and what the page is to say of them. */
export interface RunReportOptions {
  /** What was trained on. */
  readonly data: Data;
  /** What was held out. */
  readonly validation?: Data;
  /** The page's title. Default "Training run". */
  readonly title?: string;
  /** The names of the classes. Default: those of the data. */
  readonly classes?: readonly string[];
  /** What the outputs for one row say. Default: the largest is the class, or a number is itself. */
  readonly read?: (outputs: readonly number[]) => ReportPrediction;
  /**
   * The inputs are images: [height, width] or [channels, height, width]. Default: where their shape is
   * [examples, 1 or 3, height, width].
   */
  readonly image?: ImageShape;
  /** Settings and versions in groups: { training: { seed: "7" } }. Default: those of the trainer. */
  readonly facts?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Notes about the data. Default none. */
  readonly notes?: readonly string[];
  /** Text that is shown at the end as it is, such as the network file. Default none. */
  readonly source?: string;
}

/** What was measured on one part of the data, at the end. */
export interface PartReport {
  readonly part: "training" | "held out";
  readonly examples: number;
  readonly result: Evaluation;
}

/** The data of a report. */
export interface RunReportData {
  readonly title: string;
  readonly epochs: readonly EpochReport[];
  readonly stopped: History["stopped"] | undefined;
  readonly parts: readonly PartReport[];
  readonly classes: readonly string[] | undefined;
  /** Of the data held out, or else of those trained on. */
  readonly examples: ExampleReport | undefined;
  readonly inputNames: readonly string[] | undefined;
  readonly targetName: string | undefined;
  readonly ledger: Ledger;
  readonly weights: WeightPictures | undefined;
  readonly layers: readonly LayerLine[];
  readonly loss: string;
  /** The network with its numbers as SVG, where it is small. */
  readonly drawing: string | undefined;
  readonly facts: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly notes: readonly string[];
  readonly remarks: readonly Remark[];
  readonly source: string | undefined;
}

/** How a run went and what came of it: plain data (`data`), and a page that shows it. */
export class RunReport {
  readonly data: RunReportData;

  constructor(data: RunReportData) {
    this.data = data;
  }

  /** One file that needs neither network nor script: for screens, in the dark and in print. */
  toHtml(): string {
    return pageOf(this.data);
  }
}
