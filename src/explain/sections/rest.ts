/** What formulas use and no step computes, so that a derivation can be recomputed from itself. */
import { type Slot, type Step, sections } from "../derivation.ts";
import type { Context } from "../engine/context.ts";
import { symbol, symbolsOf } from "../engine/expr.ts";
import type { MessageKey } from "../messages.ts";
import { say } from "../say.ts";
import { type Named, pairs } from "./detail.ts";

/** At the end of each section a table of the numbers that its formulas use and that stand nowhere. */
export function stateTheRest(c: Context): void {
  const known = new Set(c.stated);
  for (const { result, value, table, why } of c.steps) {
    if (result?.kind === "symbol" && value !== undefined) known.add(result.name);
    for (const cell of [...(table?.rows.flat() ?? []), ...why]) addStated(cell, known);
  }
  const place = (step: Step) => step.part * sections.length + sections.indexOf(step.section);
  const ordered = c.steps.toSorted((a, b) => place(a) - place(b));
  const missing = new Map<number, { readonly step: Step; readonly names: Set<string> }>();
  for (const step of ordered) {
    if (step.section === "check") continue;
    const end = step.value === undefined ? undefined : step.expression.at(-1);
    const cells = (step.table?.rows.flat() ?? []).flatMap((x) =>
      typeof x === "object" && "kind" in x ? [x] : [],
    );
    for (const name of [...(end ? [end] : []), ...cells].flatMap((e) => [...symbolsOf(e)])) {
      const { value } = c.symbols.table[name] ?? {};
      if (known.has(name) || value === undefined) continue;
      known.add(name);
      const own = missing.get(place(step)) ?? { step, names: new Set<string>() };
      own.names.add(name);
      missing.set(place(step), own);
    }
  }
  const { part } = c;
  for (const { step, names } of missing.values()) {
    const cells = [...names].map((name): Named => [symbol(name), c.symbols.valueOf(name)]);
    c.part = step.part;
    c.note(step.section, [say("usedHere")], pairs(c, cells));
  }
  c.part = part;
}

/** Sentences that give the values of what stands in them: η = 0.5. */
const stating: ReadonlySet<string> = new Set<MessageKey>([
  "rate",
  "rateScheduled",
  "ownRate",
  "settingIs",
  "textbookUpdate",
]);

/** What stands in a table with its value beside it, or in a sentence that gives it. */
function addStated(cell: Slot, known: Set<string>): void {
  if (typeof cell !== "object") return;
  if ("key" in cell) {
    if (!stating.has(cell.key)) return;
    for (const slot of Object.values(cell.slots ?? {}).flat()) addStated(slot, known);
  } else if ("kind" in cell && cell.kind === "symbol") known.add(cell.name);
}
