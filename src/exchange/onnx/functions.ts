/** Rules of functions of each number, and of those along one axis. */

import { fromFront, scalarOf } from "./constants.ts";
import { asWritten } from "./nodes.ts";
import { isWhole, type View, viewSizes } from "./pieces.ts";
import {
  checkRank,
  chosen,
  type GraphReader,
  type GraphValue,
  noLayer,
  parameterValue,
} from "./reader.ts";

type Rule = (r: GraphReader) => GraphValue | GraphValue[];

const simple =
  (name: string): Rule =>
  (r) =>
    r.elementwise(r.view(), chosen(name));

const withAlpha =
  (name: string, option: string, usual: number): Rule =>
  (r) => {
    const value = r.node.attributes.float("alpha", usual);
    return r.elementwise(r.view(), chosen(name, { [option]: value }));
  };

/** y = f(alpha·x + beta), limited to 0 … 1. */
function hardSigmoid(r: GraphReader): GraphValue {
  const { attributes } = r.node;
  const alpha = attributes.float("alpha", 0.2);
  const beta = attributes.float("beta", 0.5);
  const x = r.view();
  if (Math.abs(alpha - 1 / 6) < 1e-6 && beta === 0.5)
    return r.elementwise(x, chosen("hardsigmoid"));
  const line = r.elementwise(x, chosen("rescale", { scale: alpha, offset: beta }));
  return r.elementwise(line, chosen("hardtanh", { min: 0, max: 1 }));
}

function selu(r: GraphReader): GraphValue {
  const { attributes } = r.node;
  const [alpha, gamma] = [
    attributes.float("alpha", 1.6732632),
    attributes.float("gamma", 1.0507009),
  ];
  if (Math.abs(alpha - 1.6732632) > 1e-5 || Math.abs(gamma - 1.0507009) > 1e-5)
    return noLayer(`its numbers are ${alpha} and ${gamma}`);
  return r.elementwise(r.view(), chosen("selu"));
}

const largest = 3.4028234663852886e38;

function clip(r: GraphReader): GraphValue {
  const least = scalarOf(r.known(1, "bound")) ?? -largest;
  const most = scalarOf(r.known(2, "bound")) ?? largest;
  const x = r.view();
  if (least === 0 && most === 6) return r.elementwise(x, chosen("relu6"));
  if (least === 0 && most >= largest) return r.elementwise(x, chosen("relu"));
  return r.elementwise(x, chosen("hardtanh", { min: asWritten(least), max: asWritten(most) }));
}

function shrink(r: GraphReader): GraphValue {
  const { attributes } = r.node;
  const [lambda, bias] = [attributes.float("lambd", 0.5), attributes.float("bias", 0)];
  if (bias === 0) return r.elementwise(r.view(), chosen("hardshrink", { lambda }));
  if (bias === lambda) return r.elementwise(r.view(), chosen("softshrink", { lambda }));
  return noLayer("it takes off something other than it compares with");
}

function prelu(r: GraphReader): GraphValue {
  const x = r.view();
  const slope = r.needed(1, "slope");
  checkRank(slope, x);
  const count = slope.data.length;
  const weight = [[0, "weight", parameterValue([count], slope.data, slope)]] as const;
  if (count === 1) return r.elementwise(x, chosen("prelu"), weight);
  const rank = viewSizes(x).length;
  const own = slope.shape.length === rank ? slope.shape.slice(1) : slope.shape;
  const perChannel = own.length === rank - 1 && own[0] === count && viewSizes(x)[1] === count;
  if (!perChannel) return noLayer(`it has slopes [${slope.shape}], not one for each channel`);
  return r.after(x, [chosen("prelu", { perChannel: true })], weight);
}

/** A function along one axis, wherever that stands. */
function along(r: GraphReader, name: string): GraphValue {
  const first = r.input(0);
  if (first?.kind === "scores") {
    const last = r.node.attributes.int("axis", -1);
    if (name !== "softmax" || (last !== -1 && last !== first.query.axes.length - 1))
      return noLayer("its scores go through another axis");
    return { ...first, softmax: true };
  }
  const x = r.view();
  const rank = viewSizes(x).length;
  const axis = fromFront(r.node.attributes.int("axis", r.opset < 13 ? 1 : -1), rank);
  // Before opset 13 all axes from this one on were one.
  if (r.opset < 13 && axis !== rank - 1) return noLayer("it takes several axes as one");
  if (axis === rank - 1) return r.alongLast(x, chosen(name));
  if (axis === 0) return noLayer("it goes over the examples");
  return r.after(x, [chosen(name, { axis: axis - rank })]);
}

/** Neg before it makes it a softmin. */
function softmax(r: GraphReader): GraphValue {
  const value = r.input(0);
  if (value?.kind !== "view" || value.scale !== -1) return along(r, "softmax");
  const x: View = { ...value, scale: 1 };
  const rank = viewSizes(x).length;
  const axis = fromFront(r.node.attributes.int("axis", r.opset < 13 ? 1 : -1), rank);
  if (axis !== rank - 1 || !isWhole(x)) return along(r, "softmax");
  return r.alongLast(x, chosen("softmin"));
}

function dropout(r: GraphReader): GraphValue[] {
  const x = r.view();
  const { attributes } = r.node;
  const rate = scalarOf(r.known(1, "share")) ?? attributes.float("ratio", 0.5);
  if (scalarOf(r.known(2, "mode")) === 1) {
    r.remark(
      `${r.node.name} drops values whenever the file is run. Here a dropout does so while training alone.`,
    );
  }
  const made = r.elementwise(x, chosen("dropout", { rate: asWritten(rate) }));
  return [made, { kind: "unknown", node: r.node, reason: "its mask is no output of a layer" }];
}

function gelu(r: GraphReader): GraphValue {
  const tanh = r.node.attributes.text("approximate", "none") === "tanh";
  return r.elementwise(r.view(), chosen(tanh ? "geluTanh" : "gelu"));
}

function swish(r: GraphReader): GraphValue {
  if (r.node.attributes.float("alpha", 1) !== 1) return noLayer("its argument has a factor");
  return r.elementwise(r.view(), chosen("silu"));
}

export const functionRules: Readonly<Record<string, Rule>> = {
  Relu: simple("relu"),
  Sigmoid: simple("sigmoid"),
  Tanh: simple("tanh"),
  Softplus: simple("softplus"),
  Softsign: simple("softsign"),
  HardSwish: simple("hardswish"),
  Mish: simple("mish"),
  LeakyRelu: withAlpha("leakyRelu", "slope", 0.01),
  Elu: withAlpha("elu", "alpha", 1),
  Celu: withAlpha("celu", "alpha", 1),
  ThresholdedRelu: withAlpha("threshold", "above", 1),
  HardSigmoid: hardSigmoid,
  Selu: selu,
  Clip: clip,
  Shrink: shrink,
  PRelu: prelu,
  Gelu: gelu,
  Swish: swish,
  Softmax: softmax,
  LogSoftmax: (r) => along(r, "logSoftmax"),
  Dropout: dropout,
};
