/** The verifier finds every kind of damage: a right program is damaged in one place at a time. */
import "../support/backend.ts";
import { expect, test } from "vitest";
import { gradient } from "../../src/autodiff/gradient.ts";
import { fuse } from "../../src/compile/2-fuse.ts";
import { schedule } from "../../src/compile/3-schedule.ts";
import { compileProgram } from "../../src/compile/index.ts";
import type { Buffer, Kernel, Program } from "../../src/compile/program.ts";
import { verifyProgram } from "../../src/compile/verify-program.ts";
import { apply, castExpression, constant, index, load } from "../../src/core/expression.ts";
import { scatterAdd } from "../../src/ops/indexing.ts";
import { input, tensor, zeros } from "../../src/ops/leaf.ts";
import { matmul } from "../../src/ops/matmul.ts";
import { failure } from "../support/failure.ts";
import { compiled } from "./passes.ts";

/** A step with everything in it: a state, a constant, temporaries, a matrix product, a scatter. */
function program(): Program {
  const [w, x] = [input("w", [4, 4]), input("x", [4, 4])];
  const at = input("at", [4, 4], "i32");
  const table = tensor(
    Float32Array.from({ length: 16 }, (_, i) => i),
    { shape: [4, 4] },
  );
  const hidden = matmul(x, w).tanh();
  const output = matmul(hidden, table).square();
  const [g] = gradient(output.sum(), [w]);
  const counts = scatterAdd(zeros([4, 4]), at, hidden, { axis: 0 });
  return compiled([w, x, at], [w.sub(g!), output.sum(), counts], [[0, 0]]);
}

const right = program();
const find = (what: (k: Kernel) => boolean): number => {
  const i = right.kernels.findIndex(what);
  expect(i).toBeGreaterThanOrEqual(0);
  return i;
};
/** The same program with another kernel number i. */
const withKernel = (i: number, change: (k: Kernel) => object): Program => ({
  ...right,
  kernels: right.kernels.map((k, j) => (i === j ? ({ ...k, ...change(k) } as Kernel) : k)),
});
const withOffset = (b: Buffer, offset: number): Program => ({
  ...right,
  offsets: right.offsets.with(b.id, offset),
});
const buffer = (role: Buffer["role"], size: number, nth = 0): Buffer =>
  right.buffers.filter((b) => b.role === role && b.size === size)[nth]!;
const first = right.kernels[0]!;
const [w, x] = right.inputs as [Buffer, Buffer];

const temporary = find((k) => k.stores.some((s) => s.buffer.role === "temporary"));
const made = right.kernels[temporary]!.stores[0]!.buffer;
const reader = find((k) => k.reads.includes(made));
const product = find((k) => k.loop === "reduce" && k.reads.length >= 2);
const scattering = find((k) => k.loop === "scatter");

test("what is right passes", () => {
  verifyProgram(right);
});

