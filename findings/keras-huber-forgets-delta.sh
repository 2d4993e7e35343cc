#!/usr/bin/env bash
# Huber's loss bends from a square to a line at delta. A Keras model that was compiled with Huber(delta=0.5) and
# saved comes back with delta 1: the configuration of the loss has no delta, while its neighbours' have what they
# were given. Nothing is said, and the reloaded model measures and trains with another loss. Who is hurt:
# everybody who saves such a model to go on later, or hands it on: no reader of the file can know delta.
# Seen 2026-11-30 with keras 3.15.1 on torch 2.13.0. Fails if it gives something else.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --retries 0 keras==3.15.1 torch==2.13.0
cat > see.py <<'PY'
import keras
import numpy as np

x, t = np.zeros((1, 1), "float32"), np.full((1, 1), 2.0, "float32")
model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
model.compile(loss=keras.losses.Huber(delta=0.5))
model.save("model.keras")
again = keras.saving.load_model("model.keras")
print("saved:", sorted(keras.losses.Huber(delta=0.5).get_config()))
print("a neighbour:", sorted(keras.losses.CategoricalCrossentropy(label_smoothing=0.1).get_config()))
for name, m in (("before", model), ("after", again)):
    print(f"{name}: {m.evaluate(x, t, verbose=0):.4f}")
PY
KERAS_BACKEND=torch env/bin/python see.py 2>/dev/null | tee found
cat > expected <<'TEXT'
saved: ['name', 'reduction']
a neighbour: ['axis', 'from_logits', 'label_smoothing', 'name', 'reduction']
before: 0.8750
after: 1.5000
TEXT
diff expected found
