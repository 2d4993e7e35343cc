/**
 * Programs as C: the plainest renderer that there could be, thrown away after the test. It shows
 * that a backend needs the loop IR, the meaning of the scalar language and core/elementary, and
 * nothing of another backend.
 */
import type { Buffer, Kernel, Program } from "../../../src/compile/program.ts";
import { runningSums, type Sum, summation } from "../../../src/compile/summation.ts";
import type { DType } from "../../../src/core/dtype.ts";
import type { Elementary } from "../../../src/core/elementary/functions.ts";
import type { Intrinsic } from "../../../src/core/expression.ts";
import { beginning, isPosition, joins, neutral, type Position } from "../../../src/core/meaning.ts";
import { type Shape, sizeOf, stridesOf } from "../../../src/core/shape.ts";
import {
  applied,
  Block,
  checkBound,
  type Needs,
  number,
  type Place,
  typeOf,
  valueOf,
} from "./expressions.ts";
import { elementaryFunction } from "./lanes.ts";
import { prelude } from "./prelude.ts";

/** How often a program runs before its outputs are read. */
export interface Job {
  readonly program: Program;
  readonly runs: number;
}

/** A file of C that runs all programs, and the bounds that they check, counted from 1. */
export interface Rendered {
  readonly text: string;
  readonly bounds: Needs["bounds"];
}

export function render(jobs: readonly Job[]): Rendered {
  const needs: Needs = { functions: new Map(), bounds: [], names: 0 };
  const bodies = jobs.map(({ program }, i) => {
    const kernels = program.kernels.map((kernel) => kernelText(kernel, program, needs));
    return `static void p${i}(void) {\n${kernels.join("")}}\n`;
  });
  const table = jobs.map(({ program, runs }, i) => `{p${i}, ${program.arena}, ${runs}}`);
  const largest = Math.max(...jobs.map(({ program }) => program.arena));
  const text = [
    prelude,
    `static _Alignas(64) unsigned char arena[${largest}];`,
    "static i32 fault[2];",
    ...elementaryFunctions(needs),
    ...bodies,
    `static const struct { void (*run)(void); size_t bytes; int runs; } programs[] = {`,
    `${table.join(",\n")}};`,
    main,
  ].join("\n");
  return { text, bounds: needs.bounds };
}

/** Reads each program's arena, runs it, and writes what it has become. */
const main = `
int main(int argc, char **argv) {
  FILE *in = fopen(argv[argc - 2], "rb"), *out = fopen(argv[argc - 1], "wb");
  if (!in || !out) return 1;
  for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
    size_t bytes = programs[i].bytes;
    if (fread(arena, 1, bytes, in) != bytes) return 1;
    fault[0] = 0;
    for (int k = 0; k < programs[i].runs && !fault[0]; k++) programs[i].run();
    if (fwrite(fault, 4, 2, out) != 2 || fwrite(arena, 1, bytes, out) != bytes) return 1;
  }
  return fclose(out);
}
`;

/** Those of f64 first, since those of f32 may call them. */
function elementaryFunctions({ functions }: Needs): string[] {
  const names = (type: "f64" | "f32") => [...(functions.get(type) ?? new Set<Elementary>())];
  const wide = new Set([...names("f64"), ...names("f32")]);
  return [
    ...[...wide].map((name) => elementaryFunction(name, "f64")),
    ...names("f32").map((name) => elementaryFunction(name, "f32")),
  ];
}

type Body = (lines: string[]) => void;

/** Loops over axes of which the first has this number. */
function nest(extents: Shape, first: number, lines: string[], body: Body): void {
  extents.forEach((n, k) => {
    const i = `i${first + k}`;
    lines.push(`for (i32 ${i} = 0; ${i} < ${n}; ${i}++) {`);
  });
  body(lines);
  lines.push("}".repeat(extents.length));
}

/** The loop's own position, counted in row-major order. */
const position = (extents: Shape, first = 0): string =>
  ["0", ...stridesOf(extents).map((stride, k) => `i${first + k} * ${stride}`)].join(" + ");

