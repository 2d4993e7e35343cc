import { callSite, withSite } from "../../core/call-site.ts";
import type { UpdateTiming } from "../../step/update.ts";
import type { Entry } from "../engine/parameters.ts";
import type { NetworkTrace } from "../engine/trace.ts";
import type { Numeral } from "./agreement.ts";
import type { Candidate } from "./candidate.ts";
import type { Diagnosis } from "./diagnosis.ts";
import { forwardNumbers } from "./forward.ts";
import { further, twoAtOnce } from "./further.ts";
import { judged, type Question } from "./judged.ts";
import { mistakes } from "./mistakes.ts";
import {
  elsewhere,
  hasValue,
  isForward,
  lossNumbers,
  type Procedures,
  parameterNumbers,
  partsOf,
  type Results,
} from "./results.ts";

/** Two mistakes at once are only told from chance by so many digits. */
const pairDigits = 5;
export class Tried {
  readonly #t: NetworkTrace;
  readonly #common: Procedures;
  #rare: readonly Candidate[] | undefined;
  #pairs: readonly Candidate[] | undefined;

  constructor(t: NetworkTrace, timing: UpdateTiming) {
    this.#t = t;
    this.#common = withSite(callSite(), () => mistakes(t, undefined, timing));
  }

  /** What is rarer is tried where nothing common fits; two mistakes at once, where no single one does. */
  get #further(): readonly Candidate[] {
    return (this.#rare ??= further(this.#t, this.#common[0].gradients));
  }

  get #two(): readonly Candidate[] {
    return (this.#pairs ??= twoAtOnce(this.#t, this.#common.slice(1), this.#further));
  }

  /** The mistakes that give a number; of a parameter, or else of the loss after an update. */
  diagnose(got: Numeral, asked: Entry | undefined, options: Question): Diagnosis {
    const { quantity: kind } = options;
    const numbersOf = (all: Procedures): Results => {
      if (!asked) return lossNumbers(all);
      if (isForward(kind)) return forwardNumbers(this.#t, kind, asked, all);
      return parameterNumbers(all, asked, options);
    };
    const { right, wrong } = numbersOf(this.#common);
    const wrongNumbers = (some: readonly Candidate[]) =>
      numbersOf([this.#common[0], ...some]).wrong.filter((m) => !m.isRight && hasValue(m));
    return judged(got, {
      right,
      wrong: [...wrong.filter(hasValue), ...partsOf(this.#t, this.#common, asked, options)],
      more: [
        () => [...wrongNumbers(this.#further), ...elsewhere(this.#t, this.#common, asked, options)],
        () => (got.digits >= pairDigits ? wrongNumbers(this.#two) : []),
      ],
      ...{ asked, options },
    });
  }
}
