/** What came of a diagnosis, and the words for it. */
import { checkNames } from "../../core/options.ts";
import type { Sentence } from "../derivation.ts";
import { computed } from "../engine/expr.ts";
import { noSuch } from "../engine/notation.ts";
import { type Language, languages } from "../messages.ts";
import { plainText, wording } from "../render/blocks.ts";
import { say } from "../say.ts";
import type { Agreement } from "./agreement.ts";
import type { Match } from "./results.ts";

/** What is expected to fit by chance more often than this tells nothing. */
export const telling = 0.01;

/** Sentences in words, numbers to nine digits. */
export function wordsOf(language: Language): (s: Sentence) => string {
  const w = wording(language, 9);
  const style = { tex: false, digits: 9, symbols: {}, operators: {} };
  return (s) => plainText(w.sentence(s), style);
}

/** What `diagnose` found: the causes that give this number, and printers for them. */
export class Diagnosis {
  readonly found: number;
  /** The number as it was given. */
  readonly given: string;
  readonly expected: number;
  /** Whether the number is right, or fits with too few digits to tell. */
  readonly verdict: Agreement;
  /** Whether the verdict is "right". */
  readonly correct: boolean;
  /** The mistakes that give this number, if it is wrong. */
  readonly matches: readonly Match[];
  readonly tried: number;
  /**
   * How many of the numbers tried a random number of this size and of as many digits is expected to
   * fit: above 0.01 a match may be chance, and the text says so.
   */
  readonly byChance: number;
  readonly nearest: Match;
  /** What `expected` is: the gradient, the change or the new value of the parameter, or the loss. */
  readonly what: Sentence;
  readonly #language: Language;

  constructor(facts: Omit<Diagnosis, "toText" | "correct">, language: Language) {
    this.found = facts.found;
    this.given = facts.given;
    this.expected = facts.expected;
    this.verdict = facts.verdict;
    this.correct = facts.verdict === "right";
    this.matches = facts.matches;
    this.tried = facts.tried;
    this.byChance = facts.byChance;
    this.nearest = facts.nearest;
    this.what = facts.what;
    this.#language = language;
  }

  toText(options: { readonly language?: Language } = {}): string {
    checkNames("toText", options, ["language"]);
    const { language = this.#language } = options;
    if (!languages.includes(language)) noSuch("language", language, languages);
    const text = wordsOf(language);
    const slots = {
      found: this.given,
      what: this.what,
      value: computed(this.expected),
      n: this.tried,
    };
    if (this.verdict === "right") return text(say("d_correct", slots));
    if (this.verdict === "unclear") return text(say("d_unclear", slots));
    const list = this.matches.map((m) => text(m.cause)).join(text(say("and")));
    if (list !== "" && this.byChance > telling) return text(say("d_maybe", { ...slots, list }));
    if (list !== "")
      return text(say(this.matches.length > 1 ? "d_many" : "d_one", { ...slots, list }));
    const { value, cause } = this.nearest;
    return text(say("d_none", { ...slots, nearest: computed(value), cause }));
  }
}
