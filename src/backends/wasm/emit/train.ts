/**
 * The loop around the step (compile/loop.ts) as functions of the same module: the shuffle, batches
 * gathered out of data that stay in memory, the step's number, and the sums for the report.
 */
import type { StepLoop } from "../../../compile/loop.ts";
import type { Buffer } from "../../../compile/program.ts";
import { at, only } from "../../../core/at.ts";
import { bytesOf } from "../../../core/dtype.ts";
import type { BoundedWords } from "../../../core/words.ts";
import {
  access,
  brIf,
  call,
  type Expr,
  type Func,
  type FunctionBuilder,
  f64,
  get,
  getGlobal,
  i32,
  i64,
  type Local,
  type ModuleBuilder,
  op,
  ret,
  select,
  setGlobal,
} from "../assembler/index.ts";
import type { Compiled } from "./functions.ts";
import { convertScalar, loadInstruction } from "./scalar.ts";
import { isStopped, shareOf, stop, type Team, writeCommand, writeWorker } from "./threads.ts";

/** Where in memory stands what the loop needs beside the program's buffers. */
interface LoopPlaces {
  readonly address: (b: Buffer) => number;
  /** The order of the examples, i32 each. */
  readonly order: number;
  /** The data of each part that is gathered. */
  readonly data: readonly number[];
  /** For each epoch of a call: the loop's sums (f64 each), in its order. */
  readonly records: number;
}

/** Under which name the module has the loop's k-th sum. */
export const sumName = (k: number): string => `sum ${k}`;

const add = (a: Expr, b: Expr): Expr => op("i32.add", a, b);

/** for (i = from; i < to; i++) */
function count(f: FunctionBuilder, from: Expr, to: Expr, body: (i: Expr) => void): void {
  const i = f.local("i32");
  f.set(i, from);
  f.block((exit) => {
    f.emit(brIf(exit, op("i32.ge_s", get(i), to)));
    f.loop((again) => {
      body(get(i));
      f.set(i, add(get(i), i32(1)));
      f.emit(brIf(again, op("i32.lt_s", get(i), to)));
    });
  });
}

/** What the loop is written around. */
interface LoopParts {
  readonly module: ModuleBuilder;
  /** Runs the step once (each thread its share). */
  readonly run: Func;
  readonly team: Team | undefined;
  readonly enlist: (f: FunctionBuilder, thread: Expr) => void;
  /** The kernels that `run` runs, where a step can be run in portions, too. */
  readonly divided?: readonly Compiled[] | undefined;
  /** How the smaller last batch is trained on, where there is one. */
  readonly rest?: RestParts | undefined;
}

/** A step on another batch, with the state of the loop's. */
export interface RestParts {
  readonly loop: StepLoop;
  readonly run: Func;
  readonly address: (b: Buffer) => number;
  /** What the first thread does before the step and, behind it, once it is accounted for. */
  readonly enter: (f: FunctionBuilder) => void;
  readonly leave: (f: FunctionBuilder) => void;
}

/** Accounts for a step on a batch of this loop. */
type Account = (f: FunctionBuilder, failed: () => void, step?: RestParts) => void;

/**
 * Adds and exports `shuffle`, `steps` and `epochs`, and each sum, by `sumName`; for a step in portions
 * `portion` and, behind the last, `account`.
 */
