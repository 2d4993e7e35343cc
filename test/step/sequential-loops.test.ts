/** Updates one after another through a loop over a graph: as where it is written out. */
import { expect, test } from "vitest";
import { gradient } from "../../src/autodiff/gradient.ts";
import { scan, type Tensor, tensor } from "../../src/index.ts";
import { updateSequentially } from "../../src/step/sequential-update.ts";
import { byHand } from "../autodiff/loops/by-hand.ts";

test("a loop keeps the activations at the old weights, and reads the new weights", () => {
  const f64 = { dtype: "f64" } as const;
  const x = tensor(
    [
      [0.5, 1],
      [-1, 0.3],
      [0.2, 0.4],
    ],
    f64,
  );
  const updated = (isLoop: boolean) => {
    const [w, v] = [tensor([0.7, -0.4], f64), tensor([1.5, 0.6], f64)];
    const step = (h: Tensor, x: Tensor): [Tensor, Tensor] => {
      const y = h.mul(w).add(x).tanh().mul(v);
      return [y, y.mul(h)];
    };
    const [last, all] = isLoop
      ? scan(step, tensor([0.1, 0.2], f64), x)
      : byHand(step, tensor([0.1, 0.2], f64), x);
    const loss = last.square().sum().add(all.sum());
    const [gw, gv] = gradient(loss, [w, v]);
    if (!gw || !gv) throw new Error("two");
    const renewed: number[] = [];
    const groups = [
      [{ name: "w", parameter: w, gradient: gw }],
      [{ name: "v", parameter: v, gradient: gv }],
    ];
    updateSequentially([loss], groups, (name, gradient) => {
      const next = (name === "w" ? w : v).sub(gradient.mul(0.5));
      renewed.push(...(next.arraySync() as number[]));
      return next;
    });
    return renewed;
  };
  const [loop, written] = [updated(true), updated(false)];
  for (const [i, value] of loop.entries()) expect(value).toBeCloseTo(written[i] ?? 0, 13);
});
