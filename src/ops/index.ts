/** Every operator's record by name: what tests, tables and docs are generated from. */
import type { Op } from "../core/op.ts";
import * as arithmetic from "./arithmetic.ts";
import * as casting from "./cast.ts";
import * as compare from "./compare.ts";
import * as custom from "./custom.ts";
import * as entropy from "./entropy.ts";
import * as indexing from "./indexing.ts";
import * as leaf from "./leaf.ts";
import * as matmul from "./matmul.ts";
import * as move from "./move.ts";
import * as random from "./random.ts";
import * as reduce from "./reduce.ts";
import * as transcendental from "./transcendental.ts";

const modules = [
  leaf,
  arithmetic,
  transcendental,
  entropy,
  compare,
  casting,
  reduce,
  move,
  indexing,
  matmul,
  random,
  custom,
];

/** All records, in the order of the modules. */
export function operators(): Op[] {
  return modules.flatMap((module) =>
    Object.entries(module).flatMap(([name, value]) => (name.endsWith("Op") ? [value as Op] : [])),
  );
}
