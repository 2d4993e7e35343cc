import { fail } from "../core/errors.ts";
import { type Expression, subexpressions } from "../core/expression.ts";
import { sizeOf } from "../core/shape.ts";
import { affine, isIdentity, rangeOf } from "./affine.ts";
import { type Buffer, byteSize, type Kernel, type Program, printProgram } from "./program.ts";

type Load = Extract<Expression, { kind: "load" }>;

/**
 * Checks a program against its invariants: what is read was written before and is still there,
 * loads stay inside their buffers, stores fill theirs with their type, every buffer has its place in
 * the arena, no kernel reads what it writes other than at its own position, and what outlives a run
 * (constants, outputs, inputs that no state replaces) is whole in the end.
 */
export function verifyProgram(program: Program): void {
  const { kernels, inputs, outputs, buffers } = program;
  /** What holds its value at this point of the program. */
  const whole = new Set<Buffer>([...inputs, ...buffers.filter((b) => b.role === "constant")]);
  const problem = (i: number, what: string): never =>
    fail("invalid-graph", {
      message: i < kernels.length ? `Kernel #${i}: ${what}.` : `In the end ${what}.`,
      found: `\n${printProgram({ ...program, kernels: kernels.slice(i, i + 1) })}`,
    });
  const overlap = (a: Buffer, b: Buffer): boolean => {
    const [from, start] = [program.offsets[a.id]!, program.offsets[b.id]!];
    return from < start + byteSize(b) && start < from + byteSize(a);
  };
  const checkPlace = (i: number, b: Buffer): void => {
    const offset = program.offsets[b.id] ?? -1;
    if (offset < 0 || offset + byteSize(b) > program.arena) {
      problem(i, `${b.name} has no place in the arena`);
    }
  };
  kernels.forEach((kernel, i) => {
    const stores = kernel.stores.map((s) => s.buffer);
    for (const b of [...kernel.reads, ...stores]) checkPlace(i, b);
    for (const b of kernel.reads) {
      if (!whole.has(b)) problem(i, `it reads ${b.name}, which is not there, or not anymore`);
    }
    for (const e of loadsOf(kernel)) checkLoad(kernel, e, (what) => problem(i, what));
    for (const { buffer, value } of kernel.stores) {
      if (kernel.loop === "scatter") continue;
      const [expected, found] = [buffer.size, sizeOf(kernel.extents)];
      if (expected !== found) problem(i, `${buffer.name} has ${expected} elements, not ${found}`);
      if (value.dtype !== buffer.dtype) {
        problem(i, `${buffer.name} is ${buffer.dtype} and gets ${value.dtype}`);
      }
    }
    for (const [k, b] of stores.entries()) {
      if (stores.slice(0, k).some((other) => overlap(b, other))) {
        problem(i, `it writes ${b.name} where it writes something else`);
      }
      for (const read of kernel.reads) {
        const same = program.offsets[read.id] === program.offsets[b.id];
        if (overlap(read, b) && !(same && readsHere(kernel, read))) {
          problem(i, `it writes ${b.name} over ${read.name}, which it reads elsewhere`);
        }
      }
      for (const other of whole) if (overlap(other, b)) whole.delete(other);
    }
    for (const b of stores) whole.add(b);
  });
  const replaced = new Set(outputs.map((b) => b.inPlaceOf));
  const lasting = buffers.filter((b) => b.role === "constant");
  const states = inputs.filter((b) => !replaced.has(b));
  for (const b of [...lasting, ...states, ...outputs]) {
    checkPlace(kernels.length, b);
    if (!whole.has(b)) problem(kernels.length, `${b.name} is not there, or not anymore`);
  }
}

const loadsOf = (kernel: Kernel): Load[] => {
  const roots = [
    ...kernel.stores.map((s) => s.value),
    ...(kernel.loop === "map" ? [] : [kernel.value]),
    ...(kernel.loop === "scatter" ? [kernel.at, kernel.bound.index] : []),
  ];
  return subexpressions(roots).filter((e) => e.kind === "load");
};

const readsHere = (kernel: Kernel, b: Buffer): boolean =>
  loadsOf(kernel).every((e) => kernel.reads[e.input] !== b || isIdentity(e.at, kernel.extents));

function checkLoad(kernel: Kernel, e: Load, problem: (what: string) => never): void {
  // The reduced value is no buffer.
  if (e.input === kernel.reads.length && kernel.loop !== "map") return;
  const b = kernel.reads[e.input];
  if (b === undefined || b.dtype !== e.dtype) problem(`load ${e.input} is not a ${e.dtype}`);
  const extents = kernel.loop === "reduce" ? [...kernel.extents, ...kernel.over] : kernel.extents;
  const form = affine(e.at, extents);
  if (form === undefined || e.when || extents.includes(0)) return;
  const [low, high] = rangeOf(form, extents);
  if (low < 0 || high >= b!.size) problem(`load of ${b!.name} reaches ${low} … ${high}`);
}
