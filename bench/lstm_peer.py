"""The step of lstm.mjs in PyTorch on one thread: a number of steps in, CPU seconds out."""
import sys
import time

import torch

torch.set_num_threads(1)
BATCH, STEPS, FEATURES, UNITS = 32, 100, 32, 64


def wave(*shape):
    n = 1
    for size in shape:
        n *= size
    return torch.sin(torch.arange(n) * 1.7).reshape(shape)


x, target = wave(BATCH, STEPS, FEATURES), wave(BATCH, STEPS, UNITS)
torch.manual_seed(1)
layer = torch.nn.LSTM(FEATURES, UNITS, batch_first=True)
optimizer = torch.optim.Adam(layer.parameters(), lr=1e-3, fused=True)

for line in sys.stdin:
    before = time.process_time()
    for _ in range(int(line)):
        optimizer.zero_grad(set_to_none=True)
        loss = torch.nn.functional.mse_loss(layer(x)[0], target)
        loss.backward()
        optimizer.step()
        loss.item()
    print(time.process_time() - before, flush=True)
