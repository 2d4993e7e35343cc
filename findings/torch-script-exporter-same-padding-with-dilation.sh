#!/usr/bin/env bash
# nn.Conv2d(padding="same", dilation=2) is valid PyTorch, and both exporters write it. The exporter by tracing
# (dynamo=False) writes auto_pad=SAME_UPPER beside the dilation; onnx's checker takes the file, and onnxruntime
# refuses to run it. The other exporter writes the sizes of the padding, and its file runs. Who is hurt: those
# whose export and check succeed, and who learn of it where the model is deployed.
# Seen 2026-11-30 with torch 2.13.0, onnx 1.23.1, onnxruntime 1.30.0 (CPU). Fails if it gives something else.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --retries 0 torch==2.13.0 onnx==1.23.1 onnxruntime==1.30.0 onnxscript==0.7.2
cat > see.py <<'PY'
import numpy as np
import onnx
import onnxruntime
import torch

model = torch.nn.Conv2d(4, 3, 3, padding="same", dilation=2).eval()
x = torch.ones(2, 4, 7, 6)
for dynamo in (False, True):
    torch.onnx.export(model, (x,), "model.onnx", dynamo=dynamo)
    onnx.checker.check_model("model.onnx")
    session = onnxruntime.InferenceSession("model.onnx", providers=["CPUExecutionProvider"])
    try:
        (y,) = session.run(None, {session.get_inputs()[0].name: x.numpy()})
        same = np.allclose(y, model(x).detach().numpy(), atol=1e-5)
        found = "runs, and is right" if same else "runs, and is wrong"
    except Exception as error:
        found = "refused: " + ("dilation" if "ilation not supported" in str(error) else str(error))
    print(f"dynamo={dynamo}: {found}")
PY
env/bin/python see.py 2>/dev/null | grep dynamo= | tee found
cat > expected <<'TEXT'
dynamo=False: refused: dilation
dynamo=True: runs, and is right
TEXT
diff expected found
