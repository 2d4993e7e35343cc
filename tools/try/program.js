// What a newcomer writes: a network learns exclusive or, is saved and goes on.
import {
  adam,
  binaryCrossEntropyWithLogits,
  linear,
  sequential,
  tanh,
  tensor,
  trainer,
} from "chainrule";
import { moons } from "chainrule/data";

export async function learn() {
  const model = () => sequential(linear(2, 4), tanh(), linear(4, 1));
  const optimizer = adam({ learningRate: 0.05 });
  const options = { loss: binaryCrossEntropyWithLogits, optimizer, seed: 1 };
  const xor = {
    inputs: [
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ],
    targets: [[0], [1], [1], [0]],
  };
  const t = trainer(model(), options);
  await t.fit(xor, { epochs: 300 });
  const again = trainer(model(), options);
  again.fromBytes(t.toBytes());
  await again.fit(xor, { epochs: 10 });
  const large = tensor(Float32Array.from({ length: 1e5 }, (_, i) => i % 7))
    .square()
    .sum();
  const parts = [
    `${again.evaluate(xor).accuracy * 100} % right`,
    `backend ${again.backend.name}`,
    `epoch ${again.progress.epoch}`,
    `sum ${await large.array()}`,
    `${moons({ size: 10 }).size} moons`,
  ];
  return parts.join(", ");
}
