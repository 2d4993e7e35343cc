/** One recorded call of an operator, made with the functions of one build of the library. */
import type { Tensor } from "../../src/core/tensor.ts";
import type { Recorded } from "./fixtures.ts";

export interface Case {
  readonly name: string;
  readonly attributes: Readonly<Record<string, never>>;
  readonly inputs: readonly Recorded[];
  readonly output: Recorded;
  readonly upstream?: Recorded;
  readonly gradients: readonly (Recorded | null)[];
  readonly note?: string;
}

/** The library's functions by name. */
export type Functions = Readonly<Record<string, (...xs: unknown[]) => Tensor>>;

type Call = (f: Functions, xs: readonly Tensor[], attributes: Case["attributes"]) => Tensor;

/** What gives several tensors: the list, or values and indices. */
const pieces = (all: unknown) => all as readonly Tensor[];
const found = (all: unknown) => Object.values(all as Record<string, Tensor>);

/** Functions whose settings are positional; all others take them as one last argument. */
const positional: Record<string, Call> = {
  reshape: (f, [x], { shape }) => f.reshape!(x, shape),
  transpose: (f, [x], { axes }) => f.transpose!(x, axes),
  broadcastTo: (f, [x], { shape }) => f.broadcastTo!(x, shape),
  flip: (f, [x], { axis }) => f.flip!(x, axis),
  concatenate: (f, xs, { axis }) => f.concatenate!(xs, axis),
  stack: (f, xs, { axis }) => f.stack!(xs, axis),
  oneHot: (f, [x], { classes }) => f.oneHot!(x, classes, "f64"),
  roll: (f, [x], { shift, along }) => f.roll!(x, shift, along ?? undefined),
  tile: (f, [x], { repeats }) => f.tile!(x, repeats),
  repeatInterleave: (f, [x], { repeats, ...rest }) => f.repeatInterleave!(x, repeats, rest),
  splitBy: (f, [x], { size, along, k }) => pieces(f.splitBy!(x, size, along))[Number(k)]!,
  chunk: (f, [x], { count, along, k }) => pieces(f.chunk!(x, count, along))[Number(k)]!,
  tensordot: (f, [a, b], { sums }) => f.tensordot!(a, b, sums),
  topK: (f, [x], { k, part, ...rest }) => found(f.topK!(x, k, rest))[Number(part)]!,
  pixelShuffle: (f, [x], { factor }) => f.pixelShuffle!(x, factor),
  pixelUnshuffle: (f, [x], { factor }) => f.pixelUnshuffle!(x, factor),
  takeSeveral: (f, [x, ...at], { axis }) => f.take!(x, at, { axis }),
  kthValue: (f, [x], { k, part, ...rest }) => found(f.kthValue!(x, k, rest))[Number(part)]!,
  polygamma: (f, [x], { order }) => f.polygamma!(order, x),
  einsum: (f, xs, { equation }) => f.einsum!(equation, ...xs),
};

export function call(f: Functions, { name, attributes }: Case, xs: readonly Tensor[]): Tensor {
  // JSON has no infinity.
  const numbers = Object.entries(attributes).map(([option, v]) => [
    option,
    option === "p" ? Number(v) : v,
  ]);
  const settings = Object.keys(attributes).length === 0 ? [] : [Object.fromEntries(numbers)];
  const own = positional[name];
  if (own) return own(f, xs, attributes);
  const { part, ...rest } = attributes;
  if (part !== undefined) return found(f[name]!(...xs, rest))[Number(part)]!;
  return f[name]!(...xs, ...settings);
}
