/**
 * The table operator × element type × backend × gradient × second gradient × explanation: each cell
 * is a check, or the reason why there is nothing to check, which the record gives. The page prints
 * the table (tools/generate/operators-page.mjs), and test/table runs every check of it.
 */
import { type CheckReport, checkGradients } from "../../src/autodiff/check.ts";
import { gradient } from "../../src/autodiff/gradient.ts";
import type { SynchronousBackend } from "../../src/backends/backend.ts";
import { type DType, dtypeOf, dtypes, isFloat, type TypedArray } from "../../src/core/dtype.ts";
import type { Op } from "../../src/core/op.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { explain } from "../../src/explain/index.ts";
import { mul } from "../../src/ops/arithmetic.ts";
import { sum } from "../../src/ops/broadcast.ts";
import { cast } from "../../src/ops/cast.ts";
import { onesLike, tensor } from "../../src/ops/leaf.ts";
import { irregular } from "./naive.ts";
import { isClose, rounding } from "./rounding.ts";
import { differentiable, records, type Sample, typedSamples } from "./samples.ts";

type Check = () => void | Promise<void>;

/** What a cell of the table shows, and what is checked for it. */
export interface Cell {
  readonly dtype: DType;
  /** A backend's name, or "explained". */
  readonly column: string;
  /** Each mark with the check that it stands for. */
  readonly marks: readonly (readonly [mark: string, check: Check])[];
  /** Why there is no derivative, or nothing at all: see `reasons`. */
  readonly none: keyof typeof reasons | undefined;
}

/** What is missing by nature, as the page says it. */
export const reasons = {
  type: "the record's type rule refuses the element type",
  whole: "whole numbers and truth values have no derivative",
  zero: "the record's derivative is zero, for the reason in the second table",
} as const;

const real = ({ inputs }: Sample): Tensor[] => inputs.filter((x) => isFloat(x.dtype));

/** Values by the order of the derivative. */
type Results = readonly { readonly order: number; readonly values: TypedArray }[];

/** The value, first and second derivatives, as one graph on a backend. */
function run(backend: SynchronousBackend, sample: Sample, smooth: boolean): Results {
  const { inputs, y } = sample;
  const xs = smooth && differentiable(sample) ? real(sample) : [];
  const first = xs.length > 0 ? gradient(y, xs, onesLike(y)) : [];
  const slopes = first.map((g) => sum(mul(g, g)));
  const second =
    slopes.length > 0
      ? gradient(
          slopes.reduce((a, b) => a.add(b)),
          xs,
        )
      : [];
  const outputs = [y, ...first, ...second];
  const found = backend.compile({ inputs, outputs }).run(inputs.map((x) => x.dataSync()));
  return found.map((values, i) => ({
    order: i === 0 ? 0 : i <= first.length ? 1 : 2,
    values,
  }));
}

/** Throws where two lists of results of this order differ. */
function compare(found: Results, expected: Results, order: number, type: DType): void {
  expected.forEach((wanted, i) => {
    const own = found[i]!;
    if (wanted.order !== order) return;
    const bound = rounding[order === 0 ? dtypeOf(own.values) : type];
    const wrong = wanted.values.findIndex((v, k) => !isClose(own.values[k]!, v, bound));
    if (wrong < 0 && own.values.length === wanted.values.length) return;
    const [a, b] = [own.values[wrong], wanted.values[wrong]];
    throw new Error(`output ${i} differs, element ${wrong}: ${a} in the place of ${b}`);
  });
}

/** The same numbers in double precision; undefined where an attribute says the type. */
function inDouble(sample: Sample): Sample | undefined {
  if ("dtype" in sample.attributes) return undefined;
  const inputs = sample.inputs.map((x) =>
    x.dtype === "f32" ? tensor(Float64Array.from(x.dataSync()), { shape: x.shape }) : x,
  );
  return { ...sample, inputs, y: sample.apply(...inputs) };
}

/** What the definition gives is of the type that the record says, and finite. */
function checkType({ y }: Sample, values: TypedArray): void {
  const [found, wanted] = [dtypeOf(values), y.dtype];
  if (found !== wanted || values.length !== y.size) throw new Error(`${found}, not ${wanted}`);
  if (!values.every(Number.isFinite)) throw new Error("a value that is not finite");
}

