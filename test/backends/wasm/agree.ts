/** One graph on both backends: the interpreter says what is right. */
import { expect } from "vitest";
import { interpreter } from "../../../src/backends/interpreter/index.ts";
import { wasm } from "../../../src/backends/wasm/index.ts";
import { compileProgram } from "../../../src/compile/index.ts";
import type { TypedArray } from "../../../src/core/dtype.ts";
import type { Graph } from "../../../src/core/graph.ts";
import { readValues } from "../../../src/core/runtime.ts";
import { expectClose } from "../../support/close.ts";
import { rounding } from "../../support/rounding.ts";

export type Values = readonly TypedArray[];

/** Outputs of both backends. */
export function runBoth(graph: Graph, what: string, values: Values = readValues(graph.inputs)) {
  const expected = interpreter.compile(graph).run(values);
  return { expected, found: runTwice(graph, what, values) };
}

/** Compiled outputs; the program passes the verifier, and a second run gives the same. */
export function runTwice(graph: Graph, what: string, values: Values): TypedArray[] {
  compileProgram(graph, { verify: true });
  const executable = wasm.compile(graph);
  const first = executable.run(values).map((v) => v.slice());
  const found = executable.run(values);
  // A run must leave nothing behind that changes the next.
  found.forEach((v, i) => {
    expectSame(v, first[i]!, `${what}, output ${i} of the second run,`);
  });
  return found;
}

/** Fails unless all elements have the same bits. */
export function expectSame(found: TypedArray, expected: TypedArray, what: string): void {
  expectAll(found, expected, what, Object.is);
}

/** Fails unless all elements are the same numbers. */
export function expectEqual(found: TypedArray, expected: TypedArray, what: string): void {
  expectAll(found, expected, what, equal);
}

/** The sign of a sum that is 0 is nobody's promise: it depends on what the sum starts from. */
const equal = (a: number, b: number): boolean => a === b || Object.is(a, b);

function expectAll(
  found: TypedArray,
  expected: TypedArray,
  what: string,
  same: (a: number, b: number) => boolean,
): void {
  expect(found.length, what).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    if (same(found[i]!, expected[i]!)) continue;
    expect.fail(`${what} element ${i}: expected ${show(expected[i]!)}, found ${show(found[i]!)}`);
  }
}

const show = (x: number): string => (Object.is(x, -0) ? "-0" : String(x));

/** The backends agree up to rounding. */
export function agree(
  graph: Graph,
  what: string,
  { values, tolerance = rounding }: { values?: Values; tolerance?: typeof rounding } = {},
): void {
  const { expected, found } = runBoth(graph, what, values);
  graph.outputs.forEach((y, i) => {
    expectClose(found[i]!, expected[i]!, tolerance[y.dtype], `${what}, output ${i}, element`);
  });
}

/** The backends agree without any tolerance: for what is exact in whatever order it is done. */
export function identical(graph: Graph, what: string, values?: Values): void {
  const { expected, found } = runBoth(graph, what, values);
  expected.forEach((v, i) => {
    expectEqual(found[i]!, v, `${what}, output ${i},`);
  });
}
