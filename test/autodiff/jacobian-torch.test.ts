/** Jacobians, Hessians and products with them, held against PyTorch's (tools/record-jacobians.py). */
import "../support/backend.ts";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { hessian, jacfwd, jacobian } from "../../src/autodiff/jacobian.ts";
import { hvp, jvp, vjp } from "../../src/autodiff/transforms.ts";
import { byPath, type Tree } from "../../src/autodiff/tree.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { tensor } from "../../src/ops/leaf.ts";
import { logsumexp, prod } from "../../src/ops/reduce.ts";

const f64 = { dtype: "f64" } as const;
const x = tensor([0.5, -1, 2], f64);
const v = tensor([1, 0.25, -0.5], f64);
const rows = [
  [0.1, 0.2, 0.3],
  [-0.4, 0.5, 0.6],
];
const m = tensor(rows, f64);
const u = tensor([1, -2, 0.5, 3], f64).reshape([2, 2]);

const table = (x: Tensor): Tensor => {
  const y = m.matmul(x.tanh());
  return y.expandDims(1).mul(y.exp().expandDims(0));
};
const number = (x: Tensor): Tensor => table(x).sin().sum().add(prod(x));

type Pair = { readonly a: Tensor; readonly m: Tensor };
const pair = ({ a, m }: Pair) => ({
  y: m.matmul(a.square()),
  z: logsumexp(a.mul(m.sum({ axis: 0 }))),
});
const energy = (p: Pair): Tensor => {
  const { y, z } = pair(p);
  return y
    .pow(3)
    .sum()
    .add(z.mul(prod(p.m)));
};
const p: Pair = { a: x, m };
const dp: Pair = { a: v, m: tensor(rows.toReversed(), f64).mul(2) };
const dy = { y: tensor([1, -0.5], f64), z: tensor(2, f64) };

const found: Record<string, () => Tree> = {
  jacobian: () => jacobian(table)(x),
  jacfwd: () => jacfwd(table)(x),
  hessian: () => hessian(number)(x),
  vjp: () => vjp(table, x)[1](u),
  jvp: () => jvp(table, x, v)[1],
  hvp: () => hvp(number, x, v)[1],
  "jacobian of records": () => jacobian(pair)(p),
  "jacfwd of records": () => jacfwd(pair)(p),
  "hessian of a record": () => hessian(energy)(p),
  "vjp of several outputs": () => vjp(pair, p)[1](dy),
  "jvp of several outputs": () => jvp(pair, p, dp)[1],
  "hvp of a record": () => hvp(energy, p, dp)[1],
};

interface Recorded {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
type Node = Recorded | { readonly [name: string]: Node };

const isRecorded = (node: Node): node is Recorded => Array.isArray(node.data);

/** The recorded tensors by their way from the root. */
function recorded(node: Node, path = ""): [string, Recorded][] {
  if (isRecorded(node)) return [[path, node]];
  return Object.entries(node).flatMap(([name, inner]) =>
    recorded(inner, path === "" ? name : `${path}/${name}`),
  );
}

const file = new URL("../fixtures/torch/jacobians.json", import.meta.url);
const { cases } = JSON.parse(readFileSync(file, "utf8")) as { cases: Record<string, Node> };

test("every case that was recorded is looked at", () => {
  expect(Object.keys(found)).toEqual(Object.keys(cases));
});

test.each(Object.entries(found))("%s", (name, derive) => {
  const ours = byPath(derive());
  const theirs = recorded(cases[name]!);
  expect(Object.keys(ours).toSorted()).toEqual(theirs.map(([path]) => path).toSorted());
  for (const [path, { shape, data }] of theirs) {
    const own = ours[path]!;
    expect(own.shape).toEqual(shape);
    const largest = Math.max(...data.map(Math.abs));
    for (const [i, value] of own.dataSync().entries())
      expect(Math.abs(value - data[i]!)).toBeLessThanOrEqual(1e-13 * largest);
  }
});
