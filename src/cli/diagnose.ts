/** chainrule diagnose FILE: which mistake gives the number that somebody got. */

import { fail } from "../core/errors.ts";
import { shown } from "../core/wording.ts";
import { numeral } from "../explain/diagnose/agreement.ts";
import type { Quantity } from "../explain/diagnose/results.ts";
import { type DiagnoseOptions, diagnose as find } from "../explain/index.ts";
import { wrap } from "../explain/render/text.ts";
import { type FileOptions, subjectOf } from "./explain.ts";
import { exit } from "./failure.ts";
import { print, printJson, width } from "./terminal.ts";

interface DiagnoseCommandOptions extends FileOptions {
  readonly quantity?: Quantity;
  /** As typed: trailing zeros say how many digits are meant. */
  readonly value?: string;
  readonly lossAfterStep?: string;
  readonly json?: boolean;
}

/** A number as typed; the library's own error would not speak of the command line. */
function typed(text: string): string {
  if (numeral(text)) return text;
  return fail("usage", {
    message: "That is not a number.",
    expected: "a number, with as many digits as you have",
    found: shown(text),
    where: "the command line",
    fix: "Write for example --value 0.000364723.",
  });
}

export async function diagnoseCommand(
  file: string,
  options: DiagnoseCommandOptions,
): Promise<number> {
  const { value, quantity, lossAfterStep, json, checkpoint, set, ...rest } = options;
  const number = value ?? lossAfterStep;
  if (number === undefined || (value !== undefined && lossAfterStep !== undefined)) {
    return fail("usage", {
      message: "Exactly one number is diagnosed.",
      expected: "--value X, or --loss-after-step X",
      found: value === undefined ? "neither" : "both",
      where: "the command line",
    });
  }
  if (lossAfterStep !== undefined && quantity !== undefined) {
    fail("usage", {
      message: "--quantity says what the number of --value is.",
      expected: "--value X --quantity NAME, or --loss-after-step X alone",
      found: "--loss-after-step with --quantity",
      where: "the command line",
      fix: "Leave --quantity out.",
    });
  }
  const { trainer, remarks: _, ...subject } = await subjectOf(file, options);
  const which =
    value === undefined
      ? { lossAfterStep: typed(number) }
      : { value: typed(number), ...(quantity ? { quantity } : {}) };
  const asked: DiagnoseOptions = { ...rest, ...subject, ...which };
  const found = await find(trainer, asked);
  if (json) {
    const { found: number, given, expected, verdict, correct, matches, tried, byChance } = found;
    printJson({
      found: number,
      given,
      expected,
      verdict,
      correct,
      matches,
      tried,
      byChance,
      text: found.toText(),
    });
  } else for (const line of wrap(found.toText(), width())) print(line);
  return found.correct ? exit.ok : exit.no;
}
