"""Records further operators from PyTorch: test/fixtures/torch/functions.json.

    python3 -m pip install torch==2.13.0 && python3 tools/record-operators.py

As tools/record-fixtures.py does, and with the same limits; how a case is written down says
tools/recording.py. Where torch's own derivative is not accurate to f64, it is given here.
"""

import torch
import torch.nn.functional as F
from recording import case, operators, pairs, rand, seed, vec, write
from torch import inf, nan

BROADCAST = [([2, 3], [2, 3]), ([2, 1, 3], [4, 1]), ([], [3]), ([0, 3], [3])]
SHAPES = [], [2, 1, 3], [0, 3]
SPECIAL = vec(0.0, -0.0, 0.5, -0.5, 1.0, -1.0, 1.5, 2.5, -2.5, 1000, -1000, inf, -inf, nan)
EXTREMES = [-inf, -2.0, -0.0, 0.0, 1.0, inf, nan]

# ----------------------------------------------------------------------------- element by element


def double(f, slope):
    """f with a derivative that is accurate to f64."""

    class Double(torch.autograd.Function):
        @staticmethod
        def forward(context, x):
            context.save_for_backward(x)
            return f(x)

        @staticmethod
        def backward(context, g):
            return g * slope(*context.saved_tensors)

    return Double.apply


def trigamma(x):
    return torch.special.zeta(torch.tensor(2.0), x)


def polygamma(x, order):
    if order == 1:
        return double(trigamma, lambda x: torch.polygamma(2, x))(x)
    return torch.polygamma(order, x)


for name, theirs in {"atan2": "atan2", "hypot": "hypot", "fmod": "fmod", "remainder": "remainder",
                     "logAddExp": "logaddexp", "xlogy": "xlogy"}.items():
    seed(name)
    for shapes in BROADCAST:
        case(name, getattr(torch, theirs), shapes, span=(0.2, 2) if name == "xlogy" else (-2, 2))
for name in "atan2", "hypot", "xlogy":
    note = "signed zeros, infinities, NaN"
    case(name, getattr(torch, name), pairs(EXTREMES, EXTREMES), note)
case("logAddExp", torch.logaddexp, pairs([-2.0, 0.0, 1.0, nan], EXTREMES), "infinities and NaN")
case("logAddExp", torch.logaddexp, pairs([1000.0, -1000.0], [1000.0, 999.0]), "large numbers")
for name in "fmod", "remainder":
    # fmod's slope by the divisor is wrong in torch where a/b is rounded up to a whole number.
    divisors = [-2.0, 2.0, 7.5] + [0.1] * (name == "remainder")
    case(name, getattr(torch, name), pairs([-7.5, -2.0, 2.0, 7.5, 0.3], divisors), "signs")
    case(name, getattr(torch, name), [vec(nan, 5, 1e300), vec(2, nan, 3e290)],
         "NaN, large numbers")
    case(name, getattr(torch, name), [torch.tensor([7, -7, 7, -7]), torch.tensor([3, 3, -3, -3])])

UNARY = {
    (0.1, 4): "log2 log10 lgamma digamma", (0.05, 0.95): "logit erfinv", (-3, 3): "erfc sinc",
}
SPECIAL_FUNCTIONS = {"digamma": double(torch.digamma, trigamma),
                     "lgamma": double(torch.lgamma, torch.digamma)}
for span, names in UNARY.items():
    for name in names.split():
        seed(name)
        function = SPECIAL_FUNCTIONS.get(name, getattr(torch, name))
        for shape in SHAPES:
            case(name, function, [shape], span=span)
for name in "log2 log10 logit erfinv erfc sinc lgamma".split():
    case(name, getattr(torch, name), [SPECIAL], "special values")
case("digamma", torch.digamma, [vec(0.0, -0.0, inf, nan)], "its pole at 0")
for epsilon in 0.0, 0.1:
    case("logit", lambda x, eps: torch.logit(x, eps), [vec(-0.5, 0, 0.05, 0.1, 0.5, 0.95, 1, 2)],
         "outside, and on the bounds", epsilon=epsilon)
