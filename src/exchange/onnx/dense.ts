/** Rules of nodes that multiply by matrices, add and scale: linear layers, joins, embeddings. */

import { at } from "../../core/at.ts";
import { attended, outOf, queriesByKeys, withMask } from "./attention.ts";
import { type Constant, fromFront, scalarOf } from "./constants.ts";
import { asWritten, flagOf } from "./nodes.ts";
import {
  type Factor,
  factorsIn,
  isWhole,
  outputView,
  type Piece,
  regrouped,
  sameAxis,
  type View,
  viewSizes,
} from "./pieces.ts";
import {
  checkRank,
  chosen,
  type GraphReader,
  type GraphValue,
  noLayer,
  parameterValue,
  transposed,
} from "./reader.ts";

/** What is remembered of a linear layer: an Add behind it may be its bias. */
export interface LinearNote {
  readonly kind: "linear" | "conv" | "bilinear";
  readonly input: View;
  readonly weight: Constant;
}

/** y = x Wᵀ (+ b) along the last axis; W is [outputs, inputs], as layers have it. */
function linear(r: GraphReader, x: View, weight: Constant, bias?: Constant): View {
  const [outputs = 0, inputs = 0] = weight.shape;
  if (viewSizes(x).at(-1) !== inputs)
    noLayer(`its weight is [${weight.shape}], which does not fit`);
  if (x.piece.note && (x.piece.note as { kind: string }).kind === "attended")
    return outOf(r, x, weight, bias);
  const note: LinearNote = { kind: "linear", input: x, weight };
  return r.alongLast(
    x,
    chosen("linear", { outputs, ...(bias ? {} : { bias: false }) }),
    [
      [0, "weight", parameterValue([outputs, inputs], weight.data, weight)],
      ...(bias ? [[0, "bias", parameterValue([outputs], bias.data, bias)] as const] : []),
    ],
    bias ? {} : { note },
  );
}

/** A bias of so many numbers, or one that stands for all of them. */
function biasOf(c: Constant, outputs: number): Constant | undefined {
  const size = c.data.length;
  const lead = c.shape.slice(0, -1).every((n) => n === 1);
  if (lead && size === outputs) return { ...c, shape: [outputs] };
  const one = scalarOf(c);
  if (one === undefined) return undefined;
  return { ...c, shape: [outputs], data: Float32Array.from({ length: outputs }, () => one) };
}

const times = (c: Constant, k: number): Constant =>
  k === 1 ? c : { ...c, data: Float32Array.from(c.data, (v) => v * k) };

function gemm(r: GraphReader): GraphValue {
  const { attributes } = r.node;
  const x = r.view();
  const b = r.needed(1, "weight");
  const c = r.known(2, "bias");
  if (flagOf(attributes, "transA", false)) noLayer("it transposes its input");
  if (b.shape.length !== 2) noLayer("its weight is no matrix");
  const weight = flagOf(attributes, "transB", false)
    ? b
    : { ...b, shape: b.shape.toReversed(), data: transposed(b) };
  const bias = c && biasOf(c, at(weight.shape, 0));
  if (c && !bias) noLayer("its bias is not one number for each output");
  const [alpha, beta] = [attributes.float("alpha", 1), attributes.float("beta", 1)];
  // A view stands for [rows, inputs], whatever its rows are.
  return linear(r, x, times(weight, alpha), bias && times(bias, beta));
}

function matMul(r: GraphReader): GraphValue {
  const [a, b] = [r.input(0), r.input(1)];
  if (a?.kind === "scores")
    return b?.kind === "view" ? attended(r, a, b) : noLayer("it is no attention");
  if (a?.kind === "view" && b?.kind === "view") return queriesByKeys(a, b);
  if (a?.kind === "constant") return noLayer("its first factor is a constant");
  const x = r.view();
  const weight = r.needed(1, "weight");
  if (weight.shape.length !== 2) return noLayer("its weight is no matrix");
  return linear(r, x, {
    ...weight,
    shape: weight.shape.toReversed(),
    data: transposed(weight),
  });
}

