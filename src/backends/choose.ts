/** Which backend computes: by name, or the best that there is. */

import { fail } from "../core/errors.ts";
import { checkKind, isFunction, object } from "../core/kinds.ts";
import { noteOnce } from "../core/note.ts";
import type { Backend } from "./backend.ts";
import { interpreter } from "./interpreter/index.ts";
import { features } from "./wasm/assembler/index.ts";
import { makeBackend, wasm } from "./wasm/index.ts";

/** The backends that can be asked for by name. */
const backendNames = ["auto", "wasm", "interpreter"] as const;
export type BackendName = (typeof backendNames)[number];

const backend = object(
  "the name of a backend, or one",
  `one of ${backendNames.join(", ")}`,
  ({ compile }) => isFunction(compile),
);

export function chooseBackend(wanted: BackendName | Backend, deterministic = false): Backend {
  if (typeof wanted !== "string") {
    checkKind("backend", wanted, backend);
    return wanted;
  }
  if (!backendNames.includes(wanted)) {
    fail("bad-argument", {
      message: `There is no backend ${JSON.stringify(wanted)}.`,
      expected: `one of ${backendNames.join(", ")}`,
      found: JSON.stringify(wanted),
      fix: 'Use backend: "auto", which takes the fastest that there is, or leave it out.',
    });
  }
  if (wanted === "interpreter") return interpreter;
  if (features().simd) return deterministic ? makeBackend({ deterministic }) : wasm;
  const lacking = "This engine has no WebAssembly with SIMD instructions";
  if (wanted === "auto") {
    noteOnce(`${lacking}: training is interpreted, which is slow.`);
    return interpreter;
  }
  return fail("unsupported", {
    message: `${lacking}.`,
    expected: "an engine of 2021 or later",
    fix: 'Use backend: "interpreter".',
  });
}
