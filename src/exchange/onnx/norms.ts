/** Rules of normalizations. */

import { at } from "../../core/at.ts";
import type { Constant } from "./constants.ts";
import type { GroupNote } from "./dense.ts";
import { flagOf } from "./nodes.ts";
import { factorsIn, isWhole, sameAxis, type View, viewSizes } from "./pieces.ts";
import { chosen, type GraphReader, type GraphValue, noLayer, parameterValue } from "./reader.ts";

const all = (c: Constant, value: number): boolean => Array.from(c.data).every((v) => v === value);

/** 1 − x without the digits that the subtraction leaves. */
const rest = (x: number): number => Number((1 - x).toPrecision(9));

function batchNorm(r: GraphReader): GraphValue {
  const x = r.view();
  const { attributes } = r.node;
  const [weight, bias, mean, variance] = [
    r.needed(1, "scale"),
    r.needed(2, "shift"),
    r.needed(3, "mean"),
    r.needed(4, "variance"),
  ];
  const axes = Math.max(1, x.axes.length - 2);
  if (axes > 3) return noLayer("it has more than three axes behind the channels");
  if (!flagOf(attributes, "spatial", true)) return noLayer("it normalizes each place by itself");
  const channels = weight.data.length;
  const momentum = rest(attributes.float("momentum", 0.9));
  r.remark(
    `The running variance of ${r.node.name} is taken as it stands. What training adds to it here is ` +
      "the unbiased variance of a batch, as in PyTorch; the standard has the biased one.",
  );
  const value = (c: Constant) => parameterValue([channels], c.data, c);
  return r.after(
    x,
    [chosen(`batchNorm${axes}d`, { epsilon: attributes.float("epsilon", 1e-5), momentum })],
    [
      [0, "weight", value(weight)],
      [0, "bias", value(bias)],
      [0, "running_mean", value(mean)],
      [0, "running_var", value(variance)],
      [0, "num_batches_tracked", parameterValue([], [0], weight)],
    ],
  );
}

/** A norm of each channel of each example; of groups, where its channels are groups of them. */
function instanceNorm(r: GraphReader): GraphValue {
  const x = r.view();
  const [weight, bias] = [r.needed(1, "scale"), r.needed(2, "shift")];
  const epsilon = r.node.attributes.float("epsilon", 1e-5);
  const plain = all(weight, 1) && all(bias, 0);
  const groups = viewSizes(x)[1] ?? 1;
  const channels = x.piece.shape[1] ?? 1;
  const sameOrder = sameAxis(x.axes.flat(), x.piece.axes.flat());
  const apart = !isWhole(x) && sameOrder && x.axes.length === 3 && channels % groups === 0;
  if (apart && x.scale === 1 && x.pick === undefined && plain && x.piece.axes.length > 1) {
    const inner = factorsIn(at(x.piece.axes, 1))[0];
    if (groups !== 1 && inner !== at(x.axes, 1)[0]) return noLayer("its groups are no channels");
    const options = { groups, epsilon };
    const note: GroupNote = { kind: "groups", input: x.piece, options };
    const layer = chosen("groupNorm", { ...options, affine: false });
    const piece = r.append(x.piece, [layer], [], { axes: x.piece.axes, note });
    return { ...x, piece };
  }
  const axes = x.axes.length - 2;
  if (axes < 1 || axes > 3) return noLayer("it has no one to three axes behind the channels");
  return r.after(
    x,
    [chosen(`instanceNorm${axes}d`, { epsilon, affine: !plain })],
    plain
      ? []
      : [
          [0, "weight", parameterValue([weight.data.length], weight.data, weight)],
          [0, "bias", parameterValue([bias.data.length], bias.data, bias)],
        ],
  );
}

function isLast(r: GraphReader, x: View): boolean {
  const axis = r.node.attributes.int("axis", -1);
  return axis === -1 || axis === x.axes.length - 1;
}

function layerNorm(r: GraphReader): GraphValue {
  const x = r.view();
  const [weight, bias] = [r.needed(1, "scale"), r.known(2, "shift")];
  if (!isLast(r, x)) return noLayer("it normalizes several axes together");
  const size = viewSizes(x).at(-1) ?? 1;
  const epsilon = r.node.attributes.float("epsilon", 1e-5);
  const plain = all(weight, 1) && (bias === undefined || all(bias, 0));
  return r.alongLast(
    x,
    chosen("layerNorm", { epsilon, affine: !plain, ...(plain || bias ? {} : { bias: false }) }),
    plain
      ? []
      : [
          [0, "weight", parameterValue([size], weight.data, weight)],
          ...(bias ? [[0, "bias", parameterValue([size], bias.data, bias)] as const] : []),
        ],
  );
}

function rmsNorm(r: GraphReader): GraphValue {
  const x = r.view();
  const weight = r.needed(1, "scale");
  if (!isLast(r, x)) return noLayer("it normalizes several axes together");
  const size = viewSizes(x).at(-1) ?? 1;
  const epsilon = r.node.attributes.float("epsilon", 1e-5);
  const values = [[0, "weight", parameterValue([size], weight.data, weight)]] as const;
  return r.alongLast(x, chosen("rmsNorm", { epsilon }), values);
}

function groupNorm(r: GraphReader): GraphValue {
  const x = r.view();
  const [weight, bias] = [r.needed(1, "scale"), r.needed(2, "shift")];
  const channels = x.piece.shape[1] ?? 1;
  const groups = r.node.attributes.int("num_groups", 1);
  // Before opset 21 there was a number for each group.
  const each = (c: Constant) =>
    c.data.length === channels
      ? c.data
      : Float32Array.from(
          { length: channels },
          (_, i) => c.data[Math.floor((i * groups) / channels)] ?? 0,
        );
  return r.after(
    x,
    [chosen("groupNorm", { groups, epsilon: r.node.attributes.float("epsilon", 1e-5) })],
    [
      [0, "weight", parameterValue([channels], each(weight), weight)],
      [0, "bias", parameterValue([channels], each(bias), bias)],
    ],
  );
}

export const norms: Readonly<Record<string, (r: GraphReader) => GraphValue | GraphValue[]>> = {
  BatchNormalization: batchNorm,
  InstanceNormalization: instanceNorm,
  LayerNormalization: layerNorm,
  RMSNormalization: rmsNorm,
  GroupNormalization: groupNorm,
};
