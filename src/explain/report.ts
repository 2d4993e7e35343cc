/** gradientReport: how the gradient grows or shrinks on its way back, layer by layer. */

import { gradient } from "../autodiff/gradient.ts";
import { interpreter } from "../backends/interpreter/index.ts";
import { log } from "../core/elementary/scalar.ts";
import { subexpressions } from "../core/expression.ts";
import { nodesOf } from "../core/graph.ts";
import { checkNames } from "../core/options.ts";
import type { Tensor } from "../core/tensor.ts";
import { sum } from "../ops/broadcast.ts";
import { firstNonFinite } from "../train/non-finite.ts";
import type { Sentence, Table } from "./derivation.ts";
import { type Expr, number } from "./engine/expr.ts";
import { choose } from "./engine/notation.ts";
import { gradientsOf, stageGradients, type Trace, updated } from "./engine/trace.ts";
import { type ExplainOptions, optionNames, type Subject, traceOf } from "./explain.ts";
import { type Language, languages } from "./messages.ts";
import { type Block, tableOf, wording } from "./render/blocks.ts";
import { rounded } from "./render/print.ts";
import { toText } from "./render/text.ts";
import { say } from "./say.ts";

/** How the gradient passes a layer on its way back. */
export interface LayerReport {
  /** Counted from 1. */
  readonly layer: number;
  /** ‖δ‖ over the batch. */
  readonly norm: number;
  /** ‖δ‖ / ‖δ of the next layer‖ = weightGain · activationGain; for the last layer absent. */
  readonly ratio?: number;
  readonly weightGain?: number;
  readonly activationGain?: number;
  /** log10 of ‖δ‖ / ‖δ of the last layer‖; absent where that is 0, as nothing is a share of it. */
  readonly cumulative?: number;
  readonly units: number;
  /** Units whose activation has slope 0 for every example, and why. */
  readonly dead: number;
  readonly deadBy?: "mask" | "underflow";
  /** Units whose slope is below 5 % of the layer's largest for every example, but not 0. */
  readonly saturated: number;
  /** log10(rms update / rms weight) of the layer's weights; absent where both are 0. */
  readonly updateRatio?: number;
}

/** Where the first number that is not finite was made. */
export interface NonFiniteReport {
  readonly operator: string;
  readonly where: string;
  /** How many later operators only pass it on. */
  readonly passedOn: number;
  /** Whether it was made on the way back, the loss being finite. */
  readonly backward: boolean;
}

/** Slopes below this share of the largest count as saturated. */
const saturation = 0.05;

/** Scaled by the largest, so that the squares of very small and very large numbers count, too. */
function norm(v: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < v.length; i++) largest = Math.max(largest, Math.abs(v[i]!));
  if (largest === 0 || !Number.isFinite(largest)) return largest;
  let total = 0;
  for (let i = 0; i < v.length; i++) {
    const part = v[i]! / largest;
    total += part * part;
  }
  return largest * Math.sqrt(total);
}
/** a/b; 0/0 is no number that could be said. */
const share = (a: number, b: number): number | undefined =>
  a === 0 && b === 0 ? undefined : a / b;
const rms = (v: ArrayLike<number>): number => norm(v) / Math.sqrt(Math.max(1, v.length));

export function layerReports(t: Trace): LayerReport[] {
  const nets = t.stages.filter((s) => s.role === "net");
  const outs = t.stages.filter((s) => s.role === "out");
  const g = stageGradients(t, [...nets, ...outs]);
  const next = updated(t, t.trainer!.update);
  const last = nets.at(-1);
  const lastNorm = last ? norm(g.get(last.tensor)!) : 1;
  return nets.map((net, i): LayerReport => {
    const size = norm(g.get(net.tensor)!);
    const out = outs.find((s) => s.layer === net.layer);
    const following = nets[i + 1];
    const after = following && norm(g.get(following.tensor)!);
    const between = norm(g.get((out ?? net).tensor)!);
    const slopes = out && Array.from(t.evaluate(gradient(sum(out.tensor), [net.tensor]))[0]!);
    const columns = net.tensor.shape.at(-1) ?? 1;
    const largest = (slopes ?? []).reduce((m, v) => Math.max(m, Math.abs(v)), 0);
    let [dead, saturated] = [0, 0];
    for (let j = 0; slopes && elementwise(out.tensor, net.tensor) && j < columns; j++) {
      const own = slopes.filter((_, k) => k % columns === j).map(Math.abs);
      if (own.every((v) => v === 0)) dead++;
      else if (own.every((v) => v < saturation * largest)) saturated++;
    }
    const path = net.path === "" ? "" : `${net.path}.`;
    const weight = Object.keys(t.parameters).find(
      (n) => n.startsWith(path) && t.parameters[n]!.rank > 1,
    );
    const old = weight && t.bindings.get(t.parameters[weight]!)!;
    const change = old && next[weight]!.map((v, k) => v - old[k]!);
    const activationGain = share(size, between);
    const gains = after
      ? {
          ratio: size / after,
          weightGain: between / after,
          ...(activationGain === undefined ? {} : { activationGain }),
        }
      : {};
    const moved = change && t.trainable.includes(weight) ? share(rms(change), rms(old)) : undefined;
    return {
      layer: net.layer,
      norm: size,
      ...gains,
      ...(lastNorm === 0 ? {} : { cumulative: log(size / lastNorm) / Math.LN10 }),
      units: columns,
      dead,
      ...(dead > 0 ? { deadBy: masks(out!.tensor, net.tensor) ? "mask" : "underflow" } : {}),
      saturated,
      ...(moved === undefined ? {} : { updateRatio: log(moved) / Math.LN10 }),
    };
  });
}

