/** Reading values: large graphs are compiled and kept, small ones interpreted. */
import "../../src/ops/methods.ts";
import { afterEach, describe, expect, it, vi } from "vitest";
import { grad } from "../../src/autodiff/transforms.ts";
import type { SynchronousBackend } from "../../src/backends/backend.ts";
import { makeEvaluator } from "../../src/backends/evaluate.ts";
import { evaluateTensors } from "../../src/backends/interpreter/evaluate.ts";
import { wasm } from "../../src/backends/wasm/index.ts";
import { type ChainruleError, fail } from "../../src/core/errors.ts";
import type { Graph } from "../../src/core/graph.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { customOperator } from "../../src/ops/custom.ts";
import { take } from "../../src/ops/indexing.ts";
import { constantTensor, tensor } from "../../src/ops/leaf.ts";
import { failure } from "../support/failure.ts";

const always = { elements: 0, operations: 0 };

/** An evaluator that compiles everything, and a record of what it compiled. */
function recorded(
  options: { least?: typeof always; backend?: SynchronousBackend } = { least: always },
) {
  const compiled: Graph[] = [];
  const { backend = wasm, ...rest } = options;
  const compile: SynchronousBackend["compile"] = (graph) => {
    compiled.push(graph);
    return backend.compile(graph);
  };
  const evaluate = makeEvaluator({ backend: () => ({ ...backend, compile }), ...rest });
  return { compiled, read: (t: Tensor) => Array.from(evaluate([t])[0]!) };
}

const random = (size: number, seed: number): Tensor =>
  constantTensor(
    Float64Array.from({ length: size }, (_, i) => Math.sin(seed + 7.3 * i)),
    [size],
  );

describe("reading values", () => {
  afterEach(() => vi.restoreAllMocks());

  it("compiles a large graph at its first reading, with the same bits at every one", () => {
    const { compiled, read } = recorded({});
    const n = 256;
    const product = () =>
      random(n * n, 1)
        .reshape([n, n])
        .matmul(random(n * n, 2).reshape([n, n]));
    const first = read(product());
    expect(compiled).toHaveLength(1);
    expect(read(product())).toEqual(first);
    expect(compiled).toHaveLength(1);
    const exact = evaluateTensors([product()])[0]!;
    first.forEach((v, i) => {
      expect(Math.abs(v - exact[i]!)).toBeLessThan(1e-12);
    });
  });

  it("does not hide a fault of the compiler behind the interpreter", () => {
    const compile = (): never => fail("invalid-graph", { message: "wrong" });
    const { read } = recorded({ least: always, backend: { ...wasm, compile } });
    failure("invalid-graph", () => read(random(3, 1).exp()));
  });

  it("interprets a small one, however often it comes", () => {
    const { compiled, read } = recorded({});
    for (let i = 0; i < 100; i++) read(random(100, i).exp().sum());
    // Many elements, but little work.
    for (let i = 0; i < 3; i++) read(random(50_000, i).add(1));
    expect(compiled).toEqual([]);
  });

  it("compiles once for each structure, whatever the data", () => {
    const { compiled, read } = recorded();
    for (let i = 0; i < 5; i++) {
      // Exact in any order of additions, which is the backend's own.
      const x = random(6, i)
        .mul(2 ** 20)
        .round();
      expect(read(x.mul(2).sum())).toEqual(Array.from(evaluateTensors([x.mul(2).sum()])[0]!));
    }
    expect(compiled).toHaveLength(1);
    read(random(7, 1).mul(2).sum());
    read(random(6, 1).mul(2).mean());
    read(random(6, 1).reshape([2, 3]).mul(2).sum());
    expect(compiled).toHaveLength(4);
  });

  it("makes a number that changes an input, and compiles no more for it", () => {
    const { compiled, read } = recorded();
    const x = random(6, 1);
    for (const rate of [0.5, 0.25, 0.1, 0, -0, Number.NaN, Number.POSITIVE_INFINITY]) {
      const y = (): Tensor => x.mul(rate).add(3);
      expect(read(y())).toEqual(Array.from(evaluateTensors([y()])[0]!));
    }
    expect(compiled.map((g) => g.inputs.length)).toEqual([1, 2]);
  });

  it("takes what was read before as it is", () => {
    const { compiled, read } = recorded();
    const x = random(6, 1).exp();
    read(x);
    read(x.mul(2));
    expect(compiled[1]!.inputs).toEqual([x]);
    read(x.mul(2));
    read(random(6, 1).exp().mul(2));
    // Not read before, so it is another structure.
    expect(compiled).toHaveLength(3);
  });

  it("calls a user's operator again, for it may read what has changed", () => {
    const { read } = recorded();
    let factor = tensor([1, 2, 3], { dtype: "f64" });
    const scaled = customOperator({
      name: "scaled",
      forward: (x) => x!.mul(factor),
      backward: (g) => [g.mul(factor)],
    });
    const x = tensor([1, 1, 1], { dtype: "f64" });
    const f = (t: Tensor): Tensor => scaled(t).sum();
    expect([read(scaled(x)), read(grad(f)(x))]).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ]);
    factor = tensor([5, 6, 7], { dtype: "f64" });
    expect([read(scaled(x)), read(grad(f)(x))]).toEqual([
      [5, 6, 7],
      [5, 6, 7],
    ]);
  });

  it("names the line of the graph that fails, not of the first one like it", () => {
    const { read } = recorded();
    const x = tensor([1, 2, 3], { dtype: "f64" });
    read(take(x, tensor([0, 2], { dtype: "i32" })));
    const wrong = take(x, tensor([0, 3], { dtype: "i32" }));
    try {
      read(wrong);
      expect.unreachable();
    } catch (error) {
      expect((error as ChainruleError).code).toBe("index-out-of-range");
      expect((error as ChainruleError).where).toBe(wrong.site.toString());
    }
  });

  it("says once that it interprets where nothing can be compiled", () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const compile = () => fail("unsupported", { message: "No WebAssembly here." });
    const { compiled, read } = recorded({ least: always, backend: { name: "none", compile } });
    for (let i = 0; i < 3; i++) expect(read(tensor([1, i]).mul(2))).toEqual([2, 2 * i]);
    expect(compiled).toHaveLength(1);
    expect(warn.mock.calls).toEqual([[expect.stringContaining("No WebAssembly here.")]]);
  });

  it("lets go of programs that were not used for long, and of large ones sooner", () => {
    const of = (size: number) => random(size, 1).add(1);
    const few = recorded();
    for (let size = 1; size <= 40; size++) few.read(of(size));
    few.read(of(40));
    expect(few.compiled).toHaveLength(40);
    few.read(of(1));
    expect(few.compiled).toHaveLength(41);
    const compile: SynchronousBackend["compile"] = (g) => ({ ...wasm.compile(g), bytes: 2 ** 28 });
    const large = recorded({ least: always, backend: { name: "large", compile } });
    for (const size of [1, 2, 3, 3, 2, 1]) large.read(of(size));
    expect(large.compiled).toHaveLength(4);
  });
});
