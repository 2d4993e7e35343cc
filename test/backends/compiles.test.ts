/** assertMaxCompiles: one compile too many is an error that names the argument. */
import { describe, expect, it } from "vitest";
import { assertMaxCompiles, compile } from "../../src/index.ts";
import { linear, meanSquaredError } from "../../src/nn/index.ts";
import { tensor, zeros } from "../../src/ops/leaf.ts";
import { sgd } from "../../src/optim/sgd.ts";
import { trainer } from "../../src/train/trainer.ts";
import { failure } from "../support/failure.ts";

const x = tensor([1, 2, 3]);

describe("assertMaxCompiles", () => {
  it("gives what the work gives, and lets go of it", () => {
    const f = compile((a: typeof x) => a.mul(2));
    expect(assertMaxCompiles(1, () => [f(x), f(x)].map((y) => y.arraySync()))).toEqual([
      [2, 4, 6],
      [2, 4, 6],
    ]);
    // Nobody watches any more.
    f(tensor([1]));
    f(tensor([1, 2]));
    expect(assertMaxCompiles(0, () => f(x).arraySync())).toEqual([2, 4, 6]);
  });

  it("names the argument, its old and its new type", () => {
    type Given = { readonly w: ReturnType<typeof tensor>; readonly bs: readonly (typeof x)[] };
    const f = compile(({ w, bs }: Given, scale: typeof w) => w.mul(scale).add(bs[0] ?? w));
    const two = tensor(2);
    const turns =
      (...given: Given[]) =>
      () =>
        given.map((one) => f(one, two));
    const same = { w: x, bs: [x] };
    expect(
      failure("compiled-again", () =>
        assertMaxCompiles(1, turns(same, { w: x, bs: [zeros([4])] })),
      ),
    ).toEqual(
      expect.objectContaining({
        code: "compiled-again",
        expected: "argument 1.bs.0: f32 [3]",
        found: "f32 [4]",
      }),
    );
    const f64 = { w: tensor([1, 2, 3], { dtype: "f64" }), bs: [x] };
    const typed = failure("compiled-again", () => assertMaxCompiles(0, turns(same, f64)));
    expect(typed).toMatchObject({ expected: "argument 1.w: f32 [3]", found: "f64 [3]" });
    const longer = failure("compiled-again", () =>
      assertMaxCompiles(0, turns({ w: x, bs: [x, x] })),
    );
    expect(longer).toMatchObject({
      expected: "argument 1.bs.1: nothing there",
      found: "f32 [3]",
    });
    expect(longer.message).toContain("A compiled function is compiled, the 1st compile");
  });

  it("says it where a function is compiled that never was", () => {
    const error = failure("compiled-again", () =>
      assertMaxCompiles(1, () => [1, 2].map(() => compile((a: typeof x) => a)(x))),
    );
    expect(error.message).toContain("the 2nd compile where 1 may be");
    expect(error.fix).toContain("once, outside of the loop");
  });

  it("watches promises to their end, and trainers", async () => {
    const t = trainer(linear(2, 1), { loss: meanSquaredError, optimizer: sgd() });
    const data = (rows: number) => ({ inputs: zeros([rows, 2]), targets: zeros([rows, 1]) });
    const history = await assertMaxCompiles(1, () => t.fit(data(4), { epochs: 2 }));
    expect(history.epochs).toHaveLength(2);
    await assertMaxCompiles(0, () => t.fit(data(4), { epochs: 2 }));
    await expect(assertMaxCompiles(0, () => t.fit(data(5), { epochs: 2 }))).rejects.toMatchObject({
      expected: "examples: f32 [4]",
      found: "f32 [5]",
    });
    t.step(data(4));
    expect(
      failure("compiled-again", () => assertMaxCompiles(0, () => t.step(data(3)))),
    ).toMatchObject({
      expected: "inputs: f32 [4, 2]",
      found: "f32 [3, 2]",
    });
    t.step(data(2));
    // Each of two who watch counts.
    const inner = () => assertMaxCompiles(5, () => t.predict(zeros([7, 2])));
    failure("compiled-again", () => assertMaxCompiles(0, inner));
  });

  it("refuses what it cannot count or run", () => {
    failure("bad-argument", () => assertMaxCompiles(-1, () => 0));
    failure("bad-argument", () => (assertMaxCompiles as (...given: unknown[]) => unknown)(1, 5));
  });
});
