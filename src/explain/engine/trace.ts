/**
 * What is explained, in one form: a scalar loss over named parameters, the stages in between that
 * have names of their own, and the value of every node. Everything is computed in f64.
 */

import type { Executable, SynchronousBackend } from "../../backends/backend.ts";
import { interpreter } from "../../backends/interpreter/index.ts";
import { inReach } from "../../backends/registry.ts";
import { elementsOf } from "../../core/array-tensor.ts";
import { entry, only } from "../../core/at.ts";
import { arrayOf, isFloat, type TypedArray } from "../../core/dtype.ts";
import { fail } from "../../core/errors.ts";
import { dependents, nodesOf } from "../../core/graph.ts";
import { seedKey } from "../../core/random.ts";
import { Tensor } from "../../core/tensor.ts";
import { shown } from "../../core/wording.ts";
import type { Dataset } from "../../data/dataset.ts";
import type { Layer, LayerContext } from "../../nn/layer.ts";
import { add } from "../../ops/arithmetic.ts";
import { identity } from "../../ops/custom.ts";
import { constantTensor, input } from "../../ops/leaf.ts";
import { reshape } from "../../ops/move.ts";
import { bufferInputs } from "../../step/parameters.ts";
import { type Data, type Trainer, toDataset } from "../../train/trainer.ts";
import { type Letters, lettersOf } from "./letters.ts";
import { bare } from "./origins.ts";
import { countOf, type Parameter } from "./parameters.ts";
import { planned } from "./plans.ts";
import { leavesOf, observer, ownedBy, type Stage } from "./stages.ts";
import { told } from "./told.ts";
import { writtenOut } from "./written-out.ts";

/** Values of tensors, one array for each. */
type Arrays<T extends readonly Tensor[]> = { readonly [K in keyof T]: TypedArray };

export interface Trace {
  readonly loss: Tensor;
  readonly parameters: readonly Parameter[];
  /** The paths of the layers with parameters, in order. */
  readonly layers: readonly string[];
  readonly stages: readonly Stage[];
  readonly examples: number;
  /** What a derivation calls what it introduces. */
  readonly letters: Letters;
  /** The text that a function was read from. */
  readonly text?: string;
  /** Where what is explained is a network in training. */
  readonly network?: Network;
  readonly values: ReadonlyMap<Tensor, TypedArray>;
  readonly bindings: ReadonlyMap<Tensor, TypedArray>;
  /** Values of any tensors over the same inputs; `often` of those that are worth compiling. */
  readonly evaluate: <const T extends readonly Tensor[]>(
    ts: T,
    change?: ReadonlyMap<Tensor, TypedArray>,
    often?: boolean,
  ) => Arrays<T>;
  /** One tensor, to be computed many times with some of the values changed. */
  readonly repeatedly: (t: Tensor) => (change: ReadonlyMap<Tensor, TypedArray>) => TypedArray;
  /** The same over more inputs, compiled to be run often. */
  readonly compile: (
    ts: readonly Tensor[],
    more: readonly Tensor[],
  ) => (values: readonly TypedArray[]) => TypedArray[];
}

/** What a network in training has besides. */
interface Network {
  readonly trainer: Trainer;
  readonly data: ReturnType<typeof toDataset>;
  readonly x: Tensor;
  readonly y: Tensor;
  readonly output: Tensor;
  /** Whether random numbers are drawn on the way. */
  readonly random: boolean;
  /** What the loss is called where its function does not say. */
  readonly lossName: string | undefined;
  /** The number of the first example in the data that the batch was taken from. */
  readonly firstExample: number | undefined;
  /** What layers make that has names inside of them already. */
  readonly passed: readonly Stage[];
}

export type NetworkTrace = Trace & { readonly network: Network };

export const isNetwork = (t: Trace): t is NetworkTrace => t.network !== undefined;

export const toF64 = (data: TypedArray): Float64Array => new Float64Array(data);

/** What a trace is made from; the rest is computed when it is asked for. */
type Facts = Pick<
  Trace,
  "loss" | "parameters" | "layers" | "stages" | "examples" | "text" | "letters"
> & {
  readonly network?: Network;
  readonly bindings: ReadonlyMap<Tensor, TypedArray>;
};

