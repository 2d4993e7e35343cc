/**
 * The smaller last batch of an epoch within the loop: by the loop's own program on fewer rows where it
 * does for that, else by a program of its own in the same memory, to which the state is copied. Either
 * way the bits are those of a program that was made for that batch alone.
 */
import { compileProgram } from "../../compile/index.ts";
import { loopOf, type StepLoop } from "../../compile/loop.ts";
import { type Buffer, byteSize, type Program } from "../../compile/program.ts";
import { type Resized, resized } from "../../compile/resized.ts";
import { fullCounts } from "../../compile/rows.ts";
import { at } from "../../core/at.ts";
import { entryOf } from "../../core/by-name.ts";
import type { TypedArray } from "../../core/dtype.ts";
import { inputsByName, outputsByName, type StepGraph, statePairs } from "../../step/ports.ts";
import type { SessionData } from "../backend.ts";
import { type FunctionBuilder, i32, op } from "./assembler/index.ts";
import { literal, store } from "./emit/scalar.ts";
import type { RestParts } from "./emit/train.ts";
import { isTiny } from "./emit/unrolled.ts";
import type { Placed } from "./module.ts";

/** What the loop's program is in the module. */
interface Around extends Placed {
  readonly countsAt: number;
}

interface Rest {
  readonly weight: number;
  /** A program of its own, where it needs one. */
  readonly program: Program | undefined;
  /** How it is trained on; `other` is its own program. */
  readonly parts: (around: Around, other: Placed | undefined) => RestParts;
}

/** How the last batch is trained on; undefined where there is none, or the loop cannot do it. */
export function restOf(
  step: StepGraph,
  program: Program,
  data: SessionData,
  loop: StepLoop,
): Rest | undefined {
  const { rest } = data;
  const batchSize = loop.examples - loop.batches * loop.batchSize;
  if (rest === undefined || batchSize === 0) return undefined;
  const { weight } = rest;
  const own = rest.step();
  const size = isTiny(program.kernels) ? undefined : resized(program, own);
  const batch = { ...data, batchSize, weight };
  if (size) {
    const fewer = loopOf(step, program, batch);
    return { weight, program: undefined, parts: (around) => onFewer(program, fewer, size, around) };
  }
  const other = compileProgram(own, { state: statePairs(own) });
  const last = loopOf(own, other, batch);
  if (!isSame(loop, last)) return undefined;
  const copies = copiesOf({ step, program }, { step: own, program: other });
  return {
    weight,
    program: other,
    parts: (around, placed) => byItself(last, copies, around, placed ?? around),
  };
}

/** Whether the same is counted of both. */
const isSame = (a: StepLoop, b: StepLoop): boolean =>
  a.sums.length === b.sums.length &&
  a.sums.every(({ of, name }, k) => at(b.sums, k).of === of && at(b.sums, k).name === name);

/** The loop's program: counts and numbers are others meanwhile, and rows that are missing 0. */
function onFewer(
  program: Program,
  loop: StepLoop,
  size: Resized,
  { run, address, countsAt }: Around,
): RestParts {
  const full = fullCounts(program.kernels);
  const set = (
    f: FunctionBuilder,
    counts: readonly number[],
    constants: readonly (readonly [Buffer, TypedArray | undefined])[],
  ): void => {
    for (const [i, count] of counts.entries()) {
      if (at(size.counts, i) === at(full, i)) continue;
      f.emit(store("i32", i32(countsAt + 4 * i), i32(count), 0));
    }
    for (const [b, data = []] of constants) {
      for (const value of data) f.emit(store(b.dtype, i32(address(b)), literal(value, b.dtype), 0));
    }
  };
  return {
    loop,
    run,
    address,
    enter(f) {
      set(f, size.counts, size.constants);
      for (const { batch, width } of loop.gather) {
        const own = width * loop.batchSize;
        const missing = i32(byteSize(batch) - own);
        f.emit(op("memory.fill", i32(address(batch) + own), i32(0), missing));
      }
    },
    leave: (f) =>
      set(
        f,
        full,
        size.constants.map(([b]) => [b, b.data]),
      ),
  };
}

/** Buffers of the loop's program, and those of the last batch's that hold the same. */
type Pairs = readonly (readonly [around: Buffer, own: Buffer])[];

function copiesOf(
  around: { readonly step: StepGraph; readonly program: Program },
  own: { readonly step: StepGraph; readonly program: Program },
): { readonly enter: Pairs; readonly leave: Pairs } {
  const [a, b] = [around, own].map(({ step, program }) => ({
    ...inputsByName(step, program.inputs),
    loss: outputsByName(step, program.outputs).loss,
  })) as [Named, Named];
  const pairs = (part: "controls" | "parameters" | "buffers" | "slots"): Pairs =>
    Object.entries<Buffer>({ ...a[part] }).map(([name, x]) => [
      x,
      entryOf<Buffer>({ ...b[part] }, name),
    ]);
  const state = (["parameters", "buffers", "slots"] as const).flatMap(pairs);
  // The last loss is looked for in the loop's program.
  return { enter: [...pairs("controls"), ...state], leave: [...state, [a.loss, b.loss]] };
}

type Named = ReturnType<typeof inputsByName<StepGraph["ports"]["inputs"], Buffer>> & {
  readonly loss: Buffer;
};

function byItself(
  loop: StepLoop,
  { enter, leave }: ReturnType<typeof copiesOf>,
  around: Around,
  { run, address }: Placed,
): RestParts {
  const copy = (f: FunctionBuilder, to: number, from: number, b: Buffer): void => {
    if (b.size > 0) f.emit(op("memory.copy", i32(to), i32(from), i32(byteSize(b))));
  };
  return {
    loop,
    run,
    address,
    enter(f) {
      for (const [a, b] of enter) copy(f, address(b), around.address(a), b);
    },
    leave(f) {
      for (const [a, b] of leave) copy(f, around.address(a), address(b), b);
    },
  };
}
