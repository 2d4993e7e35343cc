/** A report as one page: no script, and nothing that is loaded. */
import { last } from "../core/at.ts";
import { exp } from "../core/elementary/scalar.ts";
import { formatShape } from "../core/shape.ts";
import { confusionHtml, scatterSvg, scoresHtml } from "./charts.ts";
import { curveSvg, curvesOf } from "./curves.ts";
import { escapeText } from "./escape.ts";
import type { ReportExample } from "./examples.ts";
import type { LedgerLayer } from "./ledger.ts";
import type { PartReport, RunReportData } from "./report.ts";
import { pageStyle } from "./style.ts";
import { counted, num, percentage, several, tableHtml } from "./words.ts";

const section = (title: string, why: string, body: string): string =>
  body === ""
    ? ""
    : `<section><h2>${escapeText(title)}</h2>\n<p class="why">${escapeText(why)}</p>\n${body}\n</section>`;

const mainPart = ({ parts }: RunReportData): PartReport => last(parts);

/** What the run was, in sentences. */
function lead(data: RunReportData): string {
  const { epochs, parts, stopped, layers, loss } = data;
  const [training, heldOut] = parts;
  const parameters = layers.reduce((n, row) => n + row.parameters, 0);
  const n = epochs.at(-1)?.epoch ?? 0;
  const besides = heldOut
    ? ` and measured on ${several(heldOut.examples, "example")} held out`
    : "";
  const end =
    stopped === "early"
      ? " It ended early, as there was no further improvement."
      : stopped === "aborted"
        ? " It was broken off."
        : "";
  return (
    `A network of ${several(parameters, "parameter")} was trained for ${several(n, "epoch")} on ` +
    `${several(training?.examples ?? 0, "example")}${besides}, to make ${loss} small.${end}`
  );
}

function tiles(data: RunReportData): string {
  const { epochs, parts } = data;
  const all: [string, string][] = parts.flatMap(({ part, result, examples }) => [
    [`loss, ${part}`, num(result.loss)],
    ...(result.accuracy === undefined
      ? []
      : [[`right, ${part}`, percentage(result.accuracy)] as [string, string]]),
    // What a single example varies by is nothing, so nothing can be explained of it.
    ...(result.r2 === undefined || examples < 2
      ? []
      : [[`R², ${part}`, num(result.r2)] as [string, string]]),
    ...Object.entries(part === "held out" || parts.length === 1 ? (result.metrics ?? {}) : {}).map(
      ([name, value]): [string, string] => [`${name}, ${part}`, num(value)],
    ),
  ]);
  const validated = epochs.filter(({ validation }) => validation !== undefined);
  if (validated.length > 1) {
    const loss = (e: (typeof epochs)[number]) => e.validation?.loss ?? Number.POSITIVE_INFINITY;
    const best = validated.reduce((a, b) => (loss(b) < loss(a) ? b : a));
    all.push(["epoch with the least loss, held out", counted(best.epoch)]);
  }
  const items = all.map(([name, value]) => `<li><b>${value}</b><span>${name}</span></li>`);
  return `<ul class="tiles">${items.join("")}</ul>`;
}

function curves({ epochs }: RunReportData): string {
  const drawn = curvesOf(epochs).map((curve) => curveSvg(curve));
  return section(
    "How it went",
    "Each epoch is one pass over the training data. What falls in training and rises on the data held out is learned by heart, not understood. Where the loss falls far, its axis goes by powers.",
    drawn.length === 0 ? "" : `<div class="plots">${drawn.join("\n")}</div>`,
  );
}

/** On which data what follows was measured. */
const onPart = ({ part, examples }: PartReport): string =>
  `${part === "held out" ? "On the data held out" : "On the training data"} (${several(examples, "example")}).`;

