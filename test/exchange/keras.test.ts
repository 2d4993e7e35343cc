/** Models of Keras 3.15, recorded by tools/record-keras.py: values, outputs, gradients, ten steps. */
import "../support/backend.ts";
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { ForeignFile } from "../../src/exchange/foreign.ts";
import { openForeign } from "../../src/exchange/formats.ts";
import { losses } from "../../src/network-file/losses.ts";
import { optimizers } from "../../src/network-file/optimizers.ts";
import { withPenalties } from "../../src/network-file/penalties.ts";
import { trainer } from "../../src/train/trainer.ts";
import { mutated } from "../support/mutations.ts";
import {
  built,
  expectNear,
  expectSameModel,
  type Plain,
  type Recorded,
  resumed,
  toTensor,
} from "./recorded.ts";

interface Trained {
  readonly file: string;
  readonly after: string;
  readonly x: Plain;
  readonly t: Plain;
}
interface Records {
  readonly models: Readonly<Record<string, Recorded & { file: string; gradients: string }>>;
  readonly trained: Readonly<Record<string, Trained>>;
  readonly wide: Readonly<Record<string, Trained>>;
  /** After three steps, with the optimizer's memory. */
  readonly resumed: Readonly<Record<string, Trained>>;
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

describe.each([
  ["in 32 bits", recorded.trained, 2e-5],
  ["in 64 bits", recorded.wide, 1e-12],
] as const)("ten steps of training, %s", (_, cases, within) => {
  it.each(Object.entries(cases))("%s", async (what, { file, after, x, t }) => {
    const model = await (await opened(file)).model!();
    const { layer } = built(model);
    const { loss, optimizer, penalties } = model;
    const own = trainer(withPenalties(layer, penalties), {
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
      // A gradient of norm n is cut to c/(n + 1e-6) here, and c/n there.
      expectNear(name, now, value, what === "global_clipnorm" ? 1e-6 : within);
    }
  });
});

describe("ten further steps from the optimizer's state", () => {
  it.each(Object.entries(recorded.resumed))("%s", async (name, { file, after, x, t }) => {
    const source = await opened(file);
    const { optimizerState, remarks } = await source.model!();
    expect(remarks.filter((text) => text.includes("optimizer's state"))).toEqual([]);
    expect(optimizerState!.steps).toBe(3);
    expect(optimizerState!.slots.size).toBeGreaterThan(0);
    const model = await resumed(source);
    model.train(x, t, 10);
    model.expectValues(name, await (await opened(after)).model!(), 2e-5);
  });
});

describe("regularizers stand in the network file, and train on", () => {
  it.each(["penalties", "penalties of images"])("%s", async (name) => {
    const { file, after, x, t } = recorded.wide[name]!;
    const source = await opened(file);
    expect((await source.model!()).remarks.join(" ")).not.toContain("regularizer");
    const model = await resumed(source);
    model.train(x, t, 10);
    model.expectValues(name, await (await opened(after)).model!(), 1e-12);
  });
});

it("says what a file of Keras does not", async () => {
  const remarksOf = async (name: string) => {
    const { remarks } = await (await opened(recorded.wide[name]!.file)).model!();
    return remarks.join(" ");
  };
  expect(await remarksOf("huber")).toContain("does not write Huber's delta");
  expect(await remarksOf("global_clipnorm")).toContain("1e-6 / norm");
  expect(await remarksOf("clipvalue")).not.toContain("clip");
});

describe("files that are damaged", () => {
  const everything = async (bytes: Uint8Array, name: string) => {
    const file = await openForeign(bytes, { name });
    for (const t of file.tensors) await t.read();
    await file.model?.();
  };
  it("are refused, archives and HDF5 alike", async () => {
    const archive = bytesOf(recorded.models.branches!.file);
    await mutated("archive", archive, 1000, (bytes) => everything(bytes, "model.keras"));
    // The stored HDF5 file within, without the checksum in front of it.
    const at = Buffer.from(archive).indexOf("\u0089HDF", 0, "latin1");
    const hdf5 = archive.slice(at);
    await mutated("hdf5", hdf5, 1000, (bytes) => everything(bytes, "model.weights.h5"));
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
