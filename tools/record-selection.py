"""Records how PyTorch orders, accumulates and picks elements: test/fixtures/torch/selection.json.

    python3 -m pip install torch==2.13.0 && python3 tools/record-selection.py

As tools/record-fixtures.py does, and with the same limits; how a case is written down says
tools/recording.py. Where a function gives several tensors, "part" says which is recorded; where
torch leaves open which of equals is taken, there are none.
"""

import torch
import torch.nn.functional as F
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

# ------------------------------------------------------------------------------------ cumulative

ZEROS = vec(2, 0, 3, 0.5, 0, 0, -1, 4, 1, -2, 3, 0).reshape(3, 4)
seed("cumulative")
for name, function in ("cumprod", torch.cumprod), ("logcumsumexp", torch.logcumsumexp):
    for shape, axis in ([5], 0), ([2, 7], 1), ([3, 1, 2], 0), ([4, 3], -2), ([1], 0), ([0, 3], 1):
        case(name, function, [shape], axis=axis)
for x in ZEROS, vec(0, 0, 0), vec(1, 2, 0, 3):
    case("cumprod", torch.cumprod, [x], "factors that are 0", axis=-1)
case("cumprod", torch.cumprod, [torch.tensor([3, -2, 0, 5])], axis=0)
# Shifted, since torch's gradient is not accurate to f64 there.
case("logcumsumexp", lambda x, dim: torch.logcumsumexp(x - 1000, dim) + 1000,
     [vec(1000, 999, -1000, 1001)], "large numbers", axis=0)
case("logcumsumexp", torch.logcumsumexp, [vec(1, -inf, 2)], "-infinity", axis=0)
for name, function in ("cummax", torch.cummax), ("cummin", torch.cummin):
    for shape, axis in ([6], 0), ([2, 5], 1), ([4, 3], 0), ([3, 1, 2], -1):
        for part in 0, 1:
            case(name, lambda x, dim, part: function(x, dim)[part].clone(), [shape], axis=axis, part=part)
    for x, note in (TIES, "the last of equals"), (ODD, "NaN stays"):
        for part in 0, 1:
            case(name, lambda x, dim, part: function(x, dim)[part].clone(), [x], note, axis=1, part=part)
    case(name, lambda x, dim, part: function(x, dim)[part].clone(), [torch.tensor([3, -2, 7, 7])],
         axis=0, part=1)

# -------------------------------------------------------------------------------------- indexing

seed("indexing")
for shape, start, end, step in [
    ([5], [4], [0], [-1]), ([7], [6], [-8], [-3]), ([3, 4], [2, 0], [-4, 4], [-2, 1]),
    ([2, 3], [1, 2], [0, 0], [-1, -1]), ([5], [0], [3], [-1]), ([5], [99], [1], [-2]), ([0, 2], [3, 1], [-4, -3], [-1, -1]),
]:
    def backwards(x, start, end, step):
        for axis, (a, b, s) in enumerate(zip(start, end, step)):
            places = range(x.shape[axis])[a:b:s]
            x = x.index_select(axis, torch.tensor(list(places), dtype=torch.int64))
        return x
    case("slice", backwards, [shape], start=start, end=end, step=step)


def whole(*lists):
    return [torch.tensor(list, dtype=torch.int64) for list in lists]


for shape, lists, axes in [
    ([3, 4], [[0, 2, 2], [1, 3, 3]], [0, 1]), ([3, 4], [[[0], [2]], [1, 3, 0]], [0, 1]),
    ([2, 3, 4], [[1, 0], [3, 3]], [1, 2]), ([2, 3, 4], [[1, 0], [3, 3]], [0, 2]),
    ([2, 3, 4], [[[1, 0]], [1]], [1, 0]),
    ([2, 3, 4], [[[1, 0]], [2]], [2, 1]), ([3, 2], [[2, 2, 0]], [0]), ([3, 2], [2, 1], [0, 1]),
]:
    def several(x, *at, dim):
        places = [slice(None)] * x.ndim
        for axis, one in zip(dim, at):
            places[axis] = one
        return x[tuple(places)]
    case("takeSeveral", several, [shape, *whole(*lists)], axis=axes)
