import { at, entry } from "../core/at.ts";
import { fail } from "../core/errors.ts";
import { aFunction, checkKind } from "../core/kinds.ts";
import { sameShape } from "../core/shape.ts";
import { asTensor, Tensor } from "../core/tensor.ts";
import { listed, shown } from "../core/wording.ts";

/** Tensors in arrays and records, nested at will: what a differentiated function may take. */
export type Tree = Tensor | readonly Tree[] | { readonly [name: string]: Tree };

/** A tree of this form, whose tensors have other shapes. */
export type OfAnyRank<T> = Tree extends T
  ? Tree
  : T extends Tensor
    ? Tensor
    : { [K in keyof T]: OfAnyRank<T[K]> };

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
  if (typeof tree !== "object" || tree === null || isNoTree(tree)) {
    fail("bad-argument", {
      message: rule,
      expected: "a tensor, or arrays and records of tensors",
      found: shown(tree),
      fix:
        (tree as unknown) instanceof Map
          ? "Make it a record: Object.fromEntries(map)."
          : (tree as unknown) instanceof Promise
            ? "Await it first."
            : "Wrap numbers: tensor(0.5).",
    });
  }
  for (const inner of Object.values<Tree>(tree)) collect(inner, rule, found);
}

/** Objects whose values are no properties would be trees without tensors. */
export const isNoTree = (value: object): boolean =>
  value instanceof Map || value instanceof Set || value instanceof Promise;

/** The tensors of a tree by their way from the root: "layers/0/weight"; "" for one alone. */
export function byPath(tree: Tree | undefined): Record<string, Tensor> {
  const found: [string, Tensor][] = [];
  const walk = (t: Tree | undefined, path: string): void => {
    if (t instanceof Tensor) found.push([path, t]);
    else if (typeof t === "object" && t !== null)
      for (const [name, inner] of Object.entries<Tree>(t))
        walk(inner, path === "" ? name : `${path}/${name}`);
  };
  walk(tree, "");
  return Object.fromEntries(found);
}

/**
 * A tree with f of the tensors that stand in each place of the first tree and of the others, which
 * are of its form.
 *
 * ```ts
 * import { mapTensors, tensor } from "chainrule";
 *
 * const [a, b] = [{ w: tensor(1) }, { w: tensor(2) }];
 * console.log(mapTensors((x, y) => x.add(y), a, b).w.item());
 * ```
 *
 * ```text
 * 3
 * ```
 *
 * @throws ChainruleError "shape-mismatch" where the trees have their tensors in other places, "bad-argument"
 *   where f gives no tensor.
 */
export function mapTensors<const T extends Tree>(
  f: (...each: Tensor[]) => Tensor,
  tree: T,
  ...others: readonly T[]
): OfAnyRank<T> {
  checkKind("mapTensors", f, aFunction("a function of tensors, such as (a, b) => a.add(b)"));
  const rule = "mapTensors takes trees of tensors.";
  const first = leaves(tree, rule);
  for (const other of others) leaves(other, rule);
  const paths = Object.keys(byPath(tree));
  const lists = others.map((other) => {
    const own = byPath(other);
    const names = Object.keys(own);
    const odd = names.find((name) => !paths.includes(name));
    if (odd !== undefined || names.length !== paths.length) {
      fail("shape-mismatch", {
        message: "mapTensors takes trees of one form.",
        expected: `tensors at ${listed(paths)}`,
        found: `tensors at ${listed(names)}`,
      });
    }
    return paths.map((name) => entry(new Map(Object.entries(own)), name));
  });
  const mapped = first.map((x, i) => {
    const y: unknown = f(x, ...lists.map((list) => at(list, i)));
    return asTensor("What mapTensors' function returns", y as Tensor);
  });
  return replace(tree, mapped) as OfAnyRank<T>;
}

/** Whether two trees are of the same make, with tensors of the same types and shapes. */
export function sameForm(a: Tree | undefined, b: Tree | undefined): boolean {
  if (a instanceof Tensor || b instanceof Tensor)
    return a instanceof Tensor && b instanceof Tensor && sameType(a, b);
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
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