function finish<F extends Facts>(facts: F): F & Omit<Trace, keyof F> & Trace {
  const { bindings } = facts;
  const inputs = [...bindings.keys()];
  let known: Map<Tensor, TypedArray> | undefined;
  const valuesOf = (): Map<Tensor, TypedArray> => {
    const values = new Map<Tensor, TypedArray>(bindings);
    planned(interpreter, { inputs, outputs: [facts.loss, ...inputs] }).run(
      [...bindings.values()],
      (node, value) => void (values.has(node) || values.set(node, value.slice())),
    );
    return values;
  };
  const compiled = new Map<Tensor, Executable>();
  const machine = backendFor(facts);
  const frequent = backendFor(facts, heavy);
  return {
    ...facts,
    get values() {
      return (known ??= valuesOf());
    },
    compile(ts, more) {
      const run = planned(frequent, { inputs: [...inputs, ...more], outputs: ts });
      return (values) => run.run([...bindings.values(), ...values]);
    },
    repeatedly(t) {
      const run = planned(frequent, { inputs, outputs: [t] });
      return (change) =>
        only(run.run(Array.from(bindings, ([x, value]) => change.get(x) ?? value)));
    },
    evaluate<const T extends readonly Tensor[]>(
      ts: T,
      change?: ReadonlyMap<Tensor, TypedArray>,
      often = false,
    ): Arrays<T> {
      const [first, ...others] = ts;
      const single = others.length === 0 && !often ? first : undefined;
      const backend = often ? frequent : machine;
      const run = (single && compiled.get(single)) || planned(backend, { inputs, outputs: ts });
      if (single) compiled.set(single, run);
      const given = Array.from(bindings, ([t, value]) => change?.get(t) ?? value);
      // A program gives an array for each of its outputs.
      return run.run(given).map((v) => v.slice()) as readonly TypedArray[] as Arrays<T>;
    },
  };
}

/** How many numbers each step of the input has, where it is a sequence that is gone through; 0 otherwise. */
export function numbersPerStep({ network, stages, examples }: Trace): number {
  const [first, steps, features, ...further] = network?.x.shape ?? [];
  if (features === undefined || further.length > 0 || first !== examples) return 0;
  return stages.some(({ step }) => step === (steps ?? 0) - 1) ? features : 0;
}

/** E, as a number. */
export const lossOf = (t: Trace): number => only(entry(t.values, t.loss));

/** How a model's forward pass is run; diagnosis puts mistaken ones in its place. */
export type Forward = (
  model: Layer,
  x: Tensor,
  parameters: Readonly<Record<string, Tensor>>,
  context: LayerContext,
) => Tensor;

export const correct: Forward = (model, x, parameters, context) =>
  model.apply(x, parameters, context);

/** What the derivation says of a network besides what it computes, and how it sees loops. */
interface Remarks extends Partial<Pick<Network, "lossName" | "firstExample">> {
  /** Whether loops are written out, so that each step has nodes of its own. Default false. */
  readonly stepByStep?: boolean;
  /** Another trace of the same trainer and data, whose numbers are taken. */
  readonly like?: NetworkTrace;
}

