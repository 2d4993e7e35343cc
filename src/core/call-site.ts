/**
 * Call sites: which line of the user's program made a node. They are captured when a graph is
 * traced, once, so that an error met much later can still name the line.
 */

/** A place in the user's program; reading it from the stack is put off until it is asked for. */
export interface CallSite {
  toString(): string;
}

interface Holder {
  readonly stack?: unknown;
}

class StackSite implements CallSite {
  #text: string | undefined;
  readonly #holder: Holder;

  constructor(holder: Holder) {
    this.#holder = holder;
  }

  toString(): string {
    this.#text ??= userPlace(this.#holder.stack, own);
    return this.#text;
  }
}

/**
 * The place that a line of a stack names, as "path:line:column"; undefined for what is no file:
 * built-in functions, code that was evaluated, WebAssembly. Engines write
 *
 *   V8, Bun        at name (file:///folder/file.js:1:2)    or the place without a name
 *   Firefox, WebKit   name@https://host/file.js:1:2
 */
function placeOf(line: string): string | undefined {
  const v8 = /^\s*at (?:async )?(?:.*? \((.*)\)|(.*))$/.exec(line);
  const text = v8 ? (v8[1] ?? v8[2]) : /^[^@]*@(.*)$/.exec(line)?.[1];
  const [, url, at] = /^(.+?)(:\d+:\d+)$/.exec(text ?? "") ?? [];
  if (url === undefined || !/^(?:[a-z][a-z\d+.-]*:\/|\/|[a-z]:\\|\\\\)/i.test(url))
    return undefined;
  return / > |<anonymous>/.test(url) ? undefined : readable(url) + at;
}

/** An address without what a server adds to it; of a file the path. */
function readable(url: string): string {
  const plain = url.replace(/[?#].*$/, "");
  const path = /^file:\/\/(.*)$/.exec(plain)?.[1];
  if (path === undefined) return plain;
  try {
    return decodeURIComponent(path).replace(/^\/([A-Za-z]:)/, "$1");
  } catch {
    return path;
  }
}

const placesOf = (stack: unknown): string[] =>
  typeof stack === "string" ? stack.split("\n").flatMap((line) => placeOf(line) ?? []) : [];

/**
 * The first place of a stack that lies outside of `folder`, which is where this library lies: its
 * own frames are not what the user wants to see. Where somebody's bundler has put library and
 * program into one folder nothing is named, and so where we do not know our own.
 */
export function userPlace(stack: unknown, folder: string | undefined): string {
  if (folder === undefined) return "";
  return placesOf(stack).find((place) => !place.startsWith(folder)) ?? "";
}

/**
 * The folder of the first place of a stack. The sources lie in folders of one folder; published,
 * all files lie in one.
 */
export function folderOf(stack: unknown): string | undefined {
  const folder = placesOf(stack)[0]?.replace(/[^/\\]*$/, "");
  return folder?.replace(/([/\\]src[/\\])core[/\\]$/, "$1");
}

let inherited: CallSite | undefined;
const depth = 24;

type Capture = (target: object, above?: unknown) => void;
const capture = (Error as { captureStackTrace?: Capture }).captureStackTrace;

/** A stack of some depth, without the frames above `above` where the engine can leave them out. */
function stackFrom(above: unknown): Holder {
  const errors = Error as { stackTraceLimit?: number };
  const limit = errors.stackTraceLimit;
  errors.stackTraceLimit = depth;
  const holder: Holder = capture ? {} : new Error();
  capture?.(holder, above);
  if (limit !== undefined) errors.stackTraceLimit = limit;
  return holder;
}

// Asked of the engine and not of import.meta: a bundler may have moved us, or know of no modules.
const own = folderOf(stackFrom(undefined).stack);

/** The line of the user's program that is being executed, or the one set by `withSite`. */
export function callSite(): CallSite {
  return inherited ?? new StackSite(stackFrom(callSite));
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
