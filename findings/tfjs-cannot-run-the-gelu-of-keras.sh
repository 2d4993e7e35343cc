#!/usr/bin/env bash
# A Keras layer with gelu as a graph for TensorFlow.js. One guesses that exact gelu, 0.5 x (1 + erf(x/√2)), becomes
# the operator Erf, which TensorFlow.js runs. TensorFlow writes it with Erfc, and TensorFlow.js 4.22 knows no Erfc
# ("Unknown op 'Erfc'", when the model is run, not when it is loaded). gelu with approximate=True is written with
# Tanh and runs. softsign ends the same way. Who is hurt: those who bring transformers with exact gelu (BERT, ViT) to
# a page as graph models.
# Seen 2026-11-30 with TensorFlow 2.21.0, Keras 3.15.1 and @tensorflow/tfjs 4.22.0. Fails if it gives something else.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --retries 0 tensorflow-cpu==2.21.0 keras==3.15.1
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @tensorflow/tfjs@4.22.0
cat > ops.py <<'PY'
import json
import keras
import tensorflow as tf

found = {}
for name in ["gelu", "gelu_tanh", "softsign"]:
    f = keras.activations.get(name) if name != "gelu_tanh" else (lambda x: keras.activations.gelu(x, approximate=True))
    made = tf.function(f).get_concrete_function(tf.TensorSpec([1, 2], "float32"))
    found[name] = sorted({node.op for node in made.graph.as_graph_def().node})
json.dump(found, open("ops.json", "w"))
PY
env/bin/python ops.py 2>/dev/null
cat > see.cjs <<'JS'
const { readFileSync } = require("node:fs");
console.warn = () => {};
const tf = require("@tensorflow/tfjs");
const ops = JSON.parse(readFileSync("ops.json", "utf8"));
/** A graph of one operator. */
const graph = (op) => ({
  format: "graph-model",
  modelTopology: {
    node: [
      { name: "x", op: "Placeholder", attr: { dtype: { type: "DT_FLOAT" }, shape: { shape: { dim: [{ size: "2" }] } } } },
      { name: "y", op, input: ["x"], attr: { T: { type: "DT_FLOAT" } } },
    ],
    versions: { producer: 1 },
  },
  weightSpecs: [],
  weightData: new ArrayBuffer(0),
});
const runs = async (op) => {
  try {
    const model = await tf.loadGraphModel(tf.io.fromMemory(graph(op)));
    model.predict(tf.tensor1d([0.5, -1]));
    return "runs";
  } catch (error) {
    return error.message.split(".")[0];
  }
};
(async () => {
  await tf.setBackend("cpu");
  for (const [name, list] of Object.entries(ops)) {
    for (const op of ["Erf", "Erfc", "Tanh", "Softsign"]) {
      if (list.includes(op)) console.log(`${name} is written with ${op}: ${await runs(op)}`);
    }
  }
  console.log(`Erf: ${await runs("Erf")}`);
})();
JS
node see.cjs | tee found
cat > expected <<'TEXT'
gelu is written with Erfc: Unknown op 'Erfc'
gelu_tanh is written with Tanh: runs
softsign is written with Softsign: Unknown op 'Softsign'
Erf: runs
TEXT
diff expected found
