/**
 * The loop inside: shuffling, gathering batches out of data that stay in memory, the step number,
 * and the sums for the report, as functions of the same module that holds the training step.
 */
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
  type Instruction,
  i32,
  i64,
  type Local,
  type ModuleBuilder,
  op,
  ret,
  setGlobal,
} from "../assembler/index.ts";
import { isStopped, stop, type Team, writeCommand, writeWorker } from "./threads.ts";

/** Rows of data in memory, and the batch buffer that they are copied to. */
export interface Rows {
  readonly data: number;
  readonly batch: number;
  /** Bytes of one example. */
  readonly width: number;
}

/** Addresses of what the loop reads and writes. */
interface LoopLayout {
  readonly examples: number;
  readonly batchSize: number;
  /** The order of the examples, i32 each. */
  readonly order: number;
  readonly rows: readonly Rows[];
  /** The step number (f64), and the step as the key's second word (i32). */
  readonly step: number;
  readonly key: number;
  /** The loss and, where counted, the number of right predictions (i32). */
  readonly loss: { readonly at: number; readonly dtype: "f32" | "f64"; readonly weight: number };
  readonly correct: number | undefined;
  /** What the loss counts for (f64), where this is not the fixed weight. */
  readonly divisor: number | undefined;
  /** For each epoch of a call: summed loss, summed weights, right predictions (f64 each). */
  readonly records: number;
  readonly seed: readonly [number, number];
}

/** Numbers of an epoch's record. */
export const recordLength = 3;

const rotations = [13, 15, 26, 6, 17, 29, 16, 24] as const;
/** Sets the shuffle's key apart from other uses of the seed; see data/split.ts. */
const shuffleKey = 0x73687566;

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
export interface LoopParts {
  readonly module: ModuleBuilder;
  /** Runs the step once (each thread its share). */
  readonly run: Func;
  readonly team: Team | undefined;
  readonly enlist: (f: FunctionBuilder, thread: Expr) => void;
}

/** Adds and exports `shuffle`, `steps` and `epochs`. */
export function writeLoop({ module, run, team, enlist }: LoopParts, layout: LoopLayout): void {
  const lossSum = module.global(f64(0));
  const weightSum = module.global(f64(0));
  const correctSum = module.global(f64(0));
  const shuffle = writeShuffle(module, layout);
  /** After a step: its number, and what it adds to the report. Returns from `f` on NaN. */
  const account = (f: FunctionBuilder, failed: () => void): void => {
    const next = op("f64.add", access("f64.load", [i32(layout.step)]), f64(1));
    f.emit(access("f64.store", [i32(layout.step), next]));
    const key = add(access("i32.load", [i32(layout.key)]), i32(1));
    f.emit(access("i32.store", [i32(layout.key), key]));
    const { dtype, at, weight } = layout.loss;
    const read = access(`${dtype}.load` as Instruction, [i32(at)]);
    const loss = f.let(dtype === "f32" ? op("f64.promote_f32", read) : read);
    const add64 = (sum: typeof lossSum, x: Expr) =>
      f.emit(setGlobal(sum, op("f64.add", getGlobal(sum), x)));
    if (layout.divisor === undefined) {
      add64(lossSum, weight === 1 ? loss : op("f64.mul", loss, f64(weight)));
    } else {
      const divisor = f.let(access("f64.load", [i32(layout.divisor)]));
      add64(lossSum, op("f64.mul", loss, divisor));
      add64(weightSum, divisor);
    }
    if (layout.correct !== undefined) {
      add64(correctSum, op("f64.convert_i32_s", access("i32.load", [i32(layout.correct)])));
    }
    // A loss that is not finite ends the loop: x − x is 0 for finite x alone.
    f.if(op("f64.ne", op("f64.sub", loss, loss), f64(0)), failed);
  };
  const alone = module.function("alone", ["i32", "i32"], "i32", (f) => {
    const [from, to] = f.params as [Local, Local];
    count(f, get(from), get(to), (batch) => {
      gather(f, layout, batch);
      f.emit(call(run));
      account(f, () => f.emit(ret(i32(1))));
    });
    return i32(0);
  });
  const steps = team ? writeTeamSteps(module, run, team, enlist, layout, account) : alone;
  const batches = Math.floor(layout.examples / layout.batchSize);
  const epochs = module.function("epochs", ["i32", "i32", "i32"], "i32", (f) => {
    const [first, number, shuffled] = f.params as [Local, Local, Local];
    count(f, i32(0), get(number), (e) => {
      f.if(get(shuffled), () => f.emit(call(shuffle, add(get(first), e))));
      const sums = [lossSum, weightSum, correctSum];
      f.emit(...sums.map((sum) => setGlobal(sum, f64(0))));
      f.if(call(steps, i32(0), i32(batches)), () => f.emit(ret(e)));
      const record = f.let(add(i32(layout.records), op("i32.mul", e, i32(8 * recordLength))));
      sums.forEach((sum, k) => {
        f.emit(access("f64.store", [record, getGlobal(sum)], { offset: 8 * k }));
      });
    });
    return get(number);
  });
  module.export("shuffle", shuffle);
  module.export("steps", steps);
  module.export("epochs", epochs);
  module.export("lossSum", lossSum);
  module.export("weightSum", weightSum);
  module.export("correctSum", correctSum);
}

