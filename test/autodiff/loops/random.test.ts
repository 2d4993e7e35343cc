/** Random steps, with loops in loops: as by hand, forwards, backwards, twice, and by forward mode. */
import "../../support/backend.ts";
import fc from "fast-check";
import { expect, test } from "vitest";
import { checkpoint } from "../../../src/autodiff/loops/checkpoint.ts";
import { cond } from "../../../src/autodiff/loops/cond.ts";
import { scan } from "../../../src/autodiff/loops/scan.ts";
import { grad, hvp, jvp } from "../../../src/autodiff/transforms.ts";
import type { Tensor } from "../../../src/core/tensor.ts";
import { add, mul } from "../../../src/ops/arithmetic.ts";
import { where } from "../../../src/ops/compare.ts";
import { tensor } from "../../../src/ops/leaf.ts";
import { expectClose } from "../../support/close.ts";
import { holds } from "../../support/property.ts";
import { byHand } from "./by-hand.ts";

/** What a step computes next, of values so far. */
type Instruction = readonly [what: number, a: number, b: number];

interface Program {
  readonly instructions: readonly Instruction[];
  readonly reverse: boolean;
  readonly length: number;
  readonly values: readonly number[];
}

const program: fc.Arbitrary<Program> = fc.record({
  instructions: fc.array(fc.tuple(fc.nat(9), fc.nat(20), fc.nat(20)), {
    minLength: 2,
    maxLength: 8,
  }),
  reverse: fc.boolean(),
  length: fc.integer({ min: 1, max: 4 }),
  values: fc.array(fc.integer({ min: -20, max: 20 }), { minLength: 30, maxLength: 30 }),
});

type Loops = "nodes" | "by hand";
type Pair = readonly [Tensor, Tensor];

/** E as a function of a weight, first carries and a sequence. */
function energy({ instructions, reverse, length }: Program, as: Loops) {
  const isLoop = as === "nodes";
  const choose = (a: Tensor, b: Tensor): Tensor =>
    isLoop
      ? cond(
          a.sum().greater(0),
          () => mul(a, b),
          () => add(a, b).sin(),
        )
      : where(a.sum().greater(0), mul(a, b), add(a, b).sin());
  const inner = (a: Tensor, b: Tensor): Tensor => {
    const step = (c: Tensor, x: Tensor) => [mul(c, x).tanh().add(a.mul(0.1)), mul(c, b)] as const;
    const [last, all] = isLoop ? scan(step, a, a) : byHand(step, a, a);
    return last.add(all.sum({ axis: 0 }));
  };
  const again = (f: (x: Tensor) => Tensor) => (isLoop ? checkpoint(f) : f);
  return ([w, h, k, x]: readonly Tensor[]): Tensor => {
    if (!w || !h || !k || !x) throw new Error("four");
    const step = ([h, k]: Pair, row: Tensor, t: Tensor): readonly [Pair, Pair] => {
      const values = [h, k, row, w, t.cast("f64").mul(0.1).add(row)];
      for (const [what, i, j] of instructions) {
        const a = values[i % values.length] ?? w;
        const b = values[j % values.length] ?? w;
        const made = [
          () => a.add(b).mul(0.5),
          () => a.mul(b).tanh(),
          () => a.sin(),
          () => a.sum().add(b.mul(0.3)),
          () => where(a.less(b), a, b.mul(0.5)),
          () => inner(a.sin(), b),
          () => choose(a, b).tanh(),
          () => again((a) => a.mul(a).exp().log())(a.sin()),
          () => a.reshape([2, 1]).mul(b).sum({ axis: 1 }).sin(),
          () => a.max().sub(b).cos(),
        ][what];
        values.push(made?.() ?? a);
      }
      const [p = h, q = k] = values.slice(-2);
      return [
        [p, q.tanh()],
        [q, values[5] ?? p],
      ];
    };
    const options = { reverse, length };
    const [[a, b], [y, z]] = isLoop
      ? scan<Pair, Pair, Tensor>(step, [h, k], x, options)
      : byHand<Pair, Tensor, Pair>(step, [h, k], x, options);
    return a.add(b.mul(2)).sum().add(y.sin().sum()).add(z.mul(y).sum());
  };
}

test("loops are as by hand", () => {
  holds(
    program,
    (program) => {
      const { values, length } = program;
      const some = (from: number, shape: number[]) =>
        tensor(
          values.slice(from, from + shape.reduce((a, b) => a * b, 1)).map((v) => v / 10),
          { shape, dtype: "f64" },
        );
      const at = [some(0, [2]), some(2, [2]), some(4, [2]), some(6, [length, 2])];
      const along = [some(14, [2]), some(16, [2]), some(18, [2]), some(20, [length, 2])];
      const [ours, theirs] = [energy(program, "nodes"), energy(program, "by hand")];
      const same = (a: Tensor, b: Tensor) => {
        expect(a.shape).toEqual(b.shape);
        expectClose(a.dataSync(), b.dataSync(), { relative: 1e-9, absolute: 1e-9 });
      };
      same(ours(at), theirs(at));
      same(jvp(ours, at, along)[1], jvp(theirs, at, along)[1]);
      const [a, b] = [grad(ours)(at), grad(theirs)(at)];
      a.forEach((g, i) => void same(g, b[i] ?? g));
      const [p, q] = [hvp(ours, at, along)[1], hvp(theirs, at, along)[1]];
      p.forEach((g, i) => void same(g, q[i] ?? g));
      // Reverse mode over forward mode, too.
      const slope = (f: typeof ours) => grad((x: readonly Tensor[]) => jvp(f, x, along)[1])(at);
      slope(ours).forEach((g, i) => void same(g, q[i] ?? g));
    },
    // More of them, compiled, take minutes: CHAINRULE_FUZZ_RUNS.
    10,
  );
});
