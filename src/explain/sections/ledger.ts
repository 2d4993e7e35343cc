/** Section on the gains: where the gradient grows or shrinks on its way back. */
import type { Sentence, StepTable } from "../derivation.ts";
import type { Context } from "../engine/context.ts";
import { computed, type Formula } from "../engine/expr.ts";
import { type LayerReport, layerReports } from "../engine/layer-report.ts";
import type { NonFiniteReport } from "../engine/non-finite.ts";
import type { NetworkTrace } from "../engine/trace.ts";
import { say } from "../say.ts";

export function ledger(c: Context, trace: NetworkTrace): void {
  const layers = layerReports(trace);
  if (layers.length === 0) return;
  c.note("ledger", [say("ledgerText"), ...findings(layers)], ledgerTable(layers));
}

export function ledgerTable(layers: readonly LayerReport[]): StepTable {
  const cell = (v: number | undefined): Formula | string =>
    v === undefined ? "–" : computed(Number(v.toPrecision(4)));
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
  const [l, ...others] = without;
  if (without.length === layers.length && layers.length > 0) found.push(say("noGradientAtAll"));
  else if (l !== undefined && others.length === 0) found.push(say("noGradient", { l }));
  else if (others.length > 0) found.push(say("noGradients", { list: without.join(", ") }));
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
