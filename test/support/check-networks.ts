/** A random network by every way of running it, held against the interpreter; and its training. */
import { ownRounding } from "../../src/autodiff/own-rounding.ts";
import { runOnce } from "../../src/backends/interpreter/index.ts";
import { instantiate } from "../../src/backends/wasm/instance.ts";
import { compileProgram } from "../../src/compile/index.ts";
import { arrayOf, type TypedArray } from "../../src/core/dtype.ts";
import { ChainruleError } from "../../src/core/errors.ts";
import type { Graph } from "../../src/core/graph.ts";
import type { Shape } from "../../src/core/shape.ts";
import { valueOf } from "../../src/core/values.ts";
import * as nn from "../../src/nn/index.ts";
import { tensor } from "../../src/ops/leaf.ts";
import { gradientStep, optimizerStep } from "../../src/step/cut.ts";
import { inputList, statePairs } from "../../src/step/ports.ts";
import { trainingStep } from "../../src/step/step.ts";
import { trainer } from "../../src/train/trainer.ts";
import { runBy } from "../backends/wasm/run-by.ts";
import { Draws } from "./draws.ts";
import { type NetworkChoice, randomNetwork } from "./random-networks.ts";
import { plain, randomOptimizer, randomTask } from "./random-training.ts";

/** What turns noise in a gradient into a step of full size, and agrees only where there is none. */
const jumpy: readonly string[] = ["rprop", "lion", "muon", "adagrad"];

/** A network that is drawn, or that stands here. */
export type NetworkCase = NetworkChoice | (Pick<NetworkChoice, "seed" | "batch"> & Written);
interface Written {
  readonly layers: nn.Layer;
  readonly input: Shape;
}

/** A network, its task and its optimizer, and batches of so many examples. */
function caseOf(c: NetworkCase) {
  const written = "input" in c ? c : undefined;
  const task = written ? plain : randomTask(new Draws([c.seed, 5]));
  const optimizer = randomOptimizer(new Draws([c.seed, 11]));
  const { model, input, words } = written
    ? { model: written.layers, input: written.input, words: false }
    : randomNetwork(c as NetworkChoice, task.outputs);
  const said = [
    `${task.name}, ${optimizer.name} ${JSON.stringify(optimizer.made.settings)}`,
    ...model.layers.map(({ name, settings }) => `${name} ${JSON.stringify(settings)}`),
  ].join("\n");
  /** The numbers of so many examples, moved by so much. */
  const batchOf = (examples: number, by = 0) => {
    const size = input.slice(1).reduce((n, k) => n * k, examples);
    const inputs = Array.from({ length: size }, (_, i) =>
      words ? (i * i + c.seed) % 6 : Math.sin(i * i + c.seed + 1) * (1 + by * Math.sin(i)),
    );
    const each = task.targets.shape.reduce((n, k) => n * k, examples);
    return { inputs, targets: Array.from({ length: each }, (_, i) => task.targets.value(i)) };
  };
  // A norm of all gradients is known after all of them; groups have optimizers with norms of their own.
  const grouped = ["muon", "parameterGroups"].includes(optimizer.name);
  const inTurn = c.seed % 3 === 0 && !grouped && optimizer.made.clipNorm === undefined;
  const update = inTurn ? ("sequential" as const) : ("simultaneous" as const);
  return { model, input, words, task, optimizer, update, said, batchOf };
}

/** How far a value may be off: rounding, as much as it grows on the way, which is measured. */
function bounds(exact: readonly TypedArray[], moved: readonly TypedArray[]): number[] {
  return exact.map((values, o) => {
    const largest = (of: ArrayLike<number>) => Math.max(0, ...Array.from(of, Math.abs));
    const grown = largest(Array.from(values, (v, i) => v - moved[o]![i]!));
    return 1e-12 + 1e-11 * largest(values) + 10 * grown;
  });
}

/** Throws where what a compiled graph gives is not what the interpreter gives. */
function agreement(graph: Graph, values: readonly TypedArray[], moved: readonly TypedArray[]) {
  const run = (outputs: Graph["outputs"], of: readonly TypedArray[]) =>
    runOnce({ inputs: graph.inputs, outputs }, of).map((v) => v.slice());
  const wanted = run(graph.outputs, values);
  const allowed = bounds(wanted, run(graph.outputs, moved));
  // Where terms cancel, rounding on the way counts, which is measured where it is needed.
  let own: readonly Float64Array[] | undefined;
  const rounding = () => (own ??= ownRounding(graph.outputs, (outputs) => run(outputs, values)));
  return (found: readonly TypedArray[], how: string): void => {
    for (const [o, value] of wanted.entries()) {
      if (found[o]!.length !== value.length)
        throw new Error(`${how}: output ${o} has another size`);
      for (const [i, v] of value.entries()) {
        const off = Math.abs(v - found[o]![i]!);
        if (Object.is(v, found[o]![i]) || off <= allowed[o]! || off <= rounding()[o]![i]!) continue;
        throw new Error(`${how}: output ${o}[${i}]: ${found[o]![i]}, not ${v}, by ${allowed[o]}`);
      }
    }
  };
}

/**
 * Throws where a network's loss and gradients, its whole training step (also in place), or its update
 * alone differ between the interpreter and compiled code, or between one thread and two.
 */
export async function checkNetwork(c: NetworkCase): Promise<void> {
  const all = caseOf(c);
  try {
    await checkSteps(c, all);
  } catch (error) {
    throw new Error(`${(error as Error).message}, of\n${all.said}`, { cause: error });
  }
}

