/** Products that have their columns in common are one, with the rows of all. */
import type { MatrixProduct } from "../../compile/contraction.ts";
import { isNumbered, joinAxes, runsOn } from "../../compile/joined.ts";
import type { Kernel } from "../../compile/program.ts";
import { at } from "../../core/at.ts";

/** Columns that suffice for threads to share: they are shared out before rows. */
const columnsToShare = 32;

/**
 * y[i·m + j, n] for y[i, j, n], where rows lie one behind the other in all that is read and the columns'
 * factor is the same for each i: it is copied once, and fewer tiles are cut off.
 */
export function withJoinedRows(
  product: MatrixProduct,
  { extents, stores }: Extract<Kernel, { loop: "reduce" }>,
): MatrixProduct {
  const { a, b, rows, columns, n } = product;
  if (a.kind !== "straight" || b.kind !== "straight") return product;
  if (rows < 1 || rows > columns || n < columnsToShare) return product;
  const values = stores.map((s) => s.value);
  let first = rows;
  for (let axis = rows - 1, inner = rows; axis >= 0; axis--) {
    if (extents[axis] === 1) continue;
    const isOne = runsOn(a.form, axis, inner, at(extents, inner));
    if (!isOne || b.form.coefficients[axis] !== 0) break;
    if (!isNumbered(values, extents, axis, rows + 1)) break;
    [first, inner] = [axis, axis];
  }
  const joined = joinAxes(product.extents, first, rows + 1, () => true);
  const coefficients = a.form.coefficients.map((c, axis) => (axis >= first && axis < rows ? 0 : c));
  return {
    ...product,
    a: { ...a, form: { ...a.form, coefficients } },
    extents: joined,
    m: at(joined, rows),
  };
}
