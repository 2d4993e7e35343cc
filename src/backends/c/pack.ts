/** Factors of products, copied so that what is multiplied together lies side by side. */
import { linearForm } from "../../compile/affine.ts";
import type { MatrixProduct, Packed } from "../../compile/contraction.ts";
import { at } from "../../core/at.ts";
import { bytesOf } from "../../core/dtype.ts";
import { sizeOf, stridesOf } from "../../core/shape.ts";
import { cTypes, linearText, Scope, valueText, withoutOne } from "./expressions.ts";
import { axisNumbers, nest, simd, type Writer } from "./writer.ts";

/** Terms that are copied in one go, so that what is written stays in the nearest cache. */
const termsAtOnce = 64;

/** Copies `wb` lines of k terms so that they lie side by side, at most `width` of them. */
export function copySideBySide({
  k,
  width,
  across,
  step,
}: {
  readonly k: number;
  readonly width: number;
  /** From line to line, and from term to term. */
  readonly across: number;
  readonly step: number;
}): string[] {
  const one = `to[q * ${width} + l] = from[q * ${step}L + l * ${across}L];`;
  if (across === 1) {
    const copy = (count: string): string => `${simd}\nfor (long l = 0; l < ${count}; l++) ${one}`;
    return [
      `if (wb == ${width}) for (long q = 0; q < ${k}; q++) {`,
      copy(String(width)),
      `} else for (long q = 0; q < ${k}; q++) {`,
      copy("wb"),
      "}",
    ];
  }
  return [
    `for (long q0 = 0; q0 < ${k}; q0 += ${termsAtOnce}) {`,
    `const long q1 = ${k} - q0 < ${termsAtOnce} ? ${k} : q0 + ${termsAtOnce};`,
    `for (long l = 0; l < wb; l++) for (long q = q0; q < q1; q++) ${one}`,
    "}",
  ];
}

/** The rows of a factor, side by side in tiles. */
export function copyRows(
  w: Writer,
  { rows, k }: MatrixProduct,
  a: Packed,
  tileRows: number,
  scope: Scope,
): void {
  const rank = a.extents.length;
  const all = [...a.extents, ...a.over];
  const terms = a.over.map((_, axis) => rank + axis);
  // Some terms of all rows at a time, so that what is written stays in the nearest cache.
  let inner = terms.length;
  while (inner > 0 && sizeOf(a.over.slice(inner)) < termsAtOnce) inner--;
  nest(scope, all, terms.slice(0, inner), (some) => {
    const each = new Scope(some);
    if (rows >= 0) each.has(rows);
    nest(each, all, terms.slice(inner), (inside) => {
      const value = valueText(a.value, inside, w.place(all));
      inside.lines.push(`to[(${termText(a)}) * ${tileRows}] = ${value};`);
    });
    some.lines.push(
      "for (long r = 0; r < mb; r++) {",
      ...(rows >= 0 && at(a.extents, rows) > 1 ? [`const long i${rows} = m0 + r;`] : []),
      `${cTypes[a.value.dtype]} *const to = ap + r / ${tileRows} * ${tileRows * k}L + r % ${tileRows};`,
      ...each.lines,
      "}",
    );
  });
}

/** The number of a term, of the indices along the summed axes. */
function termText({ extents, over }: Packed): string {
  const strides = stridesOf(over).map((c, axis) => (over[axis] === 1 ? 0 : c));
  return linearText([...extents.map(() => 0), ...strides], 0);
}

/** The columns of a factor, side by side in panels. */
export function copyColumns(
  w: Writer,
  { extents, columns, k }: MatrixProduct,
  b: Packed,
  width: number,
  scope: Scope,
): void {
  const rank = extents.length;
  const all = [...b.extents, ...b.over];
  const outer = new Scope(scope);
  nest(
    outer,
    all,
    b.over.map((_, axis) => rank + axis),
    (inside) => {
      const each = new Scope(inside);
      const axes = columnAxes(b, { extents, columns });
      for (const axis of axisNumbers(extents)) {
        if (axis === columns || at(extents, axis) !== at(b.extents, axis)) each.has(axis);
      }
      for (const { axis, size, after } of axes) {
        const index = after === 1 ? "c" : `c / ${after}`;
        each.lines.push(`const long i${axis} = ${axis === 0 ? index : `${index} % ${size}`};`);
      }
      const value = valueText(b.value, each, w.place(all));
      inside.lines.push(
        simd,
        "for (long l = 0; l < wb; l++) {",
        "const int c = (int)(n0 + p + l);",
        ...each.lines,
        `to[(${termText(b)}) * ${width} + l] = ${value};`,
        "}",
      );
    },
  );
  scope.lines.push(
    `for (long p = 0; p < nb; p += ${width}) {`,
    `const long wb = nb - p < ${width} ? nb - p : ${width};`,
    `${cTypes[b.value.dtype]} *const to = bp + p * ${k}L;`,
    ...outer.lines,
    "}",
  );
}

/** Columns of which at least so many neighbours lie side by side are copied by vectors. */
const leastRun = 4;

/** How columns lie: side by side in runs, each of which begins somewhere else. */
export interface Runs {
  /** Neighbours of a run. */
  readonly run: number;
  /** The place of column c, c being text. */
  readonly placeOf: (c: string) => string;
  /** The summed axes: how many indices, and how far apart. */
  readonly terms: readonly { readonly size: number; readonly step: number }[];
  /** Where the loop's other axes are, as a text of their indices. */
  readonly base: string;
}

