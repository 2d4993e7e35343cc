/**
 * A function for each kernel, or for many that are alike: what they differ in (compile/alike.ts) is
 * given when it is called. So a program of thousands of kernels stays small, and the engine, which
 * optimizes what is called often, has a dozen functions to optimize.
 */

import { type KernelSlot, likenesses, patternOf } from "../../../compile/alike.ts";
import type { Kernel, PlainKernel } from "../../../compile/program.ts";
import { isCounted } from "../../../compile/rows.ts";
import { at, entry } from "../../../core/at.ts";
import { bytesOf } from "../../../core/dtype.ts";
import {
  access,
  type Expr,
  type Func,
  type FunctionBuilder,
  get,
  i32,
} from "../assembler/index.ts";
import { contractionPlan, contractionScratch } from "./contract.ts";
import { addressIn, KernelWriter, type SlotValues } from "./kernel.ts";
import { writeKernel } from "./loops.ts";
import { orderScratch } from "./order.ts";
import { callAll, writeRepeat } from "./repeat.ts";
import { literal, typeOf } from "./scalar.ts";
import { scanScratch } from "./scan.ts";
import type { Target } from "./target.ts";
import { isTiny, writeUnrolled } from "./unrolled.ts";

interface Written {
  readonly func: Func;
  readonly units: number;
  /**
   * Not to be shared out: too small, its units build upon each other, or it calls into JavaScript,
   * which only the first thread can.
   */
  readonly alone: boolean;
  /** Bytes of scratch memory that it needs. */
  readonly scratch: number;
}

/** A kernel's function, and what it is given behind its units. */
export interface Compiled extends Written {
  readonly kernel: Kernel;
  readonly given: readonly Expr[];
}

/** Kernels that are alike, and their slots. */
interface Family {
  readonly kernels: PlainKernel[];
  readonly slots: (readonly KernelSlot[])[];
}

/** How functions are written. */
interface Writing {
  /** Kernels that are alike share a function if there are so many or more. */
  readonly least: number;
  /** Whether what is tiny becomes straight-line code. */
  readonly straight: boolean;
}

/** Functions of the kernels. */
export function writeFunctions(
  target: Target,
  kernels: readonly Kernel[],
  writing: Writing,
): Compiled[] {
  const { least } = writing;
  const families = kernels.length < least ? new Map<Kernel, Family>() : familiesOf(kernels);
  const calls = new Map<Kernel, Compiled>();
  return kernels.map((kernel, i) => {
    if (kernel.loop === "repeat") return repeated(target, kernel, i, writing);
    const family = families.get(kernel);
    if (family && family.kernels.length >= least && family.kernels[0] === kernel) {
      for (const call of writeFamily(target, family, i)) calls.set(call.kernel, call);
    }
    const given = countOf(target, kernel);
    return calls.get(kernel) ?? { ...write(target, kernel, i, given), kernel, given };
  });
}

/** How long the first summed axis is, where the kernel is open: its place in the list of these. */
function countOf({ countsAt, counted }: Target, kernel: Kernel): readonly Expr[] {
  if (!isCounted(kernel)) return [];
  return [access("i32.load", [i32(countsAt + 4 * entry(counted, kernel))])];
}

/** A loop over a graph: the first thread's, who calls the functions of its body. */
function repeated(
  target: Target,
  kernel: Extract<Kernel, { loop: "repeat" }>,
  number: number,
  writing: Writing,
): Compiled {
  const { repeat } = kernel;
  const tiny = writing.straight && isTiny(repeat.kernels);
  const inner = tiny ? [] : writeFunctions(target, repeat.kernels, writing);
  const func = target.module.function(`k${number}_repeat`, ["i32", "i32"], "void", (f) => {
    writeRepeat(target, f, repeat, () => {
      if (tiny) writeUnrolled(target, f, repeat.kernels);
      else callAll(f, inner);
    });
    return undefined;
  });
  const scratch = inner.reduce((most, { scratch }) => Math.max(most, scratch), 0);
  return { func, units: repeat.length, alone: true, scratch, kernel, given: [] };
}

function familiesOf(kernels: readonly Kernel[]): ReadonlyMap<Kernel, Family> {
  const known = new Map<string, Family>();
  const families = new Map<Kernel, Family>();
  const likeness = likenesses();
  for (const kernel of kernels) {
    if (kernel.loop === "repeat") continue;
    const { key, slots } = likeness(kernel);
    let family = known.get(key);
    if (family === undefined) known.set(key, (family = { kernels: [], slots: [] }));
    family.kernels.push(kernel);
    family.slots.push(slots);
    families.set(kernel, family);
  }
  return families;
}

/** What a function is given: for each kernel a value. */
interface Parameter {
  readonly type: "i32" | "f32" | "f64";
  readonly values: readonly number[];
}

/** A slot's value: the same for all kernels, or so much more than a parameter. */
interface Settled {
  readonly parameter: number | undefined;
  readonly value: number;
}

/** An engine takes no more than a thousand parameters. */
const mostGiven = 500;

