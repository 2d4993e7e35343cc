/**
 * What is explained, in one form: a scalar loss over named parameters, the stages in between that
 * have names of their own, and the value of every node. Everything is computed in f64.
 */
import { gradient } from "../../autodiff/gradient.ts";
import type { Executable, SynchronousBackend } from "../../backends/backend.ts";
import { interpreter } from "../../backends/interpreter/index.ts";
import { inReach } from "../../backends/registry.ts";
import { mapEntries } from "../../core/by-name.ts";
import { arrayOf, isFloat, type TypedArray } from "../../core/dtype.ts";
import { fail } from "../../core/errors.ts";
import { dependents, nodesOf } from "../../core/graph.ts";
import { keyOf } from "../../core/random.ts";
import { sizeOf } from "../../core/shape.ts";
import { Tensor } from "../../core/tensor.ts";
import { shown } from "../../core/wording.ts";
import type { Layer, LayerContext } from "../../nn/layer.ts";
import { identity } from "../../ops/custom.ts";
import { constant, input, scalar } from "../../ops/leaf.ts";
import { reshape } from "../../ops/move.ts";
import { clip } from "../../optim/optimizer.ts";
import { bufferInputs, parameterInputs, trainable } from "../../step/parameters.ts";
import { inputList, outputsByName } from "../../step/ports.ts";
import { readingNew } from "../../step/sequential-update.ts";
import { trainingStep } from "../../step/step.ts";
import type { UpdateTiming } from "../../step/update.ts";
import { type Data, type Trainer, toDataset } from "../../train/trainer.ts";

/** A tensor on the way whose elements have names. */
export interface Stage {
  readonly tensor: Tensor;
  /** Layers with parameters, counted from 1. */
  readonly layer: number;
  readonly role: "net" | "out" | "other";
  readonly name: string;
  readonly path: string;
}

export interface Trace {
  readonly trainer?: Trainer;
  readonly data?: Data;
  /** What the loss is called where its function does not say. */
  readonly lossName?: string | undefined;
  /** The number of the first example in the data that the batch was taken from. */
  readonly firstExample?: number | undefined;
  readonly loss: Tensor;
  readonly parameters: Readonly<Record<string, Tensor>>;
  readonly trainable: readonly string[];
  readonly stages: readonly Stage[];
  readonly x?: Tensor;
  readonly y?: Tensor;
  readonly output?: Tensor;
  readonly examples: number;
  /** Whether random numbers are drawn on the way. */
  readonly random?: boolean;
  readonly values: ReadonlyMap<Tensor, TypedArray>;
  readonly bindings: ReadonlyMap<Tensor, TypedArray>;
  /** Values of any tensors over the same inputs. */
  readonly evaluate: (
    ts: readonly Tensor[],
    change?: ReadonlyMap<Tensor, TypedArray>,
  ) => TypedArray[];
  /** The same over more inputs, compiled to be run often. */
  readonly compile: (
    ts: readonly Tensor[],
    more: readonly Tensor[],
  ) => (values: readonly TypedArray[]) => TypedArray[];
}

const toF64 = (data: TypedArray): Float64Array => Float64Array.from(data);

function finish(parts: Omit<Trace, "values" | "evaluate" | "compile">): Trace {
  const { bindings } = parts;
  const inputs = [...bindings.keys()];
  let known: Map<Tensor, TypedArray> | undefined;
  const valuesOf = (): Map<Tensor, TypedArray> => {
    const values = new Map<Tensor, TypedArray>();
    interpreter
      .compile({ inputs, outputs: [parts.loss, ...inputs] })
      .run([...bindings.values()], (node, value) => values.set(node, value.slice()));
    for (const [node, value] of bindings) values.set(node, value);
    return values;
  };
  const compiled = new Map<Tensor, Executable>();
  const machine = machineFor(parts);
  return {
    ...parts,
    get values() {
      return (known ??= valuesOf());
    },
    compile(ts, more) {
      const run = machine.compile({ inputs: [...inputs, ...more], outputs: ts });
      return (values) => run.run([...bindings.values(), ...values]);
    },
    evaluate(ts, change) {
      const single = ts.length === 1 ? ts[0]! : undefined;
      const run = (single && compiled.get(single)) || machine.compile({ inputs, outputs: ts });
      if (single) compiled.set(single, run);
      return run.run(inputs.map((t) => change?.get(t) ?? bindings.get(t)!)).map((v) => v.slice());
    },
  };
}

