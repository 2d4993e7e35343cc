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
    """As docs/exchange.md has it."""
    plain = lambda v: [a.tolist() for a in v] if isinstance(v, list) else v
    names = ("activation", "out_activation_", "t_", "n_iter_", "coefs_", "intercepts_")
    memory = getattr(getattr(mlp, "_optimizer", None), "__dict__", {})
    facts = {"params": mlp.get_params(), "optimizer": {k: plain(v) for k, v in memory.items()}}
    own = {"classes_": mlp.classes_.tolist()} if hasattr(mlp, "classes_") else {}
    return {"sklearn": type(mlp).__name__, **facts, **own, **{n: plain(getattr(mlp, n)) for n in names}}


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

# Three epochs of one batch, and ten further ones: what is remembered, the penalty and the rate count.
several = np.stack([t[:, 0] > 0, t[:, 1] > 0, t[:, 0] > t[:, 1]], axis=1).astype(int)
resumed = {
    "adam, two outputs": (MLPRegressor, t, dict(alpha=0.3, learning_rate_init=0.02, epsilon=1e-3, beta_2=0.99)),
    "sgd, one output": (MLPRegressor, t[:, 0], dict(solver="sgd", learning_rate_init=0.05, alpha=0.1)),
    "sgd, three classes": (
        MLPClassifier,
        labels,
        dict(solver="sgd", momentum=0.6, nesterovs_momentum=False, batch_size=50, learning_rate_init=0.1),
    ),
    "sgd, two outputs without momentum": (MLPRegressor, t, dict(solver="sgd", momentum=0, learning_rate_init=0.1)),
    "adam, two classes": (MLPClassifier, labels == "low", dict(alpha=1.5, learning_rate_init=0.01)),
    "adam, several labels": (MLPClassifier, several, dict(alpha=0.2, learning_rate_init=0.03)),
}
for name, (make, target, options) in resumed.items():
    mlp = make(hidden_layer_sizes=(4,), activation="tanh", max_iter=3, random_state=1, **options).fit(x, target)
    before = written(mlp)
    for _ in range(10):
        mlp.partial_fit(x, target)
    coded = target
    if target.dtype.kind == "U":
        coded = (target[:, None] == mlp.classes_).astype(int)
    after = written(mlp)
    result[f"resumed {name}"] = {
        "json": before,
        "x": x.tolist(),
        "t": coded.astype(float).reshape(len(x), -1).tolist(),
        "after": {key: after[key] for key in ("coefs_", "intercepts_")},
    }
place.write_text(json.dumps(result, separators=(",", ":")) + "\n")
