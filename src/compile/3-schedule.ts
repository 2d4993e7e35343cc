/**
 * Pass 3: groups become kernels over buffers, in an order in which every kernel finds what it
 * reads. A state (a parameter, an optimizer's slot) is written in place of its old value where no
 * kernel still needs that; else a copy at the end moves it.
 */
import { at, entry, only } from "../core/at.ts";
import {
  type Expression,
  index,
  indices,
  load,
  offset,
  subexpressions,
} from "../core/expression.ts";
import { type Graph, nodesOf, unbound } from "../core/graph.ts";
import type { Tensor } from "../core/tensor.ts";
import { type Group, printGroups, reducedValue } from "./2-fuse.ts";
import { isIdentity, rewriter } from "./affine.ts";
import { compilerFault } from "./fault.ts";
import type { Buffer, Kernel, Store } from "./program.ts";

/** Pairs [input, output] by number: the output is the next run's input. */
export type StatePairs = readonly (readonly [input: number, output: number])[];

export interface Scheduled {
  readonly kernels: readonly Kernel[];
  readonly buffers: readonly Buffer[];
  readonly inputs: readonly Buffer[];
  readonly outputs: readonly Buffer[];
}

export function schedule(
  groups: readonly Group[],
  graph: Graph,
  outputs: readonly Tensor[],
  state: StatePairs,
): Scheduled {
  const writer = new Map<Tensor, Group>();
  for (const group of groups) for (const n of group.values.keys()) writer.set(n, group);
  const readers = new Map<Tensor, Set<Group>>();
  for (const group of groups) {
    for (const x of group.reads) {
      const known = readers.get(x);
      if (known) known.add(group);
      else readers.set(x, new Set([group]));
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
  return assemble(order, graph, outputs, state, { writer, readers, inPlace });
}

/** Whether the group reads the tensor, if at all, at its own position only. */
function readsInPlace(group: Group, x: Tensor): boolean {
  const k = group.reads.indexOf(x);
  if (k < 0) return true;
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
  writer: ReadonlyMap<Tensor, Group>,
  readers: ReadonlyMap<Tensor, ReadonlySet<Group>>,
  inPlace: Map<Tensor, Tensor>,
): Group[] {
  for (;;) {
    const before = new Map<Group, Set<Group>>(groups.map((g) => [g, new Set()]));
    for (const group of groups) {
      for (const x of group.reads) {
        const maker = writer.get(x);
        if (maker && maker !== group) entry(before, group).add(maker);
      }
    }
    for (const [next, old] of inPlace) {
      const replacing = entry(writer, next);
      for (const reader of readers.get(old) ?? []) {
        if (reader !== replacing) entry(before, replacing).add(reader);
      }
    }
    const { order, stuck } = sort(groups, before);
    if (stuck.size === 0) return order;
    // Two states wait for each other: give up writing one of them in place.
    const culprit = [...inPlace.keys()].find((next) => stuck.has(entry(writer, next)));
    if (culprit === undefined) {
      return compilerFault("Kernels wait for each other in a circle", printGroups([...stuck]));
    }
    inPlace.delete(culprit);
  }
}

/** Kahn's algorithm, keeping the given order where there is a choice. */
function sort(groups: readonly Group[], before: ReadonlyMap<Group, ReadonlySet<Group>>) {
  const after = new Map<Group, Group[]>();
  const waiting = new Map<Group, number>();
  for (const group of groups) {
    waiting.set(group, entry(before, group).size);
    for (const b of entry(before, group)) {
      const known = after.get(b);
      if (known) known.push(group);
      else after.set(b, [group]);
    }
  }
  const done = new Set<Group>();
  const order: Group[] = [];
  const ready: Group[] = [];
  const run = (group: Group) => {
    done.add(group);
    order.push(group);
    for (const next of after.get(group) ?? []) {
      const left = entry(waiting, next) - 1;
      waiting.set(next, left);
      if (left === 0) ready.push(next);
    }
  };
  for (const group of groups) {
    if (waiting.get(group) !== 0 || done.has(group)) continue;
    run(group);
    for (let next = ready.shift(); next; next = ready.shift()) if (!done.has(next)) run(next);
  }
  return { order, stuck: new Set(groups.filter((g) => !done.has(g))) };
}

interface Links {
  readonly writer: ReadonlyMap<Tensor, Group>;
  readonly readers: ReadonlyMap<Tensor, ReadonlySet<Group>>;
  readonly inPlace: ReadonlyMap<Tensor, Tensor>;
}

function assemble(
  order: readonly Group[],
  graph: Graph,
  outputs: readonly Tensor[],
  state: StatePairs,
  { writer, readers, inPlace }: Links,
): Scheduled {
  const buffers: Buffer[] = [];
  const bufferOf = new Map<Tensor, Buffer>();
  const make = (n: Tensor, role: Buffer["role"], more: Partial<Buffer> = {}): Buffer => {
    const name = String(n.attributes.name ?? n.op.name);
    const made = { id: buffers.length, dtype: n.dtype, size: n.size, role, name, ...more };
    buffers.push(made);
    bufferOf.set(n, made);
    return made;
  };
  for (const n of graph.inputs) make(n, "input");
  const wanted = new Set(outputs);
  for (const n of nodesOf(outputs, (n) => bufferOf.has(n))) {
    if (bufferOf.has(n) || writer.has(n) || !(readers.has(n) || wanted.has(n))) continue;
    const meaning = n.op.meaning(n.inputs, n, n.attributes);
    if (meaning.loop !== "leaf") {
      return compilerFault(`No kernel computes ${n.op.name}`, printGroups(order));
    }
    make(n, "constant", { data: meaning.data ?? unbound(n) });
  }
  /** The results of loops, as numbers of loads, by how many reads there are. */
  const results = new Map<number, (value: Expression) => Expression>();
  const resultsAt = (number: number): ((value: Expression) => Expression) => {
    let known = results.get(number);
    if (known === undefined) {
      known = rewriter(index, (l) => (l.input === reducedValue ? { ...l, input: number } : l));
      results.set(number, known);
    }
    return known;
  };
  const isNeeded = (n: Tensor, group: Group): boolean => {
    if (wanted.has(n)) return true;
    for (const reader of readers.get(n) ?? []) if (reader !== group) return true;
    return false;
  };
  const kernels = order.map((group): Kernel => {
    const reads = group.reads;
    const toRead = resultsAt(group.body ? reads.length : 0);
    const needed = [...group.values].filter(([n]) => isNeeded(n, group));
    const stores = needed.map(([n, value]): Store => {
      const old = inPlace.get(n);
      const role = wanted.has(n) ? "output" : "temporary";
      const buffer = make(n, role, old ? { inPlaceOf: entry(bufferOf, old) } : {});
      return { buffer, value: toRead(value) };
    });
    const common = {
      extents: group.extents,
      reads: reads.map(
        (x) =>
          bufferOf.get(x) ??
          compilerFault(
            `The group shown first reads ${x.op.name}, which has no buffer`,
            printGroups([group, ...order]),
          ),
      ),
      stores,
      where: () => group.root.site.toString(),
    };
    const { body } = group;
    if (body === undefined) return { ...common, loop: "map" };
    if (body.loop === "reduce") {
      return { ...common, ...body, dtype: body.value.dtype };
    }
    const result: [Store] = [only(stores)];
    return body.loop === "scan"
      ? { ...common, ...body, stores: result }
      : { ...common, ...body, stores: result };
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
  return { kernels: [...saved, ...kernels, ...copies], buffers, inputs, outputs: written };
}