/** How a model's forward pass is run; diagnosis puts mistaken ones in its place. */
export type Forward = (
  model: Layer,
  x: Tensor,
  parameters: Readonly<Record<string, Tensor>>,
  context: LayerContext,
) => Tensor;

export const correct: Forward = (model, x, parameters, context) =>
  model.apply(x, parameters, context);

/** The loss of a trainer on data, as it stands: one training step up to the gradient. */
export function traceNetwork(trainer: Trainer, data: Data, forward: Forward = correct): Trace {
  const { model } = trainer;
  const dataset = toDataset(data, trainer.classes);
  const parameters = parameterInputs(model, "f64");
  const given = { ...parameters, ...bufferInputs(model, "f64") };
  const targets = dataset.targets;
  const x = input("inputs", dataset.inputs.shape, "f64");
  const y = input("targets", targets.shape, isFloat(targets.dtype) ? "f64" : targets.dtype);
  const key = constant(Int32Array.of(keyOf(trainer.seed)[0], trainer.progress.steps), [2]);
  const stages: Stage[] = [];
  const known = new Set<Tensor>([x]);
  let layer = 0;
  let since = 0;
  const leaves = leafLayers(model, "");
  const output = forward(model, x, given, {
    training: true,
    key,
    path: "",
    observe(path, tensor) {
      const own = leaves.get(path);
      if (!own) return;
      const affine = Object.keys(own.parameters).length > 0;
      since = affine ? 0 : since + 1;
      if (affine) layer++;
      if (known.has(tensor)) return;
      known.add(tensor);
      const role = affine ? "net" : since === 1 && layer > 0 ? "out" : "other";
      stages.push({ tensor, layer, role, name: own.name, path });
    },
  });
  const snapshot = trainer.snapshot();
  const bindings = new Map<Tensor, TypedArray>([[x, toF64(dataset.inputs.data)]]);
  bindings.set(y, isFloat(targets.dtype) ? toF64(targets.data) : targets.data);
  for (const [name, t] of Object.entries(given)) bindings.set(t, toF64(snapshot.get(name)!));
  const loss = scalarLoss(trainer.loss(output, y));
  return finish({
    trainer,
    data: dataset,
    loss,
    random: nodesOf([loss]).includes(key),
    parameters,
    trainable: trainable(model),
    stages,
    x,
    y,
    output,
    examples: dataset.size,
    bindings,
  });
}

/** The layers that compute something themselves, by path. */
function leafLayers(model: Layer, path: string): Map<string, Layer> {
  if (model.layers.length === 0) return new Map([[path, model]]);
  const prefix = path === "" ? "" : `${path}.`;
  return new Map(model.layers.flatMap((l, i) => [...leafLayers(l, `${prefix}${i}`)]));
}

