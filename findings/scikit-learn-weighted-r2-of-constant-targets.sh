#!/usr/bin/env bash
# R² of targets that are all equal is 0/0 or −∞; scikit-learn's r2_score documents 1 or 0 in their place, and
# keeps to it without weights. With weights the mean of equal numbers is rounded, their spread becomes some
# 1e-31 in place of 0, and the score is about −1e30. A mean over folds or groups, of which one happens to hold
# equal targets, is then destroyed by it, and with other weights it is not.
# Seen 2026-11-30 with scikit-learn 1.9.1, NumPy of the day. Fails if it gives something else.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --retries 0 scikit-learn==1.9.1
cat > see.py <<'PY'
from sklearn.metrics import r2_score

targets, predictions = [3, 3, 3], [3, 2, 3]
for weights in (None, [1, 2, 1], [0.66, 1.85, 1.71]):
    found = r2_score(targets, predictions, sample_weight=weights)
    print(f"weights {weights}: {'below -1e29' if found < -1e29 else found}")
PY
env/bin/python see.py 2>/dev/null | tee found
cat > expected <<'TEXT'
weights None: 0.0
weights [1, 2, 1]: 0.0
weights [0.66, 1.85, 1.71]: below -1e29
TEXT
diff expected found
