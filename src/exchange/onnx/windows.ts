/** Rules of convolutions and pools. */

import { at } from "../../core/at.ts";
import type { Chosen } from "../../network-file/form.ts";
import { areAxes, fromFront, listOf } from "./constants.ts";
import type { LinearNote } from "./dense.ts";
import { flagOf } from "./nodes.ts";
import { outputView, type View, viewSizes } from "./pieces.ts";
import { chosen, type GraphReader, type GraphValue, noLayer, parameterValue } from "./reader.ts";

/** One number where all are the same. */
const short = (list: readonly number[]): number | readonly number[] =>
  list.every((n) => n === list[0]) ? at(list, 0) : list;

/** An attribute with a number for each axis of the window, or for each of its sides. */
function sized(r: GraphReader, name: string, axes: number, otherwise: number): readonly number[] {
  const list = r.node.attributes.ints(name) ?? Array.from({ length: axes }, () => otherwise);
  if (list.length === axes) return list;
  return noLayer(`its ${name} are ${list.length} numbers, not ${axes}`);
}

/** How a window moves, by the node's attributes. */
function windowOf(r: GraphReader, x: View, kernel: readonly number[]) {
  const { attributes } = r.node;
  const axes = kernel.length;
  const strides = sized(r, "strides", axes, 1);
  const dilations = sized(r, "dilations", axes, 1);
  const auto = attributes.text("auto_pad", "NOTSET");
  const sizes = viewSizes(x).slice(2);
  if (sizes.length !== axes)
    return noLayer(`its window has ${axes} axes, and its input ${sizes.length}`);
  let pads = sized(r, "pads", 2 * axes, 0);
  if (auto === "SAME_UPPER" || auto === "SAME_LOWER") {
    const total = kernel.map((k, i) => {
      const [s, size] = [at(strides, i), at(sizes, i)];
      return Math.max(0, (Math.ceil(size / s) - 1) * s + (k - 1) * at(dilations, i) + 1 - size);
    });
    const less = total.map((n) => Math.floor(n / 2));
    const more = total.map((n) => Math.ceil(n / 2));
    pads = auto === "SAME_UPPER" ? [...less, ...more] : [...more, ...less];
  } else if (auto === "VALID") pads = kernel.flatMap(() => [0, 0]);
  const [before, after] = [pads.slice(0, axes), pads.slice(axes)];
  return { strides, dilations, before, after, axes: axes as 1 | 2 | 3 };
}

/** A border of its own, where it is not the same on both sides. */
function bordered(
  before: readonly number[],
  after: readonly number[],
  value = 0,
): { readonly padding: number | readonly number[]; readonly lead: Chosen[] } {
  if (before.every((n, i) => n === after[i])) return { padding: short(before), lead: [] };
  const own = value === 0 ? {} : { value };
  return { padding: 0, lead: [chosen("border", { before, after, ...own })] };
}

const oneToThree = (axes: number): boolean => axes >= 1 && axes <= 3;

function conv(r: GraphReader): GraphValue {
  const x = r.view();
  const weight = r.needed(1, "weight");
  const bias = r.known(2, "bias");
  const kernel = weight.shape.slice(2);
  if (!oneToThree(kernel.length)) return noLayer("it has no window of one to three axes");
  const { strides, dilations, before, after, axes } = windowOf(r, x, kernel);
  const { padding, lead } = bordered(before, after);
  const layer = chosen(`conv${axes}d`, {
    outChannels: at(weight.shape, 0),
    kernelSize: short(kernel),
    stride: short(strides),
    dilation: short(dilations),
    groups: r.node.attributes.int("group", 1),
    padding,
    ...(bias ? {} : { bias: false }),
  });
  if (/^getitem/.test(r.node.outputs[0] ?? "")) {
    r.remark(
      `In ${r.node.name} a convolution and a batch norm behind it were folded when the file was made: ` +
        "its weights are products, and what is trained here has no norm.",
    );
  }
  const from = lead.length > 0 ? r.after(x, lead) : x;
  const note: LinearNote = { kind: "conv", input: x, weight };
  return r.after(
    from,
    [layer],
    [
      [0, "weight", parameterValue(weight.shape, weight.data, weight)],
      ...(bias ? [[0, "bias", parameterValue([bias.data.length], bias.data, bias)] as const] : []),
    ],
    bias ? {} : { note },
  );
}

function convTranspose(r: GraphReader): GraphValue {
  const x = r.view();
  const { attributes } = r.node;
  const weight = r.needed(1, "weight");
  const bias = r.known(2, "bias");
  const kernel = weight.shape.slice(2);
  if (!oneToThree(kernel.length)) return noLayer("it has no window of one to three axes");
  if (attributes.has("output_shape")) return noLayer("it says the size of its output");
  const auto = attributes.text("auto_pad", "NOTSET");
  if (auto !== "NOTSET" && auto !== "VALID") return noLayer(`its border is ${auto}`);
  const { strides, dilations, before, after, axes } = windowOf(r, x, kernel);
  // What is cut off at one side alone is so behind the layer.
  const padding = before.map((n, i) => Math.min(n, at(after, i)));
  const cut = (side: readonly number[]) => side.map((n, i) => at(padding, i) - n);
  const isEven = before.every((n, i) => n === after[i]);
  const behind = isEven ? [] : [chosen("border", { before: cut(before), after: cut(after) })];
  const groups = attributes.int("group", 1);
  const layer = chosen(`convTranspose${axes}d`, {
    outChannels: at(weight.shape, 1) * groups,
    kernelSize: short(kernel),
    stride: short(strides),
    dilation: short(dilations),
    padding: short(padding),
    outputPadding: short(sized(r, "output_padding", kernel.length, 0)),
    groups,
    ...(bias ? {} : { bias: false }),
  });
  const note: LinearNote = { kind: "conv", input: x, weight };
  return r.after(
    x,
    [layer, ...behind],
    [
      [0, "weight", parameterValue(weight.shape, weight.data, weight)],
      ...(bias ? [[0, "bias", parameterValue([bias.data.length], bias.data, bias)] as const] : []),
    ],
    bias ? {} : { note },
  );
}

