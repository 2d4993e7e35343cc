import type { Context } from "../engine/context.ts";
import { findings, layerReports, ledgerTable } from "../report.ts";
import { say } from "../say.ts";

/** Section on the gains: where the gradient grows or shrinks on its way back. */
export function ledger(c: Context): void {
  const layers = layerReports(c.trace);
  if (layers.length === 0) return;
  c.note("ledger", [say("ledgerText"), ...findings(layers)], ledgerTable(layers));
}
