import type { Buffer, PlainKernel } from "../../compile/program.ts";
import { at } from "../../core/at.ts";
import type { Expression } from "../../core/expression.ts";
import type { Shape } from "../../core/shape.ts";
import { cTypes, type ElementSource, type FileNeeds, Scope, valueText } from "./expressions.ts";

/** What a function finds out only when it is called, since it does the work of several kernels. */
export interface Supplied {
  /** The address of a buffer, as C. */
  readonly address: (b: Buffer) => string;
  /** The number that a buffer stands for, as C. */
  readonly number: (b: Buffer) => string | undefined;
  /** The number of a line, as C. */
  readonly line: (where: () => string) => string;
}

/** The body of a function (A, lo, hi), which does units [lo, hi) of a kernel. */
export interface FunctionBody {
  readonly lines: readonly string[];
  /** Into how many units it can be shared out. */
  readonly units: number;
  /** Bytes of scratch memory that it needs. */
  readonly scratch: number;
}

/** Operations of a unit, at least: so many take longer than a barrier, by far. */
export const worthWaiting = 2 ** 15;

/** A kernel that is being written. */
export class Writer {
  readonly kernel: PlainKernel;
  readonly needs: FileNeeds;
  readonly #given: Supplied;
  /** Into how many units the work can be shared out. */
  units = 1;
  scratch = 0;

  constructor(kernel: PlainKernel, needs: FileNeeds, given: Supplied) {
    this.kernel = kernel;
    this.needs = needs;
    this.#given = given;
  }

  /** The pointers of all buffers, as variables: x0 … are read, y0 … are written. */
  pointers(): string[] {
    const declare = (name: string, b: Buffer): string => {
      const type = cTypes[b.dtype];
      return `${type} *const ${name} = (${type} *)${this.#given.address(b)};`;
    };
    const { reads, stores } = this.kernel;
    return [
      ...reads.flatMap((b, k) => (this.#given.number(b) ? [] : [declare(`x${k}`, b)])),
      ...stores.map(({ buffer }, k) => declare(`y${k}`, buffer)),
    ];
  }

  /** Where elements come from in loops over these sizes. */
  place(all: Shape, result = ""): ElementSource {
    const { reads, where } = this.kernel;
    return {
      all,
      reads: reads.length,
      array: (input) => `x${input}`,
      given: (input) => this.#given.number(at(reads, input)),
      size: (input) => at(reads, input).size,
      result,
      line: this.#given.line,
      where,
      needs: this.needs,
      dependencies: new Map(),
    };
  }

  /** Lines that check an index and go on where it is right. */
  line(where: () => string): string {
    return this.#given.line(where);
  }

  /** Stores the values; all are computed before the first is written. */
  store(values: readonly Expression[], scope: Scope, place: ElementSource, position: string): void {
    const made = values.map((value) => valueText(value, scope, place));
    for (const [k, value] of made.entries()) scope.lines.push(`y${k}[${position}] = ${value};`);
  }

  /**
   * The bounds of the loop along an axis of n: of the units [lo, hi), each of `size` indices, or all.
   */
  bounds(
    n: number,
    units: { readonly size: number; readonly count: number } | undefined,
  ): string[] {
    if (units === undefined) return [`const long from = 0, to = ${n};`];
    this.units = units.count;
    const { size } = units;
    return [`const long from = lo * ${size}, last = hi * ${size}, to = last < ${n} ? last : ${n};`];
  }
}

export const simd = '_Pragma("omp simd")';

/** for (long i = 0; i < n; i++) { … } in a scope of its own. */
function loopOver(
  scope: Scope,
  axis: number,
  range: readonly [from: string, to: string],
  body: (inside: Scope) => void,
  vector = false,
): void {
  const inside = new Scope(scope).has(axis);
  body(inside);
  const i = `i${axis}`;
  scope.lines.push(
    ...(vector ? [simd] : []),
    `for (long ${i} = ${range[0]}; ${i} < ${range[1]}; ${i}++) {`,
    ...inside.lines,
    "}",
  );
}

/** Loops over the axes [first, …) of these sizes, the innermost on vectors where that is possible. */
export function nest(
  scope: Scope,
  extents: Shape,
  axes: readonly number[],
  body: (inside: Scope) => void,
  { split, vector = false }: { readonly split?: number; readonly vector?: boolean } = {},
): void {
  const [axis, ...others] = axes;
  if (axis === undefined) {
    body(scope);
    return;
  }
  const n = at(extents, axis);
  if (n === 1 && axis !== split) {
    nest(scope.has(axis), extents, others, body, {
      ...(split === undefined ? {} : { split }),
      vector,
    });
    return;
  }
  const isLast = others.every((other) => extents[other] === 1);
  const range = axis === split ? (["from", "to"] as const) : (["0", `${n}`] as const);
  loopOver(
    scope,
    axis,
    range,
    (inside) =>
      nest(inside, extents, others, body, { ...(split === undefined ? {} : { split }), vector }),
    vector && isLast,
  );
}

export const axisNumbers = (extents: Shape): number[] => extents.map((_, axis) => axis);
