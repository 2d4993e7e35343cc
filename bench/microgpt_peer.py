"""
The step of microgpt.mjs in PyTorch, or as a plain Python script does it. A number of steps in; losses
and CPU seconds out: microgpt_peer.py torch NAMES, or microgpt_peer.py original NAMES SCRIPT.
"""
import builtins
import json
import os
import re
import sys
import tempfile
import time

kind, names = sys.argv[1], sys.argv[2].split()
PLACES, FEATURES, HEADS, LETTERS, BEGIN = 16, 16, 4, 27, 26


def with_torch():
    import torch
    from torch.nn import functional as F

    torch.set_num_threads(1)
    shapes = [(LETTERS, FEATURES), (PLACES, FEATURES), (3 * FEATURES, FEATURES)]
    shapes += [(FEATURES, FEATURES), (4 * FEATURES, FEATURES), (FEATURES, 4 * FEATURES)]
    shapes += [(LETTERS, FEATURES)]
    parameters = []
    for k, (n, m) in enumerate(shapes):
        at = torch.arange(n * m, dtype=torch.float64)
        values = (0.1 * torch.sin(1.7 * at + k)).float().reshape(n, m)
        parameters.append(values.requires_grad_(True))
    table, places, qkv, out, up, down, head = parameters
    optimizer = torch.optim.Adam(parameters, lr=0.01, betas=(0.85, 0.99), fused=True)
    norm = lambda x: F.rms_norm(x, (FEATURES,), eps=1e-5)
    documents = [torch.tensor([BEGIN, *(ord(c) - 97 for c in name), BEGIN]) for name in names]
    done = 0

    def step():
        nonlocal done
        codes = documents[done % len(documents)]
        done += 1
        n = len(codes) - 1
        x = norm(table[codes[:-1]] + places[:n])
        q, k, v = (
            t.view(n, HEADS, FEATURES // HEADS).transpose(0, 1)
            for t in F.linear(norm(x), qkv).split(FEATURES, 1)
        )
        a = F.scaled_dot_product_attention(q[None], k[None], v[None], is_causal=True)[0]
        x = x + F.linear(a.transpose(0, 1).reshape(n, FEATURES), out)
        x = x + F.linear(F.relu(F.linear(norm(x), up)), down)
        loss = F.cross_entropy(F.linear(x, head), codes[1:])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        return loss.item()

    for line in sys.stdin:
        before = time.process_time()
        losses = [step() for _ in range(int(line))]
        seconds = time.process_time() - before
        print(json.dumps({"seconds": seconds, "losses": losses}), flush=True)


def original(path):
    """The script runs as it is, in a folder with the names; it stops where it prints enough steps."""
    source = open(path, encoding="utf-8").read()
    folder = tempfile.mkdtemp()
    os.chdir(folder)
    with open("input.txt", "w", encoding="utf-8") as file:
        file.write("\n".join(names))
    say = builtins.print
    state = {"left": int(sys.stdin.readline()), "asked": 0, "before": time.process_time()}
    state["asked"] = state["left"]

    def counted(*values, **_):
        if not re.search(r"step\s+\d+", " ".join(map(str, values))):
            return
        state["left"] -= 1
        if state["left"] > 0:
            return
        seconds = time.process_time() - state["before"]
        say(json.dumps({"seconds": seconds, "losses": []}), flush=True)
        line = sys.stdin.readline()
        if not line:
            sys.exit()
        state["left"] = int(line)
        state["before"] = time.process_time()

    builtins.print = counted
    exec(compile(source, path, "exec"), {"__name__": "__main__"})


if kind == "torch":
    with_torch()
else:
    original(sys.argv[3])
