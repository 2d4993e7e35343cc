"""Fits the polynomials of the special functions in src/ops, and prints them.

    python3 tools/fit-special.py          needs mpmath

Each is the interpolation of a smooth function at Chebyshev's points of an interval, as a polynomial in
u, which runs through -1 ... 1 there, the lowest power first; behind it log2 of the largest relative error after its
coefficients were rounded to f64. The fitted functions have no zero in their intervals.
"""

from mpmath import mp, mpf

mp.prec = 300


def fit(f, low, high, terms):
    low, high = mpf(low), mpf(high)
    middle, half = (low + high) / 2, (high - low) / 2
    xs = [mp.cos(mp.pi * (k + mpf(1) / 2) / terms) for k in range(terms)]
    m = mp.matrix(terms, terms)
    for i, x in enumerate(xs):
        for k in range(terms):
            m[i, k] = x**k
    c = mp.lu_solve(m, mp.matrix([f(middle + half * x) for x in xs]))
    rounded = [mpf(float(v)) for v in c]
    worst = mpf(0)
    for i in range(301):
        u = mpf(i) / 150 - 1
        y = f(middle + half * u)
        worst = max(worst, abs(mp.polyval(rounded[::-1], u) / y - 1))
    return [float(v) for v in c], float(mp.log(worst, 2))


def erfcx(t):
    """(1 + 2 a) e^(a^2) erfc(a) with t = (a - 4) / (a + 4)"""
    a = 4 * (1 + t) / (1 - t)
    return (1 + 2 * a) * mp.exp(a * a) * mp.erfc(a)


def erfinv_tail(s):
    """erfinv(1 - e^(-s^2)) / s"""
    p = mp.exp(-s * s)
    y = mp.sqrt(max(mpf("0.1"), s * s - mp.log(s * mp.sqrt(mp.pi))))
    for _ in range(60):
        d = (mp.erfc(y) - p) * mp.sqrt(mp.pi) / 2 * mp.exp(y * y)
        y += d / (1 + d * y)
        if abs(d) < mpf(2) ** -280:
            break
    return y / s


def lgamma2(z):
    """lnΓ(2 + z) / z"""
    return mp.loggamma(2 + z) / z if abs(z) > mpf(10) ** -60 else mp.digamma(2)


def central(z):
    """erfinv(x) / x of z = x^2"""
    x = mp.sqrt(z)
    return mp.erfinv(x) / x if z > mpf(10) ** -60 else mp.sqrt(mp.pi) / 2


fits = {
    "erfc": (erfcx, -1, "0.745", 26),
    "erfinv, x^2 up to 0.5": (central, 0, "0.5", 21),
    "erfinv, s from 1.1 to 2": (erfinv_tail, "1.1", "2", 19),
    "erfinv, s from 2 to 3.5": (erfinv_tail, "2", "3.5", 19),
    "erfinv, s from 3.5 to 6.1": (erfinv_tail, "3.5", "6.1", 18),
    "lgamma": (lgamma2, "-0.5", "0.5", 23),
}

if __name__ == "__main__":
    for name, given in fits.items():
        c, error = fit(*given)
        print(f"{name}: {error:.1f}\n  [{', '.join(map(repr, c))}],", flush=True)