/** y_o = Σ x_i W[o, i, j] x_j (+ b_o) along the last axis: all products of two numbers that come in. */
function bilinear(r: GraphReader, x: View, weight: Constant, bias?: Constant): View {
  const [outputs = 0] = weight.shape;
  const note: LinearNote = { kind: "bilinear", input: x, weight };
  return r.alongLast(
    x,
    chosen("bilinear", { outputs, ...(bias ? {} : { bias: false }) }),
    [
      [0, "weight", parameterValue(weight.shape, weight.data, weight)],
      ...(bias ? [[0, "bias", parameterValue([outputs], bias.data, bias)] as const] : []),
    ],
    bias ? {} : { note },
  );
}

/** Of all that an Einsum can say: a bilinear form of the input with itself. */
function einsum(r: GraphReader): GraphValue {
  const equation = r.node.attributes.text("equation", "").replaceAll(" ", "");
  const [, batch, i, o, first, j, other, second, left, out] =
    /^(\.\.\.|\w)(\w),(\w)(\w)(\w),(\.\.\.|\w)(\w)->(\.\.\.|\w)(\w)$/.exec(equation) ?? [];
  const isForm =
    i === first && j === second && o === out && batch === other && batch === left && i !== j;
  const x = r.view();
  if (!isForm || r.node.inputs[0] !== r.node.inputs[2])
    return noLayer(`its equation ${equation.slice(0, 60)} is that of no layer`);
  return bilinear(r, x, r.needed(1, "weight"));
}

/** A constant that is added to what a layer without bias makes: its bias. */
function asBias(r: GraphReader, y: View, c: Constant): View | undefined {
  const note = y.piece.note as LinearNote | undefined;
  if (note?.kind === "conv" && y.scale === 1 && y.pick === undefined) {
    // Channels that a view has put last.
    const [channels, shown] = [y.piece.axes[1], y.axes.at(-1)];
    const lead = c.shape.slice(0, -1).every((n) => n === 1);
    const fits = lead && c.shape.at(-1) === y.piece.shape[1] && c.shape.length <= y.axes.length;
    return fits && channels && shown && y.axes.length > 2 && sameAxis(channels, shown)
      ? convBias(r, y, c)
      : undefined;
  }
  if ((note?.kind !== "linear" && note?.kind !== "bilinear") || y.scale !== 1) return undefined;
  const outputs = at(note.weight.shape, 0);
  const [own, last] = [y.axes.at(-1), y.piece.axes.at(-1)];
  const bias = c.data.length === outputs ? biasOf(c, outputs) : undefined;
  if (!bias || !own || !last || !sameAxis(own, last)) return undefined;
  const make = note.kind === "linear" ? linear : bilinear;
  const made = make(r, note.input, note.weight, bias);
  return { ...made, axes: [...y.axes.slice(0, -1), at(made.axes, made.axes.length - 1)] };
}

/** The table of which a node has taken the first rows, as it stands in the file. */
function tableOf(r: GraphReader, name: string): Constant | undefined {
  const maker = r.makers.get(name);
  const table = r.values.get(maker?.op === "Slice" ? (maker.inputs[0] ?? "") : name);
  return table?.kind === "constant" ? table : undefined;
}

