/**
 * Any operator on a batch: its record for one more axis in front of some inputs and of the output,
 * along which it works place by place. All of it follows from the operator's own record: the meaning
 * reads at place b, and the derivative is the operator's own rule on a batch.
 */
import { at } from "../core/at.ts";
import { familiesOf } from "../core/body.ts";
import { withSite } from "../core/call-site.ts";
import { isFloat } from "../core/dtype.ts";
import { dependents, nodesBetween } from "../core/graph.ts";
import type { Attributes, Inputs, Meaning, Op, RuleContext, TensorType } from "../core/op.ts";
import { sameShape } from "../core/shape.ts";
import { node, Tensor } from "../core/tensor.ts";
import { add, mul } from "./arithmetic.ts";
import { loopOnBatch } from "./batched-loop.ts";
import {
  addsPlaces,
  type ElementLoop,
  isElementLoop,
  isPlaceByPlace,
  placesApart,
  readsAlike,
} from "./batched-meaning.ts";
import { broadcastTo, sum } from "./broadcast.ts";
import { input as placeholder } from "./leaf.ts";

/** How a node is a batch of what another operator makes. */
interface Batch {
  /** Places along the axis. */
  readonly size: number;
  /** Whether the results of all places are added up: the output has no axis for them. */
  readonly isSummed: boolean;
  /** Which inputs have the axis, in front. */
  readonly has: readonly boolean[];
}

/** Numbers alone, so that equal settings are found equal. */
const written = ({ size, isSummed, has }: Batch): readonly number[] => [
  size,
  +isSummed,
  ...has.map(Number),
];

const records = new WeakMap<Op, Op>();
/** How often a record is one on a batch of another. */
const depths = new WeakMap<Op, number>();

/** The name of the setting that says which batch; all others are those of the operator. */
const settingOf = (op: Op): string => `batch${depths.get(op) ?? 0}`;

function split(op: Op, attributes: Attributes): { own: Attributes; batch: Batch } {
  const { [settingOf(op)]: batch, ...own } = attributes;
  const [size = 0, isSummed, ...has] = batch as readonly number[];
  return { own, batch: { size, isSummed: isSummed === 1, has: has.map((h) => h === 1) } };
}

/** One place of what has places. */
const place = ({ dtype, shape }: TensorType): TensorType => ({ dtype, shape: shape.slice(1) });

const places = (inputs: readonly TensorType[], { has }: Batch): TensorType[] =>
  inputs.map((x, k) => (has[k] ? place(x) : x));

/** The record of an operator on a batch. */
function onBatch(op: Op): Op {
  const before = records.get(op);
  if (before) return before;
  const { name, law, notation, isOpaque, isHeld, range } = op;
  const record: Op = {
    ...{ name, law, notation },
    ...(isOpaque ? { isOpaque } : {}),
    ...(isHeld ? { isHeld } : {}),
    ...(range ? { range } : {}),
    infer(inputs, attributes) {
      const { own, batch } = split(op, attributes);
      const { dtype, shape } = op.infer(places(inputs, batch), own);
      return { dtype, shape: batch.isSummed ? shape : [batch.size, ...shape] };
    },
    meaning(inputs, output, attributes) {
      const { own, batch } = split(op, attributes);
      const y = batch.isSummed ? output : place(output);
      const types = places(inputs, batch);
      const meaning = op.meaning(types, y, own);
      if (isElementLoop(meaning)) return placesApart(meaning, types, y, batch);
      if (meaning.loop !== "compose") return meaning;
      return {
        loop: "compose",
        build(x) {
          const { ones, sources } = onePlace(x, batch);
          return everywhere(meaning.build(ones), sources, batch.size);
        },
      };
    },
    derivative: derivativeOf(op),
  };
  records.set(op, record);
  depths.set(record, (depths.get(op) ?? 0) + 1);
  return record;
}

/** Stands for one place of a tensor. */
const standIn = (x: TensorType): Tensor => {
  const { dtype, shape } = place(x);
  return placeholder("one place", shape, dtype);
};

