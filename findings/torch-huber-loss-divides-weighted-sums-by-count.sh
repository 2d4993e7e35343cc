#!/usr/bin/env bash
# mse_loss, l1_loss and huber_loss take a weight for each element. One guesses that their weighted means
# mean the same; in fact the first two divide by the sum of the weights and huber_loss by the number of
# elements, so that for weights that do not average 1 its loss and gradient are larger or smaller by that
# average. Who changes from one to the other trains at another rate; who writes "the weighted mean" once
# for all three, as a library does, is wrong for one.
# Seen 2026-11-30 with torch 2.13.0 (CPU). Fails if it gives something else.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --retries 0 torch==2.13.0
cat > see.py <<'PY'
import torch
import torch.nn.functional as F

x, t, w = torch.zeros(2), torch.tensor([1.0, 2.0]), torch.tensor([1.0, 3.0])
for loss in (F.mse_loss, F.l1_loss, F.huber_loss):
    total = (loss(x, t, reduction="none") * w).sum().item()
    by = total / loss(x, t, weight=w).item()
    print(f"{loss.__name__}: the weighted sum divided by {by:g}")
PY
env/bin/python see.py 2>/dev/null | tee found
cat > expected <<'TEXT'
mse_loss: the weighted sum divided by 4
l1_loss: the weighted sum divided by 4
huber_loss: the weighted sum divided by 2
TEXT
diff expected found