function kernelText(kernel: Kernel, { offsets }: Program, needs: Needs): string {
  const lines: string[] = [];
  const declare = (name: string, { dtype, id }: Buffer) => {
    lines.push(`${typeOf[dtype]} *const ${name} = (void *)(arena + ${offsets[id]});`);
  };
  kernel.reads.forEach((b, k) => {
    declare(`x${k}`, b);
  });
  kernel.stores.forEach(({ buffer }, k) => {
    declare(`y${k}`, buffer);
  });
  const place: Place = {
    load: (input, at) => `x${input}[${at}]`,
    reduced: undefined,
    needs,
    where: kernel.where,
  };
  /** All values before the first store: what is written may be what another value reads. */
  const store = (reduced?: string) => {
    const block = new Block(lines);
    const input = kernel.reads.length;
    const here = reduced === undefined ? place : { ...place, reduced: { input, text: reduced } };
    const values = kernel.stores.map(({ value }) => valueOf(value, block, here));
    values.forEach((value, k) => {
      lines.push(`y${k}[${position(kernel.extents)}] = ${value};`);
    });
  };
  const { extents } = kernel;
  switch (kernel.loop) {
    case "map":
      nest(extents, 0, lines, () => store());
      break;
    case "reduce":
      nest(extents, 0, lines, () => {
        const { combine } = kernel;
        if (isPosition(combine)) {
          extremePosition(combine, kernel, lines, place);
        } else reduced(kernel, joins[combine], lines, place);
        store("r");
      });
      break;
    case "scan": {
      const { axis, combine, reverse, value } = kernel;
      const n = extents[axis] ?? 1;
      const others = extents.map((m, k) => (k === axis ? 1 : m));
      nest(others, 0, lines, () => {
        lines.push(
          `${typeOf[value.dtype]} r = ${number(beginning(combine, value.dtype), value.dtype)};`,
        );
        lines.push(`for (i32 k = 0; k < ${n}; k++) {`);
        lines.push(`const i32 i${axis} = ${reverse ? `${n - 1} - k` : "k"};`);
        const v = valueOf(value, new Block(lines), place);
        lines.push(`r = ${applied(joins[combine], value.dtype, ["r", v], needs)};`);
        store("r");
        lines.push("}");
      });
      break;
    }
    case "order": {
      const { axis, value, descending } = kernel;
      const n = extents[axis] ?? 1;
      const [stride, type] = [stridesOf(extents)[axis] ?? 1, typeOf[value.dtype]];
      // By insertion: an element moves up past all that it comes before.
      const others = extents.map((m, k) => (k === axis ? 1 : m));
      nest(others, 0, lines, () => {
        lines.push(`${type} keys[${n}]; i32 *const to = y0 + (${position(extents)});`);
        lines.push(`for (i32 k = 0; k < ${n}; k++) {`, `const i32 i${axis} = k;`);
        const v = valueOf(value, new Block(lines), place);
        lines.push(`const ${type} v = ${v};`, "i32 j = k;");
        const [a, b] = descending ? ["keys[j - 1]", "v"] : ["v", "keys[j - 1]"];
        lines.push(`while (j > 0 && ${a} == ${a} && (${b} != ${b} || ${a} < ${b})) {`);
        lines.push(`keys[j] = keys[j - 1]; to[j * ${stride}] = to[(j - 1) * ${stride}]; j--;`);
        lines.push("}", `keys[j] = v; to[j * ${stride}] = k;`, "}");
      });
      break;
    }
    case "scatter": {
      const { at, bound, value, stores } = kernel;
      const [{ buffer }] = stores;
      const { dtype, size } = buffer;
      lines.push(`for (i32 k = 0; k < ${size}; k++) y0[k] = 0;`);
      nest(extents, 0, lines, () => {
        const block = new Block(lines);
        checkBound(
          valueOf(bound.index, block, place),
          { ...bound, where: kernel.where },
          block,
          place,
        );
        const to = `y0[${valueOf(at, block, place)}]`;
        const v = valueOf(value, block, place);
        const kept = kernel.combine === "last" ? v : applied("add", dtype, [to, v], needs);
        lines.push(`${to} = ${kept};`);
      });
    }
  }
  return `{\n${lines.map((line) => `  ${line}\n`).join("")}}\n`;
}

