/**
 * The trainer: a model together with the values of its parameters, the optimizer's memory, and
 * how far training has come.
 */

import { now } from "../backends/asynchronous.ts";
import type { Backend, Later } from "../backends/backend.ts";
import { trainerBackend } from "../backends/registry.ts";
import "../backends/wasm/install.ts";
import { type ArrayTensor, arraysOf } from "../core/array-tensor.ts";
import { type ByName, entryOf, mapEntries } from "../core/by-name.ts";
import { type CallSite, callSite } from "../core/call-site.ts";
import { arrayOf, type DType, isFloat, type TypedArray } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import { checkKind, byteArray as fileBytes } from "../core/kinds.ts";
import { numerics } from "../core/numerics.ts";
import { checkRecord } from "../core/options.ts";
import { seedKey } from "../core/random.ts";
import type { Tensor } from "../core/tensor.ts";
import { type Dataset, subset } from "../data/dataset.ts";
import { inFile } from "../files/in-file.ts";
import type { Layer, NamedTensors, Ranks, Size } from "../nn/layer.ts";
import type { Loss } from "../nn/losses.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import type { StepGraph, StepState } from "../step/ports.ts";
import type { UpdateTiming } from "../step/update.ts";
import { originNotes, rateNote, readCheckpoint, writeCheckpoint } from "./checkpoint.ts";
import type { LoadOptions } from "./checkpoint-differences.ts";
import { type Data, isStream, toDataset } from "./classes.ts";
import { copies } from "./copied.ts";
import type { Course } from "./course.ts";
import {
  type EvaluateOptions,
  type Evaluation,
  evaluateModel,
  evaluateModelLater,
  measurable,
} from "./evaluate.ts";
import { Fit, type FitOptions, usualBatch } from "./fit.ts";
import {
  elementsFor,
  type NamedValues,
  namedValues,
  type SetNames,
  type SetOptions,
} from "./given-values.ts";
import type { JointTraining } from "./joint.ts";
import { KeptLoop } from "./kept-loop.ts";
import { Lock } from "./lock.ts";
import { openLoop } from "./open-loop.ts";
import { checkTrainer } from "./options.ts";
import { batchFrom, joinedBy, jointStep, OwnLoop } from "./own-loop.ts";
import { outputsOf, predicted, predictedLater, type Rows } from "./predict.ts";
import { Programs } from "./programs.ts";
import { freshProgress, type Progress } from "./progress.ts";
import { comesLater, refuseStream } from "./refusals.ts";
import { type Remark, remarksOn } from "./remarks.ts";
import type { Live, Loop } from "./resident.ts";
import { finishStep, prepareStep, type StepResult, stepFor, stepInTurns } from "./single-step.ts";
import { firstState, modelValues, type State, setValues, type TrainerState } from "./state.ts";
import type { Stream } from "./stream.ts";
import type { StreamFit, StreamFitOptions } from "./stream-fit.ts";
import { Tasks } from "./tasks.ts";
import type { TrainerOptions } from "./trainer-options.ts";

/**
 * A model in training. `P` has the names and ranks of the model's parameters, where they are known.
 */
export class Trainer<P extends Ranks = Ranks> {
  readonly model: Layer<Size, Size, P>;
  readonly loss: Loss;
  readonly optimizer: Optimizer;
  readonly seed: number;
  readonly dtype: DType;
  readonly update: UpdateTiming;
  /** Whether the gradient's norm is measured at each step. */
  readonly gradientNorm: boolean;
  readonly backend: Backend;
  /** @internal Whether its bits are the same on every machine, or at least in every run. */
  readonly bits: { readonly deterministic: boolean; readonly reproducible: boolean };
  /** η, which schedules multiply; it may be changed at any time. */
  learningRate: number;
  /** Where training stands; saved and restored with the parameters. */
  progress: Progress = freshProgress();
  /** @internal The version of the arithmetic that made the state which was loaded. */
  numerics = numerics;
  /** @internal What it was trained on, where that is known. */
  trainedOn: TrainerState["trainedOn"];
  /** The classes trained on, in the order of their labels, which other data are held to. */
  classes: readonly string[] | undefined;
  /** @internal The parameters with the best loss, while early stopping may go back to them. */
  best: ReadonlyMap<string, TypedArray> | undefined;
  /** @internal What model and loss say of the data that are given. */
  readonly tasks = new Tasks(this);
  /** @internal What was compiled for data of some types. */
  readonly programs = new Programs();
  readonly #site: CallSite = callSite();
  readonly #state: State;
  readonly #threads: number | undefined;
  /** @internal What trains together with other processes. */
  readonly joint: JointTraining | undefined;
  /** What has the state at the moment, steps that are taken one by one, and a loop of a fit. */
  #live: Live | undefined;
  readonly #own: OwnLoop;
  readonly #kept = new KeptLoop();
  /** Held by a fit that is awaited, for all its epochs. */
  readonly #awaited = new Lock(() => this.#refuse("train"));
  /** Held by a training. */
  readonly #busy = new Lock(() => this.#refuse("train"));
  /** Held while an asynchronous backend is at a step, whose end renews the state. */
  readonly #renewing = new Lock(() => this.#refuse("take another step"));
  #formerRate = Number.NaN;
  #fitted: { readonly data: Dataset; readonly batchSize: number } | undefined;

