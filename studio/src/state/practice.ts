/** Blanks to fill, and what an answer to one deserves. */
import type { StepView } from "../protocol.ts";

export type Answer =
  | { readonly kind: "right" }
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

/** How far a number may be off: one unit of the last digit that was given, but 1 % at most. */
function tolerance(given: number): number {
  const [mantissa = "", exponent = "0"] = String(given).split("e");
  const digits = (mantissa.split(".")[1]?.length ?? 0) - Number(exponent);
  return Math.min(10 ** -digits, 0.01 * Math.abs(given)) + 1e-15;
}

/** `others` are the steps whose quantities a person can see. */
export function judge(given: number, step: StepView, others: readonly StepView[]): Answer {
  const near = (value: number | undefined) =>
    value !== undefined && Math.abs(given - value) <= tolerance(given);
  if (near(step.value)) return { kind: "right" };
  if (step.value !== 0 && near(step.value === undefined ? undefined : -step.value)) {
    return { kind: "sign" };
  }
  const other = others.find((s) => s.symbol !== undefined && s !== step && near(s.value));
  return other ? { kind: "another", symbol: other.symbol! } : { kind: "far" };
}
