/** What the rules build with: values by name, layers that follow them, and reasons where none does. */

import { type ArrayTensor, checkedSize } from "../../core/array-tensor.ts";
import { at } from "../../core/at.ts";
import { ChainruleError } from "../../core/errors.ts";
import type { Shape } from "../../core/shape.ts";
import { buildLayers } from "../../network-file/build.ts";
import type { Chosen } from "../../network-file/form.ts";
import { rowOf } from "../../network-file/form.ts";
import { layers as rows } from "../../network-file/layers.ts";
import type { Layer } from "../../nn/layer.ts";
import type { Constant, FoldingBudget } from "./constants.ts";
import type { Node } from "./nodes.ts";
import {
  type Axis,
  axisOfSize,
  type Factor,
  factor,
  factorsIn,
  isWhole,
  outputView,
  type ParameterValues,
  type Piece,
  sameAxis,
  type View,
  viewSizes,
} from "./pieces.ts";

/** What has no layer: which node it was, and why. */
export interface Unknown {
  readonly kind: "unknown";
  readonly node: Node;
  readonly reason: string;
}

/** A product of two views, which softmax and another product make an attention. */
export interface Scores {
  readonly kind: "scores";
  readonly query: View;
  readonly key: View;
  readonly scale: number;
  readonly mask?: Constant;
  readonly softmax: boolean;
}

export type GraphValue = Constant | View | Unknown | Scores;

/** A node for which there is no layer. */
export class NoLayer extends Error {}

/** @throws NoLayer with the reason. */
export function noLayer(reason: string): never {
  throw new NoLayer(reason);
}

/** A constant with more axes than what it meets would give that axes in front. */
export function checkRank({ shape }: Constant, { axes }: View): void {
  if (shape.length > axes.length)
    noLayer(`it meets a constant [${shape}], and its input has ${axes.length} axes`);
}

/** A layer with the options that are not as usual; the others have their defaults. */
export function chosen(name: string, options: Chosen["options"] = {}): Chosen {
  const { form } = rowOf(rows, name);
  if (form.kind !== "record") return { name, options };
  const usual = Object.entries(form.fields).flatMap(([field, { default: value }]) =>
    value === undefined ? [] : [[field, value] as const],
  );
  return { name, options: { ...Object.fromEntries(usual), ...options } };
}

/** ParameterValues of a parameter; its shape is that of the layer. */
export function parameterValue(shape: Shape, data: ArrayLike<number>, like: Constant): ArrayTensor {
  const f64 = like.data instanceof Float64Array;
  return f64
    ? { dtype: "f64", shape, data: Float64Array.from(data) }
    : { dtype: "f32", shape, data: Float32Array.from(data) };
}

/** Rows as columns. */
export function transposed({ shape, data }: Constant): Float64Array | Float32Array {
  const [rowCount = 1, columns = 1] = shape;
  const size = rowCount * columns;
  const made = data instanceof Float64Array ? new Float64Array(size) : new Float32Array(size);
  for (let i = 0; i < rowCount; i++)
    for (let j = 0; j < columns; j++) made[j * rowCount + i] = data[i * columns + j] ?? 0;
  return made;
}

/** A graph while it is read. */
export class GraphReader {
  readonly values = new Map<string, GraphValue>();
  readonly makers = new Map<string, Node>();
  readonly remarks: string[] = [];
  /** In the order in which they were made: each behind those that it reads. */
  readonly pieces: Piece[] = [];
  /** Sizes and masks are small; what is made of weights is as large as they are. */
  readonly budget: FoldingBudget = { left: 4_000_000 };
  readonly opset: number;
  readonly batch: number;
  node!: Node;

  constructor(opset: number, batch: number) {
    this.opset = opset;
    this.batch = batch;
  }

  remark(text: string): void {
    if (!this.remarks.includes(text)) this.remarks.push(text);
  }

