/**
 * Call sites: which line of the user's program made a node, so that an error met much later can
 * still name it. To take a stack costs more than all else that making a node does. So a function
 * that runs in order to be differentiated or compiled takes none: when a line is asked for, which
 * is when something is wrong, the function runs again, up to the node that is meant.
 */
import { type Holder, placeIn, since, stackFrom } from "./stack.ts";

/** A place in the user's program; finding it is put off until it is asked for. */
export interface CallSite {
  toString(): string;
}

class StackSite implements CallSite {
  #text: string | undefined;
  readonly #holder: Holder;

  constructor(holder: Holder) {
    this.#holder = holder;
  }

  toString(): string {
    this.#text ??= placeIn(this.#holder.stack);
    return this.#text;
  }
}

/** What a function makes while it is watched: its nodes' operators, in order. */
interface Recording {
  readonly operators: string[];
  readonly f: () => unknown;
  /** Where the function was run: the answer where it makes other nodes this time. */
  readonly start: CallSite;
}

class RecordedSite implements CallSite {
  #text: string | undefined;
  readonly #recording: Recording;
  readonly #index: number;

  constructor(recording: Recording, index: number) {
    this.#recording = recording;
    this.#index = index;
  }

  toString(): string {
    this.#text ??= replay(this.#recording, this.#index);
    return this.#text;
  }
}

/** A function that runs again to find where it makes a node. */
interface Replay {
  readonly recording: Recording;
  readonly index: number;
  readonly before: unknown;
  next: number;
  found: string;
}

/** Frames of a stack in which the user's stands below `stackFrom` and `method`, and one to spare. */
const nearby = 4;

/** Set by `withSite`, for whatever is made. */
let inherited: CallSite | undefined;
/** The site of the first node that the running operator has made; null before there is one. */
let shared: CallSite | null | undefined;
let recording: Recording | undefined;
let replayed: Replay | undefined;

/** The line of the user's program that is being executed, or the one set by `withSite`. */
export const callSite = (): CallSite => inherited ?? new StackSite(stackFrom(callSite));

/** The same where the user's line stands below this many functions of ours, which is far cheaper to take. */
export const nearSite = (below: number): CallSite =>
  inherited ?? new StackSite(stackFrom(undefined, nearby + below));

/** The same for a node of this operator, which may share the site of others. */
export function nodeSite(operator: string): CallSite {
  if (inherited) return inherited;
  if (shared) return shared;
  const site = recording
    ? new RecordedSite(recording, recording.operators.push(operator) - 1)
    : replayed
      ? meet(replayed, operator)
      : new StackSite(stackFrom(nodeSite));
  if (shared === null) shared = site;
  return site;
}

/** Runs `f` with every node it makes attributed to `site`: derived graphs keep their origin. */
export function withSite<T>(site: CallSite | undefined, f: () => T): T {
  const outer = inherited;
  inherited = site ?? outer;
  try {
    return f();
  } finally {
    inherited = outer;
  }
}

/** Runs what one operator does: all nodes that it makes stem from one line. */
export function oneSite<T>(f: () => T): T {
  if (shared !== undefined || inherited) return f();
  // Each frame between here and the node would cost time, too.
  shared = recording || replayed ? null : new StackSite(stackFrom(oneSite));
  try {
    return f();
  } finally {
    shared = undefined;
  }
}

/**
 * The function of a method: what it makes stems from the line that calls the method. The library calls
 * none itself, so that line stands right below in the stack; a few frames are taken several times as
 * fast as all.
 */
export function asMethod<T>(f: (self: T, ...rest: readonly unknown[]) => T) {
  return function method(this: T, ...rest: readonly unknown[]): T {
    if (shared !== undefined || inherited) return f(this, ...rest);
    shared = recording || replayed ? null : new StackSite(stackFrom(undefined, nearby));
    try {
      return f(this, ...rest);
    } finally {
      shared = undefined;
    }
  };
}

/**
 * Runs a function that can run again: a place in it is looked for when it is asked for. `start` is
 * where it is run, if that is known.
 */
export function recorded<T>(f: () => T, start?: CallSite): T {
  if (recording || replayed || inherited) return f();
  recording = { operators: [], f, start: start ?? new StackSite(stackFrom(recorded)) };
  try {
    return f();
  } finally {
    recording = undefined;
  }
}

/** Thrown to end a function that has come as far as it was to. */
const stop = {};

/** Where a function makes its node of this number. */
function replay(of: Recording, index: number): string {
  if (replayed) return of.start.toString();
  const outer = { inherited, shared, recording };
  const { stack: before } = stackFrom(undefined, Number.POSITIVE_INFINITY);
  const run: Replay = { recording: of, index, before, next: 0, found: "" };
  inherited = shared = recording = undefined;
  replayed = run;
  try {
    of.f();
  } catch {
    // It has been stopped, or it fails this time. What it was to say is in `run`.
  } finally {
    ({ inherited, shared, recording } = outer);
    replayed = undefined;
  }
  return run.found || of.start.toString();
}

/** A function that runs again makes a node. */
function meet(run: Replay, operator: string): CallSite {
  const { recording, index, before } = run;
  const place = run.next++;
  if (recording.operators[place] === operator) {
    if (place < index) return recording.start;
    const { stack } = stackFrom(nodeSite, Number.POSITIVE_INFINITY);
    if (place === index) run.found = placeIn(since(stack, before));
  }
  throw stop;
}
