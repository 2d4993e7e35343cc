/**
 * Threads that run the same program in step: each takes its share of a kernel's units, and a
 * barrier stands between kernels. How work is cut into units does not depend on their number, so
 * the bits do not either.
 */
import {
  access,
  brIf,
  call,
  drop,
  type Expr,
  type Func,
  type FunctionBuilder,
  type Global,
  get,
  getGlobal,
  i32,
  i64,
  type Local,
  type ModuleBuilder,
  op,
  ret,
  set,
  setGlobal,
} from "../assembler/index.ts";

/** Addresses of the words that the threads share; the arena begins behind them. */
export const shared = {
  /**
   * Counts commands above its lowest byte, which says how many threads the command is for: one word,
   * so that nobody can read the number of one command and the team of the next. Workers wait for it
   * to change.
   */
  command: 0,
  /** Threads that have reached the barrier, and how often it has opened. */
  arrived: 4,
  opened: 8,
  /** The last command that the first thread has ended early. */
  stop: 12,
  from: 16,
  to: 20,
  /** Workers that are ready. */
  ready: 24,
  /** Set to send the workers home. */
  quit: 28,
  /** Of what `from` and `to` say the range. */
  kind: 32,
  end: 64,
} as const;

/** What a command's word can say of its team. */
export const mostThreads = 255;

/** Looks at a word before sleeping on it, about 0.1 ms: waking up takes as long as many kernels. */
const spins = 100_000;
const second = 1_000_000_000n;
/** Seconds after which a silent worker counts as lost. */
const patience = 20;

export interface Team {
  /** This thread's number; 0 is the one that gives the commands. */
  readonly thread: Global;
  /** The present command, and how many threads take part in it. */
  readonly command: Global;
  readonly size: Global;
  readonly barrier: Func;
}

const atomic = (at: number): Expr => access("i32.atomic.load", [i32(0)], { offset: at });
const publish = (at: number, value: Expr): Expr =>
  access("i32.atomic.store", [i32(0), value], { offset: at });
const increment = (at: number): Expr =>
  access("i32.atomic.rmw.add", [i32(0), i32(1)], { offset: at });

/** Waits until the word is no longer `old`; at most `timeout` ns when asleep (−1: forever). */
function awaitChange(f: FunctionBuilder, at: number, old: Expr, timeout: bigint): void {
  const left = f.local("i32");
  f.set(left, i32(spins));
  f.block((changed) => {
    f.loop((again) => {
      f.emit(brIf(changed, op("i32.ne", atomic(at), old)));
      f.set(left, op("i32.sub", get(left), i32(1)));
      f.emit(brIf(again, get(left)));
    });
    const sleep = access("memory.atomic.wait32", [i32(0), old, i64(timeout)], { offset: at });
    f.emit(drop(sleep));
  });
}

/** The barrier; `lost` is called when a worker has not come for long. */
export function writeTeam(module: ModuleBuilder, lost: Func): Team {
  const thread = module.global(i32(0));
  const size = module.global(i32(1));
  const command = module.global(i32(0));
  const barrier = module.function("barrier", [], "void", (f) => {
    f.if(op("i32.eq", getGlobal(size), i32(1)), () => f.emit(ret()));
    const old = f.let(atomic(shared.opened));
    const before = increment(shared.arrived);
    const last = op("i32.eq", op("i32.add", before, i32(1)), getGlobal(size));
    f.if(
      last,
      () => {
        f.emit(publish(shared.arrived, i32(0)));
        f.emit(drop(increment(shared.opened)));
        f.emit(wake(shared.opened));
      },
      () => {
        const tries = f.local("i32");
        f.set(tries, i32(0));
        f.block((open) => {
          f.loop((again) => {
            awaitChange(f, shared.opened, old, second);
            f.emit(brIf(open, op("i32.ne", atomic(shared.opened), old)));
            // A thread that must end here leaves by a trap: the step is given up.
            f.if(atomic(shared.quit), () => f.emit(op("unreachable")));
            f.set(tries, op("i32.add", get(tries), i32(1)));
            f.if(op("i32.gt_s", get(tries), i32(patience)), () => f.emit(call(lost)));
            f.emit(brIf(again, i32(1)));
          });
        });
      },
    );
    return undefined;
  });
  return { thread, command, size, barrier };
}

/** This thread's share [from, to) of so many things. */
export const shareOf = (team: Team, count: Expr): [from: Expr, to: Expr] => {
  const bound = (thread: Expr) =>
    op("i32.div_u", op("i32.mul", count, thread), getGlobal(team.size));
  const thread = getGlobal(team.thread);
  return [bound(thread), bound(op("i32.add", thread, i32(1)))];
};

const wake = (at: number): Expr =>
  drop(access("memory.atomic.notify", [i32(0), i32(-1)], { offset: at }));

/** What a command tells to do: so much of what. */
interface Command {
  readonly kind: Expr;
  readonly from: Expr;
  readonly to: Expr;
}

/** Gives a command to all workers that are ready. */
export function writeCommand(f: FunctionBuilder, team: Team, { kind, from, to }: Command): void {
  const size = f.let(op("i32.add", atomic(shared.ready), i32(1)));
  const count = op("i32.and", atomic(shared.command), i32(~mostThreads));
  const next = f.let(op("i32.add", op("i32.add", count, i32(mostThreads + 1)), size));
  f.emit(setGlobal(team.size, size), setGlobal(team.command, next));
  f.emit(publish(shared.kind, kind), publish(shared.from, from), publish(shared.to, to));
  f.emit(publish(shared.command, next), wake(shared.command));
}

/** Ends the present command early; all see it behind the next barrier. */
export const stop = (team: Team): Expr => publish(shared.stop, getGlobal(team.command));
export const isStopped = (team: Team): Expr =>
  op("i32.eq", atomic(shared.stop), getGlobal(team.command));

type Words = [kind: Expr, from: Expr, to: Expr];

/**
 * Exports `worker`, the life of a worker: it takes a number, then does its share of each command
 * that it is counted in, until it is sent home.
 */
export function writeWorker(
  module: ModuleBuilder,
  team: Team,
  enlist: (f: FunctionBuilder, thread: Expr) => void,
  work: (f: FunctionBuilder, command: Command) => void,
): void {
  const worker = module.function("worker", [], "void", (f) => {
    const seen: Local = f.local("i32");
    f.emit(set(seen, atomic(shared.command)));
    // It may have been sent home while it started.
    f.if(atomic(shared.quit), () => f.emit(ret()));
    const number = f.let(op("i32.add", increment(shared.ready), i32(1)));
    f.emit(setGlobal(team.thread, number));
    enlist(f, number);
    f.loop((again) => {
      awaitChange(f, shared.command, get(seen), -1n);
      const word = f.let(atomic(shared.command));
      f.emit(brIf(again, op("i32.eq", word, get(seen))));
      f.emit(set(seen, word));
      f.if(atomic(shared.quit), () => f.emit(ret()));
      const size = f.let(op("i32.and", get(seen), i32(mostThreads)));
      // Who became ready after the command was given is not counted in it.
      f.if(op("i32.lt_s", number, size), () => {
        f.emit(setGlobal(team.size, size), setGlobal(team.command, get(seen)));
        const [kind, from, to] = [shared.kind, shared.from, shared.to].map(atomic) as Words;
        work(f, { kind, from, to });
      });
      f.emit(brIf(again, i32(1)));
    });
    return undefined;
  });
  module.export("worker", worker);
}
