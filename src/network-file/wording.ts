/** Words for forms and for what was found in their place. */
import { isMap, isScalar, isSeq, type Node, type YAMLSeq } from "yaml";
import { harmless } from "../core/excerpt.ts";
import { nearest } from "../core/wording.ts";
import type { Form, NumberForm } from "./form.ts";

type Place = Node | null | undefined;

/** A text in quotation marks, cut to a readable length. */
export function show(text: string, longest = 60): string {
  const clean = harmless(text);
  return JSON.stringify(clean.length > longest ? `${clean.slice(0, longest - 1)}…` : clean);
}

export const formatWords = (words: readonly string[]): string => words.join(", ");

/** What other libraries call things. */
const elsewhere: Readonly<Record<string, string>> = {
  mse: "meanSquaredError",
  l2: "meanSquaredError",
  mae: "meanAbsoluteError",
  l1: "meanAbsoluteError",
  bce: "binaryCrossEntropy",
  nll: "negativeLogLikelihood",
  kl: "klDivergence",
  categoricalcrossentropy: "crossEntropy",
  dense: "linear",
  fc: "linear",
  swish: "silu",
  lr: "learningRate",
  eta: "learningRate",
  units: "outputs",
  neurons: "outputs",
  size: "outputs",
  hiddenfeatures: "hidden",
  hiddensize: "hidden",
  hiddenunits: "hidden",
  weights: "weight",
  biases: "bias",
  p: "rate",
  kernel: "kernelSize",
  filters: "outChannels",
  batch: "batchSize",
  glorotuniform: "xavierUniform",
  glorotnormal: "xavierNormal",
  kaiminguniform: "heUniform",
  kaimingnormal: "heNormal",
};

/** The word that was probably meant, if one is near. */
export function nearestName(word: string, words: readonly string[]): string | undefined {
  const plain = word.toLowerCase().replace(/[_\- ]/g, "");
  const other = Object.hasOwn(elsewhere, plain) ? elsewhere[plain] : undefined;
  if (other !== undefined && words.includes(other)) return other;
  return words.find((w) => w.toLowerCase() === plain) ?? nearest(word, words);
}

/** The fix for a misspelt word, if one is near. */
export function nearestFix(word: string, words: readonly string[]): string | undefined {
  const near = nearestName(word, words);
  return near === undefined ? undefined : `Did you mean ${near}?`;
}

function bounds({ whole, least, most, above, below }: NumberForm): string {
  const what = whole ? "a whole number" : "a number";
  const limits = [
    ...(least === undefined ? [] : [`≥ ${least}`]),
    ...(above === undefined ? [] : [`> ${above}`]),
    ...(most === undefined || most === Number.MAX_SAFE_INTEGER ? [] : [`≤ ${most}`]),
    ...(below === undefined ? [] : [`< ${below}`]),
  ];
  return [what, limits.join(" and ")].filter(Boolean).join(" ");
}

const depthNames = ["a number", "a list of numbers", "a list of rows of numbers"];

/** What a form asks for: "a whole number ≥ 1". */
export function needed(form: Form): string {
  switch (form.kind) {
    case "number":
      return bounds(form);
    case "text":
      return form.what;
    case "flag":
      return "true or false";
    case "word":
      return form.words.map(wordOrQuoted).join(" or ");
    case "numbers":
      return form.depths.map((depth) => depthNames[depth]).join(" or ");
    case "list": {
      const entries = `a list, each entry ${needed(form.of)}`;
      return (form.least ?? 0) > 0 ? `${entries}, and not empty` : entries;
    }
    case "record": {
      const names = Object.keys(form.fields);
      const full = names.length === 0 ? "no options" : `a mapping with ${formatWords(names)}`;
      const list = form.short === undefined ? undefined : form.fields[form.short]?.form;
      return list === undefined ? full : `${needed(list)}, or ${full}`;
    }
    case "map":
      return `a mapping of names, each to ${needed(form.of)}`;
    case "choice":
      return `the name of ${/^[aeiou]/.test(form.what) ? "an" : "a"} ${form.what}`;
    case "either":
      return form.of.map(needed).join(", or ");
  }
}

