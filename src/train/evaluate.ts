import { now } from "../backends/asynchronous.ts";
import type { Later } from "../backends/backend.ts";
import { runInTurns } from "../backends/long-step.ts";
import { type ArrayTensor, elementsOf } from "../core/array-tensor.ts";
import { at, only } from "../core/at.ts";
import { type ByName, mapEntries } from "../core/by-name.ts";
import { isFloat, type TypedArray } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import { checkNames } from "../core/options.ts";
import type { Tensor } from "../core/tensor.ts";
import { Turns } from "../core/turns.ts";
import { shown } from "../core/wording.ts";
import type { Dataset } from "../data/dataset.ts";
import { countedPairs } from "../metrics/classes.ts";
import { numberScores } from "../metrics/numbers.ts";
import { lossCalls } from "../nn/calls.ts";
import { namingFlatten } from "../nn/forgotten-flatten.ts";
import { inference } from "../nn/layer.ts";
import { input } from "../ops/leaf.ts";
import type { Parallel } from "../parallel/parallel.ts";
import { divisorOf } from "../step/divisor.ts";
import { decisions, scalarCounts, scoresOf } from "../step/metrics.ts";
import { scalarLoss } from "../step/objective.ts";
import { valueInputs } from "../step/parameters.ts";
import { inputList, outputsByName, portGraph } from "../step/ports.ts";
import { averagesOf } from "./average-values.ts";
import { type Data, isStream, toDataset } from "./classes.ts";
import { added, noCounts } from "./counts.ts";
import type { FitOptions } from "./fit.ts";
import { type Answers, checkMetrics, type MetricName, measured } from "./measures.ts";
import { bareType, sharedProgram } from "./shared-program.ts";
import { sharedResults } from "./shared-results.ts";
import type { Stream } from "./stream.ts";
import type { Trainer } from "./trainer.ts";

/** Measures on data that are not trained on. */
export interface Evaluation {
  /**
   * The loss of all examples, however they are divided: the sum where the loss is a sum over
   * examples, Σ numerators/Σ denominators where it is a weighted mean (such as crossEntropy with
   * class weights), and the mean over the examples otherwise.
   */
  readonly loss: number;
  /** Share of right predictions (classification). */
  readonly accuracy?: number;
  /** The sums of what else the loss counts, by name: see `Loss.counts`. */
  readonly counts?: ByName<number>;
  /** confusion[actual][predicted] (classification, of at most 2048 classes). */
  readonly confusion?: readonly (readonly number[])[];
  /** R² (regression). */
  readonly r2?: number;
  /** What else was asked for, by name; one that has no value, such as 0/0, is not there. */
  readonly metrics?: ByName<number>;
}

/** How is measured. */
export interface EvaluateOptions {
  /** Examples of one run of the program; default 256. It decides about the time alone. */
  readonly batchSize?: number;
  /**
   * Further metrics by name, or all that fit the task (of more than 8 million probabilities without
   * those that rank them); default none.
   */
  readonly metrics?: readonly MetricName[] | "all";
}

export const evaluationBatch = 256;

export function evaluateModel(
  trainer: Trainer,
  data: Dataset,
  options: EvaluateOptions,
): Evaluation {
  const parts = evaluation(trainer, data, options);
  let next = parts.next();
  while (!next.done) next = parts.next(now(next.value));
  return next.value;
}

/** The same for any backend, of the parameters as they are now; others get their turn meanwhile. */
export async function evaluateModelLater(
  trainer: Trainer,
  data: Dataset,
  options: EvaluateOptions,
): Promise<Evaluation> {
  const values = mapEntries(trainer.arrays(), (own) => own.slice());
  const parts = evaluation(trainer, data, options, () => values, runInTurns);
  const turns = new Turns();
  let next = parts.next();
  while (!next.done) {
    const found = await next.value;
    if (turns.late) await turns.give();
    next = parts.next(found);
  }
  return next.value;
}

/** Lets others work in between; undefined if it was stopped by the signal. */
export async function evaluateInTurns(
  trainer: Trainer,
  data: Dataset,
  turns: Turns,
  signal: { readonly aborted: boolean } | undefined,
  metrics?: EvaluateOptions["metrics"],
  values?: ByName<TypedArray>,
): Promise<Evaluation | undefined> {
  const options = metrics === undefined ? {} : { metrics };
  const shared = trainer.joint?.parallel;
  const own = () => values ?? trainer.arrays();
  const parts = evaluation(trainer, data, options, own, runInTurns, shared);
  if (signal?.aborted) return undefined;
  let next = parts.next();
  while (!next.done) {
    const { value } = next;
    const found = value instanceof Promise ? await value : value;
    if (turns.late) await turns.give();
    if (signal?.aborted) return undefined;
    next = parts.next(found);
  }
  return next.value;
}

