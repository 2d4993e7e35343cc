"""Records what PyTorch computes, as the reference of our tests: test/fixtures/torch/*.json.

Run from anywhere, after adding a case (the tests read the JSON and never need this script):

    python3 -m pip install torch==2.13.0 && python3 tools/record-fixtures.py

Recorded with torch 2.13.0 (CPU) and Python 3.11, in float64 throughout. Deterministic: random
numbers are seeded by name, so that a new case leaves most other lines alone. Another processor
may change last digits, where torch picks other vector instructions.

How a case is written down says tools/recording.py.
"""

from unittest.mock import patch

import torch
import torch.nn.functional as F
from recording import case, operators, pairs, rand, renamed, seed, variable, vec, write
from torch import inf, nan
from torch.autograd import grad

# ---------------------------------------------------------------------------- operators.json

# Binary: pairs of shapes for each way to broadcast, then the special values.
BROADCAST = [([], []), ([2, 3], [2, 3]), ([2, 1, 3], [4, 1]), ([], [3]), ([1], [2, 2]),
             ([0, 3], [3])]
EXTREMES = [-inf, -2.0, -0.0, 0.0, 1.0, inf, nan]
COMPARE = dict(equal="eq", notEqual="ne", less="lt", lessEqual="le", greater="gt",
               greaterEqual="ge")

for name in "add sub mul div minimum maximum".split():
    seed(name)
    for shapes in BROADCAST:
        case(name, getattr(torch, name), shapes)
case("div", torch.div, pairs(EXTREMES, EXTREMES), "division by zero and by infinity")
for name in "minimum", "maximum":
    values = [-inf, -1.0, 2.0, inf, nan]
    case(name, getattr(torch, name), pairs(values, values), "ties share evenly; NaN")

seed("pow")
for a, b in BROADCAST:
    case("pow", torch.pow, [rand(*a, low=0.2), b])
for bases, exponents, note in [
    ([-2.0, -0.5], [-2.0, -1.0, 0.0, 1.0, 2.0, 3.0], "negative base"),
    ([0.0], [0.0, 0.5, 1.0, 2.0, 3.0], "base zero"),
    ([0.0, -2.0], [-1.0, 0.5], "poles, and roots of negative numbers"),
    ([2.0, 0.5, inf], [inf, -inf, nan], "infinite or missing exponent"),
    ([1.0, -1.0], [inf, -inf, nan], "base of size one: 1 as in C, where JavaScript has NaN"),
]:
    case("pow", torch.pow, pairs(bases, exponents), note)

for name, theirs in COMPARE.items():
    seed(name)
    for a, b in BROADCAST:
        case(name, getattr(torch, theirs), [rand(*a, digits=0), rand(*b, digits=0)])
    case(name, getattr(torch, theirs), pairs(EXTREMES, EXTREMES), "signed zeros, infinities, NaN")

# Unary: functions by the interval from which their ordinary inputs are drawn.
UNARY = {
    (-2, 2): "neg abs sign square erf relu isNaN isFinite", (0.1, 4): "sqrt rsqrt log",
    (-3, 3): "exp sinh cosh tanh asinh atan", (-0.9, 0.9): "asin acos atanh expm1 log1p",
    (-4, 4): "sin cos sigmoid softplus floor ceil round trunc", (-1.4, 1.4): "tan",
    (-3, -0.2): "reciprocal", (1.1, 4): "acosh",
}
SHAPES = [], [2, 1, 3], [0, 3]
SPECIAL = vec(0.0, -0.0, 0.5, -0.5, 1.0, -1.0, 1.5, 2.5, -2.5, 1000, -1000, inf, -inf, nan)

for span, names in UNARY.items():
    for name in names.split():
        seed(name)
        function = F.softplus if name == "softplus" else getattr(torch, name.lower())
        for shape in SHAPES:
            case(name, function, [shape], span=span)
        case(name, function, [SPECIAL], "special values")
seed("clamp")
for shape in SHAPES:
    case("clamp", torch.clamp, [shape], min=-0.75, max=1.25)
case("clamp", torch.clamp, [SPECIAL], "special values, both edges among them", min=-1, max=2.5)

# Logic.
seed("logic")
for a, b in BROADCAST:
    case("logicalAnd", torch.logical_and, [rand(*a) > 0, rand(*b) > 0])
    case("logicalOr", torch.logical_or, [rand(*a) > 0, rand(*b) > 0])
