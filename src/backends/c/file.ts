/** A program as one file of C: functions of kernels, one that runs them all, and the loop around it. */
import type { StepLoop } from "../../compile/loop.ts";
import type { Buffer, Program } from "../../compile/program.ts";
import { at } from "../../core/at.ts";
import type { Elementary } from "../../core/elementary/functions.ts";
import { elementaryFunction } from "./elementary.ts";
import type { FileNeeds } from "./expressions.ts";
import { callLines, functionsOf } from "./functions.ts";
import { loopText } from "./loop.ts";
import { faultBytes } from "./memory.ts";
import { largeAngles, prelude } from "./prelude.ts";
import { vectors } from "./product.ts";
import { teamHeaders, teamLines, teamText } from "./team.ts";

/** What is to stand in a file: a program, with the loop around it where it is a training step. */
interface Job {
  readonly program: Program;
  readonly loop?: StepLoop;
  /** Whether several threads may run the loop together. */
  readonly team?: boolean;
}

/** A file of C, and what it needs to know of memory that it is given. */
interface Rendered {
  readonly text: string;
  /** The user's lines that errors about indices refer to by number. */
  readonly lines: readonly (() => string)[];
  readonly programs: readonly Placed[];
}

/** A program in a file. */
interface Placed {
  /** Its function, of type int (char *memory): 2 where an index was outside of its axis. */
  readonly name: string;
  /** Bytes of memory that it needs, from where its address is on. */
  readonly memory: number;
  readonly places: Places;
  /** Whether there is a kernel that threads can share. */
  readonly divides: boolean;
  /** Bytes behind that memory for each thread beside the first. */
  readonly perThread: number;
}

/** Where in memory stands what is not in the arena, in bytes from its start. */
export interface Places {
  readonly scratch: number;
  /** The loop's sums, f64 each. */
  readonly sums: number;
  /** The order of the examples, i32 each. */
  readonly order: number;
  /** The data of each part that is gathered. */
  readonly data: readonly number[];
  /** For each epoch of a call: the loop's sums, in its order. */
  readonly records: number;
}

/** Epochs that one call can report. */
export const mostEpochs = 4096;

const rounded = (bytes: number): number => Math.ceil(bytes / 64) * 64;

/** What the text depends on beside the programs. */
interface Target {
  /** Whether a product and a sum may be rounded once. */
  readonly fuses: boolean;
  /** Bytes of a vector: no bits depend on it. */
  readonly vectorBytes: number;
}

export function renderFile(jobs: readonly Job[], target: Target): Rendered {
  const counts = { lines: [], names: 0, kernels: 0 };
  const needs: FileNeeds = { functions: new Map(), micros: new Map(), ...counts, ...target };
  const made = jobs.map((job, k) => place(job, k === 0 ? "run" : `run_${k}`, needs));
  const team = jobs.some((job) => job.team);
  const text = [
    ...(team ? [teamHeaders] : []),
    prelude,
    faults,
    ...(team ? [teamText] : []),
    ...(made.some(({ sorts }) => sorts) ? [sorting] : []),
    ...elementaryFunctions(needs),
    ...(needs.micros.size > 0 ? [vectors(target)] : []),
    ...Array.from(needs.micros.values(), ({ text }) => text),
    ...made.flatMap(({ texts }) => texts),
    "",
  ].join("\n");
  return { text, lines: needs.lines, programs: made };
}

