#!/usr/bin/env bash
# PyTorch's InstanceNorm with running statistics has the buffer num_batches_tracked, as BatchNorm has.
# One guesses that it counts the batches, and that momentum=None means the average over all of them, as
# BatchNorm says; in fact it stays 0 for ever, and with momentum=None the running statistics keep their
# first values (0 and 1), so that in evaluation nothing is normalized. Who reads such a state dict into
# another library, and goes on with a cumulative average there, begins from 0 batches.
# Seen 2026-11-29 with torch 2.13.0 (CPU). Fails if it gives something else.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --retries 0 torch==2.13.0
cat > count.py <<'PY'
import torch

x = 5 + torch.arange(42.0).reshape(2, 3, 7) % 3
def after(layer):
    for _ in range(5):
        layer(x)
    layer.eval()
    far = layer(x).mean().item() > 1
    return f"{int(layer.num_batches_tracked)} batches, {'not normalized' if far else 'normalized'}"

for name, kind in (("BatchNorm1d", torch.nn.BatchNorm1d), ("InstanceNorm1d", torch.nn.InstanceNorm1d)):
    for momentum in (0.9, None):
        layer = kind(3, momentum=momentum, track_running_stats=True)
        print(f"{name} momentum={momentum}: {after(layer)}")
PY
env/bin/python count.py 2>/dev/null | tee found
cat > expected <<'TEXT'
BatchNorm1d momentum=0.9: 5 batches, normalized
BatchNorm1d momentum=None: 5 batches, normalized
InstanceNorm1d momentum=0.9: 0 batches, normalized
InstanceNorm1d momentum=None: 0 batches, not normalized
TEXT
diff expected found
