/**
 * Reductions as loops. In which order terms are joined says compile/summation.ts; here it is only
 * decided whether several outputs, or the running sums of one, are done side by side: in small
 * arrays that the compiler keeps in vectors.
 */
import { linearForm } from "../../compile/affine.ts";
import type { Kernel } from "../../compile/program.ts";
import { runningSums, type Sum, type Summation } from "../../compile/summation.ts";
import { unitsOf } from "../../compile/units.ts";
import { at, last } from "../../core/at.ts";
import { bytesOf, isFloat } from "../../core/dtype.ts";
import { type Expression, subexpressions } from "../../core/expression.ts";
import { beginning, isPosition, joins, neutral } from "../../core/meaning.ts";
import { type Shape, sizeOf, stridesOf } from "../../core/shape.ts";
import {
  applied,
  cTypes,
  type ElementSource,
  fresh,
  linearText,
  numberText,
  Scope,
  valueText,
  withoutOne,
} from "./expressions.ts";
import { isFew, resultsOfFew } from "./few.ts";
import { writeProduct } from "./product.ts";
import { axisNumbers, nest, simd, type Writer, worthWaiting } from "./writer.ts";

type ReduceKernel = Extract<Kernel, { loop: "reduce" }>;

/** So many bytes of outputs are summed side by side: whole cache lines. */
const sideBytes = 256;

/** `order` is that of the kernel as it stands in the program. */
export function writeReduction(
  w: Writer,
  kernel: ReduceKernel,
  order: Summation,
  scope: Scope,
): void {
  const { extents } = kernel;
  if (order.kind === "product" && writeProduct(w, kernel, scope, finishRow(w))) return;
  const units = unitsOf(kernel, worthWaiting);
  const split = units?.axis ?? extents.findIndex((n) => n > 1);
  if (split >= 0) scope.lines.push(...w.bounds(at(extents, split), units));
  const side = sideOf(kernel, order);
  const axis = extents.length - 1;
  if (side === 0) {
    nest(
      scope,
      extents,
      axisNumbers(extents),
      (inside) => finish(w, kernel, inside, resultOf(w, kernel, order, inside)),
      { split },
    );
    return;
  }
  const outer = axisNumbers(extents).slice(0, -1);
  const [from, to] = split === axis ? ["from", "to"] : ["0", `${last(extents)}`];
  nest(
    scope,
    extents,
    outer,
    (inside) => {
      const group = (count: number, isWhole: boolean): string[] => {
        const here = new Scope(inside);
        const total = isFew(kernel, order)
          ? resultsOfFew(w, kernel, here, { count, axis })
          : isPosition(kernel.combine)
            ? positionsOf(w, kernel, here, { count, axis })
            : totalsOf(w, kernel, order, here, { count, axis });
        const each = new Scope(here).has(axis).hasResult();
        each.lines.push(`const long i${axis} = j + l;`);
        storeResult(w, kernel, each, `${total}[l]`);
        here.lines.push(simd, `for (long l = 0; l < ${count}; l++) {`, ...each.lines, "}");
        return isWhole
          ? [`for (; j + ${side} <= ${to}; j += ${side}) {`, ...here.lines, "}"]
          : [`if (j < ${to}) {`, ...here.lines, "}"];
      };
      const whole = last(extents) >= side ? group(side, true) : [];
      // Units begin at multiples of `side`: what is left is the end of the axis.
      const rest = last(extents) % side;
      inside.lines.push("{", `long j = ${from};`, ...whole);
      if (rest > 0) inside.lines.push(...group(rest, false));
      inside.lines.push("}");
    },
    { split: split === axis ? -1 : split },
  );
}

/**
 * How many neighbouring outputs along the last axis are summed side by side: their terms lie side by
 * side, or every other one. 0 where each is summed for itself.
 */
function sideOf({ extents, over, value, combine }: ReduceKernel, order: Summation): number {
  const axis = extents.length - 1;
  if (axis < 0 || over.includes(0) || sizeOf(over) < 2) return 0;
  if (order.kind === "tree" && !isPosition(combine) && isRow(order.sum)) return 0;
  if (last(extents) < 4 || !isFloat(value.dtype)) return 0;
  const all = [...extents, ...over];
  const steps = subexpressions(value).flatMap((e) =>
    e.kind === "load" && !e.bound ? [linearForm(e.at, all)?.coefficients[axis] ?? 0] : [],
  );
  const isNear = steps.some((n) => n === 1 || n === 2);
  return isNear ? sideBytes / bytesOf(value.dtype) : 0;
}

const isRow = (sum: Sum): boolean => (sum.kind === "parts" ? isRow(sum.each) : sum.kind === "row");

