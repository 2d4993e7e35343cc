"""Records small PNG and JPEG files, what Pillow decodes from them, and how PyTorch and Pillow resize.

    python tools/record-images.py

needs Pillow 12, NumPy and PyTorch 2.13. Writes test/fixtures/images/.
"""

import base64
import io
import json
import pathlib
import struct
import zlib

import numpy as np
import torch
from PIL import Image, ImageOps

folder = pathlib.Path(__file__).parent.parent / "test/fixtures/images"
folder.mkdir(parents=True, exist_ok=True)
height, width = 11, 19
y, x = np.mgrid[0:height, 0:width]
planes = [128 + 100 * np.sin(x / 3), 128 + 90 * np.cos(y / 2 + x / 7), (x * 13 + y * 29) % 256, 255 - x * 9]
samples = np.stack(planes, -1).astype(np.uint8)
rgba = Image.fromarray(samples, "RGBA")
rgb = rgba.convert("RGB")
files = {}


def base(data):
    return base64.b64encode(bytes(data)).decode()


def keep(name, data, mode=None):
    (folder / name).write_bytes(data)
    image = Image.open(io.BytesIO(data))
    pixels = np.asarray(image if mode is None else image.convert(mode))
    files[name] = {
        "width": image.width,
        "height": image.height,
        "channels": 1 if pixels.ndim == 2 else pixels.shape[2],
        "bits": 16 if pixels.dtype == np.uint16 else 8,
        "pixels": base(np.ascontiguousarray(pixels).tobytes()),
    }


def saved(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(kind, depth, rows, interlace=0, w=width, h=height, palette=b""):
    header = struct.pack(">IIBBBBB", w, h, depth, kind, 0, 0, interlace)
    plte = chunk(b"PLTE", palette) if palette else b""
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + plte + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def packed(values, depth):
    """Rows of samples of fewer than 8 bits, without a filter."""
    lines = []
    for row in values:
        bits = "".join(format(int(v), f"0{depth}b") for v in row)
        bits += "0" * (-len(bits) % 8)
        lines.append(b"\0" + bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8)))
    return b"".join(lines)


keep("grey.png", saved(rgb.convert("L"), "PNG"))
keep("grey-alpha.png", saved(rgba.convert("LA"), "PNG"))
keep("colours.png", saved(rgb, "PNG"))
keep("alpha.png", saved(rgba, "PNG"))
keep("palette.png", saved(rgb.quantize(20), "PNG"), "RGB")
keep("transparent.png", saved(rgb.quantize(20), "PNG", transparency=3), "RGB")
keep("deep.png", saved(Image.fromarray((samples[..., 0].astype(np.uint16) * 257 + x).astype(np.uint16)), "PNG"))
for depth in (1, 2, 4):
    values = samples[..., 2] >> (8 - depth)
    keep(f"grey-{depth}.png", png(0, depth, packed(values, depth)), "L")
    colours = np.arange(3 * 2**depth, dtype=np.uint8) * 5
    keep(f"palette-{depth}.png", png(3, depth, packed(values, depth), palette=colours.tobytes()), "RGB")


def filtered(data, pixel, kinds):
    """Rows with the filters named in turn, as section 9 of the specification defines them."""
    out = bytearray()
    before = [0] * len(data[0])
    for n, row in enumerate(data):
        kind = kinds[n % len(kinds)]
        out.append(kind)
        for i, v in enumerate(row):
            a = row[i - pixel] if i >= pixel else 0
            b = before[i]
            c = before[i - pixel] if i >= pixel else 0
            p = a + b - c
            paeth = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
            out.append((v - [0, a, b, (a + b) // 2, paeth][kind]) % 256)
        before = row
    return bytes(out)


def adam7(array, pixel):
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    out = b""
    for px, py, dx, dy in passes:
        part = array[py::dy, px::dx]
        if part.size:
            out += filtered([[int(v) for v in row.reshape(-1)] for row in part], pixel, [4, 1, 3, 2, 0])
    return out


every = [[int(v) for v in row.reshape(-1)] for row in samples[..., :3]]
keep("filters.png", png(2, 8, filtered(every, 3, [0, 1, 2, 3, 4])))
keep("interlaced.png", png(2, 8, adam7(samples[..., :3], 3), 1))
tiny = samples[:2, :3, 0]
keep("tiny-interlaced.png", png(0, 8, adam7(tiny, 1), 1, 3, 2))

for name, options in {
    "half": {"subsampling": 2},
    "half-across": {"subsampling": 1},
    "full": {"subsampling": 0},
    "progressive": {"progressive": True},
    "restarts": {"restart_marker_blocks": 2},
    "rgb": {"keep_rgb": True},
}.items():
    keep(f"{name}.jpg", saved(rgb, "JPEG", quality=80, **options))
keep("grey.jpg", saved(rgb.convert("L"), "JPEG", quality=80))
(folder / "print.jpg").write_bytes(saved(rgb.convert("CMYK"), "JPEG", quality=80))

# Resized: by PyTorch in f64, and by Pillow, which cuts off sides, in f32.
plane = torch.tensor(samples[..., 0].astype(np.float64))[None, None]
sizes = [(5, 7), (11, 19), (23, 40), (1, 1), (30, 4), (2, 19)]
stretched = [
    {
        "size": list(size),
        "values": torch.nn.functional.interpolate(plane, size, mode="bilinear", antialias=True).flatten().tolist(),
    }
    for size in sizes
]
floats = Image.fromarray(samples[..., 0].astype(np.float32), "F")
cropped = [
    {
        "size": list(size),
        "values": np.asarray(ImageOps.fit(floats, size[::-1], Image.Resampling.BILINEAR)).astype(float).flatten().tolist(),
    }
    for size in [(5, 5), (11, 11), (8, 30), (20, 3)]
]
written = {"pillow": Image.__version__, "torch": torch.__version__, "files": files, "stretched": stretched, "cropped": cropped}
(folder / "expected.json").write_text(json.dumps(written, separators=(",", ":")) + "\n")