  constructor(model: Layer<Size, Size, P>, options: TrainerOptions) {
    checkTrainer(model, options);
    const { seed = 0, dtype = "f32", backend = "auto", update = "simultaneous" } = options;
    this.model = model;
    this.loss = options.loss;
    this.optimizer = options.optimizer;
    this.seed = seed;
    this.dtype = dtype;
    this.update = update;
    this.gradientNorm = options.gradientNorm ?? false;
    const { deterministic = false, reproducible = true } = options;
    this.bits = { deterministic, reproducible };
    this.backend = trainerBackend(backend, this.bits);
    this.#threads = options.threads;
    this.#own = new OwnLoop(this, options.threads);
    this.joint = joinedBy(this, options);
    this.learningRate = options.optimizer.learningRate.initial;
    seedKey(seed);
    this.#state = firstState(model, options.optimizer, dtype, seed);
    this.joint?.keepOwn(this.#state.slots);
  }

  /**
   * The parameters' present values by name, as constants: a copy. What is assigned to it would
   * change nothing here, so that is an error; `setParameters` sets them.
   */
  get parameters(): Readonly<NamedTensors<P>> {
    return copies(this.model.parameters, this.#settled().parameters) as NamedTensors<P>;
  }

  /**
   * The present values of the model's buffers by name, such as running means: a copy, too. A model
   * that has some is applied with both: `model.apply(x, { ...t.parameters, ...t.buffers })`.
   */
  get buffers(): Record<string, Tensor> {
    return copies(this.model.buffers, this.#settled().buffers);
  }

  /**
   * Sets parameters, or buffers, by name, rounded to the trainer's element type; the others stay.
   * What a file holds goes in as it is: `setParameters(decodeSafetensors(bytes).tensors)`. Of a model
   * that is alike in part, `{ strict: false }` takes what there is, and `{ names: /^0\./ }` just those.
   *
   * @returns which were set, which of the model's were not given, and what it does not have
   * @throws ChainruleError "bad-argument" for a value of another shape, and with `strict` (default)
   *   for a name that the model does not have: then nothing is set.
   */
  setParameters(values: NamedValues, options: SetOptions = {}): SetNames {
    // All are checked before the first is set.
    if (this.#renewing.held) this.#refuse("be given parameters");
    const known = modelValues(this.model);
    const { entries, names } = namedValues(values, Object.keys(known), options);
    const checked = entries.map(([name, value]) => {
      return [name, elementsFor(name, entryOf(known, name).shape, value, this.dtype)] as const;
    });
    const state = this.#settled();
    this.#live?.forget();
    setValues(state, checked);
    return names;
  }

  /** The optimizer's memory by "parameter/slot". */
  get slots(): ReadonlyMap<string, TypedArray> {
    const { slots } = this.#settled();
    return new Map(Object.entries(this.joint?.wholeSlots(slots) ?? slots));
  }

  /**
   * Trains. The result can be awaited for the whole history, or iterated epoch by epoch; nothing
   * happens before either.
   *
   * Timers and events get their turn every 20 ms or so: what takes more than 40, a step, a smaller last
   * batch or a validation, is done in portions. Who reads or changes the trainer in the midst of a step has
   * the rest of it done at once, and a signal is heard at its end. What the backend has set up, the compiled
   * step with a copy of the data, made at the beginning, is kept for the next `fit` on as many examples in
   * batches of the same size. What a loss or a layer of your own reads besides its arguments counts as it was
   * when it was compiled. It is let go with the trainer, by a fit on data of another size, when memory is
   * short, or when kept loops exceed 256 MiB or 16 in number, the oldest first; a larger one is not kept.
   */
  fit(data: Data, options?: FitOptions): Fit;
  fit(data: Stream, options?: StreamFitOptions): StreamFit;
  fit(data: Data | Stream, options: FitOptions & StreamFitOptions = {}): Fit | StreamFit {
    if (isStream(data)) return this.joint ? refuseStream() : data.fit(this, options);
    const dataset = toDataset(data, this);
    const fit = new Fit(this, dataset, options);
    this.#fitted = { data: dataset, batchSize: options.batchSize ?? usualBatch };
    return fit;
  }

  /**
   * A batch of the data that were last given to `fit`: their first examples, in the order in which
   * they were given: what `explain` explains unless it is given data.
   */
  get firstBatch(): Dataset | undefined {
    if (this.#fitted === undefined) return undefined;
    const { data, batchSize } = this.#fitted;
    if (data.size <= batchSize) return data;
    return subset(
      data,
      Int32Array.from({ length: batchSize }, (_, i) => i),
    );
  }

  /**
   * One update on one batch; returns the loss before it. The state stays where the program is until
   * it is read, and so do the last 16 batches, or 16 MiB of them: one of tensors, which do not change,
   * is known by them when it is given again. Rows of numbers are read each time.
   *
   * @throws ChainruleError "asynchronous" where the backend is: `stepAsync` waits for it.
   */
  step(data: Data): number {
    if (this.backend.asynchronous) return comesLater(this.backend, "stepAsync");
    return this.joint ? jointStep(this, data) : this.#own.step(data);
  }

  /**
   * The same on any backend; timers and events get their turn in the midst of a step that takes long.
   * On an asynchronous backend nothing else may change the trainer until it is done.
   */
  async stepAsync(data: Data): Promise<number> {
    if (this.joint) return this.step(data);
    if (!this.backend.asynchronous) return this.#own.stepInTurns(data);
    const { inputs, targets, classes } = batchFrom(this, data);
    return this.stepLater(inputs, targets, ({ loss }) => {
      this.learn(classes);
      return loss;
    });
  }

  /** @internal These classes are trained on, perhaps more than were known. */
  learn(classes: readonly string[] | undefined): void {
    if ((classes?.length ?? 0) > (this.classes?.length ?? 0)) this.classes = classes;
  }

  /** @internal One update; the loss before it, what it counts for, and right predictions. */
  stepOn(inputs: ArrayTensor, targets: ArrayTensor): StepResult {
    const joined = this.joint?.step(inputs, targets);
    if (joined) return joined;
    const step = this.#prepare(inputs, targets);
    return finishStep(this, step, now(step.program.run(step.list)), this.#site);
  }

  /** @internal The same, but that others get their turn where it takes long. */
  stepInTurns<T>(x: ArrayTensor, y: ArrayTensor, counted: (result: StepResult) => T): Later<T> {
    if (this.joint) return counted(this.stepOn(x, y));
    return stepInTurns(this, this.#prepare(x, y), this.#site, counted);
  }

  /** @internal The same; `counted` gets the result in the moment in which the state is renewed. */
  stepLater<T>(
    inputs: ArrayTensor,
    targets: ArrayTensor,
    counted: (result: StepResult) => T,
  ): Promise<T> {
    return this.renewing(async () => {
      const step = this.#prepare(inputs, targets);
      return counted(finishStep(this, step, await step.program.run(step.list), this.#site));
    });
  }

  #prepare(inputs: ArrayTensor, targets: ArrayTensor) {
    this.#settled();
    this.#live?.forget();
    return prepareStep(this, inputs, targets);
  }

  /** @internal Waits for work that ends with another state; nothing else may change it until then. */
  async renewing<T>(work: () => Promise<T>): Promise<T> {
    return this.#renewing.hold(work);
  }

  /** @internal The state; not copied, perhaps not settled. */
  ownState(): StepState<TypedArray> {
    return this.#state;
  }

  /** The state, fetched from where it is trained. */
  #settled(): State {
    this.#live?.settle();
    return this.#state;
  }

  /**
   * What in model, loss and data does not belong together, such as softmax before crossEntropy,
   * which applies it itself; each with a fix. Training goes on all the same.
   */
  remarks(data: Data): readonly Remark[] {
    const dataset = toDataset(data, this);
    return remarksOn(this.tasks.of(dataset), dataset);
  }

  /** @internal The backend's own training loop over the data, if it has one. */
  resident(course: Course, data: Dataset): Later<Loop> | undefined {
    if (this.joint) return undefined;
    return openLoop(this, course, { data, kept: this.#kept, threads: this.#threads });
  }

  /** @internal From now on the state is where this loop has it; another loop's is fetched. */
  attach(resident: Live): void {
    if (this.#live === resident) return;
    this.#live?.settle();
    this.#live?.forget();
    this.#live = resident;
  }

  /** @internal The training is over; its loop is kept for the next, unless it has failed. */
  release(resident: Loop, failed: boolean): Later<void> {
    if (this.#live === resident) {
      resident.settle();
      this.#live = undefined;
    }
    resident.leave();
    return failed ? resident.close() : this.#kept.keep(resident);
  }

  /** The training step's graph for a batch: what is run, differentiated and explained. */
  stepGraph(data: Data): StepGraph {
    const { inputs, targets } = this.batchOf(toDataset(data, this));
    return stepFor(this, inputs, targets).graph;
  }

  /** @internal A dataset in the trainer's element type; class labels stay whole numbers. */
  batchOf({ inputs, targets }: Readonly<Record<"inputs" | "targets", Tensor | ArrayTensor>>) {
    const convert = (given: Tensor | ArrayTensor): ArrayTensor => {
      const t = arraysOf(given);
      return !isFloat(t.dtype) || t.dtype === this.dtype
        ? t
        : { ...t, dtype: this.dtype, data: arrayOf(this.dtype, t.data) };
    };
    return { inputs: convert(inputs), targets: convert(targets) };
  }

  /**
   * The model's outputs for rows of inputs, of shape [rows, ...outputs]. On an asynchronous backend
   * they are read with `await outputs.array()`, which is then where errors come.
   *
   * @throws ChainruleError "data-invalid" for inputs that are not finite numbers, and "not-finite",
   *   saying where it came from, for such an output.
   */
  predict(rows: Rows): Tensor {
    return predicted(this, rows);
  }

  /**
   * The same on any backend, with the parameters as they are when it is called; timers and events get
   * their turn meanwhile. Its errors are those of `predict`.
   */
  async predictAsync(rows: Rows): Promise<Tensor> {
    return predictedLater(this, rows);
  }

  /** @internal The model's outputs. */
  outputsFor(x: ArrayTensor): ArrayTensor {
    return outputsOf(this, x);
  }

  /** @internal What the model is applied with, parameters and buffers by name; not copied. */
  arrays(): ByName<TypedArray> {
    return modelValues(this.#settled());
  }

  /**
   * Loss and metrics on data that are not trained on: `evaluate(data, { metrics: ["f1", "rocAuc"] })`.
   *
   * @throws ChainruleError "asynchronous" where the backend is: `evaluateAsync` waits for it.
   */
  evaluate(data: Data, options: EvaluateOptions = {}): Evaluation {
    if (this.backend.asynchronous) return comesLater(this.backend, "evaluateAsync");
    return evaluateModel(this, measurable(this, data, options), options);
  }

  /**
   * The same on any backend, with the parameters as they are when it is called; timers and events get
   * their turn meanwhile. It takes a stream, too, of any length in the same memory.
   */
  async evaluateAsync(data: Data | Stream, options: EvaluateOptions = {}): Promise<Evaluation> {
    if (isStream(data)) return data.evaluate(this, options);
    return evaluateModelLater(this, measurable(this, data, options), options);
  }

  /** The state as a safetensors file: parameters, optimizer's memory, progress. */
  toBytes(extra: Readonly<Record<string, string>> = {}): Uint8Array {
    checkRecord("toBytes", extra, "texts by name, for the file's metadata");
    return writeCheckpoint(this, extra);
  }

  /**
   * Takes over a state made by `toBytes` of the same model; returns the extra metadata. What may be
   * otherwise is named: `fromBytes(bytes, { differs: ["optimizer"] })`.
   *
   * @throws ChainruleError "checkpoint-mismatch" for what else differs; then nothing is changed.
   */
  fromBytes(bytes: Uint8Array, options: LoadOptions = {}): Record<string, string> {
    checkKind("fromBytes", bytes, fileBytes);
    return readCheckpoint(this, bytes, options);
  }

  /**
   * Saves to a file, all or nothing: an interrupted save leaves the old file as it was. Of several
   * processes that train together the first one writes.
   */
  async save(path: string, extra: Readonly<Record<string, string>> = {}): Promise<void> {
    // The first one asks for what the others keep.
    if (this.joint?.follows) return void this.joint.wholeSlots(this.#settled().slots);
    const bytes = this.toBytes(extra);
    await (await import("#files")).writeAtomically(path, bytes);
  }

  /**
   * Loads from a file; training then goes on as if it had never stopped. What this trainer was made
   * with counts: the loss, the optimizer's settings, and its learning rate where it is another than
   * the checkpoint's trainer was made with. Seed, element type, parameters and kind of optimizer must
   * agree, unless `differs` names them, as in `fromBytes`.
   * A warning names a rate that has changed, and a checkpoint of another backend, or of another version
   * of chainrule whose arithmetic gives other last digits.
   */
  async load(path: string, options: LoadOptions = {}): Promise<Record<string, string>> {
    const bytes = await (await import("#files")).readBytes(path);
    const extra = inFile(path, () => this.fromBytes(bytes, options));
    for (const note of [...originNotes(this), rateNote(this.#formerRate, this.learningRate)]) {
      if (note !== undefined) console.warn(`chainrule: ${path}: ${note}`);
    }
    return extra;
  }

  /** @internal Replaces the whole state at once. */
  restore(state: TrainerState): void {
    if (this.#busy.held || this.#renewing.held) this.#refuse("be loaded");
    this.#live?.forget();
    const own = ([name, data]: readonly [string, TypedArray]) =>
      [name, arrayOf(this.dtype, data)] as const;
    setValues(this.#state, Array.from(state.values, own));
    Object.assign(this.#state.slots, Object.fromEntries(Array.from(state.slots, own)));
    this.joint?.keepOwn(this.#state.slots);
    this.best = state.best;
    this.progress = state.progress;
    this.learningRate = state.learningRate;
    this.classes = state.classes;
    this.numerics = state.numerics;
    this.trainedOn = state.trainedOn;
    if (state.trainedOn && !this.backend.asynchronous) this.backend.goesOn?.(state.trainedOn.name);
    this.#formerRate = state.formerRate;
  }

  /** @internal The epoch under way and early stopping start again: the loss has another meaning. */
  restart(): void {
    const { steps, epoch, history } = this.progress;
    this.progress = { ...freshProgress(), steps, epoch, history };
    this.best = undefined;
  }

  /** @internal Runs `work`, which no other training and no loading may interrupt. */
  exclusively<T>(work: () => Later<T>): Later<T> {
    return this.#busy.hold(work);
  }

  /** @internal Waits for a whole training, besides which no other is awaited. */
  awaiting(work: () => Promise<void>): Promise<void> {
    return this.#awaited.hold(work);
  }

  #refuse(what: string): never {
    return fail("bad-argument", {
      message: `This trainer cannot ${what} while training is under way.`,
      fix: "Await the other fit first, or stop it by its signal.",
    });
  }

  /** @internal Copies of the values of parameters and buffers. */
  snapshot(): Map<string, TypedArray> {
    return new Map(Object.entries(mapEntries(this.arrays(), (data) => data.slice())));
  }
}

/** A model made ready for training: parameters get their initial values from the seed. */
export const trainer = <P extends Ranks>(
  model: Layer<Size, Size, P>,
  options: TrainerOptions,
): Trainer<P> => new Trainer(model, options);
export { type Data, type TrainerOptions, toDataset };
