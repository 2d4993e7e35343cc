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
  valuesOf,
} from "../core/expression.ts";
import { isPosition } from "../core/meaning.ts";
import type { Meaning, Op } from "../core/op.ts";
import { isElements } from "../core/print.ts";
import { type Shape, sizeOf } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { isIdentity, rewriter, simplifyIndex } from "./affine.ts";

export interface NodeKind {
  readonly number: number;
  readonly meaning: Meaning;
  /** A constant, an index, or one element of an input where it stands. */
  readonly isView: boolean;
  /** The different loads of its value, and whether each is a plain one at the node's own position. */
  readonly loads: readonly Load[];
  readonly isAligned: boolean;
  /** The loop's own position, in a loop over the node's elements. */
  readonly position: Expression;
}

/** The kind of a node, which would read `inputs` in the place of its own. */
export type Kinds = (n: Tensor, inputs?: readonly Tensor[]) => NodeKind;

export function kindsOfNodes(): Kinds {
  // Operators made by a user may share a name, so the record itself counts.
  const byOperator = new Map<Op, Map<string, NodeKind>>();
  const objects = new Map<unknown, number>();
  let count = 0;
  return (n, inputs = n.inputs) => {
    let kinds = byOperator.get(n.op);
    if (kinds === undefined) byOperator.set(n.op, (kinds = new Map()));
    const key = settingsOf(n, objects) + typesOf(inputs);
    let kind = kinds.get(key);
    if (kind === undefined) {
      kind = kindOf(count++, meaningOf(n, inputs), n.shape);
      kinds.set(key, kind);
    }
    return kind;
  };
}

/** What is given when the graph runs, however it was made. */
export const inputKind = kindOf(-1, { loop: "leaf" }, []);

function kindOf(number: number, meaning: Meaning, shape: Shape): NodeKind {
  const position = offset(shape, indices(shape.length));
  if (meaning.loop === "leaf" || meaning.loop === "compose") {
    return { number, meaning, isView: false, loads: [], isAligned: false, position };
  }
  const { value } = meaning;
  const loads = subexpressions(value).filter((e) => e.kind === "load");
  return {
    number,
    meaning,
    isView: meaning.loop === "map" && isView(value),
    loads,
    isAligned:
      meaning.loop === "map" &&
      loads.every((e) => isUnconditional(e) && isIdentity(e.at, shape)) &&
      !usesIndex(value),
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

/** Whether an index is a number of the value, and not only a part of where it reads. */
const usesIndex = (e: Expression): boolean =>
  [...valuesOf([e])].some(({ kind }) => kind === "index");

function typesOf(inputs: readonly Tensor[]): string {
  let text = "";
  for (const { dtype, shape } of inputs) text += `${dtype}[${shape}]`;
  return text;
}

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
