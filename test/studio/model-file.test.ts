/** Models of other libraries in the page: what they hold, and the networks that they become. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { encodeSafetensors, tensor } from "../../src/index.ts";
import { Engine } from "../../studio/src/engine/engine.ts";
import { exported } from "../../studio/src/engine/exports.ts";
import { inspected, taken } from "../../studio/src/engine/model-file.ts";
import { areModels } from "../../studio/src/state/files.ts";
import type { Recorded } from "../exchange/recorded.ts";
import { rejection } from "../support/failure.ts";
import { root } from "./site.ts";
import { close, describeStudio, language, lead, soon } from "./visitor.ts";

const fixture = (name: string) => readFileSync(join(root, "test/fixtures", name));
const read = (name: string) => JSON.parse(fixture(name).toString());
const fileOf = (name: string, bytes: Uint8Array | string) =>
  new File([bytes as Uint8Array<ArrayBuffer>], name);
type Saved = Recorded & { readonly json: object; readonly bytes: string; readonly file: string };
const tfjs: Saved = read("tfjs/models.json").models.dense;
const shard = /"paths":\["([^"]+)"/.exec(JSON.stringify(tfjs.json))?.[1] ?? "";
const keras: Saved = read("keras/models.json").models.dense;
const dense = {
  tfjs: [
    fileOf("model.json", JSON.stringify(tfjs.json)),
    fileOf(shard, Buffer.from(tfjs.bytes, "base64")),
  ],
  keras: [fileOf("dense.keras", gunzipSync(Buffer.from(keras.file, "base64")))],
};
const values = fileOf(
  "w.safetensors",
  encodeSafetensors({ w: tensor([[1, 2, 3]]), b: tensor([0.5]) }),
);
const sklearn = `{"sklearn": "MLPRegressor", "activation": "tanh", "out_activation_": "identity",
  "coefs_": [[[0.1, 0.2], [0.3, -0.4]], [[1], [-1]]], "intercepts_": [[0.1, 0.2], [0]]}`;
const brain = `{"sizes": [2, 1], "layers": [{"weights": [], "biases": []},
  {"weights": [[0.1, 0.2]], "biases": [0.3]}], "inputLookup": null, "outputLookup": null,
  "type": "NeuralNetwork", "trainOpts": {"activation": "sigmoid"}}`;
const look = { example: 0, notation: "canonical", language: "en" } as const;

describe("a model's file", () => {
  it("is known by its name or its first bytes", async () => {
    expect(await areModels(dense.tfjs)).toBe(true);
    expect(await areModels(dense.keras)).toBe(true);
    expect(await areModels([values])).toBe(true);
    expect(await areModels([fileOf("odd.gguf", "GGUF\u0003\u0000\u0000")])).toBe(true);
    expect(await areModels([fileOf("mlp.json", sklearn)])).toBe(true);
    expect(await areModels([fileOf("brain.json", brain)])).toBe(true);
    const network = 'layers: ["weight_map"]';
    expect(await areModels([fileOf("n.yaml", network), fileOf("t.csv", "a,b\n1,2")])).toBe(false);
    expect(await areModels([fileOf("n.json", '{"layers": []}')])).toBe(false);
  });

  it("is listed as inspect lists it", async () => {
    expect(await inspected([values])).toEqual({
      ...{ name: "w.safetensors", format: "safetensors", count: 2, elements: 4, bytes: 16 },
      tensors: [
        { name: "b", shape: "[1]", dtype: "F32", bytes: 4 },
        { name: "w", shape: "[1, 3]", dtype: "F32", bytes: 12 },
      ],
      metadata: [],
      holdsModel: false,
    });
    expect(await inspected(dense.tfjs)).toMatchObject({
      format: "tfjs-layers-model",
      holdsModel: true,
    });
    const npz = fileOf("ours.npz", fixture("numpy/ours.npz"));
    const pt = fileOf("nested.pt", fixture("exchange/pytorch/nested.pt"));
    for (const own of [npz, pt]) expect((await inspected([own])).count).toBeGreaterThan(0);
  });

  it.each(Object.entries({ tfjs: [dense.tfjs, tfjs], keras: [dense.keras, keras] } as const))(
    "becomes a network that computes the same: %s",
    async (_, [files, { x, y }]) => {
      const source = await taken(files);
      const engine = new Engine();
      const { notes } = await engine.open(source, look);
      expect(notes.join(" ")).toMatch(/optimizer|loss/);
      const outputs = engine.trainer.predict(tensor([...x.data], { shape: x.shape })).dataSync();
      expect([...outputs]).toEqual(y.data.map((v) => expect.closeTo(v, 5)));
      // It is derived, trained and taken back like any other, and its file holds its values.
      const { structure } = engine.picture;
      const d = await engine.derive({ name: structure.weights[0]!.parameter, index: 0 });
      expect(d.passed).toBe(true);
      const again = new Engine();
      await again.open({ text: exported(engine, "network"), files: {} }, look);
      expect(again.values().parameters).toEqual(engine.values().parameters);
      engine.trainer.step(engine.current.data);
      expect(engine.reset().parameters).toEqual(again.values().parameters);
    },
  );

  it.each(["linear", "lstm", "multiHeadAttention", "conv2d"])(
    "of ONNX becomes one, too: %s",
    async (name) => {
      const onnx = fileOf(`${name}.onnx`, fixture(`onnx/torch-script/${name}.onnx`));
      const engine = new Engine();
      const opened = await engine.open(await taken([onnx]), look);
      const { weights, columns } = opened.structure;
      const derived = weights[0]?.parameter ?? columns.at(-1)!.parameter!;
      expect((await engine.derive({ name: derived, index: 0 })).passed).toBe(true);
    },
  );

  it.each([
    ["sklearn", sklearn, Math.tanh(0.2) - Math.tanh(0.4)],
    ["brain", brain, 1 / (1 + Math.exp(-0.4))],
  ])("of JSON becomes one, too: %s", async (name, text, output) => {
    const source = await taken([fileOf(`${name}.json`, text)]);
    const engine = new Engine();
    await engine.open(source, look);
    const outputs = engine.trainer.predict(tensor([1, 0], { shape: [1, 2] })).dataSync();
    expect([...outputs]).toEqual([expect.closeTo(output, 6)]);
  });

  it("that cannot be opened is refused in the library's words", async () => {
    const none = await rejection("unsupported", taken([values]));
    expect(none.message).toContain("holds values alone");
    const [json] = dense.tfjs;
    const alone = await rejection("file-unreadable", taken([json!]));
    expect(alone.fix).toContain(shard);
    await rejection("unsupported", inspected([fileOf("x.gguf", "GGUF")]));
    const tar = fileOf("tar.pt", fixture("exchange/pytorch/tar.pt"));
    await expect(inspected([tar])).rejects.toThrow(/tar\.pt/);
    const evil = fileOf("evil.pt", fixture("exchange/pytorch/evil.pt"));
    await expect(inspected([evil])).rejects.toThrow();
    const lying = new Uint8Array(fixture("numpy/ours.npz")).slice(0, 100);
    await expect(inspected([fileOf("cut.npz", lying)])).rejects.toThrow(/cut.npz/);
  });
});

describeStudio("models", (v) => {
  it("are dropped, listed and opened; what is damaged is said", async () => {
    const page = await v.visit();
    const path = join(tmpdir(), `studio-${process.pid}.keras`);
    writeFileSync(path, new Uint8Array(await dense.keras[0]!.arrayBuffer()));
    await page.locator("header button").first().click();
    await page.waitForSelector("dialog input[type=file]");
    await page.locator("dialog input[type=file]").setInputFiles(path);
    await page.waitForSelector("dialog .tensors");
    expect(await page.locator("dialog").textContent()).toContain("keras");
    await page.locator("dialog button.main").click();
    await soon(() => page.locator("dialog[open]").count()).toBe(0);
    rmSync(path);
    await soon(() => lead(page)).toContain("w13");
    expect(await page.locator(".note").first().textContent()).toMatch(/optimizer|loss/);
    // A damaged one leaves everything as it is.
    await page.evaluate(() => {
      const data = new DataTransfer();
      data.items.add(new File([new Uint8Array([0x50, 0x4b, 3, 4, 0, 0])], "cut.npz"));
      dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true }));
    });
    await soon(() => page.locator("[role=alert]").textContent()).toContain("cut.npz");
    expect(await lead(page)).toContain("w13");
    await language(page, "zh");
    await close(page);
  });
});
