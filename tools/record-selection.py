"""Records how PyTorch orders, accumulates and picks elements: test/fixtures/torch/selection.json.

    python3 -m pip install torch==2.13.0 && python3 tools/record-selection.py

As tools/record-fixtures.py does, and with the same limits; how a case is written down says
tools/recording.py. Where a function gives several tensors, "part" says which is recorded; where
torch leaves open which of equals is taken, there are none.
"""

import torch
from recording import case, operators, rand, seed, vec, write
from torch import inf, nan

TIES = vec(2, 1, 2, 1, 3, 3, 1, 3, 0, -0.0, 0, -1).reshape(3, 4)
ODD = vec(1, nan, -inf, 2, inf, 0, nan, -1, 3, inf, inf, -inf).reshape(3, 4)

# ----------------------------------------------------------------------------------------- order


def sort(x, dim=-1, descending=False, part=0):
    return torch.sort(x, dim=dim, descending=descending, stable=True)[part].clone()


def top(x, k, dim=-1, largest=True, part=0):
    return torch.topk(x, k, dim, largest, True)[part].clone()


def place(function):
    """Value or index of what takes one place in the order."""
    def found(x, part=0, dim=-1, keepdim=False, **k):
        return function(x, dim=dim, keepdim=keepdim, **k)[part].clone()
    return found


seed("order")
for shape, axis in ([6], 0), ([2, 5], 1), ([4, 1, 3], 0), ([3, 4, 2], -2), ([0, 3], 0), ([3, 0], 1):
    for descending in False, True:
        given = {"axis": axis, "descending": descending}
        case("argsort", lambda x, **o: sort(x, part=1, **o), [shape], **given)
        case("sort", sort, [shape], **given, part=0)
for descending in False, True:
    given = {"axis": 1, "descending": descending}
    for x, note in (TIES, "of equals the first comes first"), (ODD, "NaN is the greatest"):
        case("argsort", lambda x, **o: sort(x, part=1, **o), [x], note, **given)
        case("sort", sort, [x], note, **given, part=0)
    case("argsort", lambda x, **o: sort(x, part=1, **o), [torch.tensor([3, -1, 3, 0, -7])],
         descending=descending)
    case("sort", sort, [torch.tensor([True, False, True])], descending=descending, part=0)
case("sort", sort, [[70]], part=0)
for shape, k, axis in ([6], 2, 0), ([2, 5], 5, 1), ([4, 3], 1, 0), ([3, 2], 0, 1):
    for largest in True, False:
        for part in 0, 1:
            case("topK", top, [shape], k=k, axis=axis, largest=largest, part=part)
case("topK", top, [vec(1, nan, inf, 2)], "NaN is the largest", k=2, part=0)
for shape, k, axis, keep in ([5], 1, 0, False), ([2, 5], 4, 1, True), ([4, 3], 4, 0, False):
    for part in 0, 1:
        case("kthValue", place(torch.kthvalue), [shape], k=k, axis=axis, keepDims=keep, part=part)
case("kthValue", place(torch.kthvalue), [vec(1, nan, 0, inf)], "NaN is the greatest", k=4, part=0)
for shape, axis, keep in ([5], 0, False), ([2, 4], 1, True), ([4, 3], 0, False), ([1], -1, False):
    for part in 0, 1:
        case("medianWithIndex", place(torch.median), [shape], axis=axis, keepDims=keep, part=part)
case("medianWithIndex", place(torch.median), [vec(3, 1, nan, 0, nan)], "NaN, the first", part=1)
for x, note in ([4], None), ([2, 3], None), ([], None), (vec(1, 2, 2, 2, 5), "ties share"):
    case("median", torch.median, [x], note)
case("median", torch.median, [torch.tensor([4, 1, 3, 2])])

write("selection", operators)
