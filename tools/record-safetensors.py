"""Records small files with the Python package safetensors, for the test of interoperability.

    pip install safetensors numpy ml_dtypes && python3 tools/record-safetensors.py

writes into test/fixtures/safetensors/
- types.safetensors: every element type that NumPy has and we read;
- metadata.safetensors: metadata, strange names, shapes with 0 and without axes;
- ours.safetensors: only what we write, so that our bytes must be the same;
- bytes.safetensors: all 256 elements of each 8-bit floating-point type, and beside them, as F32, what
  ml_dtypes says they are; and one tensor of every type that we only name.
"""

import json
import struct
from pathlib import Path

import ml_dtypes
import numpy as np
from safetensors import deserialize
from safetensors.numpy import save_file

folder = Path(__file__).parent.parent / "test" / "fixtures" / "safetensors"
folder.mkdir(parents=True, exist_ok=True)

floats = [0.0, -0.0, 1.5, -2.25, 65504.0, 2.0**-24, np.inf, np.nan]
save_file(
    {
        "f64": np.array([[0.1, -1e300], [np.pi, 5e-324]], np.float64),
        "f32": np.array([0.1, -3.4e38, 1e-45], np.float32),
        "f16": np.array(floats, np.float16),
        "i64": np.array([-(2**31), 2**31 - 1], np.int64),
        "u64": np.array([0, 7], np.uint64),
        "i32": np.array([-(2**31), 0, 2**31 - 1], np.int32),
        "u32": np.array([0, 2**31 - 1], np.uint32),
        "i16": np.array([-32768, 32767], np.int16),
        "u16": np.array([0, 65535], np.uint16),
        "i8": np.array([-128, 127], np.int8),
        "u8": np.array([0, 255], np.uint8),
        "bool": np.array([[True], [False], [True]], np.bool_),
    },
    folder / "types.safetensors",
)
save_file(
    {
        "0.weight": np.arange(6, dtype=np.float32).reshape(2, 3),
        "0.bias": np.zeros(0, np.float32),
        "scalar": np.array(2.5, np.float64),
        "名字 \"quoted\"\n": np.array([1], np.int32),
        "__proto__": np.array([3], np.int32),
    },
    folder / "metadata.safetensors",
    metadata={"format": "np", "note": "ünï\u2028code", "__proto__": "harmless"},
)
save_file(
    {
        "b": np.array([1.5, -2.5], np.float64),
        "a": np.array([[1, 2]], np.float32),
        "é": np.array([7], np.int32),
        "c": np.array([], np.float32),
        "0": np.array([8], np.int32),
        "flag": np.array([True, False, True], np.bool_),
        "count": np.array([2**53 + 1, -(2**63)], np.int64),
        "size": np.array([2**64 - 1], np.uint64),
    },
    folder / "ours.safetensors",
    metadata={"step": "12 \"quoted\" \\ \u2028 \n"},
)

small = {
    "F8_E5M2": ml_dtypes.float8_e5m2,
    "F8_E4M3": ml_dtypes.float8_e4m3fn,
    "F8_E5M2FNUZ": ml_dtypes.float8_e5m2fnuz,
    "F8_E4M3FNUZ": ml_dtypes.float8_e4m3fnuz,
    "F8_E8M0": ml_dtypes.float8_e8m0fnu,
}
every = np.arange(256, dtype=np.uint8)
tensors = {}
for name, kind in small.items():
    tensors[f"{name} as F32"] = ("F32", [256], every.view(kind).astype(np.float32).tobytes())
    tensors[name] = (name, [256], every.tobytes())
tensors["C64"] = ("C64", [1], np.array([1 + 2j], np.complex64).tobytes())
tensors["F6_E2M3"] = ("F6_E2M3", [4], bytes([1, 2, 3]))
tensors["F6_E3M2"] = ("F6_E3M2", [2, 2], bytes([1, 2, 3]))
tensors["F4"] = ("F4", [2], bytes([1]))
header, data = {}, b""
for name, (dtype, shape, raw) in tensors.items():
    offsets = [len(data), len(data) + len(raw)]
    header[name] = {"dtype": dtype, "shape": shape, "data_offsets": offsets}
    data += raw
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
whole = struct.pack("<Q", len(text)) + text + data
assert {name: (view["dtype"], view["shape"]) for name, view in deserialize(whole)} == {
    name: (dtype, shape) for name, (dtype, shape, _) in tensors.items()
}
(folder / "bytes.safetensors").write_bytes(whole)
