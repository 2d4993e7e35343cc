import { at, zip } from "../core/at.ts";
import { fail } from "../core/errors.ts";
import { formatShape, sizeOf } from "../core/shape.ts";
import { asTensor, type Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { mul } from "./arithmetic.ts";
import { sum } from "./broadcast.ts";
import { matmul } from "./matmul.ts";
import { reshape, slice, transpose } from "./move.ts";

/** A tensor whose axes have names. */
interface Named {
  readonly x: Tensor;
  readonly axes: readonly string[];
}

/**
 * Einstein's summation: y[out] = Σ over all other letters of the product of the inputs, as in
 * `einsum("bij,bjk->bik", a, b)`. One letter per axis; a letter that occurs twice in one input takes
 * the diagonal, as in `einsum("ii->", a)`, the trace; `...` stands for any further axes, which are
 * broadcast. Without `->`: the axes of `...`, then the letters that occur once, in alphabetical
 * order. It is made of transposes, sums and matrix products.
 *
 * ```ts
 * import { einsum, tensor } from "chainrule";
 *
 * const a = tensor([[1, 2], [3, 4]]);
 * console.log(einsum("ij,kj->ik", a, a).arraySync(), einsum("ii->", a).item());
 * ```
 *
 * ```text
 * [ [ 5, 11 ], [ 11, 25 ] ] 5
 * ```
 */
export function einsum(equation: string, ...xs: readonly Tensor[]): Tensor {
  const { terms, out } = parse(equation, xs);
  const product = terms.reduce((left, right, i) => {
    const later = terms.slice(i + 1).flatMap((t) => t.axes);
    return contract(left, right, new Set([...out, ...later]));
  });
  return arrange(sumOut(product, new Set(out)), out).x;
}

/** With each name once: where it stood several times, the elements with equal indices. */
function diagonal({ x, axes }: Named): Named {
  const twice = axes.find((name) => axes.indexOf(name) !== axes.lastIndexOf(name));
  if (twice === undefined) return { x, axes };
  const first = axes.indexOf(twice);
  const second = axes.indexOf(twice, first + 1);
  const others = axes.map((_, axis) => axis).filter((axis) => axis !== first && axis !== second);
  const n = at(x.shape, first);
  const outer = others.map((axis) => at(x.shape, axis));
  const flat = reshape(transpose(x, [...others, first, second]), [...outer, n * n]);
  const step = [...outer.map(() => 1), n + 1];
  return diagonal({
    x: slice(flat, { step }),
    axes: [...others.map((axis) => at(axes, axis)), twice],
  });
}

/** Sums over the axes that nobody wants. */
function sumOut({ x, axes }: Named, wanted: ReadonlySet<string>): Named {
  const drop = axes.flatMap((name, axis) => (wanted.has(name) ? [] : [axis]));
  if (drop.length === 0) return { x, axes };
  return { x: sum(x, { axis: drop }), axes: axes.filter((name) => wanted.has(name)) };
}

const arrange = ({ x, axes }: Named, order: readonly string[]): Named => ({
  x: transpose(
    x,
    order.map((name) => axes.indexOf(name)),
  ),
  axes: order,
});

/** Two factors as one: shared and wanted letters are batch, shared and unwanted are summed over. */
function contract(a: Named, b: Named, wanted: ReadonlySet<string>): Named {
  const left = sumOut(a, new Set([...wanted, ...b.axes]));
  const right = sumOut(b, new Set([...wanted, ...a.axes]));
  const shared = left.axes.filter((name) => right.axes.includes(name));
  const batch = shared.filter((name) => wanted.has(name));
  const inner = shared.filter((name) => !wanted.has(name));
  const rows = left.axes.filter((name) => !shared.includes(name));
  const columns = right.axes.filter((name) => !shared.includes(name));
  const axes = [...batch, ...rows, ...columns];
  const sizes = (t: Named, names: readonly string[]) =>
    names.map((name) => at(t.x.shape, t.axes.indexOf(name)));
  const [b0, m, k, n] = [
    sizes(left, batch),
    sizes(left, rows),
    sizes(left, inner),
    sizes(right, columns),
  ];
  const x = reshape(arrange(left, [...batch, ...rows, ...inner]).x, [...b0, sizeOf(m), sizeOf(k)]);
  const y = reshape(arrange(right, [...batch, ...inner, ...columns]).x, [
    ...b0,
    sizeOf(k),
    sizeOf(n),
  ]);
  // Without a sum it is an outer product, which needs no matrix product.
  const product = inner.length === 0 ? mul(x, y) : matmul(x, y);
  return { x: reshape(product, [...b0, ...m, ...n]), axes };
}

const dots = "...";

/** Names for the axes of `...`: the last of any two tensors are the same. */
const further = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${dots}${count - i}`);

function parse(equation: string, xs: readonly Tensor[]): { terms: Named[]; out: string[] } {
  const bad = (expected: string, found: string): never =>
    fail("bad-argument", {
      message: `einsum cannot read ${shown(equation)}.`,
      expected,
      found,
      fix: 'Pass the equation, then one tensor for each term: einsum("ij,jk->ik", a, b).',
    });
  if (typeof equation !== "string") bad('an equation, as in "ij,jk->ik"', shown(equation));
  const [left = equation, right, ...more] = equation.split("->");
  const tokens = (term: string): string[] => {
    const found = term.trim().match(/\.\.\.|[A-Za-z]/g) ?? [];
    const once = found.filter((t) => t === dots).length <= 1;
    if (found.join("") !== term.trim() || !once) bad('letters, as in "ij,jk->ik"', `"${term}"`);
    return found;
  };
  if (more.length > 0) bad("one arrow", `"${equation}"`);
  const lists = left.split(",").map(tokens);
  if (lists.length !== xs.length) bad(`${lists.length} tensors`, `${xs.length}`);
  const sizes = new Map<string, number>();
  let most = 0;
  const terms = zip(lists, xs).map(([list, given], i): Named => {
    const x = asTensor("einsum", given);
    const letters = list.filter((t) => t !== dots).length;
    const count = x.rank - letters;
    if (count < 0 || (count > 0 && letters === list.length)) {
      bad(`${letters} axes for "${list.join("")}"`, `a tensor of shape ${formatShape(x.shape)}`);
    }
    most = Math.max(most, list.includes(dots) ? count : 0);
    const axes = list.flatMap((t) => (t === dots ? further(count) : [t]));
    for (const [name, size] of zip(axes, x.shape)) {
      const known = sizes.get(name) ?? size;
      const isFurther = name.startsWith(dots);
      if (known !== size && !(isFurther && (known === 1 || size === 1))) {
        bad(
          `size ${known} for "${isFurther ? dots : name}", as before`,
          `size ${size} in tensor ${i + 1}`,
        );
      }
      sizes.set(name, isFurther && known === 1 ? size : known);
    }
    return { x, axes };
  });
  const all = lists.flat().filter((t) => t !== dots);
  const once = [...new Set(all)].filter((c) => all.indexOf(c) === all.lastIndexOf(c)).sort();
  const asked = right === undefined ? [dots, ...once] : tokens(right);
  const out = asked.flatMap((t) => (t === dots ? further(most) : [t]));
  const unknown = out.find((name) => !sizes.has(name));
  if (unknown !== undefined) bad("letters of the inputs on the right", `"${unknown}"`);
  if (new Set(out).size !== out.length) bad("each letter once on the right", `"${out.join("")}"`);
  return { terms: terms.map((term) => diagonal(broadcast(term, sizes))), out };
}

/** Without the axes of size 1 that are wider elsewhere: what lacks an axis is the same along it. */
function broadcast({ x, axes }: Named, sizes: ReadonlyMap<string, number>): Named {
  const kept = zip(axes, x.shape).filter(([name, size]) => size === sizes.get(name));
  if (kept.length === axes.length) return { x, axes };
  const shape = kept.map(([, size]) => size);
  return { x: reshape(x, shape), axes: kept.map(([name]) => name) };
}
