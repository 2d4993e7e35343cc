#!/usr/bin/env bash
# ONNX's pads of a pool are all beginnings, then all ends. The standard's own ReferenceEvaluator takes those of
# a MaxPool as beginning and end of each axis in turn: where they differ from side to side, its output has
# another shape than onnxruntime's, for one and the same file, which the checker accepts. Who is hurt: everybody
# who holds an exporter against the reference: right files look wrong.
# Seen 2026-11-30 with onnx 1.23.1 and onnxruntime 1.30.0. Fails if it gives something else.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --retries 0 onnx==1.23.1 onnxruntime==1.30.0
cat > see.py <<'PY'
import numpy as np
import onnxruntime
from onnx import TensorProto, checker, helper
from onnx.reference import ReferenceEvaluator

node = helper.make_node("MaxPool", ["x"], ["y"], kernel_shape=[2, 2], pads=[0, 1, 0, 0])
x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 3, 3])
y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, 2, 3])
graph = helper.make_graph([node], "pool", [x], [y])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
checker.check_model(model, full_check=True)
given = {"x": np.arange(9, dtype=np.float32).reshape(1, 1, 3, 3)}
bytes = model.SerializeToString()
print("by the standard: 3 - 2 + 1 = 2 rows, 3 + 1 - 2 + 1 = 3 columns")
print("onnxruntime:", onnxruntime.InferenceSession(bytes).run(None, given)[0].shape)
print("ReferenceEvaluator:", ReferenceEvaluator(model).run(None, given)[0].shape)
PY
env/bin/python see.py 2>/dev/null | tee found
cat > expected <<'TEXT'
by the standard: 3 - 2 + 1 = 2 rows, 3 + 1 - 2 + 1 = 3 columns
onnxruntime: (1, 1, 2, 3)
ReferenceEvaluator: (1, 1, 3, 2)
TEXT
diff expected found
