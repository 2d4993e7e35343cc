/**
 * Pass 3: groups become kernels over buffers, in an order in which every kernel finds what it
 * reads. A state (a parameter, an optimizer's slot) is written in place of its old value where no
 * kernel still needs that; else a copy at the end moves it.
 */
import { at, entry, only } from "../core/at.ts";
import { outputOf } from "../core/body.ts";
import {
  type Expression,
  index,
  indices,
  load,
  offset,
  subexpressions,
} from "../core/expression.ts";
import { type Graph, nodesOf, unbound } from "../core/graph.ts";
import { NodeMap } from "../core/node-map.ts";
import type { Tensor } from "../core/tensor.ts";
import { type Group, printGroups, reducedValue } from "./2-fuse.ts";
import { isIdentity, loadAt, rewriter } from "./affine.ts";
import { compilerFault } from "./fault.ts";
import type { Buffer, Kernel, Store } from "./program.ts";
import { type CompileBody, repetition } from "./repetition.ts";

/** Pairs [input, output] by number: the output is the next run's input. */
export type StatePairs = readonly (readonly [input: number, output: number])[];

export interface Scheduled {
  readonly kernels: readonly Kernel[];
  readonly buffers: readonly Buffer[];
  readonly inputs: readonly Buffer[];
  readonly outputs: readonly Buffer[];
  /** The nodes whose terms a kernel reduces or scatters. */
  readonly reduces: ReadonlyMap<Kernel, readonly Tensor[]>;
  readonly constants: ReadonlyMap<Tensor, Buffer>;
}

interface Settings {
  readonly state: StatePairs;
  /** The inputs, by number, that have their places elsewhere. */
  readonly outside: readonly number[];
  readonly compile: CompileBody;
}

export function schedule(
  groups: readonly Group[],
  graph: Graph,
  outputs: readonly Tensor[],
  { state, outside, compile }: Settings,
): Scheduled {
  const writer = new NodeMap<Group>();
  const readers = new NodeMap<Group[]>();
  for (const group of groups) {
    for (const n of group.values.keys()) writer.set(n, group);
    for (const x of group.reads) {
      const known = readers.get(x);
      if (known) known.push(group);
      else readers.set(x, [group]);
    }
  }
  const inPlace = new Map<Tensor, Tensor>();
  for (const [i, o] of state) {
    const [old, next] = [at(graph.inputs, i), at(outputs, o)];
    const group = writer.get(next);
    const taken = [...inPlace.values()].includes(old);
    if (group === undefined || inPlace.has(next) || taken) continue;
    if (outputs.filter((t) => t === next).length > 1) continue;
    if (old.dtype === next.dtype && readsInPlace(group, old)) inPlace.set(next, old);
  }
  const order = arrange(groups, writer, readers, inPlace);
  const settings = { state, outside, compile };
  return assemble(order, graph, outputs, settings, { writer, readers, inPlace });
}

/** Whether the group reads the tensor, if at all, at its own position only. */
function readsInPlace(group: Group, x: Tensor): boolean {
  const k = group.reads.indexOf(x);
  if (k < 0) return true;
  if (group.repeat) return false;
  const here = (roots: readonly Expression[], extents: readonly number[]) =>
    subexpressions(roots).every(
      (e) => e.kind !== "load" || e.input !== k || isIdentity(e.at, extents),
    );
  const { body } = group;
  const places = body?.loop === "scatter" ? [body.at, body.bound.index] : [];
  const inside = body ? [body.value, ...places] : [];
  const reads = subexpressions(inside).some((e) => e.kind === "load" && e.input === k);
  return !reads && here([...group.values.values()], group.extents);
}

