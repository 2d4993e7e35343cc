"""Fits the polynomials in src/backends/wasm/intrinsics/coefficients.ts, and prints them.

    python3 tools/fit-polynomials.py [name ...]      needs mpmath

Each polynomial q makes fixed(x) + factor(x) * q(t(x)) as close to f(x) as possible on an interval,
measured by a weight (1 / f for relative error), with Remez's exchange algorithm. Coefficients are
then rounded to the element type one after another, the lowest first, and the rest fitted again, so
that a later coefficient makes up for the rounding of an earlier one. The last column is log2 of the
largest weighted error of what is left after rounding: about -24 is half an ulp of f32 and -53 half
an ulp of f64, and the polynomial's error should be well below that.
"""

import struct
import sys

from mpmath import mp, mpf

mp.prec = 260


def to_f32(v):
    return mpf(struct.unpack("f", struct.pack("f", float(v)))[0])


def to_f64(v):
    return mpf(float(v))


def chebyshev_points(a, b, n):
    return [(a + b) / 2 - (b - a) / 2 * mp.cos(mp.pi * i / (n - 1)) for i in range(n)]


def remez(xs, target, basis, weight, rounds=60):
    """Coefficients c with max |weight * (target - sum c_k basis_k)| least over the grid."""
    n = len(basis)
    step = (len(xs) - 1) / n
    chosen = [round(i * step) for i in range(n + 1)]
    for _ in range(rounds):
        m = mp.matrix(n + 1, n + 1)
        rhs = mp.matrix(n + 1, 1)
        for row, i in enumerate(chosen):
            for k in range(n):
                m[row, k] = basis[k][i] * weight[i]
            m[row, n] = (-1) ** row
            rhs[row] = target[i] * weight[i]
        solution = mp.lu_solve(m, rhs)
        c = [solution[k] for k in range(n)]
        err = [
            weight[i] * (target[i] - mp.fsum(c[k] * basis[k][i] for k in range(n)))
            for i in range(len(xs))
        ]
        # One extremum per run of equal signs; drop from the ends what is too many.
        peaks, start = [], 0
        for i in range(1, len(xs) + 1):
            if i == len(xs) or (err[i] > 0) != (err[start] > 0):
                peaks.append(max(range(start, i), key=lambda j: abs(err[j])))
                start = i
        if len(peaks) < n + 1:
            break
        while len(peaks) > n + 1:
            if len(peaks) == n + 2:
                peaks.pop(0 if abs(err[peaks[0]]) < abs(err[peaks[-1]]) else -1)
            else:
                i = min(range(len(peaks) - 1), key=lambda j: abs(err[peaks[j]]) + abs(err[peaks[j + 1]]))
                del peaks[i : i + 2]
        if peaks == chosen:
            break
        chosen = peaks
    return c, max(map(abs, err))


def fit(f, interval, terms, rounding, t=lambda x: x, factor=lambda x: 1, fixed=lambda x: 0,
        weight=None, exact=()):
    """`exact` gives leading coefficients that are set rather than fitted."""
    # The grid is Chebyshev's in t, where the polynomial lives; an even number of points skips zero.
    a, b = map(mpf, interval)
    grid = chebyshev_points(t(a), t(b), 24 * terms + 24)
    xs = grid if t(mpf(-2)) < 0 else [mp.sqrt(z) for z in grid]
    fx = [f(x) for x in xs]
    w = [weight(x) if weight else 1 / abs(y) for x, y in zip(xs, fx)]
    basis = [[factor(x) * t(x) ** k for x in xs] for k in range(terms)]
    target = [y - fixed(x) for x, y in zip(xs, fx)]
    coefficients = []
    for k in range(terms):
        if k < len(exact):
            c = mpf(exact[k])
        else:
            c = rounding(remez(xs, target, basis[k:], w)[0][0])
        coefficients.append(c)
        target = [y - c * v for y, v in zip(target, basis[k])]
    return coefficients, max(abs(y * v) for y, v in zip(target, w))


