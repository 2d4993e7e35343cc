/** Blanks to fill, and what an answer to one deserves. */
import { agreement, type Numeral } from "../../../src/explain/agreement.ts";
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
    const asks = s.question !== undefined && s.symbol !== undefined && Number.isFinite(s.value);
    if (!asks || seen.has(s.symbol!)) return false;
    seen.add(s.symbol!);
    return true;
  });
};

/** `others` are the steps whose quantities a person can see. */
export function judge(given: Numeral, step: StepView, others: readonly StepView[]): Answer {
  const verdict = (n: Numeral, { value }: StepView) =>
    value === undefined ? "wrong" : agreement(n, value);
  const own = verdict(given, step);
  if (own !== "wrong") return { kind: own };
  // Of too few digits one cannot say what else they are.
  if (verdict({ ...given, value: -given.value }, step) === "right") return { kind: "sign" };
  const other = others.find(
    (s) => s.symbol !== undefined && s.symbol !== step.symbol && verdict(given, s) === "right",
  );
  return other ? { kind: "another", symbol: other.symbol! } : { kind: "far" };
}
