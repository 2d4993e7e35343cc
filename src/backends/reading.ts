/**
 * Loading this gives tensors their methods, and what computes their values when they are read. The
 * compiler does not come with it: see compiler.ts.
 */
import { nodesOf } from "../core/graph.ts";
import { noteOnce } from "../core/note.ts";
import { installEvaluator } from "../core/runtime.ts";
import type { Tensor } from "../core/tensor.ts";
import { dataOf } from "../core/values.ts";
import "../ops/methods.ts";
import type { Backend, Executable, SynchronousBackend } from "./backend.ts";
import { compilerHere, fetchCompiler, isAway } from "./compiler.ts";
import { fewElements, makeEvaluator } from "./evaluate.ts";
import { interpreter } from "./interpreter/index.ts";
import { automatic, chooseBackend } from "./registry.ts";

/** Interprets until the program has the compiler; compiles from then on. */
const untilThen: SynchronousBackend = {
  name: interpreter.name,
  compile(graph) {
    const interpreted = interpreter.compile(graph);
    let compiled: Executable | undefined;
    return {
      run(values) {
        compiled ??= compilerHere()?.wasm.compile(graph);
        return (compiled ?? interpreted).run(values);
      },
    };
  },
};

/** What computes large graphs that are read. */
function backend(): Backend {
  const isLacking = isAway() && typeof WebAssembly !== "undefined";
  if (!isLacking || automatic().entry.name !== interpreter.name) return chooseBackend("auto");
  noteOnce(
    "a large tensor is read at once, and this program was bundled without the compiler: it is " +
      'interpreted, which is slow. Read it with "await t.array()", which fetches the compiler, or ' +
      'name it: import { compile } from "chainrule".',
  );
  return untilThen;
}

/** Whether compiled code may be worth while. */
const isLarge = (tensors: readonly Tensor[]): boolean =>
  nodesOf(tensors, (n) => dataOf(n) !== undefined).reduce((sum, n) => sum + n.size, 0) >=
  fewElements;

const evaluate = makeEvaluator({ backend });
installEvaluator(
  Object.assign((tensors: readonly Tensor[]) => evaluate(tensors), {
    async later(tensors: readonly Tensor[]) {
      if (isAway() && isLarge(tensors)) await fetchCompiler();
      return evaluate.later(tensors);
    },
  }),
);
