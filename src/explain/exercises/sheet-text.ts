/** Sheets of exercises and their solutions, in words and in several formats. */
import type { Dataset } from "../../data/dataset.ts";
import type { Trainer } from "../../train/trainer.ts";
import { leavesOf } from "../engine/stages.ts";
import type { Language } from "../messages.ts";
import { answerDigits, type Exercise, type ExerciseKind, exercisesFor } from "./drawn.ts";

/** A sheet, before it has a format. */
export interface Sheet extends Drawn {
  /** "linear → sigmoid → halfSquaredError" */
  readonly network: string;
  /** η, where an update is asked for. */
  readonly rule: string;
  readonly items: readonly { readonly exercise: Exercise; readonly answer: number }[];
  readonly shapes: Readonly<Record<string, readonly number[]>>;
}

/** What a sheet is drawn from; the same for the same network. */
interface Drawn {
  readonly seed: number;
  readonly kind: ExerciseKind;
  readonly language: Language;
}

/** The sheet of a seed. */
export function sheetFor(
  trainer: Trainer,
  data: Dataset,
  {
    seed,
    kind,
    count,
    language,
    lossName,
  }: Drawn & { readonly count: number; readonly lossName: string },
): Sheet {
  const shapes = {
    ...Object.fromEntries(Object.entries(trainer.parameters).map(([n, p]) => [n, p.shape])),
    "→inputs": data.inputs.shape.slice(1),
    "→targets": data.targets.shape.slice(1),
  };
  const layers = leavesOf(trainer.model).map(({ layer }) => layer.name);
  return {
    ...{ seed, kind, language, shapes },
    network: [...layers, lossName].join(" → "),
    rule: `${trainer.optimizer.name}, η = ${trainer.learningRate}`,
    items: exercisesFor(trainer, data, { seed, kind, count }),
  };
}

export const sheetFormat = "chainrule-exercises";

/** The formats, each with how its files end. */
export const sheetEndings = {
  markdown: ".md",
  latex: ".tex",
  html: ".html",
  json: ".json",
  moodle: ".xml",
} as const;
export type SheetFormat = keyof typeof sheetEndings;

/** A sheet, or its solutions; `file` is the network file that a sheet in JSON is about. */
export function printedSheet(
  sheet: Sheet,
  format: SheetFormat,
  solved: boolean,
  file: string,
): string {
  switch (format) {
    case "markdown":
      return markdownSheet(sheet, solved);
    case "latex":
      return latexSheet(sheet, solved);
    case "html":
      return htmlSheet(sheet, solved);
    case "moodle":
      return moodleSheet(sheet);
    case "json": {
      const { seed, kind, language, items } = sheet;
      const plain = {
        ...{ format: sheetFormat, version: 1, network: file, seed, kind, language },
        digits: answerDigits,
        items: items.map(({ exercise, answer }) => (solved ? { ...exercise, answer } : exercise)),
      };
      return `${JSON.stringify(plain, null, 1)}\n`;
    }
  }
}

const words = {
  title: { en: "Exercises in backpropagation", zh: "反向传播练习" },
  solutions: { en: "Solutions", zh: "答案" },
  network: { en: "Network", zh: "网络" },
  optimizer: { en: "Optimizer", zh: "优化器" },
  intro: {
    en: `Weights and biases have one digit after the point, inputs are whole numbers. Row j of a weight matrix leads into unit j. Give ${answerDigits} significant digits.`,
    zh: `权重与偏置只有一位小数，输入为整数。权重矩阵的第 j 行通往第 j 个单元。答案请写 ${answerDigits} 位有效数字。`,
  },
  exercise: { en: "Exercise", zh: "练习" },
  inputs: { en: "inputs", zh: "输入" },
  targets: { en: "targets", zh: "目标" },
} as const;

const questions: Readonly<
  Record<string, { en: (p: string) => string; zh: (p: string) => string }>
> = {
  gradient: {
    en: (p) => `What is the gradient of the loss with respect to ${p}?`,
    zh: (p) => `损失对 ${p} 的梯度是多少？`,
  },
  newValue: {
    en: (p) => `What is the new value of ${p} after one update?`,
    zh: (p) => `更新一次之后 ${p} 的新值是多少？`,
  },
  loss: { en: () => "What is the loss?", zh: () => "损失是多少？" },
};

/** Numbers as nested lists: [[0.1, −0.2], [0.3, 0.4]]. */
function nested(values: readonly number[], shape: readonly number[]): string {
  const [n, ...inner] = shape;
  if (n === undefined) return String(values[0]);
  const step = inner.reduce((a, b) => a * b, 1);
  const parts = Array.from({ length: n }, (_, i) =>
    nested(values.slice(i * step, (i + 1) * step), inner),
  );
  return `[${parts.join(", ")}]`;
}

/** An exercise in words. */
interface Item {
  readonly title: string;
  readonly given: readonly (readonly [string, string])[];
  readonly question: string;
  readonly answer: string;
}

