import { fail } from "../core/errors.ts";
import { shown } from "../core/wording.ts";
import { type Thousands, thousandsSigns } from "./number-format.ts";
import type { Preprocessing } from "./preprocessing.ts";
import { isWindowRule } from "./table-windows.ts";

/**
 * Checks that a value, such as one parsed from a checkpoint, is a preprocessing.
 *
 * @throws ChainruleError "file-corrupt" that names the first part which is not as it must be.
 */
export function checkPreprocessing(value: unknown): Preprocessing {
  const whole = record(value, "preprocessing");
  if (whole.version !== 1) wrong("version", "1", whole.version);
  const inputs = list(whole.inputs, "inputs");
  if (inputs.length === 0) wrong("inputs", "at least one column", inputs);
  for (const [i, rule] of inputs.entries()) checkRule(rule, `inputs[${i}]`);
  if (Array.isArray(whole.target)) {
    if (whole.target.length === 0) wrong("target", "at least one column", whole.target);
    for (const [i, rule] of whole.target.entries()) {
      checkRule(rule, `target[${i}]`);
      const { kind, values } = rule as { kind: string; values?: readonly string[] };
      if (kind === "category" && values?.length !== 2) wrong(`target[${i}]`, "two values", values);
    }
  } else checkRule(whole.target, "target");
  if (whole.parts !== undefined) checkParts(whole.parts, inputs.length);
  texts(whole.missingValues, "missingValues");
  if (whole.decimal !== "." && whole.decimal !== ",") wrong("decimal", '"." or ","', whole.decimal);
  const { thousands, units, windows } = whole;
  const known = thousands === undefined || thousandsSigns.includes(thousands as Thousands);
  if (!known || thousands === whole.decimal) {
    wrong("thousands", "a sign other than that for decimals", thousands);
  }
  if (units !== undefined && typeof units !== "boolean") wrong("units", "true or false", units);
  if (windows !== undefined && !isWindowRule(windows)) {
    wrong("windows", "whole numbers as length, horizon, step and gap", windows);
  }
  return value as Preprocessing;
}

/** The parts of the inputs are all of them. */
function checkParts(value: unknown, columns: number): void {
  const sizes = Object.values(record(value, "parts"));
  const whole = sizes.every((n) => Number.isInteger(n) && (n as number) > 0);
  const sum = sizes.reduce((total: number, n) => total + Number(n), 0);
  if (!whole || sum !== columns) wrong("parts", `numbers of columns, ${columns} in all`, value);
}

function checkRule(value: unknown, where: string): void {
  const rule = record(value, where);
  if (typeof rule.name !== "string") wrong(`${where}.name`, "text", rule.name);
  if (rule.kind === "number") {
    finite(rule.mean, `${where}.mean`);
    if (finite(rule.scale, `${where}.scale`) <= 0) wrong(`${where}.scale`, "above 0", rule.scale);
    if (rule.fill !== undefined) finite(rule.fill, `${where}.fill`);
    if (rule.unit !== undefined && typeof rule.unit !== "string") {
      wrong(`${where}.unit`, "text", rule.unit);
    }
  } else if (rule.kind === "category") {
    const values = texts(rule.values, `${where}.values`);
    if (values.length === 0) wrong(`${where}.values`, "at least one category", values);
    if (new Set(values).size !== values.length) wrong(`${where}.values`, "no repetition", values);
    if (rule.missing !== undefined && typeof rule.missing !== "boolean") {
      wrong(`${where}.missing`, "true or false", rule.missing);
    }
  } else wrong(`${where}.kind`, '"number" or "category"', rule.kind);
}

function record(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  return wrong(where, "an object", value);
}

function list(value: unknown, where: string): readonly unknown[] {
  return Array.isArray(value) ? value : wrong(where, "a list", value);
}

function texts(value: unknown, where: string): readonly unknown[] {
  const all = list(value, where);
  const at = Array.from(all, (entry) => typeof entry === "string").indexOf(false);
  return at < 0 ? all : wrong(`${where}[${at}]`, "text", all[at]);
}

function finite(value: unknown, where: string): number {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  return wrong(where, "a finite number", value);
}

function wrong(where: string, expected: string, found: unknown): never {
  return fail("file-corrupt", {
    message: "The stored preprocessing of the columns is damaged.",
    expected,
    found: shown(found),
    where,
    fix: "Save the model again after training, or pass the preprocessing that tableDataset gave.",
  });
}
