/** All that can do a workload, in turns: correctness first, then time. */
import { at, zip } from "../../core/at.ts";
import { type Contestant, LeftOut } from "./contestant.ts";
import { machineFor } from "./machine.ts";
import { checkedSteps } from "./worker.ts";
import { type WorkloadName, workload } from "./workloads.ts";

/** Microseconds per step. */
export interface StepTimes {
  readonly median: number;
  readonly least: number;
  readonly most: number;
  /** Median as a multiple of that of chainrule's program alone. */
  readonly ratio: number;
}

export interface BenchRow extends StepTimes {
  readonly workload: WorkloadName;
  readonly peer: string;
  /** chainrule's steps by an awaited `fit`, with all that it does besides. */
  readonly fit?: StepTimes;
  /** Largest relative difference of the checked losses from f64. */
  readonly error: number;
}

interface RaceOptions {
  readonly repetitions: number;
  /** How long one turn of one contestant is to take. */
  readonly seconds: number;
  /** Told of a contestant that is left out. */
  readonly leave: (contestant: Contestant, why: LeftOut) => void;
}

/** The most steps of the run that says how many fill the time. */
const trialSteps = 2000;

/** Losses of the first steps in f64, by a program that does the same in double precision. */
function reference(name: WorkloadName): number[] {
  const machine = machineFor(workload(name), { threads: 1, dtype: "f64" });
  const steps = name === "W3" ? 3 : checkedSteps;
  return Array.from({ length: steps }, () => machine.run(1));
}

/** The first of the contestants is what the others are compared with. */
export async function race(
  name: WorkloadName,
  contestants: readonly Contestant[],
  { repetitions, seconds, leave }: RaceOptions,
): Promise<BenchRow[]> {
  const expected = reference(name);
  const { checksum } = workload(name);
  const [own] = contestants;
  const fits: number[] = [];
  let running: { c: Contestant; steps: number; error: number; times: number[] }[] = [];
  for (const c of contestants) {
    await unlessLeftOut(c, leave, async () => {
      const { losses, stepSec } = checked(
        await c.ask({ cmd: "init", id: name, budget: 20 }),
        checksum,
      );
      const error = Math.max(
        ...zip(expected.slice(0, losses.length), losses).map(([e, x]) => Math.abs(x / e - 1)),
      );
      const trial = Math.min(
        trialSteps,
        Math.max(1, Math.round(seconds / Math.max(stepSec, 1e-7))),
      );
      const each = (await timed(c, name, trial)) / trial;
      running.push({ c, steps: Math.max(1, Math.round(seconds / each)), error, times: [] });
    });
  }
  for (let turn = 0; turn < repetitions; turn++) {
    for (let i = 0; i < running.length; i++) {
      const one = at(running, (i + turn) % running.length);
      await unlessLeftOut(
        one.c,
        (c, why) => {
          running = running.filter((other) => other !== one);
          leave(c, why);
        },
        async () => {
          one.times.push(((await timed(one.c, name, one.steps)) / one.steps) * 1e6);
          if (one.c === own) fits.push((await fitted(one.c, name, one.steps)) * 1e6);
        },
      );
    }
  }
  const unit = middle(running[0]?.times ?? []);
  return running.map(({ c, error, times }) => ({
    workload: name,
    peer: c.name,
    ...timesOf(times, unit),
    ...(c === own ? { fit: timesOf(fits, unit) } : {}),
    error,
  }));
}

/** Of some turns, in microseconds; `unit` is what the ratio is of. */
export const timesOf = (times: readonly number[], unit: number): StepTimes => ({
  median: middle(times),
  least: Math.min(...times),
  most: Math.max(...times),
  ratio: middle(times) / unit,
});

export const middle = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Seconds a step by `fit`. */
async function fitted(c: Contestant, id: WorkloadName, steps: number): Promise<number> {
  const { stepSec } = await c.ask({ cmd: "fit", id, steps });
  if (typeof stepSec === "number" && stepSec > 0 && Number.isFinite(stepSec)) return stepSec;
  throw new LeftOut("answered “fit” without stepSec", "wrong");
}

/** Seconds for so many steps. */
async function timed(c: Contestant, id: WorkloadName, steps: number): Promise<number> {
  const { sec } = await c.ask({ cmd: "run", id, steps });
  if (typeof sec === "number" && sec > 0 && Number.isFinite(sec)) return sec;
  throw new LeftOut("answered “run” without its seconds", "wrong");
}

/** What a contestant says after the first steps; it must have done what the others do. */
function checked(reply: Readonly<Record<string, unknown>>, checksum: number) {
  const { losses, stepSec } = reply;
  if (!Array.isArray(losses) || losses.length === 0 || !losses.every((x) => Number.isFinite(x))) {
    throw new LeftOut("answered “init” without finite losses", "wrong");
  }
  if (typeof stepSec !== "number" || !Number.isFinite(stepSec)) {
    throw new LeftOut("answered “init” without stepSec", "wrong");
  }
  if (!(Math.abs(Number(reply.checksum) / checksum - 1) <= 1e-9)) {
    throw new LeftOut("does not train on the same data", "wrong");
  }
  return { losses: losses as readonly number[], stepSec };
}

/** Does the work with a contestant; reports it if it is left out, and throws anything else. */
export async function unlessLeftOut(
  c: Contestant,
  leave: RaceOptions["leave"],
  work: () => Promise<unknown>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof LeftOut)) throw error;
    leave(c, error);
  }
}
