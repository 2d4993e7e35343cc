/** Models of Keras 3.15, recorded by tools/record-keras.py: values, outputs, gradients, ten steps. */
import "../support/backend.ts";
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { ForeignFile } from "../../src/exchange/foreign.ts";
import { openForeign } from "../../src/exchange/formats.ts";
import { losses } from "../../src/network-file/losses.ts";
import { optimizers } from "../../src/network-file/optimizers.ts";
import { trainer } from "../../src/train/trainer.ts";
import { mutated } from "../support/mutations.ts";
import {
  built,
  expectNear,
  expectSameModel,
  type Plain,
  type Recorded,
  toTensor,
} from "./recorded.ts";

interface Records {
  readonly models: Readonly<Record<string, Recorded & { file: string; gradients: string }>>;
  readonly trained: Readonly<Record<string, { file: string; after: string; x: Plain; t: Plain }>>;
}
const place = new URL("../fixtures/keras/models.json", import.meta.url);
const recorded: Records = JSON.parse(readFileSync(place, "utf8"));
const bytesOf = (file: string) => new Uint8Array(gunzipSync(Buffer.from(file, "base64")));
const opened = (file: string): Promise<ForeignFile> =>
  openForeign(bytesOf(file), { name: "model.keras" });

describe("models of Keras", () => {
  it.each(Object.entries(recorded.models))("%s", async (_, { file, gradients, ...own }) => {
    const [model, slopes] = [await opened(file), await opened(gradients)];
    expect(model.format).toBe("keras");
    expectSameModel(await model.model!(), await slopes.model!(), own, 1e-5);
  });
});

describe("ten steps of training", () => {
  it.each(Object.entries(recorded.trained))("%s", async (_, { file, after, x, t }) => {
    const model = await (await opened(file)).model!();
    const { layer } = built(model);
    const { loss, optimizer } = model;
    const own = trainer(layer, {
      loss: losses[loss!.name]!.build(loss!.options, undefined),
      optimizer: optimizers[optimizer!.name]!.build(optimizer!.options, undefined),
      dtype: "f64",
      backend: "interpreter",
    });
    own.setParameters(model.state);
    const looksUp = layer.layers[0]?.kind === "embedding";
    const data = { inputs: toTensor(x, looksUp ? "i32" : "f64"), targets: toTensor(t) };
    for (let i = 0; i < 10; i++) own.step(data as never);
    const then = await (await opened(after)).model!();
    const found = own.snapshot();
    for (const [name, value] of then.state) {
      if (name.endsWith("num_batches_tracked")) continue;
      const now = toTensor({ shape: value.shape, data: [...found.get(name)!] });
      expectNear(name, now, value, 2e-5);
    }
  });
});

describe("files that are damaged", () => {
  const everything = async (bytes: Uint8Array, name: string) => {
    const file = await openForeign(bytes, { name });
    for (const t of file.tensors) await t.read();
    await file.model?.();
  };
  it("are refused, archives and HDF5 alike", async () => {
    const archive = bytesOf(recorded.models.branches!.file);
    await mutated("archive", archive, 500, (bytes) => everything(bytes, "model.keras"));
    // The stored HDF5 file within, without the checksum in front of it.
    const at = Buffer.from(archive).indexOf("\u0089HDF", 0, "latin1");
    const hdf5 = archive.slice(at);
    await mutated("hdf5", hdf5, 500, (bytes) => everything(bytes, "model.weights.h5"));
  });
  it("values alone are listed, with the names of their layers", async () => {
    const archive = bytesOf(recorded.models.branches!.file);
    const at = Buffer.from(archive).indexOf("\u0089HDF", 0, "latin1");
    const file = await openForeign(archive.slice(at), { name: "model.weights.h5" });
    expect(file.format).toBe("keras-weights");
    expect(file.model).toBeUndefined();
    expect(file.metadata["name of layers/dense"]).toBe("dense_7");
    expect(file.tensors.map((t) => t.name)).toContain("layers/dense/vars/0");
  });
});
