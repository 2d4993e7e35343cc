/** An equation of a derivation before it becomes a step. */
import type { Kind, Section, Sentence } from "../derivation.ts";
import type { Formula, Symbolic } from "./expr.ts";

export interface Equation {
  readonly section: Section;
  readonly kind: Kind;
  readonly result: Symbolic;
  readonly forms: readonly Formula[];
  readonly why?: readonly Sentence[];
  /** Show upstream gradients as numbers before all others. */
  readonly upstream?: boolean;
  /** Sums of so many terms are written with all of them. */
  readonly longest?: number;
}
