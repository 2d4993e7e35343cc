/** A program as it stands in the machine: its library, its memory, and where buffers lie in that. */
import type { StepLoop } from "../../compile/loop.ts";
import type { Buffer, Program } from "../../compile/program.ts";
import { at as element } from "../../core/at.ts";
import type { DType, TypedArray } from "../../core/dtype.ts";
import { ChainruleError, fail } from "../../core/errors.ts";
import { noteOnce } from "../../core/note.ts";
import { letGoOfAll } from "../kept.ts";
import { renderFile } from "./file.ts";
import { faultBytes, teamWord } from "./memory.ts";
import {
  allocateAligned,
  type Library,
  loadLibrary,
  type Memory,
  vectorBytes,
} from "./node-library.ts";

export interface NativeOptions {
  /** A product and a sum are never rounded as one. */
  readonly deterministic?: boolean;
}

const views = { f64: Float64Array, f32: Float32Array, i32: Int32Array, bool: Uint8Array } as const;

export function viewOf(memory: Memory, dtype: DType, at: number, size: number): TypedArray {
  return new views[dtype](memory.buffer, memory.start + at, size);
}

/** A training loop, and how many threads are to run it. */
interface LoopJob {
  readonly loop: StepLoop;
  readonly threads: number;
}

/** A program's text, and what loads it. */
export function prepareProgram(program: Program, code: NativeOptions, job?: LoopJob) {
  const target = { fuses: !code.deterministic, vectorBytes: vectorBytes() };
  const render = (team: boolean) =>
    renderFile([{ program, team, ...(job && { loop: job.loop }) }], target);
  let rendered = render((job?.threads ?? 1) > 1);
  const threads = element(rendered.programs, 0).divides ? (job?.threads ?? 1) : 1;
  if (job && threads < job.threads) rendered = render(false);
  return { text: rendered.text, load: () => loaded(program, rendered, threads) };
}

export const loadProgram = (program: Program, code: NativeOptions) =>
  prepareProgram(program, code).load();

function loaded(
  program: Program,
  { text, lines, programs }: ReturnType<typeof renderFile>,
  threads: number,
) {
  const { memory: bytes, places, perThread } = element(programs, 0);
  const library = loadLibrary(text);
  const memory = allocateMemory(bytes + (threads - 1) * perThread);
  const at = (b: Buffer) => viewOf(memory, b.dtype, element(program.offsets, b.id), b.size);
  for (const b of program.buffers) if (b.data) at(b).set(b.data);
  const words = viewOf(memory, "i32", -faultBytes, 3) as Int32Array;
  /** Throws what an index did that lay outside of its axis. */
  const throwFault = (): never => {
    const [line = 0, index = 0, size = 0] = words;
    words.fill(0);
    throw new ChainruleError("index-out-of-range", {
      message: "An index that came from data points outside its axis.",
      expected: size === 0 ? "none: the axis is empty" : `0 … ${size - 1}`,
      found: String(index),
      where: element(lines, line - 1)() || undefined,
    });
  };
  const team = threads > 1 ? startTeam(library, memory, threads) : undefined;
  return { library, memory, at, places, throwFault, team };
}

/** Threads that wait for commands. */
export interface Workforce {
  /** Sends them home; the program is then run by one. */
  close(): void;
}

function startTeam(library: Library, memory: Memory, threads: number): Workforce | undefined {
  const start = library.func("uint64_t start(uint64_t memory, int32_t threads)");
  const leave = library.func("void leave(uint64_t team)");
  let team: unknown = start(memory.address, threads);
  if (!team) {
    noteOnce(`one thread trains: the system has refused to start ${threads}.`);
    return undefined;
  }
  // Not the memory, which is to be collected though somebody waits to send the team home.
  const word = new WeakRef(viewOf(memory, "i32", teamWord - faultBytes, 2));
  return {
    close() {
      if (!team) return;
      word.deref()?.fill(0);
      leave(team);
      team = undefined;
    },
  };
}

/** A function of the library that is given the memory, and whole numbers. */
export function functionIn(
  library: Library,
  { address }: Memory,
  name: string,
  numbers = 0,
): (...numbers: number[]) => number {
  const given = Array.from({ length: numbers }, (_, k) => `, int32_t n${k}`).join("");
  const call = library.func(`int32_t ${name}(uint64_t memory${given})`);
  return (...args) => call(address, ...args);
}

function allocateMemory(bytes: number): Memory {
  const made =
    allocateAligned(bytes, faultBytes) ??
    (letGoOfAll() ? allocateAligned(bytes, faultBytes) : undefined);
  return (
    made ??
    fail("out-of-memory", {
      message: "The program needs more memory than there is.",
      expected: "what the machine has free",
      found: `${(bytes / 2 ** 20).toFixed(0)} MiB for parameters, optimizer, data and activations`,
    })
  );
}
