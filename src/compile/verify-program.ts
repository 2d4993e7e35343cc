import type { DType } from "../core/dtype.ts";
import {
  type Expression,
  intrinsics,
  kinds,
  type Load,
  subexpressions,
} from "../core/expression.ts";
import { isPosition } from "../core/meaning.ts";
import { type Shape, sameShape, sizeOf } from "../core/shape.ts";
import { isIdentity, linearForm, rangeOf } from "./affine.ts";
import { compilerFault } from "./fault.ts";
import { occupied } from "./occupied.ts";
import {
  type Buffer,
  byteSize,
  type Kernel,
  type Program,
  printProgram,
  writtenBy,
} from "./program.ts";

/** Where an expression stands: in the loop itself, or in what is stored after it. */
interface Loads {
  readonly inside: readonly Load[];
  readonly stored: readonly Load[];
}

/**
 * Checks a program against its invariants: what is read was written before and is still there,
 * loads stay inside their buffers, stores fill theirs with their type, every buffer has its place in
 * the arena, no kernel reads what it writes other than at its own position, and what outlives a run
 * (constants, outputs, inputs that no state replaces) is whole in the end. Every program passes
 * through here before it is run.
 */
export function verifyProgram(program: Program): void {
  const { kernels, inputs, outputs, buffers } = program;
  /** What holds its value at this point of the program. */
  const whole = occupied(program.offsets);
  const problem = (i: number, what: string): never => {
    const [shown, others] = [kernels.slice(i, i + 1), kernels.toSpliced(i, 1)];
    return compilerFault(
      i < kernels.length ? `In the kernel shown first, ${what}` : `In the end ${what}`,
      printProgram({ ...program, kernels: [...shown, ...others] }),
    );
  };
  const checkPlace = (i: number, b: Buffer): void => {
    const offset = program.offsets[b.id] ?? -1;
    if (offset < 0 || offset + byteSize(b) > program.arena) {
      problem(i, `${b.name} has no place in the arena`);
    }
  };
  const begin = (b: Buffer): void => {
    checkPlace(0, b);
    const [other] = whole.under(b);
    if (other) problem(0, `${b.name} and ${other.name} share a place from the start`);
    whole.put(b);
  };
  const reachOf = reaches();
  const typed = new Map<Expression, readonly Load[]>();
  const constants = buffers.filter((b) => b.role === "constant");
  for (const b of new Set([...inputs, ...constants])) begin(b);
  kernels.forEach((kernel, i) => {
    const stores = writtenBy(kernel);
    for (const b of [...kernel.reads, ...stores]) checkPlace(i, b);
    for (const b of kernel.reads) {
      if (!whole.has(b)) problem(i, `it reads ${b.name}, which is not there, or not anymore`);
    }
    const wrong = (what: string): never => problem(i, what);
    const loads = loadsOf(kernel, typed, wrong);
    const all = kernel.loop === "reduce" ? [...kernel.extents, ...kernel.over] : kernel.extents;
    for (const e of loads.inside) checkLoad(kernel, e, all, reachOf, wrong);
    for (const e of loads.stored) checkLoad(kernel, e, all, reachOf, wrong);
    checkResult(kernel, loads, wrong);
    for (const { buffer, value } of kernel.stores) {
      if (kernel.loop === "scatter" || kernel.loop === "repeat") continue;
      const [expected, found] = [buffer.size, sizeOf(kernel.extents)];
      if (expected !== found) problem(i, `${buffer.name} has ${expected} elements, not ${found}`);
      if (value.dtype !== buffer.dtype) {
        problem(i, `${buffer.name} is ${buffer.dtype} and gets ${value.dtype}`);
      }
    }
    for (const [k, b] of stores.entries()) {
      for (const other of whole.under(b)) {
        const written = stores.indexOf(other);
        if (written >= 0 && written < k) {
          problem(i, `it writes ${b.name} where it writes something else`);
        }
        if (!kernel.reads.includes(other)) continue;
        const same = program.offsets[other.id] === program.offsets[b.id];
        if (!(same && readsHere(kernel, loads, other))) {
          problem(i, `it writes ${b.name} over ${other.name}, which it reads elsewhere`);
        }
      }
      whole.put(b);
    }
  });
  const replaced = new Set(outputs.map((b) => b.inPlaceOf));
  const states = inputs.filter((b) => !replaced.has(b));
  for (const b of [...constants, ...states, ...outputs]) {
    checkPlace(kernels.length, b);
    if (!whole.has(b)) problem(kernels.length, `${b.name} is not there, or not anymore`);
  }
}

type Problem = (what: string) => never;