function predictions(data: RunReportData): string {
  const part = mainPart(data);
  const { confusion } = part.result;
  if (confusion !== undefined) {
    return section(
      "What was taken for what",
      `${onPart(part)} A row holds the examples of one class; on the diagonal they were recognised. Precision: of those taken for a class, the share that is. Recall: of those that are, the share that was found. F₁ is between both.`,
      confusionHtml(confusion, data.classes) + scoresHtml(confusion, data.classes),
    );
  }
  const pairs = data.examples?.pairs;
  if (pairs === undefined || pairs.length === 0) return "";
  return section(
    "Predicted and true",
    `${onPart(part)} Each dot is an example; on the dashed line the prediction is right.`,
    `<figure>${scatterSvg(pairs, data.targetName ?? "value")}</figure>`,
  );
}

function worst(data: RunReportData): string {
  const { examples, inputNames } = data;
  if (examples === undefined) return "";
  const said = ({ predicted, probability }: ReportExample) =>
    predicted + (probability === undefined ? "" : ` (${percentage(probability)})`);
  const pictured = examples.worst.some(({ picture }) => picture !== undefined);
  const cards = examples.worst.map((e) => {
    const { picture } = e;
    const image = picture
      ? `<img src="${picture.address}" width="${picture.width}" height="${picture.height}" alt="example ${e.row}">`
      : "";
    return `<li>${image}<b>loss ${num(e.loss)}</b><br>is ${escapeText(e.target)}<br>predicted ${escapeText(said(e))}<br>row ${counted(e.row)}</li>`;
  });
  const named = (x: number, i: number) => `${inputNames?.[i] ?? `x${i}`} ${num(x, 3)}`;
  const shown = examples.worst.some(({ inputs }) => inputs !== undefined);
  const table = () =>
    tableHtml(
      [
        { number: "row" },
        { number: "loss" },
        "target",
        "predicted",
        ...(shown ? ["inputs, as the network gets them"] : []),
      ],
      examples.worst.map((e) => [
        { number: counted(e.row) },
        { number: num(e.loss) },
        e.target,
        said(e),
        ...(e.inputs === undefined ? [] : [e.inputs.map(named).join(", ")]),
      ]),
    );
  const part = mainPart(data);
  const some =
    examples.examples < part.examples
      ? ` ${counted(examples.examples)} of them were looked at.`
      : "";
  return section(
    "The worst examples",
    `${onPart(part)}${some} Those with the largest loss; rows count from 0. Look here first for wrong labels and odd cases.`,
    pictured ? `<ul class="examples">${cards.join("\n")}</ul>` : table(),
  );
}

/** 10^x, for people. */
const tenTo = (x: number | undefined): string =>
  x === undefined ? "–" : num(exp(x * Math.LN10), 3);

function ledger({ ledger }: RunReportData): string {
  const { layers, parameters, examples, reason } = ledger;
  const row = (l: LedgerLayer) => [
    { number: String(l.layer) },
    { number: num(l.norm, 3) },
    { number: l.ratio === undefined ? "–" : num(l.ratio, 3) },
    { number: tenTo(l.updateRatio) },
    { number: counted(l.units) },
    { number: l.dead === 0 ? "0" : `${counted(l.dead)} (${percentage(l.dead / l.units)})` },
    { number: counted(l.saturated) },
  ];
  const head = [
    { number: "layer" },
    { number: "gradient ‖δ‖" },
    { number: "‖δ‖ / next" },
    { number: "update / weight" },
    { number: "units" },
    { number: "dead" },
    { number: "saturated" },
  ];
  const byLayer =
    layers.length > 0
      ? `<h3>Layers with weights</h3>${tableHtml(head, layers.map(row))}`
      : reason === undefined
        ? ""
        : `<p>Layers are not looked into: ${escapeText(reason)}</p>`;
  const byParameter = tableHtml(
    ["parameter", "shape", { number: "size ‖θ‖" }, { number: "gradient ‖∂E/∂θ‖" }],
    parameters.map((p) => [
      p.name + (p.frozen ? " (frozen)" : ""),
      formatShape(p.shape),
      { number: num(p.norm) },
      { number: p.gradient === undefined ? "–" : num(p.gradient, 3) },
    ]),
  );
  return section(
    "Gradients and weights",
    `One more step on the first ${several(examples, "training example")}, layer by layer. A gradient that shrinks or grows by large factors from layer to layer trains unevenly; a step usually changes weights by about a thousandth (0.001) of their size. A dead unit passes nothing back for any of these examples, a saturated one almost nothing.`,
    `${byLayer}<h3>Parameters</h3>${byParameter}`,
  );
}

