/** diagnose: a number that somebody got, and the mistake that produces exactly that number. */
import { at } from "../../core/at.ts";
import { callSite, withSite } from "../../core/call-site.ts";
import { fail } from "../../core/errors.ts";
import { checkNames } from "../../core/options.ts";
import { shown } from "../../core/wording.ts";
import type { Sentence } from "../derivation.ts";
import { computed } from "../engine/expr.ts";
import { locate } from "../engine/locate.ts";
import { noSuch, notations } from "../engine/notation.ts";
import { type Entry, entryText, firstOf, present, valueAt } from "../engine/parameters.ts";
import { isNetwork, lossOf, type NetworkTrace, type Trace } from "../engine/trace.ts";
import { type Language, languages, type MessageKey } from "../messages.ts";
import { type ExplainOptions, optionNames } from "../options.ts";
import { plainText, wording } from "../render/blocks.ts";
import { rounded } from "../render/print.ts";
import { say } from "../say.ts";
import { type Subject, timingOf, traceOf } from "../subject.ts";
import { type Agreement, agreement, type Numeral, numeral } from "./agreement.ts";
import type { Candidate } from "./candidate.ts";
import { further, twoAtOnce } from "./further.ts";
import { mistakes } from "./mistakes.ts";
import { gradientElsewhere, gradientPlaces, newValueElsewhere } from "./places.ts";

const quantities = ["gradient", "newValue", "change"] as const;
/** What the number in question is. */
export type Quantity = (typeof quantities)[number];

/** What `diagnose` takes: the number that somebody got, and what `explain` takes. */
export interface DiagnoseOptions extends ExplainOptions {
  /**
   * The number that was got for the parameter: its gradient, its change or its new value. As a text
   * it is taken with the digits that it was typed with: "0.10" has two, 0.1 is a number of one.
   */
  readonly value?: number | string;
  /** Which of the three `value` is. Default: any. */
  readonly quantity?: Quantity;
  /** Or the loss that was got after one update. */
  readonly lossAfterStep?: number | string;
  /** Of a number: the digits to which it was given, after the point; default: as many as it has. */
  readonly decimals?: number;
}

/** A procedure that gives the number in question. */
interface Match {
  readonly cause: Sentence;
  /** The number that this procedure gives. */
  readonly value: number;
}

/** What is expected to fit by chance more often than this tells nothing. */
const telling = 0.01;
const ln16 = 2.772588722239781;
/** Two mistakes at once are only told from chance by so many digits. */
const pairDigits = 5;

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
    const w = wording(language, 9);
    const style = { tex: false, digits: 9, symbols: {}, operators: {} };
    const text = (s: Sentence) => plainText(w.sentence(s), style);
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

/** The network, and what was given, with its digits. */
function given(
  t: Trace,
  { value, lossAfterStep, ...more }: DiagnoseOptions,
): { network: NetworkTrace; numeral: Numeral } {
  const got = value ?? lossAfterStep;
  const both = value !== undefined && lossAfterStep !== undefined;
  const typed = typeof got === "number" ? withDecimals(got, more.decimals) : got;
  const known = typeof typed === "string" ? numeral(typed) : undefined;
  if (!known || !isNetwork(t) || both) {
    const found = both ? "both" : got === undefined ? "no number" : shown(got);
    return fail("bad-argument", {
      message: "A diagnosis needs a network and the number that was got.",
      expected: "value with parameter, or lossAfterStep: a finite number",
      found: isNetwork(t) ? found : "a function",
    });
  }
  const { decimals, quantity } = more;
  const unused =
    typeof got === "string" && decimals !== undefined
      ? "decimals, beside a text, which has its digits"
      : value === undefined && quantity !== undefined
        ? "quantity, beside lossAfterStep"
        : undefined;
  if (unused) {
    fail("bad-argument", {
      message: "An option would not be read.",
      expected: "decimals beside a number, quantity beside value",
      found: unused,
    });
  }
  if (quantity !== undefined && !quantities.includes(quantity))
    noSuch("quantity", quantity, quantities);
  const plain = typeof got === "number" && decimals === undefined;
  const text = plain ? rounded(got, 12) : known.text.replace("-", "−");
  return { network: t, numeral: { ...known, text } };
}