export function writeLoop(
  { module, run, team, enlist, divided, rest }: LoopParts,
  loop: StepLoop,
  places: LoopPlaces,
): void {
  const sums = loop.sums.map(() => ({ total: module.global(f64(0)) }));
  const shuffle = writeShuffle(module, loop, places);
  /** After a step: what is counted and added up. Calls `failed` where the loss is not finite. */
  const account: Account = (f, failed, step) => {
    for (const { buffer, element } of loop.counters) {
      const [type, one] =
        buffer.dtype === "f64" ? (["f64", f64(1)] as const) : (["i32", i32(1)] as const);
      const place = i32(places.address(buffer) + bytesOf(buffer.dtype) * element);
      const next = op(`${type}.add`, access(`${type}.load`, [place]), one);
      f.emit(access(`${type}.store`, [place, next]));
    }
    const known = new Map<Buffer, Expr>();
    const { address } = step ?? places;
    const own = step?.loop ?? loop;
    const read = (b: Buffer): Expr => {
      const there = known.get(b);
      if (there) return there;
      const value = f.let(
        convertScalar(access(loadInstruction[b.dtype], [i32(address(b))]), b.dtype, "f64"),
      );
      known.set(b, value);
      return value;
    };
    for (const [k, { total }] of sums.entries()) {
      const { factors } = at(own.sums, k);
      const values = factors.map((x) => (typeof x === "number" ? f64(x) : read(x)));
      const product = values.reduce((x, y) => op("f64.mul", x, y));
      f.emit(setGlobal(total, op("f64.add", getGlobal(total), product)));
    }
    // x − x is 0 for finite x alone.
    const watched = read(own.watched);
    f.if(op("f64.ne", op("f64.sub", watched, watched), f64(0)), failed);
  };
  const alone = module.function("alone", ["i32", "i32"], "i32", (f) => {
    const [from, to] = f.params as [Local, Local];
    count(f, get(from), get(to), (batch) => {
      gather(f, loop, places, firstOf(loop, batch));
      f.emit(call(run));
      account(f, () => f.emit(ret(i32(1))));
    });
    return i32(0);
  });
  const part = divided && writePart({ module, kernels: divided, team }, loop, places);
  const { steps: whole, last } = team
    ? writeTeamSteps({ module, run, team, enlist, part, rest }, loop, places, account)
    : { steps: alone, last: rest && writeLast(module, rest, loop, places, account) };
  const { batches } = loop;
  const steps = last
    ? module.function("all", ["i32", "i32"], "i32", (f) => {
        const [from, to] = f.params as [Local, Local];
        const goesOn = op("i32.gt_s", get(to), i32(batches));
        const end = f.let(select(goesOn, i32(batches), get(to)));
        f.if(call(whole, get(from), end), () => f.emit(ret(i32(1))));
        f.if(goesOn, () => f.emit(ret(call(last))));
        return i32(0);
      })
    : whole;
  if (part) {
    module.export("portion", team ? commanded(module, team, part) : part);
    const accounting = module.function("account", [], "i32", (f) => {
      account(f, () => f.emit(ret(i32(1))));
      return i32(0);
    });
    module.export("account", accounting);
  }
  const epochs = module.function("epochs", ["i32", "i32", "i32"], "i32", (f) => {
    const [first, number, shuffled] = f.params as [Local, Local, Local];
    count(f, i32(0), get(number), (e) => {
      f.if(get(shuffled), () => f.emit(call(shuffle, add(get(first), e))));
      f.emit(...sums.map(({ total }) => setGlobal(total, f64(0))));
      f.if(call(steps, i32(0), i32(batches + (last ? 1 : 0))), () => f.emit(ret(e)));
      const record = f.let(add(i32(places.records), op("i32.mul", e, i32(8 * sums.length))));
      for (const [k, { total }] of sums.entries()) {
        f.emit(access("f64.store", [record, getGlobal(total)], { offset: 8 * k }));
      }
    });
    return get(number);
  });
  module.export("shuffle", shuffle);
  module.export("steps", steps);
  module.export("epochs", epochs);
  for (const [k, { total }] of sums.entries()) module.export(sumName(k), total);
}

/**
 * The same steps by all threads. Each gathers its share of the batch; while the first accounts for
 * a step, the others gather the next.
 */
