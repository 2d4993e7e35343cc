/** Recurrences with random options: compiled, on one thread and on two, beside the interpreter. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { gradient } from "../../src/autodiff/gradient.ts";
import { leaves, type Tree } from "../../src/autodiff/tree.ts";
import { runOnce } from "../../src/backends/interpreter/index.ts";
import { compileProgram } from "../../src/compile/index.ts";
import { valueOf } from "../../src/core/values.ts";
import * as nn from "../../src/nn/index.ts";
import { input, tensor } from "../../src/ops/leaf.ts";
import { runBy } from "../backends/wasm/run-by.ts";
import "../support/backend.ts";
import { expectClose } from "../support/close.ts";

type Any = nn.Recurrence<number, number, unknown>;
const makers: Readonly<Record<string, (inputs: number, hidden: number, options: object) => Any>> = {
  ...{ rnn: nn.rnn, lstm: nn.lstm, gru: nn.gru },
};

const cases = fc.record({
  kind: fc.constantFrom("rnn", "relu", "lstm", "projection", "gru"),
  inputs: fc.integer({ min: 1, max: 3 }),
  hidden: fc.integer({ min: 2, max: 5 }),
  steps: fc.integer({ min: 1, max: 5 }),
  batch: fc.integer({ min: 1, max: 4 }),
  layers: fc.integer({ min: 1, max: 3 }),
  bidirectional: fc.boolean(),
  batchFirst: fc.boolean(),
  bias: fc.boolean(),
  dropout: fc.boolean(),
  lengths: fc.option(fc.array(fc.nat(5), { minLength: 4, maxLength: 4 })),
  seed: fc.nat(1000),
});
type Case = typeof cases extends fc.Arbitrary<infer C> ? C : never;

function make({ kind, inputs, hidden, layers, bidirectional, batchFirst, ...rest }: Case): Any {
  const name = kind === "relu" ? "rnn" : kind === "projection" ? "lstm" : kind;
  return makers[name]!(inputs, hidden, {
    ...{ layers, bidirectional, batchFirst },
    ...(rest.bias ? {} : { bias: false }),
    ...(rest.dropout && layers > 1 ? { dropout: 0.3 } : {}),
    ...(kind === "relu" ? { nonlinearity: "relu" } : {}),
    ...(kind === "projection" ? { projection: hidden - 1 } : {}),
  });
}

/** Outputs, last state and gradients of everything, as a graph. */
async function agrees(c: Case): Promise<void> {
  const model = make(c);
  const { parameters } = nn.initialValues(model, { dtype: "f64", seed: c.seed });
  const shape = [...(c.batchFirst ? [c.batch, c.steps] : [c.steps, c.batch]), c.inputs];
  const x = input("x", shape, "f64");
  const named = Object.entries(model.parameters).map(
    ([name, spec]) => [name, input(name, spec.shape, "f64")] as const,
  );
  const lengths = c.lengths?.slice(0, c.batch).map((n) => Math.min(n, c.steps));
  const key = tensor([c.seed, 1], { dtype: "i32" });
  const [y, state] = model.pass(x, Object.fromEntries(named), {
    ...(lengths ? { lengths } : {}),
    context: { training: true, key, path: "0" },
  });
  const made = [y, ...leaves(state as Tree)];
  const loss = made.map((t) => t.square().sum()).reduce((a, b) => a.add(b));
  const inputs = [x, ...named.map(([, t]) => t)];
  const graph = { inputs, outputs: [...made, ...gradient(loss, inputs)] };
  const size = shape.reduce((n, k) => n * k, 1);
  const given = [
    Float64Array.from({ length: size }, (_, i) => Math.sin(i * i + c.seed)),
    ...Object.values(parameters).map(valueOf),
  ];
  const wanted = runOnce(graph, given);
  const program = compileProgram(graph);
  const alone = await runBy(1, program, given, { unitWork: 32 });
  const both = await runBy(2, program, given, { unitWork: 32 });
  for (const [o, value] of wanted.entries()) {
    expectClose(alone[o]!, Array.from(value), { relative: 1e-11, absolute: 1e-12 }, `output ${o}`);
    expect(both[o], `output ${o} on two threads`).toEqual(alone[o]);
  }
}

test("backends and numbers of threads agree", async () => {
  await fc.assert(fc.asyncProperty(cases, agrees), {
    seed: Number(process.env.CHAINRULE_FUZZ_SEED ?? 1),
    numRuns: Number(process.env.CHAINRULE_FUZZ_RUNS ?? 10),
  });
});
