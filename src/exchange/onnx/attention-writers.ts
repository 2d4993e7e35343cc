/** Attention and the blocks of transformers in ONNX, for sequences of any length. */

import { at } from "../../core/at.ts";
import { activationWriters, layerNormText } from "./function-writers.ts";
import { cannotWrite, type LayerText, type LayerWriter, type WrittenOptions } from "./writer.ts";

interface AttentionOptions {
  readonly heads: number;
  readonly bias: boolean;
  readonly causal: boolean;
}

const attentionOptions = (o: WrittenOptions): AttentionOptions => ({
  heads: o.heads as number,
  bias: o.bias === true,
  causal: o.causal === true,
});

/** softmax(Q Kᵀ/√d) V of a sequence with itself, head by head. */
function attention(w: LayerWriter, x: string, prefix: string, o: AttentionOptions): string {
  const features = at(w.shape, w.rank - 1);
  const size = features / o.heads;
  const bias = (name: string) => (o.bias ? w.parameter(`${prefix}${name}`) : undefined);
  const all = w.linear(x, w.parameter(`${prefix}in_proj_weight`), bias("in_proj_bias"));
  const parts = w.several("Split", [all], 3, { axis: -1, num_outputs: 3 });
  const [q, k, v] = parts.map((part, i) =>
    w.transpose(w.reshape(part, [0, 0, o.heads, size]), i === 1 ? [0, 2, 3, 1] : [0, 2, 1, 3]),
  ) as [string, string, string];
  const scores = w.mul(w.node("MatMul", [q, k]), w.numbers(1 / Math.sqrt(size)));
  const weights = w.node("Softmax", [o.causal ? w.add(scores, causalMask(w, x)) : scores], {
    axis: -1,
  });
  const heads = w.transpose(w.node("MatMul", [weights, v]), [0, 2, 1, 3]);
  const joined = w.reshape(heads, [0, 0, -1]);
  return w.linear(joined, w.parameter(`${prefix}out_proj.weight`), bias("out_proj.bias"));
}

/** −∞ above the diagonal: place i sees places 0 … i. */
function causalMask(w: LayerWriter, x: string): string {
  const length = w.node("Shape", [x], { start: 1, end: 2 });
  const square = w.node("Concat", [length, length], { axis: 0 });
  const hidden = w.node("Expand", [w.numbers(Number.NEGATIVE_INFINITY), square]);
  return w.node("Trilu", [hidden, w.whole(1)], { upper: 1 });
}

/** One block: attention and two linear maps, each added to what goes into it, and normalized. */
function block(w: LayerWriter, x: string, prefix: string, o: WrittenOptions): string {
  const bias = o.bias as boolean;
  const norm = (i: number, y: string) =>
    layerNormText(w, y, `${prefix}norm${i}.`, { epsilon: o.epsilon as number, bias });
  const linear = (name: string, y: string) =>
    w.linear(
      y,
      w.parameter(`${prefix}${name}.weight`),
      bias ? w.parameter(`${prefix}${name}.bias`) : undefined,
    );
  const activation = activationWriters[o.activation as string];
  if (activation === undefined) return cannotWrite(`the activation ${o.activation} in a block`);
  const parts = [
    (y: string) => attention(w, y, `${prefix}self_attn.`, attentionOptions(o)),
    (y: string) => linear("linear2", activation(w, linear("linear1", y), {})),
  ];
  return parts.reduce((y, part, i) => {
    const added = (z: string) => w.add(y, part(z));
    return o.normFirst ? added(norm(i + 1, y)) : norm(i + 1, added(y));
  }, x);
}

export const attentionWriters: Readonly<Record<string, LayerText>> = {
  multiHeadAttention: (w, x, o) => attention(w, x, "", attentionOptions(o)),
  transformerEncoderLayer: (w, x, o) => block(w, x, "", o),
  transformerEncoder(w, x, o) {
    let y = x;
    for (let i = 0; i < (o.layers as number); i++) y = block(w, y, `layers.${i}.`, o);
    if (!o.norm) return y;
    return layerNormText(w, y, "norm.", { epsilon: o.epsilon as number, bias: o.bias as boolean });
  },
  transformerDecoderLayer: () => cannotWrite("a block that looks at a second sequence"),
  transformerDecoder: () => cannotWrite("blocks that look at a second sequence"),
};