function writeTeamSteps(
  {
    module,
    run,
    team,
    enlist,
    part,
    rest,
  }: LoopParts & { readonly team: Team; readonly part: Func | undefined },
  loop: StepLoop,
  places: LoopPlaces,
  account: Account,
): { readonly steps: Func; readonly last: Func | undefined } {
  const first = op("i32.eqz", getGlobal(team.thread));
  const together = module.function("together", ["i32", "i32"], "void", (f) => {
    const [from, to] = f.params as [Local, Local];
    const [begin, end] = shareOf(team, i32(loop.batchSize)).map((x) => f.let(x)) as [Expr, Expr];
    count(f, get(from), get(to), (batch) => {
      gather(f, loop, places, firstOf(loop, batch), [begin, end]);
      f.emit(call(team.barrier));
      f.if(isStopped(team), () => f.emit(ret()));
      f.emit(call(run));
      f.if(first, () => account(f, () => f.emit(stop(team))));
    });
    return undefined;
  });
  const share =
    rest &&
    module.function("rest", [], "void", (f) => {
      gather(
        f,
        rest.loop,
        { ...places, address: rest.address },
        lastOf(loop),
        shareOf(team, i32(rest.loop.batchSize)),
      );
      f.emit(call(team.barrier), call(rest.run));
      f.if(first, () => {
        account(f, () => f.emit(stop(team)), rest);
        rest.leave(f);
      });
      return undefined;
    });
  writeWorker(module, team, enlist, (f, { kind, from, to }) => {
    const whole = () => f.emit(call(together, from, to));
    if (share) f.if(op("i32.eq", kind, i32(-1)), whole, () => f.emit(call(share)));
    else if (part === undefined) whole();
    else f.if(op("i32.eq", kind, i32(-1)), whole, () => f.emit(call(part, kind, from, to)));
  });
  const last =
    share &&
    module.function("last", [], "i32", (f) => {
      rest.enter(f);
      writeCommand(f, team, { kind: i32(-2), from: i32(0), to: i32(0) });
      f.emit(call(share));
      return isStopped(team);
    });
  const steps = module.function("steps", ["i32", "i32"], "i32", (f) => {
    const [from, to] = f.params as [Local, Local];
    // Without a batch there is no barrier that would keep the next command back.
    f.if(op("i32.ge_s", get(from), get(to)), () => f.emit(ret(i32(0))));
    writeCommand(f, team, { kind: i32(-1), from: get(from), to: get(to) });
    f.emit(call(together, get(from), get(to)));
    return isStopped(team);
  });
  return { steps, last };
}

/** A step on the smaller last batch; 1 where its loss is not finite. */
function writeLast(
  module: ModuleBuilder,
  rest: RestParts,
  loop: StepLoop,
  places: LoopPlaces,
  account: Account,
): Func {
  return module.function("last", [], "i32", (f) => {
    rest.enter(f);
    gather(f, rest.loop, { ...places, address: rest.address }, lastOf(loop));
    f.emit(call(rest.run));
    const notFinite = () => {
      // Epochs are gone through again from here, batch by batch.
      rest.leave(f);
      f.emit(ret(i32(1)));
    };
    account(f, notFinite, rest);
    rest.leave(f);
    return i32(0);
  });
}

/** Where in the order a batch begins. */
const firstOf = ({ batchSize }: StepLoop, batch: Expr): Expr =>
  op("i32.mul", batch, i32(batchSize));

/** Where the examples begin that are left behind the whole batches. */
const lastOf = ({ batches, batchSize }: StepLoop): Expr => i32(batches * batchSize);

/**
 * `part(kind, from, to)`: for kind 0 the batch of number `from` is gathered, for k + 1 these units of
 * kernel k are done. Each thread does its share, and waits for the others.
 */
function writePart(
  {
    module,
    kernels,
    team,
  }: Pick<LoopParts, "module" | "team"> & {
    readonly kernels: readonly Compiled[];
  },
  loop: StepLoop,
  places: LoopPlaces,
): Func {
  const part = module.function("part", ["i32", "i32", "i32"], "void", (f) => {
    const [kind, from, to] = f.params as [Local, Local, Local];
    const only = (number: number, then: () => void): void =>
      f.if(op("i32.eq", get(kind), i32(number)), () => {
        then();
        f.emit(ret());
      });
    only(0, () => {
      const rows = i32(loop.batchSize);
      const first = firstOf(loop, get(from));
      gather(f, loop, places, first, team ? shareOf(team, rows) : [i32(0), rows]);
    });
    for (const [k, { func, alone, given }] of kernels.entries()) {
      only(k + 1, () => {
        if (!team) f.emit(call(func, get(from), get(to), ...given));
        else if (alone) {
          const first = op("i32.eqz", getGlobal(team.thread));
          f.if(first, () => f.emit(call(func, get(from), get(to), ...given)));
        } else {
          const own = shareOf(team, op("i32.sub", get(to), get(from)));
          const [begin, end] = own.map((x) => add(get(from), x)) as [Expr, Expr];
          f.emit(call(func, begin, end, ...given));
        }
      });
    }
    return undefined;
  });
  if (!team) return part;
  return module.function("share", ["i32", "i32", "i32"], "void", (f) => {
    const [kind, from, to] = f.params as [Local, Local, Local];
    f.emit(call(part, get(kind), get(from), get(to)), call(team.barrier));
    return undefined;
  });
}