/** Stores what is made of a product's row. */
const finishRow =
  (w: Writer) =>
  (kernel: ReduceKernel) =>
  (scope: Scope, result: string, axis: number): void => {
    const each = new Scope(scope).has(axis).hasResult();
    each.lines.push(`const long i${axis} = n0 + l;`);
    storeResult(w, kernel, each, result);
    scope.lines.push(simd, "for (long l = 0; l < nb; l++) {", ...each.lines, "}");
  };

/** Stores what is made of the result, which stands in a variable. */
function finish(w: Writer, kernel: ReduceKernel, scope: Scope, result: string): void {
  const inside = new Scope(scope).hasResult();
  storeResult(w, kernel, inside, result);
  scope.lines.push(...inside.lines);
}

function storeResult(w: Writer, kernel: ReduceKernel, scope: Scope, result: string): void {
  const { extents, stores } = kernel;
  const position = linearText(withoutOne(stridesOf(extents), extents), 0);
  const values = stores.map((s) => s.value);
  w.store(values, scope, w.place(extents, result), position);
}

/** The result for one output, as the name of a variable. */
function resultOf(w: Writer, kernel: ReduceKernel, order: Summation, scope: Scope): string {
  const { combine, dtype, over, value } = kernel;
  const name = fresh(w.needs);
  if (over.includes(0)) {
    const nothing = isPosition(combine) ? "0" : numberText(neutral(combine, dtype), dtype);
    const type = isPosition(combine) ? "i32" : cTypes[dtype];
    scope.lines.push(`const ${type} ${name} = ${nothing};`);
    return name;
  }
  if (isPosition(combine)) return positionOf(w, kernel, scope);
  const all = [...kernel.extents, ...over];
  const place = w.place(all);
  const type = cTypes[dtype];
  const begin = numberText(beginning(combine, dtype), dtype);
  const add = (to: string, part: string): string =>
    `${to} = ${applied(joins[combine], dtype, [to, part], w.needs)};`;
  scope.lines.push(`${type} ${name} = ${begin};`);
  if (order.kind === "product") {
    const term = (inside: Scope, part: string): void => {
      const factors = w.needs.fuses ? factorsOf(value, inside, place) : undefined;
      const next = factors && `${part} = ${dtype}_fma(${factors[0]}, ${factors[1]}, ${part});`;
      inside.lines.push(next ?? add(part, valueText(value, inside, place)));
    };
    product(w, kernel, order.block, scope, term, {
      declare: (part) => `${type} ${part} = ${begin};`,
      add: (part) => add(name, part),
    });
    return name;
  }
  /** Adds a sum, its indices counted from here on, to a variable. */
  const sumTo = (to: string, sum: Sum, from: readonly string[], outside: Scope): void => {
    const block = new Scope(outside);
    const total = fresh(w.needs);
    if (sum.kind === "parts") {
      block.lines.push(`${type} ${total} = ${begin};`);
      parts(w, sum, from, block, (part, start, inside) => sumTo(total, part, start, inside));
    } else if (sum.kind === "terms") {
      block.lines.push(`${type} ${total} = ${begin};`);
      terms(kernel, sum.over, from, block, (inside) => {
        inside.lines.push(add(total, valueText(value, inside, place)));
      });
    } else {
      row(w, kernel, last(sum.over), from, total, block, (inside) =>
        valueText(value, inside, place),
      );
    }
    outside.lines.push("{", ...block.lines, add(to, total), "}");
  };
  sumTo(
    name,
    order.sum,
    over.map(() => "0"),
    scope,
  );
  return name;
}

/** The two factors of a product's term. */
const factorsOf = (
  value: Expression,
  scope: Scope,
  place: ElementSource,
): readonly [string, string] | undefined =>
  value.kind === "apply" && value.fn === "mul"
    ? [valueText(at(value.args, 0), scope, place), valueText(at(value.args, 1), scope, place)]
    : undefined;

/** Parts one after the other, then the rest. */
function parts(
  w: Writer,
  { axis, step, count, each, rest }: Extract<Sum, { kind: "parts" }>,
  from: readonly string[],
  scope: Scope,
  body: (part: Sum, from: readonly string[], inside: Scope) => void,
): void {
  const i = fresh(w.needs);
  const start = at(from, axis);
  const inside = new Scope(scope);
  body(each, from.with(axis, i), inside);
  scope.lines.push(
    `long ${i} = ${start};`,
    `for (; ${i} < ${start} + ${count * step}; ${i} += ${step}) {`,
    ...inside.lines,
    "}",
  );
  if (rest) body(rest, from.with(axis, i), scope);
}

