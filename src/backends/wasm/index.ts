/** The WebAssembly backend: one module per graph, memory planned ahead, SIMD throughout. */

import { compileProgram } from "../../compile/index.ts";
import type { Resized } from "../../compile/resized.ts";
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
  const { exports, at, memory, sizes } = instantiate(program, {
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
  const begin = (values: readonly TypedArray[], { graph: own, size }: Size): void => {
    complete?.();
    sizes?.take(size);
    graph.inputs.forEach((node, i) => {
      if (!needed.has(node)) return;
      const [given, into] = [fitting(element(own.inputs, i), values[i]), element(inputs, i)];
      into.set(given);
      // Rows that nobody asks for hold what stands for an index, too.
      if (given.length < into.length) into.fill(0, given.length);
    });
  };
  const portion = exports.portion as (kernel: number, from: number, to: number) => void;
  const inPortions = (values: readonly TypedArray[], own: Size): PortionedRun => {
    begin(values, own);
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
      results = own.outputs.map((data) => data.slice());
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
  const executable = (own: Size): Executable => ({
    bytes: memory.buffer.byteLength,
    run(values) {
      begin(values, own);
      run();
      return own.outputs;
    },
    ...(portions.length > 1 && { inPortions: (values) => inPortions(values, own) }),
  });
  const fewer = (other: Graph): Executable | undefined => {
    const size = sizes?.fitting(other);
    if (size === undefined) return undefined;
    const parts = outputs.map((data, i) => data.subarray(0, element(other.outputs, i).size));
    return executable({ graph: other, size, outputs: parts });
  };
  return {
    ...executable({ graph, size: undefined, outputs }),
    memory: {
      inputs,
      run() {
        complete?.();
        sizes?.take(undefined);
        run();
        return outputs;
      },
    },
    ...(sizes && { fewer }),
  };
}

/** A graph that the program does for, and where its results lie. */
interface Size {
  readonly graph: Graph;
  readonly size: Resized | undefined;
  readonly outputs: TypedArray[];
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
