/**
 * Forward mode: tangents are pushed through the graph along with the values. Each rule is used in
 * its own form, not as the transpose of the reverse rule, so that the two modes check each other.
 */
import { at, zip } from "../core/at.ts";
import { familiesOf } from "../core/body.ts";
import { withSite } from "../core/call-site.ts";
import { isFloat } from "../core/dtype.ts";
import { nodesBetween } from "../core/graph.ts";
import type { PushForward, RuleContext } from "../core/op.ts";
import { node as apply, type Tensor } from "../core/tensor.ts";
import { building } from "../core/tracing.ts";
import { add, mul } from "../ops/arithmetic.ts";
import { cast } from "../ops/cast.ts";
import { identity } from "../ops/custom.ts";
import { zerosLike } from "../ops/leaf.ts";
import { compose, gradient, missing, requireFloat } from "./gradient.ts";

/** dy = Σ_x ∂y/∂x · tangent of x, for each y: a graph over the same inputs. */
export const pushForward: PushForward = (...given) => building(() => walk(...given));

const walk: PushForward = (ys, xs, tangents) => {
  for (const t of [...xs, ...ys]) requireFloat(t);
  const known = new Map(zip(xs, tangents).map(([x, t]) => [x, cast(t, x.dtype)]));
  const nodes = nodesBetween(new Set(xs), ys, (n) => known.has(n));
  const families = familiesOf(nodes);
  for (const node of nodes) {
    const family = families.get(node);
    // Of a loop, all outputs at once: with the first, whatever its type.
    if (family ? family.nodes[0] !== node : known.has(node) || !isFloat(node.dtype)) continue;
    const inner = node.inputs.map((input) => known.get(input));
    if (inner.every((t) => t === undefined)) continue;
    const { derivative } = node.op;
    if (family && derivative.kind === "repeat") {
      const found = withSite(node.site, () => derivative.forward(family, inner, pushForward));
      for (const [member, tangent] of found) if (!known.has(member)) known.set(member, tangent);
      continue;
    }
    const tangent = withSite(node.site, () => push(node, inner));
    if (tangent !== undefined) known.set(node, tangent);
  }
  return ys.map((y) => known.get(y) ?? zerosLike(y));
};

/** The tangent of a node's output from those of its inputs (undefined stands for 0). */
function push(node: Tensor, tangents: readonly (Tensor | undefined)[]): Tensor | undefined {
  const r: RuleContext = { x: node.inputs, y: node, attributes: node.attributes };
  const rule = node.op.derivative;
  const total = (term: (t: Tensor, k: number) => Tensor) =>
    tangents
      .flatMap((t, k) => (t === undefined ? [] : [term(t, k)]))
      .reduce<Tensor | undefined>((sum, t) => (sum ? add(sum, t) : t), undefined);
  switch (rule.kind) {
    case "pointwise":
      return total((t, k) => mul(t, at(rule.partials, k)(r)));
    case "linear":
      // f(x + dx) = f(x) + f(dx): the operator itself, applied to the tangents.
      return apply(
        node.op,
        node.inputs.map((x, k) => (isFloat(x.dtype) ? (tangents[k] ?? zerosLike(x)) : x)),
        node.attributes,
      );
    case "multilinear":
      return total((t, k) =>
        apply(
          node.op,
          node.inputs.map((x, j) => (j === k ? t : x)),
          node.attributes,
        ),
      );
    case "general":
      return (
        rule.forward?.(
          node.inputs.map((x, k) => tangents[k] ?? zerosLike(x)),
          r,
        ) ?? transposed(node, tangents)
      );
    case "compose":
      return pushForward(
        [compose(node, node.inputs)],
        node.inputs.filter((_, k) => tangents[k] !== undefined),
        tangents.filter((t) => t !== undefined),
      )[0];
    case "zero":
    case "leaf":
    case "repeat":
      return undefined;
    case "missing":
      return missing(node, rule.reason);
  }
}

/** Where a record gives only the reverse rule: it is linear in g, so its transpose is forward. */
function transposed(node: Tensor, tangents: readonly (Tensor | undefined)[]): Tensor | undefined {
  const rule = node.op.derivative;
  if (rule.kind !== "general") return undefined;
  const r: RuleContext = { x: node.inputs, y: node, attributes: node.attributes };
  const g = identity(zerosLike(node));
  return tangents
    .flatMap((t, k) => (t === undefined ? [] : gradient(rule.reverse(g, r, k), [g], t)))
    .reduce<Tensor | undefined>((sum, t) => (sum ? add(sum, t) : t), undefined);
}
