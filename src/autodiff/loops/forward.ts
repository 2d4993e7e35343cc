/** Forward mode through a loop: a loop over the tangents, in the same order. */
import { at, zip } from "../../core/at.ts";
import { type Body, type BodyOutput, outputOf, placeholdersOf } from "../../core/body.ts";
import { isFloat } from "../../core/dtype.ts";
import { dependents, nodesOf } from "../../core/graph.ts";
import type { LoopForward, PushForward } from "../../core/op.ts";
import type { Tensor } from "../../core/tensor.ts";
import { zerosLike } from "../../ops/leaf.ts";
import {
  changing,
  type Derived,
  derivedBody,
  found,
  likeIn,
  outputNode,
  remembered,
} from "./derived.ts";

/** The loop of the tangents. */
interface Tangents extends Derived {
  /** The carries that have tangents, by number. */
  readonly carried: readonly number[];
}

const tangentLoops = /* @__PURE__ */ remembered<Tangents>();

export const forwardThrough: LoopForward = (family, tangents, pushForward) => {
  const { body } = family;
  const outputs = [...new Set(family.nodes.map(outputOf))];
  const stacks = outputs.filter((y): y is Tensor => typeof y !== "number" && isFloat(y.dtype));
  const given = tangents.map((t) => t !== undefined);
  const key = `${given.map(Number)} ${stacks.map(({ id }) => id)}`;
  const made = tangentLoops(body, key, () => tangentLoop(body, given, stacks, pushForward));
  const { carried } = made;
  const { constants, slices } = found(family, made);
  const first = body.constants.length;
  const afterCarries = first + body.carries.length;
  const some = (from: number, to: number) =>
    tangents.slice(from, to).filter((t) => t !== undefined);
  const inputs = [
    ...some(0, first),
    ...constants,
    ...carried.map((k) => tangents[first + k] ?? zerosLike(at(body.carries, k))),
    ...some(afterCarries, tangents.length),
    ...slices,
  ];
  const outputOfTangent = (output: BodyOutput): BodyOutput | undefined => {
    const k = typeof output === "number" ? carried.indexOf(output) : stacks.indexOf(output);
    return typeof output === "number" ? (k < 0 ? undefined : k) : made.stacks[k];
  };
  const result = new Map<Tensor, Tensor>();
  for (const member of family.nodes) {
    const output = outputOfTangent(outputOf(member));
    if (output !== undefined) result.set(member, outputNode(family, inputs, made.body, output));
  }
  return result;
};

function tangentLoop(
  body: Body,
  given: readonly boolean[],
  stacks: readonly Tensor[],
  pushForward: PushForward,
): Tangents {
  const placeholders = placeholdersOf(body);
  const active = changing(body, new Set(placeholders.filter((_, i) => given[i])));
  const carried = [...body.carries.keys()].filter((k) => active.has(at(body.carries, k)));
  const constants = body.constants.filter((c) => active.has(c));
  const slices = body.slices.filter((s) => active.has(s));
  const xs = [...constants, ...carried.map((k) => at(body.carries, k)), ...slices];
  const mark = likeIn("mark", body.index).id;
  const tangents = xs.map((x) => likeIn(`d${String(x.attributes.name)}`, x));
  const ys = [...carried.map((k) => at(body.next, k)), ...stacks];
  const changes = dependents(nodesOf(ys), xs);
  const pushed = pushForward(
    ys.filter((y) => changes.has(y)),
    xs,
    tangents,
  );
  const byNode = new Map(
    zip(
      ys.filter((y) => changes.has(y)),
      pushed,
    ),
  );
  const found = ys.map((y) => byNode.get(y) ?? zerosLike(y));
  const [c, k] = [constants.length, constants.length + carried.length];
  const parts = {
    reverse: body.reverse,
    constants: tangents.slice(0, c),
    carries: tangents.slice(c, k),
    slices: tangents.slice(k),
    next: found.slice(0, carried.length),
    stacks: found.slice(carried.length),
  };
  return { ...derivedBody(body, parts, mark), carried };
}
