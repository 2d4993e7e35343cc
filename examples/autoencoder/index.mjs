/**
 * An autoencoder: pictures of 8 × 8 are squeezed into four numbers and drawn again from them. The
 * pictures are bars and discs at places, sizes and blurs of their own, so that there is something to
 * find; nobody says what.
 */
import {
  adam,
  binaryCrossEntropyWithLogits,
  linear,
  relu,
  sequential,
  sigmoid,
  tensor,
  trainer,
} from "chainrule";
import { dataset, split } from "chainrule/data";
import { draw, images, options } from "../picture.mjs";

const { epochs: asked, picture, quick } = options({ epochs: 200 });
const [epochs, size] = [quick ? 10 : asked, 8];

let seed = 7;
const random = (low, high) =>
  low + ((seed = (1664525 * seed + 1013904223) % 2 ** 32) / 2 ** 32) * (high - low);
const soft = (distance) => Math.min(1, Math.max(0, 0.5 - distance));
function drawing() {
  const [x, y, r] = [random(2, 5), random(2, 5), random(1, 2.5)];
  const isDisc = random(0, 1) < 0.5;
  return Array.from({ length: size * size }, (_, i) => {
    const [column, row] = [i % size, Math.floor(i / size)];
    return isDisc ? soft(Math.hypot(column - x, row - y) - r) : soft(Math.abs(column - x) - r / 2);
  });
}
const drawings = tensor(Array.from({ length: quick ? 400 : 2000 }, drawing));
const { train, validation } = split(dataset({ inputs: drawings, targets: drawings }), {
  validation: 0.1,
  seed: 1,
});

const t = trainer(
  sequential(linear(64, 48), relu(), linear(48, 4), linear(4, 48), relu(), linear(48, 64)),
  // On logits, so that a pixel's loss is the same whether it is nearly white or nearly black.
  { loss: binaryCrossEntropyWithLogits, optimizer: adam({ learningRate: 3e-3 }), seed: 1 },
);
for await (const { epoch, validation: held } of t.fit(train, {
  epochs,
  batchSize: 50,
  validation,
})) {
  if (epoch % (epochs / 5) === 0)
    console.log(`epoch ${epoch}: loss of new pictures ${held.loss.toFixed(4)}`);
}
const seen = validation.inputs.slice({ end: [10, 64] });
const again = sigmoid(t.predict(seen));
const error = sigmoid(t.predict(validation.inputs)).sub(validation.inputs).abs().mean().item();
console.log(`64 pixels from 4 numbers: ${(100 * error).toFixed(1)} % wrong on average`);
draw(
  picture,
  images({
    size,
    rows: [
      { name: "pictures", list: seen.arraySync() },
      { name: "drawn again", list: again.arraySync() },
    ],
  }),
);
