/** Convolutions written out with operators for tensors of any kind, all of them views but for pad. */
import { at } from "../../src/core/at.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { broadcastTo } from "../../src/ops/broadcast.ts";
import { slice, transpose } from "../../src/ops/move.ts";
import { pad } from "../../src/ops/padding.ts";

interface Windows {
  /** Elements of a window, of their distances, and of windows that are left out in between. */
  readonly size: number;
  readonly dilation?: number;
  readonly stride?: number;
}

/**
 * y[…, r, o] = x[…, o·stride + r·dilation]. The axis stands several times in a row; cut into pieces
 * that are longer by the dilation, it has moved on by that much from piece to piece.
 */
export function windows(x: Tensor, { size, dilation = 1, stride = 1 }: Windows): Tensor {
  const outer = x.shape.slice(0, -1);
  const length = at(x.shape, x.rank - 1);
  const copies = size + Math.ceil((size * dilation) / length);
  const repeated = broadcastTo(x.reshape([...outer, 1, length]), [...outer, copies, length]);
  const row = repeated.reshape([...outer, copies * length]);
  const piece = length + dilation;
  const cut = slice(row, { end: [...outer, size * piece] }).reshape([...outer, size, piece]);
  const end = length - (size - 1) * dilation;
  const step = [...outer.map(() => 1), 1, stride];
  return slice(cut, { end: [...outer, size, end], step });
}

interface Settings {
  readonly stride?: number;
  readonly padding?: number;
  readonly dilation?: number;
  readonly groups?: number;
}

/** x [batch, channels, length], w [out, channels / groups, size] */
export function convolution1d(x: Tensor, w: Tensor, settings: Settings = {}): Tensor {
  const { padding = 0, groups = 1, ...rest } = settings;
  const [batch, channels] = x.shape as [number, number];
  const [out, from, size] = w.shape as [number, number, number];
  const wide = pad(x, { before: [0, 0, padding], after: [0, 0, padding] });
  const seen = windows(wide, { size, ...rest });
  const count = at(seen.shape, 3);
  const inputs = seen.reshape([batch, groups, 1, channels / groups, size, count]);
  const weights = w.reshape([1, groups, out / groups, from, size, 1]);
  return inputs
    .mul(weights)
    .sum({ axis: [3, 4] })
    .reshape([batch, out, count]);
}

/** x [batch, channels, height, width], w [out, channels / groups, rows, columns] */
export function convolution2d(x: Tensor, w: Tensor, settings: Settings = {}): Tensor {
  const { padding = 0, groups = 1, ...rest } = settings;
  const [batch, channels] = x.shape as [number, number];
  const [out, from, rows, columns] = w.shape as [number, number, number, number];
  const border = [0, 0, padding, padding];
  const across = windows(pad(x, { before: border, after: border }), { size: columns, ...rest });
  // [batch, channels, columns of the kernel, columns, height]
  const seen = windows(transpose(across, [0, 1, 3, 4, 2]), { size: rows, ...rest });
  const [width, height] = [at(seen.shape, 3), at(seen.shape, 5)];
  const inputs = transpose(seen, [0, 1, 4, 2, 5, 3]).reshape([
    ...[batch, groups, 1, channels / groups],
    ...[rows, columns, height, width],
  ]);
  const weights = w.reshape([1, groups, out / groups, from, rows, columns, 1, 1]);
  return inputs
    .mul(weights)
    .sum({ axis: [3, 4, 5] })
    .reshape([batch, out, height, width]);
}