for shape in SHAPES:
    case("logicalNot", torch.logical_not, [rand(*shape) > 0])
for c, a, b in ([], [], []), ([2, 1], [2, 3], [3]), ([2, 3], [], [2, 1]), ([0, 3], [3], []):
    case("where", torch.where, [rand(*c) > 0, a, b])
case("where", torch.where, [vec(1, 0, 1, 0) > 0, vec(1, nan, inf, -inf), vec(nan, 2, nan, inf)],
     "what is not chosen does not count")


# Reductions. torch's prod takes one axis at a time.
def prod(x, dim, keepdim):
    for axis in sorted((axis % x.ndim for axis in dim), reverse=True):
        x = torch.prod(x, axis, keepdim)
    return x.clone()


REDUCE = {"sum": torch.sum, "mean": torch.mean, "max": torch.amax, "min": torch.amin,
          "logsumexp": torch.logsumexp, "prod": prod}
AXES = [([2, 3], None, False), ([2, 3], None, True), ([2, 3], [1], True), ([2, 3], [-1], False),
        ([2, 1, 3], [0, 2], False), ([0, 3], [1], False)]
ROWS = torch.tensor([
    [1.0, 3.0, 3.0], [2.0, 2.0, 2.0], [nan, 1.0, 2.0], [-inf, -inf, -inf], [inf, 0.0, 1.0],
    [inf, inf, 0.0], [inf, -inf, 0.0], [-inf, 0.0, 1.0], [1e3, -1e3, 1e3], [0.0, 2.0, 3.0],
    [0.0, 0.0, 3.0]])

for name, function in REDUCE.items():
    seed(name)
    for shape, axes, keep in [([], None, False), ([2, 1, 3], [1], False)] + AXES:
        case(name, function, [shape], axis=axes, keepDims=keep)
    if name not in ("max", "min"):  # these have no value for no elements
        case(name, function, [[0, 3]], "no elements", axis=[0], keepDims=False)
    case(name, function, [ROWS], "ties, NaN, infinities and zeros", axis=[1], keepDims=False)
seed("variance")
for correction in 0, 1:
    for shape, axes, keep in AXES:
        case("variance", torch.var, [shape], axis=axes, keepDims=keep, correction=correction)
for shape, axes, correction, note in [
    ([], None, 0, None), ([3, 1], [1], 0, None), ([3, 1], [1], 1, "one element: 0/0"),
    ([0, 3], [0], 0, "no elements"),
]:
    case("variance", torch.var, [shape], note, axis=axes, keepDims=True, correction=correction)
seed("argmax")
for name, function in ("argmax", torch.argmax), ("argmin", torch.argmin):
    for shape, axis, keep in ([2, 3], 0, False), ([2, 1, 3], 2, True), ([0, 3], 1, False):
        case(name, function, [shape], axis=axis, keepDims=keep)
    case(name, function, [ROWS], "the first of equals; NaN wins", axis=1, keepDims=False)
for shape, axis in ([4], 0), ([2, 1, 3], 2), ([2, 3], 0), ([0, 3], 1):
    case("cumsum", torch.cumsum, [shape], axis=axis)


# Moves.
def cut(x, start, end, step):
    return x[tuple(map(slice, start, end, step))].clone()


def pad(x, before, after, value):
    ends = [n for pair in zip(before[::-1], after[::-1]) for n in pair]  # torch: last axis first
    return F.pad(x, ends, value=value)


def take(x, indices, dim):
    shape = x.shape[:dim] + indices.shape + x.shape[dim + 1:]
    return x.index_select(dim, indices.flatten()).reshape(shape)


seed("moves")
for start, shape in ([], [1, 1]), ([2, 3], [3, 2]), ([2, 1, 3], [6]), ([1], []), ([0, 3], [3, 0]):
    case("reshape", torch.reshape, [start], shape=shape)
for shape, axes in ([], []), ([2, 3], [1, 0]), ([2, 1, 3], [2, 0, 1]), ([0, 3], [1, 0]):
    case("transpose", lambda x, dim: x.permute(dim), [shape], axes=axes)
for start, shape in ([], [2, 2]), ([1, 3], [2, 3]), ([2, 1], [3, 2, 2]), ([1, 3], [0, 3]):
    case("broadcastTo", lambda x, shape: x.expand(shape), [start], shape=shape)
