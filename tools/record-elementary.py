"""Records elementary functions to twice the precision of f64: test/fixtures/elementary.json.

    python3 -m pip install mpmath==1.3.0 && python3 tools/record-elementary.py

One function per line: [x, y, rest] (or [a, b, y, rest] for two arguments) with y the f64 nearest to
the true value and rest what is then missing, so that a test can measure errors in parts of a unit
in the last place. Arguments are chosen where such functions are hard: over all magnitudes, near
zeros and poles, near multiples of pi/2, where results overflow or are subnormal. Deterministic.
"""

import json
import math
import random
from pathlib import Path

from mpmath import mp, mpf
import mpmath

mp.prec = 1400  # sin of 1e300 needs its quotient by pi exactly
FILE = Path(__file__).resolve().parent.parent / "test" / "fixtures" / "elementary.json"
rng = random.Random(1)


def spread(low, high, n=30):
    """Numbers of both signs whose magnitudes are spread evenly over the exponents."""
    values = [math.exp(rng.uniform(math.log(low), math.log(high))) for _ in range(n)]
    return [v if i % 2 else -v for i, v in enumerate(values)]


def positive(low, high, n=30):
    return [abs(x) for x in spread(low, high, n)]


def near(*points):
    return [p * (1 + s * 2.0**-e) for p in points for e in (4, 13, 28, 52) for s in (-1, 1)]


turns = near(*(float(mpf(k) * mp.pi / 2) for k in (1, 2, 3, 4, 7, 101, 10**5, 10**9)))
angles = spread(1e-9, 1e3, 50) + spread(1e3, 1e300, 20) + turns + [1e22, 2.0**1000]
half_open = spread(1e-9, 0.999, 40) + near(0.5, 0.7)
growing = spread(1e-9, 700, 60) + near(0.5, 1.0, 88.0, 350.0)

functions = {
    "exp": (mp.exp, growing + [709.7, -708.3, -730.0, -745.0]),
    "expm1": (mp.expm1, growing + spread(1e-300, 1e-9, 8) + [709.7, -40.0]),
    "log": (mp.log, positive(1e-300, 1e300, 60) + near(1.0, 0.7, 1.4) + [5e-324, 1e-310]),
    "log1p": (mp.log1p, spread(1e-300, 0.99, 40) + positive(1, 1e300) + near(0.3, -0.3, -0.9)),
    "sin": (mp.sin, angles),
    "cos": (mp.cos, angles),
    "tan": (mp.tan, angles),
    "asin": (mp.asin, half_open + [0.9999999, -1.0, 1.0, 1 - 2.0**-52]),
    "acos": (mp.acos, half_open + [0.9999999, -1.0, 1 - 2.0**-52, -1 + 2.0**-52]),
    "atan": (mp.atan, spread(1e-300, 1e300, 60) + near(0.4, 1.0, 2.4)),
    "sinh": (mp.sinh, growing + [710.0, -710.4]),
    "cosh": (mp.cosh, growing + [710.0, -710.4]),
    "tanh": (mp.tanh, spread(1e-300, 25, 80) + near(0.3, 0.55, 1.0, 19.0)),
    "asinh": (mp.asinh, spread(1e-300, 1e300, 60) + near(0.5, 1.0, 2.0)),
    "acosh": (mp.acosh, [1 + x for x in positive(1e-15, 1e3, 40)] + positive(2, 1e300)),
    "atanh": (mp.atanh, half_open + spread(1e-300, 1e-9, 8) + [1 - 2.0**-53, 2.0**-52 - 1]),
    "erf": (mp.erf, spread(1e-300, 6.5, 80) + near(0.5, 0.84, 1.25, 2.86)),
}

bases = positive(1e-300, 1e300, 30) + positive(0.5, 2, 40) + near(1.0)
powers = [(a, rng.uniform(-690, 690) / max(0.02, abs(math.log(a)))) for a in bases]
powers += [(-abs(a), float(round(b))) for a, b in powers[:20] if abs(b) < 300]
powers += [(a, b) for a in (0.3, 1.7, 10.0) for b in (-1.0, 0.5, 2.0, 3.0, -2.5, 300.0)]


def recorded(function, *x):
    true = function(*(mpf(v) for v in x))
    y = float(true)
    rest = float(true - mpf(y)) if math.isfinite(y) else None
    return None if rest is None or y == 0 else [*x, y, rest]


rows = {
    name: [row for x in points if (row := recorded(function, x))]
    for name, (function, points) in functions.items()
}
rows["pow"] = [row for a, b in powers if (row := recorded(mpmath.power, a, b))]
lines = (f'"{name}":{json.dumps(cases, separators=(",", ":"))}' for name, cases in rows.items())
FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n")
