import { fail } from "../core/errors.ts";
import { formatShape, sizeOf } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { mul } from "./arithmetic.ts";
import { matmul } from "./matmul.ts";
import { reshape, transpose } from "./move.ts";
import { sum } from "./reduce.ts";

/** A tensor whose axes have names. */
interface Named {
  readonly x: Tensor;
  readonly axes: readonly string[];
}

/**
 * Einstein's summation: y[out] = Σ over all other letters of the product of the inputs, as in
 * `einsum("bij,bjk->bik", a, b)`. One letter per axis; without `->`, the letters that occur once,
 * in alphabetical order. It is made of transposes, sums and matrix products.
 */
export function einsum(equation: string, ...xs: readonly Tensor[]): Tensor {
  const { terms, out } = parse(equation, xs);
  let [left, ...rest] = terms as [Named, ...Named[]];
  while (rest.length > 0) {
    const [right, ...others] = rest as [Named, ...Named[]];
    const wanted = new Set([...out, ...others.flatMap((t) => t.axes)]);
    left = contract(left, right, wanted);
    rest = others;
  }
  return arrange(sumOut(left, new Set(out)), out).x;
}

/** Sums over the axes that nobody wants. */
function sumOut({ x, axes }: Named, wanted: ReadonlySet<string>): Named {
  const drop = axes.flatMap((name, axis) => (wanted.has(name) ? [] : [axis]));
  if (drop.length === 0) return { x, axes };
  return { x: sum(x, { axes: drop }), axes: axes.filter((name) => wanted.has(name)) };
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
    names.map((name) => t.x.shape[t.axes.indexOf(name)]!);
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

function parse(equation: string, xs: readonly Tensor[]): { terms: Named[]; out: string[] } {
  const bad = (expected: string, found: string): never =>
    fail("bad-argument", { message: `einsum cannot read "${equation}".`, expected, found });
  const match = /^\s*([A-Za-z]*(?:\s*,\s*[A-Za-z]*)*)\s*(?:->\s*([A-Za-z]*)\s*)?$/.exec(equation);
  if (match === null) return bad('letters, as in "ij,jk->ik"', `"${equation}"`);
  const lists = match[1]!.split(",").map((term) => [...term.trim()]);
  if (lists.length !== xs.length) bad(`${lists.length} tensors`, `${xs.length}`);
  const sizes = new Map<string, number>();
  const terms = lists.map((axes, i): Named => {
    const x = xs[i]!;
    if (axes.length !== x.rank) {
      bad(
        `${axes.length} axes for "${axes.join("")}"`,
        `a tensor of shape ${formatShape(x.shape)}`,
      );
    }
    if (new Set(axes).size !== axes.length) {
      bad("each letter once per tensor (diagonals are not taken)", `"${axes.join("")}"`);
    }
    axes.forEach((name, axis) => {
      const known = sizes.get(name) ?? x.shape[axis]!;
      if (known !== x.shape[axis]) {
        bad(`size ${known} for "${name}", as before`, `size ${x.shape[axis]} in tensor ${i + 1}`);
      }
      sizes.set(name, known);
    });
    return { x, axes };
  });
  const all = lists.flat();
  const once = [...new Set(all)].filter((c) => all.indexOf(c) === all.lastIndexOf(c)).sort();
  const out = match[2] === undefined ? once : [...match[2]];
  const unknown = out.find((name) => !sizes.has(name));
  if (unknown !== undefined) bad("letters of the inputs on the right", `"${unknown}"`);
  if (new Set(out).size !== out.length) bad("each letter once on the right", `"${out.join("")}"`);
  return { terms, out };
}
