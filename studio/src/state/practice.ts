/** Blanks to fill, and what an answer to one deserves. */
import { agreement, type Numeral } from "../../../src/explain/diagnose/agreement.ts";
import type { StepView } from "../protocol.ts";

export type Answer =
  | { readonly kind: "right" }
  /** It fits, but has too few digits to tell. */
  | { readonly kind: "unclear" }
  | { readonly kind: "sign" }
  /** The number is right for another quantity. */
  | { readonly kind: "another"; readonly symbol: string }
  | { readonly kind: "far" };

/** The steps whose number can be worked out from what stands before. */
export const blanksOf = (steps: readonly StepView[]): StepView[] => {
  const seen = new Set<string>();
  return steps.filter((s) => {
    const { question, symbol, value } = s;
    if (question === undefined || symbol === undefined || !Number.isFinite(value)) return false;
    if (seen.has(symbol)) return false;
    seen.add(symbol);
    return true;
  });
};

const verdict = (n: Numeral, { value }: StepView) =>
  value === undefined ? "wrong" : agreement(n, value);

/** Another quantity for which the number is right; too few digits say nothing of others. */
export const another = (
  given: Numeral,
  symbol: string | undefined,
  steps: readonly StepView[],
): string | undefined =>
  steps.find((s) => s.symbol !== undefined && s.symbol !== symbol && verdict(given, s) === "right")
    ?.symbol;

/** `others` are the steps whose quantities a person can see. */
export function judge(given: Numeral, step: StepView, others: readonly StepView[]): Answer {
  const own = verdict(given, step);
  if (own !== "wrong") return { kind: own };
  if (verdict({ ...given, value: -given.value }, step) === "right") return { kind: "sign" };
  const symbol = another(given, step.symbol, others);
  return symbol === undefined ? { kind: "far" } : { kind: "another", symbol };
}
