#!/usr/bin/env bash
# Images for a model that was trained on pixels of Pillow (libjpeg), decoded in JavaScript. One guesses that a JPEG
# has one meaning to within a step or two of 255. jpeg-js 0.4.4 repeats colour samples where libjpeg interpolates
# between them (4:2:0, what cameras write), and it takes a file whose components are red, green and blue (no
# transform, the Adobe marker says so) for luma and chroma. Grey files, and colour without subsampling, agree.
# Who is hurt: those whose model is less accurate in the page than in training, and who look for the reason in it.
# Seen 2026-11-30 with jpeg-js 0.4.4 (Node 20) and Pillow 12.3.0. Fails if it gives something else.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --retries 0 pillow==12.3.0 numpy
npm init -y >/dev/null
npm install --silent --no-audit --no-fund jpeg-js@0.4.4
cat > write.py <<'PY'
import numpy as np
from PIL import Image

y, x = np.mgrid[0:24, 0:40]
waves = [np.sin(x / 3), np.cos(y / 2), np.sin((x + y) / 4)]
pixels = np.stack([127 + 120 * wave for wave in waves], -1).astype(np.uint8)
kinds = {
    "grey": (pixels[..., 0], {}),
    "full": (pixels, dict(subsampling=0)),
    "half": (pixels, dict(subsampling=2)),
    "rgb": (pixels, dict(keep_rgb=True)),
}
for name, (array, options) in kinds.items():
    Image.fromarray(array).save(f"{name}.jpg", quality=95, **options)
    Image.open(f"{name}.jpg").convert("RGB").tobytes()
    open(f"{name}.raw", "wb").write(Image.open(f"{name}.jpg").convert("RGB").tobytes())
PY
env/bin/python write.py
cat > see.cjs <<'JS'
const { readFileSync } = require("node:fs");
const { decode } = require("jpeg-js");
for (const name of ["grey", "full", "half", "rgb"]) {
  const { data } = decode(readFileSync(`${name}.jpg`));
  const expected = readFileSync(`${name}.raw`);
  let most = 0;
  expected.forEach((value, i) => {
    const pixel = Math.floor(i / 3);
    most = Math.max(most, Math.abs(value - data[4 * pixel + (i % 3)]));
  });
  console.log(name, most <= 4 ? "agrees" : `differs by up to ${most} of 255`);
}
JS
node see.cjs | tee found
cat > expected <<'TEXT'
grey agrees
full agrees
half differs by up to 48 of 255
rgb differs by up to 249 of 255
TEXT
diff expected found
