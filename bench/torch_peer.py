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


def language_model(spec):
    """The parameters of W5, in order, and what they make of characters: numbers for the next ones."""
    blocks, heads, features = spec["transformer"]
    tables, matrices = spec["parameters"][:2], spec["parameters"][2:]
    start = [torch.tensor(p) for p in tables]
    start += [torch.tensor(p.T.copy() if p.ndim == 2 else p) for p in matrices]

    def apply(parameters, x):
        own = iter(parameters)
        take = lambda n: [next(own) for _ in range(n)]
        embedding, positions = take(2)
        h = F.embedding(x, embedding) + positions
        rows, places = x.shape
        for _ in range(blocks):
            a = F.linear(F.layer_norm(h, (features,), *take(2)), *take(2))
            q, k, v = (
                t.view(rows, places, heads, features // heads).transpose(1, 2)
                for t in a.split(features, 2)
            )
            a = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            h = h + F.linear(a.transpose(1, 2).reshape(rows, places, features), *take(2))
            a = F.linear(F.layer_norm(h, (features,), *take(2)), *take(2))
            h = h + F.linear(F.gelu(a, approximate="tanh"), *take(2))
        return F.linear(F.layer_norm(h, (features,), *take(2)), *take(1)).flatten(0, 1)

    return start, apply


def stack(spec):
    """The parameters of the other networks, weights first, and what they make of a batch."""
    first = spec["parameters"]
    convolutions = spec["convolutions"] if "convolutions" in spec else ()
    weights = [torch.tensor(w.T.copy() if w.ndim == 2 else w) for w in first[0::2]]
    biases = [torch.tensor(b) for b in first[1::2]]
    activation = {"relu": F.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid}[spec["activation"]]
    last_too = spec["activation"] == "sigmoid"

    def apply(parameters, a):
        for l in range(len(weights)):
            w, b = parameters[l], parameters[len(weights) + l]
            if l < len(convolutions):
                a = F.conv2d(a, w, b, padding=convolutions[l][2])
                a = F.max_pool2d(F.relu(a), 2)
                continue
            a = F.linear(a.flatten(1), w, b)
            if last_too or l + 1 < len(weights):
                a = activation(a)
        return a

    return weights + biases, apply


def open_machine(spec):
    start, apply = language_model(spec) if "transformer" in spec else stack(spec)
    parameters = [p.clone() for p in start]
    trained = parameters[: len(parameters) // 2] if spec["frozen_biases"] else parameters
    for p in trained:
        p.requires_grad_(True)
    classes = spec["loss"] == "cross-entropy"
    batches = [
        (torch.tensor(x), torch.tensor(y.astype(np.int64).ravel() if classes else y))
        for x, y in spec["batches"]
    ]
    loss_of = {
        "cross-entropy": F.cross_entropy,
        "squared error": F.mse_loss,
        "half squared error": lambda p, t: 0.5 * ((t - p) ** 2).sum(),
    }[spec["loss"]]
    kind, rate, more = spec["optimizer"]
    state = {}

    def reset():
        with torch.no_grad():
            for p, value in zip(parameters, start):
                p.copy_(value)
        if kind == "adam":
            state["optimizer"] = torch.optim.Adam(trained, lr=rate, fused=True)
        elif kind == "adamw":
            state["optimizer"] = torch.optim.AdamW(trained, lr=rate, weight_decay=more, fused=True)
        else:
            state["optimizer"] = torch.optim.SGD(trained, lr=rate, momentum=more, fused=True)
        state["step"] = 0

    def run(steps):
        optimizer = state["optimizer"]
        for i in range(state["step"], state["step"] + steps):
            x, target = batches[i % len(batches)]
            loss = loss_of(apply(parameters, x), target)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
        state["step"] += steps
        return loss.item()

    return reset, run


serve(f"PyTorch {torch.__version__}", open_machine)