/** What an epoch's validation measured, and with which averages where it took these. */
export interface Validated {
  readonly validation: Evaluation;
  /** By name, with the values of what has no average. */
  readonly averages?: ReadonlyMap<string, TypedArray>;
}

/** The validation at an epoch's end; undefined as in `evaluateInTurns`. */
export async function validateInTurns(
  trainer: Trainer,
  data: Dataset | Stream,
  turns: Turns,
  signal: { readonly aborted: boolean } | undefined,
  { metrics, validateAverages }: Pick<FitOptions, "metrics" | "validateAverages">,
): Promise<Validated | undefined> {
  const averages = validateAverages ? averagesOf(trainer) : undefined;
  const validation = isStream(data)
    ? await data.evaluateInTurns(trainer, { metrics, signal, values: averages })
    : await evaluateInTurns(trainer, data, turns, signal, metrics, averages);
  if (validation === undefined) return undefined;
  return { validation, ...(averages && { averages: new Map(Object.entries(averages)) }) };
}

/** Throws what evaluating would throw about shapes, before any time is spent on training. */
export function checkEvaluation(
  trainer: Trainer,
  data: Dataset,
  metrics: EvaluateOptions["metrics"],
): void {
  const { kind } = measureFor(
    trainer,
    batch(trainer, data, 0, evaluationBatch),
    metrics !== undefined,
  );
  if (metrics !== undefined) checkAsked(metrics, kind);
}

/** @throws ChainruleError "bad-argument". */
export function checkMeasuring(batchSize: number, metrics: EvaluateOptions["metrics"]): void {
  if (!Number.isSafeInteger(batchSize) || batchSize < 1) {
    fail("bad-argument", {
      message: "evaluate cannot use this batchSize.",
      expected: "a whole number ≥ 1",
      found: shown(batchSize),
    });
  }
  checkMetrics(metrics);
}

/** Data that are to be measured, as a dataset that was looked at. */
export function measurable(trainer: Trainer, data: Data, options: EvaluateOptions): Dataset {
  checkNames("evaluate", options, ["batchSize", "metrics"]);
  if (isStream(data)) {
    fail("bad-argument", {
      message: "A stream is waited for, and evaluate waits for nothing.",
      expected: "data in memory",
      found: "a stream",
      fix: "Write await trainer.evaluateAsync(data).",
    });
  }
  const dataset = toDataset(data, trainer);
  trainer.tasks.check(dataset, "data");
  return dataset;
}

/**
 * Batch by batch; the caller may let others work in between, and hands back what was measured, once
 * it is there.
 */