/** A topological order that also puts readers of an old state before the group that replaces it. */
function arrange(
  groups: readonly Group[],
  writer: NodeMap<Group>,
  readers: NodeMap<readonly Group[]>,
  inPlace: Map<Tensor, Tensor>,
): Group[] {
  const numbers = new Map<Group, number>();
  for (const [i, group] of groups.entries()) numbers.set(group, i);
  const numberOf = (group: Group): number => entry(numbers, group);
  for (;;) {
    /** By which group each was met last. */
    const met = new Map<Group, Group>();
    const before = groups.map((group): readonly number[] => {
      const found: number[] = [];
      const meet = (other: Group | undefined): void => {
        if (other === undefined || other === group || met.get(other) === group) return;
        met.set(other, group);
        found.push(numberOf(other));
      };
      for (const x of group.reads) meet(writer.get(x));
      for (const n of inPlace.size > 0 ? group.values.keys() : []) {
        const old = inPlace.get(n);
        for (const reader of (old && readers.get(old)) ?? []) meet(reader);
      }
      return found;
    });
    const { order, isDone } = sort(before);
    if (order.length === groups.length) return order.map((i) => at(groups, i));
    // Two states wait for each other: give up writing one of them in place.
    const isStuck = (group: Group): boolean => !at(isDone, numberOf(group));
    const culprit = [...inPlace.keys()].find((next) => isStuck(entry(writer, next)));
    if (culprit === undefined) {
      const stuck = groups.filter(isStuck);
      return compilerFault("Kernels wait for each other in a circle", printGroups(stuck));
    }
    inPlace.delete(culprit);
  }
}

/** Kahn's algorithm, keeping the given order where there is a choice. */
function sort(before: readonly (readonly number[])[]) {
  const after: number[][] = before.map(() => []);
  for (const [i, makers] of before.entries()) for (const b of makers) at(after, b).push(i);
  const waiting = before.map((makers) => makers.length);
  const isDone = before.map(() => false);
  const order: number[] = [];
  for (const first of before.keys()) {
    if (at(waiting, first) > 0 || at(isDone, first)) continue;
    let next = order.length;
    order.push(first);
    // What is ready stands in the order already, and frees others when it is its turn.
    for (; next < order.length; next++) {
      const group = at(order, next);
      isDone[group] = true;
      for (const later of at(after, group)) {
        const left = at(waiting, later) - 1;
        waiting[later] = left;
        if (left === 0) order.push(later);
      }
    }
  }
  return { order, isDone };
}

interface Links {
  readonly writer: NodeMap<Group>;
  readonly readers: NodeMap<readonly Group[]>;
  readonly inPlace: ReadonlyMap<Tensor, Tensor>;
}

