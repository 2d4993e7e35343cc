/** What is not finite in a loop is named as outside of one: its operator, its row, what it got. */
import { expect, test } from "vitest";
import {
  checkpoint,
  cond,
  constantValue,
  layer,
  linear,
  log,
  meanSquaredError,
  scan,
  sequential,
  sgd,
  sqrt,
  stack,
  type Tensor,
  tensor,
  trainer,
  zeros,
} from "../../src/index.ts";
import { rejection } from "../support/failure.ts";

/** A recurrence over sequences [batch, 4, 2]. */
const recurrent = (step: (h: Tensor, sums: Tensor, t: Tensor) => Tensor, reverse = false) =>
  layer({
    name: "own",
    kind: "recurrence",
    inputSize: 2,
    outputSize: 3,
    parameters: { w: { shape: [2, 3], initial: constantValue(0.1), frozen: false } },
    outputShape: ([batch = 0]) => [batch, 3],
    apply(x, { w }) {
      const rows = x.transpose([1, 0, 2]).matmul(w!);
      const first = zeros([rows.shape[1]!, 3], rows.dtype);
      return scan((h, row, t) => [step(h, row, t), undefined], first, rows, { reverse })[0];
    },
  });

const inputs = tensor([0, 1].map((i) => [1, 2, 3, 4].map((t) => [t + i, 1])));

async function why(model: ReturnType<typeof recurrent>) {
  const t = trainer(sequential(model, linear(3, 1)), {
    loss: meanSquaredError,
    optimizer: sgd({ learningRate: 0.1 }),
  });
  return rejection(
    "not-finite",
    Promise.resolve(t.fit({ inputs, targets: [[1], [2]] }, { epochs: 1, batchSize: 2 })),
  );
}

test("the row that is to blame, and its operator", async () => {
  // Row t holds (t + 1)·0.1 + 0.1 and more: the logarithm's argument is 0 or less from row 2 down.
  const forward = await why(recurrent((_, sums) => log(sums.mul(-1).add(0.45))));
  expect(forward.message).toContain("log made a number that is not finite, in row 2 of a loop.");
  expect(forward.message).toContain("add f32[2, 3]");
  expect(forward.message).toContain("log was asked for a value that it has not");
  const reverse = await why(recurrent((_, sums) => log(sums.sub(0.35)), true));
  expect(reverse.message).toContain("in row 1 of a loop");
});

test("backwards, in choices and in loops of loops", async () => {
  const backward = await why(recurrent((h, sums) => sqrt(h.add(sums).mul(0))));
  expect(backward.message).toContain("div made a number that is not finite, in row 3 of a loop.");
  expect(backward.message).toContain("its slope is not: div in the backward pass");
  const again = checkpoint((h: Tensor, t: Tensor) =>
    cond(
      t.greater(1),
      () => log(h.sub(9)),
      () => h.mul(0.5),
    ),
  );
  const chosen = await why(recurrent((h, _, t) => again(h, t)));
  expect(chosen.message).toContain("log made a number that is not finite, in row 2 of a loop.");
  const nested = await why(
    recurrent(
      (h, sums) => scan((_, x) => [log(x.sub(0.15)), undefined], h, stack([sums, sums.mul(0)]))[0],
    ),
  );
  expect(nested.message).toContain("in row 0 and there in row 1 of a loop");
});
