/** Reductions of few terms, which are all written out. */
import { linearForm } from "../../compile/affine.ts";
import type { Kernel } from "../../compile/program.ts";
import type { Summation } from "../../compile/summation.ts";
import { at } from "../../core/at.ts";
import { subexpressions } from "../../core/expression.ts";
import { beginning, isPosition, joins, neutral } from "../../core/meaning.ts";
import { sizeOf, stridesOf } from "../../core/shape.ts";
import { applied, cTypes, fresh, numberText, Scope, valueText } from "./expressions.ts";
import { simd, type Writer } from "./writer.ts";

type ReduceKernel = Extract<Kernel, { loop: "reduce" }>;

/** Of so many terms at most each is written out. */
const fewTerms = 16;

export const isFew = ({ over, combine }: ReduceKernel, order: Summation): boolean =>
  sizeOf(over) <= fewTerms &&
  (isPosition(combine) || (order.kind === "tree" && order.sum.kind === "terms"));

/**
 * The results of `count` neighbouring outputs from j on, as the name of an array. With all terms of an
 * output in one turn of the loop, elements of which each takes every other one are read by whole vectors.
 */
export function resultsOfFew(
  w: Writer,
  kernel: ReduceKernel,
  scope: Scope,
  { count, axis }: { readonly count: number; readonly axis: number },
): string {
  const { combine, over, extents, value } = kernel;
  const position = isPosition(combine);
  const { dtype } = position ? value : kernel;
  const place = w.place([...extents, ...over]);
  const lanes = isPlain(kernel) ? wholeVectors(count) : count;
  const [results, best] = [fresh(w.needs), fresh(w.needs)];
  const each = new Scope(scope).has(axis);
  const begin = position ? neutral(combine, dtype) : beginning(combine, dtype);
  const join = joins[position ? (combine === "argmax" ? "max" : "min") : combine];
  each.lines.push(
    `const long i${axis} = j + l;`,
    `${cTypes[dtype]} ${best} = ${numberText(begin, dtype)};`,
  );
  const strides = stridesOf(over);
  const terms = Array.from({ length: sizeOf(over) }, (_, term) => {
    const one = new Scope(each);
    const indices = over.map((n, k) => Math.floor(term / at(strides, k)) % n);
    for (const k of over.keys()) one.has(extents.length + k);
    const [text, name] = [valueText(value, one, place), fresh(w.needs)];
    each.lines.push(
      `${cTypes[dtype]} ${name};`,
      "{",
      ...indices.map((index, k) => `const long i${extents.length + k} = ${index};`),
      ...one.lines,
      `${name} = ${text};`,
      "}",
      `${best} = ${applied(join, dtype, [best, name], w.needs)};`,
    );
    return name;
  });
  if (position) {
    // The first term that is the extreme, or NaN where one is: then nothing equals the extreme.
    const where = fresh(w.needs);
    each.lines.push(`i32 ${where} = 0;`);
    for (const [term, v] of [...terms.entries()].reverse()) {
      each.lines.push(`${where} = (${v} == ${best}) | (${v} != ${v}) ? ${term} : ${where};`);
    }
    each.lines.push(`${results}[l] = ${where};`);
  } else each.lines.push(`${results}[l] = ${best};`);
  scope.lines.push(
    `${position ? "i32" : cTypes[dtype]} ${results}[${lanes}];`,
    simd,
    `for (long l = 0; l < ${lanes}; l++) {`,
    ...each.lines,
    "}",
  );
  return results;
}

/** Lanes up to a whole vector's: what is left of one by one would take longer than all vectors. */
const wholeVectors = (count: number): number => {
  const vector = count > 4 ? 8 : 4;
  return Math.ceil(count / vector) * vector;
};

/**
 * Whether terms may be read beyond the last output, for lanes that nobody reads: at most 7 outputs and every
 * other element further, that is within 112 bytes, and behind every buffer there are 128 in the same memory.
 */
function isPlain({ extents, over, value }: ReduceKernel): boolean {
  const all = [...extents, ...over];
  return subexpressions(value).every((e) => {
    if (e.kind !== "load") return true;
    const step = linearForm(e.at, all)?.coefficients[extents.length - 1];
    return !e.when && !e.bound && (step === 0 || step === 1 || step === 2);
  });
}
