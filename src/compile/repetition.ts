/**
 * A loop over a graph in a program: its body is a program of its own, whose arena is a temporary of
 * the program around it, the workspace. What is the same at every step lies outside of that.
 */
import { at, entry, zip } from "../core/at.ts";
import { type Body, type BodyOutput, placeholdersOf } from "../core/body.ts";
import type { Graph } from "../core/graph.ts";
import type { StatePairs } from "./3-schedule.ts";
import type { Buffer, Kernel, Move, Program, Repetition, Store } from "./program.ts";

/** How a body is compiled: the inputs of these numbers lie outside of its arena. */
export type CompileBody = (
  graph: Graph,
  options: { readonly state: StatePairs; readonly outside: readonly number[] },
) => Program;

interface Around {
  readonly body: Body;
  /** The outputs that are wanted, and where they go. */
  readonly outputs: readonly BodyOutput[];
  readonly stores: readonly Store[];
  /** Where the loop's inputs lie. */
  readonly inputs: readonly Buffer[];
  readonly compile: CompileBody;
  /** Adds a buffer to the program around it. */
  readonly make: (b: Omit<Buffer, "id">) => Buffer;
}

export function repetition({ body, outputs, stores, inputs, compile, make }: Around): Repetition {
  const { constants, carries, slices, index, next, when, length, reverse } = body;
  const stacked = outputs.filter((y) => typeof y !== "number");
  const placeholders = [...placeholdersOf(body), index];
  const program = compile(
    { inputs: placeholders, outputs: [...next, ...stacked] },
    {
      state: carries.map((_, k) => [constants.length + k, k]),
      outside: constants.map((_, k) => k),
    },
  );
  const lies = (b: Buffer): number => at(program.offsets, b.id);
  const outside = program.inputs.slice(0, constants.length);
  const own = outside.reduce((least, b) => Math.min(least, lies(b)), program.arena);
  const workspace = make({ dtype: "bool", size: own, role: "temporary", name: "workspace" });
  const placed = new Map<Buffer, Buffer>(zip(outside, inputs.slice(0, constants.length)));
  for (const b of program.buffers) {
    if (placed.has(b)) continue;
    const { dtype, size, name, data, role } = b;
    // A constant is written once, and outlives the workspace.
    const made = data
      ? make({ dtype, size, name, role: "constant", data })
      : make({ dtype, size, name, role, within: { workspace, offset: lies(b) } });
    placed.set(b, made);
  }
  const place = (b: Buffer): Buffer => entry(placed, b);
  const kernels = program.kernels.map((kernel) => moved(kernel, place));
  const results = program.outputs;
  const read = new Set<Buffer>([...program.kernels.flatMap(({ reads }) => reads), ...results]);
  const flag = when && at(program.inputs, placeholders.indexOf(when));
  if (flag) read.add(flag);
  const input = (k: number): Buffer => at(program.inputs, k);
  const rows = constants.length + carries.length;
  const state = (k: number): Buffer => place(input(constants.length + k));
  const number = input(rows + slices.length);
  const wanted = zip(outputs, stores);
  const to = (output: BodyOutput): Buffer[] =>
    wanted.filter(([y]) => y === output).map(([, { buffer }]) => buffer);
  return {
    length,
    reverse,
    workspace,
    kernels,
    first: carries.map((_, k): Move => ({ from: at(inputs, constants.length + k), to: state(k) })),
    rows: slices.flatMap((_, k): Move[] => {
      const slice = input(rows + k);
      return read.has(slice) ? [{ from: at(inputs, rows + k), to: place(slice) }] : [];
    }),
    index: read.has(number) ? place(number) : undefined,
    when: flag && place(flag),
    stacks: stacked.flatMap((y, k) => {
      const from = place(at(results, next.length + k));
      return to(y).map((buffer): Move => ({ from, to: buffer }));
    }),
    last: carries.flatMap((_, k) => to(k).map((buffer): Move => ({ from: state(k), to: buffer }))),
  };
}

/** The same kernel over other buffers. */
function moved(kernel: Kernel, place: (b: Buffer) => Buffer): Kernel {
  const reads = kernel.reads.map(place);
  const put = <S extends Store>(s: S): S => ({ ...s, buffer: place(s.buffer) });
  switch (kernel.loop) {
    case "map":
    case "reduce":
      return { ...kernel, reads, stores: kernel.stores.map(put) };
    case "repeat": {
      const { repeat } = kernel;
      const moves = (all: readonly Move[]) =>
        all.map(({ from, to }) => ({ from: place(from), to: place(to) }));
      const inner: Repetition = {
        ...repeat,
        workspace: place(repeat.workspace),
        kernels: repeat.kernels.map((k) => moved(k, place)),
        first: moves(repeat.first),
        rows: moves(repeat.rows),
        stacks: moves(repeat.stacks),
        last: moves(repeat.last),
        index: repeat.index && place(repeat.index),
        when: repeat.when && place(repeat.when),
      };
      return { ...kernel, reads, stores: kernel.stores.map(put), repeat: inner };
    }
    default:
      return { ...kernel, reads, stores: [put(kernel.stores[0])] };
  }
}
