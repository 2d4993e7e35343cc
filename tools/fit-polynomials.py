"""Fits the polynomials in src/core/elementary/coefficients.ts, and prints them.

    python3 tools/fit-polynomials.py [name ...]      needs mpmath

Each polynomial q makes fixed(x) + factor(x) * q(t(x)) as close to f(x) as possible on an interval,
measured by a weight (1 / f for relative error), with Remez's exchange algorithm. Coefficients are
then rounded to the element type and to few decimal digits, one after another, the lowest first,
and the rest fitted again, so that a later coefficient makes up for the rounding of earlier ones. The last column is log2 of the
largest weighted error of what is left after rounding: about -24 is half an ulp of f32 and -53 half
an ulp of f64, and the polynomial's error should be well below that.
"""

import struct
import sys

from mpmath import mp, mpf

mp.prec = 260


def rounded(v, bits):
    """The element of the type nearest to v."""
    return mpf(struct.unpack("f", struct.pack("f", float(v)))[0]) if bits == 32 else mpf(float(v))


def shortest(v, bits, tolerance):
    """The shortest decimal whose element is that near to v, and the element."""
    for n in range(1, 18):
        text = f"{float(v):.{n}g}"
        c = rounded(mpf(text), bits)
        if abs(c - v) <= tolerance or c == rounded(v, bits):
            return text.replace("e-0", "e-"), c


def chebyshev_points(a, b, n):
    return [(a + b) / 2 - (b - a) / 2 * mp.cos(mp.pi * (i + 0.5) / n) for i in range(n)]


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


def fit(f, interval, terms, bits, t=lambda x: x, factor=lambda x: 1, fixed=lambda x: 0,
        weight=None, exact=()):
    """Coefficients as text, and the error left. `exact` has leading ones that are not fitted."""
    # The grid is Chebyshev's in t, where the polynomial lives; an even number of points skips zero.
    a, b = map(mpf, interval)
    grid = chebyshev_points(t(a), t(b), 24 * terms + 24)
    xs = grid if t(mpf(-2)) < 0 else [mp.sqrt(z) for z in grid]
    fx = [f(x) for x in xs]
    w = [weight(x) if weight else 1 / abs(y) for x, y in zip(xs, fx)]
    basis = [[factor(x) * t(x) ** k for x in xs] for k in range(terms)]
    target = [y - fixed(x) for x, y in zip(xs, fx)]
    texts, least = [], None
    for k in range(terms):
        if k < len(exact):
            c = exact[k]
            texts.append(shortest(c, bits, 0)[0])
        else:
            # Where the basis changes its sign at 0, so must the weight, or errors would not alternate.
            signed = [mp.sign(v) * y for v, y in zip(basis[k], w)]
            coefficients, error = remez(xs, target, basis[k:], signed)
            least = least or error
            # No more digits than matter: what rounding adds is small against the error there is.
            reach = max(abs(v * y) for v, y in zip(basis[k], w))
            text, c = shortest(coefficients[0], bits, least / 8 / reach)
            texts.append(text)
        target = [y - c * v for y, v in zip(target, basis[k])]
    return texts, max(abs(y * v) for y, v in zip(target, w))


def square(x):
    return x * x


def odd(f, top, leading=1):
    """f(x) = leading * x + x^3 q(x^2)."""
    return dict(f=f, interval=(0, top), t=square, factor=lambda x: x**3,
                fixed=lambda x: leading * x)


# A little more than the range that argument reduction leaves, since n is rounded too.
half_ln2 = mp.log(2) / 2 * mpf("1.001")
top_s = (mp.sqrt(2) - 1) / (mp.sqrt(2) + 1) * mpf("1.0001")

# name: (what is fitted, terms for f32, terms for f64, further options by number of bits)
polynomials = {
    # e^r = 1 + r + r^2 q(r); relative to e^r - 1, for the sake of expm1 and tanh
    "exp": (dict(f=mp.expm1, interval=(-half_ln2, half_ln2), factor=square, fixed=lambda x: x), 5, 10),
    # log(m) = 2 s + s^3 q(s^2) with s = (m - 1) / (m + 1)
    "log": (odd(lambda s: 2 * mp.atanh(s), top_s, 2), 3, 9),
    # the same to as many bits as pow wants; in f64, log has them too
    "pow": (odd(lambda s: 2 * mp.atanh(s), top_s, 2), 4, None),
    "asin": (odd(mp.asin, mpf(1) / 2), 5, 12),
    "atan": (odd(mp.atan, mpf("0.6")), 6, 14),
    "tanh": (odd(mp.tanh, mpf("0.5494")), 4, 10),
    # erf(x) = x + x q(x^2) below the threshold, and 1 - 2^q(x) above it
    "erf": (dict(f=mp.erf, t=square, factor=lambda x: x, fixed=lambda x: x), 6, 12),
    "erfc": (dict(f=lambda x: mp.log(mp.erfc(x), 2), weight=lambda x: mp.erfc(x) / mp.erf(x)), 7, 18),
}
# f32 and f64: below this, erf is fitted itself; above it and up to where erf rounds to 1, erfc.
thresholds = {32: (mpf("0.875"), 4), 64: (mpf(1), 6)}


def main(names):
    for name in names or polynomials:
        what, *terms = polynomials[name]
        print(f"  {name}: [")
        for n, bits in zip(terms, (32, 64)):
            if n is None:
                continue
            options = dict(what)
            if name == "pow" or (name == "log" and bits == 64):
                options["exact"] = (mpf(2) / 3,)
            if name == "erf":
                options["interval"] = (0, thresholds[bits][0])
            if name == "erfc":
                options["interval"] = thresholds[bits]
            texts, error = fit(terms=n, bits=bits, **options)
            log2 = f"{float(mp.log(error, 2)):.1f}"
            print(f"    [{', '.join(texts)}], // {log2}", flush=True)
        print("  ],")


if __name__ == "__main__":
    main(sys.argv[1:])