function withDecimals(value: number, decimals: number | undefined): string {
  if (decimals === undefined) return String(value);
  if (Number.isInteger(decimals) && decimals >= 0 && decimals <= 100)
    return value.toFixed(decimals);
  return fail("bad-argument", {
    message: "decimals says how many digits stand after the point.",
    expected: "a whole number from 0 to 100",
    found: shown(decimals),
  });
}

/** Names the mistake that gives a number, if one of those that are known does. */
export async function diagnose(
  subject: Subject,
  options: DiagnoseOptions = {},
): Promise<Diagnosis> {
  const own = ["value", "quantity", "lossAfterStep", "decimals"];
  checkNames("diagnose", options, [...optionNames, ...own]);
  const { value, language = "en" } = options;
  const { network: t, numeral: got } = given(traceOf(subject, options, true), options);
  if (!languages.includes(language)) noSuch("language", language, languages);
  if (options.notation !== undefined && !notations.includes(options.notation))
    noSuch("notation", options.notation, notations);
  const timing = timingOf(t, options);
  const common = withSite(callSite(), () => mistakes(t, undefined, timing));
  const off = (m: Match) => Math.abs(m.value - got.value);
  const asked = value === undefined ? undefined : askedFor(t, options);
  const judge = (m: Result) => agreement(got, m.value, m.rounding);
  const fits = (m: Result) => judge(m) !== "wrong";
  const { right, wrong } = asked ? parameterNumbers(common, asked, options) : losses(common);
  const first = at(right, 0);
  const rest = [...wrong.filter(isFinite), ...partsOf(t, common, asked, options)];
  const judged = (v: Agreement) => right.find((m) => judge(m) === v);
  const hit = judged("right") ?? judged("unclear");
  const wrongNumbers = (some: readonly Candidate[]) => {
    const all: Procedures = [common[0], ...some];
    const numbers = asked ? parameterNumbers(all, asked, options) : losses(all);
    return numbers.wrong.filter((m) => !m.isRight && isFinite(m));
  };
  // What is rarer is tried where nothing common fits; two mistakes at once, where no single one does.
  let rare: readonly Candidate[] = [];
  const more = [
    () => {
      rare = further(t, common[0].gradients);
      return [...wrongNumbers(rare), ...elsewhere(t, common, asked, options)];
    },
    () => (got.digits >= pairDigits ? wrongNumbers(twoAtOnce(t, common.slice(1), rare)) : []),
  ];
  for (const others of more) if (!hit && !rest.some(fits)) rest.push(...others());
  const { what, value: expected } = hit ?? first;
  if (!Number.isFinite(expected)) {
    return fail("not-finite", {
      message: "The network's own number is not finite, so there is nothing to compare with.",
      expected: "a finite number",
      found: String(expected),
      fix: "Ask gradientReport, or chainrule report, which operator made it.",
    });
  }
  const plain = ({ cause, value }: Result): Match => ({ cause, value });
  const nearest = plain(rest.reduce((a, b) => (off(b) < off(a) ? b : a), rest[0] ?? first));
  // What is right, or may be, is not held to be a mistake that happens to give the same number;
  // nor is another quantity that is right.
  const usual = quantityKeys[options.quantity ?? "gradient"];
  const isUsual = (m: Result) => Number("key" in m.what && m.what.key === usual);
  const fitting = hit ? [] : rest.filter(fits).sort((a, b) => isUsual(b) - isUsual(a));
  const others = fitting.filter((m) => m.isRight);
  const matches = (others.length > 0 ? others : fitting).map(plain);
  const verdict = hit ? judge(hit) : "wrong";
  const byChance = expectedByChance(got, rest);
  const facts = { found: got.value, given: got.text, expected, what, verdict, byChance };
  const tried = right.length + rest.length;
  return new Diagnosis({ ...facts, tried, nearest, matches }, language);
}

const isFinite = (m: Match): boolean => Number.isFinite(m.value);

/**
 * A number fits those within one and a half units of its last digit, and logarithms of numbers
 * between a quarter and four times its size are taken to be spread evenly.
 */
function expectedByChance({ value: x, unit }: Numeral, tried: readonly Match[]): number {
  const size = Math.abs(x);
  const near = new Set<number>();
  for (const { value } of tried) {
    const ratio = value / x;
    if (ratio > 1 / 4 && ratio < 4) near.add(value);
  }
  return size === 0 ? 0 : (near.size * 1.5 * unit) / (size * ln16);
}

