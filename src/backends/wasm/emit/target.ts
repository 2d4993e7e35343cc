import type { Kernel, Program } from "../../../compile/program.ts";
import type { Func, Global, ModuleBuilder } from "../assembler/index.ts";
import type { Intrinsics } from "../intrinsics/index.ts";

/** The module under construction, as a kernel sees it. */
export interface Target {
  readonly program: Program;
  /** Where the arena begins in memory. */
  readonly base: number;
  readonly intrinsics: Intrinsics;
  readonly relaxed: boolean;
  /** Throws in JavaScript: (which of `lines`, index that was out of range, size of the axis). */
  readonly outOfRange: Func;
  /** The user's lines whose indices are checked. */
  readonly lines: (() => string)[];
  readonly module: ModuleBuilder;
  /** Functions that several kernels share, by what they do. */
  readonly functions: Map<string, Func>;
  /** Address of memory that a kernel may use as it likes; each thread has its own. */
  readonly scratch: Global;
  /** The kernels that are open, by their place among the counts, which begin at this address. */
  readonly counted: ReadonlyMap<Kernel, number>;
  readonly countsAt: number;
  /** Operations of a unit, at least; undefined where there is one thread and no need of units. */
  readonly unitWork: number | undefined;
  /** Whether there is one thread, and units are done one after another. */
  readonly isAlone: boolean;
}