/** Loops over terms, their indices counted from `from`. */
function terms(
  { extents }: ReduceKernel,
  over: Shape,
  from: readonly string[],
  scope: Scope,
  body: (inside: Scope) => void,
): void {
  const rank = extents.length;
  const write = (k: number, outer: Scope): void => {
    if (k === over.length) {
      body(outer);
      return;
    }
    const [axis, start, n] = [rank + k, at(from, k), at(over, k)];
    const inside = new Scope(outer).has(axis);
    write(k + 1, inside);
    outer.lines.push(
      `for (long i${axis} = ${start}; i${axis} < ${start} + ${n}; i${axis}++) {`,
      ...inside.lines,
      "}",
    );
  };
  write(0, scope);
}

/** A matrix product's sum: blocks of terms, whose sums are added one after the other. */
function product(
  w: Writer,
  { extents, over }: ReduceKernel,
  block: number,
  scope: Scope,
  term: (inside: Scope, part: string) => void,
  {
    declare,
    add,
  }: {
    readonly declare: (part: string) => string;
    readonly add: (part: string) => string;
  },
): void {
  const [part, k, end] = [fresh(w.needs), fresh(w.needs), fresh(w.needs)];
  const size = sizeOf(over);
  const rank = extents.length;
  const outer = new Scope(scope);
  const inside = new Scope(outer);
  const real = over.flatMap((n, axis) => (n === 1 ? [] : [axis]));
  const [only] = real;
  for (const axis of over.keys()) inside.has(rank + axis);
  if (real.length > 1) {
    const strides = stridesOf(over);
    for (const axis of real) {
      inside.lines.push(
        `const long i${rank + axis} = ${k} / ${at(strides, axis)} % ${at(over, axis)};`,
      );
    }
  } else if (only !== undefined) inside.lines.push(`const long i${rank + only} = ${k};`);
  term(inside, part);
  const blocks = size > block;
  outer.lines.push(
    declare(part),
    ...(blocks ? [`const long ${end} = b + ${block} < ${size} ? b + ${block} : ${size};`] : []),
    `for (long ${k} = ${blocks ? "b" : 0}; ${k} < ${blocks ? end : size}; ${k}++) {`,
    ...inside.lines,
    "}",
    add(part),
  );
  scope.lines.push(
    ...(blocks ? [`for (long b = 0; b < ${size}; b += ${block}) {`] : ["{"]),
    ...outer.lines,
    "}",
  );
}

/**
 * A row of terms in running sums: term i goes to sum i mod 8; then halves are joined. `term` gives
 * the term at the row's last index.
 */
function row(
  w: Writer,
  { combine, dtype, extents, over }: ReduceKernel,
  n: number,
  start: readonly string[],
  total: string,
  outer: Scope,
  term: (inside: Scope) => string,
): void {
  if (isPosition(combine)) return;
  const axis = extents.length + over.length - 1;
  const from = last(start);
  const scope = new Scope(outer);
  for (const [k, size] of over.slice(0, -1).entries()) {
    scope.has(extents.length + k);
    if (size > 1) scope.lines.push(`const long i${extents.length + k} = ${at(start, k)};`);
  }
  const type = cTypes[dtype];
  const begin = numberText(beginning(combine, dtype), dtype);
  const s = fresh(w.needs);
  const add = (to: string, part: string): string =>
    `${to} = ${applied(joins[combine], dtype, [to, part], w.needs)};`;
  const whole = n - (n % runningSums);
  const side = (first: string, count: number): string[] => {
    const inside = new Scope(scope).has(axis);
    inside.lines.push(`const long i${axis} = ${first} + l;`);
    inside.lines.push(add(`${s}[l]`, term(inside)));
    return [simd, `for (long l = 0; l < ${count}; l++) {`, ...inside.lines, "}"];
  };
  const lines: string[] = [`${type} ${s}[${runningSums}] = {${Array(runningSums).fill(begin)}};`];
  if (whole > 0) {
    lines.push(`for (long q = ${from}; q < ${from} + ${whole}; q += ${runningSums}) {`);
    lines.push(...side("q", runningSums), "}");
  }
  if (n > whole) lines.push(...side(`${from} + ${whole}`, n - whole));
  for (let half = runningSums / 2; half >= 1; half /= 2) {
    for (let k = 0; k < half; k++) lines.push(add(`${s}[${k}]`, `${s}[${k + half}]`));
  }
  outer.lines.push(`${type} ${total};`, "{", ...scope.lines, ...lines, `${total} = ${s}[0];`, "}");
}

