/** The backends that can be asked for by name, what each needs, and which one "auto" takes. */

import { fail } from "../core/errors.ts";
import { checkKind, isFunction, object } from "../core/kinds.ts";
import { noteOnce } from "../core/note.ts";
import type { Backend, SynchronousBackend } from "./backend.ts";
import { compilerHere, nativeHere } from "./compiler.ts";
import { interpreter } from "./interpreter/index.ts";

interface BackendSettings {
  /** The same bits on every machine and engine. */
  readonly deterministic: boolean;
}

/** A row of the table of backends. */
export interface BackendEntry {
  readonly name: string;
  /** What it needs, in a few words. */
  readonly needs: string;
  /** true, or the reason why it cannot run here, as a sentence without its full stop. */
  canRun(): true | string;
  make(settings: BackendSettings): Backend;
  /** It is chosen by its name alone, never by "auto". */
  readonly byNameOnly?: boolean;
  /** What it means that "auto" had to take this one: "training is …". */
  readonly asSubstitute?: string;
}

/** The fastest first: "auto" takes the first that can run. The last one always can. */
const table = [
  {
    name: "c",
    needs: "Linux or macOS, gcc 9 or clang 14, or newer, and koffi (npm install koffi)",
    byNameOnly: true,
    canRun: () => nativeHere()?.canRun() ?? "This program was bundled without the compiler of C",
    make: (settings): Backend => nativeHere()?.makeNativeBackend(settings) ?? interpreter,
  },
  {
    name: "wasm",
    needs: "WebAssembly with SIMD instructions: an engine of 2021 or later",
    canRun: () => {
      if (typeof WebAssembly === "undefined")
        return "This engine has no WebAssembly, or was told to do without";
      const compiler = compilerHere();
      if (compiler === undefined) return "This program was bundled without the compiler";
      return compiler.features().simd || "This engine has no WebAssembly with SIMD instructions";
    },
    make: ({ deterministic }): Backend => {
      const compiler = compilerHere();
      if (compiler === undefined) return interpreter;
      return deterministic ? compiler.makeBackend({ deterministic }) : compiler.wasm;
    },
  },
  {
    name: "interpreter",
    needs: "nothing",
    canRun: () => true,
    make: (): Backend => interpreter,
    asSubstitute: "training is interpreted, which is slow",
  },
] as const satisfies readonly BackendEntry[];

/** A backend by name; "auto" takes the best that can run here. */
export type BackendName = "auto" | (typeof table)[number]["name"];

export const backendEntries: readonly (BackendEntry & { readonly name: BackendName })[] = table;

/** All names that can be asked for. */
export const backendNames: readonly BackendName[] = ["auto", ...table.map(({ name }) => name)];

/** What "auto" takes, and what it would have taken before that, with the reasons why not. */
interface Automatic {
  readonly entry: BackendEntry;
  readonly passedOver: readonly { readonly name: string; readonly why: string }[];
}

export function automatic(entries: readonly BackendEntry[] = backendEntries): Automatic {
  const passedOver: { name: string; why: string }[] = [];
  for (const entry of entries) {
    if (entry.byNameOnly) continue;
    const why = entry.canRun();
    if (why === true) return { entry, passedOver };
    passedOver.push({ name: entry.name, why });
  }
  return fail("unsupported", {
    message: "No backend can run here.",
    found: passedOver.map(({ name, why }) => `${name}: ${why}`).join("; "),
  });
}

/** A backend that answers at once: this one, or the fastest that there is. */
export function inReach(backend: Backend): SynchronousBackend {
  if (!backend.asynchronous) return backend;
  for (const entry of backendEntries) {
    if (entry.byNameOnly) continue;
    const other = entry.canRun() === true && entry.make({ deterministic: false });
    if (other && !other.asynchronous) return other;
  }
  return interpreter;
}

const names = `one of ${backendNames.join(", ")}`;

const backend = object("the name of a backend, or one", names, ({ compile }) =>
  isFunction(compile),
);

export function chooseBackend(wanted: BackendName | Backend, deterministic = false): Backend {
  if (typeof wanted !== "string") {
    checkKind("backend", wanted, backend);
    return wanted;
  }
  const settings = { deterministic };
  if (wanted === "auto") {
    const { entry, passedOver } = automatic();
    const [why] = passedOver.map((other) => other.why);
    if (why !== undefined) noteOnce([why, entry.asSubstitute].filter(Boolean).join(": ") + ".");
    return entry.make(settings);
  }
  const entry = backendEntries.find(({ name }) => name === wanted);
  if (entry === undefined) return unknownBackend(wanted);
  const why = entry.canRun();
  if (why === true) return entry.make(settings);
  return fail("unsupported", {
    message: `${why}.`,
    expected: entry.needs,
    fix: `Use backend: "${automatic().entry.name}".`,
  });
}

/**
 * A trainer's: "auto" may choose C at the start, or go over to it, as the trainer's bits allow
 * (c/automatic.ts).
 */
export function trainerBackend(
  wanted: BackendName | Backend,
  bits: { readonly deterministic: boolean; readonly reproducible: boolean },
): Backend {
  const first = chooseBackend(wanted, bits.deterministic);
  if (wanted !== "auto" || first.asynchronous || first.session === undefined) return first;
  const native = nativeHere();
  if (native === undefined) return first;
  return native.makeAutomatic(first, native.makeNativeBackend(bits), bits);
}

const unknownBackend = (wanted: unknown): never =>
  fail("bad-argument", {
    message: `There is no backend ${JSON.stringify(wanted)}.`,
    expected: names,
    found: JSON.stringify(wanted),
    fix: 'Use backend: "auto", which takes the fastest that there is, or leave it out.',
  });
