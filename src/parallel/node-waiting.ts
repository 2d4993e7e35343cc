/**
 * Waiting for others, who may be gone or hang: what is waited for is asked again and again, so that a
 * limit can end it, and the processes that are there find out who is not.
 */
import { fail } from "../core/errors.ts";
import type { Calls } from "./node-calls.ts";

/** For so long, in ms, nothing else is done than to ask; then less and less often. */
const eager = 50;
/** Between two looks at who is there, in ms. */
const lookEvery = 250;
/** Time in ms that the others have to say that they are there. */
const rollCall = 5000;

const tags = { call: 71, answer: 72 } as const;

/** What is known of a process beside its number. */
export interface Mate {
  readonly rank: number;
  /** Its number in the system, where that is this one's, too. */
  readonly pid: number | undefined;
}

/** Ends the whole job: nobody goes on without the others. */
export class Waiting {
  readonly #calls: Calls;
  readonly #limit: number;
  #mates: readonly Mate[] = [];
  readonly #pause = new Int32Array(new SharedArrayBuffer(4));

  /** @param limit the longest time that somebody is waited for, in ms */
  constructor(calls: Calls, limit: number) {
    this.#calls = calls;
    this.#limit = limit;
  }

  know(mates: readonly Mate[]): void {
    this.#mates = mates;
  }

  /** Until the request is done. */
  until(done: () => boolean): void {
    if (done()) return;
    const began = performance.now();
    let looked = began;
    for (;;) {
      if (done()) return;
      const now = performance.now();
      // Others may need the processor to come this far.
      this.#calls.makeWay();
      if (now - began < eager) continue;
      Atomics.wait(this.#pause, 0, 0, now - began < 1000 ? 0.05 : 2);
      if (now - looked < lookEvery) continue;
      looked = now;
      this.#answer();
      this.#lookForDead();
      if (now - began > this.#limit) this.#callRoll(now - began, done);
    }
  }

  /** Says that this process is there to those who have asked. */
  #answer(): number[] {
    const asking: number[] = [];
    for (const { rank } of this.#mates) {
      if (!this.#calls.arrived(rank, tags.call)) continue;
      this.#calls.receiveSign(rank, tags.call);
      this.#calls.sendSign(rank, tags.answer);
      asking.push(rank);
    }
    return asking;
  }

  #lookForDead(): void {
    const dead = this.#mates.find(({ pid }) => pid !== undefined && !isAlive(pid));
    if (dead === undefined) return;
    fail("process-lost", {
      message: `Process ${dead.rank} of ${this.#mates.length + 1} is gone.`,
      found: `no process ${dead.pid} on this machine`,
    });
  }

  #callRoll(waited: number, done: () => boolean): void {
    for (const { rank } of this.#mates) this.#calls.sendSign(rank, tags.call);
    const silent = new Set(this.#mates.map(({ rank }) => rank));
    const began = performance.now();
    const patience = Math.min(rollCall, this.#limit);
    while (silent.size > 0 && performance.now() - began < patience) {
      // It may have been slow, no more.
      if (done()) return;
      for (const rank of this.#answer()) silent.delete(rank);
      for (const rank of silent) {
        if (!this.#calls.arrived(rank, tags.answer)) continue;
        this.#calls.receiveSign(rank, tags.answer);
        silent.delete(rank);
      }
      Atomics.wait(this.#pause, 0, 0, 20);
    }
    const who = [...silent];
    const names = who.length === 1 ? `Process ${who[0]} does` : `Processes ${who.join(", ")} do`;
    fail("process-lost", {
      message:
        who.length > 0
          ? `${names} not answer.`
          : "The processes wait for each other: they do not do the same.",
      expected: `an answer of all ${this.#mates.length + 1} within ${this.#limit / 1000} s`,
      found: `${Math.round(waited / 1000)} s without`,
      fix:
        who.length > 0
          ? "Look at what that process does; mpi({ timeout }) has the seconds to wait."
          : "Let every process call fit and step in the same order, with the same data.",
    });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code !== "ESRCH";
  }
}