/** The smallest number of 32 bits: no window takes it before another. */
const lowest = -3.4028234663852886e38;

function pool(r: GraphReader, max: boolean): GraphValue {
  const x = r.view();
  const { attributes, outputs } = r.node;
  const kernel = attributes.ints("kernel_shape") ?? [];
  if (!oneToThree(kernel.length)) return noLayer("it has no window of one to three axes");
  if (outputs[1]) return noLayer("it also gives places");
  const { strides, dilations, before, after, axes } = windowOf(r, x, kernel);
  const includes = flagOf(attributes, "count_include_pad", false);
  const bare = [...before, ...after].every((n) => n === 0);
  const even = before.every((n, i) => n === after[i]);
  if (!max && dilations.some((d) => d !== 1)) return noLayer("its window has gaps");
  if (!max && !even && !includes) return unevenMean(r, x, kernel, { strides, before, after, axes });
  const { padding, lead } = bordered(before, after, max ? lowest : 0);
  const options = {
    kernelSize: short(kernel),
    stride: short(strides),
    padding,
    ceilMode: flagOf(attributes, "ceil_mode", false),
  };
  const layer = max
    ? chosen(`maxPool${axes}d`, { ...options, dilation: short(dilations) })
    : chosen(`avgPool${axes}d`, { ...options, ...(bare ? {} : { countIncludePad: includes }) });
  return r.after(lead.length > 0 ? r.after(x, lead) : x, [layer]);
}

/**
 * Means of windows whose border has one element more behind the last one, and counts as nothing: such a
 * window reaches beyond the end (ceilMode); where windows stand at each place, there is one at the start too
 * many, which is cut off.
 */
function unevenMean(
  r: GraphReader,
  x: View,
  kernel: readonly number[],
  { strides, before, after, axes }: Omit<ReturnType<typeof windowOf>, "dilations">,
): View {
  const more = after.map((n, i) => n - at(before, i));
  if (more.some((n) => n !== 0 && n !== 1) || flagOf(r.node.attributes, "ceil_mode", false))
    return noLayer("its border is not the same on both sides");
  const cut = more.map((n, i) => (n === 1 && strides[i] === 1 ? -1 : 0));
  const layer = chosen(`avgPool${axes}d`, {
    ...{ kernelSize: short(kernel), stride: short(strides) },
    padding: short(before.map((n, i) => (at(cut, i) < 0 ? at(after, i) : n))),
    ceilMode: more.some((n, i) => n === 1 && strides[i] !== 1),
    countIncludePad: false,
  });
  const made = r.after(x, [layer]);
  if (cut.every((n) => n === 0)) return made;
  return r.after(made, [chosen("border", { before: cut, after: cut.map(() => 0) })]);
}

/** One number for each channel: of all places behind it. */
function overall(r: GraphReader, x: View, kind: "Avg" | "Max"): View {
  const axes = x.axes.length - 2;
  if (!oneToThree(axes)) return noLayer("it goes over no one to three axes");
  return r.after(x, [chosen(`adaptive${kind}Pool${axes}d`, { outputSize: 1 })]);
}

function reduce(r: GraphReader, kind: "Avg" | "Max"): GraphValue {
  const x = r.view();
  const { attributes } = r.node;
  const given = r.known(1, "axes");
  const rank = x.axes.length;
  const list = (given ? listOf(given) : attributes.ints("axes"))?.map((a) => fromFront(a, rank));
  const over = list ?? x.axes.map((_, i) => i);
  if (!areAxes(over, rank)) return noLayer(`it has no such axes: [${over}]`);
  const kept = x.axes.map((_, i) => i).filter((i) => !over.includes(i));
  if (kept[0] !== 0 || kept.length !== 2)
    return noLayer("it goes over other axes than those behind the channels");
  // Those that it goes over stand last.
  const turned: View = { ...x, axes: [...kept, ...over].map((i) => at(x.axes, i)) };
  const piece = r.whole(turned);
  const made = overall(r, outputView(piece), kind);
  const [batch = [], channels = []] = made.axes;
  const keeps = flagOf(attributes, "keepdims", true);
  const axes = x.axes.flatMap((_, i) =>
    over.includes(i) ? (keeps ? [[]] : []) : [i === 0 ? batch : channels],
  );
  return { ...made, axes };
}

export const windows: Readonly<Record<string, (r: GraphReader) => GraphValue | GraphValue[]>> = {
  Conv: conv,
  ConvTranspose: convTranspose,
  MaxPool: (r) => pool(r, true),
  AveragePool: (r) => pool(r, false),
  GlobalAveragePool: (r) => overall(r, r.view(), "Avg"),
  GlobalMaxPool: (r) => overall(r, r.view(), "Max"),
  ReduceMean: (r) => reduce(r, "Avg"),
  ReduceMax: (r) => reduce(r, "Max"),
};
