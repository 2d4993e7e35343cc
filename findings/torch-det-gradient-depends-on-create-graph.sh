#!/usr/bin/env bash
# The gradient of a determinant is the matrix of cofactors, for singular matrices, too. One guesses that
# create_graph, which only keeps the way for a second derivative, leaves the numbers as they are; in fact
# torch.linalg.det gives zeros at a singular matrix without it, and the cofactors with it. Who holds an
# implementation of his own against PyTorch there, or trains through a determinant that passes 0, gets no
# gradient, and no error.
# Seen 2026-11-30 with torch 2.13.0 (CPU), float64. Fails if it gives something else.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --retries 0 torch==2.13.0
cat > see.py <<'PY'
import torch

for graph in (False, True):
    a = torch.tensor([[1.0, 2.0], [2.0, 4.0]], dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(torch.linalg.det(a), a, create_graph=graph)
    print(f"create_graph={graph}: {[round(v) + 0 for v in slope.flatten().tolist()]}")
PY
env/bin/python see.py 2>/dev/null | tee found
cat > expected <<'TEXT'
create_graph=False: [0, 0, 0, 0]
create_graph=True: [4, -2, -2, 1]
TEXT
diff expected found