/** The loss of a trainer on data, as it stands: one training step up to the gradient. */
export function traceNetwork(
  trainer: Trainer,
  data: Data,
  forward: Forward = correct,
  { lossName, firstExample, stepByStep = false, like }: Remarks = {},
): NetworkTrace {
  const { model } = trainer;
  const dataset = like?.network.data ?? toDataset(data, trainer);
  const { targets } = dataset;
  const named = ([x, value]: readonly [Tensor, TypedArray]) =>
    [String(x.attributes.name), value] as const;
  const values = like ? new Map(Array.from(like.bindings, named)) : trainer.snapshot();
  /** In double precision. Nobody changes what a trace holds, so that another may hold it, too. */
  const numbers = (name: string) => (like ? entry(values, name) : toF64(entry(values, name)));
  const leaves = leavesOf(model);
  const parameters = ownedBy(model, leaves).map(({ name, spec, layer }): Parameter => {
    const { role, shape, frozen, learningRate } = spec;
    const tensor = input(name, shape, "f64");
    const data = numbers(name);
    return { name, role, tensor, data, trained: !frozen, learningRate, layer };
  });
  const x = input("inputs", dataset.inputs.shape, "f64");
  const y = input("targets", targets.shape, isFloat(targets.dtype) ? "f64" : targets.dtype);
  const key = constantTensor(Int32Array.of(seedKey(trainer.seed)[0], trainer.progress.steps), [2]);
  const { stages: observed, observe, observeInner, observeStep } = observer(leaves, x);
  const buffers = bufferInputs(model, "f64");
  const byName = Object.fromEntries(parameters.map((p) => [p.name, p.tensor]));
  const penalties: Tensor[] = [];
  const output = forward(
    model,
    x,
    { ...byName, ...buffers },
    {
      ...{ training: true, key, path: "", observe, observeInner },
      ...(stepByStep ? { observeStep } : {}),
      penalize: (term: Tensor) => void penalties.push(term),
    },
  );
  const bindings = new Map<Tensor, TypedArray>([
    [x, like ? entry(like.bindings, like.network.x) : toF64(elementsOf(dataset.inputs))],
    [y, like ? entry(like.bindings, like.network.y) : targetsOf(targets)],
    ...parameters.map((p) => [p.tensor, p.data] as const),
    ...Object.entries(buffers).map(([n, t]) => [t, numbers(n)] as const),
  ]);
  // What is explained is what training makes small.
  const folded = penalties.reduce(add, scalarLoss(trainer.loss(output, y)));
  // The loss has seen by now that it is a tensor.
  // Numbers that are only moved keep their names.
  const sources = new Set([x, ...observed.flatMap((s) => (s.role === "other" ? [] : [s.tensor]))]);
  const separate = observed.filter(
    (s) =>
      !(s.role === "other" && isMoved(s.tensor, sources)) &&
      !isMixture(s, observed, parameters, dataset.size),
  );
  const { stages, passed } = bySteps(separate, nodesOf([folded]), dataset.size);
  nameOutput(stages, output, parameters);
  const written = stepByStep
    ? writtenOut([folded, output, ...[...stages, ...passed].map(({ tensor }) => tensor)])
    : (t: Tensor) => t;
  const loss = written(folded);
  const random = nodesOf([loss]).includes(key);
  return finish({
    loss,
    parameters,
    layers: leaves.flatMap(({ begins, path }) => (begins ? [path] : [])),
    stages: stages.map((stage) => ({ ...stage, tensor: written(stage.tensor) })),
    examples: dataset.size,
    // What layers compute inside of formulas is u.
    letters: { step: "", inner: "u", rest: "r" },
    bindings,
    network: {
      ...{ trainer, data: dataset, x, y, output: written(output) },
      ...{ random, lossName, firstExample },
      passed: passed.map((stage) => ({ ...stage, tensor: written(stage.tensor) })),
    },
  });
}

/** Of more numbers than this the steps of recurrences go without names. */
const mostNamed = 1024;

/**
 * The steps of recurrences, as far as the loss is computed from them, unless there are too many; a
 * layer whose steps have names passes the last of them on, and needs none itself.
 */
function bySteps(
  all: readonly Stage[],
  nodes: readonly Tensor[],
  examples: number,
): { stages: Stage[]; passed: Stage[] } {
  const used = new Set(nodes);
  const steps = all.filter((s) => s.step !== undefined && used.has(s.tensor));
  const numbers = steps.reduce((n, { tensor }) => n + tensor.size, 0) / examples;
  const named = new Set(numbers > mostNamed ? [] : steps);
  const paths = new Set([...named].map(({ path }) => path));
  const isPassed = (s: Stage) => s.role === "whole" && paths.has(s.path);
  const kept = all.filter((s) => (s.step === undefined || named.has(s)) && !isPassed(s));
  return { stages: kept, passed: all.filter(isPassed) };
}

const targetsOf = (targets: Dataset["targets"]): TypedArray =>
  isFloat(targets.dtype) ? toF64(elementsOf(targets)) : elementsOf(targets);

/**
 * What is the same for all examples though a parameter acts on it directly: no example's share of
 * that could be separated from another's, so that it goes without a name.
 */
function isMixture(
  { role, tensor }: Stage,
  all: readonly Stage[],
  parameters: readonly Parameter[],
  examples: number,
): boolean {
  if (role !== "inner" || tensor.shape[0] === examples) return false;
  const named = new Set(all.map((s) => s.tensor));
  const unnamed = new Set(nodesOf(tensor.inputs, (node) => named.has(node)));
  return parameters.some((p) => unnamed.has(p.tensor));
}

/** Each example's share is counted by what a parameter acts on, which the loss would be for all. */
function nameOutput(stages: Stage[], tensor: Tensor, parameters: readonly Parameter[]): void {
  const named = new Set(stages.map((stage) => stage.tensor));
  const unnamed = new Set(nodesOf([tensor], (node) => named.has(node)));
  if (named.has(tensor) || !parameters.some((p) => unnamed.has(p.tensor))) return;
  const layer = stages.at(-1)?.layer ?? 0;
  const common = { layer, units: false, axis: -1, path: "" } as const;
  stages.push({ tensor, role: "other", name: "output", ...common });
}

