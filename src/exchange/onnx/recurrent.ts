/** Rules of recurrences: gates in our order, both directions beside each other, any length. */

import type { ArrayTensor } from "../../core/array-tensor.ts";
import { at } from "../../core/at.ts";
import type { Constant } from "./constants.ts";
import type { RecurrenceNote } from "./dense.ts";
import { flagOf } from "./nodes.ts";
import {
  axisOfSize,
  factor,
  factorsIn,
  type ParameterValues,
  type Piece,
  type View,
} from "./pieces.ts";
import { chosen, type GraphReader, type GraphValue, noLayer, parameterValue } from "./reader.ts";

/** The places of our gates among theirs: LSTM i, f, g, o of i, o, f, c; GRU r, z, n of z, r, h. */
const orders = { LSTM: [0, 2, 3, 1], GRU: [1, 0, 2], RNN: [0] } as const;
type Kind = keyof typeof orders;

const usual: Readonly<Record<Kind, readonly string[]>> = {
  LSTM: ["Sigmoid", "Tanh", "Tanh"],
  GRU: ["Sigmoid", "Tanh"],
  RNN: ["Tanh"],
};

/** Numbers of one direction: [gates · hidden, columns] from a tensor with directions in front. */
function gatesOf(
  c: Constant,
  kind: Kind,
  direction: number,
  hidden: number,
  columns: number,
  from = 0,
): Float32Array {
  const order = orders[kind];
  const own = at(c.shape, 1) * (c.shape[2] ?? 1);
  const block = hidden * columns;
  const made = new Float32Array(order.length * block);
  order.forEach((gate, i) => {
    const start = direction * own + from + gate * block;
    for (let j = 0; j < block; j++) made[i * block + j] = c.data[start + j] ?? 0;
  });
  return made;
}

/** What is not as it is in our layers. */
function checkUsual(r: GraphReader, kind: Kind, directions: number): "tanh" | "relu" {
  const { attributes, inputs } = r.node;
  const given = attributes.texts("activations") ?? [];
  const each = usual[kind];
  const relu = kind === "RNN" && given.length > 0 && given.every((f) => f.toLowerCase() === "relu");
  const expected = Array.from({ length: directions }, () => each).flat();
  const same = given.every((f, i) => f.toLowerCase() === expected[i]?.toLowerCase());
  if (!relu && !same) noLayer(`its functions are ${given.join(", ")}`);
  if (attributes.has("clip")) noLayer("it limits its sums");
  if (flagOf(attributes, "input_forget", false)) noLayer("it couples two gates");
  if (kind === "GRU" && !flagOf(attributes, "linear_before_reset", false))
    noLayer(
      "it resets the state before its matrix (linear_before_reset = 0), where ours does behind it",
    );
  if (inputs[4]) noLayer("it is given lengths");
  if (inputs[7]) noLayer("its gates look at the cell");
  for (const [i, what] of [
    [5, "state"],
    [6, "cell"],
  ] as const) {
    const first = r.known(i, `first ${what}`);
    if (first && !Array.from(first.data).every((v) => v === 0))
      noLayer(`its first ${what} is not 0`);
  }
  return relu ? "relu" : "tanh";
}

function recurrence(r: GraphReader, kind: Kind): GraphValue[] {
  const { attributes } = r.node;
  const [w, u, b] = [r.needed(1, "weight"), r.needed(2, "recurrent weight"), r.known(3, "bias")];
  const direction = attributes.text("direction", "forward");
  if (direction === "reverse") return noLayer("it goes from the end to the start alone");
  const directions = direction === "bidirectional" ? 2 : 1;
  const nonlinearity = checkUsual(r, kind, directions);
  const [hidden = 0, inputs = 0] = [u.shape[2], w.shape[2]];
  const gates = orders[kind].length;
  if (w.shape.join() !== `${directions},${gates * hidden},${inputs}`)
    noLayer("its weight has another shape");
  if (u.shape.join() !== `${directions},${gates * hidden},${hidden}`)
    noLayer("its recurrent weight has another shape");
  if (b && b.shape.join() !== `${directions},${2 * gates * hidden}`)
    noLayer("its bias has another shape");
  const batchFirst = flagOf(attributes, "layout", false);
  const given = r.view();
  const x: View = batchFirst
    ? given
    : { ...given, axes: [given.axes[1] ?? [], given.axes[0] ?? [], ...given.axes.slice(2)] };
  const values = Array.from({ length: directions }, (_, d): [number, string, ArrayTensor][] => {
    const end = d === 1 ? "_l0_reverse" : "_l0";
    const rows = gates * hidden;
    return [
      [
        0,
        `weight_ih${end}`,
        parameterValue([rows, inputs], gatesOf(w, kind, d, hidden, inputs), w),
      ],
      [
        0,
        `weight_hh${end}`,
        parameterValue([rows, hidden], gatesOf(u, kind, d, hidden, hidden), u),
      ],
      ...(b
        ? ([
            [0, `bias_ih${end}`, parameterValue([rows], gatesOf(b, kind, d, hidden, 1), b)],
            [0, `bias_hh${end}`, parameterValue([rows], gatesOf(b, kind, d, hidden, 1, rows), b)],
          ] as [number, string, ArrayTensor][])
        : []),
    ];
  }).flat() satisfies ParameterValues as ParameterValues;
  const piece = r.whole(x);
  if (piece.shape.length !== 3) return noLayer("its input is no batch of sequences");
  const options = {
    hidden,
    bidirectional: directions === 2,
    ...(b ? {} : { bias: false }),
    ...(kind === "RNN" ? { nonlinearity } : {}),
  };
  const layer = (output: "all" | "last") => chosen(kind.toLowerCase(), { ...options, output });
  const way = directions === 2 ? [factor(2)] : [];
  const units = axisOfSize(hidden);
  const steps = at(piece.axes, 1);
  let ended: Piece | undefined;
  const last = (): View => {
    ended ??= r.append(piece, [layer("last")], values, {
      axes: [at(piece.axes, 0), [...way, ...units]],
    });
    return { kind: "view", piece: ended, axes: ended.axes, scale: 1 };
  };
  const note: RecurrenceNote = {
    kind: "recurrence",
    steps: factorsIn(steps)[0],
    // Backwards, the last step has seen one step alone.
    ...(directions === 1 ? { last } : {}),
  };
  const all = r.append(piece, [layer("all")], values, {
    axes: [at(piece.axes, 0), steps, [...way, ...units]],
    note,
  });
  const batch = at(all.axes, 0);
  const sequence: View = {
    kind: "view",
    piece: all,
    axes: batchFirst ? [batch, steps, way, units] : [steps, way, batch, units],
    scale: 1,
  };
  const name = r.node.outputs[1];
  if (!name) return [sequence];
  const end = last();
  const state: View = { ...end, axes: batchFirst ? [batch, way, units] : [way, batch, units] };
  const cell = {
    kind: "unknown",
    node: r.node,
    reason: "its cell is no output of a layer",
  } as const;
  return [sequence, state, cell];
}

export const recurrent: Readonly<Record<string, (r: GraphReader) => GraphValue | GraphValue[]>> = {
  LSTM: (r) => recurrence(r, "LSTM"),
  GRU: (r) => recurrence(r, "GRU"),
  RNN: (r) => recurrence(r, "RNN"),
};