for shape, at, axis in ([4], [3, 0, 3], 0), ([3, 4], [1, 1], 0), ([2, 3], [2, 0, 0, 1], 1), ([3, 2], [], 0):
    many = [len(at) if k == axis else n for k, n in enumerate(shape)]
    case("indexAdd", lambda x, i, u, dim: x.index_add(dim, i, u), [shape, *whole(at), many], axis=axis)
for shape, at, axis in ([4], [3, 0], 0), ([2, 3], [[0, 2], [2, 1]], 1), ([3, 2], [[2, 0]], 0), ([3], [], 0):
    indices = whole(at)[0]
    case("scatter", lambda x, i, u, dim: x.scatter(dim, i, u), [shape, indices, list(indices.shape)], axis=axis)

# ----------------------------------------------------------------------------------------- borders


def border(x, before, after, mode):
    ends = [n for pair in zip(before[::-1], after[::-1]) for n in pair]  # torch: last axis first
    while ends[-2:] == [0, 0] and mode != "constant":
        ends = ends[:-2]
    return F.pad(x, ends, mode=mode)


seed("borders")
for mode in "reflect", "replicate", "circular":
    for shape, before, after in [
        ([1, 2, 5], [0, 0, 2], [0, 0, 3]), ([2, 1, 3, 4], [0, 0, 2, 0], [0, 0, 1, 3]),
        ([1, 1, 3, 2, 4], [0, 0, 1, 1, 2], [0, 0, 2, 1, 0]), ([1, 1, 4], [0, 0, -1], [0, 0, 2]),
        ([1, 1, 5], [0, 0, 3], [0, 0, -2]),
    ]:
        case("pad", border, [shape], before=before, after=after, mode=mode)
case("pad", border, [[1, 1, 2]], before=[0, 0, 5], after=[0, 0, 3], mode="replicate")
for shape, before, after in ([5], [-1], [-2]), ([3, 4], [-1, 2], [1, -3]), ([4], [-4], [0]):
    case("pad", border, [shape], before=before, after=after, mode="constant")

# ----------------------------------------------------------------------------------------- images

LINES = ["linear", "bilinear", "trilinear"]


def interpolate(x, mode="nearest", size=None, scaleFactor=None, alignCorners=None):
    return F.interpolate(x, size, scaleFactor, mode.replace("nearestE", "nearest-e"), alignCorners)


seed("images")
for sizes, options in [
    ([4], dict(size=7)), ([5], dict(size=[2])), ([3], dict(scaleFactor=2)), ([3], dict(scaleFactor=2.5)),
    ([7], dict(scaleFactor=0.4)), ([1], dict(size=3)), ([4], dict(size=1)), ([3], dict(size=9)),
    ([3, 4], dict(size=[5, 2])), ([2, 3], dict(scaleFactor=[2, 1.5])), ([4, 6], dict(scaleFactor=0.5)),
    ([2, 2, 3], dict(size=[3, 4, 2])), ([2, 1, 2], dict(scaleFactor=2)),
]:
    shape = [2, 1, *sizes]
    case("interpolate", interpolate, [shape], **options)
    case("interpolate", interpolate, [shape], **options, mode="nearestExact")
    for align in True, False:
        case("interpolate", interpolate, [shape], **options, mode=LINES[len(sizes) - 1], alignCorners=align)
    case("interpolate", interpolate, [shape], **options, mode="area")
for sizes, options in [
    ([4, 5], dict(size=[7, 3])), ([3, 4], dict(scaleFactor=2)), ([6, 7], dict(scaleFactor=0.5)),
    ([1, 2], dict(size=3)), ([5, 4], dict(size=1)), ([3, 3], dict(scaleFactor=[1.5, 2.5])),
]:
    for align in True, False:
        case("interpolate", interpolate, [[2, 1, *sizes]], **options, mode="bicubic", alignCorners=align)
for shape, factor in ([1, 8, 2, 3], 2), ([9, 1, 2], 3), ([2, 2, 4, 1, 1], 2), ([1, 2, 3], 1):
    case("pixelShuffle", lambda x, factor: F.pixel_shuffle(x, factor), [shape], factor=factor)
for shape, factor in ([1, 2, 4, 6], 2), ([1, 3, 6], 3), ([2, 2, 1, 2, 2], 2):
    case("pixelUnshuffle", lambda x, factor: F.pixel_unshuffle(x, factor), [shape], factor=factor)

write("selection", operators)
