"""Records perceptrons of scikit-learn 1.9 for test/fixtures/exchange/perceptrons.json, each with inputs and
what it predicts, beside the networks of brain.js that tools/record-brain.cjs has put there:

    python tools/record-perceptrons.py"""

import json
import pathlib
import warnings

import numpy as np
from sklearn.neural_network import MLPClassifier, MLPRegressor

warnings.filterwarnings("ignore")
rng = np.random.default_rng(2)
x = rng.uniform(-1, 1, (40, 3))
t = np.tanh(x @ rng.uniform(-1, 1, (3, 2)))
labels = np.array(["low", "middle", "high"])[np.digitize(t[:, 0], [-0.3, 0.3])]


def written(mlp):
    lists = {name: [a.tolist() for a in getattr(mlp, name)] for name in ("coefs_", "intercepts_")}
    facts = {name: getattr(mlp, name) for name in ("activation", "out_activation_")}
    own = {"classes_": mlp.classes_.tolist()} if hasattr(mlp, "classes_") else {}
    return {"sklearn": type(mlp).__name__, **facts, **lists, **own, "params": mlp.get_params()}


common = dict(max_iter=30, random_state=0)
models = {
    "regressor": (MLPRegressor(hidden_layer_sizes=(4, 3), activation="tanh", **common), t),
    "identity": (MLPRegressor(hidden_layer_sizes=(4,), activation="identity", **common), t[:, 0]),
    "classes": (MLPClassifier(hidden_layer_sizes=(5,), activation="relu", **common), labels),
    "two": (MLPClassifier(hidden_layer_sizes=(5,), activation="logistic", **common), labels == "low"),
}
place = pathlib.Path(__file__).parent.parent / "test" / "fixtures" / "exchange" / "perceptrons.json"
result = json.loads(place.read_text()) if place.exists() else {}
for name, (mlp, target) in models.items():
    mlp.fit(x, target)
    y = mlp.predict_proba(x[:4]) if hasattr(mlp, "predict_proba") else mlp.predict(x[:4]).reshape(4, -1)
    result[f"scikit-learn {name}"] = {"json": written(mlp), "x": x[:4].tolist(), "y": y.tolist()}
place.write_text(json.dumps(result, separators=(",", ":")) + "\n")
