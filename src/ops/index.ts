/** Every operator's record by name: what tests, tables and docs are generated from. */
import type { Op } from "../core/op.ts";
import * as arithmetic from "./arithmetic.ts";
import { broadcastToOp, sumOp } from "./broadcast.ts";
import * as casting from "./cast.ts";
import * as compare from "./compare.ts";
import { convolutionOp } from "./convolution.ts";
import * as cumulative from "./cumulative.ts";
import * as custom from "./custom.ts";
import * as entropy from "./entropy.ts";
import * as errorFunction from "./error-function.ts";
import * as gamma from "./gamma.ts";
import * as indexing from "./indexing.ts";
import * as leaf from "./leaf.ts";
import { lerpOp } from "./lerp.ts";
import * as logarithms from "./logarithms.ts";
import * as matmul from "./matmul.ts";
import * as move from "./move.ts";
import * as order from "./order.ts";
import * as plane from "./plane.ts";
import { largestOp } from "./pooling.ts";
import { powOp } from "./power.ts";
import * as random from "./random.ts";
import * as reduce from "./reduce.ts";
import * as remainder from "./remainder.ts";
import { lastWriterOp } from "./selecting.ts";
import { sincOp } from "./sinc.ts";
import * as transcendental from "./transcendental.ts";
import { foldOp, windowsOp } from "./windows.ts";

const families: readonly object[] = [
  leaf,
  { ...arithmetic, ...plane, ...remainder, lerpOp, powOp },
  { ...transcendental, ...logarithms, ...errorFunction, ...gamma, sincOp },
  entropy,
  compare,
  casting,
  { ...reduce, sumOp, ...order, ...cumulative },
  { ...move, broadcastToOp },
  { ...indexing, lastWriterOp },
  matmul,
  { convolutionOp, windowsOp, foldOp, largestOp },
  random,
  custom,
];

/** All records by family, and in each by name. */
export function operators(): Op[] {
  return families.flatMap((family) =>
    Object.entries(family)
      .filter(([name]) => name.endsWith("Op"))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, record]) => record as Op),
  );
}