/** A function of tensors: its arguments are the parameters, its steps the stages. */
export function traceFunction(
  f: (...x: Tensor[]) => Tensor,
  given: Readonly<Record<string, Tensor>> | readonly Tensor[],
): Trace {
  const entries = Array.isArray(given)
    ? Array.from(given, (t: Tensor, i): [string, Tensor] => [`x${i}`, t])
    : Object.entries(given as Record<string, Tensor>);
  if (entries.length === 0 || entries.some(([, t]) => !(t instanceof Tensor))) {
    fail("bad-argument", {
      message: "A function is explained at a point.",
      expected: "inputs: its arguments, as tensors",
      found: entries.length === 0 ? "no inputs" : "something that is not a tensor",
      fix: "Pass { inputs: { w: tensor([…]) } }.",
    });
  }
  const parameters: Record<string, Tensor> = {};
  const bindings = new Map<Tensor, TypedArray>();
  for (const [name, t] of entries) {
    const dtype = isFloat(t.dtype) ? "f64" : t.dtype;
    const variable = input(name, t.shape, dtype);
    bindings.set(variable, arrayOf(dtype, t.dataSync()));
    if (dtype === "f64") parameters[name] = variable;
  }
  const variables = [...bindings.keys()];
  const result: unknown = f(...variables);
  if (!(result instanceof Tensor)) {
    return fail("bad-argument", {
      message: "A function that is explained gives a tensor.",
      expected: "a tensor with one value",
      found: shown(result),
      fix: "Compute it from the arguments with operators of tensors, and return it.",
    });
  }
  // What gives an argument back computes nothing that a step could be about.
  const loss = scalarLoss(bindings.has(result) ? identity(result) : result);
  const nodes = nodesOf([loss]);
  const active = dependents(nodes, Object.values(parameters));
  const stages = nodes
    .filter((n) => active.has(n) && n !== loss && n.inputs.length > 0 && isFloat(n.dtype))
    .filter((n) => !["linear"].includes(n.op.derivative.kind) || n.op.notation.text !== "#0")
    .map((tensor, i): Stage => ({ tensor, layer: 0, role: "other", name: `u${i + 1}`, path: "" }));
  return finish({
    loss,
    parameters,
    trainable: Object.keys(parameters),
    stages,
    examples: 1,
    bindings,
  });
}

function scalarLoss(loss: Tensor): Tensor {
  if (loss.size !== 1) {
    fail("shape-mismatch", {
      message: "What is explained is the gradient of one number.",
      expected: "a loss, or a function, with one value",
      found: `shape [${loss.shape.join(", ")}]`,
      fix: "Add .sum() or .mean().",
    });
  }
  return loss.rank === 0 ? loss : reshape(loss, []);
}

/** ∂E/∂θ of every parameter, by name. */
export function gradientsOf(t: Trace): Readonly<Record<string, Float64Array>> {
  let known = gradients.get(t.loss);
  if (!known) gradients.set(t.loss, (known = computed(t)));
  return known;
}
const gradients = new WeakMap<Tensor, Record<string, Float64Array>>();

function computed(t: Trace): Record<string, Float64Array> {
  const names = Object.keys(t.parameters);
  const found = t.evaluate(
    gradient(
      t.loss,
      names.map((n) => t.parameters[n]!),
    ),
  );
  return Object.fromEntries(names.map((n, i) => [n, found[i] as Float64Array]));
}

const differentiated = new WeakMap<Tensor, TypedArray>();

/** ∂E/∂(tensor). */
export function gradientAt(t: Trace, tensor: Tensor): TypedArray {
  let g = differentiated.get(tensor);
  if (!g) differentiated.set(tensor, (g = t.evaluate(gradient(t.loss, [tensor]))[0]!));
  return g;
}

/** ∂E/∂(stage) for each stage. */
export function stageGradients(t: Trace, stages: readonly Stage[]): Map<Tensor, TypedArray> {
  const missing = stages.map((s) => s.tensor).filter((x) => !differentiated.has(x));
  // One by one: together, each would count as independent of the others.
  const found = t.evaluate(missing.map((x) => gradient(t.loss, [x])[0]!));
  missing.forEach((x, i) => {
    differentiated.set(x, found[i]!);
  });
  return new Map(stages.map((s) => [s.tensor, differentiated.get(s.tensor)!]));
}

/**
 * The gradients that an update layer by layer takes: those by what belongs to layer l are computed
 * with the new weights of the layers behind it.
 */
export function sequentialGradients(
  t: Trace,
  wanted: readonly { readonly tensor: Tensor; readonly layer: number }[],
): Float64Array[] {
  const next = updated(t, "sequential");
  const layers = layersOf(t);
  const reading = readingNew(
    [t.loss],
    t.trainable.map((name) => t.parameters[name]!),
  );
  const found = wanted.flatMap(({ tensor, layer }) => {
    const later = t.trainable.filter((name) => layers.get(prefixOf(name))! > layer);
    const renewed = later.map((name): [Tensor, Tensor] => {
      const parameter = t.parameters[name]!;
      return [parameter, constant(next[name]!, parameter.shape)];
    });
    return reading(gradient(t.loss, [tensor]), new Map(renewed));
  });
  return t.evaluate(found) as Float64Array[];
}

