"""Records further operators from PyTorch: test/fixtures/torch/functions.json.

    python3 -m pip install torch==2.13.0 && python3 tools/record-operators.py

As tools/record-fixtures.py does, and with the same limits; how a case is written down says
tools/recording.py. Where torch's own derivative is not accurate to f64, it is given here.
"""

import torch
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

write("functions", operators)
