"""The workloads of src/cli/bench/workloads.ts for peers in Python: the same numbers, bit for bit."""
import json
import sys
import time

import numpy as np


def fractions(n, seed):
    """n numbers in [0, 1): x ← 1664525x + 1013904223 mod 2³², mixed."""
    mask = 0xFFFFFFFF
    state = (seed * 0x9E3779B1 + 0x7F4A7C15) & mask
    # All states at once: n steps of the generator are x ← aⁿx + c(aⁿ⁻¹ + … + 1).
    a = np.empty(n, np.uint64)
    c = np.empty(n, np.uint64)
    power, total = 1, 0
    for i in range(n):
        total = (total * 1664525 + 1013904223) & mask
        power = (power * 1664525) & mask
        a[i], c[i] = power, total
    x = (a * np.uint64(state) + c) & np.uint64(mask)
    x ^= x >> np.uint64(16)
    x = (x * np.uint64(0x7FEB352D)) & np.uint64(mask)
    x ^= x >> np.uint64(15)
    return x.astype(np.float64) / 2.0**32


def weighted(values):
    flat = np.asarray(values, np.float64).ravel()
    return float(np.sum(flat * (1 + np.arange(flat.size) % 7)))


def example():
    """W1: the worked example, biases fixed, in f64."""
    weights = [np.array([[0.15, 0.25], [0.2, 0.3]]), np.array([[0.4, 0.5], [0.45, 0.55]])]
    biases = [np.array([0.35, 0.35]), np.array([0.6, 0.6])]
    return {
        "dtype": np.float64,
        "parameters": [p for pair in zip(weights, biases) for p in pair],
        "frozen_biases": True,
        "activation": "sigmoid",
        "loss": "half squared error",
        "optimizer": ("sgd", 0.5, 0.0),
        "batches": [(np.array([[0.05, 0.1]]), np.array([[0.01, 0.99]]))],
        "checksum": weighted(weights[0]) + weighted(weights[1]),
    }


SPECS = {
    "W2": ([784, 128, 64, 10], "relu", "cross-entropy", ("sgd", 0.05, 0.9), 64, 16, 200),
    "W3": ([1024, 2048, 2048, 1024], "relu", "squared error", ("adam", 1e-3, 0.0), 256, 4, 300),
    "W4": ([400, 120, 84, 10], "relu", "cross-entropy", ("adam", 1e-3, 0.0), 64, 16, 400),
    "W6": ([1, 16, 16, 1], "tanh", "squared error", ("adam", 1e-3, 0.0), 32, 32, 600),
}

# Before the dense layers: channels in and out, padding; windows of 5 × 5, ReLU, maxima of 2 × 2.
CONVOLUTIONS = {"W4": ((1, 6, 2), (6, 16, 0))}
IMAGES = {"W4": (1, 28, 28)}


def language_model():
    """W5: four blocks of 128, which read 64 characters at a time; matrices are inputs × outputs."""
    characters, blocks, heads, features, places, rows, batches = 65, 4, 4, 128, 64, 16, 8
    parameters = []

    def drawn(seed, *shape):
        bound = 0.02 * np.sqrt(3)
        values = (2 * fractions(int(np.prod(shape)), seed) - 1) * bound
        parameters.append(values.astype(np.float32).reshape(shape))

    def full(value, size):
        parameters.append(np.full(size, value, np.float32))

    def norm():
        full(1, features)
        full(0, features)

    drawn(500, characters, features)
    drawn(501, places, features)
    for l in range(blocks):
        seed = 510 + 10 * l
        norm()
        for k, (n, m) in enumerate(((1, 3), (1, 1), (1, 4), (4, 1))):
            if k == 2:
                norm()
            drawn(seed + k, n * features, m * features)
            full(0, m * features)
    norm()
    drawn(502, features, characters)
    text = np.floor(fractions(batches * rows * (places + 1), 590) * characters).astype(np.int32)
    text = text.reshape(batches, rows, places + 1)
    pairs = [(np.ascontiguousarray(t[:, :-1]), np.ascontiguousarray(t[:, 1:])) for t in text]
    checksum = sum(weighted(p) for p in parameters)
    checksum += sum(weighted(x) + weighted(y) for x, y in pairs)
    return {
        "transformer": (blocks, heads, features),
        "dtype": np.float32,
        "parameters": parameters,
        "frozen_biases": False,
        "loss": "cross-entropy",
        "optimizer": ("adamw", 1e-3, 0.01),
        "batches": pairs,
        "checksum": checksum,
    }