/** Inputs of one place, and what they are one place of. */
function onePlace(inputs: readonly Tensor[], { has }: Pick<Batch, "has">) {
  const sources = new Map<Tensor, Tensor>();
  const ones = inputs.map((x, k) => {
    if (!has[k]) return x;
    const one = standIn(x);
    sources.set(one, x);
    return one;
  });
  return { ones, sources };
}

/** The operator's own rule, in the same form, place by place. */
function derivativeOf(op: Op): Op["derivative"] {
  const rule = op.derivative;
  /** A rule of the operator's at one place, for all of them. */
  const each = (
    r: RuleContext,
    others: readonly Tensor[],
    total: boolean,
    at: (others: readonly Tensor[], r: RuleContext) => Tensor,
    haveOthers: readonly boolean[],
  ): Tensor => {
    const { own, batch } = split(op, r.attributes);
    const x = onePlace(r.x, batch);
    const other = onePlace(others, { has: haveOthers });
    const sources = new Map([...x.sources, ...other.sources]);
    let y: Tensor;
    if (batch.isSummed) y = node(op, x.ones, own);
    else sources.set((y = standIn(r.y)), r.y);
    const found = at(other.ones, { x: x.ones, y, attributes: own });
    return total ? inAll(found, sources, batch.size) : everywhere(found, sources, batch.size);
  };
  const reverse =
    (own: (g: Tensor, r: RuleContext, input: number) => Tensor) =>
    (g: Tensor, r: RuleContext, input: number): Tensor => {
      const { batch } = split(op, r.attributes);
      const total = !batch.has[input];
      return each(r, [g], total, ([g], r) => own(g as Tensor, r, input), [!batch.isSummed]);
    };
  const forward =
    (own: (tangents: Inputs, r: RuleContext) => Tensor) =>
    (tangents: Inputs, r: RuleContext): Tensor => {
      const { batch } = split(op, r.attributes);
      return each(r, tangents, batch.isSummed, own, batch.has);
    };
  switch (rule.kind) {
    case "pointwise":
      return {
        kind: "general",
        reverse: reverse((g, r, k) => rule.reverse?.(g, r, k) ?? mul(g, at(rule.partials, k)(r))),
        forward: forward((tangents, r) =>
          tangents
            .flatMap((t, k) => (isFloat(t.dtype) ? [mul(t, at(rule.partials, k)(r))] : []))
            .reduce((a, b) => add(a, b)),
        ),
      };
    case "linear":
    case "multilinear":
      return { kind: rule.kind, transpose: reverse(rule.transpose) };
    case "general":
      return {
        kind: "general",
        reverse: reverse(rule.reverse),
        ...(rule.forward ? { forward: forward(rule.forward) } : {}),
      };
    default:
      return rule;
  }
}

/** Of what is built from one place of each source: all places, along an axis in front. */
function everywhere(one: Tensor, sources: ReadonlyMap<Tensor, Tensor>, size: number): Tensor {
  return atAllPlaces([one], sources, size).get(one) ?? broadcastTo(one, [size, ...one.shape]);
}

/** The sum over all places of what is built from one place of each source. */
function inAll(one: Tensor, sources: ReadonlyMap<Tensor, Tensor>, size: number): Tensor {
  const known = atAllPlaces([one], sources, size);
  const total = (n: Tensor): Tensor => {
    const all = known.get(n);
    if (all === undefined) return mul(n, size);
    if (sources.has(n)) return sum(all, { axis: 0 });
    if (addsPlaces(n.op.meaning(n.inputs, n, n.attributes)))
      return nodeOnBatch(n, known, { size, isSummed: true });
    // The sum of what a linear operator makes of each is what it makes of the sum.
    const passes =
      n.op.derivative.kind === "linear" &&
      n.inputs.every((x) => known.has(x) === isFloat(x.dtype)) &&
      n.inputs.every((x) => !isFloat(x.dtype) || x.dtype === n.dtype);
    if (!passes) return sum(all, { axis: 0 });
    const totals = n.inputs.map((x) => (isFloat(x.dtype) ? total(x) : x));
    return node(n.op, totals, n.attributes);
  };
  return withSite(one.site, () => total(one));
}

