/** W5: a small language model of four blocks, which reads 64 characters at a time. */
import { at } from "../../core/at.ts";
import { arrayOf, type TypedArray } from "../../core/dtype.ts";
import { sizeOf } from "../../core/shape.ts";
import { geluTanh } from "../../nn/activations.ts";
import { embedding } from "../../nn/embedding.ts";
import { constantValue, values } from "../../nn/initializers.ts";
import type { Layer } from "../../nn/layer.ts";
import { linear } from "../../nn/linear.ts";
import { crossEntropy, type Loss } from "../../nn/losses.ts";
import { learnedEncoding } from "../../nn/positions.ts";
import { sequential } from "../../nn/sequential.ts";
import { transformerEncoder } from "../../nn/transformer.ts";
import { cast } from "../../ops/cast.ts";
import { adamW } from "../../optim/adaptive.ts";
import { fractions, weighted } from "./fractions.ts";
import type { Workload } from "./workloads.ts";

const [characters, blocks, heads, features, places, rows, batches] = [65, 4, 4, 128, 64, 16, 8];

/** A trainer's targets may be whole numbers written as others. */
const nextCharacter: Loss = (output, target) => crossEntropy(output, cast(target, "i32"));

/** The parameters in the order in which their numbers are drawn, and from where; 0 and 1 are constant. */
const drawn: readonly (readonly [name: string, from: number | "0" | "1"])[] = [
  ["0.weight", 500],
  ["1.weight", 501],
  ...Array.from({ length: blocks }, (_, l) => {
    const own = (name: string) => `2.layers.${l}.${name}`;
    return [
      [own("norm1.weight"), "1"],
      [own("norm1.bias"), "0"],
      [own("self_attn.in_proj_weight"), 510 + 10 * l],
      [own("self_attn.in_proj_bias"), "0"],
      [own("self_attn.out_proj.weight"), 511 + 10 * l],
      [own("self_attn.out_proj.bias"), "0"],
      [own("norm2.weight"), "1"],
      [own("norm2.bias"), "0"],
      [own("linear1.weight"), 512 + 10 * l],
      [own("linear1.bias"), "0"],
      [own("linear2.weight"), 513 + 10 * l],
      [own("linear2.bias"), "0"],
    ] as const;
  }).flat(),
  ["2.norm.weight", "1"],
  ["2.norm.bias", "0"],
  ["3.weight", 502],
];

export function languageModel(): Workload {
  const model = sequential(
    embedding(characters, features),
    learnedEncoding(places, features),
    transformerEncoder(features, heads, blocks, {
      ...{ hidden: 4 * features, dropout: 0, activation: geluTanh },
      ...{ normFirst: true, norm: true, causal: true },
    }),
    linear(features, characters, { bias: false }),
  ) as Layer;
  let checksum = 0;
  const bound = 0.02 * Math.sqrt(3);
  const parameters = Object.fromEntries(
    drawn.map(([name, from]) => {
      const spec = model.parameters[name];
      if (spec === undefined) throw new Error(`W5 has no parameter ${name}`);
      const size = sizeOf(spec.shape);
      const numbers =
        typeof from === "number"
          ? fractions(size, from).map((u) => (2 * u - 1) * bound)
          : new Float64Array(size).fill(Number(from));
      const data = arrayOf("f32", numbers);
      checksum += weighted(data);
      // Drawn row by row for inputs × outputs; tables of rows stay as they are.
      const isMatrix = spec.shape.length === 2 && spec.role !== "embedding";
      const initial =
        typeof from === "number"
          ? values(isMatrix ? transposed(data, spec.shape[0] ?? 1) : data)
          : constantValue(Number(from));
      return [name, { ...spec, initial }];
    }),
  );
  const text = fractions(batches * rows * (places + 1), 590).map((u) => Math.floor(u * characters));
  const take = (shift: number) =>
    Int32Array.from({ length: batches * rows * places }, (_, i) => {
      const row = Math.floor(i / places);
      return text[row * (places + 1) + (i % places) + shift] ?? 0;
    });
  const [inputs, targets] = [take(0), take(1)];
  const each = rows * places;
  for (let b = 0; b < batches; b++) {
    for (const part of [inputs, targets]) {
      checksum += weighted(part.subarray(b * each, (b + 1) * each));
    }
  }
  const shape = [batches * rows, places];
  const products = blocks * 12 * features * features + features * characters;
  return {
    name: "W5",
    title: "transformer of 4 blocks of 128, 64 characters, batch 16, AdamW",
    dtype: "f32",
    model: { ...model, parameters },
    loss: nextCharacter,
    optimizer: adamW({ learningRate: 1e-3, weightDecay: 0.01 }),
    batchSize: rows,
    inputs: { dtype: "i32", shape, data: inputs },
    targets: { dtype: "f32", shape, data: Float32Array.from(targets) },
    operations: 3 * (2 * each * products + blocks * 4 * each * places * features),
    checksum,
  };
}

/** Inputs × outputs as outputs × inputs. */
function transposed(data: TypedArray, outputs: number): TypedArray {
  const inputs = data.length / outputs;
  return data.map((_, i) => at(data, (i % inputs) * outputs + Math.floor(i / inputs)));
}