function* evaluation(
  trainer: Trainer,
  data: Dataset,
  { batchSize = evaluationBatch, metrics }: EvaluateOptions,
  values: () => ByName<TypedArray> = () => trainer.arrays(),
  running: Running = (program, list) => program.run(list),
  /** The processes that it is shared out to: each measures every so-many-th batch. */
  shared?: Parallel,
): Generator<Later<Results>, Evaluation, Results> {
  checkMeasuring(batchSize, metrics);
  const { size, targets, classes } = data;
  const actual: number[] = [];
  const predicted: number[] = [];
  const outputs = new Float64Array(targets.size);
  const adds = trainer.tasks.adds(data);
  let [sum, weights, filled, width, counts] = [0, 0, 0, 0, noCounts];
  const asked =
    metrics === undefined
      ? undefined
      : new Seen(metrics === "all" ? mostRanked : Number.POSITIVE_INFINITY);
  let kind: Answers["kind"] | undefined;
  const own = new Map<number, Results>();
  for (let start = (shared?.rank ?? 0) * batchSize; shared && start < size; ) {
    const part = batch(trainer, data, start, batchSize);
    const { run } = measureFor(trainer, part, metrics !== undefined);
    own.set(start, yield run(part, values(), running));
    start += shared.size * batchSize;
  }
  // Looking at the data has taken its time, and so do tracing and compiling.
  yield [];
  for (let start = 0; start < size; start += batchSize) {
    const part = batch(trainer, data, start, batchSize);
    const measure = measureFor(trainer, part, metrics !== undefined);
    if (start === 0) yield [];
    const found = measure.measured(
      shared
        ? sharedResults(shared, measure.outputs, own.get(start), (start / batchSize) % shared.size)
        : yield measure.run(part, values(), running),
    );
    ({ width, kind } = measure);
    asked?.add(found, measure.ignored);
    // Where all weights of a batch are 0, its loss is 0/0, and it counts for nothing.
    if (adds) sum += found.loss;
    else if (found.weight !== 0) sum += found.loss * found.weight;
    weights += found.weight;
    counts = added(counts, found.counts);
    for (let i = 0; i < found.actual.length; i++) {
      const label = at(found.actual, i);
      if (label === measure.ignored) continue;
      actual.push(label);
      predicted.push(at(found.predicted, i));
    }
    if (filled + found.output.length <= outputs.length) outputs.set(found.output, filled);
    filled += found.output.length;
  }
  // What follows takes long where there are many examples.
  yield [];
  const common = {
    loss: adds ? sum : sum / weights,
    ...(Object.keys(counts).length > 0 && { counts }),
  };
  function* further(answers: Answers | undefined): Generator<Results, Pick<Evaluation, "metrics">> {
    if (metrics === undefined) return {};
    const parts = measured(metrics, answers);
    for (let next = parts.next(); ; next = parts.next()) {
      if (next.done) return { metrics: next.value };
      yield [];
    }
  }
  if (actual.length > 0) {
    let right = 0;
    let labels = Math.max(2, width, classes?.length ?? 0);
    actual.forEach((label, i) => {
      if (label === predicted[i]) right++;
      labels = Math.max(labels, label + 1);
    });
    // Of tens of thousands of tokens it would be larger than the data.
    const counted =
      labels <= mostConfused ? { confusion: countedPairs(actual, predicted, labels) } : {};
    const answers = asked?.answers("classes", actual, predicted);
    return { ...common, accuracy: right / actual.length, ...counted, ...(yield* further(answers)) };
  }
  if (filled !== outputs.length || !isFloat(targets.dtype)) {
    const answers = kind === "labels" ? asked?.answers(kind) : undefined;
    return { ...common, ...(yield* further(answers)) };
  }
  const columns = outputs.length / size;
  const [actualNumbers, scores] = [elementsOf(targets), new Float64Array(0)];
  const numbers = { actual: actualNumbers, predicted: outputs, scores, columns };
  return {
    ...common,
    r2: numberScores(actualNumbers, outputs, columns).r2,
    ...(yield* further({ kind: "numbers", ...numbers })),
  };
}

/** The rows from `start` on, in the trainer's element type; not copied where it is theirs. */
function batch(trainer: Trainer, data: Dataset, start: number, size: number) {
  const rows = (t: Tensor): ArrayTensor => {
    const width = t.size / data.size;
    const part = elementsOf(t).subarray(start * width, (start + size) * width);
    const shape = [Math.min(size, data.size - start), ...t.shape.slice(1)];
    return { dtype: t.dtype, shape, data: part };
  };
  return trainer.batchOf({ inputs: rows(data.inputs), targets: rows(data.targets) });
}

type Batch = ReturnType<typeof batch>;
/** Runs a program: at once, or so that others get their turn. */
type Running = typeof runInTurns;

/** What a program gives. */
type Results = readonly TypedArray[];

/** What is measured of a batch. */
export interface Measured {
  readonly loss: number;
  /** What the loss counts for. */
  readonly weight: number;
  readonly counts: ByName<number>;
  readonly predicted: ArrayLike<number>;
  readonly actual: ArrayLike<number>;
  readonly output: ArrayLike<number>;
  /** Where metrics were asked for that rank, or of several labels: row by row. */
  readonly scores: ArrayLike<number>;
  readonly labels: ArrayLike<number>;
  readonly columns: number;
}

/** Scores of classes that are kept where nobody asked for ranks by name. */
export const mostRanked = 2 ** 23;

/** A matrix of more classes is not made. */
export const mostConfused = 2048;

/** Numbers that come one after another: the engine takes long over a list of millions that grows. */
export class Collected {
  #room = new Float64Array(1024);
  #count = 0;

