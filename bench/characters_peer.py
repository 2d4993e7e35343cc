"""A transformer of 4 blocks of 128 for characters in PyTorch: the recipe of characters.mjs, the same
first numbers and batches. A line of JSON for each quarter of the steps.

    python bench/characters_peer.py tinyshakespeare.txt SEEDS STEPS
"""
import json
import math
import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

file, seeds, asked = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(1)
LAYERS, HEADS, FEATURES, LENGTH, BATCH, PARTS = 4, 4, 128, 64, 16, 4
steps = -(-asked // PARTS)

text = file.read_text()
characters = sorted(set(text))
codes = torch.tensor([characters.index(character) for character in text])
kept = int(0.9 * len(codes))


def windows(places):
    at = torch.tensor(places)[:, None] + torch.arange(LENGTH)
    return codes[at], codes[at + 1]


test = windows([kept + i * LENGTH for i in range((len(codes) - kept - 1) // LENGTH)])


class Model(nn.Sequential):
    def __init__(self):
        block = nn.TransformerEncoderLayer(
            FEATURES, HEADS, 4 * FEATURES, dropout=0, batch_first=True, norm_first=True,
            activation=lambda x: F.gelu(x, approximate="tanh"))
        super().__init__(
            nn.Embedding(len(characters), FEATURES), nn.Embedding(LENGTH, FEATURES),
            nn.TransformerEncoder(block, LAYERS, nn.LayerNorm(FEATURES), enable_nested_tensor=False),
            nn.Linear(FEATURES, len(characters), bias=False))

    def forward(self, x):
        mask = nn.Transformer.generate_square_subsequent_mask(LENGTH)
        h = self[0](x) + self[1].weight
        return self[3](self[2](h, mask=mask, is_causal=True)).flatten(0, 1)


for seed in range(1, seeds + 1):
    state = 1_000_003 * seed % 2**32

    def random():
        global state
        state = (1664525 * state + 1013904223) % 2**32
        return state / 2**32

    model = Model()
    with torch.no_grad():
        for name, p in sorted(model.named_parameters()):
            if p.dim() < 2:
                p.fill_(1 if name.endswith("weight") else 0)
            else:
                drawn = [(2 * random() - 1) * 0.02 * math.sqrt(3) for _ in range(p.numel())]
                p.copy_(torch.tensor(drawn).reshape(p.shape))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, PARTS * steps)
    seconds = 0
    for part in range(1, PARTS + 1):
        model.train()
        places = [math.floor(random() * (kept - LENGTH)) for _ in range(steps * BATCH)]
        x, y = windows(places)
        begin = time.process_time()
        for b in range(0, len(x), BATCH):
            optimizer.zero_grad()
            F.cross_entropy(model(x[b : b + BATCH]), y[b : b + BATCH].flatten()).backward()
            optimizer.step()
            schedule.step()
        seconds += time.process_time() - begin
        model.eval()
        with torch.no_grad():
            total = sum(
                F.cross_entropy(model(a), b.flatten(), reduction="sum").item()
                for a, b in zip(test[0].split(64), test[1].split(64)))
        loss = total / test[1].numel()
        line = {"seed": seed, "steps": part * steps, "loss": loss, "seconds": round(seconds)}
        print(json.dumps(line), flush=True)