for shape, start, end, step in [
    ([5], [1], [4], [1]), ([7], [1], [7], [3]), ([3, 1, 4], [1, 0, 0], [3, 1, 4], [1, 1, 2]),
    ([2, 3], [1, 1], [1, 3], [1, 1]), ([0, 3], [0, 1], [0, 3], [1, 1]),
]:
    case("slice", cut, [shape], start=start, end=end, step=step)
PADS = ([3], [1], [2], 0), ([2, 1], [0, 1], [1, 2], -1.5), ([0, 3], [1, 0], [0, 1], 7)
for shape, before, after, value in PADS:
    case("pad", pad, [shape], before=before, after=after, value=value)
for axis, *shapes in [0, [2], [3], [1]], [1, [2, 1], [2, 3]], [0, [0, 3], [2, 3]], [-1, [1], [2]]:
    case("concatenate", lambda *xs, dim: torch.cat(xs, dim), shapes, axis=axis)
for axis, *shapes in [0, [], []], [1, [2, 3], [2, 3], [2, 3]], [2, [2, 1], [2, 1]], [0, [0], [0]]:
    case("stack", lambda *xs, dim: torch.stack(xs, dim), shapes, axis=axis)
for shape, axes in ([3], [0]), ([2, 3], [0, 1]), ([2, 1, 3], [2]), ([0, 3], [1]):
    case("flip", lambda x, dim: x.flip(dim), [shape], axis=axes)
for shape, indices, axis in [
    ([4], [3, 0, 3], 0), ([2, 3], [[0, 0], [2, 1]], 1), ([3, 2], [[2, 0]], 0),
    ([2, 1, 2], [[[1, 1, 0]], [[0, 0, 0]]], 2), ([3], [], 0),
]:
    indices = torch.tensor(indices, dtype=torch.int64)
    case("gather", lambda x, i, dim: x.gather(dim, i), [shape, indices], axis=axis)
    case("scatterAdd", lambda x, i, u, dim: x.scatter_add(dim, i, u),
         [shape, indices, list(indices.shape)], axis=axis)
for shape, indices, axis in [
    ([4], 2, 0), ([4, 2], [[0, 3], [3, 3]], 0), ([2, 3], [2, 2, 0, 1], 1),
    ([2, 3, 1], [[1], [1]], 1), ([3, 2], [], 0),
]:
    case("take", take, [shape, torch.tensor(indices, dtype=torch.int64)], axis=axis)
for indices, classes in (1, 3), ([2, 0, 2], 3), ([[0], [1]], 2), ([], 4):
    indices = torch.tensor(indices, dtype=torch.int64)
    case("oneHot", lambda i, classes: F.one_hot(i, classes).double(), [indices], classes=classes)

# Contractions.
seed("contractions")
for a, b in [
    ([2, 3], [3, 4]), ([1, 1], [1, 1]), ([2, 2, 3], [2, 3, 2]), ([2, 1, 2, 3], [3, 3, 2]),
    ([2, 2, 3], [3, 2]), ([3], [3, 2]), ([2, 3], [3]), ([3], [3]), ([2, 2, 3], [3]),
    ([3], [2, 3, 2]), ([0, 3], [3, 2]), ([2, 0], [0, 3]),
]:
    case("matmul", torch.matmul, [a, b])
for equation, *shapes in [
    ["ij,jk->ik", [2, 3], [3, 4]], ["ij,jk->ik", [0, 3], [3, 1]], ["ij->ji", [2, 3]],
    ["bij,bjk->bik", [2, 2, 3], [2, 3, 2]], ["ij->", [2, 3]], ["ij,ij->i", [2, 3], [2, 3]],
    ["bhid,bhjd->bhij", [2, 2, 2, 3], [2, 2, 3, 3]], ["i,j->ij", [2], [3]],
    ["ijk,k->ij", [2, 3, 4], [4]], ["bi,oi,bo->", [2, 3], [4, 3], [2, 4]],
    ["ii->", [3, 3]], ["ii->i", [3, 3]], ["ii,ij->j", [3, 3], [3, 2]], ["iij->ij", [2, 2, 3]],
    ["iii->i", [2, 2, 2]], ["...ij,jk->...ik", [2, 1, 2, 3], [3, 2]], ["...i->...", [2, 3, 4]],
    ["...ij,...jk->...ik", [2, 1, 2, 3], [3, 3, 2]], ["i...,i...", [3, 2], [3, 1]],
    ["...ii->...i", [2, 3, 3]], ["...,...", [2, 3], [3]],
]:
    case("einsum", lambda *xs, equation: torch.einsum(equation, *xs), shapes, equation=equation)

