"""Records scikit-learn's metrics: python tools/record-metrics.py

Recorded with scikit-learn 1.9.1. Absent classes, ties, weights and 0/0 are among the cases; what
scikit-learn refuses or leaves to the order of its sort is not.
"""

import json
import math
import random
import warnings
from pathlib import Path

import numpy as np
from sklearn import metrics as sk

warnings.simplefilter("ignore")
random.seed(17)
rng = np.random.default_rng(17)
cases = []


def plain(x):
    x = x.tolist() if hasattr(x, "tolist") else x
    if isinstance(x, (list, tuple)):
        return [plain(v) for v in x]
    if isinstance(x, float) and not math.isfinite(x):
        return "NaN"
    return x


def case(name, actual, other, options, value):
    cases.append({"name": name, "actual": plain(actual), "other": plain(other),
                  "options": {k: plain(v) for k, v in options.items()}, "value": plain(value)})


def labels(n, classes):
    return [random.randrange(classes) for _ in range(n)]


def named(options):
    names = {"weights": "sample_weight", "zeroDivision": "zero_division", "positive": "pos_label"}
    return {names.get(k, k): v for k, v in options.items() if k != "classes"} | (
        {"labels": range(options["classes"])} if "classes" in options else {})


weights = lambda n: [round(random.uniform(0, 3), 2) for _ in range(n)]
pairs = [
    (labels(20, 2), labels(20, 2), 2), (labels(30, 4), labels(30, 4), 4),
    ([0, 2, 2, 0, 3], [0, 2, 0, 0, 2], 5),  # 1 and 4 absent, 3 never predicted
    ([0, 0, 0], [0, 0, 0], 2), ([1, 1, 0], [0, 0, 0], 2), ([0, 0], [0, 0], 3),
]
scores = {"precisionScore": sk.precision_score, "recallScore": sk.recall_score, "f1Score": sk.f1_score}
for actual, predicted, classes in pairs:
    n = len(actual)
    w = weights(n)
    case("accuracyScore", actual, predicted, {}, sk.accuracy_score(actual, predicted))
    case("accuracyScore", actual, predicted, {"weights": w},
         sk.accuracy_score(actual, predicted, sample_weight=w))
    for name, f in scores.items():
        binary = max(actual + predicted) < 2
        for average in ["macro", "micro", "weighted"] + (["binary"] if binary else []):
            for more in ({}, {"weights": w}, {"zeroDivision": 1}, {"zeroDivision": math.nan},
                         {"classes": classes}, {"classes": classes, "zeroDivision": 1}):
                if average == "binary" and "classes" in more:
                    continue
                options = {"average": average, **more}
                case(name, actual, predicted, options, f(actual, predicted, **named(options)))
        if binary:
            for more in ({"positive": 0}, {"positive": 0, "weights": w}):
                if 0 in actual + predicted:
                    case(name, actual, predicted, more, f(actual, predicted, **named(more)))
    for more in ({}, {"weights": w}):
        found = sk.precision_recall_fscore_support(actual, predicted, labels=range(classes), **named(more))
        case("classificationReport", actual, predicted, {"classes": classes, **more},
             [list(row) for row in zip(*[plain(f) for f in found])])
    for normalize, own in (None, None), ("actual", "true"), ("predicted", "pred"), ("all", "all"):
        for more in ({}, {"weights": w}):
            options = {"classes": classes, **more, **({"normalize": normalize} if normalize else {})}
            value = sk.confusion_matrix(actual, predicted, labels=range(classes), normalize=own, **named(more))
            case("confusionMatrix", actual, predicted, options, value)

table = lambda n, c, p=0.4: (rng.random((n, c)) < p).astype(int)
for actual, predicted in [(table(12, 3), table(12, 3)), (table(6, 2, 0.1), table(6, 2, 0.1)),
                          (np.array([[1, 0], [0, 0]]), np.array([[0, 0], [0, 1]]))]:
    w = weights(len(actual))
    case("accuracyScore", actual, predicted, {}, sk.accuracy_score(actual, predicted))
    for name, f in scores.items():
        for average in "macro", "micro", "weighted", "samples":
            for more in ({}, {"weights": w}, {"zeroDivision": 1}):
                options = {"average": average, **more}
                case(name, actual, predicted, options, f(actual, predicted, **named(options)))

ranking = {"rocAucScore": sk.roc_auc_score, "averagePrecisionScore": sk.average_precision_score}
for n, digits in (12, 1), (40, 1), (40, 6), (4, 0):
    actual = [0, 1] + labels(n - 2, 2)
    s = [round(random.random(), digits) for _ in range(n)]
    w = weights(n)
    for name, f in ranking.items():
        case(name, actual, s, {}, f(actual, s))
        case(name, actual, s, {"weights": w}, f(actual, s, sample_weight=w))
case("averagePrecisionScore", [0, 0, 0], [0.1, 0.2, 0.2], {}, sk.average_precision_score([0, 0, 0], [0.1, 0.2, 0.2]))
case("rocAucScore", [0, 0, 0], [0.1, 0.2, 0.2], {}, math.nan)
for n, c, digits in (20, 3, 1), (50, 5, 4), (30, 4, 2):
    actual = [*range(c)] + labels(n - c, c)
    s = rng.dirichlet(np.ones(c), n)
    w = weights(n)
    for average in "macro", "weighted", "micro":
        for more in ({}, {"weights": w}):
            case("rocAucScore", actual, s, {"average": average, **more},
                 sk.roc_auc_score(actual, s, multi_class="ovr", average=average, **named(more)))
            case("averagePrecisionScore", actual, s, {"average": average, **more},
                 sk.average_precision_score(actual, s, average=average, **named(more)))
    for k in 1, 2, c:
        for more in ({}, {"weights": w}):
            case("topKAccuracyScore", actual, s, {"k": k, **more},
                 sk.top_k_accuracy_score(actual, s, k=k, labels=range(c), **named(more)))
for n, c in (15, 3), (25, 4):
    actual = table(n, c)
    actual[0], actual[1] = 0, 1
    s = np.round(rng.random((n, c)), 1)
    w = weights(n)
    for name, f in ranking.items():
        for average in "macro", "weighted", "micro":
            for more in ({}, {"weights": w}):
                options = {"average": average, **more}
                case(name, actual, s, options, f(actual, s, **named(options)))

numbers = {"r2Score": sk.r2_score, "maeScore": sk.mean_absolute_error, "rmseScore": sk.root_mean_squared_error}
number = lambda: round(random.uniform(-5, 5), 3)
for t, p in [
    ([number() for _ in range(9)], [number() for _ in range(9)]),
    ([[number(), number()] for _ in range(7)], [[number(), number()] for _ in range(7)]),
    ([3.0, 3.0, 3.0], [3.0, 3.0, 3.0]), ([3.0, 3.0, 3.0], [3.0, 2.0, 3.0]), ([1.0], [2.0]),
    ([1e9 + 1, 1e9 + 2, 1e9 + 3], [1e9 + 1, 1e9 + 2, 1e9 + 4]),
]:
    w = weights(len(t))
    for name, f in numbers.items():
        case(name, t, p, {}, f(t, p))
        # Weights make rounding errors of its mean of equal numbers, and R² -2e30.
        if name == "r2Score" and t == [3.0, 3.0, 3.0]:
            continue
        case(name, t, p, {"weights": w}, f(t, p, sample_weight=w))

path = Path(__file__).resolve().parent.parent / "test" / "fixtures" / "sklearn" / "metrics.json"
path.write_text("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")