for order in 0, 1, 2, 3, 6:
    seed(f"polygamma{order}")
    case("polygamma", polygamma if order else lambda x, order: SPECIAL_FUNCTIONS["digamma"](x),
         [[2, 3]], span=(0.3, 5), order=order)
seed("lerp")
for a, b, t in ([2, 3], [2, 3], [2, 3]), ([2, 1], [3], []), ([], [], [2]), ([0, 3], [3], []):
    case("lerp", torch.lerp, [a, b, t])
case("lerp", torch.lerp, [vec(1, 1, 1), vec(3, 3, 3), vec(0, 1, 0.5)], "both ends")

# ------------------------------------------------------------------------------ norms, products


def norm(x, p=2, dim=None, keepdim=False):
    return torch.linalg.vector_norm(x, p, dim, keepdim)


ZERO = vec(0, 0, 0, 3, -4, 0, 0, 0, -2).reshape(3, 3)
seed("norms")
for p in 0, 1, 2, 3, 0.5, 1.5, inf, -inf:
    case("norm", norm, [[2, 3]], p=p)
    case("norm", norm, [[2, 1, 3]], p=p, axis=[0, 2], keepDims=True)
    case("norm", norm, [ZERO], "rows with zeros", p=p, axis=[1])
case("norm", norm, [[4]])
case("norm", norm, [[0, 3]], "no elements", axis=[0])
case("norm", norm, [vec(1, nan), ], "NaN", p=3)
for correction in 0, 1:
    for shape, axes, keep in ([2, 3], None, False), ([2, 1, 3], [0, 2], True), ([3, 4], [1], False):
        case("std", torch.std, [shape], axis=axes, keepDims=keep, correction=correction)
case("std", torch.std, [vec(5, 5, 5)], "equal elements", axis=[0], correction=0)
for p in 1, 2, 3, inf:
    case("normalize", lambda x, p, dim: F.normalize(x, p, dim), [[2, 3]], p=p, axis=1)
    case("cdist", torch.cdist, [[2, 3], [4, 3]], p=p)
case("normalize", F.normalize, [[2, 3, 2]])
case("normalize", F.normalize, [ZERO], "a row of zeros")
case("cdist", torch.cdist, [[2, 2, 3], [1, 4, 3]], p=2)
case("cdist", torch.cdist, [ZERO, ZERO], "equal rows", p=2)
for axis, *shapes in [1, [2, 3], [2, 3]], [-1, [2, 1, 3], [4, 3]], [0, [3], [3]]:
    case("cosineSimilarity", F.cosine_similarity, shapes, axis=axis)

seed("products")
for a, b in ([3], [2]), ([0], [2]):
    case("outer", torch.outer, [a, b])
for shape in [3, 3], [2, 4], [4, 2], [0, 2]:
    case("trace", torch.trace, [shape])
for a, b in ([2], [3]), ([2, 3], [1, 2]), ([2], [2, 3]), ([2, 1, 2], [3, 2]):
    case("kron", torch.kron, [a, b])
for a, b, axes in [
    ([2, 3, 4], [3, 4, 2], 2), ([2, 3], [3, 4], 1), ([2], [3], 0), ([2, 3], [2, 3], 2),
    ([2, 3, 4], [4, 5, 2], [[0, 2], [2, 0]]), ([2, 3], [3, 2], [[-1], [0]]),
]:
    case("tensordot", lambda a, b, sums: torch.tensordot(a, b, sums), [a, b], sums=axes)
for a, b, axis in ([3], [3], -1), ([2, 3], [2, 3], 1), ([3, 2], [3, 2], 0), ([2, 1, 3], [1, 4, 3], -1):
    case("cross", lambda a, b, dim: torch.linalg.cross(a, b, dim=dim), [a, b], axis=axis)

# -------------------------------------------------------------------------- shapes, and counting

seed("rearrange")
for shape, shift, along in [
    ([5], 2, 0), ([5], -7, 0), ([2, 3], 1, None), ([2, 3], [1, -1], [0, 1]), ([2, 3], [1, 1], [1, 1]),
    ([0, 3], 1, 0),
]:
    case("roll", lambda x, shift, along: torch.roll(x, shift, along), [shape],
         shift=shift, along=along)
