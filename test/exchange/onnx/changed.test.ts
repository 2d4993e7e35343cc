/**
 * ONNX models with a node, an attribute or a shape changed. Each gives a model or a ChainruleError that is no fault
 * of ours, and what we import computes what onnxruntime does, where that runs the model, too. More of them:
 * CHAINRULE_ONNX_CHANGES=100 (for each file), in `npm run fuzz:onnx`.
 */

import { readdirSync, readFileSync } from "node:fs";
import * as ort from "onnxruntime-web";
import { expect, it } from "vitest";
import { ChainruleError } from "../../../src/core/errors.ts";
import type { Tensor } from "../../../src/core/tensor.ts";
import { openForeign } from "../../../src/exchange/index.ts";
import { decodeModel, encodeModel } from "../../../src/exchange/onnx/protobuf.ts";
import type { ModelProto } from "../../../src/exchange/onnx/schema.ts";
import { decodeSafetensors } from "../../../src/files/safetensors.ts";
import { buildLayers } from "../../../src/network-file/build.ts";
import { constantTensor } from "../../../src/ops/leaf.ts";
// @ts-expect-error: a script without types
import { randomOf } from "../../../tools/mutations.mjs";
// @ts-expect-error: a script without types
import { changedModel } from "../../../tools/onnx-changes.mjs";
import { rejection } from "../../support/failure.ts";

ort.env.wasm.numThreads = 1;
ort.env.logLevel = "fatal";

/** What it refuses is not printed. */
const quiet = { logSeverityLevel: 4 } as const;
const each = Number(process.env.CHAINRULE_ONNX_CHANGES ?? 1);
const fixtures = `${import.meta.dirname}/../../fixtures/onnx`;

/** What our import of the file gives for this input; undefined where it is refused. */
async function imported(bytes: Uint8Array, x: Tensor, external: Uint8Array) {
  try {
    const opened = await openForeign(bytes, { name: "m.onnx", beside: async () => external });
    const { input, layers, state } = await opened.model!();
    const model = buildLayers(undefined, layers, [1, ...input]);
    const values = Object.fromEntries(
      [...state].map(([name, { data, shape }]) => [name, constantTensor(data, shape)]),
    );
    const y = model.apply(x, values);
    y.dataSync();
    return y;
  } catch (error) {
    if (!(error instanceof ChainruleError) || error.code === "invalid-graph") throw error;
    return undefined;
  }
}

/** What onnxruntime gives; undefined where it refuses the file. */
async function runs(bytes: Uint8Array, x: Tensor): Promise<ort.Tensor | undefined> {
  try {
    const session = await ort.InferenceSession.create(bytes, quiet);
    const given = new ort.Tensor("float32", Float32Array.from(x.dataSync()), x.shape);
    const found = await session.run({ [session.inputNames[0]!]: given }, quiet);
    const y = found[session.outputNames.at(-1)!];
    await session.release();
    return y;
  } catch {
    return undefined;
  }
}

/** A graph over x [n, 4], f32, whose last node gives "y". */
const graphOf = (node: readonly object[], initializer: readonly object[] = []): Uint8Array => {
  const value = (name: string) => ({
    name,
    type: {
      tensor_type: { elem_type: 1, shape: { dim: [{ dim_param: "n" }, { dim_value: 4 }] } },
    },
  });
  const graph = { node, initializer, input: [value("x")], output: [{ name: "y" }] };
  return encodeModel({ ir_version: 9, opset_import: [{ version: 20 }], graph });
};

it("the sigmoid of the half that it meets is silu, no glu", async () => {
  const bytes = graphOf([
    {
      ...{ op_type: "Split", input: ["x"], output: ["a", "b"] },
      attribute: [
        { name: "axis", i: 1, type: 2 },
        { name: "num_outputs", i: 2, type: 2 },
      ],
    },
    { op_type: "Sigmoid", input: ["a"], output: ["s"] },
    { op_type: "Mul", input: ["a", "s"], output: ["silu"] },
    { op_type: "Mul", input: ["silu", "b"], output: ["y"] },
  ]);
  const x = constantTensor(Float32Array.of(1, -2, 3, 0.5), [1, 4]);
  const y = await imported(bytes, x, new Uint8Array(0));
  const silu = (v: number) => v / (1 + Math.exp(-v));
  const expected = [silu(1) * 3, silu(-2) * 0.5];
  for (const [i, v] of (y as Tensor).dataSync().entries()) expect(v).toBeCloseTo(expected[i]!, 6);
  expect((await runs(bytes, x))?.dims).toEqual([1, 2]);
});

it.each(["PRelu", "Mul", "Add"])("%s with a constant of more axes is refused", async (op) => {
  const constant = { name: "c", dims: [1, 1, 1], data_type: 1, float_data: [0.5] };
  const bytes = graphOf([{ op_type: op, input: ["x", "c"], output: ["y"] }], [constant]);
  const x = constantTensor(Float32Array.of(1, -2, 3, 0.5), [1, 4]);
  expect(await imported(bytes, x, new Uint8Array(0))).toBeUndefined();
  expect((await runs(bytes, x))?.dims).toEqual([1, 1, 4]);
});

it("an attribute that says yes or no holds 0 or 1", async () => {
  const attribute = [{ name: "transB", i: 2, type: 2 }];
  const weight = { name: "c", dims: [2, 4], data_type: 1, float_data: [1, 2, 3, 4, 5, 6, 7, 8] };
  const gemm = graphOf(
    [{ op_type: "Gemm", input: ["x", "c"], output: ["y"], attribute }],
    [weight],
  );
  const error = await rejection(
    "file-corrupt",
    openForeign(gemm, { name: "m.onnx" }).then(({ model }) => model!()),
  );
  expect(error.message).toContain('"transB" of a node says neither yes nor no');
});

it.each(["forms", "torch-script", "torch-dynamo"])(
  "%s",
  async (folder) => {
    const external = new Uint8Array(readFileSync(`${fixtures}/forms/external.data`));
    const { tensors } = decodeSafetensors(
      new Uint8Array(readFileSync(`${fixtures}/${folder}/values.safetensors`)),
    );
    let compared = 0;
    const names = readdirSync(`${fixtures}/${folder}`).filter((name) => name.endsWith(".onnx"));
    for (const [i, name] of names.entries()) {
      const model: ModelProto = decodeModel(
        new Uint8Array(readFileSync(`${fixtures}/${folder}/${name}`)),
      );
      const x = tensors.get(name.replace(".onnx", ".x")) as Tensor | undefined;
      if (x === undefined) continue;
      for (let seed = 1; seed <= each; seed++) {
        const bytes = encodeModel(changedModel(model, randomOf(seed * 7919 + 31 * i)));
        const change = `${name}, change ${seed}`;
        const y = await imported(bytes, x, external).catch((error: unknown) => {
          throw new Error(change, { cause: error });
        });
        const expected = y && x.dtype === "f32" ? await runs(bytes, x) : undefined;
        if (y === undefined || expected === undefined) continue;
        compared++;
        expect({ change, shape: expected.dims }).toEqual({ change, shape: y.shape });
        const found = y.dataSync();
        const worst = (expected.data as Float32Array).reduce(
          (most, v, k) =>
            Math.max(most, Math.abs(Number(v) - (found[k] as number)) / (1 + Math.abs(Number(v)))),
          0,
        );
        // 16-bit files round otherwise, and a changed scale may be a large one.
        expect(worst, change).toBeLessThan(name === "halfModel.onnx" ? 2 ** -9 : 1e-3);
      }
    }
    expect(compared).toBeGreaterThan(names.length / 10);
  },
  3_600_000,
);
