/** Networks of images on the command line: folders of files, trained on, measured and predicted. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { bars } from "../support/images.ts";
import { folder, run, write } from "./run.ts";

const text = (more = "") => `layers: [{ linear: { outputs: 2 } }]
loss: crossEntropy
optimizer: { adam: { learningRate: 0.02 } }
data:
  images: { folder: pictures, size: 8, channels: 1, mean: 0.5, deviation: 0.5${more} }
  validation: { images: { folder: held } }
training: { epochs: 40 }
`;

let cwd: string;
beforeAll(async () => {
  cwd = folder();
  for (const [i, { path, bytes }] of (await bars(48)).entries()) {
    // What is held out is also trained on: reading is tried here, not learning.
    for (const part of i < 36 ? ["pictures"] : ["pictures", "held"]) {
      const own = join(cwd, part, path);
      mkdirSync(dirname(own), { recursive: true });
      writeFileSync(own, bytes as Uint8Array);
    }
  }
  write(cwd, { "n.yaml": text(), "pictures/notes.txt": "words" });
  const { code, stdout, stderr } = await run(["train", "n.yaml", "--run", "r"], { cwd });
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(stdout + stderr).toContain("pictures: 1 file is no image");
  expect(stdout).toContain("predict r/last.safetensors --data image.png");
}, 60_000);

describe("networks of images", () => {
  it("are measured on what is held out, and on another folder", async () => {
    const held = await run(["evaluate", "r", "--json"], { cwd });
    expect(JSON.parse(held.stdout)).toMatchObject({ data: "held out", examples: 12 });
    const { stdout } = await run(["evaluate", "r/last.safetensors", "--data", "held", "--json"], {
      cwd,
    });
    const { accuracy, loss } = JSON.parse(stdout);
    expect(accuracy).toBeGreaterThan(0.9);
    expect(loss).toBe(JSON.parse(held.stdout).loss);
  });
  it("say what a file shows, or each of a folder", async () => {
    const checkpoint = "r/last.safetensors";
    const one = await run(["predict", checkpoint, "--data", "held/down/036.png"], { cwd });
    expect(one.stdout).toMatch(/^file +class.*\nheld\/down\/036\.png +down /);
    await run(["predict", checkpoint, "--data", "held", "--out", "out.csv"], { cwd });
    const lines = readFileSync(join(cwd, "out.csv"), "utf8").trim().split("\n");
    expect(lines).toHaveLength(13);
    expect(lines[0]).toBe("file,predicted,probability.across,probability.down");
    expect(lines[1]).toMatch(/^held\/across\/037\.png,across,/);
  });
  it("are repeated with the same bits, and not with other images", async () => {
    const same = await run(["repeat", "r"], { cwd });
    expect(same).toMatchObject({ code: 0 });
    const path = join(cwd, "pictures/down/000.png");
    const before = readFileSync(path);
    writeFileSync(path, readFileSync(join(cwd, "pictures/down/002.png")));
    const other = await run(["repeat", "r"], { cwd });
    writeFileSync(path, before);
    expect(other.code).not.toBe(0);
    expect(other.stdout + other.stderr).toContain("pictures/down/000.png");
  });
  it("name the image, and the place in the file, that is wrong", async () => {
    const path = join(cwd, "pictures/down/000.png");
    const before = readFileSync(path);
    writeFileSync(path, before.subarray(0, 50));
    const broken = await run(["train", "n.yaml"], { cwd });
    writeFileSync(path, before);
    expect(broken.code).toBe(2);
    expect(broken.stderr).toContain("pictures/down/000.png (named in n.yaml:5:");
    for (const [more, place, expected] of [
      [", channels: 2", "n.yaml:5", "channels"],
      [", mean: [1, 2]", "n.yaml:5", "mean"],
    ] as const) {
      const own = text(more).replace(
        more.includes("channels") ? "channels: 1, " : "mean: 0.5, ",
        "",
      );
      write(cwd, { "wrong.yaml": own });
      const { code, stderr } = await run(["check", "wrong.yaml"], { cwd });
      expect(code).toBe(2);
      expect(stderr).toContain(place.replace("n.yaml", "wrong.yaml"));
      expect(stderr).toContain(expected);
    }
    write(cwd, { "none.yaml": text().replace("folder: pictures", "folder: nowhere") });
    const none = await run(["train", "none.yaml"], { cwd });
    expect(none.stderr).toContain("nowhere");
  });
});
