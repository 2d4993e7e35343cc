/** The records of linear algebra by name, as src/ops/index.ts has those of all other operators. */
import type { Op } from "../core/op.ts";
import { choleskyOp } from "./cholesky.ts";
import {
  cofactorsOp,
  determinantOp,
  determinantSignOp,
  logAbsDeterminantOp,
} from "./determinant.ts";
import { eighOp } from "./eigh.ts";
import { inverseOp, solveOp } from "./lu.ts";
import { pinverseOp } from "./pinverse.ts";
import { qrOp } from "./qr.ts";
import { svdOp } from "./svd.ts";
import { triangularSolveOp } from "./triangular.ts";

export const linearAlgebra = (): Op[] =>
  [
    choleskyOp,
    cofactorsOp,
    determinantOp,
    determinantSignOp,
    eighOp,
    inverseOp,
    logAbsDeterminantOp,
    pinverseOp,
    qrOp,
    solveOp,
    svdOp,
    triangularSolveOp,
  ] as unknown as Op[];
