"""LeNet-5 on 10,000 handwritten digits in PyTorch: the recipe of lenet.mjs. A line of JSON a seed.

    python bench/lenet_peer.py FOLDER SEEDS EPOCHS
"""

import gzip
import json
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

folder, seeds, epochs = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(1)


def idx(name, start):
    data = gzip.decompress((folder / f"{name}-ubyte.gz").read_bytes())
    return torch.frombuffer(bytearray(data[start:]), dtype=torch.uint8)


def digits(name):
    images = idx(f"{name}-images-idx3", 16).reshape(-1, 1, 28, 28) / 255
    return images, idx(f"{name}-labels-idx1", 8).long()


(x, y), (tests, labels) = digits("train10k"), digits("t10k")
for seed in range(1, seeds + 1):
    torch.manual_seed(seed)
    model = nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(0.3),
        nn.Linear(400, 120), nn.ReLU(), nn.Dropout(0.3),
        nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
    steps = epochs * -(-len(x) // 64)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for epoch in range(epochs):
        for batch in torch.randperm(len(x)).split(64):
            optimizer.zero_grad()
            F.cross_entropy(model(x[batch]), y[batch]).backward()
            optimizer.step()
            schedule.step()
    model.eval()
    with torch.no_grad():
        accuracy = (model(tests).argmax(1) == labels).double().mean().item()
    print(json.dumps({"seed": seed, "accuracy": accuracy}), flush=True)