/** A row for each place of a sequence: a table that is added to it. */
function asPlaces(r: GraphReader, x: View, c: Constant): View | undefined {
  const [places = 0, size = 0] = c.shape.slice(-2);
  const lead = c.shape.slice(0, -2).every((n) => n === 1);
  const sizes = viewSizes(x);
  const fits = sizes.length === 3 && sizes[1] === places && sizes[2] === size && places > 1;
  if (!fits || !lead || c.shape.length < 2) return undefined;
  const isSecond = r.input(1)?.kind === "constant";
  const whole = tableOf(r, r.node.inputs[isSecond ? 1 : 0] ?? "") ?? c;
  // Rows that are not the first ones are a table of their own.
  const isStart =
    whole.shape.length === 2 &&
    whole.shape[1] === size &&
    Array.from(c.data).every((value, i) => value === whole.data[i]);
  const table = isStart ? whole : c;
  const rows = table.data.length / size;
  return r.after(
    x,
    [chosen("learnedEncoding", { places: rows })],
    [[0, "weight", parameterValue([rows, size], table.data, table)]],
  );
}

/** A constant as one number, or one for each feature of the last axis. */
function features(c: Constant, x: View): number | readonly number[] {
  const one = scalarOf(c);
  if (one !== undefined) return asWritten(one);
  const size = viewSizes(x).at(-1);
  const lead = c.shape.slice(0, -1).every((n) => n === 1);
  if (lead && c.data.length === size) return Array.from(c.data, asWritten);
  return noLayer(`it meets a constant [${c.shape}], which is no number for each feature`);
}

const rescaled = (r: GraphReader, x: View, options: Record<string, unknown>): View =>
  Object.values(options).some(Array.isArray)
    ? r.alongLast(x, chosen("rescale", options))
    : r.elementwise(x, chosen("rescale", options));

/** Both inputs, the constant one second where there is one. */
function operands(r: GraphReader): readonly [View, View | Constant, boolean] {
  const [a, b] = [r.input(0), r.input(1)];
  const first = a?.kind === "constant" ? a : undefined;
  const x = r.view(first ? 1 : 0);
  const c = first ?? (b?.kind === "constant" ? b : undefined);
  if (c?.counts) return noLayer("it reckons with the number of examples");
  if (c) checkRank(c, x);
  return [x, c ?? r.view(1), first !== undefined];
}

function add(r: GraphReader): GraphValue {
  const [a, b] = [r.input(0), r.input(1)];
  if (a?.kind === "scores") return withMask(a, b);
  if (b?.kind === "scores") return withMask(b, a);
  const [x, y] = operands(r);
  if (y.kind === "view") return r.joined([x, y], "add");
  const affine = perChannel(r, x, y, "shift");
  return (
    affine ?? asBias(r, x, y) ?? asPlaces(r, x, y) ?? rescaled(r, x, { offset: features(y, x) })
  );
}

function sub(r: GraphReader): GraphValue {
  const [x, y, swapped] = operands(r);
  if (y.kind === "view") {
    const minus = r.elementwise(y, chosen("rescale", { scale: -1 }));
    return r.joined([x, minus], "add");
  }
  const given = features(y, x);
  if (swapped) return rescaled(r, x, { scale: -1, offset: given });
  const offset = typeof given === "number" ? -given : given.map((v) => -v);
  return rescaled(r, x, { offset });
}

/** Scores by a number; undefined where none are there. */
function scaledScores(r: GraphReader, power: 1 | -1): GraphValue | undefined {
  const [a, b] = [r.input(0), r.input(1)];
  const scores = a?.kind === "scores" ? a : b?.kind === "scores" && power === 1 ? b : undefined;
  if (scores === undefined) return undefined;
  const other = scores === a ? b : a;
  const factor = other?.kind === "constant" ? scalarOf(other) : undefined;
  if (other?.kind === "constant" && other.counts)
    return noLayer("it reckons with the number of examples");
  if (factor === undefined || scores.softmax || scores.mask)
    return noLayer("its scores are multiplied elsewhere");
  return { ...scores, scale: power === 1 ? scores.scale * factor : scores.scale / factor };
}

function mul(r: GraphReader): GraphValue {
  const scores = scaledScores(r, 1);
  if (scores) return scores;
  const [x, y] = operands(r);
  if (y.kind === "view") return r.joined([x, y], "multiply");
  const affine = perChannel(r, x, y, "scale");
  if (affine) return affine;
  const given = features(y, x);
  if (typeof given === "number") return { ...x, scale: x.scale * (scalarOf(y) ?? 1) };
  return rescaled(r, x, { scale: given });
}

