/** Models of TensorFlow.js 4.22, recorded by tools/record-tfjs.mjs: values, outputs, gradients. */
import "../support/backend.ts";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { ForeignFile } from "../../src/exchange/foreign.ts";
import { openForeign } from "../../src/exchange/formats.ts";
import { expectSameModel, type Recorded } from "./recorded.ts";

interface Saved {
  readonly json: { readonly weightsManifest: readonly object[] };
  readonly bytes: string;
}
interface Records {
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