/**
 * Of the nodes that `outputs` are made of, those that depend on a source, each for all places: for
 * each source there is a tensor of its places, along an axis in front.
 */
export function atAllPlaces(
  outputs: readonly Tensor[],
  sources: ReadonlyMap<Tensor, Tensor>,
  size: number,
): ReadonlyMap<Tensor, Tensor> {
  const known = new Map(sources);
  const from = new Set(sources.keys());
  const nodes = nodesBetween(from, outputs, (n) => from.has(n));
  const active = dependents(nodes, from);
  const loops = familiesOf(nodes.filter((n) => active.has(n) && !from.has(n)));
  for (const n of nodes) {
    if (!active.has(n) || known.has(n)) continue;
    withSite(n.site, () => {
      const loop = loops.get(n);
      if (loop === undefined) known.set(n, nodeFor(n, known, size));
      else for (const [y, all] of loopOnBatch(loop, known, size, atAllPlaces)) known.set(y, all);
    });
  }
  return known;
}

/** A node for all places, where something that it takes has places. */
function nodeFor(n: Tensor, known: ReadonlyMap<Tensor, Tensor>, size: number): Tensor {
  if (n.op.isBatched) {
    return node(
      n.op,
      n.inputs.map((x) => known.get(x) ?? broadcastTo(x, [size, ...x.shape])),
      n.attributes,
    );
  }
  const meaning = n.op.meaning(n.inputs, n, n.attributes);
  if (meaning.loop === "compose") {
    if (n.op.derivative.kind !== "compose") return nodeOnBatch(n, known, { size });
    const sources = new Map(
      n.inputs.flatMap((x) => {
        const all = known.get(x);
        return all ? [[x, all]] : [];
      }),
    );
    return everywhere(meaning.build(n.inputs), sources, size);
  }
  return asItself(n, meaning, known, size) ?? nodeOnBatch(n, known, { size });
}

const nodeOnBatch = (
  n: Tensor,
  known: ReadonlyMap<Tensor, Tensor>,
  { size, isSummed = false }: { readonly size: number; readonly isSummed?: boolean },
): Tensor => {
  const has = n.inputs.map((x) => known.has(x));
  const inputs = n.inputs.map((x) => known.get(x) ?? x);
  const attributes = { ...n.attributes, [settingOf(n.op)]: written({ size, isSummed, has }) };
  const shape = isSummed ? n.shape : [size, ...n.shape];
  return new Tensor(onBatch(n.op), inputs, attributes, n.site, { dtype: n.dtype, shape });
};

/** The operator itself, where with the same settings it does the same to larger tensors. */
function asItself(
  n: Tensor,
  meaning: Meaning,
  known: ReadonlyMap<Tensor, Tensor>,
  size: number,
): Tensor | undefined {
  if (!isElementLoop(meaning)) return undefined;
  const spreads = isPlaceByPlace(meaning, n.inputs, n.shape);
  if (!spreads && !n.inputs.every((x) => known.has(x))) return undefined;
  const types = n.inputs.map(({ dtype, shape }) => ({ dtype, shape: [size, ...shape] }));
  const shape = [size, ...n.shape];
  const has = n.inputs.map(() => true);
  const wanted = placesApart(meaning, n.inputs, n, { size, isSummed: false, has });
  if (!isSame(n, types, { dtype: n.dtype, shape }, wanted)) return undefined;
  const inputs = n.inputs.map((x) => known.get(x) ?? broadcastTo(x, [size, ...x.shape]));
  return new Tensor(n.op, inputs, n.attributes, n.site, { dtype: n.dtype, shape });
}

/** Whether a node's operator, given inputs of these types, makes this type by this meaning. */
function isSame(
  n: Tensor,
  inputs: Inputs | TensorType[],
  y: TensorType,
  wanted: ElementLoop,
): boolean {
  try {
    const type = n.op.infer(inputs, n.attributes);
    return (
      type.dtype === y.dtype &&
      sameShape(type.shape, y.shape) &&
      readsAlike(wanted, n.op.meaning(inputs, y, n.attributes))
    );
  } catch {
    // It does not take them.
    return false;
  }
}