for shape, repeats in ([2], [3]), ([2, 3], [2, 1, 2]), ([], [2]), ([2, 3], [0, 1]):
    case("tile", lambda x, repeats: x.repeat(repeats), [shape], repeats=repeats)
case("tile", lambda x, repeats: torch.tile(x, repeats), [[2, 3]], "fewer numbers than axes",
     repeats=[2])


def repeat_interleave(x, repeats, dim=None):
    many = torch.tensor(repeats) if isinstance(repeats, list) else repeats
    return torch.repeat_interleave(x, many, dim)


for shape, repeats, axis in ([3], 2, 0), ([2, 3], 2, 1), ([2, 3], [0, 3], 0), ([3], 0, 0):
    case("repeatInterleave", repeat_interleave, [shape], repeats=repeats, axis=axis)
case("repeatInterleave", repeat_interleave, [[2, 2]], repeats=2)
for name, function in ("tril", torch.tril), ("triu", torch.triu):
    for shape, diagonal in ([3, 3], 0), ([2, 4], 1), ([2, 3, 2], -1), ([3, 2], 5), ([0, 2], 0):
        case(name, function, [shape], diagonal=diagonal)
    case(name, function, [vec(nan, inf, -inf, nan).reshape(2, 2)], "what is cut off does not count",
         diagonal=0)
for shape, offset, axes in [
    ([3, 3], 0, [0, 1]), ([2, 4], 1, [0, 1]), ([4, 2], -1, [0, 1]), ([2, 3, 4], 0, [0, 2]),
    ([2, 3, 4], 1, [2, 1]), ([2, 3], 3, [0, 1]), ([2, 3], -2, [0, 1]), ([2, 2, 2], 0, [-2, -1]),
]:
    case("diagonal", lambda x, offset, dim: torch.diagonal(x, offset, *dim), [shape],
         offset=offset, axes=axes)
for shape, size, axis, k in [
    ([5], 2, 0, 2), ([5], [1, 4, 0], 0, 1), ([2, 3], 2, 1, 0), ([2, 3], 1, -1, 2), ([5], [1, 4, 0], 0, 2),
]:
    case("splitBy", lambda x, size, along, k: torch.split(x, size, along)[k].clone(), [shape],
         size=size, along=axis, k=k)
for shape, count, axis, k in ([5], 2, 0, 1), ([5], 4, 0, 2), ([2, 6], 3, 1, 0), ([2], 5, 0, 1):
    case("chunk", lambda x, count, along, k: torch.chunk(x, count, along)[k].clone(), [shape],
         count=count, along=axis, k=k)

COUNTED = vec(0, nan, 2, 0, 0, 0, 1, -0.0, inf, 1, 1, 1).reshape(4, 3)
for name, function in {
    "any": lambda x, dim=None, keepdim=False: torch.any(x) if dim is None else x.any(dim, keepdim),
    "all": lambda x, dim=None, keepdim=False: torch.all(x) if dim is None else x.all(dim, keepdim),
    "countNonzero": lambda x, dim=None: torch.count_nonzero(x, dim),
}.items():
    case(name, function, [COUNTED])
    case(name, function, [COUNTED], axis=[1])
    case(name, function, [[0, 3]], "no elements", axis=[0])
for name, function in ("maxWithIndex", torch.max), ("minWithIndex", torch.min):
    for shape, axis, keep in ([2, 3], 1, False), ([2, 1, 3], 0, True), ([4], -1, False):
        for part in 0, 1:
            seed(f"{name}{shape}")
            case(name, lambda x, dim, keepdim, part: function(x, dim, keepdim)[part].clone(), [shape],
                 axis=axis, keepDims=keep, part=part)
    case(name, lambda x, dim, keepdim, part: function(x, dim, keepdim)[part].clone(),
         [vec(1, 3, 3, nan, 2, 1).reshape(2, 3)], "the first of equals; NaN wins",
         axis=1, keepDims=False, part=0)

write("functions", operators)
