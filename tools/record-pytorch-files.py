"""Writes the files of torch.save in test/fixtures/exchange/pytorch, and what PyTorch reads of them.

    python tools/record-pytorch-files.py

with PyTorch 2.13.
"""
import collections
import io
import json
import os
import pickle
import tarfile
import zipfile
from pathlib import Path

import torch
from torch import nn

folder = Path(__file__).parent.parent / "test/fixtures/exchange/pytorch"
folder.mkdir(parents=True, exist_ok=True)
torch.manual_seed(0)


def described(t):
    """Numbers as text, since JSON has no NaN and no 64-bit integers."""
    t = t.detach()
    values = t if not t.dtype.is_floating_point or t.dtype == torch.float64 else t.double()
    flat = [v.item() for v in values.reshape(-1)] if t.numel() else []
    dtype = str(t.dtype).replace("torch.", "")
    return {"dtype": dtype, "shape": list(t.shape), "data": [repr(v) for v in flat]}


def leaves(value, name=""):
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        own = f"{name}.{key}" if name else str(key)
        if isinstance(item, torch.Tensor):
            yield own, item
        elif isinstance(item, (dict, list, tuple)):
            yield from leaves(item, own)


expected = {}


def save(name, value, **options):
    torch.save(value, folder / name, **options)
    expected[name] = {own: described(t) for own, t in leaves(value)}


floats = [0.0, -0.0, 1.0, -2.5, 0.1, 3e38, 1e-40, float("inf"), -float("inf"), float("nan")]
real = torch.tensor(floats, dtype=torch.float64)
types = {
    str(t).replace("torch.", ""): real.to(t)
    for t in (torch.float64, torch.float32, torch.float16, torch.bfloat16,
              torch.float8_e4m3fn, torch.float8_e5m2, torch.float8_e4m3fnuz, torch.float8_e5m2fnuz)
}
for t in (torch.int64, torch.int32, torch.int16, torch.int8):
    info = torch.iinfo(t)
    types[str(t).replace("torch.", "")] = torch.tensor([info.min, -1, 0, 1, info.max], dtype=t)
for t, top in ((torch.uint8, 255), (torch.uint16, 65535), (torch.uint32, 2**32 - 1), (torch.uint64, 2**63 - 1)):
    types[str(t).replace("torch.", "")] = torch.tensor([0, 1, top], dtype=t)
types["bool"] = torch.tensor([True, False, True])
types["empty"] = torch.zeros(0, 3)
types["scalar"] = torch.tensor(2.5)
save("types.pt", types)
save("complex.pt", {"c": torch.tensor([1 + 2j]), "w": torch.tensor([1.5])})

base = torch.arange(24, dtype=torch.float32)
save("views.pt", {
    "transposed": base[:6].reshape(2, 3).t(),
    "offset": base[5:9],
    "stepped": base[1::5],
    "both": base.reshape(2, 3, 4).permute(2, 0, 1)[1:3, :, ::2],
    "expanded": base[3:5].reshape(2, 1).expand(2, 4),
    "one": base[7].expand(3, 2),
    "shared": base[:6],
    "slice": base.reshape(4, 6)[:, 2],
})

tied = nn.Linear(3, 2)
other = nn.Linear(3, 2)
other.weight = tied.weight
model = nn.Sequential(collections.OrderedDict(a=tied, b=other, norm=nn.BatchNorm1d(2)))
save("tied.pt", model.state_dict())

nested = {
    "model": model.state_dict(),
    "epoch": 3,
    "loss": 0.25,
    "note": "naïve — text",
    "best": None,
    "done": True,
    "seed": 2**70,
    "low": -5,
    "low64": -(2**40),
    "size": torch.Size([1, 2]),
    "dtype": torch.bfloat16,
    "device": torch.device("cuda", 1),
    "labels": {"cat", },
    "bytes": b"ab\xff",
    "list": [torch.ones(2), {"x": torch.zeros(1)}],
    "parameter": nn.Parameter(torch.tensor([1.0, 2.0])),
    "buffer": nn.Buffer(torch.tensor([3.0])),
    "__proto__": {"polluted": torch.tensor([1.0])},
    "default": collections.defaultdict(list, {"k": 1}),
    5: torch.tensor([5.0]),
}
save("nested.pt", nested)
save("protocol4.pt", {"w": torch.ones(2), "bytes": b"abc", "f": 1.5}, pickle_protocol=4)
save("protocol5.pt", {"w": torch.ones(2), "bytes": b"abc" * 100, "n": 300}, pickle_protocol=5)

# What is refused.
torch.save({"w": torch.ones(2)}, folder / "legacy.pt", _use_new_zipfile_serialization=False)
torch.save(nn.Sequential(nn.Linear(2, 1), nn.ReLU()), folder / "module.pt")


class Evil:
    def __reduce__(self):
        return os.system, ("touch /tmp/chainrule-was-here",)


torch.save({"w": torch.ones(1), "e": Evil()}, folder / "evil.pt")
tar = io.BytesIO()
with tarfile.open(fileobj=tar, mode="w", format=tarfile.USTAR_FORMAT) as archive:
    for name in ("sys_info", "pickle", "storages", "tensors"):
        data = pickle.dumps({"protocol_version": 1000}, 2)
        info = tarfile.TarInfo(name)
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
(folder / "tar.pt").write_bytes(tar.getvalue()[:2048])

# A file of a big-endian machine, packed by another program.
torch.save({"w": torch.tensor([1.5, -2.0]), "n": torch.tensor([258])}, folder / "big.pt")
with zipfile.ZipFile(folder / "big.pt") as source:
    parts = {i.filename: source.read(i) for i in source.infolist()}
with zipfile.ZipFile(folder / "big.pt", "w", zipfile.ZIP_DEFLATED) as target:
    for name, data in parts.items():
        if name.endswith("/byteorder"):
            data = b"big"
        if "/data/" in name:
            width = 4 if name.endswith("/0") else 8
            data = b"".join(data[i:i + width][::-1] for i in range(0, len(data), width))
        target.writestr(name, data)
expected["big.pt"] = {"w": described(torch.tensor([1.5, -2.0])), "n": described(torch.tensor([258]))}

(folder / "expected.json").write_text(json.dumps(expected, indent=1, allow_nan=False) + "\n")