/** The position of the extreme value: NaN is the extreme, the first of equals stays. */
function positionOf(w: Writer, kernel: ReduceKernel, scope: Scope): string {
  const { value, over, extents, combine } = kernel;
  const { dtype } = value;
  const [where, best] = [fresh(w.needs), fresh(w.needs)];
  const place = w.place([...extents, ...over]);
  scope.lines.push(`i32 ${where} = 0;`);
  scope.lines.push(`${cTypes[dtype]} ${best} = ${numberText(neutral(combine, dtype), dtype)};`);
  const sign = combine === "argmax" ? ">" : "<";
  const here = linearText([...extents.map(() => 0), ...stridesOf(over)], 0);
  terms(
    kernel,
    over,
    over.map(() => "0"),
    scope,
    (inside) => {
      const v = valueText(value, inside, place);
      inside.lines.push(
        `if (${best} == ${best} && (${v} ${sign} ${best} || ${v} != ${v})) {`,
        `${best} = ${v}; ${where} = (i32)(${here});`,
        "}",
      );
    },
  );
  return where;
}

/** The same for outputs side by side, as the name of an array: without branches, on vectors. */
function positionsOf(w: Writer, kernel: ReduceKernel, scope: Scope, { count, axis }: Side): string {
  const { value, over, extents, combine } = kernel;
  const { dtype } = value;
  const [where, best] = [fresh(w.needs), fresh(w.needs)];
  const place = w.place([...extents, ...over]);
  const here = linearText([...extents.map(() => 0), ...stridesOf(over)], 0);
  const sign = combine === "argmax" ? ">" : "<";
  scope.lines.push(
    `${cTypes[dtype]} ${best}[${count}];`,
    `i32 ${where}[${count}];`,
    simd,
    `for (long l = 0; l < ${count}; l++) {`,
    `${best}[l] = ${numberText(neutral(combine, dtype), dtype)}; ${where}[l] = 0;`,
    "}",
  );
  terms(
    kernel,
    over,
    over.map(() => "0"),
    scope,
    (outer) => {
      const inside = new Scope(outer).has(axis);
      inside.lines.push(`const long i${axis} = j + l;`);
      const v = valueText(value, inside, place);
      const b = `${best}[l]`;
      inside.lines.push(
        `const int next = (${b} == ${b}) & ((${v} ${sign} ${b}) | (${v} != ${v}));`,
        `${b} = next ? ${v} : ${b}; ${where}[l] = next ? (i32)(${here}) : ${where}[l];`,
      );
      outer.lines.push(simd, `for (long l = 0; l < ${count}; l++) {`, ...inside.lines, "}");
    },
  );
  return where;
}

interface Side {
  /** How many of them there are. */
  readonly count: number;
  readonly axis: number;
}

/** The totals of outputs side by side, in an array: output j + l's stands at l. */
function totalsOf(
  w: Writer,
  kernel: ReduceKernel,
  order: Summation,
  scope: Scope,
  { count, axis }: Side,
): string {
  const { combine, dtype, over, extents, value } = kernel;
  if (isPosition(combine)) throw new TypeError(`${combine} joins nothing`);
  const type = cTypes[dtype];
  const begin = numberText(beginning(combine, dtype), dtype);
  const all = [...extents, ...over];
  const place = w.place(all);
  const join = (to: string, part: string): string =>
    `${to} = ${applied(joins[combine], dtype, [to, part], w.needs)};`;
  const each = (text: string): string[] => [simd, `for (long l = 0; l < ${count}; l++) ${text}`];
  const declare = (name: string): string[] => [
    `${type} ${name}[${count}];`,
    ...each(`${name}[l] = ${begin};`),
  ];
  const add = (to: string, part: string): string[] => each(join(`${to}[l]`, `${part}[l]`));
  const term = (to: string, outer: Scope): void => {
    const inside = new Scope(outer).has(axis);
    inside.lines.push(`const long i${axis} = j + l;`);
    const product =
      order.kind === "product" && w.needs.fuses ? factorsOf(value, inside, place) : undefined;
    inside.lines.push(
      product
        ? `${to}[l] = ${dtype}_fma(${product[0]}, ${product[1]}, ${to}[l]);`
        : join(`${to}[l]`, valueText(value, inside, place)),
    );
    outer.lines.push(simd, `for (long l = 0; l < ${count}; l++) {`, ...inside.lines, "}");
  };
  const total = fresh(w.needs);
  scope.lines.push(...declare(total));
  if (order.kind === "product") {
    product(w, kernel, order.block, scope, (inside, part) => term(part, inside), {
      declare: (part) => declare(part).join("\n"),
      add: (part) => add(total, part).join("\n"),
    });
    return total;
  }
  const sumTo = (to: string, sum: Sum, from: readonly string[], outside: Scope): void => {
    const block = new Scope(outside);
    const own = fresh(w.needs);
    block.lines.push(...declare(own));
    if (sum.kind === "parts") {
      parts(w, sum, from, block, (part, start, inside) => sumTo(own, part, start, inside));
    } else terms(kernel, sum.over, from, block, (inside) => term(own, inside));
    outside.lines.push("{", ...block.lines, ...add(to, own), "}");
  };
  sumTo(
    total,
    order.sum,
    over.map(() => "0"),
    scope,
  );
  return total;
}
