/** How the gradient grows or shrinks from step to step of a recurrence, on its way back. */
import type { Cell } from "../derivation.ts";
import type { Context } from "../engine/context.ts";
import { computed } from "../engine/expr.ts";
import { gradientAt } from "../engine/gradients.ts";
import { normOf } from "../engine/layer-report.ts";
import { letterOf } from "../engine/notation.ts";
import type { Stage } from "../engine/stages.ts";
import { say } from "../say.ts";

/** What one step hands to the next. */
const handed = /(^|\.)(state|cell)$/;
/** So many rows are listed. */
const mostRows = 12;

export function throughTime(c: Context): void {
  const chains = new Map<string, Stage[]>();
  for (const s of c.trace.stages) {
    if (s.step === undefined || !handed.test(s.name)) continue;
    const key = `${s.path} ${s.name}`;
    chains.set(key, [...(chains.get(key) ?? []), s]);
  }
  for (const chain of chains.values()) {
    // In the order of the way back: the last step that was made is the first.
    // Of all examples, as in the ledger of layers.
    const norms = chain
      .toReversed()
      .map((s) => ({ s, norm: normOf(gradientAt(c.trace, s.tensor)) }));
    const [first] = norms;
    if (!first || norms.length < 2 || !(first.norm > 0)) continue;
    const brief = (v: number): Cell => computed(Number(v.toPrecision(4)));
    const rows = norms.slice(0, mostRows).map(({ s: { step = 0 }, norm }, i): Cell[] => {
      const later = norms[i - 1]?.norm;
      const gain = later === undefined || later === 0 ? "" : brief(norm / later);
      return [step + 1, brief(norm), gain, later === undefined ? "" : brief(norm / first.norm)];
    });
    const slots = { h: letterOf(first.s.name).text, loss: c.loss };
    const columns = [
      ...[say("stepColumn"), say("timeNormColumn", slots)],
      ...[say("gainColumn"), say("gainsColumn")],
    ];
    c.note("ledger", [say("throughTime", slots)], { columns, rows });
  }
}
