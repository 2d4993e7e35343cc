"""
PyTorch as a peer: `chainrule bench --peer "PyTorch=python3 bench/torch_peer.py"`. Its fused
optimizers where it has them, no profiling, no checks; OMP_NUM_THREADS says how many threads.
"""
import os

import numpy as np
import torch
from torch.nn import functional as F
from workloads import serve

torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))


def open_machine(spec):
    first = spec["parameters"]
    convolutions = spec.get("convolutions", ())
    weights = [torch.tensor(w.T.copy() if w.ndim == 2 else w) for w in first[0::2]]
    biases = [torch.tensor(b) for b in first[1::2]]
    start = [t.clone() for t in (*weights, *biases)]
    trained = weights if spec["frozen_biases"] else [*weights, *biases]
    for p in trained:
        p.requires_grad_(True)
    classes = spec["loss"] == "cross-entropy"
    batches = [
        (torch.tensor(x), torch.tensor(y.astype(np.int64) if classes else y))
        for x, y in spec["batches"]
    ]
    activation = {"relu": F.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid}[spec["activation"]]
    last_too = spec["activation"] == "sigmoid"
    loss_of = {
        "cross-entropy": F.cross_entropy,
        "squared error": F.mse_loss,
        "half squared error": lambda p, t: 0.5 * ((t - p) ** 2).sum(),
    }[spec["loss"]]
    kind, rate, momentum = spec["optimizer"]
    state = {}

    def reset():
        with torch.no_grad():
            for p, value in zip((*weights, *biases), start):
                p.copy_(value)
        if kind == "adam":
            state["optimizer"] = torch.optim.Adam(trained, lr=rate, fused=True)
        else:
            state["optimizer"] = torch.optim.SGD(trained, lr=rate, momentum=momentum, fused=True)
        state["step"] = 0

    def run(steps):
        optimizer = state["optimizer"]
        for i in range(state["step"], state["step"] + steps):
            a, target = batches[i % len(batches)]
            for l, (w, b) in enumerate(zip(weights, biases)):
                if l < len(convolutions):
                    a = F.conv2d(a, w, b, padding=convolutions[l][2])
                    a = F.max_pool2d(F.relu(a), 2)
                    continue
                a = F.linear(a.flatten(1), w, b)
                if last_too or l + 1 < len(weights):
                    a = activation(a)
            loss = loss_of(a, target)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
        state["step"] += steps
        return loss.item()

    return reset, run


serve(f"PyTorch {torch.__version__}", open_machine)
