/** Convolutions of any number of axes. Borders and gaps are views of their own (see move.ts). */
import { zip } from "../core/at.ts";
import { promote } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import { apply, indices, load, offset, plus, times } from "../core/expression.ts";
import type { Binary, Op, TensorType } from "../core/op.ts";
import { checkNames } from "../core/options.ts";
import { formatShape, type Shape } from "../core/shape.ts";
import { asTensor, node, type Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { cast } from "./cast.ts";
import { flip, reshape, slice, transpose } from "./move.ts";
import { type PerAxis, perAxis, samePadding, widened, windowCount } from "./windows.ts";

const f64 = (...shape: number[]): TensorType => ({ dtype: "f64", shape });

interface Steps extends Readonly<Record<string, unknown>> {
  readonly stride: Shape;
  readonly dilation: Shape;
}

/**
 * Inputs x [groups, batch, channels, …sizes] and w [groups, outputs, channels, …window]; the output
 * is [groups, batch, outputs, …positions]. Batch, channels and outputs change places in the two
 * gradients, which are convolutions as well.
 */
export const convolutionOp: Op<Binary, Steps> = {
  name: "convolution",
  infer: ([x, w], { stride, dilation }) => {
    const [groups = 0, batch = 0, channels = 0, ...sizes] = x.shape;
    const [own = 0, outputs = 0, from = 0, ...window] = w.shape;
    if (groups !== own || channels !== from || sizes.length !== window.length) {
      fail("shape-mismatch", {
        message: "convolution needs as many groups, channels and axes on both sides.",
        expected: `like ${formatShape(x.shape)}`,
        found: formatShape(w.shape),
      });
    }
    const positions = windowCount(sizes, { window, stride, dilation });
    return { dtype: x.dtype, shape: [groups, batch, outputs, ...positions] };
  },
  meaning: ([x, w], y, { stride, dilation }) => {
    const rank = y.shape.length;
    const [group, row, output, ...position] = indices(rank);
    const [channel, ...inside] = indices(rank - 2, rank);
    const places = zip(position, inside, stride, dilation).map(([o, k, by, gap]) =>
      plus(times(o, by), times(k, gap)),
    );
    const at = (shape: Shape, ...place: (typeof group)[]) =>
      offset(
        shape,
        place.filter((i) => i !== undefined),
      );
    return {
      loop: "reduce",
      over: w.shape.slice(2),
      combine: "sum",
      value: apply(
        "mul",
        load(0, x.dtype, at(x.shape, group, row, channel, ...places)),
        load(1, w.dtype, at(w.shape, group, output, channel, ...inside)),
      ),
    };
  },
  derivative: {
    kind: "multilinear",
    transpose: (g, { x: [x, w], attributes }, input) =>
      input === 0 ? toInput(g, w, x.shape, attributes) : toWeight(g, x, w.shape, attributes),
  },
  law: {
    en: "Each input meets each weight of the window once; ∂E/∂x is the convolution of the upstream gradient with the window turned round, and ∂E/∂w that of the input with the upstream gradient: a sum over all positions that share the weight.",
    zh: "每个输入与窗口的每个权重各相遇一次；∂E/∂x 是上游梯度与翻转后的窗口的卷积，∂E/∂w 是输入与上游梯度的卷积：对共享该权重的所有位置求和。",
  },
  notation: { text: "#0 ∗ #1", tex: "#0 * #1", precedence: 2 },
  sampling: {
    cases: [
      { inputs: [f64(1, 2, 2, 5), f64(1, 3, 2, 2)], attributes: { stride: [1], dilation: [1] } },
      { inputs: [f64(2, 1, 1, 8), f64(2, 2, 1, 3)], attributes: { stride: [2], dilation: [2] } },
      {
        inputs: [f64(1, 1, 2, 4, 5), f64(1, 2, 2, 2, 3)],
        attributes: { stride: [2, 1], dilation: [1, 1] },
      },
      { inputs: [f64(1, 1, 0, 3), f64(1, 2, 0, 2)], attributes: { stride: [1], dilation: [1] } },
    ],
  },
};

/** Two axes, behind the groups, exchanged. */
const exchanged = (x: Tensor): Tensor => {
  const [groups = 0, a = 0, b = 0, ...others] = x.shape.map((_, axis) => axis);
  return transpose(x, [groups, b, a, ...others]);
};
/** The axes behind groups, rows and channels. */
const spatial = ({ rank }: Tensor): number[] => Array.from({ length: rank - 3 }, (_, k) => k + 3);
const ones = (n: number): number[] => new Array<number>(n).fill(1);

/** ∂E/∂x[s] = Σ g[o] w[k] over all o, k with o·stride + k·dilation = s */
function toInput(g: Tensor, w: Tensor, shape: Shape, { stride, dilation }: Steps): Tensor {
  const window = w.shape.slice(3);
  const before = zip(window, dilation).map(([k, gap]) => (k - 1) * gap);
  const after = zip(shape.slice(3), g.shape.slice(3), stride).map(
    ([size, count, by]) => size - (count - 1) * by - 1,
  );
  const lead = [0, 0, 0];
  const wide = widened(g, {
    before: [...lead, ...before],
    after: [...lead, ...after],
    interior: [...lead, ...stride.map((by) => by - 1)],
  });
  const turned = flip(exchanged(w), spatial(w));
  return node(convolutionOp, [wide, turned], { stride: ones(window.length), dilation });
}

/** ∂E/∂w[k] = Σ g[o] x[o·stride + k·dilation] over all examples and positions o */
function toWeight(g: Tensor, x: Tensor, shape: Shape, { stride, dilation }: Steps): Tensor {
  const window = shape.slice(3);
  const read = zip(g.shape.slice(3), stride, window, dilation).map(
    ([count, by, k, gap]) => (count - 1) * by + (k - 1) * gap + 1,
  );
  const seen = slice(x, { end: [...x.shape.slice(0, 3), ...read] });
  const steps = { stride: dilation, dilation: stride };
  return exchanged(node(convolutionOp, [exchanged(seen), exchanged(g)], steps));
}

/** How a window moves over its input, a number for each axis or one for all. */
export interface ConvolutionOptions {
  /** Distance between neighbouring windows, in elements. Default 1. */
  readonly stride?: PerAxis;
  /**
   * Zeros on both sides of each axis; "valid" is 0, "same" as many as keep the size (the odd one at
   * the end; stride 1 only). Default 0.
   */
  readonly padding?: PerAxis | "same" | "valid";
  /** Distance between neighbouring elements of a window. Default 1. */
  readonly dilation?: PerAxis;
  /** The channels fall into so many groups, each with outputs of its own. Default 1. */
  readonly groups?: number;
}

/** What `transposedConvolution` takes besides. */
export interface TransposedConvolutionOptions extends Omit<ConvolutionOptions, "padding"> {
  /** What is cut off on both sides of each axis of the full output. Default 0. */
  readonly padding?: PerAxis;
  /** Added to the output's size, at the end of each axis: below the stride or dilation. Default 0. */
  readonly outputPadding?: PerAxis;
}

/**
 * y[n, o, t] = Σ_c Σ_k x[n, c, t·stride + k·dilation − padding] · w[o, c, k] (cross-correlation, as
 * everywhere in the field), for any number of axes t. x has the shape [batch, channels, …sizes] or
 * [channels, …sizes], w [outputs, channels / groups, …window]; the output's size along an axis is
 * ⌊(size + 2·padding − dilation·(window − 1) − 1) / stride⌋ + 1. Output o of group g sees the
 * channels of group g alone. A window that is larger than the padded input is an error.
 *
 * @example convolution(x, w) with x = [[[1, 2, 3, 4]]]; w = [[[1, -1]]]
 */
export function convolution(x: Tensor, w: Tensor, options: ConvolutionOptions = {}): Tensor {
  const what = "convolution";
  checkNames(what, options, ["stride", "padding", "dilation", "groups"]);
  const { padding = 0 } = options;
  const { a, b, axes, groups, dilation, stride, isAlone } = sides(what, x, w, options);
  const [outputs = 0, from = 0, ...window] = b.shape;
  const channels = a.shape[1] ?? 0;
  if (outputs % groups !== 0 || channels !== from * groups) {
    fail("shape-mismatch", {
      message: `${what} cannot apply weights ${formatShape(w.shape)} to ${formatShape(x.shape)}${groups === 1 ? "" : ` in ${groups} groups`}.`,
      expected: `weights [outputs, channels / groups, …window] for ${channels} channels${groups === 1 ? "" : ", and outputs that the groups divide"}`,
      found: formatShape(w.shape),
    });
  }
  const sizes = a.shape.slice(2);
  if (typeof padding === "string" && padding !== "same" && padding !== "valid") {
    fail("bad-argument", {
      message: `${what} cannot use this padding.`,
      expected: 'a number for each axis, one for all, "same" or "valid"',
      found: shown(padding),
    });
  }
  const pads =
    padding === "same"
      ? samePadding(what, { window, stride, dilation })
      : evenly(
          padding === "valid" ? axes.map(() => 0) : perAxis(what, "padding", padding, axes, 0),
        );
  const wide = widened(a, {
    before: [0, 0, ...pads.before],
    after: [0, 0, ...pads.after],
    interior: a.shape.map(() => 0),
  });
  windowCount(wide.shape.slice(2), { window, stride, dilation }, sizes);
  const weights = reshape(b, [groups, outputs / groups, from, ...window]);
  const y = node(convolutionOp, [grouped(wide, groups), weights], { stride, dilation });
  const joined = ungrouped(y);
  return isAlone ? reshape(joined, joined.shape.slice(1)) : joined;
}

/**
 * y[n, o, t·stride + k·dilation − padding] += x[n, c, t] · w[c, o, k] over all c, t, k: the map that
 * carries gradients back through `convolution`. x has the shape [batch, channels, …sizes] or
 * [channels, …sizes], w [channels, outputs / groups, …window]; the output's size along an axis is
 * (size − 1)·stride − 2·padding + dilation·(window − 1) + outputPadding + 1.
 *
 * @example transposedConvolution(x, w, { stride: 2 }) with x = [[[1, 2]]]; w = [[[1, 10]]]
 */
export function transposedConvolution(
  x: Tensor,
  w: Tensor,
  options: TransposedConvolutionOptions = {},
): Tensor {
  const what = "transposedConvolution";
  checkNames(what, options, ["stride", "padding", "outputPadding", "dilation", "groups"]);
  const { a, b, axes, groups, dilation, stride, isAlone } = sides(what, x, w, options);
  const [from = 0, outputs = 0, ...window] = b.shape;
  const channels = a.shape[1] ?? 0;
  if (from !== channels || channels % groups !== 0) {
    fail("shape-mismatch", {
      message: `${what} cannot apply weights ${formatShape(w.shape)} to ${formatShape(x.shape)}${groups === 1 ? "" : ` in ${groups} groups`}.`,
      expected: `weights [channels, outputs / groups, …window] for ${channels} channels${groups === 1 ? "" : ", which the groups divide"}`,
      found: formatShape(w.shape),
    });
  }
  const padding = perAxis(what, "padding", options.padding ?? 0, axes, 0);
  const more = perAxis(what, "outputPadding", options.outputPadding ?? 0, axes, 0);
  for (const [extra, by, gap] of zip(more, stride, dilation)) {
    if (extra < Math.max(by, gap)) continue;
    fail("bad-argument", {
      message: `${what} adds less than a step at the end.`,
      expected: `an outputPadding below the stride ${by} or the dilation ${gap}`,
      found: shown(extra),
    });
  }
  const sizes = a.shape.slice(2);
  const full = zip(sizes, window, stride, dilation).map(
    ([size, k, by, gap], axis) =>
      (size - 1) * by - 2 * (padding[axis] ?? 0) + gap * (k - 1) + (more[axis] ?? 0) + 1,
  );
  if (sizes.some((n) => n < 1) || full.some((n) => n < 1)) {
    fail("shape-mismatch", {
      message: `${what} leaves nothing of its output: the padding cuts off more than there is.`,
      expected: "a size of at least 1 along each axis",
      found: `${formatShape(full)} from ${formatShape(sizes)}`,
    });
  }
  const reach = zip(window, dilation).map(([k, gap]) => (k - 1) * gap);
  const wide = widened(a, {
    before: [0, 0, ...zip(reach, padding).map(([r, p]) => r - p)],
    after: [0, 0, ...zip(reach, padding, more).map(([r, p, m]) => r - p + m)],
    interior: [0, 0, ...stride.map((by) => by - 1)],
  });
  const weights = reshape(b, [groups, channels / groups, outputs, ...window]);
  const turned = flip(exchanged(weights), spatial(weights));
  const steps = { stride: ones(axes.length), dilation };
  const joined = ungrouped(node(convolutionOp, [grouped(wide, groups), turned], steps));
  return isAlone ? reshape(joined, joined.shape.slice(1)) : joined;
}

const evenly = (pads: Shape) => ({ before: pads, after: pads });

/** [batch, groups·channels, …] as [groups, batch, channels, …], and back. */
function grouped(x: Tensor, groups: number): Tensor {
  const [batch = 0, channels = 0, ...sizes] = x.shape;
  return exchangedFirst(reshape(x, [batch, groups, channels / groups, ...sizes]));
}
function ungrouped(y: Tensor): Tensor {
  const [groups = 0, batch = 0, outputs = 0, ...sizes] = y.shape;
  return reshape(exchangedFirst(y), [batch, groups * outputs, ...sizes]);
}
const exchangedFirst = (x: Tensor): Tensor => {
  const [a = 0, b = 0, ...others] = x.shape.map((_, axis) => axis);
  return transpose(x, [b, a, ...others]);
};

/** Both sides in one type, the input with a batch's axis; and what the options say, axis by axis. */
function sides(what: string, x: Tensor, w: Tensor, options: ConvolutionOptions | object) {
  const { stride = 1, dilation = 1, groups = 1 } = options as ConvolutionOptions;
  const count = asTensor(what, w).rank - 2;
  const isAlone = asTensor(what, x).rank === count + 1;
  if (count < 1 || (x.rank !== count + 2 && !isAlone)) {
    fail("shape-mismatch", {
      message: `${what} needs weights with one axis for each axis of a window, and an input with as many.`,
      expected: "an input [batch, channels, …sizes] and weights [outputs, channels, …window]",
      found: `${formatShape(x.shape)} and ${formatShape(w.shape)}`,
    });
  }
  if (!Number.isInteger(groups) || groups < 1) {
    fail("bad-argument", {
      message: `${what} needs a number of groups.`,
      expected: "a whole number ≥ 1",
      found: shown(groups),
    });
  }
  const dtype = promote(promote(x.dtype, w.dtype), "i32");
  const axes = w.shape.slice(2).map((_, axis) => axis);
  const a = cast(isAlone ? reshape(x, [1, ...x.shape]) : x, dtype);
  return {
    ...{ a, b: cast(w, dtype), axes, groups, isAlone },
    stride: perAxis(what, "stride", stride, axes, 1),
    dilation: perAxis(what, "dilation", dilation, axes, 1),
  };
}
