"""Checks ONNX files that chainrule writes: python tools/check-onnx.py FOLDER, as tools/check-onnx.mjs runs it.

Each file goes through onnx.checker (with inference of all shapes) and onnxruntime; the file report.json in
the folder says what came of it. Inputs and outputs stand beside each file as NAME.json."""

import json
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime

onnxruntime.set_default_logger_severity(4)
folder = pathlib.Path(sys.argv[1])
# What is computed is what stands in the file: fused products have factors of 32 bits.
options = onnxruntime.SessionOptions()
options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
report = {"onnx": onnx.__version__, "onnxruntime": onnxruntime.__version__, "files": []}
for path in sorted(folder.glob("*.onnx")):
    own = {"file": path.stem}
    try:
        onnx.checker.check_model(onnx.load(path), full_check=True)
    except Exception as error:
        own["refused"] = f"{type(error).__name__}: {error}"
    values = json.loads(path.with_suffix(".json").read_text())
    x, y = (np.array(values[end]["data"]).reshape(values[end]["shape"]) for end in "xy")
    try:
        session = onnxruntime.InferenceSession(path, options)
        types = {"tensor(int64)": "i8", "tensor(float)": "f4", "tensor(double)": "f8"}
        [found] = session.run(None, {"x": x.astype(types[session.get_inputs()[0].type])})
        own["shape"] = list(found.shape) == list(y.shape)
        own["off"] = float(np.max(np.abs(found - y))) if own["shape"] else None
    except Exception as error:
        own["not run"] = str(error).splitlines()[0]
    report["files"].append(own)
(folder / "report.json").write_text(json.dumps(report))