  /** The value of an input of the node; undefined where it is left out. */
  input(i: number): GraphValue | undefined {
    const name = this.node.inputs[i];
    return name ? this.values.get(name) : undefined;
  }

  /** An input that is known; `none` where it is there and not known. */
  known(i: number, what: string): Constant | undefined {
    const value = this.input(i);
    if (value === undefined || value.kind === "constant") return value;
    return noLayer(`its ${what} is computed from the input`);
  }

  /** An input that must be known. */
  needed(i: number, what: string): Constant {
    return this.known(i, what) ?? noLayer(`it has no ${what}`);
  }

  /** An input that a layer can follow. */
  view(i = 0): View {
    const value = this.input(i);
    if (value?.kind === "view") return value;
    if (value?.kind === "unknown") return noLayer("what it reads has no layer");
    return noLayer(value ? "its input is no output of a layer" : "it has no input");
  }

  private add(piece: Piece): Piece {
    this.pieces.push(piece);
    return piece;
  }

  /** The graph's input. */
  begin(name: string, shape: Shape): View {
    const axes = [[factor(this.batch)], ...shape.map(axisOfSize)];
    const piece = { name, layers: [], values: [], from: [], shape: [1, ...shape], axes };
    return outputView(this.add(piece));
  }

  /** A layer, made: how large its output is, and what its parameters are. */
  private made(layers: readonly Chosen[], shape: Shape): Layer {
    try {
      return buildLayers(undefined, layers, shape);
    } catch (error) {
      if (error instanceof ChainruleError) return noLayer(error.message.split("\n", 1)[0] ?? "");
      throw error;
    }
  }

  /** Layers that follow a piece. */
  append(
    before: Piece,
    layers: readonly Chosen[],
    values: ParameterValues = [],
    more: Partial<Piece> = {},
  ): Piece {
    const model = this.made(layers, before.shape);
    this.checkValues(model, values);
    const shape = model.outputShape(before.shape);
    if (checkedSize(shape) === undefined) noLayer("its output is too large");
    const axes = more.axes ?? [at(before.axes, 0), ...shape.slice(1).map(axisOfSize)];
    const { name } = this.node;
    return this.add({ name, layers, values, from: [before], shape, ...more, axes });
  }

  private checkValues(model: Layer, values: ParameterValues): void {
    const given = new Map(values.map(([layer, name, value]) => [`${layer}.${name}`, value.shape]));
    for (const [name, spec] of Object.entries({ ...model.parameters, ...model.buffers })) {
      const own = given.get(name);
      if (own === undefined || own.join() !== spec.shape.join()) {
        noLayer(`its ${name.replace(/^\d+\./, "")} has the shape [${own}], not [${spec.shape}]`);
      }
    }
  }

  /** A function of each number: it does not mind where axes stand. */
  elementwise(view: View, layer: Chosen, values: ParameterValues = []): View {
    const { piece } = this.unscaled(view);
    return { ...view, scale: 1, piece: this.append(piece, [layer], values, { axes: piece.axes }) };
  }

  /** A layer along the last axis, where that is the piece's last axis, wherever the others stand. */
  alongLast(
    view: View,
    layer: Chosen,
    values: ParameterValues = [],
    more: Partial<Piece> = {},
  ): View {
    const given = this.unscaled(view);
    const last = given.axes.at(-1) ?? [];
    const fits = given.axes.length > 1 && given.pick === undefined;
    const commutes =
      fits &&
      given.piece.axes.length > 1 &&
      sameAxis(last, at(given.piece.axes, given.piece.axes.length - 1));
    const [batch, ...rows] = factorsIn(given.axes[0] ?? []);
    if (!commutes && batch?.size === this.batch && rows.length > 0) {
      // Rows of examples are one axis: with the examples apart it has layers, and is put together again.
      const apart = { ...given, axes: [[batch], rows, ...given.axes.slice(1)] };
      const made = this.alongLast(apart, layer, values, more);
      const [first = [], second = [], ...others] = made.axes;
      return { ...made, axes: [[...first, ...second], ...others] };
    }
    const piece = commutes ? given.piece : this.whole(given);
    const next = this.append(piece, [layer], values, more);
    const own = at(next.axes, next.axes.length - 1);
    // The other axes stay what they are.
    const axes = [...piece.axes.slice(0, -1), own];
    const renewed: Piece = { ...next, axes };
    this.pieces[this.pieces.length - 1] = renewed;
    return commutes
      ? { kind: "view", piece: renewed, axes: [...given.axes.slice(0, -1), own], scale: 1 }
      : outputView(renewed);
  }

