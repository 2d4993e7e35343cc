"""Records small files with NumPy, for the tests of .npy and .npz files.

    pip install numpy ml_dtypes && python3 tools/record-npy.py

writes into test/fixtures/numpy/
- types.npz and packed.npz (savez, savez_compressed): every type that is read, in both byte orders and
  both orders of elements, with and without axes, and empty; types.json says what is in them;
- refused.npz: what is not read;
- described.npz: written to a pipe, so that sizes stand behind the data;
- version1.npy, version2.npy, version3.npy: one array, each version of the header;
- ours.npz: arrays that we must write with the same bytes.
"""

import io
import json
from pathlib import Path

import ml_dtypes
import numpy as np

folder = Path(__file__).parent.parent / "test" / "fixtures" / "numpy"
folder.mkdir(parents=True, exist_ok=True)

floats = [0.0, -0.0, 1.5, -2.25, 65504.0, 2.0**-24, np.inf, -np.inf]
arrays = {
    "f8": np.array([[0.1, -1e300], [np.pi, 5e-324]]),
    "f4": np.array([0.1, -3.4e38, 1e-45], np.float32),
    "f2": np.array(floats, np.float16),
    "i8": np.array([-(2**31), 2**31 - 1]),
    "wide": np.array([1, 2**53, -(2**53), 2**62]),
    "i4": np.array([-(2**31), 0, 2**31 - 1], np.int32),
    "i2": np.array([-32768, 32767], np.int16),
    "i1": np.array([-128, 127], np.int8),
    "u8": np.array([0, 7], np.uint64),
    "wide unsigned": np.array([0, 2**63], np.uint64),
    "u4": np.array([0, 2**31 - 1], np.uint32),
    "wide u4": np.array([5, 2**32 - 1], np.uint32),
    "u2": np.array([0, 65535], np.uint16),
    "u1": np.array([[0, 255]], np.uint8),
    "b1": np.array([[True], [False], [True]]),
    "big f8": np.array([0.1, -1e300], ">f8"),
    "big f4": np.array([0.1, 2.5], ">f4"),
    "big f2": np.array(floats, ">f2"),
    "big i8": np.array([-2, 2**40], ">i8"),
    "big u8": np.array([3, 2**40], ">u8"),
    "big i4": np.array([-2, 2**30], ">i4"),
    "big u2": np.array([1, 65534], ">u2"),
    "scalar": np.array(2.5),
    "nothing": np.zeros(0),
    "no rows": np.zeros((0, 3), np.float32),
    "no columns": np.zeros((3, 0, 2), np.int32),
    "transposed": np.arange(6.0).reshape(2, 3).T,
    "fortran": np.asfortranarray(np.arange(120, dtype=np.int16).reshape(2, 3, 4, 5)),
    "thin": np.asfortranarray(np.arange(6, dtype=np.float32).reshape(1, 6, 1)),
    "every other": np.arange(10.0)[::2],
    "__proto__": np.array([1.0]),
}
np.savez(folder / "types.npz", **arrays)
np.savez_compressed(folder / "packed.npz", **arrays)


def plain(values):
    """Elements in row-major order, as JSON can say them: all that are read are exact in f64."""
    texts = {np.inf: "Infinity", -np.inf: "-Infinity"}
    numbers = [float(value) for value in np.asarray(values).flatten(order="C").tolist()]
    return ["-0" if str(n) == "-0.0" else texts.get(n, n) for n in numbers]


lines = [
    f'"{name}": ' + json.dumps({"shape": list(values.shape), "data": plain(values)})
    for name, values in arrays.items()
]
(folder / "types.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")

np.savez(
    folder / "refused.npz",
    objects=np.array([[1, 2], [3]], dtype=object),
    brain=np.array([1.5], ml_dtypes.bfloat16),
    complex=np.array([1 + 2j]),
    texts=np.array(["a", "bc"]),
    bytes=np.array([b"a", b"bc"]),
    dates=np.array(["2020-01-01"], "datetime64[D]"),
    spans=np.array([5], "timedelta64[s]"),
    fields=np.array([(1, 2.5)], [("a", "i4"), ("b", "f8")]),
    long=np.array([1.5], np.longdouble),
    inexact=np.array([2**53 + 1]),
)


class Pipe(io.BytesIO):
    """A stream that cannot go back, so that sizes and checksums follow the data."""

    def seekable(self):
        return False

    def seek(self, *_):
        raise OSError("not seekable")

    def tell(self):
        raise OSError("no place")


pipe = Pipe()
np.savez_compressed(pipe, x=arrays["f8"], y=arrays["i8"])
(folder / "described.npz").write_bytes(pipe.getvalue())

for major in 1, 2, 3:
    with open(folder / f"version{major}.npy", "wb") as file:
        np.lib.format.write_array(file, np.arange(4.0).reshape(2, 2), version=(major, 0))

bits = np.array([[1, 0, 1], [0, 0, 1]])
np.savez(
    folder / "ours.npz",
    **{name: bits.astype(name) for name in ["f8", "f4", "i4", "?"]},
    scalar=np.array(2.5),
    empty=np.zeros((0, 3)),
    list=np.arange(5.0),
    long=np.zeros(12345, np.bool_),
    **{f"{axes} axes": np.ones([1] * axes) for axes in range(1, 33)},
)
