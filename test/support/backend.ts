/** Import this to read values in a test: it installs the interpreter, which is the definition. */
import "../../src/ops/methods.ts";
import { evaluateTensors } from "../../src/backends/interpreter/index.ts";
import { installEvaluator } from "../../src/core/runtime.ts";

installEvaluator(evaluateTensors);
