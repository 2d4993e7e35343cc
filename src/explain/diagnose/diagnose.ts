/** diagnose: a number that somebody got, and the mistake that produces exactly that number. */
import { fail } from "../../core/errors.ts";
import { checkNames } from "../../core/options.ts";
import { shown } from "../../core/wording.ts";
import { noSuch, notations } from "../engine/notation.ts";
import { isNetwork, type Trace } from "../engine/trace.ts";
import type { TypedExpression } from "../expression/typed.ts";
import { languages } from "../messages.ts";
import { type ExplainOptions, optionNames } from "../options.ts";
import { rounded } from "../render/print.ts";
import { type Subject, timingOf, traceOf } from "../subject.ts";
import { type Numeral, numeral } from "./agreement.ts";
import type { Diagnosis } from "./diagnosis.ts";
import { diagnoseFunction } from "./functions.ts";
import { askedFor, type Quantity, quantities } from "./results.ts";
import { Tried } from "./tried.ts";

/** What `diagnose` takes: the number that somebody got, and what `explain` takes. */
export interface DiagnoseOptions extends ExplainOptions {
  /**
   * The number that was got for the parameter: its gradient, its change or its new value. As a text
   * it is taken with the digits that it was typed with: "0.10" has two, 0.1 is a number of one.
   */
  readonly value?: number | string;
  /**
   * Which of the three `value` is; or "loss", E before any update, "delta", δ = ∂E/∂z of the unit that
   * the parameter leads into, and "output", that unit's activation (a chain of layers, one example).
   * Default: any of the three. Of a function: "gradient" (default), or "loss", its value.
   */
  readonly quantity?: Quantity;
  /** Or the loss that was got after one update. */
  readonly lossAfterStep?: number | string;
  /** Of a number: the digits to which it was given, after the point; default: as many as it has. */
  readonly decimals?: number;
}

/** What was given, with its digits. */
function given(t: Trace, { value, lossAfterStep, ...more }: DiagnoseOptions): Numeral {
  const got = value ?? lossAfterStep;
  const both = value !== undefined && lossAfterStep !== undefined;
  const typed = typeof got === "number" ? withDecimals(got, more.decimals) : got;
  const known = typeof typed === "string" ? numeral(typed) : undefined;
  const isTrained = isNetwork(t);
  if (!known || both || (!isTrained && value === undefined)) {
    const found = both ? "both" : got === undefined ? "no number" : shown(got);
    return fail("bad-argument", {
      message: "A diagnosis needs the number that was got.",
      expected: `value with parameter${isTrained ? ", or lossAfterStep" : ""}: a finite number`,
      found: isTrained || known === undefined ? found : "lossAfterStep, of a function",
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
  return { ...known, text };
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
  subject: Subject | TypedExpression,
  options: DiagnoseOptions = {},
): Promise<Diagnosis> {
  const own = ["value", "quantity", "lossAfterStep", "decimals"];
  checkNames("diagnose", options, [...optionNames, ...own]);
  const { value, language = "en" } = options;
  const t = traceOf(subject, options, true);
  const got = given(t, options);
  if (!languages.includes(language)) noSuch("language", language, languages);
  if (options.notation !== undefined && !notations.includes(options.notation))
    noSuch("notation", options.notation, notations);
  if (!isNetwork(t)) return diagnoseFunction(t, got, askedFor(t, options), options);
  const tried = new Tried(t, timingOf(t, options));
  const asked = value === undefined ? undefined : askedFor(t, options);
  return tried.diagnose(got, asked, options);
}