/** A function of tensors: its arguments are the parameters, its steps the stages. */
export function traceFunction(
  f: (...x: Tensor[]) => Tensor,
  given: Readonly<Record<string, Tensor>> | readonly Tensor[],
  text?: string,
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
  const parameters: Parameter[] = [];
  const bindings = new Map<Tensor, TypedArray>();
  for (const [name, t] of entries) {
    const dtype = isFloat(t.dtype) ? "f64" : t.dtype;
    const tensor = input(name, t.shape, dtype);
    const data = arrayOf(dtype, t.dataSync());
    bindings.set(tensor, data);
    if (dtype !== "f64") continue;
    const facts = { role: "other", trained: true, learningRate: undefined, layer: 1 } as const;
    parameters.push({ name, tensor, data, ...facts });
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
  const folded = scalarLoss(bindings.has(result) ? identity(result) : result);
  const last = writtenOut([folded])(folded);
  // What acts on E directly and through others, too, would have two derivatives of one name.
  const loss = actsTwice(last, stepsOf(last, parameters), parameters) ? identity(last) : last;
  const letters = lettersOf(entries.map(([name]) => name));
  const stages = stepsOf(loss, parameters).map((tensor, i): Stage => {
    const name = `${letters.step}${i + 1}`;
    return { tensor, layer: 0, role: "other", units: false, axis: -1, name, path: "" };
  });
  return finish({
    loss,
    parameters,
    layers: [""],
    stages,
    examples: 1,
    letters,
    bindings,
    ...(text === undefined ? {} : { text }),
  });
}

/** What is computed from parameters on the way to the loss, and gets a name. */
function stepsOf(loss: Tensor, parameters: readonly Parameter[]): Tensor[] {
  const nodes = nodesOf([loss]);
  const active = dependents(
    nodes,
    parameters.map((p) => p.tensor),
  );
  return nodes
    .filter((n) => active.has(n) && n !== loss && n.inputs.length > 0 && isFloat(n.dtype))
    .filter((n) => !isUnwritten(n) && !isView(n) && !isItsInput(n));
}

/** Whether the loss itself reads something that acts on another of its steps as well. */
function actsTwice(
  loss: Tensor,
  steps: readonly Tensor[],
  parameters: readonly Parameter[],
): boolean {
  const named = new Set(steps);
  const read = new Set(nodesOf(loss.inputs, (node) => named.has(node)));
  const all = [...parameters.map((p) => p.tensor), ...steps];
  const acted = dependents(
    nodesOf(steps),
    all.filter((t) => read.has(t)),
  );
  return steps.some((n) => n.inputs.some((x) => acted.has(x)));
}

/** Whether an operator is written as its input alone: what it gives needs no name of its own. */
const isUnwritten = ({ op }: Tensor): boolean =>
  op.derivative.kind === "linear" && told(op.notation).text === "#0";

/** Whether each element is one of its input's, as in a transpose or a slice. */
function isView(n: Tensor): boolean {
  const meaning = n.op.meaning(n.inputs, n, n.attributes);
  const value = meaning.loop === "map" ? bare(meaning.value) : undefined;
  return n.op.derivative.kind === "linear" && value?.kind === "load" && !value.when;
}

/** Whether each element is one of something that has names of its own. */
const isMoved = (n: Tensor, named: ReadonlySet<Tensor>): boolean =>
  named.has(n) || (n.inputs.length === 1 && isView(n) && isMoved(only(n.inputs), named));

/** Whether an operator's composition is, for these inputs, one of them: a sum so far of one number. */
function isItsInput(n: Tensor): boolean {
  if (n.op.derivative.kind !== "compose") return false;
  const meaning = n.op.meaning(n.inputs, n, n.attributes);
  return meaning.loop === "compose" && n.inputs.includes(meaning.build(n.inputs));
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

/** Networks of which a single pass takes long: checks are shorter and nothing is tried out. */
export const isLarge = (t: Pick<Trace, "parameters" | "examples">): boolean => workOf(t) > large;

const large = 1e6;
/** What is run often is compiled for a machine from here on. */
export const heavy = 2e4;

/** What is large runs where it was trained; anything else by the definition itself. */
export const backendFor = (
  t: Pick<Trace, "parameters" | "examples" | "network">,
  most = large,
): SynchronousBackend =>
  t.network && workOf(t) > most ? inReach(t.network.trainer.backend) : interpreter;

const workOf = (t: Pick<Trace, "parameters" | "examples">): number =>
  countOf(t.parameters) * t.examples;