function div(r: GraphReader): GraphValue {
  const scores = scaledScores(r, -1);
  if (scores) return scores;
  const [x, y, swapped] = operands(r);
  if (y.kind === "view" || swapped) return noLayer("no layer divides by what comes in");
  const given = features(y, x);
  if (typeof given === "number") return { ...x, scale: x.scale / (scalarOf(y) ?? 1) };
  return rescaled(r, x, { scale: given.map((v) => 1 / v) });
}

/** What is remembered of a recurrence: which factor its steps are, and what it ends with. */
export interface RecurrenceNote {
  readonly kind: "recurrence";
  readonly steps: Factor | undefined;
  readonly last?: () => View;
}

/** What is remembered of a norm of groups: factors and shifts behind it may be its own. */
export interface GroupNote {
  readonly kind: "groups";
  readonly input: Piece;
  readonly options: Readonly<Record<string, unknown>>;
  readonly scale?: Constant;
}

/** A number for each channel behind a norm of groups, or behind a convolution. */
function perChannel(
  r: GraphReader,
  x: View,
  c: Constant,
  what: "scale" | "shift",
): View | undefined {
  const note = x.piece.note as GroupNote | LinearNote | undefined;
  const channels = x.piece.shape[1] ?? 0;
  const rank = x.piece.shape.length;
  const own = c.shape.length === rank ? c.shape.slice(1) : c.shape;
  const fits = own.length === rank - 1 && c.data.length === channels && own[0] === channels;
  if (!fits || !isWhole(x)) return undefined;
  if (note?.kind === "groups") {
    const { input, options, scale } = note;
    if ((scale === undefined) !== (what === "scale")) return undefined;
    const zeros = { ...c, data: new Float32Array(channels) };
    const [weight, bias] = what === "scale" ? [c, zeros] : [scale as Constant, c];
    const piece = r.append(
      input,
      [chosen("groupNorm", { ...options, affine: true })],
      [
        [0, "weight", parameterValue([channels], weight.data, weight)],
        [0, "bias", parameterValue([channels], bias.data, bias)],
      ],
      { axes: input.axes, ...(what === "scale" ? { note: { ...note, scale: c } } : {}) },
    );
    return outputView(piece);
  }
  return note?.kind === "conv" && what === "shift" ? convBias(r, x, c) : undefined;
}

/** A convolution without bias, with one; what stands behind it in its piece cuts off alone. */
function convBias(r: GraphReader, y: View, c: Constant): View | undefined {
  const { piece } = y;
  const [layer, ...rest] = piece.layers;
  const [before] = piece.from;
  if (!layer || !before || Array.isArray(layer.options)) return undefined;
  const { bias: _, ...options } = layer.options as Readonly<Record<string, unknown>>;
  const made = r.append(
    before,
    [{ name: layer.name, options }, ...rest],
    [...piece.values, [0, "bias", parameterValue([c.data.length], c.data, c)]],
    { axes: piece.axes },
  );
  return { ...y, piece: made };
}

/** Rows of a table, or one place of an axis. */
function gather(r: GraphReader): GraphValue {
  const table = r.input(0);
  const { attributes } = r.node;
  if (table?.kind === "constant") {
    const x = r.view(1);
    const [entries = 0, size = 0] = table.shape;
    if (table.shape.length !== 2 || attributes.int("axis", 0) !== 0)
      return noLayer("it takes from a table that has not two axes");
    const layer = chosen("embedding", { entries, features: size });
    return r.after(x, [layer], [[0, "weight", parameterValue([entries, size], table.data, table)]]);
  }
  const x = r.view();
  const index = scalarOf(r.needed(1, "place"));
  if (index === undefined) return noLayer("it takes several places of an axis");
  const axis = fromFront(attributes.int("axis", 0), x.axes.length);
  const single = r.needed(1, "place").shape.length === 1;
  return picked(x, axis, index, single);
}

