"""Runs the left columns of docs/coming-from.md and records what they give.

    python tools/record-coming-from.py pytorch     # with torch 2.13
    python tools/record-coming-from.py keras       # with keras 3.15 on TensorFlow

The rows for TensorFlow.js are recorded by tools/record-coming-from.mjs.
"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FIXTURE = ROOT / "test" / "fixtures" / "coming-from.json"
HEADS = {"pytorch": "PyTorch", "keras": "Keras"}
GIVEN = {
    "x": [[1.0, -2.0, 3.0], [4.0, 5.0, -6.0]],
    "y": [[0.5, 1.0, 2.0], [-1.0, 0.0, 3.0]],
    "w": [[0.5, -1.0], [2.0, 0.25], [-0.75, 1.0]],
    "v": [0.5, 2.0, -1.0],
}


def rows(head):
    page = (ROOT / "docs" / "coming-from.md").read_text()
    table = page.split(f"| {head} | chainrule |\n|---|---|\n")[1].split("\n\n")[0]
    return [re.match(r"\| `(.*?)` \| `", line)[1] for line in table.splitlines()]


def names(who):
    if who == "pytorch":
        import torch

        torch.set_default_dtype(torch.float64)
        given = {name: torch.tensor(value) for name, value in GIVEN.items()}
        return given | {"labels": torch.tensor([2, 0]), "torch": torch, "nn": torch.nn,
                        "F": torch.nn.functional}, torch.__version__.split("+")[0]
    import keras

    given = {name: keras.ops.convert_to_tensor(value) for name, value in GIVEN.items()}
    parts = {name: getattr(keras, name) for name in ("ops", "activations", "losses", "layers")}
    return given | parts | {"labels": keras.ops.convert_to_tensor([2, 0])}, keras.__version__


def plain(value):
    if hasattr(value, "detach"):
        value = value.detach()
    if hasattr(value, "numpy"):
        value = value.numpy()
    if hasattr(value, "tolist"):
        return value.tolist()
    return value if isinstance(value, (int, float)) else list(value)  # a shape


who = sys.argv[1]
scope, version = names(who)
recorded = json.loads(FIXTURE.read_text()) if FIXTURE.exists() else {}
recorded[who] = {"version": version, "rows": {code: plain(eval(code, scope)) for code in rows(HEADS[who])}}
FIXTURE.write_text(json.dumps(recorded, indent=1, sort_keys=True) + "\n")
print(f"{len(recorded[who]['rows'])} rows of {HEADS[who]} {version}")
