/** The structure of a graph: all of it but the values of what is given, as a list of numbers. */
import { entry } from "../core/at.ts";
import { type Family, familiesOf, outputOf, placeholdersOf } from "../core/body.ts";
import { nodesOf } from "../core/graph.ts";
import type { Tensor } from "../core/tensor.ts";
import { isGiven, isRead } from "../core/values.ts";

/** Equal, number by number, for graphs of one structure. */
export interface Signature {
  readonly numbers: readonly number[];
  /** Equal for equal numbers, and rarely for others. */
  readonly hash: number;
}

/** What stands for itself: operators, functions, tensors in settings. */
const identities = new WeakMap<object, number>();
const words = new Map<string, number>();
let count = 0;

function identityOf(thing: object): number {
  let id = identities.get(thing);
  if (id === undefined) identities.set(thing, (id = count++));
  return id;
}

function wordOf(text: string): number {
  let id = words.get(text);
  if (id === undefined) words.set(text, (id = words.size));
  return id;
}

/** Told apart by its first number, so that different settings never write the same. */
const kinds = {
  given: -1,
  read: -2,
  made: -3,
  list: -4,
  record: -5,
  thing: -6,
  other: -7,
  loop: -8,
} as const;

export function signatureOf(nodes: readonly Tensor[], outputs: readonly Tensor[]): Signature {
  const numbers: number[] = [];
  writeGraph(nodes, outputs, isGiven, numbers);
  let hash = numbers.length;
  for (const n of numbers) hash = (Math.imul(hash, 31) + n) | 0;
  return { numbers, hash };
}

function writeGraph(
  nodes: readonly Tensor[],
  outputs: readonly Tensor[],
  isGiven: (node: Tensor) => boolean,
  numbers: number[],
): void {
  const places = new Map<Tensor, number>();
  const families = familiesOf(nodes);
  const order = new Map<Family, number>();
  for (const [i, node] of nodes.entries()) {
    places.set(node, i);
    const { shape, inputs } = node;
    const given = isGiven(node);
    numbers.push(given ? (isRead(node) ? kinds.read : kinds.given) : kinds.made);
    numbers.push(wordOf(node.dtype), shape.length);
    for (const size of shape) numbers.push(size);
    if (given) continue;
    numbers.push(identityOf(node.op), inputs.length);
    for (const x of inputs) numbers.push(entry(places, x));
    const family = families.get(node);
    if (family === undefined) writeSettings(node.attributes, numbers);
    else {
      numbers.push(kinds.loop, order.get(family) ?? -1, family.nodes.indexOf(node));
      if (!order.has(family)) writeBody(family, numbers);
      order.set(family, order.size);
    }
  }
  for (const y of outputs) numbers.push(entry(places, y));
}

/** What all outputs of a loop together are computed from. */
function writeBody({ body, nodes }: Family, numbers: number[]): void {
  const { length, reverse, recompute, carries, slices, index, next, when } = body;
  numbers.push(length, Number(reverse), Number(recompute), carries.length, slices.length);
  const outputs = nodes.map(outputOf);
  for (const y of outputs) numbers.push(typeof y === "number" ? y : kinds.made);
  const stacked = outputs.filter((y) => typeof y !== "number");
  const roots = [...placeholdersOf(body), index, ...(when ? [when] : []), ...next, ...stacked];
  const inner = nodesOf(roots);
  // What a user's operator is made of may be something else in another body.
  if (inner.some((n) => n.op.isOpaque)) numbers.push(kinds.thing, identityOf(body));
  writeGraph(inner, roots, () => false, numbers);
}

/** A record's entries; names and values in order. */
function writeSettings(settings: object, to: number[]): void {
  for (const [name, value] of Object.entries(settings)) {
    to.push(wordOf(name));
    write(value, to);
  }
}

function write(value: unknown, to: number[]): void {
  if (typeof value === "number") to.push(value);
  else if (Array.isArray(value) || ArrayBuffer.isView(value)) {
    const list = value as ArrayLike<unknown>;
    to.push(kinds.list, list.length);
    for (let i = 0; i < list.length; i++) write(list[i], to);
  } else if (typeof value === "object" && value !== null && isPlain(value)) {
    to.push(kinds.record, Object.keys(value).length);
    writeSettings(value, to);
  } else if ((typeof value === "object" && value !== null) || typeof value === "function") {
    to.push(kinds.thing, identityOf(value));
  } else to.push(kinds.other, wordOf(`${typeof value} ${String(value)}`));
}

const isPlain = (value: object): boolean => Object.getPrototypeOf(value) === Object.prototype;

export const sameSignature = (a: Signature, b: Signature): boolean =>
  a.numbers.length === b.numbers.length && a.numbers.every((n, i) => Object.is(n, b.numbers[i]));
