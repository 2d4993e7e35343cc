/** Models of TensorFlow.js 4.22, recorded by tools/record-tfjs.mjs: values, outputs, gradients. */
import "../support/backend.ts";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { ForeignFile } from "../../src/exchange/foreign.ts";
import { openForeign } from "../../src/exchange/formats.ts";
import { rejection } from "../support/failure.ts";
import { mutated } from "../support/mutations.ts";
import { expectSameModel, type Plain, type Recorded, resumed } from "./recorded.ts";

interface Saved {
  readonly json: { readonly weightsManifest: readonly object[] };
  readonly bytes: string;
}
interface Spec {
  readonly name: string;
  readonly shape: readonly number[];
}
interface Trained extends Saved {
  readonly x: Plain;
  readonly t: Plain;
  readonly after: readonly (readonly [name: string, value: Plain])[];
}
interface Records {
  readonly trained: Readonly<Record<string, Trained>>;
  readonly models: Readonly<Record<string, Saved & Recorded & { readonly gradients: string }>>;
}

const place = new URL("../fixtures/tfjs/models.json", import.meta.url);
const recorded: Records = JSON.parse(readFileSync(place, "utf8"));

const opened = (json: object, bytes: string): Promise<ForeignFile> =>
  openForeign(new TextEncoder().encode(JSON.stringify(json)), {
    name: "model.json",
    beside: async () => Uint8Array.from(Buffer.from(bytes, "base64")),
  });

describe("layers models of TensorFlow.js", () => {
  it.each(Object.entries(recorded.models))("%s", async (_, { json, bytes, gradients, ...own }) => {
    const file = await opened(json, bytes);
    expect(file.format).toBe("tfjs-layers-model");
    const [model, slopes] = [file, await opened(json, gradients)].map((f) => f.model!());
    expectSameModel(await model!, await slopes!, own, 1e-5);
  });
});

describe("ten further steps from the optimizer's state", () => {
  it.each(Object.entries(recorded.trained))("%s", async (name, { json, bytes, x, t, after }) => {
    const file = await opened(json, bytes);
    const { optimizerState } = await file.model!();
    expect(optimizerState!.steps).toBe(3);
    const model = await resumed(file);
    model.train(x, t, 10);
    const weights = new Map(after);
    // The same file with the weights of afterwards, in the order of its manifest.
    const [group] = json.weightsManifest as readonly { weights: readonly Spec[] }[];
    const parts = group!.weights.map((own) => {
      const then = weights.get(own.name)?.data;
      const size = own.shape.reduce((a, b) => a * b, 1);
      return Buffer.from(new Float32Array(then ?? new Array<number>(size).fill(0)).buffer);
    });
    const end = await opened(json, Buffer.concat(parts).toString("base64"));
    model.expectValues(name, await end.model!(), 2e-5);
  });
});

describe("what cannot be read", () => {
  const { json, bytes } = recorded.models.branches!;
  it("damaged descriptions are refused", async () => {
    const text = new TextEncoder().encode(JSON.stringify(json));
    await mutated("model.json", text, 1000, async (changed) => {
      const file = await openForeign(changed, {
        name: "model.json",
        beside: async () => Uint8Array.from(Buffer.from(bytes, "base64")),
      });
      for (const t of file.tensors) await t.read();
      await file.model?.();
    });
  });
  it("all that has no equal is named at once", async () => {
    const layer = (class_name: string, config: object) => ({ class_name, config });
    const modelTopology = layer("Sequential", {
      name: "m",
      layers: [
        layer("Masking", { name: "a", batch_input_shape: [null, 4, 3] }),
        layer("LSTM", { name: "b", units: 2, stateful: true }),
        layer("MyLayer", { name: "__proto__" }),
      ],
    });
    const file = await opened({ format: "layers-model", modelTopology, weightsManifest: [] }, "");
    const error = await rejection("unsupported", file.model!());
    for (const word of ["Masking", "stateful", "MyLayer"]) expect(error.found).toContain(word);
  });
  it("quantized weights are what TensorFlow.js makes of them", async () => {
    const spec = { name: "w", shape: [3], dtype: "float32" };
    const quantized = { ...spec, quantization: { dtype: "uint8", scale: 0.1, min: -1 } };
    const half = { ...spec, name: "h", quantization: { dtype: "float16" } };
    const weightsManifest = [{ paths: ["w.bin"], weights: [quantized, half] }];
    const data = Buffer.from([0, 10, 255, 0, 0x3c, 0, 0xc0, 1, 0]);
    const file = await opened({ weightsManifest }, data.toString("base64"));
    const [w, h] = await Promise.all(file.tensors.map((t) => t.read()));
    expect([...(w!.data as Float32Array)]).toEqual([-1, 0, 24.5].map(Math.fround));
    expect([...(h!.data as Float32Array)]).toEqual([1, -2, 2 ** -24]);
  });
});
