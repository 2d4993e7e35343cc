"""The cases of functions.mjs in PyTorch, eagerly and on one thread: a line in, CPU seconds out."""
import json
import sys
import time

import torch

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)


def wave(*shape):
    n = 1
    for size in shape:
        n *= size
    return torch.sin(torch.arange(n) * 1.7).reshape(shape)


def grad(f, *xs):
    xs = [x.detach().requires_grad_() for x in xs]
    y = f(*xs)
    gradients = torch.autograd.grad(y, xs)
    return [y.item()] + [g.tolist() for g in gradients]


def chain(x):
    y = x
    for _ in range(10):
        y = y.sin() + x
    return y


def mixture(points):
    def f(weights, means):
        squares = ((points[:, None, :] - means[None]) ** 2).sum(2)
        return torch.logsumexp(weights - 0.5 * squares, 1).sum() - 100 * torch.logsumexp(weights, 0)
    return f


def network(x, y):
    def f(w, b, v):
        return ((torch.tanh(x @ w + b) @ v - y) ** 2).mean()
    return f


def recurrent(xs):
    def f(w, u):
        h = torch.zeros(14)
        for x in xs:
            h = torch.tanh(w @ h + u @ x)
        return (h * h).sum()
    return f


def pieces(count, size):
    xs = [wave(size) + k for k in range(count)]
    return lambda: torch.stack(xs)


def columns(count):
    xs = [wave(10_000, 1) + k for k in range(count)]
    return lambda: torch.cat(xs, 1)


number, three = torch.tensor(0.5), wave(3)
mix, net = mixture(wave(100, 2)), network(wave(32, 4), wave(32, 1))
rnn = recurrent(list(wave(5, 14)))
CASES = {
    "square of a number": lambda: grad(lambda x: x * x, number),
    "chain of 20": lambda: grad(chain, number),
    "norm of three": lambda: grad(lambda x: (x * x).sum().sqrt(), three),
    "mixture, 100 points": lambda: grad(mix, wave(5), wave(5, 2)),
    "network 4-8-1": lambda: grad(net, wave(4, 8), wave(8), wave(8, 1)),
    "recurrent, 5 steps": lambda: grad(rnn, wave(14, 14), wave(14, 14) * 0.5),
    "stack 32 of 1000": pieces(32, 1000),
    "stack 128 of 1000": pieces(128, 1000),
    "stack 32 of 10000": pieces(32, 10_000),
    "join 32 columns": columns(32),
}

for line in sys.stdin:
    case, runs = json.loads(line)
    f = CASES[case]
    start = time.process_time()
    for _ in range(runs):
        f()
    print(time.process_time() - start, flush=True)
