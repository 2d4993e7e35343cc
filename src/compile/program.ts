/**
 * The loop IR: a training step (or any graph) as a list of kernels over buffers. A kernel is a loop
 * with scalar expressions in it, in the same language in which operators are defined; it knows no
 * operator and no machine.
 *
 * What a renderer may rely on and must keep (what can be checked is, in verify-program.ts):
 *
 * - Kernels run in order. A kernel's loop runs over `extents` (behind them, for the value of a
 *   reduction, over `over`) in row-major order. With a 0 among its extents a kernel does nothing,
 *   but that a scatter still clears its buffer.
 * - The order in which a reduction joins its terms is a property of the kernel, which summation.ts
 *   reads off it: a renderer may do several at a time, but must join them so, so that it gives the
 *   same bits as any other. Reductions and scans start from `beginning`, or from their first term,
 *   which is the same.
 * - A store writes the element at the loop's own row-major position. At a position all values are
 *   computed before the first is stored: a store may overwrite what another value reads there. No
 *   kernel reads what it writes other than at that position, so positions may be done in any order
 *   and several at a time.
 * - Loads refer to `reads` by number. In the stores of all loops but map, load number
 *   `reads.length` is no buffer but the loop's result at this position, whatever its `at`; in all but
 *   reduce the one store is that load and nothing else. Its type is that of the terms, but for
 *   argmax, argmin and order, whose result is an i32 position.
 * - An order's result at index k of `axis` is the index of the element that is k-th: by
 *   core/meaning.ts `precedes` (`follows` if descending), of equals the one that stands first.
 * - An element that is loaded lies inside its buffer. A load has a `when` or a `bound`, or neither.
 *   Where `when` is 0 nothing is read, but `at` may be computed (nothing traps), and points anywhere.
 *   Where `bound.index` is not in [0, bound.size) the run ends in an error that names the line of
 *   `bound.where`, or else the kernel's; a bound is checked at every position, behind a select too.
 * - Expressions are typed: arguments of one type that the intrinsic takes, conditions bool, places i32.
 *   What they mean says core/meaning.ts. They are graphs: what they share is computed once.
 * - Buffers lie at multiples of 64 bytes; behind each, 16 bytes more of the arena may be read. A bool
 *   is a byte, 0 or 1. Constants are written into the arena before the first run; inputs before each.
 */
import type { DType, TypedArray } from "../core/dtype.ts";
import { bytesOf } from "../core/dtype.ts";
import { type Expression, formatExpression } from "../core/expression.ts";
import type { Graph } from "../core/graph.ts";
import type { Position } from "../core/meaning.ts";
import type { Combine } from "../core/op.ts";
import { formatShape, type Shape } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import type { Kinds } from "./kinds.ts";

/** A region of the arena. */
export interface Buffer {
  readonly id: number;
  readonly dtype: DType;
  readonly size: number;
  /** Where its content comes from, and whether it outlives a run. */
  readonly role: "input" | "constant" | "output" | "temporary";
  readonly name: string;
  readonly data?: TypedArray;
  /** The input in whose place this output is written. */
  readonly inPlaceOf?: Buffer;
  /** Of a loop's body: so many bytes into the loop's workspace. */
  readonly within?: { readonly workspace: Buffer; readonly offset: number };
  /** Of a body's program: an input that has its place in the program around it. */
  readonly isOutside?: boolean;
}

/** Writes value(i) to element i. */
export interface Store {
  readonly buffer: Buffer;
  readonly value: Expression;
}

/** Error messages about data need the user's line. */
interface Common {
  readonly extents: Shape;
  readonly reads: readonly Buffer[];
  readonly where: () => string;
}

export type Kernel =
  | (Common & { readonly loop: "map"; readonly stores: readonly Store[] })
  | (Common & {
      readonly loop: "reduce";
      readonly over: Shape;
      readonly combine: Combine;
      readonly value: Expression;
      /** The type of the terms. */
      readonly dtype: DType;
      readonly stores: readonly Store[];
      /** Whether runs on fewer rows sum fewer terms: the first summed axis is then shorter. */
      readonly isCounted?: boolean;
    })
  | (Common & {
      readonly loop: "scan";
      readonly axis: number;
      readonly combine: Exclude<Combine, Position>;
      readonly reverse: boolean;
      readonly value: Expression;
      readonly stores: readonly [Store];
    })
  | (Common & {
      readonly loop: "order";
      readonly axis: number;
      readonly descending: boolean;
      readonly value: Expression;
      readonly stores: readonly [Store];
    })
  /**
   * Clears the buffer, then for each position of `extents`, in order: buffer[at] += value, or
   * buffer[at] = value where the last is kept.
   */
  | (Common & {
      readonly loop: "scatter";
      readonly combine: "sum" | "last";
      readonly at: Expression;
      readonly bound: { readonly index: Expression; readonly size: number };
      readonly value: Expression;
      readonly stores: readonly [Store];
      /** Whether runs on fewer rows do fewer positions: the first axis is then shorter. */
      readonly isCounted?: boolean;
    })
  /** A program that runs again and again. */
  | (Common & {
      readonly loop: "repeat";
      readonly stores: readonly Store[];
      readonly repeat: Repetition;
    });

/** A kernel that is one loop. */
export type PlainKernel = Exclude<Kernel, { loop: "repeat" }>;