write("operators", operators)

# -------------------------------------------------------------------------- activations.json

activations = []


def activation(name, function, x=torch.linspace(-6, 6, 25), note=None, **attributes):
    """`second` is the gradient of sum(gradient · upstream2) with respect to the input."""
    seed(f"{name}{attributes}")
    x = variable(x)
    output = function(x, **renamed(attributes))
    upstream, upstream2 = rand(*x.shape), rand(*x.shape)
    gradient = grad(output, x, upstream, create_graph=True)[0]
    second = torch.zeros_like(x)  # of straight pieces; torch cannot differentiate hardsigmoid's
    if gradient.requires_grad and name != "hardsigmoid":
        second = grad(gradient, x, upstream2, allow_unused=True, materialize_grads=True)[0]
    activations.append({
        "name": name, "attributes": attributes, "input": x, "output": output,
        "upstream": upstream, "gradient": gradient, "upstream2": upstream2, "second": second,
    } | ({"note": note} if note else {}))


for name in "sigmoid tanh relu selu gelu silu mish softsign hardsigmoid hardswish relu6".split():
    activation(name, getattr(F, name))
activation("logSigmoid", F.logsigmoid)
activation("tanhshrink", F.tanhshrink)
activation("identity", torch.clone)
activation("geluTanh", lambda x: F.gelu(x, approximate="tanh"))
for slope in 0.01, 0.2:
    activation("leakyRelu", F.leaky_relu, slope=slope)
for alpha in 1.0, 0.5:
    activation("elu", F.elu, alpha=alpha)
    activation("celu", F.celu, alpha=alpha)
for size in 0.5, 2.0, 0.0:
    for name, function in ("softshrink", F.softshrink), ("hardshrink", F.hardshrink):
        activation(name, lambda x, function=function, **given: function(x, given["lambda"]),
                   **{"lambda": size})
for above, value in (0.0, 0.0), (0.5, -3.0):
    activation("threshold", lambda x, above, value: F.threshold(x, above, value), above=above,
               value=value)
for beta in 1.0, 2.0:
    activation("softplus", F.softplus, beta=beta)
for low, high in (-1.0, 1.0), (-2.0, 0.5):
    activation("hardtanh", lambda x, min, max: F.hardtanh(x, min, max), min=low, max=high)
seed("logits")
logits = rand(3, 5, low=-6, high=6)
large = torch.tensor([[1000.0, 999, 0], [-1000, -1001, -1000], [1000, -1000, 0]])
for name, function in [("softmax", F.softmax), ("logSoftmax", F.log_softmax),
                       ("softmin", F.softmin)]:
    for axis in 1, 0, -1:
        activation(name, function, logits, axis=axis)
    activation(name, function, large, "large logits", axis=1)

write("activations", activations)


# ------------------------------------------------------------------------------ initial.json

initial = []


def drawn(function, *arguments, **options):
    """What torch asks of its random numbers: a bound (uniform) or a standard deviation."""
    asked = []
    uniform = lambda self, low, high, **_: asked.append({"bound": high})
    normal = lambda self, mean, std, **_: asked.append({"std": std})
    with patch.multiple(torch.Tensor, uniform_=uniform, normal_=normal):
        function(*arguments, **options)
    return asked


init = torch.nn.init
for shape in [64, 32], [10, 784]:
    weight = torch.empty(shape)
    linear = drawn(torch.nn.Linear, *shape[::-1])
    for name, number in {
        "xavierUniform": drawn(init.xavier_uniform_, weight)[0],
        "xavierNormal": drawn(init.xavier_normal_, weight)[0],
        "heUniform": drawn(init.kaiming_uniform_, weight, nonlinearity="relu")[0],
        "heNormal": drawn(init.kaiming_normal_, weight, nonlinearity="relu")[0],
        "lecunUniform": drawn(init.kaiming_uniform_, weight, nonlinearity="linear")[0],
        "lecunNormal": drawn(init.kaiming_normal_, weight, nonlinearity="linear")[0],
        "linearWeight": linear[0], "linearBias": linear[1],
    }.items():
        initial.append({"name": name, "shape": shape} | number)

write("initial", initial)
