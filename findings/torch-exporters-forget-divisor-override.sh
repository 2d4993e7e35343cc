#!/usr/bin/env bash
# nn.AvgPool2d(2, divisor_override=1) adds up its windows. Both ONNX exporters of PyTorch take it, say nothing, and
# write a plain AveragePool, which divides by 4: the checker takes the file, onnxruntime runs it, and every number
# is a quarter of the model's. Who is hurt: those who deploy such a model, and all who read the file: it holds no
# trace of the divisor, so no reader can refuse it.
# Seen 2026-12-01 with torch 2.13.0, onnx 1.23.1, onnxruntime 1.30.0 (CPU). Fails if it gives something else.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --retries 0 torch==2.13.0 onnx==1.23.1 onnxruntime==1.30.0 onnxscript==0.7.2
cat > see.py <<'PY'
import onnx
import onnxruntime
import torch

model = torch.nn.AvgPool2d(2, divisor_override=1).eval()
x = torch.ones(1, 1, 2, 2)
print("PyTorch:", model(x).item())
for dynamo in (False, True):
    torch.onnx.export(model, (x,), "model.onnx", dynamo=dynamo)
    onnx.checker.check_model("model.onnx")
    session = onnxruntime.InferenceSession("model.onnx", providers=["CPUExecutionProvider"])
    (y,) = session.run(None, {session.get_inputs()[0].name: x.numpy()})
    nodes = [node.op_type for node in onnx.load("model.onnx").graph.node]
    print(f"dynamo={dynamo}:", y.item(), nodes)
PY
env/bin/python see.py 2>/dev/null | grep : | grep -v '^\[' | tee found
cat > expected <<'TEXT'
PyTorch: 4.0
dynamo=False: 1.0 ['AveragePool']
dynamo=True: 1.0 ['AveragePool']
TEXT
diff expected found