  /** A layer that needs its input as it stands. */
  after(
    view: View,
    layers: readonly Chosen[],
    values: ParameterValues = [],
    more: Partial<Piece> = {},
  ): View {
    return outputView(this.append(this.whole(view), layers, values, more));
  }

  /** With a factor that waits as a layer of its own. */
  private unscaled(view: View): View {
    if (view.scale === 1) return view;
    const layer = chosen("rescale", { scale: view.scale });
    const piece = this.append(view.piece, [layer], [], { axes: view.piece.axes });
    return { ...view, piece, scale: 1 };
  }

  /** The piece whose output is this view: layers that rearrange it are added where there are none. */
  whole(given: View): Piece {
    const view = this.unscaled(given);
    if (isWhole(view)) return view.piece;
    const { piece, axes, pick } = view;
    if (pick) return this.whole(this.cutOut(view, pick));
    const sizes = viewSizes(view);
    if (sizes[0] !== this.batch) return noLayer("its first axis is not that of the examples");
    const wanted = factorsIn(axes.flat());
    const own = factorsIn(piece.axes.flat());
    if (wanted.length !== own.length || !wanted.every((f) => own.includes(f)))
      return noLayer("it reads its input several times over");
    const order = turned(piece.axes, axes);
    if (order) return this.append(piece, [chosen("permute", { axes: order })], [], { axes });
    const layers: Chosen[] = [];
    let now = piece.axes;
    if (!wanted.every((f, i) => f === own[i])) {
      // Each factor as an axis, but for those that stay together.
      const blocks: Axis[] = inAxes(wanted, piece.axes) ?? [];
      for (const f of blocks.length > 0 ? [] : wanted) {
        const last = blocks.at(-1);
        const before = last?.at(-1);
        if (last && before && own.indexOf(f) === own.indexOf(before) + 1 && blocks.length > 1)
          blocks[blocks.length - 1] = [...last, f];
        else blocks.push([f]);
      }
      const ordered = [...blocks].sort((a, b) => own.indexOf(at(a, 0)) - own.indexOf(at(b, 0)));
      const asBlocks = ordered.map((axis) => axis.reduce((n, f) => n * f.size, 1));
      if (!this.sameSizes(now, asBlocks)) layers.push(this.resized(asBlocks));
      layers.push(chosen("permute", { axes: blocks.map((axis) => ordered.indexOf(axis)) }));
      now = blocks;
    }
    if (!this.sameSizes(now, sizes)) layers.push(this.resized(sizes, now));
    return this.append(piece, layers, [], { axes });
  }

  /** With the part of an axis that it reads cut out by a layer. */
  private cutOut({ piece, axes }: View, { factor: own, index }: NonNullable<View["pick"]>): View {
    const all = piece.axes.map(factorsIn);
    const axis = all.findIndex((parts) => parts[0] === own);
    if (axis < 1) return noLayer("it reads a part of an axis, which no layer takes out");
    const rest = at(all, axis).slice(1);
    const size = rest.reduce((n, f) => n * f.size, 1);
    const side = (parts: number) =>
      Array.from({ length: all.length - axis }, (_, i) => (i === 0 ? -parts * size : 0));
    const before = side(index);
    const after = side(own.size - 1 - index);
    const cut = this.append(piece, [chosen("border", { before, after })], [], {
      axes: piece.axes.map((a, i) => (i === axis ? rest : a)),
    });
    return { kind: "view", piece: cut, axes, scale: 1 };
  }