function place({ program, loop, team = false }: Job, name: string, needs: FileNeeds) {
  const { texts, calls } = functionsOf(program, needs);
  // Behind the last buffer 16 bytes more may be read; a vector of this machine has up to 64.
  let end = rounded(program.arena + 64);
  const reserve = (bytes: number): number => {
    const start = end;
    end = rounded(end + bytes);
    return start;
  };
  const scratchBytes = rounded(Math.max(0, ...calls.map((c) => c.scratch)) + 64);
  const scratch = reserve(scratchBytes);
  const sums = reserve(8 * (loop?.sums.length ?? 0));
  const order = reserve(4 * (loop?.examples ?? 0));
  const data = (loop?.gather ?? []).map(({ width }) => reserve(width * (loop?.examples ?? 0)));
  const records = reserve(loop ? 8 * loop.sums.length * mostEpochs : 0);
  const places: Places = { scratch, sums, order, data, records };
  const address = (b: Buffer): string => `(A + ${at(program.offsets, b.id)}L)`;
  const run = [
    `exported int ${name}(char *const A) {`,
    `char *const scratch = A + ${scratch}L;`,
    ...callLines(calls, "return 2;"),
    "return 0;",
    "}",
  ];
  const together = [
    `char *const scratch = A + (number ? ${end - scratchBytes}L + number * ${scratchBytes}L : ${scratch}L);`,
    ...teamLines(program, calls),
  ];
  return {
    name,
    texts: [
      ...texts,
      run.join("\n"),
      ...(loop ? [loopText(loop, places, { address, team: team ? together : undefined })] : []),
    ],
    sorts: calls.some(({ kernel }) => usesOrder(kernel)),
    divides: calls.some(({ alone }) => !alone),
    memory: end,
    perThread: scratchBytes,
    places,
  };
}

type AnyKernel = Program["kernels"][number];

const usesOrder = (kernel: AnyKernel): boolean =>
  kernel.loop === "order" || (kernel.loop === "repeat" && kernel.repeat.kernels.some(usesOrder));

/** The first index that was outside of its axis is remembered; the kernel goes on. */
const faults = `
static __attribute__((noinline, cold)) void fault(char *A, i32 line, i32 index, i32 size) {
  i32 *const words = (i32 *)(A - ${faultBytes});
  if (words[0]) return;
  words[0] = line + 1; words[1] = index; words[2] = size;
}
inlined int broken(char *A) { return *(i32 *)(A - ${faultBytes}) != 0; }
`;

/** Those of f64 first, since those of f32 may call them. */
function elementaryFunctions({ functions, fuses }: FileNeeds): string[] {
  const names = (type: "f64" | "f32") => [...(functions.get(type) ?? new Set<Elementary>())];
  const texts32 = names("f32").map((name) => elementaryFunction(name, "f32", fuses));
  const called = names("f32").filter((name, k) => at(texts32, k).includes(`${name}_f64(`));
  const wide = [...new Set([...names("f64"), ...called])];
  const texts = [...wide.map((name) => elementaryFunction(name, "f64", fuses)), ...texts32];
  return texts.some((text) => text.includes("reduce_large")) ? [largeAngles(), ...texts] : texts;
}

/** A stable merge sort from below: runs of 1, 2, 4 … pairs go from one half of memory to the other. */
const sortOf = (key: string, type: string, descending: boolean): string => {
  const name = `sort_${key}_${descending ? "down" : "up"}`;
  // Whether b, which stands behind a, comes before it: NaN is the greatest.
  const real = descending
    ? "b->key != a->key && a->key == a->key && !(b->key <= a->key)"
    : "b->key == b->key && !(a->key <= b->key)";
  const whole = descending ? "b->key > a->key" : "b->key < a->key";
  return `
__attribute__((unused)) static pair_${key} *${name}(pair_${key} *from, pair_${key} *to, long n) {
  for (long width = 1; width < n; width += width) {
    for (long start = 0; start < n; start += 2 * width) {
      long middle = start + width < n ? start + width : n;
      long end = middle + width < n ? middle + width : n;
      pair_${key} *a = from + start, *b = from + middle, *out = to + start;
      pair_${key} *const left = b, *const right = from + end;
      while (a < left && b < right) *out++ = ${key === "i32" ? whole : real} ? *b++ : *a++;
      while (a < left) *out++ = *a++;
      while (b < right) *out++ = *b++;
    }
    pair_${key} *const other = from;
    from = to;
    to = other;
  }
  return from;
}`.replaceAll("pair_TYPE", type);
};

const sorting = (
  [
    ["f64", "double"],
    ["f32", "float"],
    ["i32", "i32"],
  ] as const
)
  .map(
    ([key, type]) =>
      `typedef struct { ${type} key; i32 at; } pair_${key};` +
      `${sortOf(key, type, false)}${sortOf(key, type, true)}`,
  )
  .join("\n");
