/** A program as it stands in an engine: its module, its memory, and where buffers lie in that. */
import type { Buffer, Program } from "../../compile/program.ts";
import { type Resized, resized } from "../../compile/resized.ts";
import { firstSize, fullCounts } from "../../compile/rows.ts";
import { at as element } from "../../core/at.ts";
import type { DType, TypedArray } from "../../core/dtype.ts";
import { ChainruleError, fail } from "../../core/errors.ts";
import type { Graph } from "../../core/graph.ts";
import { letGoOfAll } from "../kept.ts";
import { features } from "./assembler/index.ts";
import { imports } from "./intrinsics/index.ts";
import { buildModule, type ModuleOptions, type ProgramPlace, pagesFor } from "./module.ts";
import { lost } from "./workers.ts";

export interface CodeOptions {
  /** Without the instructions whose rounding is left to the engine. */
  readonly deterministic?: boolean;
}

export const instructionsFor = ({ deterministic = false }: CodeOptions) => ({
  relaxed: !deterministic && features().relaxedSimd,
});

/** What WebAssembly's 32-bit addresses reach. */
const addressable = 2 ** 32 - 65536;

const views = { f64: Float64Array, f32: Float32Array, i32: Int32Array, bool: Uint8Array } as const;

/** Elements in the module's memory. */
export function view(
  memory: WebAssembly.Memory,
  dtype: DType,
  address: number,
  size: number,
): TypedArray {
  return new views[dtype](memory.buffer as ArrayBuffer, address, size);
}

/** A program for several sizes of batches: for which one it runs next. */
interface Sizes {
  /** How it does for another graph; undefined where it does not. */
  readonly fitting: (graph: Graph) => Resized | undefined;
  /** From now on it runs so; undefined: as it was made. */
  readonly take: (size: Resized | undefined) => void;
}

function sizesOf(program: Program, at: (b: Buffer) => TypedArray, counts: Int32Array): Sizes {
  const full = fullCounts(program.kernels);
  let now: Resized | undefined;
  return {
    fitting: (graph) => resized(program, graph),
    take(size) {
      if (size === now) return;
      for (const [buffer] of now?.constants ?? []) if (buffer.data) at(buffer).set(buffer.data);
      counts.set(size?.counts ?? full);
      for (const [buffer, data] of size?.constants ?? []) at(buffer).set(data);
      now = size;
    },
  };
}

/** Where the buffers of a program lie. */
const placedIn =
  (memory: WebAssembly.Memory, { program, base }: ProgramPlace) =>
  (b: Buffer): TypedArray =>
    view(memory, b.dtype, base + element(program.offsets, b.id), b.size);

/** Writes a program's constants, and the counts of its open kernels: those are what comes back. */
function fill(memory: WebAssembly.Memory, place: ProgramPlace): Int32Array {
  const at = placedIn(memory, place);
  for (const b of place.program.buffers) if (b.data) at(b).set(b.data);
  const full = place.open.map((kernel) => firstSize(kernel) ?? 0);
  const counts = new Int32Array(memory.buffer as ArrayBuffer, place.countsAt, full.length);
  counts.set(full);
  return counts;
}

/** @param data bytes that are needed beside the program, refused before anything is made */
export function instantiate(program: Program, options: ModuleOptions, data = 0) {
  if (program.arena + data > addressable) outOfMemory(program.arena + data, data);
  const { bytes, memory: size, first, other, lines } = buildModule(program, options);
  const memory = allocateMemory(size, (options.threads ?? 1) > 1, data);
  const module = compileModule(bytes);
  const { exports } = new WebAssembly.Instance(module, {
    env: { memory, outOfRange: outOfRange(lines), lost },
    ...imports,
  });
  const at = placedIn(memory, first);
  const counts = fill(memory, first);
  if (other) fill(memory, other);
  const sizes = !first.tiny && program.origin ? sizesOf(program, at, counts) : undefined;
  return { exports, at, memory, module, sizes };
}

function compileModule(bytes: Uint8Array<ArrayBuffer>): WebAssembly.Module {
  try {
    return new WebAssembly.Module(bytes);
  } catch (cause) {
    if (!/content security policy|unsafe-eval/i.test(String(cause))) throw cause;
    return fail("unsupported", {
      message: "The page's content security policy forbids WebAssembly.",
      expected: "script-src with 'wasm-unsafe-eval'",
      found: String(cause),
      fix: 'Allow it, or train with backend: "interpreter", which needs nothing of the kind.',
      cause,
    });
  }
}

function allocateMemory(size: number, shared: boolean, data: number): WebAssembly.Memory {
  const initial = pagesFor(size);
  if (size > addressable) outOfMemory(size, data);
  const make = () =>
    new WebAssembly.Memory(shared ? { initial, maximum: initial, shared } : { initial });
  try {
    return make();
  } catch {
    try {
      if (letGoOfAll()) return make();
    } catch {
      // What is said below.
    }
    return outOfMemory(size, data);
  }
}

const outOfMemory = (bytes: number, data: number): never =>
  fail("out-of-memory", {
    message: "The program needs more memory than WebAssembly can have.",
    expected: "at most 4 GiB, and what the machine has free",
    found:
      `${(bytes / 2 ** 20).toFixed(0)} MiB for parameters, optimizer, data, activations and working memory` +
      (data > 0 ? `, of which ${(data / 2 ** 20).toFixed(0)} MiB are data` : ""),
    ...(2 * data > bytes && {
      fix: "Train on a part of the examples at a time, with one fit after another.",
    }),
  });

const outOfRange =
  (lines: readonly (() => string)[]) => (line: number, at: number, size: number) => {
    throw new ChainruleError("index-out-of-range", {
      message: "An index that came from data points outside its axis.",
      expected: size === 0 ? "none: the axis is empty" : `0 … ${size - 1}`,
      found: String(at),
      where: element(lines, line)() || undefined,
    });
  };
