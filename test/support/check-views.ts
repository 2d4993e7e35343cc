/** A random graph by every way of running it, held against the interpreter. */
import { makeEvaluator } from "../../src/backends/evaluate.ts";
import { interpreter } from "../../src/backends/interpreter/index.ts";
import { wasm } from "../../src/backends/wasm/index.ts";
import { instantiate } from "../../src/backends/wasm/instance.ts";
import { compileProgram } from "../../src/compile/index.ts";
import { arrayOf, type TypedArray } from "../../src/core/dtype.ts";
import { nodesOf } from "../../src/core/graph.ts";
import { printGraph } from "../../src/core/print.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { tensor } from "../../src/ops/leaf.ts";
import { buildViews, type ViewCase, type ViewGraph } from "./view-graphs.ts";

/** Whole numbers from −2 to 3, with ties, different for every salt. */
const valuesOf = (inputs: readonly Tensor[], salt: number): TypedArray[] =>
  inputs.map(({ dtype, size }, i) =>
    arrayOf(
      dtype,
      Array.from(
        { length: size },
        (_, k) => ((Math.imul(k + 31 * i + 7 * salt + 1, 2654435761) >>> 16) % 6) - 2,
      ),
    ),
  );

/** Throws, with the printed graph, where a compiled graph and the interpreter disagree. */
export function checkViews(c: ViewCase): void {
  const graph = buildViews(c);
  try {
    checkGraph(graph, c);
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${printGraph(graph.outputs)}`);
  }
}

function checkGraph(graph: ViewGraph, c: ViewCase): void {
  const { inputs, outputs } = graph;
  const interpreted = interpreter.compile(graph);
  const [first, second] = [valuesOf(inputs, 0), valuesOf(inputs, 1)];
  const [a, b] = [first, second].map((v) => interpreted.run(v).map((y) => y.slice())) as [
    TypedArray[],
    TypedArray[],
  ];
  const slack = roundingOf(graph, first);
  const compiled = wasm.compile(graph);
  same(outputs, compiled.run(first), a, slack, "compiled");
  same(outputs, compiled.run(second), b, slack, "on other values");
  same(outputs, compiled.run(first), a, slack, "on the first values again");
  runAlike(c, [first, second], [a, b], slack);
  if (c.how === 0) followStates(graph, first, slack);
  if (c.how !== 1) return;
  // As when values are read: the leaves hold numbers; large graphs are compiled without being told.
  const leaves = buildViews(c, (i, shape, dtype) => tensor(first[i]!, { shape, dtype }));
  const least = c.scale > 1 ? {} : { least: { elements: 0, operations: 0 } };
  const read = makeEvaluator({ backend: () => wasm, ...least });
  same(outputs, read(leaves.outputs), a, slack, "when read");
}

/** The graph twice in one program, where the two share functions. */
function runAlike(
  c: ViewCase,
  values: readonly (readonly TypedArray[])[],
  expected: readonly (readonly TypedArray[])[],
  slack: number,
): void {
  const graphs = values.map(() => buildViews(c));
  const inputs = graphs.flatMap((g) => g.inputs);
  const outputs = graphs.flatMap((g) => g.outputs);
  const program = compileProgram({ inputs, outputs });
  const { exports, at } = instantiate(program, { relaxed: false, straight: false, alike: 2 });
  for (const [i, v] of values.flat().entries()) at(program.inputs[i]!).set(v);
  for (let run = 0; run < 2; run++) (exports.run as () => void)();
  same(outputs, program.outputs.map(at), expected.flat(), slack, "twice, sharing functions");
}

/** Outputs of an input's type become its next value: in place where that is possible. */
function followStates(graph: ViewGraph, values: readonly TypedArray[], slack: number): void {
  const { inputs, outputs } = graph;
  const taken = new Set<Tensor>();
  const pairs = inputs.flatMap((x, i) => {
    const o = outputs.findIndex(
      (y) => !taken.has(y) && y.dtype === x.dtype && String(y.shape) === String(x.shape),
    );
    if (o < 0 || outputs[o] === x) return [];
    taken.add(outputs[o]!);
    return [[i, o] as const];
  });
  if (pairs.length === 0) return;
  const program = compileProgram(graph, { state: pairs });
  const { exports, at } = instantiate(program, { relaxed: false });
  program.inputs.forEach((b, i) => {
    at(b).set(values[i]!);
  });
  const expected = interpreter.compile(graph).run(values);
  (exports.run as () => void)();
  same(outputs, program.outputs.map(at), expected, slack, "with states");
  for (const [i, o] of pairs) {
    const found = at(program.inputs[i]!);
    same([inputs[i]!], [found], [expected[o]!], slack, "as the next state");
  }
}

/**
 * What rounding may do: gradients of ties are divided, so that sums depend on their order by some
 * ulp of the largest number on the way. A wrong element is wrong by far more.
 */
function roundingOf({ inputs, outputs }: ViewGraph, values: readonly TypedArray[]): number {
  const nodes = nodesOf(outputs);
  let largest = 1;
  for (const v of interpreter.compile({ inputs, outputs: nodes }).run(values)) {
    for (const x of v) largest = Math.max(largest, Math.abs(x));
  }
  const ulp = outputs.some((y) => y.dtype === "f32") ? 2 ** -23 : 2 ** -52;
  return 64 * ulp * largest;
}

function same(
  outputs: readonly Tensor[],
  found: readonly TypedArray[],
  expected: readonly TypedArray[],
  slack: number,
  how: string,
): void {
  outputs.forEach((y, o) => {
    const [f, e] = [found[o]!, expected[o]!];
    const wrong = e.findIndex((x, i) => !(Math.abs(x - f[i]!) <= (y.dtype === "i32" ? 0 : slack)));
    if (f.length !== e.length || wrong >= 0) {
      throw new Error(`output ${o} ${how}: expected ${e.slice(0, 20)}, found ${f.slice(0, 20)}`);
    }
  });
}