/** The same by every parameter, by name. */
export function sequentialParameterGradients(t: Trace): Record<string, Float64Array> {
  const layers = layersOf(t);
  const all = Object.entries(t.parameters);
  const found = sequentialGradients(
    t,
    all.map(([name, tensor]) => ({ tensor, layer: layers.get(prefixOf(name))! })),
  );
  return Object.fromEntries(all.map(([name], i) => [name, found[i]!]));
}

export const prefixOf = (parameter: string): string =>
  parameter.slice(0, Math.max(0, parameter.lastIndexOf(".")));

/** The layers with parameters, counted from 1, by their prefix. */
export const layersOf = (t: Pick<Trace, "parameters">): Map<string, number> =>
  new Map([...new Set(Object.keys(t.parameters).map(prefixOf))].map((p, i) => [p, i + 1]));

/** Networks of which a single pass takes long: checks are shorter and nothing is tried out. */
export const isLarge = (t: Pick<Trace, "parameters" | "examples">): boolean =>
  Object.values(t.parameters).reduce((n, p) => n + p.size, 0) * t.examples > 1e6;

/** What is large runs where it was trained; anything else by the definition itself. */
const machineFor = (t: Pick<Trace, "parameters" | "examples" | "trainer">): SynchronousBackend =>
  t.trainer && isLarge(t) ? inReach(t.trainer.backend) : interpreter;

/** The parameters after one update of the trainer's optimizer, and the gradients that it took. */
export function updated(t: Trace, timing: UpdateTiming): Record<string, Float64Array> {
  const memory = renewed.get(t) ?? {};
  renewed.set(t, memory);
  memory[timing] ??= stepped(t, timing);
  return memory[timing];
}
const renewed = new WeakMap<Trace, Partial<Record<UpdateTiming, Record<string, Float64Array>>>>();

function stepped(t: Trace, timing: UpdateTiming): Record<string, Float64Array> {
  const trainer = t.trainer!;
  const x = t.x!;
  const graph = trainingStep(
    trainer.model,
    { inputs: x, targets: t.y! },
    { loss: trainer.loss, optimizer: trainer.optimizer, dtype: "f64", update: timing },
  );
  const { steps } = trainer.progress;
  const values = inputList(graph, {
    parameters: mapEntries(t.parameters, (p) => t.bindings.get(p)!),
    buffers: mapEntries(trainer.buffers, (b) => toF64(b.dataSync())),
    slots: mapEntries(Object.fromEntries(trainer.slots), toF64),
    controls: {
      learningRate: Float64Array.of(trainer.learningRate),
      step: Float64Array.of(steps),
      key: Int32Array.of(keyOf(trainer.seed)[0], steps),
    },
    batch: { inputs: t.bindings.get(x)!, targets: t.bindings.get(t.y!)! },
  });
  const { parameters } = outputsByName(graph, machineFor(t).compile(graph).run(values));
  return mapEntries(parameters, toF64);
}

/** The parameters after one update of the trainer's optimizer with other gradients. */
export function updatedWith(
  t: Trace,
  g: Readonly<Record<string, Float64Array>>,
  names: readonly string[],
): Record<string, Float64Array> {
  const { optimizer, slots, progress } = t.trainer!;
  const like = (name: string, data: TypedArray) => constant(toF64(data), t.parameters[name]!.shape);
  const cut = clipped(t, g, names);
  const next = names.map((name) => {
    const state = Object.keys(optimizer.slots).map((slot) => [
      slot,
      like(name, slots.get(`${name}/${slot}`)!),
    ]);
    return optimizer.update({
      parameter: like(name, t.bindings.get(t.parameters[name]!)!),
      gradient: like(name, cut[name]!),
      state: Object.fromEntries(state),
      learningRate: scalar(updateRule(t.trainer!, name).learningRate, "f64"),
      step: scalar(progress.steps, "f64"),
      clipped: true,
    }).parameter;
  });
  const values = t.evaluate(next);
  const all = Object.entries(t.parameters).map(([name, p]): [string, Float64Array] => {
    const i = names.indexOf(name);
    return [name, toF64(i < 0 ? t.bindings.get(p)! : values[i]!)];
  });
  return Object.fromEntries(all);
}

