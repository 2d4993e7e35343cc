/** diagnoseSheet: all numbers that somebody got, and the one mistake that explains most of them. */
import { at } from "../../core/at.ts";
import { fail } from "../../core/errors.ts";
import { checkNames } from "../../core/options.ts";
import { shown } from "../../core/wording.ts";
import type { Sentence } from "../derivation.ts";
import { computed } from "../engine/expr.ts";
import { noSuch } from "../engine/notation.ts";
import { isNetwork } from "../engine/trace.ts";
import type { TypedExpression } from "../expression/typed.ts";
import { type Language, languages } from "../messages.ts";
import { type ExplainOptions, optionNames } from "../options.ts";
import { say } from "../say.ts";
import { type Subject, timingOf, traceOf } from "../subject.ts";
import { numeral } from "./agreement.ts";
import { type Diagnosis, wordsOf } from "./diagnosis.ts";
import { diagnoseFunction } from "./functions.ts";
import { askedFor, type Match, type Quantity, quantities } from "./results.ts";
import { Tried } from "./tried.ts";

/** One number of a sheet. */
export interface SheetValue {
  /**
   * A parameter, as `explain` takes it; or "E" for the loss, or a function's value, "E+" for the loss
   * after one update.
   */
  readonly name: string;
  /** The number, best as a text with its digits. */
  readonly value: number | string;
  /** What it is, where that is not what the whole sheet is about. */
  readonly quantity?: Quantity;
}

/** What `diagnoseSheet` takes. */
export interface SheetOptions extends Omit<ExplainOptions, "parameter" | "all"> {
  readonly values: readonly SheetValue[];
  /** What the numbers of parameters are. Default "gradient". */
  readonly quantity?: Quantity;
}

/** A number of the sheet and what is said of it. */
interface SheetRow {
  readonly name: string;
  readonly diagnosis: Diagnosis;
}

/** A mistake, and how many of the wrong numbers it gives. */
interface Explained {
  readonly cause: Sentence;
  readonly count: number;
}

/** What `diagnoseSheet` found. */
export class SheetDiagnosis {
  /** In the order of the sheet. */
  readonly rows: readonly SheetRow[];
  readonly correct: number;
  /** The mistakes that give wrong numbers of the sheet, the one that gives most first. */
  readonly causes: readonly Explained[];
  /** The wrong number that comes first in the order of computation: where the mistake enters. */
  readonly entry: SheetRow | undefined;
  readonly #language: Language;

  constructor(facts: Pick<SheetDiagnosis, "rows" | "causes" | "entry">, language: Language) {
    this.rows = facts.rows;
    this.correct = facts.rows.filter(({ diagnosis }) => diagnosis.correct).length;
    this.causes = facts.causes;
    this.entry = facts.entry;
    this.#language = language;
  }

  toText(options: { readonly language?: Language } = {}): string {
    checkNames("toText", options, ["language"]);
    const { language = this.#language } = options;
    if (!languages.includes(language)) noSuch("language", language, languages);
    const text = wordsOf(language);
    const { rows, correct, causes, entry } = this;
    const wrong = rows.filter(({ diagnosis }) => diagnosis.verdict === "wrong").length;
    const lines = [text(say("sheet_count", { n: rows.length, correct, wrong }))];
    const [first] = causes;
    if (first && wrong > 0) {
      const { cause, count: k } = first;
      lines.push(text(say(k === wrong ? "sheet_all" : "sheet_most", { cause, k, n: wrong })));
    } else if (wrong > 0) lines.push(text(say("sheet_none")));
    if (entry) {
      const { given: found, expected, what } = entry.diagnosis;
      const slots = { name: entry.name, found, what, value: computed(expected) };
      lines.push(text(say("sheet_entry", slots)));
    }
    const said = rows
      .filter(({ diagnosis }) => !diagnosis.correct)
      .map(({ name, diagnosis }) => `${name}: ${diagnosis.toText({ language })}`);
    return [...lines, ...(said.length > 0 ? ["", ...said] : [])].join("\n");
  }
}

/**
 * Holds a whole sheet of numbers against the network's own: each is right, wrong or has too few
 * digits to tell, and of the mistakes that give the wrong ones that is named first which explains
 * most, with the number at which it enters: the first wrong one in the order of computation (the
 * forward pass, then the layers from the last to the first).
 */
export async function diagnoseSheet(
  subject: Subject | TypedExpression,
  options: SheetOptions,
): Promise<SheetDiagnosis> {
  checkNames("diagnoseSheet", options, [...optionNames, "values", "quantity"]);
  const { values, quantity = "gradient", language = "en", ...rest } = options;
  if (!languages.includes(language)) noSuch("language", language, languages);
  if (!Array.isArray(values) || values.length === 0) {
    return fail("bad-argument", {
      message: "A sheet holds the numbers that somebody got.",
      expected: 'values: [{ name: "w1", value: "0.000438568" }, …]',
      found: shown(values),
    });
  }
  const t = traceOf(subject, rest, true);
  const tried = isNetwork(t) ? new Tried(t, timingOf(t, rest)) : undefined;
  const rows = values.map((row: SheetValue) => {
    checkNames("A row of values", row, ["name", "value", "quantity"]);
    const { name, value, quantity: own } = row;
    const got = numeral(value);
    if (typeof name !== "string" || !got) {
      return fail("bad-argument", {
        message: "A row of a sheet is a name and a number.",
        expected: '{ name: "w1", value: "0.000438568" }',
        found: `${shown(name)}, ${shown(value)}`,
      });
    }
    const is = own ?? (name === "E" ? "loss" : quantity);
    if (!quantities.includes(is)) noSuch("quantity", is, quantities);
    const after = /^E\s*[+⁺]$/.test(name);
    const asked = after
      ? undefined
      : askedFor(t, { ...rest, ...(name === "E" ? {} : { parameter: name }) });
    const about = { quantity: is, ...(name === "E" ? {} : { parameter: name }), language };
    // The forward pass comes first, then the layers from the last to the first.
    if (after && !tried) {
      return fail("bad-argument", {
        message: "A function is not trained.",
        expected: 'names of its arguments, or "E" for its value',
        found: shown(name),
      });
    }
    const order = name === "E" || is === "output" ? 0 : after ? 1e9 : 1e6 - layerOf(asked);
    const diagnosis = tried
      ? tried.diagnose(got, asked, about)
      : diagnoseFunction(t, got, asked ?? askedFor(t, rest), about);
    return { name, order, diagnosis };
  });
  const wrong = rows.filter(({ diagnosis }) => diagnosis.verdict === "wrong");
  const counts = new Map<string, { cause: Sentence; count: number }>();
  for (const { diagnosis } of wrong) {
    for (const { cause } of distinct(diagnosis.matches)) {
      const known = counts.get(JSON.stringify(cause));
      counts.set(JSON.stringify(cause), { cause, count: (known?.count ?? 0) + 1 });
    }
  }
  const causes = [...counts.values()].sort((a, b) => b.count - a.count);
  const [entry] = wrong.toSorted((a, b) => a.order - b.order);
  return new SheetDiagnosis({ rows, causes, entry }, language);
}

const layerOf = (asked: ReturnType<typeof askedFor> | undefined): number =>
  asked?.parameter.layer ?? 0;

/** Several numbers of one row may be of one mistake. */
const distinct = (matches: readonly Match[]): Match[] => {
  const causes = matches.map(({ cause }) => JSON.stringify(cause));
  return matches.filter((_, i) => causes.indexOf(at(causes, i)) === i);
};