/**
 * The same steps by all threads. Each gathers its share of the batch; while the first accounts for
 * a step, the others gather the next.
 */
function writeTeamSteps(
  module: ModuleBuilder,
  run: Func,
  team: Team,
  enlist: LoopParts["enlist"],
  layout: LoopLayout,
  account: (f: FunctionBuilder, failed: () => void) => void,
): Func {
  const first = op("i32.eqz", getGlobal(team.thread));
  const together = module.function("together", ["i32", "i32"], "void", (f) => {
    const [from, to] = f.params as [Local, Local];
    const [begin, end] = [0, 1].map((next) => {
      const thread = op("i32.add", getGlobal(team.thread), i32(next));
      return f.let(
        op("i32.div_u", op("i32.mul", thread, i32(layout.batchSize)), getGlobal(team.size)),
      );
    }) as [Expr, Expr];
    count(f, get(from), get(to), (batch) => {
      gather(f, layout, batch, [begin, end]);
      f.emit(call(team.barrier));
      f.if(isStopped(team), () => f.emit(ret()));
      f.emit(call(run));
      f.if(first, () => account(f, () => f.emit(stop(team))));
    });
    return undefined;
  });
  writeWorker(module, team, enlist, (from, to) => call(together, from, to));
  return module.function("steps", ["i32", "i32"], "i32", (f) => {
    const [from, to] = f.params as [Local, Local];
    // Without a batch there is no barrier that would keep the next command back.
    f.if(op("i32.ge_s", get(from), get(to)), () => f.emit(ret(i32(0))));
    writeCommand(f, team, get(from), get(to));
    f.emit(call(together, get(from), get(to)));
    return isStopped(team);
  });
}

/** Copies a batch's examples, in the order's order, to where the step reads them; or some of them. */
function gather(
  f: FunctionBuilder,
  layout: LoopLayout,
  batch: Expr,
  [begin, end]: readonly [Expr, Expr] = [i32(0), i32(layout.batchSize)],
): void {
  const { batchSize, order, rows } = layout;
  const first = f.let(op("i32.mul", batch, i32(batchSize)));
  const copy = (i: Expr, offset: number): void => {
    const place = op("i32.mul", add(first, i), i32(4));
    const row = f.let(access("i32.load", [place], { offset: order + 4 * offset }));
    for (const { data, batch: to, width } of rows) {
      const from = add(i32(data), op("i32.mul", row, i32(width)));
      const target = add(i32(to + offset * width), op("i32.mul", i, i32(width)));
      copyBytes(f, from, target, width);
    }
  };
  if (batchSize === 1 && begin.op === "i32.const") copy(i32(0), 0);
  else count(f, begin, end, (i) => copy(i, 0));
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

/** order = the permutation of the epoch, exactly as data/split.ts draws it. */
function writeShuffle(module: ModuleBuilder, { examples, order, seed }: LoopLayout): Func {
  const keys = [seed[0], seed[1] ^ shuffleKey, 0] as [number, number, number];
  keys[2] = 0x1bd11bda ^ keys[0] ^ keys[1];
  return module.function("shuffle", ["i32"], "void", (f) => {
    const epoch = get(f.params[0]!);
    count(f, i32(0), i32(examples), (i) => {
      f.emit(access("i32.store", [op("i32.mul", i, i32(4)), i], { offset: order }));
    });
    count(f, i32(1), i32(examples), (k) => {
      const i = f.let(op("i32.sub", i32(examples), k));
      const a = f.local("i32");
      const b = f.local("i32");
      f.set(a, add(i, i32(keys[0])));
      f.set(b, add(epoch, i32(keys[1])));
      for (let round = 0; round < 20; round++) {
        f.set(a, add(get(a), get(b)));
        f.set(b, op("i32.xor", op("i32.rotl", get(b), i32(rotations[round % 8]!)), get(a)));
        if (round % 4 === 3) {
          const injection = (round + 1) / 4;
          f.set(a, add(get(a), i32(keys[injection % 3]!)));
          f.set(b, add(get(b), i32((keys[(injection + 1) % 3]! + injection) | 0)));
        }
      }
      const wide = op(
        "i64.mul",
        op("i64.extend_i32_u", get(a)),
        op("i64.extend_i32_u", add(i, i32(1))),
      );
      const j = f.let(op("i32.wrap_i64", op("i64.shr_u", wide, i64(32))));
      const [p, q] = [i, j].map((x) => f.let(op("i32.mul", x, i32(4)))) as [Expr, Expr];
      const [x, y] = [p, q].map((at) => f.let(access("i32.load", [at], { offset: order })));
      f.emit(access("i32.store", [p, y!], { offset: order }));
      f.emit(access("i32.store", [q, x!], { offset: order }));
    });
    return undefined;
  });
}
