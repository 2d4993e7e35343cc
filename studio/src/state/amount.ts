/** How much of a derivation is written down: what may be chosen. */
import { sections } from "../../../src/explain/derivation.ts";
import type { Amount, Form, Level, Section } from "../protocol.ts";

export const levels: readonly Level[] = ["brief", "full", "every-step"];
export const forms: readonly Form[] = ["scalar", "index", "matrix"];

export const usualAmount: Amount = { level: "full", form: "scalar" };

/** The same sections in their order; undefined where these are all. */
export function sectionsFrom(wanted: ReadonlySet<unknown>): readonly Section[] | undefined {
  const some = sections.filter((name) => wanted.has(name));
  return some.length === 0 || some.length === sections.length ? undefined : some;
}

/** What a stranger's link says, where it says something that there is. */
export function amountFrom(v: unknown): Amount | undefined {
  if (typeof v !== "object" || v === null) return undefined;
  const { level, form, sections: some } = v as Readonly<Record<string, unknown>>;
  const [l, f] = [levels.find((x) => x === level), forms.find((x) => x === form)];
  if (l === undefined || f === undefined) return undefined;
  const chosen = Array.isArray(some) ? sectionsFrom(new Set<unknown>(some)) : undefined;
  return { level: l, form: f, ...(chosen ? { sections: chosen } : {}) };
}
