/** One update of the trainer's optimizer: as numbers, with other gradients, and as a rule. */
import { at, entry, only } from "../../core/at.ts";
import { entryOf, mapEntries } from "../../core/by-name.ts";
import type { TypedArray } from "../../core/dtype.ts";
import { seedKey } from "../../core/random.ts";
import type { Tensor } from "../../core/tensor.ts";
import { constantTensor, input, scalar } from "../../ops/leaf.ts";
import { applyOptimizer, gathered, rateAt, type Updating, updateAt } from "../../optim/apply.ts";
import type { Optimizer } from "../../optim/optimizer.ts";
import { rulesOf } from "../../step/parameters.ts";
import { inputList } from "../../step/ports.ts";
import { trainingStep } from "../../step/step.ts";
import type { UpdateTiming } from "../../step/update.ts";
import type { Trainer } from "../../train/trainer.ts";
import { byName, numbersOf, type Parameter, type Values } from "./parameters.ts";
import { planned } from "./plans.ts";
import { backendFor, heavy, type NetworkTrace, type Trace, toF64 } from "./trace.ts";

/**
 * The parameters after one update of the trainer's optimizer: all of them, or the values of some
 * where no others are wanted.
 */
export function updated(
  t: NetworkTrace,
  timing: UpdateTiming,
  some: readonly Parameter[] = t.parameters,
): Values {
  const memory = renewed.get(t) ?? {};
  renewed.set(t, memory);
  const known = (memory[timing] ??= new Map());
  const missing = some.filter(({ name }) => !known.has(name));
  if (missing.length > 0)
    for (const [name, value] of stepped(t, timing, missing)) known.set(name, value);
  return known;
}
const renewed = new WeakMap<Trace, Partial<Record<UpdateTiming, Map<string, Float64Array>>>>();

function stepped(t: NetworkTrace, timing: UpdateTiming, some: readonly Parameter[]): Values {
  const { trainer, x, y } = t.network;
  const graph = trainingStep(
    trainer.model,
    { inputs: x, targets: y },
    { loss: trainer.loss, optimizer: trainer.optimizer, dtype: "f64", update: timing },
  );
  const { steps } = trainer.progress;
  const values = inputList(graph, {
    parameters: Object.fromEntries(t.parameters.map((p) => [p.name, p.data])),
    buffers: mapEntries(trainer.buffers, (b) => toF64(b.dataSync())),
    slots: mapEntries(Object.fromEntries(trainer.slots), toF64),
    controls: {
      learningRate: Float64Array.of(trainer.learningRate),
      step: Float64Array.of(steps),
      key: Int32Array.of(seedKey(trainer.seed)[0], steps),
    },
    batch: { inputs: entry(t.bindings, x), targets: entry(t.bindings, y) },
  });
  const outputs = some.map(({ name }) => entryOf(graph.ports.outputs.parameters, name));
  const run = planned(backendFor(t, heavy), { inputs: graph.inputs, outputs }).run(values);
  return byName(some, run.map(toF64));
}

/** What an update starts from: trained parameters that some group changes, with these gradients. */
function subjects(
  t: NetworkTrace,
  g: Values,
  some: readonly Parameter[],
  optimizer = t.network.trainer.optimizer,
) {
  const { trainer } = t.network;
  const rules = rulesOf(trainer.model, trainer.optimizer);
  return some.flatMap((p) => {
    const known = rules[p.name];
    if (known === undefined) return [];
    const rule = known === trainer.optimizer ? optimizer : known;
    const like = (data: TypedArray) => constantTensor(toF64(data), p.tensor.shape);
    const state = Object.keys(rule.slots).map((slot): [string, Tensor] => [
      slot,
      like(entry(trainer.slots, `${p.name}/${slot}`)),
    ]);
    const subject: Updating = {
      rule,
      parameter: like(p.data),
      gradient: like(numbersOf(g, p)),
      state: Object.fromEntries(state),
      own: p.learningRate,
    };
    return [{ p, subject }];
  });
}

