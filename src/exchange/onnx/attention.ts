/**
 * Attention that an exporter has taken apart: products of queries and keys, a softmax, and a product
 * with values, all views of linear layers, become one layer again.
 */

import { at } from "../../core/at.ts";
import type { Constant } from "./constants.ts";
import type { LinearNote } from "./dense.ts";
import { factorsIn, type Piece, sameAxis, type View } from "./pieces.ts";
import {
  chosen,
  type GraphReader,
  type GraphValue,
  noLayer,
  parameterValue,
  type Scores,
} from "./reader.ts";

/** What is remembered of an attention whose last matrix has not come yet. */
interface AttendedNote {
  readonly kind: "attended";
  readonly input: Piece;
  readonly heads: number;
  readonly causal: boolean;
  readonly weight: Constant;
  readonly bias: Constant | undefined;
}

export const queriesByKeys = (query: View, key: View): Scores => ({
  kind: "scores",
  query,
  key,
  scale: query.scale * key.scale,
  softmax: false,
});

/** Scores with what is added to them: a mask. */
export function withMask(scores: Scores, mask: GraphValue | undefined): Scores {
  if (scores.softmax || scores.mask) return noLayer("its scores are added to twice");
  return mask?.kind === "constant"
    ? { ...scores, mask }
    : noLayer("a mask is computed from the input");
}

/** Whether a mask hides what stands behind each place, and nothing else; none where it is neither. */
function isCausal(mask: Constant | undefined, places: number): boolean {
  if (mask === undefined) return false;
  const [rows, columns] = mask.shape.slice(-2);
  const square = rows === places && columns === places && mask.data.length === places * places;
  const values = Array.from(mask.data);
  if (values.every((v) => v === 0)) return false;
  const right = values.every((v, i) => {
    const hidden = i % places > Math.floor(i / places);
    return hidden ? v <= -1e9 : v === 0;
  });
  return square && right ? true : noLayer("its mask is no causal one");
}

/** A projection: its matrix and bias, rows of a larger one where it is a part. */
interface Projection {
  readonly input: Piece;
  readonly weight: Constant;
  readonly bias: Constant | undefined;
}

/** The linear layer that a view shows, or one of three equal parts of it. */
function projection(v: View, features: number, place: number): Projection {
  const { piece } = v;
  const [layer] = piece.layers;
  const input = piece.from[0];
  if (layer?.name !== "linear" || piece.layers.length !== 1 || input === undefined)
    return noLayer("queries, keys and values come from no linear layers");
  const find = (name: string): Constant | undefined => {
    const value = piece.values.find(([, own]) => own === name)?.[2];
    return value && { kind: "constant", shape: value.shape, data: value.data, whole: false };
  };
  const [weight, bias] = [find("weight"), find("bias")];
  if (weight === undefined) return noLayer("queries, keys and values come from no linear layers");
  const rows = at(weight.shape, 0);
  const index = v.pick?.index ?? 0;
  if (v.pick ? rows !== 3 * features || index !== place : rows !== features)
    noLayer("its heads are arranged otherwise");
  if (v.pick && factorsIn(at(piece.axes, piece.axes.length - 1))[0] !== v.pick.factor)
    noLayer("its heads are arranged otherwise");
  const columns = at(weight.shape, 1);
  const data = (weight.data as Float32Array).slice(
    index * features * columns,
    (index + 1) * features * columns,
  );
  return {
    input,
    weight: { ...weight, shape: [features, columns], data },
    bias: bias && {
      ...bias,
      shape: [features],
      data: (bias.data as Float32Array).slice(index * features, (index + 1) * features),
    },
  };
}

/** Factors of [batch, heads, places, part] or [batch · heads, places, part], as a list each. */
function parts(v: View, turned: boolean) {
  const axes = v.axes.map((axis) => factorsIn(axis));
  const order = turned
    ? [...axes.slice(0, -2), at(axes, axes.length - 1), at(axes, axes.length - 2)]
    : axes;
  const places = at(order, order.length - 2);
  const part = at(order, order.length - 1);
  const lead = order.slice(0, -2).flat();
  return { lead, places, part };
}

const product = (list: readonly { readonly size: number }[]): number =>
  list.reduce((n, f) => n * f.size, 1);