test.each<[string, Program, string]>([
  [
    "kernels in another order",
    { ...right, kernels: [...right.kernels].reverse() },
    "which is not there",
  ],
  [
    "a kernel that is missing",
    { ...right, kernels: right.kernels.filter((_, i) => i !== temporary) },
    `reads ${made.name}`,
  ],
  [
    "a kernel without its store",
    withKernel(temporary, () => ({ stores: [] })),
    `reads ${made.name}`,
  ],
  ["a buffer over one that is still needed", withOffset(made, right.offsets[x.id]!), x.name],
  ["a buffer half over another", withOffset(made, right.offsets[x.id]! + 4), x.name],
  [
    "a buffer over a constant",
    withOffset(made, right.offsets[buffer("constant", 16).id]!),
    "constant",
  ],
  ["a buffer behind the arena", withOffset(made, right.arena), "no place"],
  ["a buffer without a place", withOffset(made, -1), "no place"],
  ["an arena that is too small", { ...right, arena: right.arena - 128 }, "no place"],
  [
    "a store of another type",
    withKernel(temporary, (k) => ({
      stores: k.stores.map((s) => ({ ...s, value: constant(1, "f64") })),
    })),
    "is f32 and gets f64",
  ],
  [
    "a loop of another size",
    withKernel(temporary, () => ({ extents: [4, 3] })),
    "16 elements, not 12",
  ],
  [
    "a load behind the end",
    withKernel(reader, (k) => ({ value: load(0, k.reads[0]!.dtype, constant(16, "i32")) })),
    "reaches 16 … 16",
  ],
  [
    "a load before the beginning",
    withKernel(product, (k) => ({
      value: load(0, k.reads[0]!.dtype, apply("sub", index(0), constant(1, "i32"))),
    })),
    "reaches -1 … 2",
  ],
  [
    "a load of another type",
    withKernel(product, () => ({ value: load(0, "f64", index(0)) })),
    "load 0 is not a f64",
  ],
  [
    "a load of what is not read",
    withKernel(product, () => ({ value: load(9, "f32", index(0)) })),
    "load 9 is not a f32",
  ],
  [
    "a loop that reads its own result",
    withKernel(product, (k) => ({ value: load(k.reads.length, "f32", index(0)) })),
    "reads its own result",
  ],
  [
    "a result of another type",
    withKernel(product, (k) => ({
      stores: [
        { ...k.stores[0]!, value: castExpression(load(k.reads.length, "i32", index(0)), "f32") },
      ],
    })),
    "result is f32, not i32",
  ],
  [
    "a scatter that stores something else",
    withKernel(scattering, (k) => ({
      stores: [{ ...k.stores[0]!, value: constant(0, "f32") }],
    })),
    "stores its result alone",
  ],
  ["terms of another type", withKernel(product, () => ({ dtype: "f64" })), "are f32, not f64"],
  [
    "arguments of two types",
    withKernel(temporary, (k) => ({
      stores: [
        {
          ...k.stores[0]!,
          value: { ...apply("add", constant(1, "f32"), constant(1, "f64")), dtype: "f32" },
        },
      ],
    })),
    "add gets f32 and f64",
  ],
  [
    "a load with a condition and a bound",
    withKernel(product, (k) => ({
      value: load(0, k.reads[0]!.dtype, constant(0, "i32"), {
        when: constant(1, "bool"),
        bound: { index: constant(0, "i32"), size: 1 },
      }),
    })),
    "a condition and a bound",
  ],
  [
    "two stores to one place",
    withKernel(0, () => ({ stores: [...first.stores, ...first.stores] })),
    "where it writes something else",
  ],
  [
    "a kernel that overwrites what it reads elsewhere",
    withKernel(product, (k) => ({
      stores: k.stores.map((s) => ({ ...s, buffer: k.reads[0]! })),
    })),
    "which it reads elsewhere",
  ],
  [
    "an index whose place is loaded from nowhere",
    withKernel(scattering, (k) =>
      k.loop === "scatter" ? { bound: { ...k.bound, index: load(7, "i32", index(0)) } } : {},
    ),
    "load 7 is not a i32",
  ],
  [
    "an output that nobody writes",
    { ...right, outputs: [...right.outputs, { ...made }] },
    "In the end",
  ],
  [
    "a state that replaces an input it is not paired with",
    {
      ...right,
      outputs: right.outputs.map(({ inPlaceOf: _, ...b }, i) =>
        i === 0 ? (b as Buffer) : right.outputs[i]!,
      ),
    },
    "In the end",
  ],
])("%s is found", (_, wrong, message) => {
  const error = failure("invalid-graph", () => verifyProgram(wrong));
  expect(error.message).toContain(message);
});

test("a state that is replaced too early is found", () => {
  const replacing = find((k) => k.stores.some((s) => s.buffer.inPlaceOf === w));
  const kernels = [...right.kernels];
  const [update] = kernels.splice(replacing, 1);
  const gradientOnly = { ...update!, reads: [w], value: constant(0, "f32") } as Kernel;
  const stores = update!.stores.map((s) => ({ ...s, value: constant(0, "f32") }));
  const early = { ...gradientOnly, loop: "map", stores } as Kernel;
  const error = failure("invalid-graph", () =>
    verifyProgram({ ...right, kernels: [early, ...kernels] }),
  );
  expect(error.message).toContain("reads w");
});

test("a group that reads what has no buffer is an error that asks for a report", () => {
  const [a, b] = [input("a", [4]), input("b", [4])];
  const [hidden, y] = [a.add(1), a.add(1).sum()];
  const groups = fuse([y], new Set([a]));
  const damaged = groups.map((g, i) => (i === 0 ? { ...g, reads: [hidden] } : g));
  const graph = { inputs: [a, b], outputs: [y] };
  const settings = { state: [], outside: [], compile: compileProgram };
  const error = failure("invalid-graph", () => schedule(damaged, graph, [y], settings));
  expect(error.message).toContain("reads add, which has no buffer");
  expect(error.message).toContain("#0 reduce [] over [4]");
  expect(error.fix).toContain("report");
});

test("a long program is cut where it is printed", () => {
  const n = 900;
  const xs = Array.from({ length: n }, (_, i) => input(`x${i}`, [3]));
  const sums = xs.map((x) => x.sum());
  const long = compiled(xs, sums);
  const wrong = { ...long, offsets: long.offsets.with(long.outputs[0]!.id, -1) };
  const error = failure("invalid-graph", () => verifyProgram(wrong));
  expect(error.message.split("\n").length).toBeLessThan(420);
  expect(error.message).toContain("more lines");
});