/** How the columns lie, where nothing guards them and enough of them lie side by side. */
export function runsOf({ extents, columns }: MatrixProduct, b: Packed): Runs | undefined {
  if (b.guard.ranges.length > 0 || b.guard.conditions.length > 0) return undefined;
  const rank = extents.length;
  const form = linearForm(b.at, [...b.extents, ...b.over]);
  if (form === undefined) return undefined;
  const axes = columnAxes(b, { extents, columns });
  const [inner] = axes;
  const step = ({ axis }: { readonly axis: number }): number => form.coefficients[axis] ?? 0;
  if (inner === undefined || step(inner) !== 1 || inner.size < leastRun) return undefined;
  const outer = form.coefficients
    .slice(0, rank)
    .map((c, axis) => (axes.some((own) => own.axis === axis) ? 0 : c));
  return {
    run: inner.size,
    placeOf: (c) =>
      axes
        .map((own) => {
          const whole = own.after === 1 ? c : `${c} / ${own.after}`;
          // The outermost axis has no index beyond its size.
          const index = own === axes.at(-1) ? whole : `${whole} % ${own.size}`;
          return `(${index}) * ${step(own)}L`;
        })
        .join(" + "),
    terms: b.over.flatMap((size, axis) =>
      size === 1 ? [] : [{ size, step: form.coefficients[rank + axis] ?? 0 }],
    ),
    base: linearText(withoutOne(outer, b.extents), form.base),
  };
}

/** Where each term of a column is, from its first. */
export const termPlaces = ({ terms }: Runs): number[] =>
  terms.reduce<number[]>(
    (places, { size, step }) =>
      places.flatMap((place) => Array.from({ length: size }, (_, index) => place + index * step)),
    [0],
  );

/** What is one axis to the product may be several to the factor: they, the innermost first. */
function columnAxes(
  b: Packed,
  { extents, columns }: Pick<MatrixProduct, "extents" | "columns">,
): { readonly axis: number; readonly size: number; readonly after: number }[] {
  const axes: { axis: number; size: number; after: number }[] = [];
  let after = 1;
  for (let axis = columns; axis >= 0; axis--) {
    const size = at(b.extents, axis);
    if (axis !== columns && at(extents, axis) === size) continue;
    if (size > 1) axes.push({ axis, size, after });
    after *= size;
  }
  return axes;
}

/** Elements behind the copied columns that may be written, too. */
export const beyondRuns = (width: number): number => width;

/**
 * The terms [k0, k0 + kb) of columns in runs, side by side in panels. A run is copied in whole vectors:
 * what is written too much is the place of the next run, of the next term or panel, which is written later;
 * what is read too much lies within the arena, since scratch memory follows all buffers.
 */
export function copyRuns(
  { dtype, n }: MatrixProduct,
  { run, placeOf, terms, base }: Runs,
  { input }: Packed,
  { width, lanes }: { readonly width: number; readonly lanes: number },
): string[] {
  // Of one panel alone the first column begins a run.
  const most = n <= width ? Math.ceil(n / run) : Math.ceil((width - 1) / run) + 1;
  const bytes = bytesOf(dtype);
  // No wider than a run needs: a store across the end of a cache line takes twice as long.
  let wide = 16 / bytes;
  while (wide < Math.min(lanes, run)) wide *= 2;
  const vectors = Math.ceil(Math.min(run, width) / wide);
  const type = cTypes[dtype];
  const numbers = Array.from({ length: most }, (_, j) => j);
  const copies = numbers.flatMap((j) =>
    Array.from({ length: vectors }, (_, v) => {
      const [to, from] = [`to + lane${j}`, `from + run${j}`].map(
        (place) => `*(some *)(${place} + ${v * wide})`,
      );
      return `${to} = ${from};`;
    }),
  );
  // The first term's indices, and where it is; then as an odometer, the innermost axis first.
  let after = terms.reduce((product, { size }) => product * size, 1);
  const starts = terms.map(({ size }, axis) => {
    after /= size;
    return `long q${axis} = k0 / ${after}${axis === 0 ? "" : ` % ${size}`};`;
  });
  const first = terms.map(({ step }, axis) => `q${axis} * ${step}L`);
  const advance = (axis: number): string => {
    const { size, step } = at(terms, axis);
    const back = `q${axis} = 0; from -= ${size * step}L; ${axis > 0 ? advance(axis - 1) : ""}`;
    return `from += ${step}L; ${axis === 0 ? `q${axis}++;` : `if (++q${axis} == ${size}) { ${back} }`}`;
  };
  const aligned = `aligned(${bytes}), may_alias`;
  return [
    `typedef ${type} some __attribute__((vector_size(${wide * bytes}), ${aligned}));`,
    `for (long p = 0; p < nb; p += ${width}) {`,
    `const long end = nb - p < ${width} ? nb : p + ${width};`,
    `long run[${most}], lane[${most}], runs = 0;`,
    `for (long c = n0 + p; c < n0 + end; c += ${run} - c % ${run}) {`,
    `run[runs] = ${placeOf("c")}; lane[runs++] = c - n0 - p;`,
    "}",
    // As many copies for each panel, some of them twice, need no loop.
    `for (; runs < ${most}; runs++) { run[runs] = run[runs - 1]; lane[runs] = lane[runs - 1]; }`,
    ...numbers.map((j) => `const long run${j} = run[${j}], lane${j} = lane[${j}];`),
    ...starts,
    `const ${type} *from = x${input} + ${[base, ...first].join(" + ")};`,
    `${type} *to = bp + p * kb;`,
    `for (long q = 0; q < kb; q++, to += ${width}) {`,
    ...copies,
    ...(terms.length === 0 ? [] : [advance(terms.length - 1)]),
    "}",
    "}",
  ];
}