async function checkSteps(c: NetworkCase, all: ReturnType<typeof caseOf>): Promise<void> {
  const { model, input, words, task, optimizer, update: timing, batchOf } = all;
  const { made } = optimizer;
  const types = {
    inputs: { dtype: words ? "i32" : "f64", shape: input },
    targets: { dtype: task.targets.dtype, shape: [c.batch, ...task.targets.shape] },
  } as const;
  const common = { dtype: "f64", loss: task.loss, optimizer: made } as const;
  const isWhole = !jumpy.includes(optimizer.name) && c.seed % 2 === 0;
  const step = isWhole
    ? trainingStep(model, types, {
        ...common,
        update: timing,
        gradients: c.seed % 5 === 0,
      })
    : undefined;
  const graph = step ?? gradientStep(model, types, common);
  const update = optimizerStep(model, common);

  const { parameters, buffers } = nn.initialValues(model, { dtype: "f64", seed: c.seed });
  // Where parameters begin with 0, as lora's do, nothing would come behind them.
  const named = (all: typeof parameters, by: number, zero = 0) =>
    Object.fromEntries(
      Object.entries(all).map(([name, t]) => [
        name,
        valueOf(t).map((v, i) => (v || zero * Math.cos(3 * i)) * (1 + by * Math.cos(i))),
      ]),
    );
  const sizes = update.ports.inputs;
  const filled = (all: typeof sizes.slots, value: (i: number) => number) =>
    Object.fromEntries(
      Object.entries(all).map(([name, { size }]) => [
        name,
        Float64Array.from({ length: size }, (_, i) => value(i)),
      ]),
    );
  const given = (by: number) => {
    const { inputs, targets } = batchOf(c.batch, by);
    return {
      parameters: named(parameters, by, 0.3),
      buffers: named(buffers, 0),
      // Such as squares and sizes of steps.
      slots: filled(sizes.slots, (i) => 0.1 + 0.05 * Math.cos(5 * i) * (1 + by)),
      gradients: filled(sizes.gradients, (i) => Math.sin(7 * i + 1) * (1 + by * Math.cos(i))),
      controls: {
        key: Int32Array.of(c.seed, 3),
        learningRate: Float64Array.of(made.learningRate.initial),
        step: Float64Array.of(c.seed % 4),
      },
      batch: {
        inputs: arrayOf(types.inputs.dtype, inputs),
        targets: arrayOf(types.targets.dtype, targets),
      },
    };
  };
  const moved = given(1e-13);
  for (const one of [graph, update]) {
    const of = one as typeof graph;
    const values = inputList(of, given(0));
    const agrees = agreement(of, values, inputList(of, moved));
    const program = compileProgram(of);
    const alone = await runBy(1, program, values, { unitWork: 32 });
    agrees(alone, one === update ? "the update" : "compiled");
    // Workers take their time to start.
    if (c.seed % 8 > 0 || one === update) continue;
    const both = await runBy(2, program, values, { unitWork: 32 });
    for (const [o, value] of alone.entries()) {
      if (value.every((v, i) => Object.is(v, both[o]![i]))) continue;
      throw new Error(`output ${o} has other bits on two threads`);
    }
  }
  if (step === undefined) return;
  const values = inputList(step, given(0));
  const program = compileProgram(step, { state: statePairs(step) });
  const { exports, at } = instantiate(program, { relaxed: false });
  for (const [i, buffer] of program.inputs.entries()) at(buffer).set(values[i]!);
  (exports.run as () => void)();
  const found = program.outputs.map((buffer) => at(buffer).slice());
  agreement(step, values, inputList(step, moved))(found, "in place");
}

/**
 * Throws where training that goes on from a checkpoint has other bits than training without a break,
 * or two threads have others than one. False where a number is not finite.
 */
export async function checkResumed(c: NetworkCase): Promise<boolean> {
  const { model, input, words, task, optimizer, update, said, batchOf } = caseOf(c);
  const count = 3 * c.batch;
  const { inputs, targets } = batchOf(count);
  const data = {
    inputs: tensor(inputs, { shape: [count, ...input.slice(1)], dtype: words ? "i32" : "f32" }),
    targets: tensor(targets, {
      shape: [count, ...task.targets.shape],
      dtype: task.targets.dtype === "i32" ? "i32" : "f32",
    }),
  };
  const make = (threads: number) =>
    trainer(model, {
      ...{ loss: task.loss, optimizer: optimizer.made, seed: c.seed, backend: "wasm", threads },
      update,
    });
  const [whole, first, second] = [make(c.seed % 8 === 0 ? 2 : 1), make(1), make(1)];
  try {
    await whole.fit(data, { epochs: 4, batchSize: c.batch });
  } catch (error) {
    if (error instanceof ChainruleError && error.code === "not-finite") return false;
    throw new Error(`${(error as Error).message}, of\n${said}`, { cause: error });
  }
  await first.fit(data, { epochs: 2, batchSize: c.batch });
  second.fromBytes(first.toBytes());
  await second.fit(data, { untilEpoch: 4, batchSize: c.batch });
  const [found, wanted] = [second.toBytes(), whole.toBytes()];
  if (found.length === wanted.length && found.every((byte, i) => byte === wanted[i])) return true;
  throw new Error(`other bits, of\n${said}`);
}
