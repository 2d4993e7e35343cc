/** The procedures of one network, right and wrong, run once for as many numbers as are asked about. */
import { at } from "../../core/at.ts";
import { callSite, withSite } from "../../core/call-site.ts";
import { fail } from "../../core/errors.ts";
import type { UpdateTiming } from "../../step/update.ts";
import { type Entry, present } from "../engine/parameters.ts";
import type { NetworkTrace } from "../engine/trace.ts";
import type { Language } from "../messages.ts";
import { agreement, type Numeral } from "./agreement.ts";
import type { Candidate } from "./candidate.ts";
import { Diagnosis, telling } from "./diagnosis.ts";
import { forwardNumbers } from "./forward.ts";
import { further, twoAtOnce } from "./further.ts";
import { mistakes } from "./mistakes.ts";
import {
  type Asked,
  elsewhere,
  hasValue,
  isForward,
  lossNumbers,
  type Match,
  type Procedures,
  parameterNumbers,
  partsOf,
  quantityKeys,
  type Result,
  type Results,
} from "./results.ts";

/** Two mistakes at once are only told from chance by so many digits. */
const pairDigits = 5;
const ln16 = 2.772588722239781;

/** What is asked of it, and in which language it answers. */
interface Question extends Asked {
  readonly parameter?: string;
  readonly language?: Language;
}

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
    const judge = (m: Result) => agreement(got, m.value, m.rounding);
    const { right, wrong } = numbersOf(this.#common);
    const first = at(right, 0);
    const judged = (v: ReturnType<typeof judge>) => right.find((m) => judge(m) === v);
    const hit = judged("right") ?? judged("unclear");
    const { what, value: expected } = hit ?? first;
    if (!Number.isFinite(expected)) notFinite(expected);
    const fits = (m: Result) => judge(m) !== "wrong";
    const rest = [...wrong.filter(hasValue), ...partsOf(this.#t, this.#common, asked, options)];
    const wrongNumbers = (some: readonly Candidate[]) =>
      numbersOf([this.#common[0], ...some]).wrong.filter((m) => !m.isRight && hasValue(m));
    const more = [
      () => [...wrongNumbers(this.#further), ...elsewhere(this.#t, this.#common, asked, options)],
      () => (got.digits >= pairDigits ? wrongNumbers(this.#two) : []),
    ];
    // What is rarer fits a number of few digits as well as what is common.
    const shift = asked ? present(asked) : 0;
    const open = () => !rest.some(fits) || expectedByChance(got, rest, shift) > telling;
    for (const others of more) if (!hit && open()) rest.push(...others());
    const off = (m: Match) => Math.abs(m.value - got.value);
    const nearest = plain(rest.reduce((a, b) => (off(b) < off(a) ? b : a), rest[0] ?? first));
    const facts = { found: got.value, given: got.text, expected, what, nearest };
    return new Diagnosis(
      {
        ...facts,
        verdict: hit ? judge(hit) : "wrong",
        byChance: expectedByChance(got, rest, shift),
        tried: right.length + rest.length,
        matches: hit ? [] : matchesOf(rest.filter(fits), options),
      },
      options.language ?? "en",
    );
  }
}

const plain = ({ cause, value }: Result): Match => ({ cause, value });

/**
 * What is right, or may be, is not held to be a mistake that happens to give the same number; nor is
 * another quantity that is right.
 */
function matchesOf(fitting: readonly Result[], { quantity = "gradient" }: Asked): Match[] {
  const usual = quantityKeys[quantity];
  const isUsual = (m: Result) => Number("key" in m.what && m.what.key === usual);
  const sorted = fitting.toSorted((a, b) => isUsual(b) - isUsual(a));
  const others = sorted.filter((m) => m.isRight);
  return (others.length > 0 ? others : sorted).map(plain);
}

const notFinite = (found: number): never =>
  fail("not-finite", {
    message: "The network's own number is not finite, so there is nothing to compare with.",
    expected: "a finite number",
    found: String(found),
    fix: "Ask gradientReport, or chainrule report, which operator made it.",
  });

/**
 * A number fits those within one and a half units of its last digit, and logarithms of numbers
 * between a quarter and four times its size are taken to be spread evenly. New values differ by their
 * changes alone, so that of these the sizes count: `old` is what they are changed from.
 */
function expectedByChance(
  { value: x, unit }: Numeral,
  tried: readonly Result[],
  old: number,
): number {
  const isNew = ({ what }: Result) => "key" in what && what.key === quantityKeys.newValue;
  const expected = (some: readonly Result[], from: number): number => {
    const change = x - from;
    // A change of less than the last digit looks like none.
    const lost = from !== 0 && Math.abs(change) < unit;
    const size = lost ? unit : Math.abs(change);
    const near = new Set<number>();
    for (const { value } of some) {
      const ratio = (value - from) / change;
      if (lost ? Math.abs(value - from) < 4 * unit : ratio > 1 / 4 && ratio < 4) near.add(value);
    }
    return size === 0 ? 0 : (near.size * 1.5 * unit) / (size * ln16);
  };
  return (
    expected(
      tried.filter((m) => isNew(m)),
      old,
    ) +
    expected(
      tried.filter((m) => !isNew(m)),
      0,
    )
  );
}
