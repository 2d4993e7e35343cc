/** chainrule exercise FILE: a sheet of exercises with its solutions; chainrule grade: answers to one. */
import { dirname, extname, relative, resolve } from "node:path";
import { fail } from "../core/errors.ts";
import { isRecord, isText } from "../core/kinds.ts";
import { shown } from "../core/wording.ts";
import { type Exercise, type ExerciseKind, graded } from "../explain/exercises/drawn.ts";
import {
  printedSheet,
  type SheetFormat,
  sheetEndings,
  sheetFor,
  sheetFormat,
} from "../explain/exercises/sheet-text.ts";
import type { Language } from "../explain/messages.ts";
import { wrap } from "../explain/render/text.ts";
import { readBytes, writeAtomically } from "../files/node.ts";
import { subjectOf } from "./explain.ts";
import { exit } from "./failure.ts";
import { print, printJson, width } from "./terminal.ts";

interface ExerciseOptions {
  readonly seed?: number;
  readonly kind?: ExerciseKind;
  readonly count?: number;
  readonly language?: Language;
  readonly format?: SheetFormat;
  readonly out?: string;
  readonly solutions?: boolean;
  readonly json?: boolean;
}

export async function exerciseCommand(file: string, options: ExerciseOptions): Promise<number> {
  const { seed = 1, kind = "gradient", count = 10, language = "en", out, solutions } = options;
  const byEnding = Object.entries(sheetEndings).find(([, end]) =>
    out?.toLowerCase().endsWith(end),
  )?.[0];
  const asked = options.json ? "json" : options.format;
  const format = (asked ?? byEnding ?? "markdown") as SheetFormat;
  const { trainer, data, lossName } = await subjectOf(file, {});
  const sheet = sheetFor(trainer, data, { seed, kind, count, language, lossName });
  const base = out === undefined ? "" : dirname(resolve(out));
  const network = out === undefined ? file : relative(base, resolve(file));
  const text = (solved: boolean) => printedSheet(sheet, format, solved, network);
  if (out === undefined) process.stdout.write(text(solutions === true));
  else {
    const end = extname(out);
    const write = (path: string, what: string) =>
      writeAtomically(path, new TextEncoder().encode(what));
    await write(out, text(false));
    // Moodle's questions hold their answers.
    if (format !== "moodle")
      await write(`${out.slice(0, out.length - end.length)}-solutions${end}`, text(true));
  }
  return exit.ok;
}

interface StoredSheet {
  readonly network: string;
  readonly language: Language;
  readonly items: readonly Exercise[];
}

const areNumbers = (value: unknown): boolean =>
  Array.isArray(value) && value.every((x) => typeof x === "number");

const isItem = (item: unknown): boolean =>
  isRecord(item) &&
  isText(item.parameter) &&
  isText(item.quantity) &&
  isRecord(item.parameters) &&
  Object.values(item.parameters).every(areNumbers) &&
  areNumbers(item.inputs) &&
  areNumbers(item.targets);

const isStored = (found: unknown): found is StoredSheet =>
  isRecord(found) &&
  found.format === sheetFormat &&
  isText(found.network) &&
  Array.isArray(found.items) &&
  found.items.every(isItem);

function storedSheet(path: string, text: string): StoredSheet {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    // Refused below.
  }
  if (isStored(found)) return found;
  return fail("file-invalid", {
    message: "This is no sheet of exercises.",
    expected: "what chainrule exercise FILE --out sheet.json has written",
    found: shown(text.slice(0, 40)),
    where: path,
    fix: "Write the sheet with --out sheet.json, and grade that.",
  });
}

/** What the answers have that was not graded. */
function leftOver(
  unknown: readonly number[],
  repeated: readonly number[],
  language: Language,
): string[] {
  const said = (all: readonly number[], en: string, zh: string): string[] =>
    all.length === 0 ? [] : [language === "zh" ? zh + all.join("、") : en + all.join(", ")];
  return [
    ...said(unknown, "Answers to exercises that the sheet does not have: ", "题目表中没有这些题："),
    ...said(repeated, "Answered more than once, the first counts: ", "重复作答，以第一个为准："),
  ];
}

export async function gradeCommand(
  path: string,
  answers: string,
  { json }: { readonly json?: boolean },
): Promise<number> {
  const read = async (name: string) => new TextDecoder().decode(await readBytes(name));
  const { network, items, language = "en" } = storedSheet(path, await read(path));
  const given = await read(answers);
  const { trainer, data } = await subjectOf(resolve(dirname(path), network), {});
  const rows = given
    .split(/\r?\n/)
    .map((line) => line.split(/[,;\t]/).map((cell) => cell.trim()))
    .filter(([id]) => /^\d+$/.test(id ?? ""));
  const known = new Set(items.map(({ id }) => id));
  const ids = rows.map(([id]) => Number(id));
  const unknown = [...new Set(ids.filter((id) => !known.has(id)))];
  const repeated = [...new Set(ids.filter((id, i) => known.has(id) && ids.indexOf(id) < i))];
  const results = items.map((exercise) => {
    const answer = rows.find(([id]) => Number(id) === exercise.id)?.[1] ?? "";
    const found = graded(trainer, data, exercise, answer, language);
    const text = found?.toText() ?? (language === "zh" ? "没有答案" : "no answer");
    return { id: exercise.id, answer, verdict: found?.verdict ?? "missing", text };
  });
  const right = results.filter((r) => r.verdict === "right").length;
  if (json) printJson({ right, of: items.length, results, unknown, repeated });
  else {
    print(`${right}/${items.length}`);
    for (const { id, text } of results)
      for (const line of wrap(`${id}. ${text}`, width())) print(line);
    for (const line of leftOver(unknown, repeated, language)) print(line);
  }
  return right === items.length ? exit.ok : exit.no;
}
