/** The same graph with something wrong at some of its nodes. */
import { nodesOf } from "../../core/graph.ts";
import { over, type Tensor } from "../../core/tensor.ts";
import { add, mul } from "../../ops/arithmetic.ts";
import { cos, sin, tan } from "../../ops/transcendental.ts";
import type { Sentence } from "../derivation.ts";
import { say } from "../say.ts";
import { flow, held } from "./wrong.ts";

/** What a node is to be instead, over its new inputs; undefined where it stays. */
type Change = (node: Tensor, inputs: readonly Tensor[]) => Tensor | undefined;

export function rewritten(loss: Tensor, change: Change): Tensor {
  const made = new Map<Tensor, Tensor>();
  const of = (x: Tensor): Tensor => made.get(x) ?? x;
  for (const n of nodesOf([loss])) {
    const inputs = n.inputs.map(of);
    const same = inputs.every((x, i) => x === n.inputs[i]);
    made.set(n, change(n, inputs) ?? (same ? n : over(n, inputs)));
  }
  return of(loss);
}

/** π/180 */
const degree = 0.017453292519943295;

const angular = {
  sin: { f: sin, slope: (x: Tensor) => cos(x) },
  cos: { f: cos, slope: (x: Tensor) => mul(sin(x), -1) },
  tan: { f: tan, slope: (x: Tensor) => add(mul(tan(x), tan(x)), 1) },
} as const;
const isAngular = (name: string): name is keyof typeof angular => Object.hasOwn(angular, name);

/** Angles in degrees where they are in radians: in values, slopes, or both with the inner factor. */
export function degrees(loss: Tensor): { readonly cause: Sentence; readonly loss: Tensor }[] {
  if (!nodesOf([loss]).some(({ op }) => isAngular(op.name))) return [];
  const made = (of: (x: Tensor, name: keyof typeof angular) => Tensor): Tensor =>
    rewritten(loss, ({ op }, [x]) => (x && isAngular(op.name) ? of(x, op.name) : undefined));
  const sloped = (value: Tensor, slope: Tensor, x: Tensor) =>
    add(held(value), mul(held(slope), flow(x)));
  const turned = (x: Tensor) => mul(x, degree);
  return [
    {
      cause: say("m_degrees"),
      loss: made((x, name) => {
        const { f, slope } = angular[name];
        return sloped(f(turned(x)), slope(turned(x)), x);
      }),
    },
    {
      cause: say("m_degreesBack"),
      loss: made((x, name) => {
        const { f, slope } = angular[name];
        return sloped(f(x), slope(turned(x)), x);
      }),
    },
    { cause: say("m_degreesThroughout"), loss: made((x, name) => angular[name].f(turned(x))) },
  ];
}