/** Whether the optimizer has subtracted η times the gradient, and nothing else. */
export const isPlain = (
  t: Trace,
  g: Readonly<Record<string, Float64Array>>,
  next: Readonly<Record<string, Float64Array>>,
): boolean =>
  t.trainable.every((name) =>
    t.bindings.get(t.parameters[name]!)!.every((v, i) => {
      const change = rateOf(t.trainer!) * g[name]![i]!;
      return (
        Math.abs(next[name]![i]! - v + change) <= 1e-12 * Math.max(Math.abs(change), Math.abs(v))
      );
    }),
  );

/** η at this step, by schedule and by hand; of a layer with a rate of its own, that one. */
export function rateOf(trainer: Trainer, own?: number): number {
  const { initial, factor } = trainer.optimizer.learningRate;
  const present = factor(scalar(trainer.progress.steps, "f64")).item();
  if (own === undefined) return trainer.learningRate * present;
  return (initial === 0 ? own : (trainer.learningRate / initial) * own) * present;
}

/** E at other values of the parameters. */
export function lossAt(t: Trace, values: Readonly<Record<string, TypedArray>>): number {
  const change = new Map(Object.entries(values).map(([name, v]) => [t.parameters[name]!, v]));
  return t.evaluate([t.loss], change)[0]![0]!;
}

/** The gradients as the optimizer's clipping leaves them. */
export function clipped(
  t: Trace,
  g: Readonly<Record<string, Float64Array>>,
  names: readonly string[] = t.trainable,
): Record<string, Float64Array> {
  const { optimizer } = t.trainer!;
  const tensors = names.map((n) => constant(g[n]!, t.parameters[n]!.shape));
  const cut = t.evaluate(clip(tensors, optimizer));
  return Object.fromEntries(names.map((n, i) => [n, cut[i] as Float64Array]));
}

/** One update of one number, as a graph over scalars: the optimizer's own rule. */
export function updateRule(trainer: Trainer, name: string) {
  const scalars = (n: string) => input(n, [], "f64");
  const parameter = scalars("θ");
  const g = scalars("g");
  const state = Object.fromEntries(
    Object.keys(trainer.optimizer.slots).map((s) => [s, scalars(s)]),
  );
  const rate = scalars("η");
  const step = scalar(trainer.progress.steps, "f64");
  const result = trainer.optimizer.update({
    parameter,
    gradient: g,
    state,
    learningRate: rate,
    step,
    clipped: true,
  });
  const learningRate = rateOf(trainer, trainer.model.parameters[name]!.learningRate);
  return { parameter, gradient: g, state, rate, step, result, learningRate };
}

/** A parameter's element by its own name, "0.weight[3,7]", if it exists. */
export function find(t: Trace, text: string): { name: string; index: number } | undefined {
  const match = /^(.*?)(?:\[([\d,\s]*)\])?$/.exec(text.trim());
  const name = match?.[1] ?? "";
  const tensor = t.parameters[name];
  if (!tensor) return undefined;
  const at = (match?.[2] ?? "")
    .split(",")
    .filter((s) => s.trim() !== "")
    .map(Number);
  if (at.length === 0 && tensor.size === 1) return { name, index: 0 };
  const inside = at.every((i, axis) => Number.isInteger(i) && i >= 0 && i < tensor.shape[axis]!);
  if (at.length !== tensor.rank || !inside) return undefined;
  const index = at.reduce((sum, i, axis) => sum + i * sizeOf(tensor.shape.slice(axis + 1)), 0);
  return { name, index };
}

/** The parameters by their own names, with the ranges of their indices. */
export const known = (t: Trace): string[] =>
  Object.entries(t.parameters).map(([n, p]) =>
    p.rank === 0 ? n : `${n}[${p.shape.map((s) => (s === 1 ? "0" : `0…${s - 1}`)).join(",")}]`,
  );

/** "[3,7]" for element 52 of a [10, 7] tensor; "" for a scalar. */
export function indexText(shape: readonly number[], index: number): string {
  if (shape.length === 0) return "";
  const at = shape.map((n, axis) => Math.floor(index / sizeOf(shape.slice(axis + 1))) % n);
  return `[${at.join(",")}]`;
}
