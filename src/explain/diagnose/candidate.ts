/** A procedure, right or wrong, with the numbers that it gives. */
import type { Sentence } from "../derivation.ts";
import type { Values } from "../engine/parameters.ts";
import type { NetworkTrace } from "../engine/trace.ts";
import { lossAt } from "../engine/updates.ts";
import type { Wrong } from "./wrong.ts";

export interface Candidate {
  readonly cause: Sentence;
  readonly gradients: Values;
  /** The parameters and E after one update. */
  readonly next: Values;
  readonly after: number;
  /** Not worth listing among the common mistakes. */
  readonly hidden?: boolean;
  /** What is done wrong on the way, or by what factor all gradients are off: two can meet. */
  readonly wrong?: Wrong;
  readonly scale?: number;
}

/** A procedure whose update is run only if somebody asks for it. */
export function candidate(
  t: NetworkTrace,
  facts: Pick<Candidate, "cause" | "gradients" | "hidden" | "wrong" | "scale">,
  step: () => Values,
): Candidate {
  let next: Values | undefined;
  return {
    ...facts,
    get next() {
      return (next ??= step());
    },
    get after() {
      return lossAt(t, this.next);
    },
  };
}
