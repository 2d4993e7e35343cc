"""
Reads models beside bench/read-model.mjs: `read_model_peer.py write FOLDER MEGABYTES` writes model.safetensors
and model.pt with tensors of 4 MiB; `read_model_peer.py read FILE` holds all tensors of a file, as
safetensors.torch.load_file or torch.load gives them, adds up their bytes and says what it took.
"""
import json
import resource
import sys
import time

import numpy as np
import torch
from safetensors.torch import load_file, save_file

torch.set_num_threads(1)


def write(folder, megabytes):
    torch.manual_seed(0)
    count = max(1, int(megabytes) * 10**6 // 2**22)
    tensors = {f"{i}.weight": torch.randn(1024, 1024) for i in range(count)}
    save_file(tensors, f"{folder}/model.safetensors")
    torch.save(tensors, f"{folder}/model.pt")


def read(path):
    begun, used = time.perf_counter(), time.process_time()
    tensors = load_file(path) if path.endswith(".safetensors") else torch.load(path, weights_only=True)
    total = sum(int(t.numpy().view(np.uint8).sum(dtype=np.uint64)) for t in tensors.values())
    seconds = time.perf_counter() - begun
    processor = time.process_time() - used
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "processor": processor, "sum": total, "memory": memory}))


if sys.argv[1] == "write":
    write(*sys.argv[2:])
else:
    read(sys.argv[2])
