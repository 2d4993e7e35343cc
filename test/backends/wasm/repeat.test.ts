/** Loops over graphs as compiled code: one kernel whatever the length, the bits of its steps. */
import { expect, test } from "vitest";
import { grad } from "../../../src/autodiff/transforms.ts";
import { call, get, i32, type Local, op } from "../../../src/backends/wasm/assembler/index.ts";
import { instantiate } from "../../../src/backends/wasm/instance.ts";
import { buildModule } from "../../../src/backends/wasm/module.ts";
import { compileProgram } from "../../../src/compile/index.ts";
import { printProgram } from "../../../src/compile/program.ts";
import { nodesOf } from "../../../src/core/graph.ts";
import {
  compile,
  cond,
  input,
  scan,
  type Tensor,
  tensor,
  whileLoop,
  zeros,
} from "../../../src/index.ts";
import { runProgram } from "./run-program.ts";

const rows = (n: number, width: number) =>
  tensor(
    Float32Array.from({ length: n * width }, (_, i) => Math.sin(1.3 * i)),
    {
      shape: [n, width],
    },
  );

/** h ↦ tanh(h·w + x), for weights of some size. */
const cell =
  (w: Tensor) =>
  (h: Tensor, x: Tensor): readonly [Tensor, Tensor] => {
    const y = h.reshape([1, 24]).matmul(w).reshape([24]).add(x).tanh();
    return [y, y.mul(h)];
  };
const energy = (w: Tensor, x: Tensor): Tensor => {
  const [last, all] = scan(cell(w), zeros([24]), x);
  return last.sum().add(all.square().sum());
};
const training = (n: number) => {
  const [w, x] = [input("w", [24, 24]), input("x", [n, 24])];
  return { inputs: [w, x], outputs: [grad((w: Tensor) => energy(w, x))(w)] };
};

test("graph, program and module do not grow with the length", () => {
  const [short, long] = [100, 10_000].map((n) => {
    const graph = training(n);
    const program = compileProgram(graph, { verify: true });
    const { bytes } = buildModule(program, { relaxed: false });
    return {
      nodes: nodesOf(graph.outputs).length,
      kernels: program.kernels.length,
      lines: printProgram(program).split("\n").length,
      bytes: bytes.length,
    };
  });
  expect(long).toMatchObject({ nodes: short?.nodes, kernels: short?.kernels, lines: short?.lines });
  // Numbers of more digits take more bytes.
  expect(Math.abs((long?.bytes ?? 0) - (short?.bytes ?? 0))).toBeLessThan(200);
});

test("a loop has the bits of its step, called again and again", () => {
  const w = rows(24, 24).mul(0.3);
  const x = rows(40, 24);
  const looped = compile((w: Tensor, x: Tensor) => scan(cell(w), zeros([24]), x))(w, x);
  const step = compile((w: Tensor, h: Tensor, x: Tensor) => cell(w)(h, x) as [Tensor, Tensor]);
  let h: Tensor = zeros([24]);
  const all: number[] = [];
  for (let t = 0; t < 40; t++) {
    const [next, y] = step(w, h, x.slice({ start: [t], end: [t + 1] }).reshape([24]));
    h = next;
    all.push(...y.dataSync());
  }
  expect(looped[0].dataSync()).toEqual(h.dataSync());
  expect(looped[1].dataSync()).toEqual(Float32Array.from(all));
});

/** Of a small body, which becomes straight-line code, and loops that are left out or go on. */
const small = () => {
  const x = input("x", [9, 2], "f64");
  const step = (h: Tensor, x: Tensor): [Tensor, Tensor] => {
    const chosen = cond(
      x.sum().greater(0),
      () => h.mul(x).sin(),
      () => h.add(x),
    );
    const root = whileLoop(
      (z) => z.sum().less(3),
      (z) => z.mul(1.5).add(0.1),
      chosen.abs(),
      { bound: 6 },
    );
    return [chosen, root];
  };
  const [last, all] = scan(step, zeros([2], "f64").add(0.3), x, { reverse: true });
  return { inputs: [x], outputs: [last, all] };
};
const values = [Float64Array.from({ length: 18 }, (_, i) => Math.cos(1.7 * i))];

test("straight-line code in a loop has the bits of loops", () => {
  const program = compileProgram(small(), { verify: true });
  const run = (straight: boolean) => runProgram({ program, values, runs: 2 }, straight);
  expect(run(true)).toEqual(run(false));
});

test("steps may be taken in portions", () => {
  const program = compileProgram(small());
  const k = program.kernels.findIndex((kernel) => kernel.loop === "repeat");
  const { exports, at } = instantiate(program, {
    relaxed: false,
    inUnits: true,
    extend({ module, kernels, free }) {
      const part = module.function("part", ["i32", "i32", "i32"], "void", (f) => {
        const [kernel, from, to] = f.params as [Local, Local, Local];
        for (const [i, { func, given }] of kernels.entries()) {
          f.if(op("i32.eq", get(kernel), i32(i)), () =>
            f.emit(call(func, get(from), get(to), ...given)),
          );
        }
        return undefined;
      });
      module.export("part", part);
      return free;
    },
  });
  program.inputs.forEach((b, i) => void at(b).set(values[i] ?? []));
  const part = exports.part as (kernel: number, from: number, to: number) => void;
  program.kernels.forEach((_, i) => {
    const bounds = i === k ? [0, 1, 4, 9] : [0, 1];
    bounds.slice(1).forEach((to, j) => void part(i, bounds[j] ?? 0, to));
  });
  const inPortions = program.outputs.map((b) => at(b).slice());
  expect(inPortions).toEqual(runProgram({ program, values, runs: 1 }, false));
});

test("no steps at all give the first carry", () => {
  const sum = compile((c: Tensor, x: Tensor) => scan((c, x) => [c.add(x), c], c, x));
  const [last, all] = sum(tensor([1, 2]), zeros([0, 2]));
  expect([last.arraySync(), all.shape]).toEqual([
    [1, 2],
    [0, 2],
  ]);
});
