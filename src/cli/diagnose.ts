/** chainrule diagnose FILE, or an expression: which mistake gives the number that somebody got. */

import { fail } from "../core/errors.ts";
import { shown } from "../core/wording.ts";
import { numeral } from "../explain/diagnose/agreement.ts";
import type { Quantity } from "../explain/diagnose/results.ts";
import { quantityWords, sheetOf } from "../explain/diagnose/typed-sheet.ts";
import { type DiagnoseOptions, diagnoseSheet, diagnose as find } from "../explain/index.ts";
import { wrap } from "../explain/render/text.ts";
import { readBytes } from "../files/node.ts";
import { type FileOptions, noteFirstValues, subjectOf } from "./explain.ts";
import { isTyped, typedSubject } from "./expression.ts";
import { exit } from "./failure.ts";
import { print, printJson, width } from "./terminal.ts";

interface DiagnoseCommandOptions extends FileOptions {
  readonly quantity?: Quantity;
  /** The same, by the words of the command line. */
  readonly is?: keyof typeof quantityWords;
  /** A table of names and numbers. */
  readonly values?: string;
  /** As typed: trailing zeros say how many digits are meant. */
  readonly value?: string;
  readonly lossAfterStep?: string;
  readonly json?: boolean;
  /** Values of the names of a typed expression. */
  readonly let?: readonly string[];
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

/** The network of a file with its data, or a typed expression with the values of its names. */
async function given(file: string, options: DiagnoseCommandOptions) {
  if (isTyped(file, options.let)) {
    const { expression, inputs } = typedSubject(file, options.let, { ...options });
    return { about: expression, inputs };
  }
  const { trainer, remarks: _, ...subject } = await subjectOf(file, options);
  await noteFirstValues(file, options);
  return { about: trainer, ...subject };
}

export async function diagnoseCommand(
  file: string,
  options: DiagnoseCommandOptions,
): Promise<number> {
  const {
    value,
    quantity: named,
    is,
    values,
    lossAfterStep,
    json,
    checkpoint,
    set,
    let: names,
    ...rest
  } = options;
  const quantity = is === undefined ? named : quantityWords[is];
  if (is !== undefined && named !== undefined) {
    fail("usage", {
      message: "--is and --quantity say the same.",
      expected: "one of them",
      found: "both",
      where: "the command line",
      fix: "Leave --quantity out.",
    });
  }
  if (values !== undefined) return sheetCommand(file, values, options, quantity);
  const number = value ?? lossAfterStep;
  if (number === undefined || (value !== undefined && lossAfterStep !== undefined)) {
    return fail("usage", {
      message: "Exactly one number is diagnosed.",
      expected: "--value X, --loss-after-step X, or --values FILE",
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
  const { about, ...subject } = await given(file, options);
  const which =
    value === undefined
      ? { lossAfterStep: typed(number) }
      : { value: typed(number), ...(quantity ? { quantity } : {}) };
  const asked: DiagnoseOptions = { ...rest, ...subject, ...which };
  const found = await find(about, asked);
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

/** Numbers of a table, with a name before each and, if there is a third column, what it is. */
async function sheetCommand(
  file: string,
  path: string,
  options: DiagnoseCommandOptions,
  quantity: Quantity | undefined,
): Promise<number> {
  const { value, lossAfterStep, parameter, json, language } = options;
  const odd = { value, "loss-after-step": lossAfterStep, parameter };
  const [other] = Object.entries(odd).find(([, given]) => given !== undefined) ?? [];
  if (other !== undefined) {
    fail("usage", {
      message: "--values is a sheet with names and numbers of its own.",
      expected: "--values FILE, with --is if the numbers are no gradients",
      found: `--${other} beside --values`,
      where: "the command line",
      fix: `Leave --${other} out.`,
    });
  }
  const rows = sheetOf(path, new TextDecoder().decode(await readBytes(path)));
  const { about, ...subject } = await given(file, options);
  const { step, notation, update } = options;
  const shared = { step, notation, update, language, quantity };
  const said = Object.fromEntries(Object.entries(shared).filter(([, v]) => v !== undefined));
  const found = await diagnoseSheet(about, { ...said, ...subject, values: rows });
  const { rows: judged, correct, causes } = found;
  const text = found.toText();
  if (json) {
    const plain = judged.map(({ name, diagnosis: { given, expected, verdict, matches } }) => {
      return { name, given, expected, verdict, matches };
    });
    printJson({ rows: plain, correct, causes, entry: found.entry?.name, text });
  } else for (const line of text.split("\n")) for (const part of wrap(line, width())) print(part);
  return correct === judged.length ? exit.ok : exit.no;
}
