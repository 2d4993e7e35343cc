/** What the renderer is given: a program, its values, and the values that its outputs must have. */
import { interpreter } from "../../../src/backends/interpreter/index.ts";
import { compileProgram } from "../../../src/compile/index.ts";
import { type Buffer, byteSize, type Program } from "../../../src/compile/program.ts";
import { arrayOf, type DType, type TypedArray } from "../../../src/core/dtype.ts";
import { type Expression, index, load } from "../../../src/core/expression.ts";
import type { Graph } from "../../../src/core/graph.ts";
import type { Tensor } from "../../../src/core/tensor.ts";

/** A program, the values of its inputs, and how often it runs. */
export interface Checked {
  readonly program: Program;
  readonly values: readonly TypedArray[];
  readonly runs: number;
  readonly what: string;
  readonly expected: readonly TypedArray[];
}

/** Inputs and the outputs that become their next values, by number. */
export type States = readonly (readonly [input: number, output: number])[];

/** A graph, run so many times with its states as the next run's inputs; the interpreter is right. */
export function graphWork(
  what: string,
  graph: Graph,
  values: readonly TypedArray[],
  { state = [], runs = 1 }: { state?: States; runs?: number } = {},
): Checked {
  const program = compileProgram(graph, { state });
  const executable = interpreter.compile(graph);
  const outputOf = new Map(state);
  let given = values;
  let expected: TypedArray[] = [];
  for (let run = 0; run < runs; run++) {
    expected = executable.run(given).map((v) => v.slice());
    given = given.map((v, i) => expected[outputOf.get(i) ?? -1] ?? v);
  }
  return { what, program, values, runs, expected };
}

/** Outputs of an input's type, which become its next value. */
export function statesOf({ inputs, outputs }: Graph): States {
  const taken = new Set<Tensor>();
  return inputs.flatMap((x, i) => {
    const o = outputs.findIndex(
      (y) => !taken.has(y) && y.dtype === x.dtype && String(y.shape) === String(x.shape),
    );
    const y = outputs[o];
    if (y === undefined || y === x) return [];
    taken.add(y);
    return [[i, o] as const];
  });
}

/** One loop that computes an expression of the elements of its inputs, and what it must give. */
export function mapWork(
  what: string,
  inputs: readonly { readonly dtype: DType; readonly values: readonly number[] }[],
  expression: (...elements: Expression[]) => Expression,
  rule: (...elements: number[]) => number,
): Checked {
  const size = inputs[0]?.values.length ?? 0;
  const value = expression(...inputs.map(({ dtype }, k) => load(k, dtype, index(0))));
  const values = inputs.map(({ dtype, values }) => arrayOf(dtype, values));
  const expected = Array.from({ length: size }, (_, i) => rule(...values.map((v) => v[i] ?? NaN)));
  return {
    what,
    program: mapProgram(
      inputs.map(({ dtype }) => dtype),
      value,
      size,
    ),
    values,
    runs: 1,
    expected: [arrayOf(value.dtype, expected)],
  };
}

function mapProgram(dtypes: readonly DType[], value: Expression, size: number): Program {
  const inputs = dtypes.map(
    (dtype, id): Buffer => ({ id, dtype, size, role: "input", name: `x${id}` }),
  );
  const output: Buffer = { id: dtypes.length, dtype: value.dtype, size, role: "output", name: "y" };
  const buffers = [...inputs, output];
  const room = 8 * Math.ceil(Math.max(...buffers.map(byteSize)) / 8);
  const kept = room * buffers.length;
  return {
    kernels: [
      {
        loop: "map",
        extents: [size],
        reads: inputs,
        stores: [{ buffer: output, value }],
        where: () => "",
      },
    ],
    buffers,
    inputs,
    outputs: [output],
    offsets: buffers.map(({ id }) => id * room),
    arena: kept,
    memory: { kept, temporary: 0, peak: 0 },
  };
}