type Reduce = Extract<Kernel, { loop: "reduce" }>;

/** The terms of one output, joined in the order of the kernel. */
function reduced(kernel: Reduce, join: Intrinsic, lines: string[], place: Place): void {
  const { combine, over, value, extents } = kernel;
  const { dtype } = value;
  const { needs } = place;
  const type = typeOf[dtype];
  const fresh = (): string => `t${needs.names++}`;
  const add = (to: string, part: string) => {
    lines.push(`${to} = ${applied(join, dtype, [to, part], needs)};`);
  };
  const begin = number(
    over.includes(0) ? neutral(combine, dtype) : beginning(combine, dtype),
    dtype,
  );
  const declare = (name: string): string => {
    lines.push(`${type} ${name} = ${begin};`);
    return name;
  };
  const term = (): string => valueOf(value, new Block(lines), place);
  declare("r");
  if (over.includes(0)) return;
  const order = summation(kernel);
  if (order.kind === "product") {
    const [k, part, size] = [fresh(), declare(fresh()), sizeOf(over)];
    lines.push(`for (i32 ${k} = 0; ${k} < ${size};) {`);
    stridesOf(over).forEach((stride, axis) => {
      lines.push(`const i32 i${extents.length + axis} = ${k} / ${stride} % ${over[axis]};`);
    });
    add(part, term());
    lines.push(`if (++${k} % ${order.block} == 0 || ${k} == ${size}) {`);
    add("r", part);
    lines.push(`${part} = ${begin};`, "}", "}");
    return;
  }
  /** Joins the sum, its indices counted from here on, to what is in a variable. */
  const sumTo = (to: string, sum: Sum, from: readonly string[]): void => {
    lines.push("{");
    const own = declare(fresh());
    if (sum.kind === "parts") {
      const { axis, step, count, each, rest } = sum;
      const i = fresh();
      const start = from[axis] ?? "0";
      lines.push(`i32 ${i} = ${start};`);
      lines.push(`for (; ${i} < ${start} + ${count * step}; ${i} += ${step}) {`);
      sumTo(own, each, from.with(axis, i));
      lines.push("}");
      if (rest) sumTo(own, rest, from.with(axis, i));
    } else {
      const sums = sum.kind === "row" ? fresh() : undefined;
      const begins = new Array(runningSums).fill(begin).join(", ");
      if (sums) lines.push(`${type} ${sums}[] = {${begins}};`);
      sum.over.forEach((n, axis) => {
        const [i, start] = [`i${extents.length + axis}`, from[axis]];
        lines.push(`for (i32 ${i} = ${start}; ${i} < ${start} + ${n}; ${i}++) {`);
      });
      const last = `(i${extents.length + over.length - 1} - ${from.at(-1)})`;
      add(sums ? `${sums}[${last} % ${runningSums}]` : own, term());
      lines.push("}".repeat(over.length));
      for (let half = runningSums / 2; sums && half >= 1; half /= 2) {
        for (let k = 0; k < half; k++) add(`${sums}[${k}]`, `${sums}[${k + half}]`);
      }
      if (sums) add(own, `${sums}[0]`);
    }
    add(to, own);
    lines.push("}");
  };
  sumTo(
    "r",
    order.sum,
    over.map(() => "0"),
  );
}

/** The position of the extreme value: NaN is the extreme, the first of equals stays. */
function extremePosition(
  combine: Position,
  { value, over, extents }: Reduce,
  lines: string[],
  place: Place,
): void {
  const type: DType = value.dtype;
  lines.push("i32 r = 0;", `${typeOf[type]} best = ${number(neutral(combine, type), type)};`);
  nest(over, extents.length, lines, () => {
    const v = valueOf(value, new Block(lines), place);
    const sign = combine === "argmax" ? ">" : "<";
    lines.push(`if (best == best && (${v} ${sign} best || ${v} != ${v})) {`);
    lines.push(`best = ${v};`, `r = ${position(over, extents.length)};`, "}");
  });
}
