"""Records linear algebra from PyTorch into test/fixtures/torch/linalg.json: python tools/record-linalg.py.

What a factorization leaves open (signs, bases) is not compared: functions of vectors that do not
depend on it are. A case has its "condition": by how much its input's rounding is magnified in values, and
its "slope": in gradients.
"""
import torch
from torch.linalg import cholesky, cond, det, eigh, inv, lstsq, pinv, qr, slogdet, solve, solve_triangular, svd

from recording import case, operators, rand, seed, write


def symmetric(a):
    """Gradients of ours are those of the symmetric part."""
    return (a + a.mT) / 2


def gap(w):
    """The largest of |w| beside the smallest difference."""
    if w.shape[-1] < 2:
        return 1.0
    return float((w.abs().amax(-1) / w.sort(-1).values.diff(dim=-1).amin(-1)).max())


def recorded(name, function, inputs, condition, slope=None, **rest):
    case(name, function, inputs, **rest)
    operators[-1]["condition"] = float(condition)
    operators[-1]["slope"] = float(condition if slope is None else slope)


def regular(*shape):
    return rand(*shape) + 2 * torch.eye(shape[-2], shape[-1])


def hilbert(n):
    i = torch.arange(n)
    return 1 / (1.0 + i[:, None] + i)


PIVOTS = torch.tensor([[0.0, 2, 1], [0, 0, 3], [4, 1, 1]])
seed("linalg")
for n, batch in [(1, []), (2, [2]), (3, [2]), (8, [])]:
    a = regular(*batch, n, n)
    s = symmetric(rand(*batch, n, n))
    p = s @ s.mT + torch.eye(n)
    vector, columns = rand(*batch, n), rand(*batch, n, 3)
    worst = cond(a).max()
    recorded("cholesky", lambda x: cholesky(symmetric(x)), [p], cond(p).max())
    recorded("solve", solve, [a, columns], worst)
    recorded("solve", solve, [a, vector], worst)
    recorded("inverse", inv, [a], worst)
    recorded("determinant", det, [a], worst)
    recorded("logAbsDeterminant", lambda x: slogdet(x)[1], [a], worst)
    recorded("determinantSign", lambda x: slogdet(x)[0].detach(), [a], 1)
    for upper in [False, True]:
        t = a.triu() if upper else a.tril()
        t = t + 2 * t.diagonal(dim1=-2, dim2=-1).sign().diag_embed()
        recorded("triangularSolve", lambda x, b, upper: solve_triangular(x, b, upper=upper),
                 [t, columns], cond(t).max(), upper=upper)
    recorded("qrQ", lambda x: qr(x)[0], [a], worst)
    recorded("qrR", lambda x: qr(x)[1], [a], worst)
    recorded("eigenvalues", lambda x: eigh(symmetric(x))[0], [s], 1, gap(eigh(s)[0]))
    recorded("eigenvectorSquares", lambda x: eigh(symmetric(x))[1] ** 2, [s], gap(eigh(s)[0]))
    values = gap(svd(a, full_matrices=False)[1]) * worst
    recorded("singularValues", lambda x: svd(x, full_matrices=False)[1], [a], 1, values)
    recorded("leftSquares", lambda x: svd(x, full_matrices=False)[0] ** 2, [a], values)
for m, n in [(4, 2), (2, 4), (1, 3)]:
    a = rand(2, m, n)
    values = gap(svd(a, full_matrices=False)[1]) * cond(a).max()
    recorded("qrQ", lambda x: qr(x)[0], [a], cond(a[..., :m]).max())
    recorded("qrR", lambda x: qr(x)[1], [a], cond(a[..., :m]).max())
    recorded("singularValues", lambda x: svd(x, full_matrices=False)[1], [a], 1, values)
    recorded("leftSquares", lambda x: svd(x, full_matrices=False)[0] ** 2, [a], values)
    recorded("rightSquares", lambda x: svd(x, full_matrices=False)[2] ** 2, [a], values)
    recorded("pinverse", pinv, [a], cond(a).max(), cond(a).max() ** 2)
    columns = rand(2, m, 3)
    recorded("leastSquares", lambda x, b: lstsq(x, b, driver="gelsd")[0], [a, columns],
             cond(a).max() ** 2, cond(a).max() ** 3)
    with torch.no_grad():
        recorded("completeQ", lambda x: qr(x, mode="complete")[0], [a], cond(a[..., :m]).max())
        recorded("completeR", lambda x: qr(x, mode="complete")[1], [a], cond(a[..., :m]).max())
    recorded("polarFactor", lambda x: (lambda f: f[0] @ f[2])(svd(x, full_matrices=False)), [a],
             values)
for a in [PIVOTS, hilbert(6)]:
    b = rand(len(a), 2)
    recorded("solve", solve, [a, b], cond(a))
    recorded("inverse", inv, [a], cond(a))
    recorded("determinant", det, [a], cond(a))
    recorded("logAbsDeterminant", lambda x: slogdet(x)[1], [a], cond(a))
recorded("cholesky", lambda x: cholesky(symmetric(x)), [hilbert(6)], cond(hilbert(6)))
recorded("eigenvalues", lambda x: eigh(symmetric(x))[0], [hilbert(6)], 1, cond(hilbert(6)))
recorded("singularValues", lambda x: svd(x, full_matrices=False)[1], [hilbert(6)], 1, cond(hilbert(6)))
a, b = regular(3, 3), rand(2, 3, 1)
recorded("solve", solve, [a, b], cond(a), note="one matrix, two right-hand sides")
write("linalg", operators)