  add(x: number): void {
    if (this.#count === this.#room.length) {
      const room = new Float64Array(2 * this.#count);
      room.set(this.#room);
      this.#room = room;
    }
    this.#room[this.#count++] = x;
  }

  get length(): number {
    return this.#count;
  }

  get values(): Float64Array {
    return this.#room.subarray(0, this.#count);
  }
}

/** What metrics are taken of, over all batches. */
class Seen {
  #scores = new Collected();
  readonly #labels = new Collected();
  readonly #most: number;
  #columns = 1;
  #tooMany = false;

  constructor(most: number) {
    this.#most = most;
  }

  add({ scores, labels, actual, columns }: Measured, ignored: number | undefined): void {
    this.#columns = columns;
    const one = labels.length === 0;
    this.#tooMany ||= one && this.#scores.length + scores.length > this.#most;
    if (this.#tooMany) {
      this.#scores = new Collected();
      return;
    }
    for (let i = 0; i < scores.length; i++) {
      if (ignored !== undefined && actual[Math.floor(i / columns)] === ignored) continue;
      this.#scores.add(at(scores, i));
    }
    for (let i = 0; i < labels.length; i++) this.#labels.add(at(labels, i) > 0.5 ? 1 : 0);
  }

  answers(
    kind: Answers["kind"],
    actual: ArrayLike<number> = this.#labels.values,
    predicted?: ArrayLike<number>,
  ): Answers {
    const scores = this.#scores.values;
    const columns = this.#columns;
    // Scores of labels are taken from the threshold on.
    const taken = predicted ?? scores.map((score) => (score > 0 ? 1 : 0));
    return { kind, actual, predicted: taken, scores, columns };
  }
}

/** Refuses metrics of another kind of task. */
export function checkAsked(
  metrics: NonNullable<EvaluateOptions["metrics"]>,
  kind: Answers["kind"] | undefined,
): void {
  checkMetrics(metrics);
  // Of one right answer every metric has a value.
  const one = { actual: [0], predicted: [0], scores: [0], columns: 1 };
  Array.from(measured(metrics, kind && { kind, ...one }));
}

/** What measures batches of this type: loss, and classes or outputs. */
export function measureFor(trainer: Trainer, { inputs, targets }: Batch, further: boolean) {
  const types = mapEntries({ inputs, targets }, bareType);
  const purpose = further ? "measure all" : "measure";
  return trainer.programs.of(purpose, types, () => {
    const values = valueInputs(trainer.model, trainer.dtype);
    const x = input("inputs", inputs.shape, inputs.dtype);
    const y = input("targets", targets.shape, targets.dtype);
    const { model } = trainer;
    const output = model.apply(x, values, inference);
    const what = { model, from: x.shape, output, target: y };
    const { result: loss, calls } = lossCalls(() =>
      namingFlatten(what, () => scalarLoss(trainer.loss(output, y))),
    );
    const decided = decisions(trainer.loss, output, y, calls);
    const classes = decided && { predicted: decided.predicted, actual: decided.actual };
    const numbers = !classes && trainer.loss.threshold === undefined && !trainer.loss.classes;
    const divisor = divisorOf(loss, [x, y]);
    const scores = scoresOf(trainer.loss, output, y, calls);
    const labels = scores?.several ? { labels: y } : {};
    const kind = classes ? "classes" : scores?.several ? "labels" : numbers ? "numbers" : undefined;
    const counts = scalarCounts(trainer.loss.counts?.(output, y) ?? {});
    const graph = portGraph(
      { values, x, y },
      {
        loss,
        counts,
        ...(classes ? { classes } : {}),
        ...(numbers ? { output } : {}),
        ...(divisor ? { divisor } : {}),
        ...(further && scores ? { ranks: { scores: scores.scores, ...labels } } : {}),
      },
      at(inputs.shape, 0),
    );
    const counted = () => trainer.programs.compiling("evaluate", types);
    const program = sharedProgram(trainer, purpose, types, graph, counted);
    // Where each result stands, by name: worked out once, since batches are many.
    const places = outputsByName(graph, [...graph.outputs.keys()]);
    const measured = (results: readonly TypedArray[]): Measured => {
      const found = (place: number | undefined) => (place === undefined ? [] : at(results, place));
      return {
        loss: only(found(places.loss)),
        weight: places.divisor === undefined ? at(inputs.shape, 0) : only(found(places.divisor)),
        counts: mapEntries(places.counts, (place) => only(found(place))),
        predicted: found(places.classes?.predicted),
        actual: found(places.classes?.actual),
        output: found(places.output),
        scores: found(places.ranks?.scores),
        labels: found(places.ranks?.labels),
        columns: scores?.scores.shape[1] ?? 1,
      };
    };
    const run = (given: Batch, values: ByName<TypedArray>, running: Running): Later<Results> => {
      const [x, y] = [given.inputs.data, given.targets.data];
      return running(program(), inputList(graph, { values, x, y }));
    };
    const answered: Answers["kind"] | undefined = kind;
    const { outputs } = graph;
    const [width, ignored] = [decided?.classes ?? 0, decided?.ignored];
    return { run, measured, outputs, width, ignored, kind: answered };
  });
}
