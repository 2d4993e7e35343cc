/** The C backend: one library per program, made by the system's compiler for this processor. */
import { compileProgram } from "../../compile/index.ts";
import { at as element } from "../../core/at.ts";
import { type Graph, nodesOf } from "../../core/graph.ts";
import type { Executable, SynchronousBackend } from "../backend.ts";
import { fitting } from "../values.ts";
import { functionIn, loadProgram, type NativeOptions } from "./instance.ts";
import { toolchain } from "./node-library.ts";
import { openNativeSession } from "./session.ts";

function compile(graph: Graph, code: NativeOptions): Executable {
  const program = compileProgram(graph);
  const { library, memory, at, throwFault } = loadProgram(program, code);
  const run = functionIn(library, memory, "run");
  const inputs = program.inputs.map(at);
  const outputs = program.outputs.map(at);
  const given = new Set(graph.inputs);
  const needed = new Set(nodesOf(graph.outputs, (n) => given.has(n)));
  return {
    bytes: memory.buffer.byteLength,
    run(values) {
      graph.inputs.forEach((node, i) => {
        if (needed.has(node)) element(inputs, i).set(fitting(node, values[i]));
      });
      if (run() !== 0) throwFault();
      return outputs;
    },
  };
}

export const makeNativeBackend = (code: NativeOptions): SynchronousBackend => ({
  name: "c",
  compile: (graph) => compile(graph, code),
  session: (step, data, options) => openNativeSession(step, data, { ...options, code }),
});

/** Whether it can run here, or the reason why not, as a sentence without its full stop. */
export function canRun(): true | string {
  const tools = toolchain();
  return typeof tools === "string" ? tools : true;
}
