/** Advice about files of images, followed. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as d from "../../src/data/index.ts";
import * as file from "../../src/network-file/index.ts";
import type { Row } from "./row.ts";

const fixtures = new URL("../fixtures/images/", import.meta.url);
const bytesOf = (name: string) => new Uint8Array(readFileSync(new URL(name, fixtures)));
const png = bytesOf("grey.png");
const jpeg = bytesOf("half.jpg");
const both = (first: string): d.ImageFile[] => [
  { path: first, bytes: bytesOf("tiny-interlaced.png") },
  { path: "cat/two.png", bytes: png },
];
const folder = (names: readonly string[]) => {
  const place = mkdtempSync(join(tmpdir(), "chainrule-fixes-images-"));
  mkdirSync(join(place, "cat"));
  for (const name of names) writeFileSync(join(place, "cat", name), png);
  return d.imageFolder(place).finally(() => rmSync(place, { recursive: true }));
};
const pixels = { width: 19, height: 11, data: new Uint8Array(4 * 209) };
/** The same file as one of arithmetic codes. */
const arithmetic = () => {
  const bytes = jpeg.slice();
  bytes[bytes.findIndex((byte, i) => byte === 0xff && bytes[i + 1] === 0xc0) + 1] = 0xc9;
  return d.decodeImage(bytes);
};

const network = file.parseNetwork(`layers: [{ linear: { outputs: 2 } }]
loss: crossEntropy
optimizer: sgd
data: { images: { folder: p, size: 2, channels: 1 } }
`);
const names = ["cat/one.png", "dog/one.png"];
const read = async () => png;

export const images: readonly Row[] = [
  [
    "Pass Object.assign(read, { list }), or read the images with imageFolder.",
    () => file.toDatasets(network, async () => png),
    () => file.toDatasets(network, Object.assign(read, { list: async () => names })),
    async () =>
      d.imageFolder(
        names.map((path) => ({ path, bytes: read })),
        { size: 2 },
      ),
  ],
  [
    "Make it smaller beforehand, or raise maxPixels if the file can be trusted.",
    () => d.decodeImage(png, { maxPixels: 100 }),
    () => d.decodeImage(bytesOf("tiny-interlaced.png"), { maxPixels: 100 }),
    () => d.decodeImage(png, { maxPixels: 300 }),
  ],
  [
    "Save the image again as PNG or JPEG: another name does not make it one.",
    () => d.decodeImage(new TextEncoder().encode("GIF89a")),
    () => d.decodeImage(png),
    () => d.decodeImage(jpeg),
  ],
  [
    "Save it again as PNG or JPEG, or take it out of the folder.",
    () => folder(["one.png", "two.webp"]),
    () => folder(["one.png", "two.png"]),
    () => folder(["one.png"]),
  ],
  [
    "Put it into the folder of its class.",
    () => d.imageFolder(both("one.png"), { size: 4 }),
    () => d.imageFolder(both("cat/one.png"), { size: 4 }),
  ],
  [
    "Say what they all become: size: […, …].",
    () => d.imageFolder(both("cat/one.png")),
    () => d.imageFolder(both("cat/one.png"), { size: [2, 3] }),
  ],
  [
    "Save the image again as PNG or as plain JPEG.",
    arithmetic,
    () => d.decodeImage(png),
    () => d.decodeImage(jpeg),
  ],
  [
    "Save the image again as PNG, or as JPEG in RGB.",
    () => d.decodeImage(bytesOf("print.jpg")),
    () => d.decodeImage(png),
    () => d.decodeImage(jpeg),
  ],
  [
    "Pass decode of @jsquash/jpeg, which turns no image as its EXIF data say.",
    () => d.decodeImage(jpeg, { decodeJpeg: () => ({ ...pixels, width: 11, height: 19 }) }),
    () => d.decodeImage(jpeg, { decodeJpeg: () => pixels }),
  ],
];