/** The kernel's loads; every expression is typed on the way, once for all kernels that have it. */
function loadsOf(kernel: Kernel, typed: Map<Expression, readonly Load[]>, problem: Problem): Loads {
  const loadsIn = (root: Expression): readonly Load[] => {
    let found = typed.get(root);
    if (found === undefined) {
      found = subexpressions(root).filter((e): e is Load => {
        checkTypes(e, problem);
        return e.kind === "load";
      });
      typed.set(root, found);
    }
    return found;
  };
  const loads = (roots: readonly Expression[]): readonly Load[] => {
    const [root, ...others] = roots;
    return root && others.length === 0 ? loadsIn(root) : roots.flatMap(loadsIn);
  };
  const places = kernel.loop === "scatter" ? [kernel.at, kernel.bound.index] : [];
  return {
    inside:
      kernel.loop === "map" || kernel.loop === "repeat" ? [] : loads([...places, kernel.value]),
    stored: loads(kernel.stores.map((s) => s.value)),
  };
}

function checkTypes(e: Expression, problem: Problem): void {
  if (e.kind === "apply") {
    const [arity, , kind] = intrinsics[e.fn];
    const [first] = e.args;
    const taken: readonly DType[] = kinds[kind];
    const fits = e.args.every((x) => x.dtype === first?.dtype && taken.includes(x.dtype));
    if (e.args.length !== arity || !fits) {
      problem(`${e.fn} gets ${e.args.map((x) => x.dtype).join(" and ")}`);
    }
  } else if (e.kind === "select") {
    if (e.condition.dtype !== "bool") problem(`a choice depends on ${e.condition.dtype}`);
    if (e.then.dtype !== e.dtype || e.otherwise.dtype !== e.dtype) {
      problem(`a choice of ${e.dtype} is between ${e.then.dtype} and ${e.otherwise.dtype}`);
    }
  } else if (e.kind === "load") {
    if (e.at.dtype !== "i32") problem(`load ${e.input} is at a place of ${e.at.dtype}`);
    if (e.when && e.when.dtype !== "bool") problem(`load ${e.input} depends on ${e.when.dtype}`);
    if (e.when && e.bound) problem(`load ${e.input} has a condition and a bound`);
    if (e.bound && e.bound.index.dtype !== "i32") {
      problem(`load ${e.input} is bound by ${e.bound.index.dtype}`);
    }
  }
}

/** The loop's result: known behind the loop only, and of its type. */
function checkResult(kernel: Kernel, { inside, stored }: Loads, problem: Problem): void {
  const isResult = (e: Expression): boolean => e.kind === "load" && e.input === kernel.reads.length;
  if (inside.some(isResult)) problem("the loop reads its own result");
  if (kernel.loop === "map" || kernel.loop === "repeat") return;
  if (kernel.loop === "reduce" && kernel.dtype !== kernel.value.dtype) {
    problem(`its terms are ${kernel.value.dtype}, not ${kernel.dtype}`);
  }
  const isPlace =
    kernel.loop === "order" || (kernel.loop === "reduce" && isPosition(kernel.combine));
  const type = isPlace ? "i32" : kernel.value.dtype;
  for (const e of stored) {
    if (isResult(e) && e.dtype !== type) problem(`its result is ${type}, not ${e.dtype}`);
  }
  if (kernel.loop === "reduce") return;
  const [{ value }, ...others] = kernel.stores;
  if (others.length > 0 || !isResult(value)) problem(`a ${kernel.loop} stores its result alone`);
}

/** Whether the kernel reads the buffer at the position alone that it writes next. */
const readsHere = (kernel: Kernel, { inside, stored }: Loads, b: Buffer): boolean =>
  kernel.loop !== "repeat" &&
  inside.every((e) => kernel.reads[e.input] !== b) &&
  stored.every((e) => kernel.reads[e.input] !== b || isIdentity(e.at, kernel.extents));

function checkLoad(
  kernel: Kernel,
  e: Load,
  extents: Shape,
  reachOf: Reaches,
  problem: (what: string) => never,
): void {
  // The reduced value is no buffer.
  if (e.input === kernel.reads.length && kernel.loop !== "map") return;
  const b = kernel.reads[e.input];
  if (b?.dtype !== e.dtype) {
    problem(`load ${e.input} is not a ${e.dtype}`);
    return;
  }
  const reach = reachOf(e, extents);
  if (reach === undefined) return;
  const [low, high] = reach;
  if (low < 0 || high >= b.size) problem(`load of ${b.name} reaches ${low} … ${high}`);
}

type Reaches = (e: Load, extents: Shape) => readonly [number, number] | undefined;

/** The first and the last element that a load reads in a loop, where that is known beforehand. */
function reaches(): Reaches {
  const known = new Map<Load, { readonly extents: Shape; readonly reach: ReturnType<Reaches> }>();
  return (e, extents) => {
    const before = known.get(e);
    if (before && sameShape(before.extents, extents)) return before.reach;
    // A place that depends on data is checked when it is read, with an error of its own.
    const isOpen = e.when || e.bound || extents.includes(0);
    const form = isOpen ? undefined : linearForm(e.at, extents);
    const reach = form && rangeOf(form, extents);
    known.set(e, { extents, reach });
    return reach;
  };
}
