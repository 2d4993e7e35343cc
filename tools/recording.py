"""What the scripts that record PyTorch's results share: how numbers are drawn and written."""

import json
import math
from pathlib import Path
from zlib import crc32

import torch

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
FOLDER = Path(__file__).resolve().parent.parent / "test" / "fixtures" / "torch"
DTYPES = {torch.float64: "f64", torch.int64: "i32", torch.bool: "bool"}


def plain(value):
    """A value as JSON knows it: floats that are whole shed their point, tensors become objects."""
    if isinstance(value, torch.Tensor):
        data = value.int() if value.dtype == torch.bool else value
        return {"dtype": DTYPES[value.dtype], "shape": list(value.shape),
                "data": plain(data.flatten().tolist())}
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return value if str(value) == "-0.0" else int(value)
    return value


def write(name, cases):
    lines = (json.dumps(plain(case), separators=(",", ":"), allow_nan=False) for case in cases)
    (FOLDER / f"{name}.json").write_text("[\n" + ",\n".join(lines) + "\n]\n")


def seed(name):
    torch.manual_seed(crc32(name.encode()))


def rand(*shape, low=-2.0, high=2.0, digits=3):
    """Random numbers of few digits, so that the files are short; they are exact all the same."""
    return torch.round(torch.rand(shape) * (high - low) + low, decimals=digits) + 0.0


def vec(*values):
    return torch.tensor(values, dtype=torch.float64)


def variable(x):
    return x.detach().clone().requires_grad_(x.is_floating_point())
