/** explain: a trainer, a model or a function of tensors → a worked derivation. */
import { callSite, withSite } from "../core/call-site.ts";
import { fail } from "../core/errors.ts";
import { checkNames } from "../core/options.ts";
import { derive } from "./derive.ts";
import { locate } from "./engine/locate.ts";
import { checkDigits, noSuch, notations } from "./engine/notation.ts";
import { type Entry, entriesOf, firstOf } from "./engine/parameters.ts";
import { isNetwork, type Trace } from "./engine/trace.ts";
import type { TypedExpression } from "./expression/typed.ts";
import { languages } from "./messages.ts";
import { amountOf, type ExplainOptions, optionNames } from "./options.ts";
import { Derivation } from "./render/index.ts";
import { type Subject, timingOf, traceOf } from "./subject.ts";

/** More numbers than this are not explained one after another. */
const mostParameters = 64;

/** Explains how the gradient of one parameter (or of all) comes about. */
export function explain(subject: Subject, options?: ExplainOptions): Promise<Derivation>;
/** Of a typed expression: `inputs` are the values of its names, and a name alone all its numbers. */
export function explain(subject: TypedExpression, options?: ExplainOptions): Promise<Derivation>;
export async function explain(
  subject: Subject | TypedExpression,
  options: ExplainOptions = {},
): Promise<Derivation> {
  checkNames("explain", options, optionNames);
  const { language = "en", digits = 9 } = options;
  if (!languages.includes(language)) noSuch("language", language, languages);
  checkDigits(digits);
  const amount = amountOf(options);
  const trace = traceOf(subject, options, true);
  const notation = options.notation ?? "canonical";
  if (!notations.includes(notation)) noSuch("notation", notation, notations);
  const chosen = chosenParameters(trace, options);
  const timing = timingOf(trace, options);
  if (timing === "sequential" && amount.form !== "scalar") {
    fail("unsupported", {
      message: "A sequential update is derived number by number.",
      expected: 'form: "scalar", or update: "simultaneous"',
      found: `form: "${amount.form}"`,
      fix: 'Use form: "scalar" (on the command line --form scalar).',
    });
  }
  const settings = { notation, language, digits, timing, amount, example: options.example ?? 0 };
  // What is made for the derivation needs no places of its own: finding them takes long.
  return new Derivation(withSite(callSite(), () => derive(trace, chosen, settings)));
}

/** The numbers that are explained: the one that was asked for, all, or the first trained one. */
function chosenParameters(t: Trace, { parameter, all, notation }: ExplainOptions): Entry[] {
  if (all && parameter !== undefined) {
    fail("bad-argument", {
      message: "Either one parameter is explained or all are.",
      expected: "parameter, or all",
      found: "both",
      fix: "Leave one of the two out.",
    });
  }
  if (all) {
    const every = t.parameters.filter((p) => p.trained).flatMap(entriesOf);
    if (every.length <= mostParameters) return every;
    return fail("bad-argument", {
      message: "There are too many parameters to explain one after another.",
      expected: `at most ${mostParameters}`,
      found: String(every.length),
      fix: "Choose one with parameter.",
    });
  }
  if (parameter === undefined) return [firstOf(t.parameters)];
  // Of a function, a name stands for all of its numbers.
  const whole = isNetwork(t) ? undefined : t.parameters.find(({ name }) => name === parameter);
  const { size = 1 } = whole?.tensor ?? {};
  if (whole && size > 1 && size <= mostParameters) return entriesOf(whole);
  return [locate(t, parameter, notation)];
}
