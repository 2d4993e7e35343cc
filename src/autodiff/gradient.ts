/**
 * Reverse mode: the gradient of a graph is a graph. The walk goes once through the nodes between
 * output and inputs, from the last to the first, asks each operator's own rule, and adds up what
 * arrives at a node that was used several times. No operator is known here by name.
 */
import { at, entry, zip } from "../core/at.ts";
import { familiesOf } from "../core/body.ts";
import { withSite } from "../core/call-site.ts";
import { isFloat } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import { dependents, nodesBetween } from "../core/graph.ts";
import type { Gradients, RuleContext } from "../core/op.ts";
import { formatShape, sameShape } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { building } from "../core/tracing.ts";
import { isRead } from "../core/values.ts";
import { add, mul } from "../ops/arithmetic.ts";
import { cast } from "../ops/cast.ts";
import { identity } from "../ops/custom.ts";
import { onesLike, zerosLike } from "../ops/leaf.ts";

/**
 * ∂E/∂x for each x of `xs`, where E = Σ upstream ⊙ y (upstream is 1 for a scalar y). An x that y
 * does not depend on has gradient 0. The derivatives are partial: an x that depends on another of
 * them counts as independent of it.
 */
export function gradient(y: Tensor, xs: readonly Tensor[], upstream?: Tensor): Tensor[] {
  if (upstream === undefined) {
    if (y.size !== 1) {
      fail("shape-mismatch", {
        message: "A gradient is taken of one number.",
        expected: "an output of size 1",
        found: `shape ${formatShape(y.shape)}`,
        where: y.site.toString() || undefined,
        fix: "Add .sum() or .mean(), or use vjp or jacobian.",
      });
    }
  } else if (!sameShape(upstream.shape, y.shape)) {
    fail("shape-mismatch", {
      message: "The upstream gradient has one entry per entry of the output.",
      expected: formatShape(y.shape),
      found: formatShape(upstream.shape),
    });
  }
  return gradients([y], xs, [upstream]);
}

/** The same for E = Σ_k Σ upstream_k ⊙ y_k: in one walk. */
export const gradients: Gradients = (...given) => building(() => walk(...given));

const walk: Gradients = (ys, xs, upstreams) => {
  for (const t of [...xs, ...ys]) requireFloat(t);
  const sources = new Set(xs);
  const outputs = new Set(ys);
  const nodes = nodesBetween(sources, ys, (node) => sources.has(node) && !outputs.has(node));
  const active = dependents(nodes, sources);
  refuseLost(ys, xs, active);
  const found = new Map<Tensor, Tensor>();
  const arrive = (node: Tensor, g: Tensor): void => {
    const sum = found.get(node);
    found.set(node, sum === undefined ? g : add(sum, g));
  };
  ys.forEach((y, k) => {
    const upstream = upstreams[k];
    withSite(y.site, () => arrive(y, upstream ? cast(upstream, y.dtype) : onesLike(y)));
  });
  const wantedOf = (node: Tensor): boolean[] =>
    node.inputs.map((input) => active.has(input) && isFloat(input.dtype));
  const pass = (node: Tensor, wanted: boolean[], all: readonly (Tensor | undefined)[]): void =>
    all.forEach((contribution, k) => {
      if (contribution !== undefined && wanted[k]) arrive(at(node.inputs, k), contribution);
    });
  const isPassed = (node: Tensor): boolean =>
    active.has(node) && (!sources.has(node) || outputs.has(node));
  const families = familiesOf(nodes);
  for (const node of [...nodes].reverse()) {
    const family = families.get(node);
    if (family) {
      // What uses any output of a loop was made after the first of them: all has arrived there.
      if (family.nodes[0] !== node || node.op.derivative.kind !== "repeat") continue;
      const { reverse } = node.op.derivative;
      const members = family.nodes.filter((member) => found.has(member) && isPassed(member));
      const upstreams = new Map(members.map((member) => [member, entry(found, member)]));
      if (members.length === 0) continue;
      withSite(node.site, () => {
        const wanted = wantedOf(node);
        pass(node, wanted, reverse(family, upstreams, wanted, gradients));
      });
      continue;
    }
    const g = found.get(node);
    if (g === undefined || !isPassed(node)) continue;
    withSite(node.site, () => {
      const wanted = wantedOf(node);
      pass(node, wanted, pullBack(node, g, wanted));
    });
  }
  return xs.map((x) => found.get(x) ?? withSite(x.site, () => zerosLike(x)));
};

/**
 * A value that was read is a leaf: where it was made after a variable, it may have depended on it.
 * Code that reads a graph and differentiates it later reads it inside of `building`.
 */
function refuseLost(
  ys: readonly Tensor[],
  xs: readonly Tensor[],
  active: ReadonlySet<Tensor>,
): void {
  const first = xs.reduce((least, { id }) => Math.min(least, id), Number.POSITIVE_INFINITY);
  const lost = ys.find((y) => isRead(y) && y.id > first && !active.has(y));
  if (lost === undefined) return;
  fail("invalid-graph", {
    message: "A gradient is taken of a value whose past was let go when it was read.",
    expected: "an output that has not been read",
    found: `${lost.dtype}${formatShape(lost.shape)}`,
  });
}

/** What a node's output gradient g contributes to the gradient of each input that is wanted. */
function pullBack(node: Tensor, g: Tensor, wanted: readonly boolean[]): (Tensor | undefined)[] {
  const r: RuleContext = { x: node.inputs, y: node, attributes: node.attributes };
  const rule = node.op.derivative;
  const each = (f: (k: number) => Tensor) => wanted.map((want, k) => (want ? f(k) : undefined));
  switch (rule.kind) {
    case "pointwise":
      return each((k) => rule.reverse?.(g, r, k) ?? mul(g, at(rule.partials, k)(r)));
    case "linear":
    case "multilinear":
      return each((k) => rule.transpose(g, r, k));
    case "general":
      return each((k) => rule.reverse(g, r, k));
    case "compose": {
      // Fresh nodes keep apart inputs that are the same tensor or depend on each other.
      const variables = node.inputs.map((x) => (isFloat(x.dtype) ? identity(x) : x));
      const real = variables.filter((x) => isFloat(x.dtype));
      const gradients = gradient(compose(node, variables), real, g);
      const gradientOf = new Map(zip(real, gradients));
      return variables.map((variable, k) => (wanted[k] ? gradientOf.get(variable) : undefined));
    }
    case "zero":
    case "leaf":
    case "repeat":
      return [];
    case "missing":
      return missing(node, rule.reason);
  }
}

/** A composite node as the operators that it stands for, over the given inputs. */
export function compose(node: Tensor, inputs: readonly Tensor[]): Tensor {
  const meaning = node.op.meaning(inputs, node, node.attributes);
  if (meaning.loop === "compose") return meaning.build(inputs);
  return missing(node, "its record declares a composition that its meaning does not give");
}

export function missing(node: Tensor, reason: string): never {
  return fail("no-derivative", {
    message: `This needs the derivative of ${node.op.name}, which has none, because ${reason}.`,
    where: node.site.toString() || undefined,
  });
}

export function requireFloat(t: Tensor): Tensor {
  if (isFloat(t.dtype)) return t;
  return fail("bad-dtype", {
    message: "Derivatives are taken of, and with respect to, real numbers.",
    expected: "f32 or f64",
    found: `${t.dtype}${formatShape(t.shape)} from ${t.op.name}`,
    where: t.site.toString() || undefined,
  });
}