/** The parameters after one update with other gradients of some, or by another optimizer. */
export function updatedWith(
  t: NetworkTrace,
  g: Values,
  some: readonly Parameter[],
  optimizer = t.network.trainer.optimizer,
): Values {
  const { progress, learningRate } = t.network.trainer;
  const known = subjects(t, g, some, optimizer);
  const next = applyOptimizer(
    optimizer,
    known.map(({ subject }) => subject),
    { learningRate: scalar(learningRate, "f64"), step: scalar(progress.steps, "f64") },
  ).map(({ parameter }) => parameter);
  const changed = byName(
    known.map(({ p }) => p),
    t.evaluate(next),
  );
  return new Map(t.parameters.map((p) => [p.name, changed.get(p.name) ?? toF64(p.data)]));
}

/** Whether the optimizer has subtracted η times the gradient, and nothing else. */
export const isPlain = (t: NetworkTrace, g: Values, next: Values): boolean => {
  const rate = rateOf(t.network.trainer);
  return t.parameters.every((p) => {
    if (!p.trained) return true;
    const [own, after] = [numbersOf(g, p), numbersOf(next, p)];
    return p.data.every((v, i) => {
      const change = rate * at(own, i);
      const off = Math.abs(at(after, i) - v + change);
      return off <= 1e-12 * Math.max(Math.abs(change), Math.abs(v));
    });
  });
};

/** η at this step, by schedule and by hand; of a layer with a rate of its own, that one. */
export function rateOf(trainer: Trainer, own?: number, rule = trainer.optimizer): number {
  const moment = {
    learningRate: scalar(trainer.learningRate, "f64"),
    step: scalar(trainer.progress.steps, "f64"),
  };
  return rateAt(trainer.optimizer, rule, moment, own).item();
}

/** Whose rule a parameter follows; undefined where its group leaves it as it is. */
export const changerOf = ({ network: { trainer } }: NetworkTrace, { name }: Parameter) =>
  rulesOf(trainer.model, trainer.optimizer)[name];

/** E at other values of the parameters. */
export function lossAt(t: Trace, values: Values): number {
  const change = new Map(t.parameters.map((p) => [p.tensor, numbersOf(values, p)]));
  return only(only(t.evaluate([t.loss], change)));
}

/** The gradients as the optimizer's clipping leaves them. */
export function clipped(
  t: NetworkTrace,
  g: Values,
  some: readonly Parameter[] = t.parameters.filter((p) => p.trained),
): Values {
  const { model, optimizer } = t.network.trainer;
  const rules = [optimizer, ...Object.values(rulesOf(model, optimizer))];
  const isLeft = ({ accumulate = 1, clipNorm, clipValue }: Optimizer) =>
    accumulate === 1 && clipNorm === undefined && clipValue === undefined;
  if (rules.every(isLeft)) return g;
  const known = subjects(t, g, some);
  const cut = gathered(
    optimizer,
    known.map(({ subject }) => subject),
  );
  return byName(
    known.map(({ p }) => p),
    t.evaluate(cut),
  );
}

/** One update of one number, as a graph over scalars: the optimizer's own rule. */
export function updateRule(
  { network: { trainer } }: NetworkTrace,
  { learningRate }: Parameter,
  optimizer: Optimizer,
) {
  const scalars = (n: string) => input(n, [], "f64");
  const parameter = scalars("θ");
  const g = scalars("g");
  const slots = Object.keys(optimizer.slots)
    .filter((slot) => slot !== "accumulated")
    .map((s): [string, Tensor] => [s, scalars(s)]);
  const rate = scalars("η");
  // A number, not a graph: the formulas name it.
  const steps = updateAt(optimizer, scalar(trainer.progress.steps, "f64")).item();
  const step = scalar(steps, "f64");
  const { parameter: next, state } = optimizer.update({
    parameter,
    gradient: g,
    state: Object.fromEntries(slots),
    learningRate: rate,
    step,
    clipped: true,
  });
  return {
    parameter,
    gradient: g,
    rate,
    step,
    /** Its number. */
    steps,
    next,
    /** What the optimizer remembers, before and after. */
    slots: slots.map(([slot, before]) => ({ slot, before, after: state[slot] ?? before })),
    learningRate: rateOf(trainer, learningRate, optimizer),
  };
}