const inside = (y: Tensor, x: Tensor): Tensor[] =>
  nodesOf([y], (n) => n === x).filter((n) => n !== x);

/** Whether each output depends on its own input alone: then a slope belongs to one unit. */
const elementwise = (y: Tensor, x: Tensor): boolean =>
  inside(y, x).every((n) => {
    const meaning = n.op.meaning(n.inputs, n, n.attributes);
    return meaning.loop === "map" || meaning.loop === "leaf";
  });

/** Whether a choice is made on the way: then a slope of 0 is a mask, otherwise an underflow. */
const masks = (y: Tensor, x: Tensor): boolean =>
  inside(y, x).some((n) => {
    const meaning = n.op.meaning(n.inputs, n, n.attributes);
    return meaning.loop === "map" && subexpressions(meaning.value).some((e) => e.kind === "select");
  });

/** The first number that is not finite, on the way to the loss or on the way back. */
export function nonFinite(t: Trace): NonFiniteReport | undefined {
  const forward = madeIn(t, [t.loss]);
  if (forward) return { ...forward, backward: false };
  const isBad = (v: ArrayLike<number>) => Array.from(v).some((x) => !Number.isFinite(x));
  if (!Object.values(gradientsOf(t)).some(isBad)) return undefined;
  const back = madeIn(t, gradient(t.loss, Object.values(t.parameters)));
  return back && { ...back, backward: true };
}

function madeIn(t: Trace, outputs: readonly Tensor[]) {
  const graph = { inputs: [...t.bindings.keys()], outputs };
  const values = [...t.bindings.values()];
  const found = firstNonFinite(graph, values);
  if (!found) return undefined;
  let passedOn = 0;
  interpreter.compile(graph).run(values, (node, value) => {
    const bad = value.some((x) => !Number.isFinite(x));
    if (bad && node !== found.node && node.inputs.length > 0) passedOn++;
  });
  return { operator: found.node.op.name, where: found.node.site.toString(), passedOn };
}

export function ledgerTable(layers: readonly LayerReport[]): Table {
  const cell = (v: number | undefined): Expr | string =>
    v === undefined ? "–" : number(Number(v.toPrecision(4)));
  const of = (n: number, r: LayerReport): Sentence => say("ofUnits", { n, of: r.units });
  const columns = (
    [
      "layerColumn",
      "normColumn",
      "weightGain",
      "activationGain",
      "ratioColumn",
      "cumulative",
      "deadColumn",
      "saturatedColumn",
      "ratioStep",
    ] as const
  ).map((k) => say(k));
  const rows = layers.map((r) => [
    r.layer,
    cell(r.norm),
    cell(r.weightGain),
    cell(r.activationGain),
    cell(r.ratio),
    cell(r.cumulative),
    of(r.dead, r),
    of(r.saturated, r),
    cell(r.updateRatio),
  ]);
  return { columns, rows };
}

/** Where the first number that is not finite comes from. */
export function produced(found: NonFiniteReport): Sentence[] {
  const { operator: op, where, passedOn: n, backward } = found;
  const key = backward ? "producerBack" : "producer";
  const after = n === 0 ? "passedOnNone" : n === 1 ? "passedOnOne" : "passedOn";
  return [say(key, { op, where: where === "" ? "" : ` (${where})` }), say(after, { n })];
}

/** What stands out, in words. */
export function standingOut(layers: readonly LayerReport[]): Sentence[] {
  const found: Sentence[] = [];
  const without = layers.filter((r) => r.norm === 0).map((r) => r.layer);
  if (without.length === layers.length && layers.length > 0) found.push(say("noGradientAtAll"));
  else if (without.length === 1) found.push(say("noGradient", { l: without[0]! }));
  else if (without.length > 1) found.push(say("noGradients", { list: without.join(", ") }));
  const total = (r: LayerReport) => r.cumulative ?? Number.NaN;
  const passed = layers
    .filter((r) => Number.isFinite(total(r)))
    .toSorted((a, b) => total(a) - total(b));
  const [smallest, largest] = [passed[0], passed.at(-1)];
  const exponent = (r: LayerReport) => total(r).toFixed(1).replace("-", "−");
  if (smallest && total(smallest) < -2)
    found.push(say("vanishing", { l: smallest.layer, exponent: exponent(smallest) }));
  if (largest && total(largest) > 2)
    found.push(say("exploding", { l: largest.layer, exponent: exponent(largest) }));
  for (const r of layers)
    if (r.dead > 0) {
      const [one, several] =
        r.deadBy === "mask"
          ? (["deadOne", "deadText"] as const)
          : (["deadUnderflowOne", "deadUnderflow"] as const);
      found.push(say(r.dead === 1 ? one : several, { l: r.layer, n: r.dead, of: r.units }));
    }
  return found;
}

/** The same, or that nothing does; of a gradient that is not finite neither is to be said. */
export function findings(layers: readonly LayerReport[]): Sentence[] {
  const found = standingOut(layers);
  const finite = layers.every((r) => Number.isFinite(r.norm));
  return found.length === 0 && finite && layers.length > 0 ? [say("healthy")] : found;
}

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
  if (!languages.includes(language)) choose("language", language, languages);
  const t = traceOf(subject, options);
  const g = gradientsOf(t);
  const norms = Object.fromEntries(Object.entries(g).map(([n, v]) => [n, norm(v)]));
  return new GradientReport(t.trainer ? layerReports(t) : [], nonFinite(t), norms, language);
}