  private sameSizes(axes: readonly Axis[], sizes: readonly number[]): boolean {
    const own = axes.map((axis) => axis.reduce((n, f) => n * f.size, 1));
    return own.length === sizes.length && own.every((n, i) => n === sizes[i]);
  }

  private resized(sizes: readonly number[], now?: readonly Axis[]): Chosen {
    if (sizes.length === 2 && (now?.length ?? 0) > 2) return chosen("flatten");
    return chosen("reshapeTo", { sizes: sizes.slice(1) });
  }

  /** Several views as one. */
  joined(views: readonly View[], join: "add" | "multiply" | "concatenate", axis?: number): View {
    const [first] = views;
    if (first === undefined) return noLayer("it joins nothing");
    // Where all stand in the same other order, that order is left for what is joined.
    const alike =
      join !== "concatenate" &&
      views.every(
        (v) =>
          v.pick === undefined &&
          v.scale === 1 &&
          v.piece.shape.join() === first.piece.shape.join() &&
          places(v) === places(first),
      );
    const from = alike ? views.map(({ piece }) => piece) : views.map((v) => this.whole(v));
    const shapes = from.map(({ shape }) => shape);
    const rank = at(shapes, 0).length;
    const own = axis === undefined ? undefined : axis < 0 ? axis + rank : axis;
    const fits = shapes.every(
      (s) => s.length === rank && s.every((n, i) => i === own || n === at(shapes, 0)[i]),
    );
    if (!fits) return noLayer(`shapes such as [${shapes[0]}] and [${shapes.at(-1)}] meet in it`);
    if (own === 0) return noLayer("it puts batches one behind the other");
    const shape = at(shapes, 0).map((n, i) =>
      i === own ? shapes.reduce((sum, s) => sum + (s[i] ?? 0), 0) : n,
    );
    const lead = at(from, 0);
    const axes =
      own === undefined ? lead.axes : [at(lead.axes, 0), ...shape.slice(1).map(axisOfSize)];
    const piece = this.add({
      ...{ name: this.node.name, layers: [], values: [], from, join, shape, axes },
      ...(own === undefined ? {} : { axis: own - rank }),
    });
    return alike ? { ...first, piece } : outputView(piece);
  }
}

/** Factors as the axes of which they are, in their own order; undefined where an axis is taken apart. */
function inAxes(wanted: readonly Factor[], axes: readonly Axis[]): Axis[] | undefined {
  const made: Axis[] = [];
  const all = axes.map(factorsIn);
  for (let i = 0; i < wanted.length; ) {
    const own = all.find(([first]) => first === wanted[i]);
    if (!own?.every((f, k) => f === wanted[i + k])) return undefined;
    made.push(own);
    i += own.length;
  }
  return made.length === axes.length ? made : undefined;
}

/** Which of its axes stand where, if each is one of them as it was; those of size 1 are alike. */
function turned(own: readonly Axis[], wanted: readonly Axis[]): number[] | undefined {
  const left = own.map((axis, i) => [axis, i] as const);
  if (own.length !== wanted.length) return undefined;
  const order = wanted.map((axis) => {
    const found = left.findIndex(([other]) => sameAxis(axis, other));
    return found < 0 ? -1 : (left.splice(found, 1)[0]?.[1] ?? -1);
  });
  return order[0] === 0 && !order.includes(-1) ? order : undefined;
}

/** Where the factors of a view stand in its piece, as text. */
function places({ piece, axes }: View): string {
  const own = factorsIn(piece.axes.flat());
  return axes.map((axis) => factorsIn(axis).map((f) => `${own.indexOf(f)}:${f.size}`)).join("|");
}
