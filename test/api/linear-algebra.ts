/** Linear algebra. */
import * as chainrule from "../../src/index.ts";
import { f64, probe, read, v } from "./samples.ts";

const a = f64([
  [2, 1],
  [1, 3],
]);
const all = (result: unknown) => Object.values(result as object).forEach(read);

export const linearAlgebra = {
  cholesky: probe(chainrule.cholesky, [a], read),
  determinant: probe(chainrule.determinant, [a], read),
  eigh: probe(chainrule.eigh, [a], all),
  inverse: probe(chainrule.inverse, [a], read),
  lstsq: probe(chainrule.lstsq, [a, v, { tolerance: 1e-9 }], all),
  pinverse: probe(chainrule.pinverse, [a, { tolerance: 1e-9 }], read),
  qr: probe(chainrule.qr, [a, { mode: "complete" }], all),
  slogdet: probe(chainrule.slogdet, [a], all),
  solve: probe(chainrule.solve, [a, v], read),
  svd: probe(chainrule.svd, [a, { fullMatrices: true }], all),
  triangularSolve: probe(
    chainrule.triangularSolve,
    [a, v, { upper: true, unitDiagonal: true, transposed: true }],
    read,
  ),
};
