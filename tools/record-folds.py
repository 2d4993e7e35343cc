"""Records scikit-learn's folds, where chance has no part in them: python tools/record-folds.py

Recorded with scikit-learn 1.9.1. GroupKFold sorts groups by size with an unstable sort, so that sizes
differ here.
"""

import json
import random
from pathlib import Path

from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold, TimeSeriesSplit

random.seed(13)
cases = []


def case(n, k, options, splitter, labels=None, groups=None):
    folds = splitter.split([[0]] * n, labels, groups)
    entry = {"n": n, "k": k, "options": options, "validation": [], "train": []}
    for train, validation in folds:
        entry["train"].append(train.tolist())
        entry["validation"].append(validation.tolist())
    if labels is not None:
        entry["labels"] = labels
    cases.append(entry)


for n, k in (2, 2), (7, 2), (10, 3), (23, 5), (9, 9):
    case(n, k, {"shuffle": False}, KFold(k))
for n, k, classes in (12, 3, 2), (17, 4, 3), (30, 5, 4), (25, 2, 5):
    labels = [random.randrange(classes) for _ in range(n - 2 * classes)] + [*range(classes)] * 2
    random.shuffle(labels)
    if max(labels.count(c) for c in range(classes)) >= k:
        case(n, k, {"shuffle": False}, StratifiedKFold(k), labels)
for k, sizes in (2, [3, 1]), (3, [5, 4, 2, 1]), (4, [9, 7, 6, 4, 3, 2, 1]):
    groups = [f"g{i}" for i, size in enumerate(sizes) for _ in range(size)]
    random.shuffle(groups)
    case(len(groups), k, {"shuffle": False, "groups": groups}, GroupKFold(k), groups=groups)
for n, k, gap in (6, 2, 0), (13, 4, 0), (20, 3, 2), (24, 5, 3):
    case(n, k, {"ordered": True, "gap": gap}, TimeSeriesSplit(k, gap=gap))

folder = Path(__file__).resolve().parent.parent / "test" / "fixtures" / "sklearn"
folder.mkdir(exist_ok=True)
(folder / "folds.json").write_text("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")