/** The function of a family, and its calls; none where it would have to be given too much. */
function writeFamily(target: Target, family: Family, number: number): Compiled[] {
  const { kernels, slots } = family;
  const parameters: Parameter[] = [];
  const settled = settle(target, slots, parameters);
  if (parameters.length > mostGiven) return [];
  const { kernel, slotOf } = patternOf(
    at(kernels, 0),
    (slot) => at(settled, slot).parameter !== undefined,
  );
  const counts = countOf(target, at(kernels, 0)).map(() => "i32" as const);
  const before = 2 + counts.length;
  const given = (f: FunctionBuilder): SlotValues => {
    const of = (key: Parameters<typeof slotOf.get>[0]) => {
      const { parameter, value } = at(settled, entry(slotOf, key));
      const from = parameter === undefined ? undefined : get(at(f.params, before + parameter));
      return { from, value };
    };
    const first = at(slots, 0);
    return {
      place: (b) => {
        const { from, value: offset } = of(b);
        return from ? { from, offset } : { offset };
      },
      number: (b) => (at(first, entry(slotOf, b)).kind === "number" ? of(b).from : undefined),
      line: (where) => {
        const { from, value } = of(where);
        return from ?? i32(value);
      },
    };
  };
  const types = parameters.map(({ type }) => type);
  const written = write(target, kernel, number, [], { types: [...counts, ...types], given });
  const alone = written.alone || at(slots, 0).some(({ kind }) => kind === "line");
  const { func, units, scratch } = written;
  return kernels.map((kernel, k) => {
    const own = parameters.map(({ type, values }) => literal(at(values, k), type));
    return { func, units, scratch, alone, kernel, given: [...countOf(target, kernel), ...own] };
  });
}

/**
 * The values of slots. Places that keep their distances in all kernels share a parameter, the
 * address of the first of them; other slots do if they hold the same values.
 */
function settle(
  { program, base, lines }: Target,
  slots: readonly (readonly KernelSlot[])[],
  parameters: Parameter[],
): Settled[] {
  const valueOf = (slot: KernelSlot): number => {
    switch (slot.kind) {
      case "place":
        return addressIn(program, base, slot.buffer) + slot.element * bytesOf(slot.buffer.dtype);
      case "number":
        return slot.value;
      case "line":
        return lines.push(slot.where) - 1;
    }
  };
  const columns = at(slots, 0).map((slot, i) => {
    const values = slots.map((own) => valueOf(at(own, i)));
    const [first] = values as [number];
    const isPlace = slot.kind === "place";
    const varies = !values.every((value) => Object.is(value, first));
    const type = slot.kind === "number" ? typeOf[slot.dtype] : "i32";
    const shape = isPlace ? values.map((value) => value - first) : values.map(numberText);
    return { values, first, varies, type, key: varies ? `${slot.kind} ${type} ${shape}` : "" };
  });
  const lowest = new Map<string, number>();
  for (const { key, first, varies } of columns) {
    if (varies) lowest.set(key, Math.min(first, lowest.get(key) ?? first));
  }
  const numbers = new Map<string, number>();
  return columns.map(({ values, first, varies, type, key }) => {
    if (!varies) return { parameter: undefined, value: first };
    const distance = first - entry(lowest, key);
    let parameter = numbers.get(key);
    if (parameter === undefined) {
      const from = values.map((value) => value - distance);
      parameter = parameters.push({ type: type as Parameter["type"], values: from }) - 1;
      numbers.set(key, parameter);
    }
    return { parameter, value: distance };
  });
}

const numberText = (value: number): string => (Object.is(value, -0) ? "-0" : String(value));

function write(
  target: Target,
  kernel: Kernel,
  number: number,
  counts: readonly Expr[],
  shared?: {
    readonly types: readonly ("i32" | "f32" | "f64")[];
    readonly given: (f: FunctionBuilder) => SlotValues;
  },
): Written {
  const { lines, intrinsics, module } = target;
  const before = lines.length + intrinsics.outside;
  let [units, inOrder] = [1, false];
  const func = module.function(
    `k${number}_${kernel.loop}`,
    ["i32", "i32", ...(shared?.types ?? counts.map(() => "i32" as const))],
    "void",
    (f) => {
      if (kernel.extents.includes(0) && kernel.loop !== "scatter") return undefined;
      const writer = new KernelWriter(target, f, kernel, shared?.given(f));
      writeKernel(writer);
      ({ sharedUnits: units, inOrder } = writer);
      return undefined;
    },
  );
  const leaves = lines.length + intrinsics.outside > before;
  return { func, units, alone: units <= 1 || leaves || inOrder, scratch: scratchOf(kernel) };
}

function scratchOf(kernel: Kernel): number {
  if (kernel.loop === "order") return orderScratch(kernel);
  if (kernel.loop === "scan") return scanScratch;
  if (kernel.loop !== "reduce") return 0;
  const plan = contractionPlan(kernel);
  return plan ? contractionScratch(plan) + 64 : 0;
}
