/** A program as it stands in the machine: its library, its memory, and where buffers lie in that. */
import type { StepLoop } from "../../compile/loop.ts";
import type { Buffer, Program } from "../../compile/program.ts";
import { at as element } from "../../core/at.ts";
import type { DType, TypedArray } from "../../core/dtype.ts";
import { ChainruleError, fail } from "../../core/errors.ts";
import { letGoOfAll } from "../kept.ts";
import { faultBytes, renderFile } from "./file.ts";
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

export function loadProgram(program: Program, code: NativeOptions, loop?: StepLoop) {
  const job = { program, ...(loop ? { loop } : {}) };
  const { text, lines, programs } = renderFile([job], {
    fuses: !code.deterministic,
    vectorBytes: vectorBytes(),
  });
  const { memory: bytes, places } = element(programs, 0);
  const library = loadLibrary(text);
  const memory = allocateMemory(bytes);
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
  return { library, memory, at, places, throwFault };
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
