/** A program as one WebAssembly module: functions of kernels, and one that runs them all. */

import { barriers } from "../../compile/barriers.ts";
import type { Buffer, Program } from "../../compile/program.ts";
import { countedKernels } from "../../compile/rows.ts";
import { at } from "../../core/at.ts";
import {
  call,
  type Expr,
  type Func,
  type FunctionBuilder,
  getGlobal,
  i32,
  ModuleBuilder,
  op,
  setGlobal,
} from "./assembler/index.ts";
import { type Compiled, writeFunctions } from "./emit/functions.ts";
import { addressIn } from "./emit/kernel.ts";
import type { Target } from "./emit/target.ts";
import { shared, shareOf, type Team, writeTeam } from "./emit/threads.ts";
import { isTiny, writeUnrolled } from "./emit/unrolled.ts";
import { Intrinsics } from "./intrinsics/index.ts";

export interface ModuleOptions {
  /** Relaxed multiply-add: faster, and rounded as the engine likes. */
  readonly relaxed: boolean;
  /**
   * Adds functions around `run`, which runs the program once. It is given where buffers lie and
   * where free memory begins, and returns where it ends.
   */
  readonly extend?: (parts: {
    readonly module: ModuleBuilder;
    readonly run: Func;
    /** The functions that it calls, in turn. */
    readonly kernels: readonly Compiled[];
    readonly address: (b: Buffer) => number;
    readonly free: number;
    /** Present if the program is made for several threads. */
    readonly team: Team | undefined;
    /** Gives a worker its own scratch memory. */
    readonly enlist: (f: FunctionBuilder, thread: Expr) => void;
    /** Where the counts of open kernels stand (i32 each). */
    readonly countsAt: number;
    /** The other program, where there is one. */
    readonly other: Placed | undefined;
  }) => number;
  /** Another program in the same memory, behind the first. */
  readonly other?: Program | undefined;
  /** Whether a tiny program becomes straight-line code; loops give the same bits. Default true. */
  readonly straight?: boolean;
  /** The most threads that will run it together. Default 1. */
  readonly threads?: number;
  /** So many kernels that are alike, or more, share a function. Default: 8. */
  readonly alike?: number;
  /** Whether kernels are cut into units for one thread, too. Default false. */
  readonly inUnits?: boolean;
  /** Operations of a map's or a reduction's unit, at least. Default: what is worth a barrier. */
  readonly unitWork?: number;
}

/** So many operations take longer than a barrier, by far. */
const worthWaiting = 2 ** 15;
/** Fewer kernels are written out: what is known of them beforehand makes them a little faster. */
const worthSharing = 8;

/** A program as functions of a module. */
export interface Placed {
  /** Runs it once; with several threads each does its share. */
  readonly run: Func;
  readonly address: (b: Buffer) => number;
}

interface CompiledModule {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Bytes of memory that it needs. */
  readonly memory: number;
  /** Where the program lies, and the other. */
  readonly first: ProgramPlace;
  readonly other: ProgramPlace | undefined;
  /** The user's lines that errors about indices refer to by number. */
  readonly lines: readonly (() => string)[];
}

const page = 65536;
export const pagesFor = (bytes: number): number => Math.max(1, Math.ceil(bytes / page));

