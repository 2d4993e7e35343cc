/** Recurrences in ONNX: one node for each layer, for sequences of any length. */

import { at } from "../../core/at.ts";
import { cannotWrite, type LayerText, type LayerWriter } from "./writer.ts";

/** The places of their gates among ours: LSTM i, o, f, c of i, f, g, o; GRU z, r, h of r, z, n. */
const orders = { LSTM: [0, 3, 1, 2], GRU: [1, 0, 2], RNN: [0] } as const;

/** A parameter with its gates in the standard's order; it stays in the file as it is here. */
function inOrder(w: LayerWriter, name: string, order: readonly number[]): string {
  const own = w.parameter(name);
  if (order.length === 1) return own;
  const gates = w.several("Split", [own], order.length, { axis: 0, num_outputs: order.length });
  return w.node(
    "Concat",
    order.map((gate) => at(gates, gate)),
    { axis: 0 },
  );
}

/** Both directions with an axis in front. */
function directed(w: LayerWriter, all: readonly string[]): string {
  const each = all.map((name) => w.node("Unsqueeze", [name, w.whole([0])]));
  return each.length === 1 ? at(each, 0) : w.node("Concat", each, { axis: 0 });
}

const recurrence =
  (op: keyof typeof orders): LayerText =>
  (w, x, o) => {
    if (o.projection !== undefined) cannotWrite("an lstm with a projection");
    const order = orders[op];
    const ends = o.bidirectional ? ["", "_reverse"] : [""];
    const layers = o.layers as number;
    let y = w.transpose(x, [1, 0, 2]);
    let last = "";
    for (let layer = 0; layer < layers; layer++) {
      const own = (name: string) => ends.map((end) => inOrder(w, `${name}_l${layer}${end}`, order));
      const bias =
        o.bias === false
          ? []
          : [
              directed(
                w,
                ends.map((end) =>
                  w.node(
                    "Concat",
                    ["bias_ih", "bias_hh"].map((name) =>
                      inOrder(w, `${name}_l${layer}${end}`, order),
                    ),
                    { axis: 0 },
                  ),
                ),
              ),
            ];
      const inputs = [y, directed(w, own("weight_ih")), directed(w, own("weight_hh")), ...bias];
      const activation = o.nonlinearity === "relu" ? "Relu" : "Tanh";
      const [all, end] = w.several(op, inputs, 2, {
        hidden_size: o.hidden as number,
        direction: o.bidirectional ? "bidirectional" : "forward",
        ...(op === "GRU" ? { linear_before_reset: 1 } : {}),
        ...(op === "RNN" ? { activations: ends.map(() => activation) } : {}),
      });
      last = end as string;
      // [steps, directions, batch, units] with both directions beside each other.
      y = w.reshape(w.transpose(all as string, [0, 2, 1, 3]), [0, 0, -1]);
    }
    if (o.output === "last") return w.reshape(w.transpose(last, [1, 0, 2]), [0, -1]);
    return w.transpose(y, [1, 0, 2]);
  };

export const recurrenceWriters: Readonly<Record<string, LayerText>> = {
  rnn: recurrence("RNN"),
  lstm: recurrence("LSTM"),
  gru: recurrence("GRU"),
};
