/** Loading this gives tensors their methods, and what computes their values when they are read. */
import { installEvaluator } from "../core/runtime.ts";
import "../ops/methods.ts";
import { makeEvaluator } from "./evaluate.ts";
import { chooseBackend } from "./registry.ts";

installEvaluator(makeEvaluator({ backend: () => chooseBackend("auto") }));