/** Elements that are copied: all of them, or a row of the larger buffer. */
export interface Move {
  readonly from: Buffer;
  readonly to: Buffer;
}

/**
 * A body's program and what is done around it. First `first` is copied. For each of `length` rows, in
 * order or from the last to the first: the row of each of `rows` is copied, the row's number is
 * written to `index`; where `when` is there and 0 the rest is left out; the kernels run; what
 * `stacks` says is copied to that row, and rows left out are 0. In the end `last` is copied. So it
 * is too where there are no rows. The workspace holds what lies in it while this kernel runs.
 */
export interface Repetition {
  readonly length: number;
  readonly reverse: boolean;
  readonly workspace: Buffer;
  readonly kernels: readonly Kernel[];
  readonly first: readonly Move[];
  readonly rows: readonly Move[];
  readonly index: Buffer | undefined;
  readonly when: Buffer | undefined;
  readonly stacks: readonly Move[];
  readonly last: readonly Move[];
}

/** Whatever a kernel writes, its workspace included. */
export const writtenBy = (kernel: Kernel): Buffer[] => {
  const stored = kernel.stores.map(({ buffer }) => buffer);
  return kernel.loop === "repeat" ? [...stored, kernel.repeat.workspace] : stored;
};

export interface Program {
  readonly kernels: readonly Kernel[];
  readonly buffers: readonly Buffer[];
  /** In the graph's order. */
  readonly inputs: readonly Buffer[];
  readonly outputs: readonly Buffer[];
  /** Byte offset of each buffer in the arena, by id. */
  readonly offsets: readonly number[];
  /** Size of the arena in bytes. */
  readonly arena: number;
  /**
   * Its parts in bytes: what outlives a run, and what temporaries share; `peak` is the sum of those
   * alive at the worst moment, less than which no plan can need.
   */
  readonly memory: { readonly kept: number; readonly temporary: number; readonly peak: number };
  /** What it was made of, where it may be wanted for fewer rows: see resized.ts. */
  readonly origin?: Origin;
}

/** The graph behind a program for batches, and which kernel does what of it. */
export interface Origin {
  readonly graph: Graph;
  readonly rows: number;
  /** The simplified graph. */
  readonly outputs: readonly Tensor[];
  readonly kinds: Kinds;
  /** The kernel that reduces a node's terms, or scatters them. */
  readonly kernels: ReadonlyMap<Tensor, Kernel>;
  /** The buffers of constants that may be others for fewer rows. */
  readonly constants: ReadonlyMap<Tensor, Buffer>;
}

/** The program as text, one kernel a paragraph. */
export function printProgram(program: Program): string {
  const { arena, memory, offsets, kernels } = program;
  return [
    printKernels(kernels, (b) => `${b.name}@${offsets[b.id]}`),
    `arena ${arena} bytes: ${memory.kept} kept, ${memory.temporary} for temporaries, ` +
      `of which ${memory.peak} are alive at the worst moment`,
  ].join("\n");
}

export function printKernels(
  kernels: readonly Kernel[],
  name: (b: Buffer) => string = (b) => (b.inPlaceOf ? `${b.name}→${b.inPlaceOf.name}` : b.name),
): string {
  const paragraphs = kernels.map((k, i) => {
    const over =
      k.loop === "reduce"
        ? ` ${k.combine} over ${formatShape(k.over)}`
        : k.loop === "scan"
          ? ` ${k.combine} along ${k.axis}${k.reverse ? ", from the end" : ""}`
          : k.loop === "order"
            ? ` along ${k.axis}${k.descending ? ", descending" : ""}`
            : k.loop === "repeat"
              ? ` ${k.repeat.length} rows${k.repeat.reverse ? ", from the end" : ""}`
              : "";
    const reads = k.reads.map((b, j) => `x${j}=${name(b)}`).join(" ");
    const head = `#${i} ${k.loop} ${formatShape(k.extents)}${over} (${reads})`;
    const at = k.loop === "scatter" ? [`  at = ${formatExpression(k.at)}`] : [];
    if (k.loop === "repeat") return [head, ...printRepetition(k.repeat, name)].join("\n");
    const value = k.loop === "map" ? [] : [`  value = ${formatExpression(k.value)}`];
    const stores = k.stores.map(
      (s) => `  ${name(s.buffer)}: ${s.buffer.dtype} = ${formatExpression(s.value)}`,
    );
    return [head, ...at, ...value, ...stores].join("\n");
  });
  return paragraphs.join("\n");
}

function printRepetition(r: Repetition, name: (b: Buffer) => string): string[] {
  const { index, when, workspace } = r;
  const moves = (what: string, all: readonly Move[]) =>
    all.map(({ from, to }) => `  ${what}: ${name(to)} = ${name(from)}`);
  return [
    `  workspace: ${name(workspace)}, ${workspace.size} bytes`,
    ...moves("first", r.first),
    ...moves("row", r.rows),
    ...(index ? [`  number of the row: ${name(index)}`] : []),
    ...(when ? [`  where ${name(when)}`] : []),
    printKernels(r.kernels, name).replace(/^(?=.)/gm, "    "),
    ...moves("to the row", r.stacks),
    ...moves("last", r.last),
  ];
}

export const byteSize = (b: Buffer): number => b.size * bytesOf(b.dtype);