/** Signs alone could not be distinguished from what stands around them. */
const wordOrQuoted = (word: string | boolean): string =>
  /^\w+$/.test(String(word)) ? String(word) : JSON.stringify(word);

/** What stands at a node, as it is written. */
export function foundAt(node: Place, text: string): string {
  if (isMap(node)) {
    return node.items.length === 0 ? "an empty mapping" : "a mapping (name: value)";
  }
  if (isSeq(node)) return node.items.length === 0 ? "an empty list" : "a list";
  if (!isScalar(node) || node.value === null) return "nothing";
  const [start = 0, end = start] = node.range ?? [];
  const written = harmless(text.slice(start, Math.min(end, start + 60))).trim();
  return typeof node.value === "string" && !/^["']/.test(written)
    ? show(node.value)
    : written || String(node.value);
}

const numeral = /^[+-]?(\d[\d_ ]*[.,]?\d*|[.,]\d+)(e[+-]?\d+)?%?$/i;

/** Whether what stands there looks like what the form asks for, before it is examined. */
export function fits(form: Form, node: Place): boolean {
  const value = isScalar(node) ? node.value : undefined;
  switch (form.kind) {
    case "number":
      return typeof value === "number" || (typeof value === "string" && numeral.test(value));
    case "text":
      return typeof value === "string" || (form.loose === true && typeof value === "number");
    case "flag":
      return typeof value === "boolean";
    case "word":
      return form.words.some((word) => typeof word === typeof value);
    case "numbers":
      return typeof value === "number" ? form.depths.includes(0) : isSeq(node);
    case "list":
      return isSeq(node) && (form.of.kind !== "text" || form.of.loose === true || isNames(node));
    case "record":
    case "map":
      return isMap(node);
    case "choice":
      return typeof value === "string" || isMap(node);
    case "either":
      return form.of.some((alternative) => fits(alternative, node));
  }
}

/** A list that begins with a word: other lists are numbers, where both may stand. */
const isNames = ({ items: [first] }: YAMLSeq): boolean =>
  isScalar(first) && typeof first.value === "string";

/** How to write what was probably meant, where that is clear. */
export function wordFor(node: Place, form: Form): string | undefined {
  const value = isScalar(node) ? node.value : undefined;
  const forms = form.kind === "either" ? form.of : [form];
  const takes = (kind: Form["kind"]) => forms.find((f) => f.kind === kind);
  if (typeof value === "string" && (takes("number") || takes("numbers"))) {
    const plain = value.replace(/[_ ]/g, "").replace(",", ".");
    if (plain.endsWith("%") && numeral.test(plain))
      return `Write ${Number(plain.slice(0, -1)) / 100}.`;
    if (numeral.test(value)) return `Write ${plain}, without quotation marks.`;
  }
  if (typeof value === "string" && takes("flag")) {
    if (/^(yes|on)$/i.test(value)) return "Write true.";
    if (/^(no|off)$/i.test(value)) return "Write false.";
  }
  const list = takes("list");
  if (value != null && list?.kind === "list" && fits(list.of, node)) return `Write [${value}].`;
  const record = takes("record");
  if (value != null && record?.kind === "record") {
    const fields = Object.entries(record.fields);
    const all = fields.filter(([, field]) => fits(field.form, node));
    // What has to be there is meant before what may be.
    const required = all.filter(([, field]) => field.required);
    const fitting = required.length > 0 ? required : all;
    const [name] = fitting[0] ?? [];
    // Only where it would be all that is needed.
    const enough = fields.every(([other, field]) => other === name || !field.required);
    if (fitting.length === 1 && enough) return `Write { ${name}: ${String(value)} }.`;
  }
  if (list && isMap(node)) return "Begin each entry with “- ”, or put the entries into [ ].";
  return undefined;
}
