/**
 * Reverse mode through a loop: a loop in the opposite order. It carries the gradients of the carries
 * and the sums of those of the constants; each step's gradients of the sequences are a stack.
 */
import { at, zip } from "../../core/at.ts";
import { type Body, outputOf } from "../../core/body.ts";
import { dependents, nodesOf } from "../../core/graph.ts";
import type { Gradients, LoopReverse } from "../../core/op.ts";
import type { Tensor } from "../../core/tensor.ts";
import { add } from "../../ops/arithmetic.ts";
import { zerosLike } from "../../ops/leaf.ts";
import {
  changing,
  type Derived,
  derivedBody,
  found,
  likeIn,
  outputNode,
  reachedFrom,
  remembered,
} from "./derived.ts";

/** The loop of the gradients. */
interface Backward extends Derived {
  /** The carries whose gradients it carries, by number. */
  readonly carried: readonly number[];
  /** The constants whose gradients it adds up, by number. */
  readonly summed: readonly number[];
  /** The sequences whose gradients it stacks, by number. */
  readonly rows: readonly number[];
}

const backwards = /* @__PURE__ */ remembered<Backward>();

export const reverseThrough: LoopReverse = (family, upstreams, wanted, gradients) => {
  const { body, inputs } = family;
  const finals = new Map<number, Tensor>();
  const stacks = new Map<Tensor, Tensor>();
  for (const [n, g] of upstreams) {
    const output = outputOf(n);
    if (typeof output === "number") finals.set(output, plus(finals.get(output), g));
    else stacks.set(output, plus(stacks.get(output), g));
  }
  const ids = [...stacks.keys()].map(({ id }) => id);
  const key = `${wanted.map(Number)} ${[...finals.keys()]} ${ids}`;
  const made = backwards(body, key, () =>
    backward(body, wanted, [...finals.keys()], [...stacks.keys()], gradients),
  );
  const { carried, summed, rows } = made;
  if (carried.length + summed.length + rows.length === 0) return [];
  const { constants, slices } = found(family, made);
  const given = [
    ...constants,
    ...carried.map((k) => finals.get(k) ?? zerosLike(at(body.carries, k))),
    ...summed.map((k) => zerosLike(at(body.constants, k))),
    ...stacks.values(),
    ...slices,
  ];
  const contributions = new Array<Tensor | undefined>(inputs.length).fill(undefined);
  const give = (input: number, output: number | Tensor): void => {
    if (wanted[input]) contributions[input] = outputNode(family, given, made.body, output);
  };
  const first = body.constants.length;
  carried.forEach((k, i) => void give(first + k, i));
  summed.forEach((k, i) => void give(k, carried.length + i));
  rows.forEach((k, i) => void give(first + body.carries.length + k, at(made.stacks, i)));
  return contributions;
};

const plus = (sum: Tensor | undefined, g: Tensor): Tensor => (sum ? add(sum, g) : g);

function backward(
  body: Body,
  wanted: readonly boolean[],
  finals: readonly number[],
  stacks: readonly Tensor[],
  gradients: Gradients,
): Backward {
  const first = body.constants.length;
  const numbers = (of: readonly Tensor[], from: number) =>
    [...of.keys()].filter((k) => wanted[from + k]);
  const inputs = [...body.constants, ...body.carries, ...body.slices];
  const active = changing(body, new Set(inputs.filter((_, i) => wanted[i])));
  const roots = [...stacks, ...finals.map((k) => at(body.next, k))];
  const live = reachedFrom(body, roots);
  const carried = [...body.carries.keys()].filter((k) => {
    const carry = at(body.carries, k);
    return active.has(carry) && (finals.includes(k) || live.has(carry));
  });
  const isNeeded = (of: readonly Tensor[]) => (k: number) => live.has(at(of, k));
  const summed = numbers(body.constants, 0).filter(isNeeded(body.constants));
  const rows = numbers(body.slices, first + body.carries.length).filter(isNeeded(body.slices));
  const carries = carried.map((k) => at(body.carries, k));
  const constants = summed.map((k) => at(body.constants, k));
  const slices = rows.map((k) => at(body.slices, k));
  const after = carried.map((k) => at(body.next, k));
  const mark = likeIn("mark", body.index).id;
  const lambdas = carries.map((x) => likeIn(`∂${String(x.attributes.name)}`, x));
  const sums = constants.map((x) => likeIn(`∂${String(x.attributes.name)}`, x));
  const upstreams = stacks.map((x) => likeIn(`∂${x.op.name}`, x));
  const xs = [...carries, ...constants, ...slices];
  const reached = dependents(nodesOf([...after, ...stacks]), xs);
  const pairs = zip([...after, ...stacks], [...lambdas, ...upstreams]).filter(([y]) =>
    reached.has(y),
  );
  const found = gradients(
    pairs.map(([y]) => y),
    xs,
    pairs.map(([, g]) => g),
  );
  const own = found.slice(carries.length, carries.length + constants.length);
  const parts = {
    reverse: !body.reverse,
    constants: [],
    carries: [...lambdas, ...sums],
    slices: upstreams,
    next: [...found.slice(0, carries.length), ...zip(sums, own).map(([sum, g]) => add(sum, g))],
    stacks: found.slice(carries.length + constants.length),
  };
  return { ...derivedBody(body, parts, mark), carried, summed, rows };
}