export function buildModule(program: Program, options: ModuleOptions): CompiledModule {
  const { relaxed, extend, straight = true, threads = 1 } = options;
  const { alike = worthSharing, unitWork = worthWaiting, inUnits = false } = options;
  const module = new ModuleBuilder();
  const first = placeOf(program, shared.end, straight);
  const second = options.other && placeOf(options.other, first.end, straight);
  const scratchAt = (second ?? first).end;
  const outOfRange = module.importFunction("env", "outOfRange", ["i32", "i32", "i32"]);
  const lost = threads > 1 ? module.importFunction("env", "lost", []) : undefined;
  const team = lost && writeTeam(module, lost);
  const scratch = module.global(i32(scratchAt));
  const intrinsics = new Intrinsics(module, { relaxed });
  const functions = new Map<string, Func>();
  const lines: (() => string)[] = [];
  const write = (place: ProgramPlace, name: string) => {
    const { tiny, open } = place;
    const { kernels, offsets } = place.program;
    const target: Target = {
      program: place.program,
      base: place.base,
      intrinsics,
      relaxed,
      outOfRange,
      lines,
      module,
      functions,
      scratch,
      counted: new Map(open.map((kernel, i) => [kernel, i])),
      countsAt: place.countsAt,
      unitWork: team || inUnits ? unitWork : undefined,
      isAlone: inUnits && team === undefined,
    };
    const compiled = writeFunctions(target, tiny ? [] : kernels, { least: alike, straight });
    const run = module.function(name, [], "void", (f) => {
      if (tiny) writeUnrolled(target, f, kernels);
      if (team) shareOut(f, compiled, team, offsets);
      else
        for (const { func, units, given } of compiled)
          f.emit(call(func, i32(0), i32(units), ...given));
      return undefined;
    });
    const address = (b: Buffer) => addressIn(place.program, place.base, b);
    const needed = compiled.reduce((most, { scratch }) => Math.max(most, scratch), 0);
    return { run, kernels: compiled, address, scratch: needed };
  };
  const { run, kernels, address, scratch: own } = write(first, "run");
  module.export("run", run);
  const other = second && write(second, "other");
  const each = rounded(Math.max(own, other?.scratch ?? 0));
  const free = scratchAt + each * threads;
  const enlist = (f: FunctionBuilder, thread: Expr): void => {
    const own = op("i32.mul", thread, i32(each));
    f.emit(setGlobal(scratch, op("i32.add", i32(scratchAt), own)));
  };
  const { countsAt } = first;
  const parts = { module, run, kernels, address, free, team, enlist, countsAt, other };
  const memory = extend?.(parts) ?? free;
  const pages = pagesFor(memory);
  const limits = team ? { min: pages, max: pages, shared: true } : { min: pages };
  module.importMemory("env", "memory", limits);
  return { bytes: module.toBytes(), memory, first, other: second, lines };
}

/** Where a program lies in memory: its arena, and behind it the counts of its open kernels. */
export interface ProgramPlace {
  readonly program: Program;
  /** Whether it is straight-line code. */
  readonly tiny: boolean;
  readonly open: ReturnType<typeof countedKernels>;
  /** Address of the arena. */
  readonly base: number;
  /** Where the counts of open kernels stand (i32 each). */
  readonly countsAt: number;
  readonly end: number;
}

function placeOf(program: Program, base: number, straight: boolean): ProgramPlace {
  const tiny = straight && isTiny(program.kernels);
  const open = tiny ? [] : countedKernels(program.kernels);
  const countsAt = base + program.arena;
  return { program, tiny, open, base, countsAt, end: countsAt + rounded(4 * open.length) };
}

const rounded = (bytes: number): number => Math.ceil(bytes / 64) * 64;

/**
 * Each thread does its units of every kernel; kernels that cannot be shared are the first thread's.
 * All wait at the end, too.
 */
function shareOut(
  f: FunctionBuilder,
  kernels: readonly Compiled[],
  team: Team,
  offsets: readonly number[],
): void {
  const first = op("i32.eqz", getGlobal(team.thread));
  const waits = barriers(
    kernels.map(({ kernel }) => kernel),
    offsets,
    (_, i) => at(kernels, i).alone,
  );
  kernels.forEach(({ func, units, alone, given }, i) => {
    if (waits[i]) f.emit(call(team.barrier));
    if (alone) f.if(first, () => f.emit(call(func, i32(0), i32(units), ...given)));
    else f.emit(call(func, ...shareOf(team, i32(units)), ...given));
  });
  f.emit(call(team.barrier));
}