/** One place of an axis, which is gone then, or stays with one place. */
export function picked(x: View, axis: number, index: number, stays: boolean): View {
  const own = x.axes[axis];
  const parts = own && factorsIn(own);
  if (parts === undefined || parts.some((f) => f === x.piece.axes[0]?.[0]))
    return noLayer("it takes some of the examples");
  const axes = x.axes.flatMap((a, i) => (i === axis ? (stays ? [[]] : []) : [a]));
  if (parts.length === 0) return { ...x, axes };
  const [f] = parts;
  if (f === undefined || parts.length > 1 || x.pick)
    return noLayer("it takes places out of an axis");
  const place = fromFront(index, f.size);
  const last = lastStep(x, f, place);
  if (last) return { ...last, axes: stays ? last.axes.toSpliced(axis, 0, []) : last.axes };
  return { ...x, axes, pick: { factor: f, index: place } };
}

/** The last step of a recurrence in one direction is what it gives with output: last. */
function lastStep(x: View, f: Factor, place: number): View | undefined {
  const note = x.piece.note as RecurrenceNote | undefined;
  if (note?.kind !== "recurrence" || note.steps !== f || note.last === undefined) return undefined;
  const [batch, features] = x.axes.filter((axis) => !axis.includes(f));
  const [first, , last] = x.piece.axes;
  const asMade =
    batch && features && first && last && sameAxis(batch, first) && sameAxis(features, last);
  return asMade && place === f.size - 1 && x.axes.length === 3 && x.scale === 1
    ? note.last()
    : undefined;
}

/** Parts of an axis, all of the same size. */
function split(r: GraphReader): GraphValue[] {
  const { attributes, outputs } = r.node;
  const x = r.view();
  const axis = fromFront(attributes.int("axis", 0), x.axes.length);
  const given = r.known(1, "sizes");
  const sizes = given ? Array.from(given.data) : attributes.ints("split");
  const count = outputs.length;
  const total = viewSizes(x)[axis] ?? 0;
  const same = sizes?.length === count && sizes.every((n) => n * count === total);
  if (!(sizes ? same : total % count === 0))
    return noLayer("it divides an axis into parts of different sizes");
  return outputs.map((_, i) => part(x, axis, count, i));
}

/** The i-th of so many parts of an axis. */
export function part(x: View, axis: number, count: number, i: number): View {
  const own = x.axes[axis];
  if (own?.some((f) => f === x.piece.axes[0]?.[0])) return noLayer("it takes some of the examples");
  const total = viewSizes(x)[axis] ?? 0;
  const groups = own && regrouped([own], [count, total / count]);
  const [outer, inner] = groups ?? [];
  const [f] = factorsIn(outer ?? []);
  if (!f || !inner || factorsIn(outer ?? []).length !== 1 || x.pick)
    return noLayer("it divides an axis that cannot be divided so");
  const axes = x.axes.map((a, k) => (k === axis ? inner : a));
  return { ...x, axes, pick: { factor: f, index: i } };
}

export const dense: Readonly<Record<string, (r: GraphReader) => GraphValue | GraphValue[]>> = {
  Gemm: gemm,
  MatMul: matMul,
  Einsum: einsum,
  Add: add,
  Sub: sub,
  Mul: mul,
  Div: div,
  Gather: gather,
  Split: split,
  Neg: (r) => ({ ...r.view(), scale: -r.view().scale }),
  Sum: (r) =>
    r.joined(
      r.node.inputs.map((_, i) => r.view(i)),
      "add",
    ),
  Concat: (r) => {
    const views = r.node.inputs.map((_, i) => r.view(i));
    return r.joined(views, "concatenate", r.node.attributes.int("axis", 0));
  },
};
