/** Pieces as layers of a network file: one after another where they are, else residual or a graph. */

import type { ArrayTensor } from "../../core/array-tensor.ts";
import { at } from "../../core/at.ts";
import type { Chosen } from "../../network-file/form.ts";
import type { Piece } from "./pieces.ts";
import { chosen } from "./reader.ts";

interface Assembled {
  readonly layers: readonly Chosen[];
  readonly state: ReadonlyMap<string, ArrayTensor>;
}

/** Layers one after another as they are written, with the values of their parameters. */
class Writer {
  readonly layers: Chosen[] = [];
  readonly state: Map<string, ArrayTensor>;
  readonly prefix: string;

  constructor(state: Map<string, ArrayTensor>, prefix: string) {
    this.state = state;
    this.prefix = prefix;
  }

  /** What stands before the names of the parameters of the next layer. */
  get next(): string {
    return `${this.prefix}${this.layers.length}.`;
  }

  piece({ layers, values }: Piece): void {
    const first = this.layers.length;
    for (const [layer, name, value] of values)
      this.state.set(`${this.prefix}${first + layer}.${name}`, value);
    this.layers.push(...layers);
  }
}

/** The pieces on the way to the output, each behind those that it reads; not the input. */
function living(pieces: readonly Piece[], output: Piece): Piece[] {
  const needed = new Set<Piece>([output]);
  for (const piece of pieces.toReversed())
    if (needed.has(piece)) for (const before of piece.from) needed.add(before);
  return pieces.filter((piece) => needed.has(piece) && piece.from.length > 0);
}

/** Stretches between places where all that follows reads one value. */
function stretches(list: readonly Piece[], input: Piece): Piece[][] {
  const place = new Map(list.map((piece, i) => [piece, i]));
  const lastUse = new Map<Piece, number>();
  list.forEach((piece, i) => {
    for (const before of piece.from) lastUse.set(before, i);
  });
  const made: Piece[][] = [];
  let open: Piece[] = [];
  // The furthest place that reads anything from before the last of the stretch.
  let reach = lastUse.get(input) ?? 0;
  list.forEach((piece, i) => {
    open.push(piece);
    if (reach <= i) {
      made.push(open);
      open = [];
    }
    reach = Math.max(reach, lastUse.get(piece) ?? place.get(piece) ?? 0);
  });
  if (open.length > 0) made.push(open);
  return made;
}

/** Whether a stretch is its input and layers of it, added. */
function isResidual(list: readonly Piece[], input: Piece): readonly Piece[] | undefined {
  const last = at(list, list.length - 1);
  if (last.join !== "add" || last.from.length !== 2 || list.length < 2) return undefined;
  const inside = list.slice(0, -1);
  const end = at(inside, inside.length - 1);
  const [a, b] = last.from;
  const right = (a === input && b === end) || (a === end && b === input);
  return right ? inside : undefined;
}

const nameOf = (piece: Piece, taken: ReadonlySet<string>): string => {
  const layer = piece.layers[0]?.name ?? piece.join ?? "part";
  const words = piece.name.replace(/^.*::/, "").match(/[A-Za-z0-9_]+/g) ?? [];
  const text = words.join("_").slice(0, 40);
  const base = /^[A-Za-z_]\w*$/.test(text) && text !== "input" ? text : `${layer}_${text || "1"}`;
  let name = base;
  for (let i = 2; taken.has(name); i++) name = `${base}_${i}`;
  return name;
};

function writeGraph(writer: Writer, list: readonly Piece[], input: Piece): void {
  const names = new Map<Piece, string>([[input, "input"]]);
  const taken = new Set<string>(["input"]);
  const parts: [string, readonly Chosen[]][] = [];
  const nodes: [string, Readonly<Record<string, unknown>>][] = [];
  const prefix = writer.next;
  for (const piece of list) {
    const name = nameOf(piece, taken);
    taken.add(name);
    names.set(piece, name);
    const from = piece.from.map((own) => names.get(own) ?? "input");
    if (piece.join) {
      nodes.push([name, { join: piece.join, axis: piece.axis ?? -1, of: from }]);
      continue;
    }
    const inner = new Writer(writer.state, `${prefix}${name}.`);
    inner.piece(piece);
    parts.push([name, inner.layers]);
    nodes.push([name, { layer: name, axis: -1, of: at(from, 0) }]);
  }
  // fromEntries defines properties, so that a name such as __proto__ is a name like any other.
  writer.layers.push(
    chosen("graph", { layers: Object.fromEntries(parts), nodes: Object.fromEntries(nodes) }),
  );
}

function writeList(writer: Writer, list: readonly Piece[], input: Piece): void {
  let before = input;
  for (const stretch of stretches(list, input)) {
    const last = at(stretch, stretch.length - 1);
    const inside = isResidual(stretch, before);
    if (stretch.length === 1 && last.join === undefined) writer.piece(last);
    else if (inside) {
      const inner = new Writer(writer.state, writer.next);
      writeList(inner, inside, before);
      writer.layers.push(chosen("residual", inner.layers));
    } else writeGraph(writer, stretch, before);
    before = last;
  }
}

/** The layers that make an output of the input, and the values of their parameters. */
export function assembled(pieces: readonly Piece[], output: Piece): Assembled {
  const input = at(pieces, 0);
  const state = new Map<string, ArrayTensor>();
  const writer = new Writer(state, "");
  if (output !== input) writeList(writer, living(pieces, output), input);
  if (writer.layers.length === 0) writer.layers.push(chosen("identity"));
  return { layers: writer.layers, state };
}