function assemble(
  order: readonly Group[],
  graph: Graph,
  outputs: readonly Tensor[],
  { state, outside, compile }: Settings,
  { writer, readers, inPlace }: Links,
): Scheduled {
  const buffers: Buffer[] = [];
  const bufferOf = new NodeMap<Buffer>();
  const make = (n: Tensor, role: Buffer["role"], more?: Partial<Buffer>): Buffer => {
    const name = String(n.attributes.name ?? n.op.name);
    const plain: Buffer = { id: buffers.length, dtype: n.dtype, size: n.size, role, name };
    const made = more ? { ...plain, ...more } : plain;
    buffers.push(made);
    bufferOf.set(n, made);
    return made;
  };
  for (const [i, n] of graph.inputs.entries()) {
    make(n, "input", outside.includes(i) ? { isOutside: true } : undefined);
  }
  const wanted = new Set(outputs);
  const constants = new Map<Tensor, Buffer>();
  for (const n of nodesOf(outputs, (n) => bufferOf.has(n))) {
    if (bufferOf.has(n) || writer.has(n) || !(readers.has(n) || wanted.has(n))) continue;
    const meaning = n.op.meaning(n.inputs, n, n.attributes);
    if (meaning.loop !== "leaf") {
      return compilerFault(`No kernel computes ${n.op.name}`, printGroups(order));
    }
    constants.set(n, make(n, "constant", { data: meaning.data ?? unbound(n) }));
  }
  /** The results of loops, as numbers of loads, by how many reads there are. */
  const results = new Map<number, (value: Expression) => Expression>();
  const resultsAt = (number: number): ((value: Expression) => Expression) => {
    let known = results.get(number);
    if (known === undefined) {
      known = rewriter(index, (_, copied) => {
        const l = copied();
        return l.input === reducedValue ? loadAt(l, number, l.at) : l;
      });
      results.set(number, known);
    }
    return known;
  };
  const isNeeded = (n: Tensor, group: Group): boolean => {
    if (wanted.has(n)) return true;
    for (const reader of readers.get(n) ?? []) if (reader !== group) return true;
    return false;
  };
  const storesOf = (group: Group): Store[] => {
    const stores: Store[] = [];
    for (const [n, value] of group.values) {
      if (!isNeeded(n, group)) continue;
      const old = inPlace.get(n);
      const role = wanted.has(n) ? "output" : "temporary";
      const buffer = make(n, role, old && { inPlaceOf: entry(bufferOf, old) });
      // What no loop has reduced stays as it is.
      stores.push({
        buffer,
        value: group.loop === "map" ? value : resultsAt(group.reads.length)(value),
      });
    }
    return stores;
  };
  const kernelOf = (group: Group): Kernel => {
    const { body, extents } = group;
    const stores = storesOf(group);
    const reads = group.reads.map(
      (x) =>
        bufferOf.get(x) ??
        compilerFault(
          `The group shown first reads ${x.op.name}, which has no buffer`,
          printGroups([group, ...order]),
        ),
    );
    const { site } = group.root;
    const where = () => site.toString();
    if (group.repeat) {
      const { body, inputs } = group.repeat;
      const needed = [...group.values.keys()].filter((n) => isNeeded(n, group));
      const repeat = repetition({
        ...{ body, stores, compile },
        outputs: needed.map(outputOf),
        inputs: inputs.map((x) => entry(bufferOf, x)),
        make: (b) => {
          const made = { ...b, id: buffers.length };
          buffers.push(made);
          return made;
        },
      });
      return { loop: "repeat", extents, reads, stores, where, repeat };
    }
    if (body === undefined) return { loop: "map", extents, reads, stores, where };
    const { value } = body;
    switch (body.loop) {
      case "reduce": {
        const { over, combine } = body;
        const { dtype } = value;
        return { loop: "reduce", extents, over, combine, dtype, value, reads, stores, where };
      }
      case "scan":
        return { ...body, extents, reads, stores: [only(stores)], where };
      case "order":
        return { ...body, extents, reads, stores: [only(stores)], where };
      case "scatter":
        return { ...body, extents, reads, stores: [only(stores)], where };
    }
  };
  const reduces = new Map<Kernel, readonly Tensor[]>();
  const kernels = order.map((group) => {
    const kernel = kernelOf(group);
    if (group.reduces) reduces.set(kernel, group.reduces);
    return kernel;
  });
  const copy = (
    from: Buffer,
    n: Tensor,
    more: Partial<Buffer>,
  ): { made: Buffer; kernel: Kernel } => {
    const { dtype, size, name } = from;
    const made: Buffer = { id: buffers.length, dtype, size, role: "output", name, ...more };
    buffers.push(made);
    const value = load(0, dtype, offset([size], indices(1)));
    const where = () => n.site.toString();
    const stores = [{ buffer: made, value }];
    return { made, kernel: { loop: "map", extents: [size], reads: [from], stores, where } };
  };
  const old = (i: number): Buffer => entry(bufferOf, at(graph.inputs, i));
  const changing = state.filter(([i, o]) => graph.inputs[i] !== outputs[o]);
  const replaced = new Set(changing.map(([i]) => old(i)));
  // A state's old value that is also another output is put by before anything replaces it.
  const saved: Kernel[] = [];
  const written = outputs.map((n) => {
    const buffer = entry(bufferOf, n);
    if (!replaced.has(buffer)) return buffer;
    const { made, kernel } = copy(buffer, n, {});
    saved.push(kernel);
    return made;
  });
  const copies = changing.flatMap(([i, o]): Kernel[] => {
    const [from, to] = [at(written, o), old(i)];
    if (from.inPlaceOf === to) return [];
    const { made, kernel } = copy(from, at(outputs, o), { inPlaceOf: to });
    written[o] = made;
    return [kernel];
  });
  const inputs = graph.inputs.map((n) => entry(bufferOf, n));
  const all = [...saved, ...kernels, ...copies];
  return { kernels: all, buffers, inputs, outputs: written, reduces, constants };
}
