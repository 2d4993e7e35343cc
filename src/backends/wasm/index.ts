/** The WebAssembly backend: one module per graph, memory planned ahead, SIMD throughout. */

import { compileProgram } from "../../compile/index.ts";
import { at as element } from "../../core/at.ts";
import type { TypedArray } from "../../core/dtype.ts";
import { type Graph, nodesOf } from "../../core/graph.ts";
import type { Executable, PortionedRun, SynchronousBackend } from "../backend.ts";
import { fitting } from "../values.ts";
import { type Portion, portionsOf, takesLong, writePortion } from "./emit/portions.ts";
import { type CodeOptions, instantiate, instructionsFor } from "./instance.ts";
import { openSession } from "./session.ts";

function compile(graph: Graph, code: CodeOptions): Executable {
  const program = compileProgram(graph);
  const inUnits = takesLong(program);
  let portions: readonly Portion[] = [];
  const { exports, at, memory } = instantiate(program, {
    ...instructionsFor(code),
    inUnits,
    extend({ module, kernels, free }) {
      if (inUnits) {
        portions = portionsOf(kernels, 1);
        writePortion(module, kernels);
      }
      return free;
    },
  });
  const run = exports.run as () => void;
  const inputs = program.inputs.map(at);
  const outputs = program.outputs.map(at);
  const given = new Set(graph.inputs);
  const needed = new Set(nodesOf(graph.outputs, (n) => given.has(n)));
  /** Does the rest of what is under way in portions. */
  let complete: (() => void) | undefined;
  const begin = (values: readonly TypedArray[]): void => {
    complete?.();
    graph.inputs.forEach((node, i) => {
      if (needed.has(node)) element(inputs, i).set(fitting(node, values[i]));
    });
  };
  const portion = exports.portion as (kernel: number, from: number, to: number) => void;
  const inPortions = (values: readonly TypedArray[]): PortionedRun => {
    begin(values);
    let next = 0;
    let results: TypedArray[] | undefined;
    let failure: { readonly error: unknown } | undefined;
    const advance = (): boolean => {
      if (failure) throw failure.error;
      if (results) return false;
      try {
        const { kernel, from, to } = element(portions, next++);
        portion(kernel, from, to);
      } catch (error) {
        complete = undefined;
        failure = { error };
        throw error;
      }
      if (next < portions.length) return true;
      complete = undefined;
      results = outputs.map((data) => data.slice());
      return false;
    };
    const rest = () => {
      while (advance());
    };
    complete = () => {
      try {
        rest();
      } catch {
        // Who takes the portions gets to know it.
      }
    };
    return {
      advance,
      results() {
        rest();
        return results ?? [];
      },
    };
  };
  return {
    bytes: memory.buffer.byteLength,
    run(values) {
      begin(values);
      run();
      return outputs;
    },
    memory: {
      inputs,
      run() {
        complete?.();
        run();
        return outputs;
      },
    },
    ...(portions.length > 1 && { inPortions }),
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
