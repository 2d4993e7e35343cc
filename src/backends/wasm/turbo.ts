/**
 * Turbo: V8 can join two neighbouring vectors of 128 bits into one of the 256 that processors with
 * AVX2 have. Matrix products are then done with register tiles of twice the width. V8 calls this
 * experimental, so it is never the default, and it is used only after the code that came out gave
 * the interpreter's results here.
 */
import { fail } from "../../core/errors.ts";
import type { Graph } from "../../core/graph.ts";
import { add, div, mul } from "../../ops/arithmetic.ts";
import { input, tensor } from "../../ops/leaf.ts";
import { matmul } from "../../ops/matmul.ts";
import { transpose } from "../../ops/move.ts";
import { sum } from "../../ops/reduce.ts";
import { exp, sqrt } from "../../ops/transcendental.ts";
import type { Backend } from "../backend.ts";
import { interpreter } from "../interpreter/index.ts";
import { makeBackend, wasm } from "./index.ts";

interface NodeProcess {
  readonly arch: string;
  readonly versions: { readonly node: string };
  getBuiltinModule(name: string): unknown;
}
interface V8 {
  setFlagsFromString(flag: string): void;
}

let checked = false;

/** The backend, or an error that says why there is none. */
export function turbo(deterministic = false): Backend {
  const backend = makeBackend("turbo", { turbo: true, deterministic });
  if (checked) return backend;
  const { process: node } = globalThis as { process?: NodeProcess };
  const fits = node?.arch === "x64" && Number.parseInt(node.versions.node, 10) >= 24;
  if (!fits) {
    return fail("unsupported", {
      message: 'There is no backend "turbo" here: it needs a compiler that joins vectors.',
      expected: "Node 24 or later on x86-64",
      found: node ? `Node ${node.versions.node} on ${node.arch}` : "a page",
      fix: 'Use the backend "wasm", which runs everywhere.',
    });
  }
  const v8 = node.getBuiltinModule("node:v8") as V8;
  v8.setFlagsFromString("--experimental-wasm-revectorize");
  // What is to be checked is the optimizing compiler, so that nothing else may run the check.
  v8.setFlagsFromString("--no-liftoff");
  try {
    check(backend);
  } catch (error) {
    v8.setFlagsFromString("--no-experimental-wasm-revectorize");
    throw error;
  } finally {
    v8.setFlagsFromString("--liftoff");
  }
  checked = true;
  return backend;
}

function check(backend: Backend): void {
  const gap = largestGap(backend);
  if (gap > tolerance) {
    fail("unsupported", {
      message: "The engine's joined vectors compute something else than plain ones.",
      expected: `a relative difference of at most ${tolerance}`,
      found: String(gap),
      fix: 'Use the backend "wasm".',
    });
  }
  const gain = speedUp(backend);
  if (gain < leastGain) {
    fail("unsupported", {
      message: "The engine does not join vectors here: wide register tiles take longer.",
      expected: "an x86-64 processor with AVX2, and an engine that knows how to use it",
      found: `products that take ${(1 / gain).toFixed(2)} times as long`,
      fix: 'Use the backend "wasm".',
    });
  }
}

/** f32 arithmetic of a few operations; lanes that were mixed up differ by much more. */
const tolerance = 1e-5;

/** Joined, wide tiles are about 1.7 times as fast as plain ones; not joined, 0.6 times. */
const leastGain = 1.1;

/** How many times as fast as plain tiles: the best of several turns, as others may be busy, too. */
function speedUp(tried: Backend): number {
  const [a, b] = [input("a", [96, 384], "f32"), input("b", [384, 128], "f32")];
  const graph = { inputs: [a, b], outputs: [matmul(a, b)] };
  const values = [new Float32Array(96 * 384).fill(0.5), new Float32Array(384 * 128).fill(0.25)];
  const all = [wasm, tried].map((backend) => ({
    run: backend.compile(graph),
    best: Number.POSITIVE_INFINITY,
  }));
  for (let turn = 0; turn < 12; turn++) {
    for (const one of all) {
      const began = performance.now();
      one.run.run(values);
      one.best = Math.min(one.best, performance.now() - began);
    }
  }
  return all[0]!.best / all[1]!.best;
}

/** The largest relative difference from the interpreter, in products and elementwise. */
export function largestGap(tried: Pick<Backend, "compile">): number {
  const graph = sample();
  const found = tried.compile(graph).run([]);
  const expected = interpreter.compile(graph).run([]);
  let largest = 0;
  expected.forEach((values, k) => {
    values.forEach((v, i) => {
      const gap = Math.abs(found[k]![i]! - v) / Math.max(1, Math.abs(v));
      largest = Math.max(largest, Number.isNaN(gap) ? Number.POSITIVE_INFINITY : gap);
    });
  });
  return largest;
}

/**
 * Products of whole numbers, which f32 adds up exactly: more terms than are summed at once, rows and
 * columns that do not fill the last tile, both factors also transposed; then a chain of elementwise
 * functions and a sum.
 */
function sample(): Graph {
  const whole = (rows: number, columns: number, by: number) =>
    tensor(
      Array.from({ length: rows }, (_, i) =>
        Array.from({ length: columns }, (_, j) => ((i * by + j * 5) % 7) - 3),
      ),
    );
  const [a, b] = [whole(22, 800, 3), whole(800, 45, 2)];
  const y = matmul(a, b);
  const back = matmul(transpose(a), y);
  const smooth = div(sqrt(add(mul(y, y), 1)), add(exp(div(y, 1000)), 1));
  return { inputs: [], outputs: [y, back, smooth, sum(smooth, { axes: 0 })] };
}
