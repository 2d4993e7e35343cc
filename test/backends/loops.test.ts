/** Loops that neither compile nor read: what was computed has no past, and every turn is alike. */
import "../../src/ops/methods.ts";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { checkGradients } from "../../src/autodiff/check.ts";
import { evaluate, evaluateAsync } from "../../src/autodiff/evaluate.ts";
import { grad, jvp, valueAndGrad, vjp } from "../../src/autodiff/transforms.ts";
import type { SynchronousBackend } from "../../src/backends/backend.ts";
import { compile } from "../../src/backends/compiled.ts";
import { makeEvaluator } from "../../src/backends/evaluate.ts";
import { wasm } from "../../src/backends/wasm/index.ts";
import { nodesOf } from "../../src/core/graph.ts";
import { installEvaluator } from "../../src/core/runtime.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { dataOf } from "../../src/core/values.ts";
import { customOperator } from "../../src/ops/custom.ts";
import { take } from "../../src/ops/indexing.ts";
import { input, scalar, tensor } from "../../src/ops/leaf.ts";
import { failure } from "../support/failure.ts";

const vector = (...values: number[]): Tensor => tensor(values, { dtype: "f64" });

/** What the installed evaluator has compiled. */
let compiled: number[] = [];

const install = (least?: { elements: number; operations: number }): void => {
  const backend: SynchronousBackend = {
    ...wasm,
    compile(graph) {
      compiled.push(nodesOf(graph.outputs).length);
      return wasm.compile(graph);
    },
  };
  installEvaluator(makeEvaluator({ backend: () => backend, ...(least ? { least } : {}) }));
};

beforeEach(() => {
  compiled = [];
  install();
});
afterEach(() => vi.restoreAllMocks());

const [x, y] = [vector(0, 1, 2, 3), vector(1, 3, 5, 7)];
const error = valueAndGrad(({ w, b }: { w: Tensor; b: Tensor }) =>
  x.mul(w).add(b).sub(y).square().mean(),
);
type Line = Parameters<typeof error>[0];
const begin = (): Line => ({ w: scalar(0, "f64"), b: scalar(0, "f64") });
const turn = (line: Line): { loss: Tensor; next: Line } => {
  const [loss, g] = error(line);
  return { loss, next: { w: line.w.sub(g.w.mul(0.1)), b: line.b.sub(g.b.mul(0.1)) } };
};

describe("a loop of one's own", () => {
  it("does not grow, whatever it reads", () => {
    const sizes = [false, true].map((reads) => {
      let line = begin();
      const sizes: number[] = [];
      for (let i = 0; i < 60; i++) {
        const { loss, next } = turn(line);
        if (reads) loss.item();
        line = next;
        sizes.push(nodesOf([line.w, line.b]).length);
      }
      expect(line.w.item()).toBeCloseTo(2, 1);
      // The first turn begins at numbers of the program's text.
      expect(new Set(sizes.slice(1)).size).toBe(1);
      return sizes.at(-1)!;
    });
    expect(sizes[1]).toBeLessThan(sizes[0]!);
  });

  it("is compiled once where it is worth it, with the same bits as a compiled turn", () => {
    install({ elements: 0, operations: 0 });
    let [line, other] = [begin(), begin()];
    const step = compile((at: Line) => turn(at).next);
    for (let i = 0; i < 20; i++) {
      line = turn(line).next;
      other = step(other);
    }
    evaluate(line);
    expect([line.w.item(), line.b.item()]).toEqual([other.w.item(), other.b.item()]);
    // From numbers of the text, and then from what was computed.
    expect(compiled).toHaveLength(2);
  });

  it("computes value and gradients in one run, and what a function reads from outside once", () => {
    install({ elements: 0, operations: 0 });
    const outside = x.add(1);
    const f = valueAndGrad((w: Tensor) => outside.mul(w).exp().sum());
    const [loss, slope] = f(vector(0.5));
    loss.item();
    expect([dataOf(slope), dataOf(outside)]).not.toContain(undefined);
    expect(compiled).toHaveLength(1);
    slope.dataSync();
    expect(compiled).toHaveLength(1);
  });

  it("names a graph that grows with every turn, once", () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    let sum = vector(0);
    for (let i = 0; i < 12_000; i++) sum = sum.add(1);
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls[0]![0]).toMatch(/wait for somebody.*loops\.test\.ts.*evaluate/s);
    evaluate([sum]);
    expect(sum.inputs).toEqual([]);
    // A long function is no loop, and neither is what is read now and then.
    const long = (a: Tensor): Tensor => {
      let b = a;
      for (let i = 0; i < 6_000; i++) b = b.add(1);
      return b.sum();
    };
    grad(long)(vector(0)).add(1);
    for (let i = 0; i < 6_000; i++) {
      sum = sum.sub(1);
      if (i % 1000 === 0) sum.item();
    }
    expect(warn).toHaveBeenCalledTimes(1);
  });
});

