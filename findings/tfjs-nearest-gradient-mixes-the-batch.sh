#!/usr/bin/env bash
# The gradient of an image that is enlarged by repeating its elements is, for each element, the sum of what
# comes back to its copies. tf.image.resizeNearestNeighbor of TensorFlow.js gives that for the first image of
# a batch; the gradient of the others is added up from other images' places. Nothing is said. Who is hurt:
# everybody who trains an autoencoder, a segmentation or a GAN with layers.upSampling2d, which calls it, in
# batches of more than one, on the "cpu" backend.
# Seen 2026-11-30 with @tensorflow/tfjs 4.22.0, Node 20.20 on Linux x86-64. Fails if it gives something else.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-save @tensorflow/tfjs@4.22.0 >/dev/null 2>&1
cat > see.cjs <<'JS'
const tf = require("@tensorflow/tfjs");

/** Two by two elements become four by four; the gradient is that of Σ w·y with w = 0, 1, 2 … */
async function see() {
  await tf.setBackend("cpu");
  for (const batch of [1, 2]) {
    const w = tf.range(0, batch * 16).reshape([batch, 4, 4, 1]);
    const f = (x) => tf.image.resizeNearestNeighbor(x, [4, 4]).mul(w).sum();
    const found = [...tf.grad(f)(tf.ones([batch, 2, 2, 1])).dataSync()];
    const byHand = found.map(() => 0);
    for (let k = 0; k < batch * 16; k++) {
      const [image, row, column] = [k >> 4, (k >> 2) & 3, k & 3];
      byHand[image * 4 + (row >> 1) * 2 + (column >> 1)] += k;
    }
    console.log(`batch of ${batch}: ${found}; by hand ${byHand}`);
  }
}
see();
JS
node see.cjs 2>/dev/null | grep batch | tee found
cat > expected <<'TEXT'
batch of 1: 10,18,42,50; by hand 10,18,42,50
batch of 2: 10,18,42,50,26,34,58,66; by hand 10,18,42,50,74,82,106,114
TEXT
diff expected found
