/** A loop over a graph: the functions of its body's kernels are called once for each row. */
import type { Buffer, Move, Repetition } from "../../../compile/program.ts";
import { bytesOf } from "../../../core/dtype.ts";
import {
  access,
  brIf,
  call,
  type Expr,
  type FunctionBuilder,
  get,
  i32,
  type Local,
  op,
} from "../assembler/index.ts";
import type { Compiled } from "./functions.ts";
import { addressIn } from "./kernel.ts";
import type { Target } from "./target.ts";

/** Fewer bytes are copied one word after another: a call of memory.copy takes longer. */
const fewBytes = 64;

/**
 * The body of the kernel's function: its units are the rows, in the order in which they are done. With
 * the first unit the loop is begun, with the last one it is ended.
 */
export function writeRepeat(
  target: Target,
  f: FunctionBuilder,
  { length, reverse, first, rows, index, when, stacks, last }: Repetition,
  step: (f: FunctionBuilder) => void,
): void {
  const { program, base } = target;
  const [from, to] = f.params as [Local, Local];
  const address = (b: Buffer): Expr => i32(addressIn(program, base, b));
  const bytesIn = (b: Buffer): number => b.size * bytesOf(b.dtype);
  const rowOf = (b: Buffer, row: Expr, bytes: number): Expr =>
    f.let(op("i32.add", address(b), op("i32.mul", row, i32(bytes))));
  const whole = (moves: readonly Move[]): void => {
    for (const { from, to } of moves) copy(f, address(to), address(from), bytesIn(to));
  };
  f.if(op("i32.eqz", get(from)), () => {
    whole(first);
    if (when) {
      for (const { to } of stacks) f.emit(op("memory.fill", address(to), i32(0), i32(bytesIn(to))));
    }
  });
  // A condition that is handed on stays false once it is.
  const ends = when && first.some(({ to }) => to === when);
  const holds = when && access("i32.load8_u", [address(when)]);
  const turn = f.local("i32");
  f.set(turn, get(from));
  f.block((exit) => {
    f.emit(brIf(exit, op("i32.ge_s", get(turn), get(to))));
    f.loop((again) => {
      if (holds && ends) f.emit(brIf(exit, op("i32.eqz", holds)));
      const row = reverse ? f.let(op("i32.sub", i32(length - 1), get(turn))) : get(turn);
      for (const { from, to } of rows)
        copy(f, address(to), rowOf(from, row, bytesIn(to)), bytesIn(to));
      if (index) f.emit(access("i32.store", [address(index), row]));
      const work = (): void => {
        step(f);
        for (const { from, to } of stacks)
          copy(f, rowOf(to, row, bytesIn(from)), address(from), bytesIn(from));
      };
      if (holds && !ends) f.if(holds, work);
      else work();
      f.set(turn, op("i32.add", get(turn), i32(1)));
      f.emit(brIf(again, op("i32.lt_s", get(turn), get(to))));
    });
  });
  f.if(op("i32.eq", get(to), i32(length)), () => whole(last));
}

/** Calls all functions of a body's kernels, each for all its units. */
export function callAll(f: FunctionBuilder, kernels: readonly Compiled[]): void {
  for (const { func, units, given } of kernels) f.emit(call(func, i32(0), i32(units), ...given));
}

/** Copies bytes from one place to another. */
function copy(f: FunctionBuilder, to: Expr, from: Expr, bytes: number): void {
  if (bytes === 0) return;
  if (bytes > fewBytes) {
    f.emit(op("memory.copy", to, from, i32(bytes)));
    return;
  }
  const parts = [
    [16, "v128.load", "v128.store"],
    [8, "i64.load", "i64.store"],
    [4, "i32.load", "i32.store"],
    [1, "i32.load8_u", "i32.store8"],
  ] as const;
  let offset = 0;
  for (const [size, load, store] of parts) {
    for (; bytes - offset >= size; offset += size) {
      f.emit(access(store, [to, access(load, [from], { offset })], { offset }));
    }
  }
}
