/** How much of a derivation is kept: a level of detail, some of the sections. */
import type { Step } from "../derivation.ts";
import type { Amount } from "../options.ts";

/** The steps that stay; `answers` are the symbols of the gradients that are asked for. */
export function selected(
  steps: readonly Step[],
  { level, sections }: Amount,
  answers: ReadonlySet<string>,
): Step[] {
  const chains = new Set<number>();
  const isBrief = (step: Step): boolean => {
    const { section, part, result } = step;
    if (section === "result" || section === "check") return true;
    if (section === "chain" && result && !chains.has(part)) {
      chains.add(part);
      return true;
    }
    return result?.kind === "symbol" && answers.has(result.name);
  };
  const some = steps.filter(
    (step) => (sections?.includes(step.section) ?? true) && (level !== "brief" || isBrief(step)),
  );
  // The rule and the sweep of the check are for those who read on.
  return level === "brief"
    ? some.map((step) => (step.section === "check" && step.table ? { ...step, why: [] } : step))
    : some;
}
