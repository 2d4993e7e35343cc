/**
 * docs/exchange-table.md: which layer goes through which format in which direction. Each cell follows
 * from a file that is read, or written and run, here; that its numbers are right is what the tests beside
 * this one hold: onnx/import, onnx/export, keras, tfjs, pytorch-export and nn/torch.
 */
import { readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import * as ort from "onnxruntime-web";
import { expect, it } from "vitest";
import { encodeOnnx, openForeign } from "../../src/exchange/index.ts";
import { networkText } from "../../src/exchange/network-text.ts";
import { buildLayers } from "../../src/network-file/build.ts";
import type { Chosen } from "../../src/network-file/form.ts";
import { listsIn } from "../../src/network-file/layers.ts";
import { parseNetwork } from "../../src/network-file/parse.ts";
import { makeTrainer } from "../../src/network-file/prepare.ts";
import { constantTensor } from "../../src/ops/leaf.ts";
import { fixtures } from "../support/fixtures.ts";
import { layerSamples } from "../support/layer-samples.ts";
import { irregular } from "../support/naive.ts";

ort.env.wasm.numThreads = 1;
ort.env.logLevel = "fatal";

const fixture = (path: string) => new URL(`../fixtures/${path}`, import.meta.url);
const json = (path: string) => JSON.parse(readFileSync(fixture(path), "utf8"));

/** The names of layers, with those inside of others. */
const namesIn = (list: readonly Chosen[]): string[] =>
  list.flatMap((chosen) => [chosen.name, ...listsIn(chosen).flatMap(([, own]) => namesIn(own))]);

type Found = ReadonlyMap<string, number>;

/** How many models of these have each layer; of those that cannot be read, none. */
async function layersOf(models: Iterable<Promise<readonly Chosen[] | undefined>>): Promise<Found> {
  const found = new Map<string, number>();
  for (const model of models) {
    for (const name of new Set(namesIn((await model) ?? [])))
      found.set(name, (found.get(name) ?? 0) + 1);
  }
  return found;
}

const onnx = (producer: string): Promise<Found> =>
  layersOf(
    readdirSync(fixture(`onnx/${producer}`))
      .filter((name) => name.endsWith(".onnx"))
      .map(async (name) => {
        const file = await openForeign(
          new Uint8Array(readFileSync(fixture(`onnx/${producer}/${name}`))),
        );
        return (await file.model!().catch(() => undefined))?.layers;
      }),
  );

const keras = (): Promise<Found> =>
  layersOf(
    Object.values<{ file: string }>(json("keras/models.json").models).map(async ({ file }) => {
      const bytes = new Uint8Array(gunzipSync(Buffer.from(file, "base64")));
      return (await (await openForeign(bytes, { name: "model.keras" })).model!()).layers;
    }),
  );

/** Layers models ("models") or graph models ("graphs"). */
const tfjs = (which: string): Promise<Found> =>
  layersOf(
    Object.values<{ json: object; bytes: string }>(json(`tfjs/${which}.json`).models).map(
      async ({ json, bytes }) => {
        const file = await openForeign(new TextEncoder().encode(JSON.stringify(json)), {
          name: "model.json",
          beside: async () => Uint8Array.from(Buffer.from(bytes, "base64")),
        });
        return (await file.model!()).layers;
      },
    ),
  );

/** What has a message's reason in few words. */
const reason = (error: unknown): string => `no: ${String((error as Error).message).split("\n")[0]}`;

/** A layer as an ONNX file that onnxruntime runs, and read again. */
async function throughOnnx(chosen: Chosen, sizes: readonly number[], whole: boolean) {
  const tail = { name: "linear", options: { outputs: 2 } } as unknown as Chosen;
  const text = (list: readonly Chosen[]) =>
    `${networkText({ layers: list })}loss: meanSquaredError\noptimizer: sgd\ntraining: { dtype: f32 }\n`;
  let network = parseNetwork(text([chosen]));
  let model = buildLayers(undefined, network.layers, [1, ...sizes]);
  if (Object.keys(model.parameters).length === 0) {
    network = parseNetwork(text([chosen, tail]));
    model = buildLayers(undefined, network.layers, [1, ...sizes]);
  }
  const trainer = makeTrainer(network, model);
  let bytes: Uint8Array;
  try {
    ({ bytes } = await encodeOnnx(network, trainer, { input: sizes }));
  } catch (error) {
    return [reason(error), ""];
  }
  const shape = [2, ...sizes];
  const count = shape.reduce((n, k) => n * k, 1);
  const data = Float32Array.from(irregular([count]).dataSync(), (v) =>
    whole ? Math.abs(Math.trunc(v)) % 3 : v,
  );
  const session = await ort.InferenceSession.create(bytes);
  const given = whole
    ? new ort.Tensor("int64", BigInt64Array.from(data, BigInt), shape)
    : new ort.Tensor("float32", data, shape);
  const { y } = await session.run({ x: given });
  await session.release();
  const expected = trainer.predict(constantTensor(data, shape));
  const off = (found: ArrayLike<number>) =>
    Math.max(...Array.from(expected.dataSync(), (v, i) => Math.abs(v - found[i]!)));
  expect(off(y!.data as Float32Array), chosen.name).toBeLessThan(1e-5);
  const again = await (await openForeign(bytes)).model!().catch(reason);
  if (typeof again === "string") return ["yes", again];
  const built = buildLayers(undefined, again.layers, [1, ...again.input]);
  const values = Object.fromEntries(
    [...again.state].map(([name, { data, shape }]) => [name, constantTensor(data, shape)]),
  );
  const back = built.apply(constantTensor(data, shape), values);
  expect(off(back.dataSync()), chosen.name).toBeLessThan(1e-5);
  return ["yes", "yes"];
}

const head = `# Layers and formats

What goes in from where, and out to where. Each number is that of the recorded models that have the layer
and are read as layers, with outputs and gradients as recorded (of PyTorch's modules, of recorded cases); "yes" is a file that was written and run:
by PyTorch 2.13 the scripts, by onnxruntime 1.30 the ONNX files; what is read again computes the same.
Layers of which PyTorch has weights take its state dict as it is.

<!-- Written by test/exchange/table.test.ts --update. -->

`;

it("is what files show", async () => {
  const scripts: Record<string, { refused?: string }> = json("exchange/pytorch/export.json");
  const modules = ["layers", "activations", "attention", "recurrences"].flatMap((of) =>
    fixtures<{ name: string; base?: readonly [string] }>(of),
  );
  const inside = modules.flatMap(({ name, base }) => [name, ...(base ? [base[0]] : [])]);
  const [dynamo, script] = [await onnx("torch-dynamo"), await onnx("torch-script")];
  const [fromKeras, fromTfjs, graphs] = [await keras(), await tfjs("models"), await tfjs("graphs")];
  const lines: string[] = [];
  for (const { name, shape, dtype, row } of layerSamples()) {
    if (typeof row === "string") continue;
    const chosen = { name, options: row.options } as Chosen;
    const [out, back] = /Decoder/.test(name)
      ? ["no: it takes two inputs", ""]
      : await throughOnnx(chosen, shape.slice(1), dtype === "i32");
    const saidIn = scripts[`layer ${name}`];
    const written =
      saidIn === undefined ? "no" : (saidIn.refused?.replace(/^error /, "no: ") ?? "yes");
    const many = (found: Found) => String(found.get(name) ?? "–");
    const weights = inside.filter((own) => own === name).length;
    const cells = [weights || "–", written, many(dynamo), many(script), out, back];
    lines.push(
      `| ${[`\`${name}\``, ...cells, many(fromKeras), many(fromTfjs), many(graphs)].join(" | ")} |`,
    );
  }
  const titles = [
    "PyTorch's modules",
    "PyTorch script",
    "ONNX of torch (dynamo)",
    "ONNX of torch (script)",
  ];
  const all = ["Layer", ...titles, "to ONNX", "and back", "Keras 3", "TensorFlow.js", "its graphs"];
  const table = [`| ${all.join(" | ")} |`, `|${" --- |".repeat(all.length)}`, ...lines];
  await expect(`${head}${table.join("\n")}\n`).toMatchFileSnapshot("../../docs/exchange-table.md");
}, 120_000);