/** A number that a procedure gives, and what it is. */
interface Result extends Match {
  readonly what: Sentence;
  /** Whether the procedure is the right one. */
  readonly isRight: boolean;
  /** How far its own rounding can put it off. */
  readonly rounding?: number;
}

/** What is right of what was asked for, and all else. */
interface Results {
  readonly right: readonly Result[];
  readonly wrong: readonly Result[];
}

type Procedures = readonly [right: Candidate, ...wrong: Candidate[]];

/** E after one update, by every procedure. */
function losses([right, ...others]: Procedures): Results {
  const what = say("q_loss");
  const result = (k: Candidate): Result => {
    return { cause: k.cause, what, value: k.after, isRight: k === right };
  };
  return { right: [result(right)], wrong: others.map(result) };
}

/** The number of the network that was asked for. */
const askedFor = (t: NetworkTrace, { parameter, notation }: DiagnoseOptions): Entry =>
  parameter === undefined ? firstOf(t.parameters) : locate(t, parameter, notation);

/** What the sentences call the three. */
const quantityKeys = {
  gradient: "q_gradient",
  newValue: "q_newValue",
  change: "q_change",
} as const satisfies Readonly<Record<Quantity, MessageKey>>;

const resultsOf = (what: Sentence, list: readonly Match[]): Result[] =>
  list.filter(isFinite).map((m) => ({ ...m, what, isRight: false }));

/** Numbers that no wrong procedure gives: parts of the right one. */
function partsOf(
  t: NetworkTrace,
  [right]: Procedures,
  entry: Entry | undefined,
  { quantity = "gradient" }: Pick<DiagnoseOptions, "quantity">,
): Result[] {
  if (!entry) return resultsOf(say("q_loss"), [{ cause: say("m_lossBefore"), value: lossOf(t) }]);
  if (quantity !== "gradient") return [];
  const what = say(quantityKeys.gradient, { p: entryText(entry) });
  return resultsOf(what, gradientPlaces(t, entry, right.gradients));
}

/** Right numbers of other parameters. */
function elsewhere(
  t: NetworkTrace,
  [right]: Procedures,
  entry: Entry | undefined,
  { quantity }: Pick<DiagnoseOptions, "quantity">,
): Result[] {
  if (!entry) return [];
  const p = entryText(entry);
  const isAsked = (kind: Quantity) => quantity === undefined || quantity === kind;
  const gradients = () => gradientElsewhere(t, entry, right.gradients);
  return [
    ...(isAsked("gradient") ? resultsOf(say("q_gradient", { p }), gradients()) : []),
    ...(isAsked("newValue")
      ? resultsOf(say("q_newValue", { p }), newValueElsewhere(t, entry))
      : []),
  ];
}

/** A parameter's gradient, its change and its new value, by every procedure. */
function parameterNumbers(
  [right, ...others]: Procedures,
  entry: Entry,
  { parameter, quantity }: Pick<DiagnoseOptions, "parameter" | "quantity">,
): Results {
  const p = parameter ?? entryText(entry);
  const old = present(entry);
  const values: Readonly<Record<Quantity, (k: Candidate) => number>> = {
    gradient: (k) => valueAt(k.gradients, entry),
    newValue: (k) => valueAt(k.next, entry),
    change: (k) => valueAt(k.next, entry) - old,
  };
  const same = (a: number, b: number) => Math.abs(a - b) <= 1e-12 * Math.abs(a);
  const found = quantities.map((kind): Results => {
    const value = values[kind];
    const what = say(quantityKeys[kind], { p });
    const asked = quantity === undefined || kind === quantity;
    // A small change of a large number has lost its last digits.
    const rounding = kind === "change" ? Math.abs(old) * 2 ** -52 : 0;
    const own: Result = {
      cause: asked ? right.cause : say("m_other", { what }),
      what,
      value: value(right),
      isRight: true,
      rounding,
    };
    const wrong = others.flatMap((k): Result[] => {
      if (same(value(k), value(right))) return [];
      const usual = kind === (quantity ?? "gradient");
      const cause = usual ? k.cause : say("m_as", { cause: k.cause, what });
      return [{ cause, what, value: value(k), isRight: false, rounding }];
    });
    return asked ? { right: [own], wrong } : { right: [], wrong: [own, ...wrong] };
  });
  return { right: found.flatMap((k) => k.right), wrong: found.flatMap((k) => k.wrong) };
}
