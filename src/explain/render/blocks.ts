/** A derivation in one language as headings, paragraphs, formulas and tables; no format yet. */
import { checkRecord } from "../../core/options.ts";
import type {
  DerivationData,
  Diagram,
  Section,
  Sentence,
  Slot,
  Step,
  StepTable,
} from "../derivation.ts";
import { evaluateFormula, type Formula } from "../engine/expr.ts";
import { checkDigits, noSuch } from "../engine/notation.ts";
import { type Language, languages, type MessageKey, sentence } from "../messages.ts";
import { printFormula, rounded, type Style } from "./print.ts";

/**
 * How a derivation is printed: in which `language`, and with how many significant `digits`
 * (default both: those it was made with).
 */
export interface RenderOptions {
  readonly language?: Language;
  readonly digits?: number;
}

/** Words and formulas in a line; a formula is printed by each format in its own way. */
export type Inline = string | { readonly math: Formula };

interface Line {
  readonly relation: "=" | "≈" | "";
  readonly expr: Formula;
}

export type Block =
  | { readonly kind: "title" | "heading"; readonly text: readonly Inline[] }
  | { readonly kind: "paragraph"; readonly text: readonly Inline[] }
  /** result = line = line … */
  | {
      readonly kind: "equation";
      readonly result: Formula;
      readonly lines: readonly Line[];
      readonly spoken: string;
    }
  | {
      readonly kind: "table";
      readonly head: readonly (readonly Inline[])[];
      readonly rows: readonly (readonly (readonly Inline[])[])[];
    }
  | { readonly kind: "figure"; readonly caption: string; readonly diagram: Diagram };

export interface Document {
  readonly blocks: readonly Block[];
  readonly language: Language;
  readonly digits: number;
  readonly data: Pick<DerivationData, "symbols" | "operators">;
}

export const styleOf = (d: Document, tex: boolean): Style => ({
  tex,
  digits: d.digits,
  symbols: d.data.symbols,
  operators: d.data.operators,
  language: d.language,
});

export function documentOf(data: DerivationData, options: RenderOptions = {}): Document {
  checkRecord("A printer", options, 'its options by name, such as { language: "en" }');
  const language = options.language ?? data.language;
  if (!languages.includes(language)) noSuch("language", language, languages);
  const digits = options.digits ?? data.digits;
  checkDigits(digits);
  const w = wording(language, digits);
  const blocks: Block[] = [];
  const many = data.parameters.length > 1;
  const asked = data.asked ?? [];
  const [parameter] = asked.map((name) => ({ kind: "symbol", name }) as const);
  blocks.push({
    kind: "title",
    text:
      many || parameter === undefined ? w.message("titleAll") : w.message("title", { parameter }),
  });
  let section = "";
  let part = 0;
  let about = 0;
  for (const step of data.steps) {
    const name = step.part === about ? undefined : asked[step.part - 1];
    if (many && name !== undefined) {
      blocks.push({ kind: "heading", text: w.slot({ kind: "symbol", name }) });
    }
    if (step.section !== section || step.part !== about) {
      if (section === "setup" && data.diagram) figure(blocks, data.diagram, w);
      section = step.section;
      about = step.part;
      part++;
      blocks.push({
        kind: "heading",
        text: [`${part}. `, ...w.message(headingOf(step.section, data))],
      });
    }
    if (step.why.length > 0) {
      const glue = language === "en" ? " " : "";
      const text = step.why.flatMap((s, i) => [...(i > 0 ? [glue] : []), ...w.sentence(s)]);
      blocks.push({ kind: "paragraph", text });
    }
    if (step.result) blocks.push(equation(step, step.result, data, digits, language));
    if (step.table) blocks.push(tableOf(step.table, w));
  }
  return { blocks, language, digits, data };
}

/** What a section is called: of a function, nothing is an error. */
export const headingOf = (section: Section, { subject }: Pick<DerivationData, "subject">) =>
  (subject === "function" ? ofFunction[section] : undefined) ?? section;
const ofFunction: Partial<Record<Section, MessageKey>> = {
  forward: "functionForward",
  error: "functionValue",
  substitution: "functionBack",
  all: "functionAll",
};

