import { at } from "../core/at.ts";
import { fail } from "../core/errors.ts";
import { Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";

/** Tensors in arrays and records, nested at will: what a differentiated function may take. */
export type Tree = Tensor | readonly Tree[] | { readonly [name: string]: Tree };

/** The tensors of a tree, in a fixed order; `rule` says why there must not be anything else. */
export function leaves(
  tree: Tree,
  rule = "A function is differentiated with respect to tensors.",
): Tensor[] {
  if (tree instanceof Tensor) return [tree];
  if (typeof tree !== "object" || tree === null) {
    return fail("bad-argument", {
      message: rule,
      expected: "a tensor, or arrays and records of tensors",
      found: shown(tree),
      fix: "Wrap numbers: tensor(0.5).",
    });
  }
  return Object.values(tree).flatMap((inner: Tree) => leaves(inner, rule));
}

/** The same tree with other tensors, in the order of `leaves`. */
export function rebuild<T extends Tree>(tree: T, tensors: readonly Tensor[]): T {
  let next = 0;
  const walk = (t: Tree): Tree => {
    if (t instanceof Tensor) return at(tensors, next++);
    if (Array.isArray(t)) return t.map(walk);
    return Object.fromEntries(Object.entries(t).map(([name, inner]) => [name, walk(inner)]));
  };
  return walk(tree) as T;
}