describe("what was computed", () => {
  it("holds nothing of what it was made of", () => {
    const a = x.exp();
    const b = a.sum();
    b.item();
    expect([b.inputs, b.site.toString(), nodesOf([b])]).toEqual([[], "", [b]]);
    expect(b.mul(2).item()).toBe(2 * b.item());
  });

  it("is differentiated through where its function is called later", () => {
    let inside = x;
    const [value, pullBack] = vjp((t: Tensor) => (inside = t.exp()).sum(), x);
    value.item();
    inside.dataSync();
    expect(pullBack(scalar(1, "f64")).dataSync()).toEqual(x.exp().dataSync());
  });

  it("is differentiated through while a function reads it", () => {
    const f = (t: Tensor): Tensor => {
      const a = t.mul(t);
      return a.sum().item() > 0 ? a.mul(t).sum() : a.sum();
    };
    expect(grad(f)(vector(1, 2)).dataSync()).toEqual(Float64Array.of(3, 12));
    const slope = (t: Tensor): Tensor => {
      const inner = t.mul(3);
      inner.dataSync();
      return grad((u: Tensor) => u.pow(3).sum())(inner.square());
    };
    expect(checkGradients(slope, [vector(0.5, 1)], { order: 2 }).passed).toBe(true);
  });

  it("is differentiated through in an operator that differentiates", () => {
    const slope = customOperator({
      name: "slope",
      forward: (t) => grad((u: Tensor) => u.pow(3).sum())(t!.mul(2)),
      backward: (g, { x: [t] }) => [g.mul(t!.mul(2)).mul(12)],
    });
    expect(grad((t: Tensor) => slope(t).sum())(vector(1, 2)).dataSync()).toEqual(
      Float64Array.of(24, 48),
    );
    expect(slope(vector(1, 2)).dataSync()).toEqual(Float64Array.of(12, 48));
  });

  it("is not asked for where an argument or a tangent has no value yet", () => {
    const t = input("t", [2], "f64");
    expect(grad((u: Tensor) => u.square().sum())(t.mul(2)).inputs).not.toEqual([]);
    const [value] = jvp((u: Tensor) => u.square(), vector(1, 2), t);
    expect(value.dataSync()).toEqual(Float64Array.of(1, 4));
  });
});

describe("a plan that is kept", () => {
  it("gives the bits of the first reading, and names the line of the graph that fails", () => {
    const read = (k: number) => {
      const at = tensor([0, k], { dtype: "i32" });
      return [take(x, at).exp().sum(), take(x, at)] as const;
    };
    const first = read(2)[0].item();
    for (let i = 0; i < 3; i++) expect(read(2)[0].item()).toBe(first);
    const wrong = read(7)[1];
    for (let i = 0; i < 3; i++) read(3)[1].dataSync();
    const { where } = failure("index-out-of-range", () => wrong.dataSync());
    expect(where).toBe(wrong.site.toString());
    expect(where).toContain("loops.test.ts");
  });

  it("tells settings apart: −0 from 0, 1 from -1, axes, types", () => {
    for (let i = 0; i < 3; i++) {
      const low = [0, -0].map((value) => 1 / vector(5).clamp({ min: 9, max: value }).item());
      expect(low).toEqual([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
      const square = x.reshape([2, 2]);
      const axes = [0, 1].map((axis) => [...square.sum({ axes: axis }).dataSync()]);
      expect(axes).toEqual([
        [2, 4],
        [1, 5],
      ]);
    }
  });
});

it("evaluate computes several tensors at once, and gives them back", async () => {
  install({ elements: 0, operations: 0 });
  const a = x.exp();
  const tree = evaluate({ sum: a.sum(), parts: [a.max(), a] });
  expect(compiled).toHaveLength(1);
  expect(tree.parts[1]).toBe(a);
  expect(dataOf(tree.sum)).toBeDefined();
  expect((await evaluateAsync([a.mul(2)]))[0]!.dataSync()[0]).toBe(2);
  failure("bad-argument", () => evaluate([1 as unknown as Tensor]));
});
