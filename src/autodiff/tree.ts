import { at } from "../core/at.ts";
import { fail } from "../core/errors.ts";
import { sameShape } from "../core/shape.ts";
import { Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";

/** Tensors in arrays and records, nested at will: what a differentiated function may take. */
export type Tree = Tensor | readonly Tree[] | { readonly [name: string]: Tree };

/** The tensors of a tree, in a fixed order; `rule` says why there must not be anything else. */
export function leaves(
  tree: Tree,
  rule = "A function is differentiated with respect to tensors.",
): Tensor[] {
  const found: Tensor[] = [];
  collect(tree, rule, found);
  return found;
}

function collect(tree: Tree, rule: string, found: Tensor[]): void {
  if (tree instanceof Tensor) {
    found.push(tree);
    return;
  }
  if (typeof tree !== "object" || tree === null) {
    fail("bad-argument", {
      message: rule,
      expected: "a tensor, or arrays and records of tensors",
      found: shown(tree),
      fix: "Wrap numbers: tensor(0.5).",
    });
  }
  for (const inner of Object.values<Tree>(tree)) collect(inner, rule, found);
}

/** Whether two trees are of the same make, with tensors of the same types and shapes. */
export function sameForm(a: Tree | undefined, b: Tree | undefined): boolean {
  if (a instanceof Tensor || b instanceof Tensor)
    return a instanceof Tensor && b instanceof Tensor && sameType(a, b);
  if (a === undefined || b === undefined) return false;
  if (isList(a) || isList(b))
    return isList(a) && isList(b) && a.length === b.length && a.every((x, i) => sameForm(x, b[i]));
  const [names, others] = [Object.keys(a), Object.keys(b)];
  return (
    names.length === others.length &&
    names.every((name, i) => name === others[i] && sameForm(a[name], b[name]))
  );
}

const isList = (tree: Tree): tree is readonly Tree[] => Array.isArray(tree);

const sameType = (a: Tensor, b: Tensor): boolean =>
  a.dtype === b.dtype && sameShape(a.shape, b.shape);

/** The same tree with other tensors, in the order of `leaves`. */
export const rebuild = <T extends Tree>(tree: T, tensors: readonly Tensor[]): T =>
  replace(tree, tensors) as T;

/** The same tree with another in the place of each tensor. */
export function replace(tree: Tree, parts: readonly Tree[]): Tree {
  let next = 0;
  const walk = (t: Tree): Tree => {
    if (t instanceof Tensor) return at(parts, next++);
    if (Array.isArray(t)) return t.map(walk);
    return Object.fromEntries(Object.entries(t).map(([name, inner]) => [name, walk(inner)]));
  };
  return walk(tree);
}
