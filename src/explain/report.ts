/** gradientReport: how the gradient grows or shrinks on its way back, layer by layer. */
import { checkNames } from "../core/options.ts";
import type { Sentence } from "./derivation.ts";
import { gradientsOf } from "./engine/gradients.ts";
import { type LayerReport, layerReports, normOf } from "./engine/layer-report.ts";
import { type NonFiniteReport, nonFinite } from "./engine/non-finite.ts";
import { noSuch } from "./engine/notation.ts";
import { isNetwork } from "./engine/trace.ts";
import { type Language, languages } from "./messages.ts";
import { type ExplainOptions, optionNames } from "./options.ts";
import { type Block, tableOf, wording } from "./render/blocks.ts";
import { rounded } from "./render/print.ts";
import { toText } from "./render/text.ts";
import { say } from "./say.ts";
import { findings, ledgerTable, produced, standingOut } from "./sections/ledger.ts";
import { type Subject, traceOf } from "./subject.ts";

/** How the gradient grows or fades on its way back, layer by layer, as data and as text. */
export class GradientReport {
  readonly layers: readonly LayerReport[];
  readonly nonFinite: NonFiniteReport | undefined;
  /** ‖∂E/∂θ‖ of each parameter. */
  readonly norms: Readonly<Record<string, number>>;
  readonly #language: Language;

  constructor(
    layers: readonly LayerReport[],
    producer: NonFiniteReport | undefined,
    norms: Readonly<Record<string, number>>,
    language: Language,
  ) {
    this.layers = layers;
    this.nonFinite = producer;
    this.norms = norms;
    this.#language = language;
  }

  toText(options: { readonly language?: Language; readonly width?: number } = {}): string {
    checkNames("toText", options, ["language", "width"]);
    const language = options.language ?? this.#language;
    const w = wording(language, 4);
    const said = (s: Sentence): Block => ({ kind: "paragraph", text: w.sentence(s) });
    const { layers, nonFinite } = this;
    const words = (
      nonFinite
        ? [...produced(nonFinite), ...standingOut(layers)]
        : [say("allFinite"), ...findings(layers)]
    ).map(said);
    const blocks: Block[] =
      this.layers.length > 0
        ? [
            ...words,
            { kind: "paragraph", text: [] },
            said(say("ledgerText")),
            tableOf(ledgerTable(this.layers), w),
          ]
        : // Without layers there is nothing to be said of how they pass the gradient on.
          [
            ...words,
            ...Object.entries(this.norms).map(
              ([name, v]): Block => ({
                kind: "paragraph",
                text: [`‖∂E/∂${name}‖ = ${rounded(v, 4)}`],
              }),
            ),
          ];
    const data = { symbols: {}, operators: {} };
    return toText({ blocks, language, digits: 4, data }, { width: options.width ?? 120 });
  }
}

/** Gain ledger, dead and saturated units, size of the updates, first non-finite producer. */
export async function gradientReport(
  subject: Subject,
  options: ExplainOptions = {},
): Promise<GradientReport> {
  checkNames("gradientReport", options, optionNames);
  const { language = "en" } = options;
  if (!languages.includes(language)) noSuch("language", language, languages);
  const t = traceOf(subject, options, false);
  const g = gradientsOf(t);
  const norms = Object.fromEntries([...g].map(([n, v]) => [n, normOf(v)]));
  return new GradientReport(isNetwork(t) ? layerReports(t) : [], nonFinite(t), norms, language);
}
