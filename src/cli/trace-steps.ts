/** chainrule train FILE --trace-steps N: the first steps with every weight, gradient and change. */
import { programOf } from "../backends/asynchronous.ts";
import { at } from "../core/at.ts";
import type { TypedArray } from "../core/dtype.ts";
import { seedKey } from "../core/random.ts";
import { sizeOf } from "../core/shape.ts";
import { subset } from "../data/dataset.ts";
import { shuffledOrder } from "../data/split.ts";
import { normOf } from "../explain/engine/layer-report.ts";
import type { PreparedNetwork } from "../network-file/index.ts";
import { constantTensor } from "../ops/leaf.ts";
import { inputList, outputsByName } from "../step/ports.ts";
import { trainingStep } from "../step/step.ts";
import { count, formatNumber } from "./numbers.ts";
import { bold, columns, dim } from "./terminal.ts";

/** A parameter of more entries shows the first of them, and its size. */
const fewEntries = 12;
const shownEntries = 4;
/** As data, so many entries of a parameter. */
const mostEntries = 1000;

interface Say {
  line(text?: string): void;
  event(event: Record<string, unknown>): void;
}

interface Traced {
  readonly name: string;
  readonly shape: readonly number[];
  readonly before: TypedArray;
  readonly gradient: TypedArray;
  readonly after: TypedArray;
}

/** Takes the steps that training is about to take, shows them, and goes back to before them. */
export async function traceSteps(prepared: PreparedNetwork, n: number, say: Say): Promise<void> {
  const { trainer, data, network } = prepared;
  const { batchSize } = network.training;
  const { train } = data;
  const before = trainer.toBytes();
  let { epoch, position } = trainer.progress;
  for (let k = 0; k < n; k++) {
    const order = shuffledOrder(train.size, trainer.seed, epoch);
    const rows = order.slice(position, position + batchSize);
    const batch = subset(train, rows);
    const step = trainer.progress.steps + 1;
    const scheduled = trainer.optimizer.learningRate.factor(
      constantTensor(Float64Array.of(step - 1), []),
    );
    const learningRate = trainer.learningRate * scheduled.item();
    const gradients = await gradientsOn(prepared, batch);
    const old = trainer.snapshot();
    const loss = await trainer.stepAsync(batch);
    const renewed = trainer.snapshot();
    const traced = Object.entries(gradients).map(([name, gradient]): Traced => {
      const shape = trainer.model.parameters[name]?.shape ?? [];
      const value = (values: Map<string, TypedArray>) => values.get(name) ?? gradient;
      return { name, shape, before: value(old), gradient, after: value(renewed) };
    });
    say.event(eventOf(traced, { step, epoch: epoch + 1, rows: [...rows], loss, learningRate }));
    const some = [...rows.slice(0, 8)].join(" ") + (rows.length > 8 ? " …" : "");
    const facts = `epoch ${count(epoch + 1)}, rows ${some}; loss ${formatNumber(loss, 6)}, learning rate ${formatNumber(learningRate, 4)}`;
    say.line(`${bold(`step ${count(step)}`)}  ${facts}`);
    for (const line of linesOf(traced)) say.line(line);
    say.line();
    position += rows.length;
    if (position >= train.size) [epoch, position] = [epoch + 1, 0];
  }
  trainer.fromBytes(before);
}

/** ∂E/∂θ of a batch, as the step will take it before it clips. */
async function gradientsOn(
  { trainer }: PreparedNetwork,
  batch: Parameters<PreparedNetwork["trainer"]["step"]>[0],
): Promise<Readonly<Record<string, TypedArray>>> {
  const { inputs, targets } = trainer.batchOf(batch as Parameters<typeof trainer.batchOf>[0]);
  const { model, loss, optimizer, update, progress, seed } = trainer;
  const dtype = trainer.dtype === "f64" ? "f64" : "f32";
  const options = { loss, optimizer, update, dtype, gradients: true, health: false } as const;
  const graph = trainingStep(model, { inputs, targets }, options);
  // What is asked for is fetched from where it is trained.
  const slots = Object.fromEntries(trainer.slots);
  const { parameters, buffers } = trainer.ownState();
  const list = inputList(graph, {
    ...{ parameters, buffers, slots },
    controls: {
      learningRate: Float64Array.of(trainer.learningRate),
      step: Float64Array.of(progress.steps),
      key: Int32Array.of(seedKey(seed)[0], progress.steps),
    },
    batch: { inputs: inputs.data, targets: targets.data },
  });
  const found = await programOf(trainer.backend, graph).run(list);
  return outputsByName(graph, [...found]).gradients ?? {};
}

const changeOf = ({ before, after }: Traced): Float64Array =>
  Float64Array.from(after, (v, i) => v - at(before, i));

/** "[2, 0]" of the seventh entry of [3, 3]. */
function indexOf(i: number, shape: readonly number[]): string {
  const index: number[] = [];
  let rest = i;
  for (const size of [...shape].reverse()) {
    index.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return `[${index.join(",")}]`;
}

function linesOf(traced: readonly Traced[]): string[] {
  const number = (x: number) => formatNumber(x, 6);
  const rows = traced.flatMap((t) => {
    const { name, shape, before, gradient, after } = t;
    const change = changeOf(t);
    const size = sizeOf(shape);
    const listed = size <= fewEntries ? size : shownEntries;
    const entries = Array.from({ length: listed }, (_, i) => [
      `  ${name}${indexOf(i, shape)}`,
      ...[before, gradient, change, after].map((x) => number(at(x, i))),
    ]);
    const whole = [`  ‖${name}‖ of ${count(size)}`];
    const norms = [before, gradient, change, after].map((x) => number(normOf(x)));
    return size <= fewEntries ? entries : [...entries, [...whole, ...norms]];
  });
  const head = ["  parameter", "before", "gradient", "change", "after"].map(dim);
  return columns([head, ...rows], "<>", 3);
}

function eventOf(traced: readonly Traced[], facts: Record<string, unknown>) {
  const some = (x: ArrayLike<number>) => Array.from(x).slice(0, mostEntries);
  const parameters = traced.map((t) => [
    t.name,
    {
      shape: t.shape,
      ...(sizeOf(t.shape) > mostEntries ? { first: mostEntries } : {}),
      ...{ value: some(t.before), gradient: some(t.gradient) },
      ...{ update: some(changeOf(t)), next: some(t.after) },
    },
  ]);
  return { event: "step", ...facts, parameters: Object.fromEntries(parameters) };
}