export function tableOf({ columns, rows }: StepTable, w: Wording): Block {
  const cells = (row: readonly Slot[]) => row.map((cell) => w.slot(cell));
  return { kind: "table", head: cells(columns), rows: rows.map(cells) };
}

const isList = (s: Slot): s is readonly Slot[] => Array.isArray(s);

function figure(blocks: Block[], diagram: Diagram, w: Wording): void {
  blocks.push({ kind: "figure", caption: w.message("diagram").join(""), diagram });
}

function equation(
  step: Step,
  result: Formula,
  data: DerivationData,
  digits: number,
  language: Language,
): Block {
  const lines: Line[] = step.expression.map((expr) => ({ relation: "=", expr }));
  if (step.upstream) lines.push({ relation: "=", expr: step.upstream });
  const last = step.expression.at(-1);
  const value =
    step.value === undefined ? undefined : ({ kind: "number", value: step.value } as const);
  const style = { tex: false, digits, symbols: data.symbols, operators: data.operators };
  const isValue = (e: Formula) =>
    value !== undefined && printFormula(e, style) === printFormula(value, style);
  if (step.substituted && !isValue(step.substituted)) {
    lines.push({ relation: "=", expr: step.substituted });
  }
  if (value && last?.kind !== "number") {
    const relation =
      step.substituted && !exact(step.substituted, value.value, data, digits) ? "≈" : "=";
    lines.push({ relation, expr: value });
  }
  return {
    kind: "equation",
    result,
    lines,
    get spoken() {
      return step.spoken[language];
    },
  };
}

/** Whether the operands as printed give the result as printed. */
function exact(e: Formula, value: number, data: DerivationData, digits: number): boolean {
  const printed = evaluateFormula(
    e,
    (name) => data.symbols[name]?.value ?? Number.NaN,
    data.operators,
    (v, n) => (n.kind === "number" && n.given ? v : Number(v.toPrecision(digits))),
  );
  return rounded(printed, digits) === rounded(value, digits);
}

interface Wording {
  message(key: MessageKey, slots?: Readonly<Record<string, Slot>>): Inline[];
  sentence(s: Sentence): Inline[];
  slot(s: Slot): Inline[];
}

export function wording(language: Language, digits: number): Wording {
  const at = language === "en" ? 0 : 1;
  const fill = (template: string, slots: Readonly<Record<string, Slot>> = {}): Inline[] =>
    template
      .split(/(\{\w+\})/)
      .flatMap((part): Inline[] => {
        const name = /^\{(\w+)\}$/.exec(part)?.[1];
        if (name === undefined) return part === "" ? [] : [part];
        const slot = slots[name];
        return slot === undefined ? [part] : w.slot(slot);
      })
      .map((x) => (x === "{digits}" ? String(digits) : x));
  const w: Wording = {
    message: (key, slots) => fill(sentence(key)[at], slots),
    sentence: (s) => ("key" in s ? w.message(s.key, s.slots) : [s[language]]),
    slot(s) {
      if (typeof s === "string") return s === "" ? [] : [s === "{digits}" ? String(digits) : s];
      if (typeof s === "number") return [rounded(s, digits)];
      if (isList(s)) {
        // Chinese joins sentences by commas alone.
        const clauses = s.some((x) => typeof x === "object" && "key" in x);
        const [glue, last] =
          language === "en" ? [", ", " and "] : clauses ? ["，", "，"] : ["、", " 和 "];
        return s.flatMap((x, i) => [
          ...(i === 0 ? [] : [i === s.length - 1 ? last : glue]),
          ...w.slot(x),
        ]);
      }
      return "kind" in s ? [{ math: s }] : w.sentence(s);
    },
  };
  return w;
}

/** Without any marks. */
export const plainText = (text: readonly Inline[], style: Style): string =>
  text.map((x) => (typeof x === "string" ? x : printFormula(x.math, style))).join("");

export const printInline = (
  text: readonly Inline[],
  style: Style,
  math: (s: string) => string,
  plain: (s: string) => string,
): string =>
  text.map((x) => (typeof x === "string" ? plain(x) : math(printFormula(x.math, style)))).join("");
