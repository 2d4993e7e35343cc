import { oneSite } from "../core/call-site.ts";
import { promote } from "../core/dtype.ts";
import { broadcastShapes } from "../core/shape.ts";
import { node, type Tensor } from "../core/tensor.ts";
import { sub } from "./arithmetic.ts";
import { broadcastTo } from "./broadcast.ts";
import { cast, toFloat } from "./cast.ts";
import { align, elementwise, none, type Operand } from "./define.ts";
import * as f from "./formula.ts";

type Way = readonly [a: Tensor, b: Tensor, t: Tensor];

export const lerpOp = elementwise<Way>({
  name: "lerp",
  value: ([a, b, t]) => {
    const way = f.sub(b, a);
    // From the nearer end, so that both ends are met exactly.
    const fromStart = f.add(a, f.mul(t, way));
    return f.decide(f.less(f.real(t), 0.5), fromStart, f.sub(b, f.mul(way, f.from(1, t))));
  },
  partials: [({ x: [, , t] }) => sub(1, t), ({ x: [, , t] }) => t, ({ x: [a, b] }) => sub(b, a)],
  law: {
    en: "The way a + t(b − a) has the slopes 1 − t in a, t in b, and b − a in t.",
    zh: "a + t(b − a) 对 a 的斜率是 1 − t，对 b 是 t，对 t 是 b − a。",
  },
  notation: {
    text: "lerp(#0, #1, #2)",
    tex: "\\operatorname{lerp}\\left(#0, #1, #2\\right)",
    precedence: 5,
    isCall: true,
  },
});

/**
 * y = a + t·(b − a): a at t = 0, b at t = 1, both exactly; with broadcasting.
 *
 * @example lerp(a, b, t) with a = [0, 10]; b = [1, 20]; t = [0.25, 0.5]
 */
export function lerp(a: Operand, b: Operand, t: Operand): Tensor {
  return oneSite(() => {
    const [x, y] = align("lerp", a, b).map(toFloat) as [Tensor, Tensor];
    const [start, way] = align("lerp", x, t);
    const dtype = promote(way.dtype, y.dtype);
    const shape = broadcastShapes(start.shape, y.shape, "lerp");
    const all = (v: Tensor): Tensor => broadcastTo(cast(v, dtype), shape);
    return node(lerpOp, [all(start), all(y), all(way)], none);
  });
}