/** The derivation of one number passes its own checks, and its last formula is the gradient. */
async function checkExplained({ inputs, apply }: Sample): Promise<void> {
  const loss = (y: Tensor): Tensor => sum(mul(y, cast(irregular(y.shape, 3), y.dtype)));
  const derivation = await explain((...x) => loss(apply(...x)), { inputs });
  const { steps, gradients, passed } = derivation.data;
  const { value } = steps.findLast((s) => s.section === "result" && s.result) ?? {};
  const [g = Number.NaN] = gradients;
  // A function that rounds to single precision has a gradient that does.
  const bound = 1e-7 * Math.max(1e-3, Math.abs(g));
  if (passed && value !== undefined && Math.abs(value - g) <= bound) return;
  throw new Error(`${value} is explained, ${g} is the gradient\n${derivation.toText()}`);
}

/**
 * The cells of one operator: a row of the table.
 *
 * @param backends the definition first
 */
export function cellsOf(op: Op, backends: readonly SynchronousBackend[]): Cell[] {
  const all = dtypes.map((dtype) => [dtype, typedSamples(op, dtype)] as const);
  if (all.every(([, samples]) => samples.length === 0))
    throw new Error(`${op.name} has no samples`);
  return all.flatMap(([dtype, samples]) => cellsOfType(op, backends, dtype, samples));
}

function cellsOfType(
  op: Op,
  backends: readonly SynchronousBackend[],
  dtype: DType,
  samples: readonly Sample[],
): Cell[] {
  const definition = backends[0]!;
  const smooth = op.derivative.kind !== "zero";
  const flows = smooth ? samples.filter(differentiable) : [];
  const none: Cell["none"] =
    samples.length === 0
      ? "type"
      : flows.length > 0
        ? undefined
        : smooth || !isFloat(dtype)
          ? "whole"
          : "zero";
  // Each is run once for all of its marks.
  const known = new Map<SynchronousBackend, readonly Results[]>();
  const results = (backend: SynchronousBackend) => {
    const found = known.get(backend) ?? samples.map((sample) => run(backend, sample, smooth));
    known.set(backend, found);
    return found;
  };
  let checked: CheckReport[] | undefined;
  const differences = () =>
    (checked ??= flows.map(({ apply, inputs }) => checkGradients(apply, inputs, { order: 2 })));

  /** The definition: types, differences in double precision, and single precision beside double. */
  const byItself = (order: number) => () => {
    samples.forEach((sample, i) => {
      const found = results(definition)[i]!;
      if (order === 0) checkType(sample, found[0]!.values);
      const double = dtype === "f32" ? inDouble(sample) : undefined;
      if (double) compare(found, run(definition, double, smooth), order, "f32");
    });
    if (dtype !== "f64" || order === 0) return;
    for (const { entries } of differences()) {
      const wrong = entries.find((e) => e.order === order && !e.passed);
      if (wrong) throw new Error(`differences disagree: ${JSON.stringify(wrong)}`);
    }
  };
  const against = (backend: SynchronousBackend) => (order: number) => () =>
    samples.forEach((_, i) => {
      compare(results(backend)[i]!, results(definition)[i]!, order, dtype);
    });
  const explained = async () => {
    for (const sample of flows) {
      if (real(sample).some((x) => x.size > 0)) await checkExplained(sample);
    }
  };
  const marks = (check: (order: number) => Check): Cell["marks"] => [
    ...(samples.length > 0 ? [["•", check(0)] as const] : []),
    ...(flows.length > 0
      ? ([
          ["∂", check(1)],
          ["∂²", check(2)],
        ] as const)
      : []),
  ];
  return [
    ...backends.map((backend) => ({
      ...{ dtype, column: backend.name, none },
      marks: marks(backend === definition ? byItself : against(backend)),
    })),
    {
      ...{ dtype, column: "explained", none },
      marks: flows.length > 0 ? [["✎", explained] as const] : [],
    },
  ];
}

/** The whole table: each record with its cells. */
export const operatorTable = (backends: readonly SynchronousBackend[]) =>
  records().map((op) => ({ op, cells: cellsOf(op, backends) }));
