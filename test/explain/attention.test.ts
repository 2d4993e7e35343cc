/** One weight through scores and softmax, and through branches: formulas against reverse mode. */
import { describe, expect, it } from "vitest";
import type { Tensor } from "../../src/core/tensor.ts";
import { traceNetwork } from "../../src/explain/engine/trace.ts";
import { type Derivation, explain } from "../../src/explain/index.ts";
import * as nn from "../../src/nn/index.ts";
import { tensor } from "../../src/ops/leaf.ts";
import { sgd } from "../../src/optim/sgd.ts";
import { trainer } from "../../src/train/trainer.ts";
import { gradientsByName, held } from "./gradients.ts";
import "../support/backend.ts";

/** sin i² for each element. */
const waves = (...shape: number[]): Tensor => {
  const size = shape.reduce((n, k) => n * k, 1);
  return tensor(
    Float64Array.from({ length: size }, (_, i) => Math.sin(i * i)),
    { shape },
  );
};

const network = (layers: readonly nn.Layer[]) =>
  trainer(nn.sequential(...(layers as readonly [nn.Layer])) as nn.Layer, {
    loss: nn.crossEntropy,
    optimizer: sgd({ learningRate: 0.1 }),
    seed: 1,
    dtype: "f64",
  });

/** Numbers of the parameters named, explained at an example. */
async function agree(layers: readonly nn.Layer[], inputs: Tensor, ...names: string[]) {
  const n = inputs.shape[0]!;
  const t = network(layers);
  const data = { inputs, targets: Array.from({ length: n }, (_, i) => i % 2) };
  const all: Derivation[] = [];
  for (const parameter of names) {
    const d = await explain(t, { data, parameter, example: n - 1 });
    expect(d.data.passed, `${parameter}\n${d.toText()}`).toBe(true);
    expect(held(d, gradientsByName(traceNetwork(t, data), n - 1))).toBeGreaterThan(2);
    const { value } = d.data.steps.findLast((s) => s.section === "result" && s.result)!;
    const g = d.data.gradients[0]!;
    const off = Math.abs(value! - g);
    expect(off, d.toText()).toBeLessThanOrEqual(1e-9 * Math.max(1e-3, Math.abs(g)));
    all.push(d);
  }
  return all;
}

describe("one weight of attention", () => {
  const behind = [nn.flatten(), nn.linear(6, 2)];
  it.each([
    ["of one head", {}, 1],
    ["of two heads", {}, 2],
    ["that does not look ahead", { causal: true }, 2],
  ] as const)("%s", async (_, options, heads) => {
    const layers = [nn.multiHeadAttention(2, heads, options), ...behind];
    // A weight of the queries, of the keys and of the values, and what the heads go through.
    const [d] = await agree(
      layers,
      waves(2, 3, 2),
      "0.in_proj_weight[0,1]",
      "0.in_proj_weight[2,0]",
      "0.in_proj_weight[4,1]",
      "0.in_proj_bias[1]",
      "0.out_proj.weight[1,0]",
    );
    // Through the scores and their softmax, of which each weight is a value.
    const text = d!.toText({ width: 1e9 });
    expect(text).toMatch(/∂α\S+\/∂s\S+ = (.* = )?−?α\S+( − α\S+)? · α/);
    expect(text).toContain("q¹₁,₁");
    expect(d!.data.steps.filter((s) => s.kind === "unsupported")).toEqual([]);
  });
  it("of a block, behind an embedding and its places", async () => {
    const layers = [
      nn.embedding(3, 2),
      nn.learnedEncoding(2, 2),
      nn.transformerEncoderLayer(2, 1, { hidden: 2, dropout: 0 }),
      nn.flatten(),
      nn.linear(4, 2),
    ];
    const inputs = tensor(
      [
        [0, 1],
        [2, 1],
      ],
      { dtype: "i32" },
    );
    await agree(
      layers,
      inputs,
      "0.weight[2,1]",
      "1.weight[0,1]",
      "2.self_attn.in_proj_weight[1,0]",
      "2.linear1.weight[1,0]",
      "2.norm1.weight[0]",
    );
  });
});

describe("one weight of branches", () => {
  it("beside its input", async () => {
    const layers = [nn.residual(nn.linear(2, 2), nn.tanh()), nn.linear(2, 2)];
    await agree(layers, waves(2, 2), "0.0.weight[0,1]", "0.0.bias[1]");
  });
  it("beside another", async () => {
    const layers = [nn.parallel({ left: nn.linear(2, 1), right: nn.tanh() }), nn.linear(3, 2)];
    await agree(layers, waves(2, 2), "0.left.weight[0,1]");
  });
  it("of a layer that is used twice: the sum over both", async () => {
    const twice = nn.graph({ half: nn.linear(2, 2) }, ({ half }, x) => half(half(x).tanh()));
    await agree([twice as nn.Layer, nn.linear(2, 2)], waves(2, 2), "0.half.weight[1,0]");
    // At the end, too, where nothing else has a name for what the second call makes.
    await agree([nn.linear(2, 2), twice as nn.Layer], waves(3, 2), "1.half.weight[1,0]");
  });
});