export const itemsOf = ({ items, language, shapes }: Sheet): Item[] =>
  items.map(({ exercise: e, answer }) => ({
    title: `${words.exercise[language]} ${e.id}`,
    given: [
      ...Object.entries(e.parameters).map(([name, v]) => {
        return [name, nested(v, shapes[name] ?? [v.length])] as const;
      }),
      [words.inputs[language], nested(e.inputs, shapes["→inputs"] ?? [e.inputs.length])],
      [words.targets[language], nested(e.targets, shapes["→targets"] ?? [e.targets.length])],
    ],
    question: questions[e.quantity]?.[language](e.parameter) ?? e.quantity,
    answer: answer.toPrecision(answerDigits),
  }));

const lines = (all: readonly (readonly string[])[]): string => `${all.flat().join("\n")}\n`;
export const introOf = ({ language }: Sheet): string => words.intro[language];
export const headOf = ({ language, network, rule }: Sheet): [string, string][] => [
  [words.network[language], network],
  [words.optimizer[language], rule],
];

function markdownSheet(sheet: Sheet, solved: boolean): string {
  const { language } = sheet;
  const items = itemsOf(sheet);
  const title = solved ? words.solutions[language] : words.title[language];
  if (solved)
    return lines([[`# ${title}`, ""], ...items.map((i) => [`- ${i.title}: ${i.answer}`])]);
  return lines([
    [`# ${title}`, "", words.intro[language], ""],
    ...headOf(sheet).map(([name, text]) => [`- ${name}: ${text}`]),
    ...items.map(({ title, given, question }) => [
      ...["", `## ${title}`, "", "```text"],
      ...given.map(([name, value]) => `${name} = ${value}`),
      ...["```", "", question],
    ]),
  ]);
}

const tex = (text: string): string =>
  text
    .replace(/[\\{}#$%&_^~]/g, (c) => (c === "\\" ? "\\textbackslash{}" : `\\${c}`))
    .replaceAll("→", "$\\to$")
    .replaceAll("η", "$\\eta$");

function latexSheet(sheet: Sheet, solved: boolean): string {
  const { language } = sheet;
  const items = itemsOf(sheet);
  const title = solved ? words.solutions[language] : words.title[language];
  const body = solved
    ? items.map((i) => [`\\item[${tex(i.title)}] ${i.answer}`])
    : items.map(({ title, given, question }) => [
        `\\item[${tex(title)}] ~\\\\`,
        ...given.map(([name, value]) => `\\texttt{${tex(`${name} = ${value}`)}}\\\\`),
        tex(question),
      ]);
  return lines([
    ["\\documentclass{article}", ...(language === "zh" ? ["\\usepackage{xeCJK}"] : [])],
    ["\\begin{document}", `\\section*{${tex(title)}}`],
    solved ? [] : [tex(words.intro[language]), ""],
    ...(solved ? [] : headOf(sheet).map(([name, text]) => [`${tex(name)}: ${tex(text)}`, ""])),
    ["\\begin{description}"],
    ...body,
    ["\\end{description}", "\\end{document}"],
  ]);
}

const markup = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
const preformatted = (given: Item["given"]): string =>
  `<pre>${given.map(([name, value]) => markup(`${name} = ${value}`)).join("\n")}</pre>`;

function htmlSheet(sheet: Sheet, solved: boolean): string {
  const { language } = sheet;
  const items = itemsOf(sheet);
  const title = solved ? words.solutions[language] : words.title[language];
  const body = solved
    ? [`<ol>${items.map((i) => `<li>${i.answer}</li>`).join("")}</ol>`]
    : [
        `<p>${markup(words.intro[language])}</p>`,
        ...headOf(sheet).map(([name, text]) => `<p>${markup(name)}: ${markup(text)}</p>`),
        ...items.flatMap(({ title, given, question }) => [
          `<h2>${markup(title)}</h2>`,
          preformatted(given),
          `<p>${markup(question)}</p>`,
        ]),
      ];
  const head = `<meta charset="utf-8"><title>${markup(title)}</title>`;
  return lines([
    ["<!doctype html>", `<html lang="${language}"><head>${head}</head><body>`],
    [`<h1>${markup(title)}</h1>`, ...body, "</body></html>"],
  ]);
}

/** One unit of the last digit: an answer may be rounded or cut off there. */
const lastDigitOf = (answer: number): number => {
  const [, exponent = "0"] = answer.toExponential(answerDigits - 1).split("e");
  return Number(`1e${Number(exponent) - answerDigits + 1}`);
};

/** Numerical questions as Moodle imports them. */
function moodleSheet(sheet: Sheet): string {
  const head = headOf(sheet).map(([name, text]) => `<p>${markup(name)}: ${markup(text)}</p>`);
  const intro = `<p>${markup(words.intro[sheet.language])}</p>${head.join("")}`;
  const questions = itemsOf(sheet).map(({ title, given, question }, i) => {
    const { answer } = sheet.items[i] ?? { answer: Number.NaN };
    const text = `${intro}${preformatted(given)}<p>${markup(question)}</p>`;
    return [
      '<question type="numerical">',
      `<name><text>${markup(title)}</text></name>`,
      `<questiontext format="html"><text><![CDATA[${text}]]></text></questiontext>`,
      "<defaultgrade>1</defaultgrade>",
      `<answer fraction="100"><text>${answer.toPrecision(answerDigits)}</text>`,
      `<tolerance>${lastDigitOf(answer)}</tolerance></answer>`,
      "</question>",
    ];
  });
  return lines([['<?xml version="1.0" encoding="UTF-8"?>', "<quiz>"], ...questions, ["</quiz>"]]);
}
