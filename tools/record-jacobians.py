"""Records Jacobians, Hessians and products with them from PyTorch into
test/fixtures/torch/jacobians.json: python tools/record-jacobians.py. The functions stand in
test/autodiff/jacobian-torch.test.ts once more.
"""
import json
from pathlib import Path

import torch
from torch.func import grad, hessian, jacfwd, jacrev, jvp, vjp

torch.set_default_dtype(torch.float64)

X = torch.tensor([0.5, -1.0, 2.0])
V = torch.tensor([1.0, 0.25, -0.5])
M = torch.tensor([[0.1, 0.2, 0.3], [-0.4, 0.5, 0.6]])
U = torch.tensor([[1.0, -2.0], [0.5, 3.0]])


def table(x):
    """Three numbers to a 2 × 2 matrix."""
    y = M @ torch.tanh(x)
    return y[:, None] * torch.exp(y)[None, :]


def number(x):
    return torch.sin(table(x)).sum() + x.prod()


def pair(p):
    """A record to a record, of a matrix and a vector."""
    return {"y": p["m"] @ p["a"] ** 2, "z": torch.logsumexp(p["a"] * p["m"].sum(0), 0)}


def energy(p):
    return (pair(p)["y"] ** 3).sum() + pair(p)["z"] * p["m"].prod()


P = {"a": X, "m": M}
DP = {"a": V, "m": M.flip(0) * 2}
DY = {"y": torch.tensor([1.0, -0.5]), "z": torch.tensor(2.0)}


def plain(tree):
    if isinstance(tree, torch.Tensor):
        return {"shape": list(tree.shape), "data": tree.flatten().tolist()}
    if isinstance(tree, dict):
        return {name: plain(inner) for name, inner in tree.items()}
    return [plain(inner) for inner in tree]


found = {
    "jacobian": jacrev(table)(X),
    "jacfwd": jacfwd(table)(X),
    "hessian": hessian(number)(X),
    "vjp": vjp(table, X)[1](U)[0],
    "jvp": jvp(table, (X,), (V,))[1],
    "hvp": jvp(grad(number), (X,), (V,))[1],
    "jacobian of records": jacrev(pair)(P),
    "jacfwd of records": jacfwd(pair)(P),
    "hessian of a record": hessian(energy)(P),
    "vjp of several outputs": vjp(pair, P)[1](DY)[0],
    "jvp of several outputs": jvp(pair, (P,), (DP,))[1],
    "hvp of a record": jvp(grad(energy), (P,), (DP,))[1],
}
file = Path(__file__).parent.parent / "test/fixtures/torch/jacobians.json"
record = {"torch": torch.__version__, "cases": {k: plain(v) for k, v in found.items()}}
file.write_text(json.dumps(record, indent=1) + "\n")
