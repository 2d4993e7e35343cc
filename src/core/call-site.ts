/**
 * Call sites: which line of the user's program made a node. They are captured when a graph is
 * traced, once, so that an error met much later can still name the line.
 */

/** A place in the user's program; reading it from the stack is put off until it is asked for. */
export interface CallSite {
  toString(): string;
}

// Frames inside this library are not what the user wants to see. Published, all of it lies in one
// folder; where somebody's bundler has put library and program into one file, no line is named.
const folder = (url: string): string => url.replace(/^file:\/\//, "").replace(/[^/]*$/, "");
const here = folder(import.meta.url);
const own = here.endsWith("/src/core/") ? here.slice(0, -"core/".length) : here;

class StackSite implements CallSite {
  #text: string | undefined;
  readonly #error: { stack?: string };

  constructor(error: { stack?: string }) {
    this.#error = error;
  }

  toString(): string {
    this.#text ??= userFrame(this.#error.stack ?? "");
    return this.#text;
  }
}

function userFrame(stack: string): string {
  const frames = stack.split("\n").filter((line) => /^\s*at |@/.test(line));
  const frame = frames.find((line) => !line.includes(own) && !/node:|<anonymous>\)?$/.test(line));
  if (frame === undefined) return "";
  const place = /\(?((?:file:\/\/|https?:\/\/|\/|[A-Za-z]:\\)[^()\s]*:\d+:\d+)\)?/.exec(frame);
  return (place?.[1] ?? frame.trim().replace(/^at /, "")).replace(/^file:\/\//, "");
}

let inherited: CallSite | undefined;
const depth = 24;

type Capture = (target: object, above?: unknown) => void;
const capture = (Error as { captureStackTrace?: Capture }).captureStackTrace;

/** The line of the user's program that is being executed, or the one set by `withSite`. */
export function callSite(): CallSite {
  if (inherited) return inherited;
  const errors = Error as { stackTraceLimit?: number };
  const limit = errors.stackTraceLimit;
  errors.stackTraceLimit = depth;
  const holder: { stack?: string } = capture ? {} : new Error();
  capture?.(holder, callSite);
  if (limit !== undefined) errors.stackTraceLimit = limit;
  return new StackSite(holder);
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
