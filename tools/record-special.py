"""Records special functions to twice the precision of f64: test/fixtures/special.json.

    python3 -m pip install mpmath==1.3.0 && python3 tools/record-special.py

Like tools/record-elementary.py: one function per line, [x, y, rest] (or [a, b, y, rest] for two
arguments) with y the f64 nearest to the true value and rest what is then missing. Arguments are
chosen over all magnitudes, near zeros, poles, and where a formula gives way to another.
Deterministic.
"""

import json
import math
import random
from fractions import Fraction
from pathlib import Path

from mpmath import mp, mpf

mp.prec = 1400
FILE = Path(__file__).resolve().parent.parent / "test" / "fixtures" / "special.json"
rng = random.Random(2)


def spread(low, high, n=40):
    """Numbers of both signs whose magnitudes are spread evenly over the exponents."""
    values = [math.exp(rng.uniform(math.log(low), math.log(high))) for _ in range(n)]
    return [v if i % 2 else -v for i, v in enumerate(values)]


def positive(low, high, n=40):
    return [abs(x) for x in spread(low, high, n)]


def between(low, high, n=40):
    return [rng.uniform(low, high) for _ in range(n)]


def near(*points):
    return [p * (1 + s * 2.0**-e) for p in points for e in (4, 13, 28, 52) for s in (-1, 1)]


def pairs(xs, ys):
    return list(zip(xs, rng.sample(ys, len(ys))))


def modulo(a, b):
    a, b = Fraction(float(a)), Fraction(float(b))
    return a - b * (a // b)


def fmod(a, b):
    rest = modulo(abs(a), abs(b)) * (1 if a >= 0 else -1)
    return mpf(rest.numerator) / rest.denominator


def remainder(a, b):
    rest = modulo(a, b)
    return mpf(rest.numerator) / rest.denominator


def polygamma(n):
    return lambda x: mp.polygamma(n, x)


def low(function, prec=400):
    """With fewer digits, which are enough where nothing is reduced by pi, and much quicker."""

    def slower(*x):
        with mp.workprec(prec):
            return function(*x)

    return slower


over_all = positive(1e-300, 1e300) + near(1.0) + [5e-324, 1e-310]
above = positive(1e-300, 0.5) + between(0.5, 12, 60) + positive(10, 1e300)
kept = [1.0, 1.5, 2.0, 2.5, 3.0, 8.5, 10.0]
below = [-x for x in between(0.01, 30, 40)] + [-1e-10, -1e-200, -170.3]
zeros = [-2.4570247382208006, -2.7476826467274127, -3.1435808883499798, -2.457, -2.7477]
quotients = [
    (b * q * (1 + rng.random() * 2.0**-20), b)
    for b in positive(1e-250, 1e250, 60)
    for q in [rng.choice([1, 3, 7.3, 1e5, 1e12, 4e15])]
    if 1e-290 < abs(b * q) < 1e300
]
quotients += [(a, b * s) for a, b in quotients[:20] for s in (-1,)] + [(7.0, 7.0), (6.9, 2.3)]

functions = {
    "atan2": (mp.atan2, pairs(spread(1e-300, 1e300), spread(1e-300, 1e300))
              + pairs(between(-2, 2), between(-2, 2))),
    "hypot": (mp.hypot, pairs(spread(1e-320, 1e300), spread(1e-320, 1e300))
              + [(a, a * r) for a, r in zip(spread(1e-315, 1e307), between(0.1, 3))]),
    "fmod": (fmod, quotients),
    "remainder": (remainder, quotients),
    "log2": (lambda x: mp.log(x, 2), over_all + near(2.0, 0.5, 1.4)),
    "log10": (lambda x: mp.log(x, 10), over_all + near(10.0, 0.1, 3.0)),
    "logit": (lambda x: mp.log(x / (1 - x)), between(0, 1, 60) + positive(1e-300, 0.4)
              + [1 - x for x in positive(1e-15, 0.4)] + near(0.25, 0.5, 0.75)),
    "logAddExp": (low(lambda a, b: mp.log(mp.exp(a) + mp.exp(b))),
                  pairs(between(-30, 30), between(-30, 30))
                  + [(a, a + d) for a, d in zip(between(5, 700), between(-3, 3))]),
    "xlogy": (lambda x, y: x * mp.log(y), pairs(spread(1e-100, 1e100), positive(1e-300, 1e300))
              + pairs(between(-2, 2, 8), near(1.0))),
    "sinc": (lambda x: mp.sinc(mp.pi * x), spread(1e-300, 1, 40) + between(-6, 6, 60)
             + spread(1, 1e9) + near(0.5, 1.0, 1.5, 2.0, 7.0)),
    "sinc1": (lambda x: (mp.cos(mp.pi * x) - mp.sinc(mp.pi * x)) / x,
              spread(1e-100, 0.5, 40) + between(-2.3, 2.3, 40)),
    "erfc": (low(mp.erfc, 3000), spread(1e-300, 1, 30) + between(-6, 26, 80) + near(0.5, 4.0)),
    "erfinv": (low(mp.erfinv), spread(1e-300, 0.7, 40) + between(-1, 1, 60)
               + [1 - x for x in positive(1e-15, 0.5)] + near(0.70710678)),
    "lgamma": (low(lambda x: mp.log(abs(mp.gamma(x))) if abs(x) < 1000 else mp.loggamma(x)),
               above + [x for x in near(*kept) if x not in (1.0, 2.0)] + below + zeros),
    "digamma": (low(mp.digamma), above + kept + below + [1.4616321449683622, 1.4616]),
    "polygamma1": (low(polygamma(1)), positive(1e-100, 0.5) + between(0.5, 40) + below[:20]),
    "polygamma2": (low(polygamma(2)), positive(1e-90, 0.5) + between(0.5, 40) + below[:20]),
    "polygamma7": (low(polygamma(7)), positive(1e-30, 0.5) + between(0.5, 40) + below[:20]),
}


def recorded(function, *x):
    true = function(*(mpf(v) for v in x))
    y = float(true)
    if not math.isfinite(y) or y == 0:
        return None
    return [*x, y, float(true - mpf(y))]


rows = {
    name: [row for x in points
           if (row := recorded(function, *(x if isinstance(x, tuple) else (x,))))]
    for name, (function, points) in functions.items()
}
lines = (f'"{name}":{json.dumps(cases, separators=(",", ":"))}' for name, cases in rows.items())
FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n")
