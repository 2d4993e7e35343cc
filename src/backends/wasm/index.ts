/** The WebAssembly backend: one module per graph, memory planned ahead, SIMD throughout. */

import { compileProgram } from "../../compile/index.ts";
import { at as element } from "../../core/at.ts";
import { type Graph, nodesOf } from "../../core/graph.ts";
import type { Executable, SynchronousBackend } from "../backend.ts";
import { fitting } from "../values.ts";
import { type CodeOptions, instantiate, instructionsFor } from "./instance.ts";
import { openSession } from "./session.ts";

function compile(graph: Graph, code: CodeOptions): Executable {
  const program = compileProgram(graph);
  const { exports, at, memory } = instantiate(program, instructionsFor(code));
  const run = exports.run as () => void;
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
      run();
      return outputs;
    },
  };
}

export const makeBackend = (code: CodeOptions): SynchronousBackend => ({
  name: "wasm",
  compile: (graph) => compile(graph, code),
  session: (graph, data, options) => openSession(graph, data, { ...options, code }),
});

// Written out: of a call at the top a bundler cannot know that it may be dropped.
export const wasm: SynchronousBackend = {
  name: "wasm",
  compile: (graph) => compile(graph, {}),
  session: openSession,
};
