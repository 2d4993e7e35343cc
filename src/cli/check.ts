/** chainrule check FILE: every derivative against the definition of a derivative. */

import { type CheckedEntry, checkGradients, excess } from "../autodiff/check.ts";
import type { ArrayTensor } from "../core/array-tensor.ts";
import { at, zip } from "../core/at.ts";
import { arrayOf } from "../core/dtype.ts";
import { formatShape } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { type Dataset, subset } from "../data/dataset.ts";
import { withTraining } from "../network-file/index.ts";
import { type PreparedNetwork, prepareNetwork } from "../network-file/prepare.ts";
import { mul } from "../ops/arithmetic.ts";
import { constantTensor } from "../ops/leaf.ts";
import { architecture } from "./describe.ts";
import { exit } from "./failure.ts";
import { readNetwork } from "./files.ts";
import { count, formatNumber, plural } from "./numbers.ts";
import { besides } from "./run-place.ts";
import { bold, columns, dim, green, print, printJson, red } from "./terminal.ts";

interface CheckOptions {
  readonly set?: readonly string[];
  readonly entries?: number;
  readonly examples?: number;
  readonly order?: 1 | 2;
  readonly json?: boolean;
}

interface Row {
  readonly parameter: string;
  readonly shape: readonly number[];
  readonly checked: number;
  readonly failed: number;
  /** Entries that differences are too coarse to tell about. */
  readonly untold: number;
  /** The entry that disagrees most, beside what is allowed. */
  readonly worst: CheckedEntry;
  /** |reverse − difference| there. */
  readonly gap: number;
  /** Largest |reverse − forward|. */
  readonly modes: number;
}

/** Whether the difference is so coarse that this has to be said: not where there is no gap. */
const isRough = ({ off, tolerance, reverse, numeric }: CheckedEntry): boolean =>
  off > tolerance && reverse !== numeric;

function verdict(r: Row): string {
  const bad = Number.isFinite(r.worst.reverse) ? "wrong" : "not finite";
  if (r.failed > 0) return red(`${r.failed} ${bad}`);
  if (r.untold > 0) return `${r.untold} untold ~`;
  return green(isRough(r.worst) ? "ok ~" : "ok");
}

const brief = (gap: number): string => (gap === 0 ? "0" : gap.toExponential(1));

/** The factor that checkGradients puts before a scalar, so that ∂E/∂w can be shown as it is. */
function weightOfScalars(): number {
  const { entries } = checkGradients((x) => x, [constantTensor(Float64Array.of(1), [])]);
  return at(entries, 0).reverse;
}

/** The error as a function of the parameters, for a few examples. */
function errorOf({ model, trainer }: PreparedNetwork, data: Dataset) {
  const scale = 1 / weightOfScalars();
  const { inputs, targets } = trainer.batchOf(data);
  const asTensor = (t: ArrayTensor) => constantTensor(t.data, t.shape);
  const names = Object.keys(model.parameters);
  // One fixed key: a function that drops other values at each call has no derivative.
  const key = constantTensor(arrayOf("i32", [0, 0]), [2]);
  return (...values: Tensor[]): Tensor => {
    const parameters = Object.fromEntries(zip(names, values));
    const context = { training: true, path: "", key };
    const output = model.apply(asTensor(inputs), { ...parameters, ...trainer.buffers }, context);
    return mul(trainer.loss(output, asTensor(targets)), scale);
  };
}

export async function checkCommand(file: string, options: CheckOptions): Promise<number> {
  const { entries = 16, examples = 8, order = 1, json } = options;
  // Differences prove nothing in single precision.
  const network = withTraining(await readNetwork(file, options.set), { dtype: "f64" });
  const prepared = await prepareNetwork(network, besides(file));
  const { data, trainer } = prepared;
  const size = Math.min(examples, data.train.size);
  const part = subset(
    data.train,
    Array.from({ length: size }, (_, i) => Math.floor((i * data.train.size) / size)),
  );
  const { parameters } = trainer;
  const report = checkGradients(errorOf(prepared, part), Object.values(parameters), {
    entries,
    order,
  });
  const rows = Object.entries(parameters).map(([parameter, { shape }], input): Row => {
    const own = report.entries.filter((e) => e.input === input);
    const worst = own.reduce((a, b) => (excess(b) > excess(a) ? b : a));
    return {
      parameter,
      shape,
      checked: own.length,
      failed: own.filter((e) => !e.passed).length,
      untold: own.filter((e) => e.passed && e.coarse).length,
      worst,
      gap: Math.abs(worst.reverse - worst.numeric),
      modes: Math.max(...own.map((e) => Math.abs(e.reverse - e.forward))),
    };
  });
  if (json) {
    printJson({ passed: report.passed, examples: size, order, parameters: rows });
    return report.passed ? exit.ok : exit.no;
  }
  print(bold(network.name ?? file));
  print(`  ${architecture(network, data.description.inputs)}`);
  print(
    dim(`  on ${plural(size, "example")}, at most ${plural(entries, "entry", "entries")} each`),
  );
  print();
  const table = [
    [
      "parameter",
      "shape",
      "checked",
      ...(order === 2 ? ["derivative", "by graph"] : ["∂E/∂w by graph"]),
      "by differences",
      "gap",
      "modes' gap",
      "",
    ].map(dim),
    ...rows.map((r) => [
      r.parameter,
      formatShape(r.shape),
      count(r.checked),
      ...(order === 2 ? [r.worst.order === 2 ? "∂g/∂w" : "∂E/∂w"] : []),
      formatNumber(r.worst.reverse),
      formatNumber(r.worst.numeric),
      brief(r.gap),
      brief(r.modes),
      verdict(r),
    ]),
  ];
  for (const line of columns(table, order === 2 ? "<<><>>>><" : "<<>>>>><", 2)) print(`  ${line}`);
  if (order === 2) print(dim("  g: the sum of all ∂E/∂w, each times a fixed number of its own"));
  if (rows.some((r) => r.failed === 0 && (r.untold > 0 || isRough(r.worst)))) {
    print(dim("  ~ rounding, or the length of its step, can put the difference off by such a gap"));
  }
  print();
  const failed = rows.reduce((sum, r) => sum + r.failed, 0);
  const total = rows.reduce((sum, r) => sum + r.checked, 0);
  const untold = rows.reduce((sum, r) => sum + r.untold, 0);
  if (failed === 0 && untold === 0) {
    print(green(`All ${count(total)} derivatives agree.`));
    return exit.ok;
  }
  if (failed === 0) {
    print(green(`None of ${plural(total, "derivative")} disagrees.`));
    print(`  Of ${count(untold)} the differences are too coarse to tell: rounding makes as much.`);
    return exit.ok;
  }
  if (report.entries.every((e) => e.passed || !Number.isFinite(e.reverse))) {
    print(red(`${plural(failed, "derivative")} of ${count(total)} not finite: there is no check.`));
    print("  chainrule report names the operator that made the first such number.");
    return exit.no;
  }
  print(red(`${plural(failed, "derivative")} of ${count(total)} disagree.`));
  print("  Either the rule is wrong, or the error has a kink just there (relu at 0, for example):");
  print("  then other --examples give another point.");
  return exit.no;
}
