#!/usr/bin/env bash
# parametrizations.weight_norm(layer, dim=d) keeps a norm for each place of axis d. One guesses that -1 is
# the last axis, as in every function of PyTorch's, and -2 the one before; -2 is, but -1 means the whole
# tensor: one number, as dim=None says. No error: the layer trains with one length for all of its units.
# Seen 2026-11-30 with torch 2.13.0 (CPU). Fails if it gives something else.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --retries 0 torch==2.13.0
cat > see.py <<'PY'
import torch

for dim in (0, 1, -2, -1, None):
    layer = torch.nn.utils.parametrizations.weight_norm(torch.nn.Linear(3, 4), dim=dim)
    print(f"dim={dim}: lengths of shape {list(layer.parametrizations.weight.original0.shape)}")
PY
env/bin/python see.py 2>/dev/null | tee found
cat > expected <<'TEXT'
dim=0: lengths of shape [4, 1]
dim=1: lengths of shape [1, 3]
dim=-2: lengths of shape [4, 1]
dim=-1: lengths of shape []
dim=None: lengths of shape []
TEXT
diff expected found
