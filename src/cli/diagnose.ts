/** chainrule diagnose FILE: which mistake gives the number that somebody got. */

import { fail } from "../core/errors.ts";
import { type DiagnoseOptions, diagnose as find } from "../explain/index.ts";
import { wrap } from "../explain/render/text.ts";
import { type FileOptions, subjectOf } from "./explain.ts";
import { exit } from "./failure.ts";
import { print, printJson, width } from "./terminal.ts";

export interface DiagnoseCommandOptions extends FileOptions {
  /** As typed: trailing zeros say how many digits are meant. */
  readonly value?: string;
  readonly lossAfterStep?: string;
  readonly json?: boolean;
}

/** The number, and how many decimals it was given with. */
function numeral(text: string): { value: number; decimals: number } {
  const clean = text.trim().replace("−", "-");
  const match = /^[+-]?(?:\d+\.?(\d*)|\.(\d+))(?:e([+-]?\d+))?$/i.exec(clean);
  if (!match) {
    return fail("usage", {
      message: "That is not a number.",
      expected: "a number, with as many digits as you have",
      found: `"${text}"`,
      where: "the command line",
      fix: "Write for example --value 0.000364723.",
    });
  }
  const digits = (match[1] ?? match[2] ?? "").length;
  return { value: Number(clean), decimals: digits - Number(match[3] ?? 0) };
}

export async function diagnose(file: string, options: DiagnoseCommandOptions): Promise<number> {
  const { value, lossAfterStep, json, checkpoint, ...rest } = options;
  if ((value === undefined) === (lossAfterStep === undefined)) {
    fail("usage", {
      message: "Exactly one number is diagnosed.",
      expected: "--value X, or --loss-after-step X",
      found: value === undefined ? "neither" : "both",
      where: "the command line",
    });
  }
  const given = numeral(value ?? lossAfterStep!);
  const { trainer, ...subject } = await subjectOf(file, options);
  const which = value === undefined ? { lossAfterStep: given.value } : { value: given.value };
  const asked: DiagnoseOptions = { ...rest, ...subject, ...which, decimals: given.decimals };
  const found = await find(trainer, asked);
  if (json) {
    const { found: number, expected, correct, matches, tried } = found;
    printJson({ found: number, expected, correct, matches, tried, text: found.toText() });
  } else for (const line of wrap(found.toText(), width())) print(line);
  return found.correct ? exit.ok : exit.no;
}
