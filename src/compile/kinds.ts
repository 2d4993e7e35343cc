/**
 * What nodes of one kind share. An operator's meaning follows from its settings and the types of
 * its inputs alone, so a graph of many thousand nodes has a few dozen kinds, and what follows from
 * a meaning is worked out once for each.
 */
import { isFloat } from "../core/dtype.ts";
import {
  apply,
  constant,
  type Expression,
  index,
  indices,
  type Load,
  offset,
  subexpressions,
} from "../core/expression.ts";
import { isPosition } from "../core/meaning.ts";
import { NodeMap } from "../core/node-map.ts";
import type { Meaning, Op } from "../core/op.ts";
import { isElements } from "../core/print.ts";
import { type Shape, sizeOf } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import {
  type Affine,
  type LoopPlace,
  linearForm,
  loadAt,
  rewriter,
  simplifyIndex,
} from "./affine.ts";
import { numbersOfPairs } from "./pairs.ts";

type OwnPlace = LoopPlace & { readonly written: Expression };

export interface NodeKind {
  readonly number: number;
  /** The number of the type of what it makes. */
  readonly type: number;
  readonly meaning: Meaning;
  /** A constant, an index, or one element of an input where it stands. */
  readonly isView: boolean;
  /** The different loads of its value. */
  readonly loads: readonly Load[];
  /** The loop's own position, in a loop over the node's elements. */
  readonly position: Expression;
  readonly place: OwnPlace;
  /** What its loop runs over, and where it reads in it, where that is linear. */
  readonly extents: Shape;
  readonly forms: Map<Load, Affine | undefined>;
}

export interface Kinds {
  /** The kind of a node, which would read `inputs` in the place of its own. */
  (n: Tensor, inputs?: readonly Tensor[]): NodeKind;
  /** Says the kind of a node that has been made. */
  remember(n: Tensor, kind: NodeKind): void;
}

export function kindsOfNodes(): Kinds {
  // Operators made by a user may share a name, so the record itself counts.
  const byOperator = new Map<Op, Map<string, number>>();
  const objects = new Map<unknown, number>();
  const byNode = new NodeMap<NodeKind>();
  const types = new Map<string, number>();
  const typesOfInputs = new NodeMap<number>();
  const known = new Map<number, NodeKind>();
  const pair = numbersOfPairs();
  /** Own positions, by type: equal loops share theirs. */
  const places = new Map<number, OwnPlace>();
  let count = 0;
  const typeOf = ({ dtype, shape }: Tensor): number => numbered(types, `${dtype}[${shape}]`);
  const typeRead = (x: Tensor): number => {
    let type = byNode.get(x)?.type ?? typesOfInputs.get(x);
    if (type === undefined) typesOfInputs.set(x, (type = typeOf(x)));
    return type;
  };
  const kinds = (n: Tensor, inputs = n.inputs): NodeKind => {
    const own = inputs === n.inputs;
    const before = own ? byNode.get(n) : undefined;
    if (before) return before;
    let settings = byOperator.get(n.op);
    if (settings === undefined) byOperator.set(n.op, (settings = new Map()));
    const text = settingsOf(n, objects);
    let key = settings.get(text);
    // What no inputs follow is told apart from what one of them follows.
    if (key === undefined) settings.set(text, (key = pair(-1, count++)));
    for (const x of inputs) key = pair(key, typeRead(x));
    let kind = known.get(key);
    if (kind === undefined) {
      const type = typeOf(n);
      let place = places.get(type);
      if (place === undefined) places.set(type, (place = ownPlace(n.shape)));
      kind = kindOf(key, type, meaningOf(n, inputs), n.shape, place);
      known.set(key, kind);
    }
    if (own) byNode.set(n, kind);
    return kind;
  };
  return Object.assign(kinds, {
    remember: (n: Tensor, kind: NodeKind): void => void byNode.set(n, kind),
  });
}

/** A number for each key, counted as they come. */
export function numbered<K>(numbers: Map<K, number>, key: K): number {
  let number = numbers.get(key);
  if (number === undefined) numbers.set(key, (number = numbers.size));
  return number;
}

/** What is given when the graph runs, however it was made. */
export const inputKind = kindOf(-1, -1, { loop: "leaf" }, [], ownPlace([]));

/** The element at a loop's own position. */
function ownPlace(shape: Shape): OwnPlace {
  const position = offset(shape, indices(shape.length));
  return { form: linearForm(position, shape), written: position };
}

function kindOf(
  number: number,
  type: number,
  meaning: Meaning,
  shape: Shape,
  place: OwnPlace,
): NodeKind {
  const position = place.written;
  const forms: NodeKind["forms"] = new Map();
  let extents = shape;
  if (meaning.loop === "leaf" || meaning.loop === "compose" || meaning.loop === "repeat") {
    return { number, type, meaning, isView: false, loads: [], position, place, extents, forms };
  }
  const { value } = meaning;
  if (meaning.loop === "reduce") extents = [...shape, ...meaning.over];
  else if (meaning.loop === "scatter") extents = meaning.over;
  const loads = subexpressions(value).filter((e) => e.kind === "load");
  return {
    number,
    type,
    meaning,
    isView: meaning.loop === "map" && isView(value),
    loads,
    position,
    place,
    extents,
    forms,
  };
}

/** The place of a load in the loop of its kind, as a linear form where it is one. */
export function formIn({ forms, extents }: NodeKind, e: Load): Affine | undefined {
  if (forms.has(e)) return forms.get(e);
  const form = linearForm(e.at, extents);
  forms.set(e, form);
  return form;
}

/** A reduction over axes of size 1 is elementwise: its only term, joined to the neutral element. */
function meaningOf(n: Tensor, inputs: readonly Tensor[]): Meaning {
  const meaning = n.op.meaning(inputs, n, n.attributes);
  if (meaning.loop !== "reduce" || sizeOf(meaning.over) !== 1) return meaning;
  const { combine, value } = meaning;
  if (isPosition(combine)) return meaning;
  const rank = n.shape.length;
  const term = rewriter(
    (axis) => (axis < rank ? index(axis) : constant(0, "i32")),
    (_, copied) => {
      const e = copied();
      return loadAt(e, e.input, simplifyIndex(e.at, n.shape));
    },
  )(value);
  // 0 + x is x but for the sign of −0.
  const sum = combine === "sum" && isFloat(value.dtype);
  return { loop: "map", value: sum ? apply("add", term, constant(0, value.dtype)) : term };
}

/** Neither a condition nor data decide where it reads. */
export const isUnconditional = (e: Load): boolean => !e.when && !e.bound;

const isView = (e: Expression): boolean =>
  e.kind === "constant" || (e.kind === "load" && isUnconditional(e));

function settingsOf({ attributes }: Tensor, objects: Map<unknown, number>): string {
  let text = "";
  for (const name in attributes) text += `${name}=${shown(attributes[name], objects)};`;
  return text;
}

/** A setting as text: two have the same where they are the same. */
function shown(value: unknown, objects: Map<unknown, number>): string {
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
  // Small constants are compared by value, large ones by identity.
  const isSmall = isElements(value) && value.length <= 4;
  if (isSmall || Array.isArray(value)) {
    let text = isSmall ? `${value.constructor.name}[` : "[";
    for (const element of value) text += `${shown(element, objects)},`;
    return `${text}]`;
  }
  const isObject = (typeof value === "object" && value !== null) || typeof value === "function";
  return isObject ? `#${numbered(objects, value)}` : (JSON.stringify(value) ?? "undefined");
}
