"""Writes checkpoints of PyTorch's training, and how it goes on from them, for test/exchange.

    python tools/record-pytorch-training.py

with PyTorch 2.13, in float64.
"""
import json
from pathlib import Path

import torch
from torch import nn, optim

folder = Path(__file__).parent.parent / "test/fixtures/exchange/pytorch/training"
folder.mkdir(parents=True, exist_ok=True)
torch.set_default_dtype(torch.float64)
torch.manual_seed(0)
batches = [(torch.randn(5, 3), torch.randn(5, 2)) for _ in range(3)]

cases = {
    "sgd": (optim.SGD, "sgd", {"lr": 0.05, "weight_decay": 0.01}),
    "momentum": (optim.SGD, "sgd", {"lr": 0.05, "momentum": 0.9, "dampening": 0.25}),
    "nesterov": (optim.SGD, "sgd", {"lr": 0.05, "momentum": 0.8, "nesterov": True}),
    "adam": (optim.Adam, "adam", {"lr": 0.01, "betas": (0.8, 0.95), "eps": 1e-6, "weight_decay": 0.1}),
    "amsgrad": (optim.Adam, "adam", {"lr": 0.02, "amsgrad": True, "maximize": True}),
    "adamW": (optim.AdamW, "adamW", {"lr": 0.01}),
    "rmsprop": (optim.RMSprop, "rmsprop", {"lr": 0.01}),
    "centered": (optim.RMSprop, "rmsprop", {"lr": 0.01, "alpha": 0.9, "momentum": 0.5, "centered": True}),
    "adagrad": (optim.Adagrad, "adagrad", {"lr": 0.1, "lr_decay": 0.01}),
    "adadelta": (optim.Adadelta, "adadelta", {"lr": 0.5, "rho": 0.8}),
    "adamax": (optim.Adamax, "adamax", {"lr": 0.01}),
    "radam": (optim.RAdam, "radam", {"lr": 0.01, "decoupled_weight_decay": True, "weight_decay": 0.01}),
}


def step(model, optimizer, k):
    x, y = batches[k % len(batches)]
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(model(x), y)
    loss.backward()
    optimizer.step()
    return loss.item()


recorded = {}
for name, (make, ours, options) in cases.items():
    torch.manual_seed(1)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    optimizer = make(model.parameters(), **options)
    for k in range(7):
        step(model, optimizer, k)
    torch.save(
        {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 7},
        folder / f"{name}.pt",
    )
    losses = [step(model, optimizer, k) for k in range(7, 17)]
    recorded[name] = {
        "optimizer": ours,
        "losses": losses,
        "parameters": {n: p.flatten().tolist() for n, p in model.named_parameters()},
    }
(folder / "expected.json").write_text(json.dumps({
    "batches": [{"inputs": x.tolist(), "targets": y.tolist()} for x, y in batches],
    "cases": recorded,
}) + "\n")
