/** compile: functions of tensors as programs. */
import "../support/backend.ts";
import { describe, expect, it, vi } from "vitest";
import { grad, valueAndGrad } from "../../src/autodiff/transforms.ts";
import { compile } from "../../src/backends/compiled.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { linear, meanSquaredError, sequential } from "../../src/nn/index.ts";
import { ones, tensor } from "../../src/ops/leaf.ts";
import { sgd } from "../../src/optim/sgd.ts";
import { trainer } from "../../src/train/trainer.ts";
import { failure } from "../support/failure.ts";

const f64 = { dtype: "f64" } as const;
const x = tensor([0.3, -0.8, 1.1], f64);
const f = (a: Tensor): Tensor => a.tanh().mul(a).sum();

describe("compile", () => {
  it.each(["auto", "wasm", "interpreter"] as const)("computes what f computes: %s", (backend) => {
    const g = compile((a: Tensor, b: Tensor) => a.mul(b).add(f(a)), { backend });
    const expected = x.mul(2).add(f(x)).arraySync() as number[];
    const found = g(x, tensor(2, f64)).arraySync() as number[];
    found.forEach((v, i) => {
      expect(v).toBeCloseTo(expected[i]!, 14);
    });
  });

  it("runs f once for each form of its arguments", () => {
    let calls = 0;
    const g = compile(({ w, bs }: { w: Tensor; bs: Tensor[] }) => {
      calls++;
      return { all: bs.map((b) => w.mul(b)), w };
    });
    const at = (v: number) => tensor([v, 1], f64);
    for (let v = 0; v < 3; v++) {
      const { all, w } = g({ w: at(v), bs: [at(2), at(3)] });
      expect(all.map((t) => t.arraySync())).toEqual([
        [2 * v, 1],
        [3 * v, 1],
      ]);
      expect(w.arraySync()).toEqual([v, 1]);
    }
    expect(calls).toBe(1);
    g({ w: at(1), bs: [at(2)] });
    g({ w: tensor([1, 1]), bs: [at(2), at(3)] });
    g({ w: tensor(1, f64), bs: [at(2), at(3)] });
    expect(calls).toBe(4);
  });

  it("gives back values without a past, each of its own", () => {
    const g = compile((a: Tensor) => a.mul(2));
    const [one, two] = [g(x), g(x.add(1))];
    expect(one.inputs).toEqual([]);
    expect(one.arraySync()).toEqual([0.6, -1.6, 2.2]);
    expect(two.arraySync()).toEqual([2.6, 0.3999999999999999, 4.2]);
  });

  it("takes and gives constants, its own arguments, and nothing", () => {
    expect(compile((a: Tensor) => a)(x).arraySync()).toEqual([0.3, -0.8, 1.1]);
    expect(compile((a: Tensor) => [a, a])(x).map((t) => t.arraySync())).toEqual([
      [0.3, -0.8, 1.1],
      [0.3, -0.8, 1.1],
    ]);
    expect(compile(() => tensor([1, 2]))().arraySync()).toEqual([1, 2]);
    expect(compile((_: Tensor) => ones([2]))(x).arraySync()).toEqual([1, 1]);
  });

  it("trains as the trainer does", () => {
    const inputs = tensor([[0.1, 0.2], [0.5, -0.3], [-1, 2]], f64); // biome-ignore format: rows
    const targets = tensor([[1], [0], [0.5]], f64);
    const start = { w: tensor([[0.3, -0.2]], f64), b: tensor([0.1], f64) };
    const error = valueAndGrad(({ w, b }: typeof start) =>
      meanSquaredError(inputs.matmul(w.transpose()).add(b).tanh(), targets),
    );
    const step = compile((p: typeof start) => {
      const [loss, g] = error(p);
      return { loss, p: { w: p.w.sub(g.w.mul(0.5)), b: p.b.sub(g.b.mul(0.5)) } };
    });
    const t = trainer(
      sequential(linear(2, 1), (a: Tensor) => a.tanh()),
      {
        loss: meanSquaredError,
        optimizer: sgd({ learningRate: 0.5 }),
        dtype: "f64",
      },
    );
    t.setParameters({ "0.weight": start.w, "0.bias": start.b });
    let p = start;
    for (let i = 0; i < 30; i++) {
      const loss = t.step({ inputs, targets });
      const next = step(p);
      expect(next.loss.item()).toBeCloseTo(loss, 13);
      p = next.p;
    }
    expect(p.b.item()).toBeCloseTo(t.parameters["0.bias"]!.item(), 13);
  });

  it("stands for f itself in what is differentiated, compiled or trained", () => {
    const g = compile(f);
    expect(grad(g)(x).arraySync()).toEqual(grad(f)(x).arraySync());
    expect(grad((a: Tensor) => grad(g)(a).sum())(x).arraySync()).toEqual(
      grad((a: Tensor) => grad(f)(a).sum())(x).arraySync(),
    );
    expect(compile((a: Tensor) => grad(g)(a).mul(2))(x).arraySync()).toEqual(
      compile((a: Tensor) => grad(f)(a).mul(2))(x).arraySync(),
    );
    const bent = (a: Tensor): Tensor => a.tanh().mul(0.5);
    const [plain, compiled] = [bent, compile(bent)].map((activation) => {
      const t = trainer(sequential(linear(1, 1), activation), {
        loss: meanSquaredError,
        optimizer: sgd({ learningRate: 0.5 }),
        seed: 1,
      });
      const losses = [1, 2, 3].map(() => t.step({ inputs: [[1]], targets: [[0]] }));
      return losses;
    });
    expect(compiled).toEqual(plain);
    expect(plain![2]).toBeLessThan(plain![0]!);
  });

  it("says what it needs", () => {
    const reads = failure("unbound-input", () => compile((a: Tensor) => a.mul(a.sum().item()))(x));
    expect(reads.fix).toContain("Return the tensor");
    expect(reads.where).toContain("compiled.test.ts");
    const given = failure("bad-argument", () => compile((a: Tensor) => a)(3 as never));
    expect(given.message).toContain("A compiled function takes tensors.");
    const back = failure("bad-argument", () => compile(() => 3 as never)());
    expect(back.message).toContain("A compiled function returns tensors.");
    failure("bad-argument", () => compile(3 as never));
    failure("bad-argument", () => compile(f, { backnd: "wasm" } as never));
    failure("bad-argument", () => compile(f, { backend: "gpu" as never })(x));
  });
});

it("of thousands of nodes is no loop that nobody reads", () => {
  const warn = vi.spyOn(console, "warn");
  const f = (x: Tensor) => Array.from({ length: 2600 }).reduce<Tensor>((y) => y.mul(0.999).mul(x), x).sum(); // biome-ignore format: one
  expect(compile(grad(f))(tensor([1])).shape).toEqual([1]);
  expect(warn).not.toHaveBeenCalled();
  warn.mockRestore();
});
