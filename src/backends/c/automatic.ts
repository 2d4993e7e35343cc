/**
 * What "auto" makes of C. Where the bits are those of WebAssembly, or need not be the same from run to run,
 * training begins in WebAssembly, and the library, made meanwhile, goes on; else one of the two is chosen at the
 * start: C where the library is there already.
 */
import { ChainruleError } from "../../core/errors.ts";
import { noteOnce } from "../../core/note.ts";
import { variable } from "../../core/permission.ts";
import type { StepGraph } from "../../step/ports.ts";
import type { Session, SessionData, SynchronousBackend } from "../backend.ts";
import { keepsSomething } from "./node-cache.ts";
import { isLibraryKept, toolchain } from "./node-library.ts";
import { prepareNativeSession } from "./session.ts";
import { succession } from "./successor.ts";

/** What a trainer says of its bits. */
interface BitRules {
  /** The same on every machine, engine and compiled backend. */
  readonly deterministic: boolean;
  /** The same in every run. */
  readonly reproducible: boolean;
}

type SessionOptions = { readonly threads?: number };

/** What CHAINRULE_AUTO names: a person's own choice for all programs. */
const told = (): string | undefined => variable("CHAINRULE_AUTO")?.trim();

/** @param native the backend c, for when it is chosen at the start */
export function makeAutomatic(
  running: SynchronousBackend,
  native: SynchronousBackend,
  rules: BitRules,
): SynchronousBackend {
  const session = running.session?.bind(running);
  if (session === undefined || told() === running.name) return running;
  if (rules.deterministic || !rules.reproducible) return successive(running, session, rules);
  return chosen(running, native, session);
}

type OpenSession = NonNullable<SynchronousBackend["session"]>;

/** WebAssembly, and C once it is there. */
function successive(
  running: SynchronousBackend,
  session: OpenSession,
  { deterministic }: BitRules,
): SynchronousBackend {
  let name = running.name;
  return {
    get name() {
      return name;
    },
    compile: (graph) => running.compile(graph),
    session,
    successor: (step, data, options) =>
      succession({
        deterministic,
        prepare: () =>
          typeof toolchain() === "string"
            ? undefined
            : prepareNativeSession(step, data, { ...options, code: { deterministic } }),
        onTaken() {
          name = "c";
        },
      }),
  };
}

/** One of two, from when the first loop is opened on. */
function chosen(
  running: SynchronousBackend,
  native: SynchronousBackend,
  session: OpenSession,
): SynchronousBackend {
  let choice: SynchronousBackend | undefined = told() === "c" && canRun() ? native : undefined;
  return {
    get name() {
      return (choice ?? running).name;
    },
    compile: (graph) => (choice ?? running).compile(graph),
    session(step, data, options) {
      if (choice === undefined) {
        const kept = keptSession(step, data, options);
        choice = kept === undefined ? running : native;
        if (kept) return kept;
      }
      return choice === native && native.session
        ? native.session(step, data, options)
        : session(step, data, options);
    },
    goesOn(name) {
      if (choice !== undefined) return;
      if (name === running.name) choice = running;
      else if (name === native.name && canRun()) choice = native;
    },
  };
}

const canRun = (): boolean => typeof toolchain() !== "string";

/** A session whose library is there; whatever stands against it, WebAssembly does without. */
function keptSession(
  step: StepGraph,
  data: SessionData,
  options: SessionOptions | undefined,
): Session | undefined {
  try {
    if (!keepsSomething() || !canRun()) return undefined;
    const { text, open } = prepareNativeSession(step, data, { ...options, code: {} });
    return isLibraryKept(text) ? open(data.examples) : undefined;
  } catch (error) {
    if (!(error instanceof ChainruleError)) throw error;
    noteOnce(`${error.message.split("\n", 1)}: training goes on in WebAssembly.`);
    return undefined;
  }
}
