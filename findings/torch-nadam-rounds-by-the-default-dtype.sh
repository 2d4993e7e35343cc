#!/usr/bin/env bash
# NAdam keeps a product of momenta for each parameter. One guesses that it has the parameter's dtype; in fact
# it has PyTorch's default one, so that the same ten steps on the same float64 parameter end in other numbers
# after torch.set_default_dtype: seven digits are right with float32, all with float64. Who records numbers of
# PyTorch's to compare with blames their own formula.
# Seen 2026-11-30 with torch 2.13.0 (CPU). Fails if it gives something else.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --retries 0 torch==2.13.0
cat > see.py <<'PY'
import torch

def steps(default):
    torch.set_default_dtype(default)
    p = torch.tensor([1.0], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.NAdam([p], lr=0.1)
    for _ in range(10):
        p.grad = 2 * p.detach()
        optimizer.step()
    return p.item(), optimizer.state[p]["mu_product"].dtype

def formula():
    x, m, v, product = 1.0, 0.0, 0.0, 1.0
    for t in range(1, 11):
        g = 2 * x
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        now, later = (0.9 * (1 - 0.5 * 0.96 ** (k * 0.004)) for k in (t, t + 1))
        product *= now
        root = (v / (1 - 0.999**t)) ** 0.5 + 1e-8
        x -= 0.1 * (1 - now) / (1 - product) * g / root
        x -= 0.1 * later / (1 - product * later) * m / root
    return x

for default in (torch.float32, torch.float64):
    x, kept = steps(default)
    off = abs(x / formula() - 1)
    print(f"default {default}: product in {kept}, {'to 1e-14' if off < 1e-14 else 'off by more than 1e-9'}")
PY
env/bin/python see.py 2>/dev/null | tee found
cat > expected <<'TEXT'
default torch.float32: product in torch.float32, off by more than 1e-9
default torch.float64: product in torch.float64, to 1e-14
TEXT
diff expected found
