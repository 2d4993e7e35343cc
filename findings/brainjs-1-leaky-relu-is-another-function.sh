#!/usr/bin/env bash
# A leaky ReLU is z above 0 and 0.01·z below. That of brain.js 1 is 0.01·z above 0 and 0 below; version 2 has
# the usual one. A network that version 1 has trained and saved as JSON therefore computes something else in
# version 2, though both call the activation "leaky-relu". Who is hurt: everybody who moves a trained network
# from version 1 on, or reads its JSON elsewhere.
# Seen 2026-11-30 with brain.js 1.6.1 and 2.0.0-beta.24, Node 20.20. Fails if it gives something else.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
for version in 1.6.1 2.0.0-beta.24; do
  mkdir "$version"
  (cd "$version" && npm install --silent --no-save --ignore-scripts "brain.js@$version" >/dev/null 2>&1)
done
cat > see.cjs <<'JS'
const { NeuralNetwork } = require("brain.js");

/** One unit behind another, each with weight 1 and bias 0: x goes through the activation twice. */
const net = new NeuralNetwork({ hiddenLayers: [1], activation: "leaky-relu", leakyReluAlpha: 0.01 });
net.train([{ input: [0], output: [0] }], { iterations: 1 });
for (const layer of [1, 2]) {
  net.weights[layer][0][0] = 1;
  net.biases[layer][0] = 0;
}
const f = (x) => Number(net.run([x])[0].toPrecision(6));
console.log(`${process.argv[2]}: f(1) = ${f(1)}, f(-1) = ${f(-1)}`);
JS
for version in 1.6.1 2.0.0-beta.24; do
  cp see.cjs "$version" && (cd "$version" && node see.cjs "$version")
done | tee found
cat > expected <<'TEXT'
1.6.1: f(1) = 0.0001, f(-1) = 0
2.0.0-beta.24: f(1) = 1, f(-1) = -0.0001
TEXT
diff expected found
