/**
 * Import this to read values in a test: it installs the interpreter, which is the definition, or
 * the backend that CHAINRULE_BACKEND names, so that the same tests run there (see vitest.config.ts).
 */
import "../../src/ops/methods.ts";
import { evaluateTensors } from "../../src/backends/interpreter/evaluate.ts";
import { wasm } from "../../src/backends/wasm/index.ts";
import { installEvaluator } from "../../src/core/runtime.ts";
import { building } from "../../src/core/tracing.ts";
import { compiledEvaluator } from "./compiled.ts";

const evaluators = { interpreter: () => evaluateTensors, wasm: () => compiledEvaluator(wasm) };

/** The backend that the tests run on. */
export const backend = (process.env.CHAINRULE_BACKEND ?? "interpreter") as keyof typeof evaluators;

if (!(backend in evaluators)) throw new Error(`CHAINRULE_BACKEND: there is no backend ${backend}`);
const evaluate = evaluators[backend]();
// Tests differentiate graphs by hand after they have read them: no past is let go.
installEvaluator((tensors) => building(() => evaluate(tensors)));