function weights({ weights: w }: RunReportData): string {
  if (w === undefined) return "";
  const some = w.shown < w.units ? `The first ${w.shown} of ${w.units} units.` : "All units.";
  // A window of few weights is drawn large enough to be seen.
  const side = Math.max(3, Math.ceil(36 / Math.max(...w.tile)));
  const width = Math.min(900, side * w.width);
  const height = Math.round((width * w.height) / w.width);
  return section(
    "What the first layer looks at",
    `${some} Each tile holds the weights of one unit (${w.name}), ${w.tile[0]} × ${w.tile[1]}: orange where bright inputs raise it, blue where they lower it, white where it does not look. The strongest colour is ${num(w.largest, 3)}.`,
    `<figure><img src="${w.address}" width="${width}" height="${height}" alt="weights of ${w.shown} units"></figure>`,
  );
}

function network({ layers, drawing, loss }: RunReportData): string {
  const inputs = `<li><b>inputs</b></li>`;
  const steps = layers.map(({ name, shape, parameters, frozen }) => {
    const fixed = frozen > 0 ? `, ${counted(frozen)} frozen` : "";
    const own = parameters > 0 ? `, ${several(parameters, "parameter")}${fixed}` : "";
    return `<li><b>${escapeText(name)}</b><span>${escapeText(formatShape(shape))}${own}</span></li>`;
  });
  const flow = `<ol class="flow">${inputs}${steps.join("")}<li><b>${escapeText(loss)}</b></li></ol>`;
  const picture =
    drawing === undefined
      ? ""
      : `<figure><div class="drawing">${drawing}</div><figcaption>Trained, with the numbers of its first training example.</figcaption></figure>`;
  return section(
    "The network",
    "From the inputs to the loss; in brackets what comes out of each layer for one example.",
    flow + picture,
  );
}

function settings({ facts, notes, remarks, source }: RunReportData): string {
  const groups = Object.entries(facts).map(([name, group]) => {
    const rows = Object.entries(group).map(
      ([key, value]) => `<dt>${escapeText(key)}</dt><dd>${escapeText(value)}</dd>`,
    );
    return `<div><h3>${escapeText(name)}</h3><dl>${rows.join("")}</dl></div>`;
  });
  const listed = notes.map((note) => `<li>${escapeText(note)}</li>`);
  const about = listed.length > 0 ? `<h3>notes on the data</h3><ul>${listed.join("")}</ul>` : "";
  const noted = remarks.map(
    ({ message, fix }) =>
      `<p class="remark"><b>Remark.</b> ${escapeText(message)}<br><b>Fix.</b> ${escapeText(fix)}</p>`,
  );
  const file =
    source === undefined ? "" : `<h3>network file</h3><pre>${escapeText(source.trimEnd())}</pre>`;
  return section(
    "Settings",
    "What is needed to run it again: the same file, data, seed and version give the same numbers.",
    `<div class="facts">${groups.join("")}</div>${about}${noted.join("")}${file}`,
  );
}

/** Nothing is loaded, whatever stands in the texts: the page itself forbids it. */
export const policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

export function pageOf(data: RunReportData): string {
  const title = escapeText(data.title);
  const sections = [curves, predictions, worst, ledger, weights, network, settings];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta http-equiv="Content-Security-Policy" content="${policy}"><title>${title}</title>
<style>${pageStyle}</style></head><body>
<header><h1>${title}</h1><p>${escapeText(lead(data))}</p>${tiles(data)}</header>
<main>
${sections
  .map((make) => make(data))
  .filter((text) => text !== "")
  .join("\n")}
</main></body></html>
`;
}
