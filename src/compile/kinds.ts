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
import type { Meaning, Op } from "../core/op.ts";
import { isElements } from "../core/print.ts";
import { type Shape, sizeOf } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { rewriter, simplifyIndex } from "./affine.ts";

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
}

export interface Kinds {
  /** The kind of a node, which would read `inputs` in the place of its own. */
  (n: Tensor, inputs?: readonly Tensor[]): NodeKind;
  /** Says the kind of a node that has been made. */
  remember(n: Tensor, kind: NodeKind): void;
}

export function kindsOfNodes(): Kinds {
  // Operators made by a user may share a name, so the record itself counts.
  const byOperator = new Map<Op, Map<string, NodeKind>>();
  const objects = new Map<unknown, number>();
  const byNode = new Map<Tensor, NodeKind>();
  const types = new Map<string, number>();
  const typesOfInputs = new Map<Tensor, number>();
  let count = 0;
  const typeOf = ({ dtype, shape }: Tensor): number => {
    const text = `${dtype}[${shape}]`;
    const type = types.get(text) ?? types.size;
    types.set(text, type);
    return type;
  };
  const typeRead = (x: Tensor): number => {
    let type = byNode.get(x)?.type ?? typesOfInputs.get(x);
    if (type === undefined) typesOfInputs.set(x, (type = typeOf(x)));
    return type;
  };
  const kinds = (n: Tensor, inputs = n.inputs): NodeKind => {
    const own = inputs === n.inputs;
    const known = own ? byNode.get(n) : undefined;
    if (known) return known;
    let kinds = byOperator.get(n.op);
    if (kinds === undefined) byOperator.set(n.op, (kinds = new Map()));
    let key = settingsOf(n, objects);
    for (const x of inputs) key += `:${typeRead(x)}`;
    let kind = kinds.get(key);
    if (kind === undefined) {
      kind = kindOf(count++, typeOf(n), meaningOf(n, inputs), n.shape);
      kinds.set(key, kind);
    }
    if (own) byNode.set(n, kind);
    return kind;
  };
  return Object.assign(kinds, {
    remember: (n: Tensor, kind: NodeKind): void => void byNode.set(n, kind),
  });
}

/** What is given when the graph runs, however it was made. */
export const inputKind = kindOf(-1, -1, { loop: "leaf" }, []);

function kindOf(number: number, type: number, meaning: Meaning, shape: Shape): NodeKind {
  const position = offset(shape, indices(shape.length));
  if (meaning.loop === "leaf" || meaning.loop === "compose") {
    return { number, type, meaning, isView: false, loads: [], position };
  }
  const { value } = meaning;
  const loads = subexpressions(value).filter((e) => e.kind === "load");
  return {
    number,
    type,
    meaning,
    isView: meaning.loop === "map" && isView(value),
    loads,
    position,
  };
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
    (e) => ({ ...e, at: simplifyIndex(e.at, n.shape) }),
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
  if (Array.isArray(value)) return `[${value.map((v) => shown(v, objects)).join()}]`;
  // Small constants are compared by value, large ones by identity.
  if (isElements(value) && value.length <= 4) {
    return value.constructor.name + shown([...value], objects);
  }
  const isObject = (typeof value === "object" && value !== null) || typeof value === "function";
  if (!isObject) return JSON.stringify(value) ?? "undefined";
  const known = objects.get(value) ?? objects.size;
  objects.set(value, known);
  return `#${known}`;
}
