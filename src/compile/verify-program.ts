import { fail } from "../core/errors.ts";
import { type Expression, subexpressions } from "../core/expression.ts";
import { affine, isIdentity, rangeOf } from "./affine.ts";
import { type Buffer, byteSize, type Kernel, type Program, printProgram } from "./program.ts";

/**
 * Checks a program against its invariants: what is read was written before, loads stay inside
 * their buffers, buffers that live at the same time do not overlap, and no kernel reads what it
 * writes other than at its own position.
 */
export function verifyProgram(program: Program): void {
  const { kernels, inputs, buffers } = program;
  const written = new Set<Buffer>([...inputs, ...buffers.filter((b) => b.role === "constant")]);
  const owner = new Map<number, Buffer>();
  const problem = (i: number, what: string): never =>
    fail("invalid-graph", {
      message: `Kernel #${i}: ${what}.`,
      found: `\n${printProgram({ ...program, kernels: [kernels[i]!] })}`,
    });
  kernels.forEach((kernel, i) => {
    for (const b of kernel.reads) {
      if (!written.has(b)) problem(i, `it reads ${b.name}, which nobody has written`);
      const now = owner.get(program.offsets[b.id]!);
      const lost = now !== undefined && now !== b && b.role === "temporary";
      if (lost) problem(i, `it reads ${b.name}, which ${now.name} has overwritten`);
    }
    for (const e of loadsOf(kernel)) check(program, kernel, e, (what) => problem(i, what));
    for (const { buffer, value } of kernel.stores) {
      if (kernel.loop !== "scatter" && value.dtype !== buffer.dtype) {
        problem(i, `${buffer.name} is ${buffer.dtype} and gets ${value.dtype}`);
      }
      const [start, end] = [program.offsets[buffer.id]!, byteSize(buffer)];
      for (const b of kernel.reads) {
        const from = program.offsets[b.id]!;
        const apart = from + byteSize(b) <= start || start + end <= from;
        if (!apart && !(from === start && readsHere(kernel, b))) {
          problem(i, `it writes ${buffer.name} over ${b.name}, which it reads elsewhere`);
        }
      }
      written.add(buffer);
      owner.set(start, buffer);
    }
  });
}

const loadsOf = (kernel: Kernel): Extract<Expression, { kind: "load" }>[] => {
  const roots = [
    ...kernel.stores.map((s) => s.value),
    ...(kernel.loop === "map" ? [] : [kernel.value]),
    ...(kernel.loop === "scatter" ? [kernel.at] : []),
  ];
  return subexpressions(roots).filter((e) => e.kind === "load");
};

function readsHere(kernel: Kernel, b: Buffer): boolean {
  return loadsOf(kernel).every(
    (e) => kernel.reads[e.input] !== b || isIdentity(e.at, kernel.extents),
  );
}

function check(
  program: Program,
  kernel: Kernel,
  e: Extract<Expression, { kind: "load" }>,
  problem: (what: string) => never,
): void {
  if (e.input === kernel.reads.length && kernel.loop !== "map") return;
  const b = kernel.reads[e.input];
  if (b === undefined || b.dtype !== e.dtype) problem(`load ${e.input} is not a ${e.dtype}`);
  const extents = kernel.loop === "reduce" ? [...kernel.extents, ...kernel.over] : kernel.extents;
  const form = affine(e.at, extents);
  if (form === undefined || e.when || extents.includes(0)) return;
  const [low, high] = rangeOf(form, extents);
  if (low < 0 || high >= b!.size) problem(`load of ${b!.name} reaches ${low} … ${high}`);
  if (program.offsets[b!.id] === -1) problem(`${b!.name} has no place`);
}
