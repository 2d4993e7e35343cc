/** The structure of a graph: all of it but the values of what is given, as a list of numbers. */
import { entry } from "../core/at.ts";
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
} as const;

export function signatureOf(nodes: readonly Tensor[], outputs: readonly Tensor[]): Signature {
  const numbers: number[] = [];
  const places = new Map<Tensor, number>();
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
    writeSettings(node.attributes, numbers);
  }
  for (const y of outputs) numbers.push(entry(places, y));
  let hash = numbers.length;
  for (const n of numbers) hash = (Math.imul(hash, 31) + n) | 0;
  return { numbers, hash };
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
