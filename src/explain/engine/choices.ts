/** Formulas that choose between cases: which condition they ask, and what is left where it is known. */
import type { Expression } from "../../core/expression.ts";
import { whereOp } from "../../ops/compare.ts";
import type { Sentence } from "../derivation.ts";
import { say } from "../say.ts";
import type { Context } from "./context.ts";
import type { Elements } from "./elements.ts";
import { type Formula, isSame, productOf, sumOf } from "./expr.ts";
import { told } from "./told.ts";

/** A choice of two numbers by a third. */
const selection: Expression = /* @__PURE__ */ (() => {
  const at: Expression = { kind: "constant", dtype: "i32", value: 0 };
  const load = (input: number, dtype: "f64" | "bool"): Expression => ({
    ...{ kind: "load", dtype, input, at, otherwise: 0 },
  });
  const [condition, then, otherwise] = [load(0, "bool"), load(1, "f64"), load(2, "f64")];
  return { kind: "select", dtype: "f64", condition, then, otherwise };
})();

/** (then if condition else otherwise) */
export function choiceOf(
  elements: Elements,
  condition: Formula,
  then: Formula,
  otherwise: Formula,
): Formula {
  const { name, notation } = whereOp;
  const { text, tex, precedence } = told(notation);
  elements.operators[name] ??= { text, tex, precedence, value: selection };
  return { kind: "apply", op: name, args: [condition, then, otherwise] };
}

/** Which case holds, with the numbers that decide it, where some forms have cases by one condition. */
export function decision(c: Context, forms: readonly Formula[]): Sentence[] {
  const [first, ...others] = forms.flatMap((f) => conditionOf(c.elements, f) ?? []);
  if (!first || others.some((other) => !isSame(first, other))) return [];
  const condition = c.numbers(first);
  // What has no numbers in it decides nothing.
  if (isSame(condition, first)) return [];
  return [say(c.evaluate(first) !== 0 ? "caseHolds" : "caseFails", { condition })];
}

/** All choices by one condition as one: (2x if 0 < x else 0) from 2x · (1 if 0 < x else 0). */
export function merged(elements: Elements, e: Formula): Formula {
  const condition = conditionOf(elements, e);
  if (!condition) return e;
  const [then, otherwise] = [
    decided(elements, e, condition, true),
    decided(elements, e, condition, false),
  ];
  if (conditionOf(elements, then) || conditionOf(elements, otherwise)) return e;
  return choiceOf(elements, condition, then, otherwise);
}

/** The first condition of a choice in a formula. */
function conditionOf(elements: Elements, e: Formula): Formula | undefined {
  if (!("args" in e)) return undefined;
  if (elements.isChoice(e)) return e.args[0];
  for (const a of e.args) {
    const found = conditionOf(elements, a);
    if (found) return found;
  }
  return undefined;
}

/** How many choices a formula has. */
export const choicesIn = (elements: Elements, e: Formula): number =>
  "args" in e
    ? e.args.reduce((n, a) => n + choicesIn(elements, a), elements.isChoice(e) ? 1 : 0)
    : 0;

/** A formula where it is known which case holds. */
function decided(elements: Elements, e: Formula, condition: Formula, holds: boolean): Formula {
  if (!("args" in e)) return e;
  const args = e.args.map((a) => decided(elements, a, condition, holds));
  const cases = elements.isChoice(e) ? casesOf(args) : undefined;
  if (cases && isSame(cases[0], condition)) return holds ? cases[1] : cases[2];
  if (e.kind === "sum") return sumOf(args);
  return e.kind === "product" ? productOf(args) : { ...e, args };
}

/** A case, in which the same choice is decided already; sums and products stay as they are. */
export function insideCase(
  elements: Elements,
  e: Formula,
  condition: Formula,
  holds: boolean,
): Formula {
  if (!("args" in e)) return e;
  const args = e.args.map((a) => insideCase(elements, a, condition, holds));
  const cases = elements.isChoice(e) ? casesOf(args) : undefined;
  if (!cases || !isSame(cases[0], condition)) return { ...e, args };
  return holds ? cases[1] : cases[2];
}

/** Whether a comparison stands where a number is wanted. */
export function countsTruth(elements: Elements, e: Formula): boolean {
  const isTruth = (a: Formula) =>
    a.kind === "apply" && elements.operators[a.op]?.value?.dtype === "bool";
  if (!("args" in e) || isTruth(e)) return false;
  const args = elements.isChoice(e) ? e.args.slice(1) : e.args;
  return args.some((a) => isTruth(a) || countsTruth(elements, a));
}

/** x = x, and what is made of it. */
export function comparesWithItself(e: Formula): boolean {
  if (e.kind !== "apply") return false;
  const [a, b, ...more] = e.args;
  if (!a || more.length > 0) return false;
  return b ? isSame(a, b) : comparesWithItself(a);
}

/** The parts of a choice: (then if condition else otherwise). */
export function casesOf(
  args: readonly Formula[],
): readonly [Formula, Formula, Formula] | undefined {
  const [condition, then, otherwise] = args;
  return condition && then && otherwise ? [condition, then, otherwise] : undefined;
}