def workload(name):
    """Weights are inputs × outputs; of convolutions outputs × inputs × rows × columns."""
    if name == "W1":
        return example()
    if name == "W5":
        return language_model()
    sizes, activation, loss, optimizer, rows, batches, seed = SPECS[name]
    checksum = 0.0
    parameters = []
    convolutions = CONVOLUTIONS.get(name, ())
    image = IMAGES.get(name, (sizes[0],))
    layers = [(25 * n, m, (m, n, 5, 5)) for n, m, _ in convolutions]
    layers += [(n, m, (n, m)) for n, m in zip(sizes, sizes[1:])]
    for l, (n, m, kept) in enumerate(layers):
        bound = 1 / np.sqrt(n)
        for size, shape, at in ((n * m, kept, 2 * l), (m, (m,), 2 * l + 1)):
            values = ((2 * fractions(size, seed + at) - 1) * bound).astype(np.float32)
            checksum += weighted(values)
            parameters.append(values.reshape(shape))
    examples = rows * batches
    u = fractions(examples * int(np.prod(image)), seed + 90)
    pixels = lambda: np.where(u > 0.8, (u - 0.8) * 5, 0)
    made = {"W2": pixels, "W3": lambda: 2 * u - 1, "W4": pixels}
    inputs = made.get(name, lambda: (2 * u - 1) * np.pi)().astype(np.float32)
    if loss == "cross-entropy":
        targets = np.floor(fractions(examples, seed + 91) * sizes[-1]).astype(np.int32)
    elif name == "W6":
        targets = np.sin(inputs.astype(np.float64)).astype(np.float32)
    else:
        targets = (2 * fractions(examples * sizes[-1], seed + 91) - 1).astype(np.float32)
    inputs = inputs.reshape(batches, rows, *image)
    classes = loss == "cross-entropy"
    targets = targets.reshape((batches, rows) if classes else (batches, rows, sizes[-1]))
    pairs = list(zip(inputs, targets))
    checksum += sum(weighted(x) + weighted(y) for x, y in pairs)
    return {
        "dtype": np.float32,
        "convolutions": convolutions,
        "parameters": parameters,
        "frozen_biases": False,
        "activation": activation,
        "loss": loss,
        "optimizer": optimizer,
        "batches": pairs,
        "checksum": checksum,
    }


def serve(name, open_machine):
    """
    Answers one JSON request a line. open_machine(workload) gives (reset, run): run(steps) trains
    from where it is, and returns the loss of the last step when that is known.
    """
    machines = {}

    def answer(request):
        if request["cmd"] == "info":
            return {"info": {"name": name}}
        w = request["id"]
        if w not in machines:
            spec = workload(w)
            machines[w] = (spec, *open_machine(spec))
        spec, reset, run = machines[w]
        reset()
        if request["cmd"] == "init":
            losses, began = [], time.perf_counter()
            while len(losses) < 21:
                if len(losses) >= 3 and time.perf_counter() - began > request.get("budget", 1e9):
                    break
                start = time.perf_counter()
                losses.append(float(run(1)))
                last = time.perf_counter() - start
            return {"losses": losses, "checksum": spec["checksum"], "stepSec": last}
        run(max(1, request.get("warm", 3)))
        start = time.perf_counter()
        loss = float(run(request["steps"]))
        return {"sec": time.perf_counter() - start, "loss": loss}

    for line in sys.stdin:
        try:
            reply = {"ok": True, **answer(json.loads(line))}
        except Exception as error:  # The other side leaves this peer out and says so.
            reply = {"ok": False, "error": f"{type(error).__name__}: {error}"}
        print("@" + json.dumps(reply), flush=True)
