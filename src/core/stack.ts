/**
 * Stacks: how each engine writes them, and which place in one is the user's.
 */

/** What holds a stack; its text is made when it is read, which costs far more than to take it. */
export interface Holder {
  readonly stack?: unknown;
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

const linesOf = (stack: unknown): string[] => (typeof stack === "string" ? stack.split("\n") : []);

const placesOf = (stack: unknown): string[] =>
  linesOf(stack).flatMap((line) => placeOf(line) ?? []);

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
 * The folder of the first place of a stack. The sources, and the modules for bundlers, lie in
 * folders of one folder; Node's files all lie in one.
 */
export function folderOf(stack: unknown): string | undefined {
  const folder = placesOf(stack)[0]?.replace(/[^/\\]*$/, "");
  return folder?.replace(/([/\\](?:src|modules)[/\\])core[/\\]$/, "$1");
}

/** The lines of a stack without those that end another one, too: what was called since. */
export function since(stack: unknown, earlier: unknown): string {
  const [lines, before] = [linesOf(stack), linesOf(earlier)];
  while (lines.length > 0 && lines.at(-1) === before.pop()) lines.pop();
  return lines.join("\n");
}

type Capture = (target: object, above?: unknown) => void;
const capture = (Error as { captureStackTrace?: Capture }).captureStackTrace;

/** Frames of a stack that is taken for a node, and so perhaps for nothing. */
const few = 24;

/** The stack here, without the frames above `above` where the engine can leave them out. */
export function stackFrom(above: unknown, depth = few): Holder {
  const errors = Error as { stackTraceLimit?: number };
  const limit = errors.stackTraceLimit;
  errors.stackTraceLimit = depth;
  const holder: Holder = capture ? {} : new Error();
  capture?.(holder, above);
  if (limit !== undefined) errors.stackTraceLimit = limit;
  return holder;
}

let own: { readonly folder: string | undefined } | undefined;
/** Where this library lies: asked of the engine, since a bundler may have moved us. */
const ownFolder = (): string | undefined =>
  (own ??= { folder: folderOf(stackFrom(undefined).stack) }).folder;

/** The first place of a stack in the user's program; "" where there is none. */
export const placeIn = (stack: unknown): string => userPlace(stack, ownFolder());
