"""What the scripts share that record PyTorch: numbers, cases of operators, and files of cases.

A file has one case per line. A tensor is {"dtype", "shape", "data": flat and row-major}; booleans are
0 and 1; what JSON cannot write is "NaN", "Infinity" or "-Infinity", in attributes too. A case with a
"note" is about a convention (a kink, a pole, an infinity) and records torch's.
"""

import json
import math
from pathlib import Path
from zlib import crc32

import torch
from torch.autograd import grad

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
FOLDER = Path(__file__).resolve().parent.parent / "test" / "fixtures" / "torch"
DTYPES = {torch.float64: "f64", torch.int64: "i32", torch.bool: "bool"}
TORCH = {  # our name of an attribute or option: torch's, where they differ
    "axis": "dim", "axes": "dim", "keepDims": "keepdim", "slope": "negative_slope",
    "weights": "weight", "classWeights": "weight", "labelSmoothing": "label_smoothing",
    "positiveWeight": "pos_weight", "learningRate": "lr", "weightDecay": "weight_decay",
    "epsilon": "eps", "decay": "alpha", "learningRateDecay": "lr_decay",
    "initialAccumulator": "initial_accumulator_value",
}


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


def pairs(left, right):
    """Every value of `left` with every value of `right`, as two vectors."""
    return list(torch.cartesian_prod(vec(*left), vec(*right)).unbind(1))


def variable(x):
    return x.detach().clone().requires_grad_(x.is_floating_point())


def renamed(attributes):
    return {TORCH.get(key, key): value for key, value in attributes.items()}


operators = []


def case(name, function, inputs, note=None, span=(-2, 2), **attributes):
    """An input is a tensor, or a shape to be filled with random numbers from `span`."""
    inputs = [rand(*x, low=span[0], high=span[1]) if isinstance(x, list) else x for x in inputs]
    inputs = [variable(x) for x in inputs]
    options = renamed(attributes)
    if isinstance(axes := options.get("dim", 0), (list, type(None))):
        options["dim"] = tuple(range(inputs[0].ndim) if axes is None else axes)
    output = function(*inputs, **options)
    found = {"name": name, "attributes": attributes, "inputs": inputs, "output": output}
    if output.is_floating_point():
        found["upstream"] = rand(*output.shape)
    gradients = iter(())
    if output.requires_grad:
        gradients = iter(grad(output, [x for x in inputs if x.requires_grad], found["upstream"],
                              allow_unused=True))
    found["gradients"] = [next(gradients, None) if x.requires_grad else None for x in inputs]
    operators.append(found | ({"note": note} if note else {}))