/** The same by all threads at the first's command. */
const commanded = (module: ModuleBuilder, team: Team, part: Func): Func =>
  module.function("portion", ["i32", "i32", "i32"], "void", (f) => {
    const [kind, from, to] = f.params as [Local, Local, Local];
    writeCommand(f, team, { kind: get(kind), from: get(from), to: get(to) });
    f.emit(call(part, get(kind), get(from), get(to)));
    return undefined;
  });

/**
 * Copies the examples of the batch that begins there, in the order's order, to where the step reads
 * them; or some of them.
 */
function gather(
  f: FunctionBuilder,
  loop: StepLoop,
  places: LoopPlaces,
  begins: Expr,
  [begin, end]: readonly [Expr, Expr] = [i32(0), i32(loop.batchSize)],
): void {
  const { batchSize } = loop;
  const first = f.let(begins);
  const copy = (i: Expr): void => {
    const place = op("i32.mul", add(first, i), i32(4));
    const row = f.let(access("i32.load", [place], { offset: places.order }));
    for (const [k, { batch: to, width }] of loop.gather.entries()) {
      const from = add(i32(at(places.data, k)), op("i32.mul", row, i32(width)));
      const target = add(i32(places.address(to)), op("i32.mul", i, i32(width)));
      copyBytes(f, from, target, width);
    }
  };
  if (batchSize === 1 && begin.op === "i32.const") copy(i32(0));
  else count(f, begin, end, copy);
}

const wide = [16, "v128.load", "v128.store"] as const;
const half = [8, "i64.load", "i64.store"] as const;
const one = [4, "i32.load", "i32.store"] as const;

/** Small rows element by element (widths are multiples of 4), large ones in one instruction. */
function copyBytes(f: FunctionBuilder, from: Expr, to: Expr, width: number): void {
  if (width > 64) {
    f.emit(op("memory.copy", to, from, i32(width)));
    return;
  }
  const [source, target] = [f.let(from), f.let(to)];
  for (let offset = 0; offset < width; ) {
    const left = width - offset;
    const [size, load, store] = left >= 16 ? wide : left >= 8 ? half : one;
    const value = access(load, [source], { offset });
    f.emit(access(store, [target, value], { offset }));
    offset += size;
  }
}

/** 32-bit words as instructions; numbers are known beforehand. */
const instructions = (f: FunctionBuilder): BoundedWords<Expr | number> => ({
  word: (value) => value,
  add(...terms) {
    const known = terms.reduce<number>((sum, x) => (typeof x === "number" ? sum + x : sum), 0) | 0;
    const others = terms.filter((x) => typeof x !== "number");
    const [first, ...rest] = known === 0 ? others : [...others, i32(known)];
    return first === undefined ? known : rest.reduce(add, first);
  },
  xor: (a, b) =>
    typeof a === "number" && typeof b === "number" ? a ^ b : op("i32.xor", word(a), word(b)),
  rotate: (x, by) => op("i32.rotl", word(x), i32(by)),
  keep: (x) => (typeof x === "number" ? x : f.let(x)),
  multiplyHigh(a, b) {
    const [x, y] = [op("i64.extend_i32_u", word(a)), op("i64.extend_i32_u", word(b))];
    return op("i32.wrap_i64", op("i64.shr_u", op("i64.mul", x, y), i64(32)));
  },
});
const word = (x: Expr | number): Expr => (typeof x === "number" ? i32(x) : x);

/** order = the permutation of the epoch */
function writeShuffle(module: ModuleBuilder, loop: StepLoop, { order }: LoopPlaces): Func {
  const { examples } = loop;
  return module.function("shuffle", ["i32"], "void", (f) => {
    const epoch = get(only(f.params));
    count(f, i32(0), i32(examples), (i) => {
      f.emit(access("i32.store", [op("i32.mul", i, i32(4)), i], { offset: order }));
    });
    count(f, i32(1), i32(examples), (k) => {
      const i = f.let(op("i32.sub", i32(examples), k));
      const j = f.let(word(loop.partner(instructions(f), i, epoch)));
      const [p, q] = [f.let(op("i32.mul", i, i32(4))), f.let(op("i32.mul", j, i32(4)))];
      const x = f.let(access("i32.load", [p], { offset: order }));
      const y = f.let(access("i32.load", [q], { offset: order }));
      f.emit(access("i32.store", [p, y], { offset: order }));
      f.emit(access("i32.store", [q, x], { offset: order }));
    });
    return undefined;
  });
}