/** What an attention makes of its values. */
export function attended(r: GraphReader, scores: Scores, value: View): View {
  const { query, key, mask } = scores;
  if (!scores.softmax) return noLayer("a product of three is no attention");
  const [q, k, v] = [parts(query, false), parts(key, true), parts(value, false)];
  const batch = at(query.piece.axes, 0)[0];
  const heads = product(q.lead.filter((f) => f !== batch));
  const size = product(q.part);
  const features = heads * size;
  const places = product(q.places);
  const ordered = [q, k, v].every(
    ({ lead, part }) =>
      lead[0] === batch && product(lead) === r.batch * heads && product(part) === size,
  );
  if (!ordered) return noLayer("its heads are arranged otherwise");
  if (Math.abs(scores.scale * Math.sqrt(size) - 1) > 1e-5)
    return noLayer(`its scores are multiplied by ${scores.scale}, not by 1/√${size}`);
  const [a, b, c] = [query, key, value].map((view, i) => projection(view, features, i));
  if (!a || !b || !c || a.input !== b.input || a.input !== c.input)
    return noLayer("its queries, keys and values come from different places");
  // Heads stand before their parts in the features, and places in one axis of the input.
  const input = a.input;
  for (const [view, own] of [
    [query, q],
    [key, k],
    [value, v],
  ] as const) {
    const tail = factorsIn(at(view.piece.axes, view.piece.axes.length - 1));
    const wanted = [...own.lead.filter((f) => f !== batch), ...own.part];
    const found = view.pick ? tail.slice(1) : tail;
    const inOrder = wanted.length === found.length && wanted.every((f, i) => f === found[i]);
    const steps = view.piece.axes.length === 3 && sameAxis(own.places, at(view.piece.axes, 1));
    if (!inOrder || !steps || value.scale !== 1) return noLayer("its heads are arranged otherwise");
  }
  const all = [a, b, c];
  const join = (list: readonly (Constant | undefined)[]): Float32Array =>
    Float32Array.from(list.flatMap((own) => (own ? Array.from(own.data) : [])));
  const bias = all.every((p) => p.bias) ? join(all.map((p) => p.bias)) : undefined;
  if (!bias && all.some((p) => p.bias)) return noLayer("some of its projections have a bias");
  const note: AttendedNote = {
    kind: "attended",
    input,
    heads,
    causal: isCausal(mask, places),
    weight: { ...a.weight, shape: [3 * features, features], data: join(all.map((p) => p.weight)) },
    bias: bias && { ...a.weight, shape: [3 * features], data: bias },
  };
  const last = [...v.lead.filter((f) => f !== batch), ...v.part];
  const piece = r.append(input, [chosen("identity")], [], {
    axes: [at(input.axes, 0), at(value.piece.axes, 1), last],
    incomplete: "an attention without a matrix behind it",
    note,
  });
  // Scores have the places of the query where the value has its own: they are the same here.
  const steps = at(value.piece.axes, 1);
  const axes = value.axes.map((axis, i) => (i === value.axes.length - 2 ? steps : axis));
  return { kind: "view", piece, axes, scale: 1 };
}

/** The matrix behind an attention makes it whole. */
export function outOf(r: GraphReader, x: View, weight: Constant, bias?: Constant): View {
  const note = x.piece.note as AttendedNote;
  const { input, heads, causal } = note;
  const last = at(x.piece.axes, 2);
  const [features = 0, inputs = 0] = weight.shape;
  if (!sameAxis(at(x.axes, x.axes.length - 1), last) || features !== inputs)
    return noLayer("its heads are arranged otherwise");
  const waits = bias === undefined && note.bias !== undefined;
  const zeros = { ...weight, shape: [features], data: new Float32Array(features) };
  const own = bias ?? (waits ? zeros : undefined);
  const remembered: LinearNote = { kind: "linear", input: x, weight };
  const piece = r.append(
    input,
    [chosen("multiHeadAttention", { heads, causal, bias: note.bias !== undefined })],
    [
      [0, "in_proj_weight", parameterValue(note.weight.shape, note.weight.data, note.weight)],
      [0, "out_proj.weight", parameterValue(weight.shape, weight.data, weight)],
      ...(note.bias && own
        ? ([
            [0, "in_proj_bias", parameterValue(note.bias.shape, note.bias.data, note.bias)],
            [0, "out_proj.bias", parameterValue(own.shape, own.data, own)],
          ] as const)
        : []),
    ],
    { axes: input.axes, ...(waits ? { note: remembered } : {}) },
  );
  const axes = [...x.axes.slice(0, -1), at(piece.axes, 2)];
  return { kind: "view", piece, axes, scale: 1 };
}
