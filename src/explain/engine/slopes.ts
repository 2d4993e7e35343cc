/** Derivatives between whole tensors, as numbers. */
import { pushForward } from "../../autodiff/forward.ts";
import { gradient } from "../../autodiff/gradient.ts";
import { at, only } from "../../core/at.ts";
import type { TypedArray } from "../../core/dtype.ts";
import type { Tensor } from "../../core/tensor.ts";
import { mul } from "../../ops/arithmetic.ts";
import { sum } from "../../ops/broadcast.ts";
import { constantTensor, zerosLike } from "../../ops/leaf.ts";
import type { Element } from "./elements.ts";
import type { Trace } from "./trace.ts";

/** 1 at the place of an element, 0 elsewhere. */
export const unitAt = (e: Element): Tensor => constantTensor(unitOf(e), e.node.shape);

/** The same as numbers. */
export function unitOf({ node, index }: Element): Float64Array {
  const unit = new Float64Array(node.size);
  unit[index] = 1;
  return unit;
}

/** ∂y/∂x of every element of y by forward mode, what else has a name being constant in it. */
export function forwardSlopes(t: Trace, y: Tensor, x: Element): TypedArray {
  const others = t.stages.map((s) => s.tensor).filter((t) => t !== x.node && t !== y);
  const sources = [x.node, ...others];
  const tangents = sources.map((t) => (t === x.node ? unitAt(x) : zerosLike(t)));
  return only(t.evaluate([only(pushForward([y], sources, tangents))]));
}

/** ∂y/∂x of two elements, by the rules themselves: all other named quantities are held. */
export function slopeAt(t: Trace, y: Element, x: Element): number {
  const others = t.stages.map((s) => s.tensor).filter((s) => s !== y.node);
  const held = [x.node, ...others.filter((s) => s !== x.node)];
  const [slopes] = t.evaluate([at(gradient(sum(mul(y.node, unitAt(y))), held), 0)]);
  return at(slopes, x.index);
}
