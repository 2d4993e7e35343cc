/** A step that is done in portions: others get their turn, and who wants its result ends it at once. */
import type { TypedArray } from "../core/dtype.ts";
import { Turns } from "../core/turns.ts";
import type { QueuedProgram } from "./asynchronous.ts";
import type { Executable, Later, PortionedRun, Session } from "./backend.ts";

/** A step that takes longer is done in portions, in ms. */
const longest = 40;
/** Time of portions after which others get their turn; one more may take as long again. */
const patience = 10;

/** A session that has portions. */
export type Divided = Session & Required<Pick<Session, "portions" | "portion" | "finish">>;

/** Whether a step that takes so long, in ms, is to be done in portions. */
export const isDivided = (session: Session, time: number): session is Divided =>
  session.portions !== undefined && time > longest;

/** A step on a batch, portion by portion. */
export function portionwise(session: Divided, batch: number): Pick<PortionedRun, "advance"> {
  let next = 0;
  return {
    advance() {
      session.portion(batch, next++);
      return next < session.portions;
    },
  };
}

/** What a program gives: the caller's own values. Others get their turn where it takes long. */
export function runInTurns(
  program: Executable | QueuedProgram,
  values: readonly TypedArray[],
): Later<TypedArray[]> {
  if ("queued" in program) return program.run(values);
  if (program.inPortions === undefined) return program.run(values).map((data) => data.slice());
  const run = program.inPortions(values);
  return new LongStep(run, (_, failure) => {
    if (failure !== undefined) throw failure.error;
    return run.results();
  }).inTurns();
}

/** Counts a step; it gets the step's time in ms, and what a portion has thrown, if one has. */
type End<T> = (time: number, failure: { readonly error: unknown } | undefined) => T;

export class LongStep<T> {
  readonly #work: Pick<PortionedRun, "advance">;
  readonly #end: End<T>;
  #time = 0;
  #result: { readonly value: T } | { readonly error: unknown } | undefined;

  constructor(work: Pick<PortionedRun, "advance">, end: End<T>) {
    this.#work = work;
    this.#end = end;
  }

  /** The rest of it at once. What it throws, `inTurns` does. */
  complete(): void {
    while (this.#result === undefined) this.#advance();
  }

  /** Its result, once it is done; others get their turn meanwhile. */
  async inTurns(): Promise<T> {
    const turns = new Turns();
    // Portions are too different for a clock that is read now and then.
    let given = 0;
    while (this.#result === undefined) {
      this.#advance();
      if (this.#result !== undefined || this.#time - given < patience) continue;
      await turns.give();
      given = this.#time;
    }
    if ("error" in this.#result) throw this.#result.error;
    return this.#result.value;
  }

  /** The next portion, or the end. */
  #advance(): void {
    const began = performance.now();
    let more = false;
    let failure: { readonly error: unknown } | undefined;
    try {
      more = this.#work.advance();
    } catch (error) {
      failure = { error };
    }
    this.#time += performance.now() - began;
    if (more) return;
    try {
      this.#result = { value: this.#end(this.#time, failure) };
    } catch (error) {
      this.#result = { error };
    }
  }
}
