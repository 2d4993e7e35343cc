/** explain: a trainer, a model or a function of tensors → a worked derivation. */

import { inReach } from "../backends/registry.ts";
import { callSite, withSite } from "../core/call-site.ts";
import { fail } from "../core/errors.ts";
import { checkKind, isFunction, type Kind } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import type { Tensor } from "../core/tensor.ts";
import type { Layer } from "../nn/layer.ts";
import { isLayer } from "../nn/layer-checks.ts";
import { halfSquaredError, type Loss } from "../nn/losses.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import { sgd } from "../optim/sgd.ts";
import type { UpdateTiming } from "../step/update.ts";
import { type Data, trainer as makeTrainer, Trainer, toDataset } from "../train/trainer.ts";
import type { DerivationData, Step } from "./derivation.ts";
import { sections } from "./derivation.ts";
import { type Candidate, mistakes } from "./diagnose/mistakes.ts";
import { Context } from "./engine/context.ts";
import { Detail } from "./engine/detail.ts";
import { keyOf } from "./engine/elements.ts";
import { type Expr, number } from "./engine/expr.ts";
import { Factors } from "./engine/factor.ts";
import { locate } from "./engine/locate.ts";
import { checkDigits, choose, type Notation, notations } from "./engine/notation.ts";
import {
  gradientsOf,
  indexText,
  isLarge,
  sequentialParameterGradients,
  type Trace,
  traceFunction,
  traceNetwork,
  updated,
} from "./engine/trace.ts";
import { type Language, languages } from "./messages.ts";
import { Derivation } from "./render/index.ts";
import { print } from "./render/print.ts";
import { speak } from "./render/speak.ts";
import { nonFinite, produced } from "./report.ts";
import { say } from "./say.ts";
import { Backward, route } from "./sections/backward.ts";
import { batchSection, shareSign } from "./sections/batch.ts";
import { check } from "./sections/check.ts";
import { forwardPass } from "./sections/forward.ts";
import { ledger } from "./sections/ledger.ts";
import { again, allParameters, meaning, updateStep } from "./sections/outcome.ts";
import { diagram, setUp } from "./sections/setup.ts";

/** What `explain` takes: what is explained, on which data, and how it is written. */
export interface ExplainOptions {
  /**
   * The data of the step that is explained; for a trainer or a model. Default: the first batch of
   * the data that the trainer was last fitted to.
   */
  readonly data?: Data;
  /** The example that is shown in full, counted from 0. Default 0. */
  readonly example?: number;
  /**
   * One number: "0.weight[3,7]", or as a notation calls it, "w1" or "w^1_21", the chosen one
   * before the others. Default: the first trainable one.
   */
  readonly parameter?: string;
  /** Every parameter in turn (small networks). */
  readonly all?: boolean;
  /** The names of the quantities. Default "canonical", this library's. */
  readonly notation?: Notation;
  /** Default "en". */
  readonly language?: Language;
  /** Significant digits in print. Default 9. */
  readonly digits?: number;
  /** Default: the trainer's; without a trainer "simultaneous". */
  readonly update?: UpdateTiming;
  /** Take so many training steps on the data first. Default 0. */
  readonly step?: number;
  /** For a model that has no trainer: its loss. */
  readonly loss?: Loss;
  /** For a model that has no trainer. Default `sgd()`. */
  readonly optimizer?: Optimizer;
  /** Of the first values of a model that has no trainer. Default 0. */
  readonly seed?: number;
  /** What the loss is called, where its function has no name of its own. */
  readonly lossName?: string;
  /** Where the data are a part of others: the number of their first example there. */
  readonly firstExample?: number;
  /** For a function: its arguments, by name or in order. */
  readonly inputs?: Readonly<Record<string, Tensor>> | readonly Tensor[];
}

/** What all three functions take. */
export const optionNames = [
  "data",
  "example",
  "parameter",
  "all",
  "notation",
  "language",
  "digits",
  "update",
  "step",
  "loss",
  "optimizer",
  "seed",
  "lossName",
  "firstExample",
  "inputs",
] as const satisfies readonly (keyof ExplainOptions)[];

/** What can be explained: a trainer, a model, or any function of tensors. */
export type Subject = Trainer | Layer<never, never> | Layer | ((...x: Tensor[]) => Tensor);

const explainable: Kind = {
  name: "a trainer, a model or a function of tensors",
  example: "trainer(…), sequential(…) or (x) => x.square().sum()",
  fits: (given) => given instanceof Trainer || isFunction(given) || isLayer(given),
};

/** More numbers than this are not explained one after another. */
const mostParameters = 64;

/** The subject with values: traced in f64, after the steps that were asked for. */
export function traceOf(subject: Subject, options: ExplainOptions): Trace {
  checkKind("An explanation", subject, explainable);
  if (typeof subject === "function") return traceFunction(subject, options.inputs ?? []);
  const trainer = subject instanceof Trainer ? subject : fromModel(subject as Layer, options);
  const { data = trainer.firstBatch, example = 0, step = 0 } = options;
  if (data === undefined) {
    return fail("bad-argument", {
      message: "A derivation needs the data of its step.",
      expected: "data: a dataset, or { inputs, targets }",
      found: "nothing",
      fix: "Pass { data }, the batch whose gradient is to be explained, or train the model first.",
    });
  }
  const dataset = toDataset(data, trainer.classes);
  if (!Number.isInteger(example) || example < 0 || example >= dataset.size) {
    choose("example", example, [dataset.size === 1 ? "0" : `0 to ${dataset.size - 1}`]);
  }
  if (options.firstExample !== undefined && !Number.isSafeInteger(options.firstExample))
    choose("first example", options.firstExample, ["a whole number"]);
  if (!Number.isInteger(step) || step < 0 || step > 100_000) choose("step", step, ["0 to 100000"]);
  const ready = step === 0 ? trainer : advanced(trainer, data, step);
  const { lossName, firstExample } = options;
  return { ...traceNetwork(ready, data), lossName, firstExample };
}

function fromModel(model: Layer, { loss, optimizer, seed }: ExplainOptions): Trainer {
  return makeTrainer(model, {
    loss: loss ?? halfSquaredError,
    optimizer: optimizer ?? sgd(),
    seed: seed ?? 0,
    dtype: "f64",
  });
}

/** A copy of the trainer, so many steps on. The original stays as it is. */
function advanced(trainer: Trainer, data: Data, steps: number): Trainer {
  const copy = new Trainer(trainer.model, {
    loss: trainer.loss,
    optimizer: trainer.optimizer,
    seed: trainer.seed,
    dtype: trainer.dtype as "f32" | "f64",
    update: trainer.update,
    backend: inReach(trainer.backend),
  });
  copy.fromBytes(trainer.toBytes());
  for (let i = 0; i < steps; i++) copy.step(data);
  return copy;
}

/** Explains how the gradient of one parameter (or of all) comes about. */
export async function explain(subject: Subject, options: ExplainOptions = {}): Promise<Derivation> {
  checkNames("explain", options, optionNames);
  const { language = "en", digits = 9 } = options;
  if (!languages.includes(language)) choose("language", language, languages);
  checkDigits(digits);
  const trace = traceOf(subject, options);
  const notation = options.notation ?? "canonical";
  if (!notations.includes(notation)) choose("notation", notation, notations);
  const chosen = chosenParameters(trace, options);
  const timing = timingOf(trace, options);
  const settings = { notation, language, digits, timing, example: options.example ?? 0 };
  // What is made for the derivation needs no places of its own: finding them takes long.
  return new Derivation(withSite(callSite(), () => derive(trace, chosen, settings)));
}

function chosenParameters(t: Trace, { parameter, all, notation }: ExplainOptions) {
  const names = Object.keys(t.parameters);
  if (all && parameter !== undefined) {
    fail("bad-argument", {
      message: "Either one parameter is explained or all are.",
      expected: "parameter, or all",
      found: "both",
    });
  }
  if (all) {
    const every = t.trainable.flatMap((name) =>
      Array.from({ length: t.parameters[name]!.size }, (_, index) => ({ name, index })),
    );
    if (every.length <= mostParameters) return every;
    return fail("bad-argument", {
      message: "There are too many parameters to explain one after another.",
      expected: `at most ${mostParameters}`,
      found: String(every.length),
      fix: "Choose one with parameter.",
    });
  }
  if (parameter !== undefined) return [locate(t, parameter, notation)];
  return [{ name: t.trainable[0] ?? names[0]!, index: 0 }];
}

/** When layers change: as it was asked for, or as the trainer does it. */
export function timingOf(t: Trace, { update }: ExplainOptions): UpdateTiming {
  const timing = update ?? t.trainer?.update ?? "simultaneous";
  const all = ["simultaneous", "sequential"];
  return all.includes(timing) ? timing : choose("update", timing, all);
}

interface Settings {
  readonly notation: Notation;
  readonly language: Language;
  readonly digits: number;
  readonly timing: UpdateTiming;
  readonly example: number;
}

function derive(
  trace: Trace,
  chosen: readonly { name: string; index: number }[],
  s: Settings,
): DerivationData {
  const c = new Context(trace, s.notation, s.example, s.digits);
  const { terms } = c;
  const g = gradientsOf(trace);
  const sequential = s.timing === "sequential" && trace.trainer !== undefined;
  const next = trace.trainer && updated(trace, s.timing);
  /** What the update takes for the gradients, where that is something else. */
  const taken = sequential ? sequentialParameterGradients(trace) : undefined;
  const symbols = chosen.map(({ name, index }) => c.parameterSymbol(name, index));
  setUp(c, symbols, terms, s.timing);
  const routes = chosen.map(({ name, index }) => route(c, name, index));
  const onPath = new Set(routes.flatMap((r) => r.reached.map(keyOf)));
  const marked = new Set(symbols.map((e) => c.sign(e).text));
  const drawing = diagram(c, marked);
  const detail = new Detail(
    c,
    chosen.map(({ name }) => name),
  );
  forwardPass(c, terms, (e) => onPath.has(keyOf(e)), symbols, detail);
  let passed = true;
  const finite = Number.isFinite(c.elements.value({ node: trace.loss, index: 0 }));
  const layers = new Set(trace.stages.map((x) => x.layer)).size;
  const compact =
    trace.trainer !== undefined && (layers > 2 || trace.output!.size / trace.examples > 8);
  const factors = new Factors(c, compact);
  const backward = new Backward(c, factors, { compact, sequential, detail, next });
  for (const [i, r] of routes.entries()) {
    const { name, index } = chosen[i]!;
    c.part = i + 1;
    const exact = g[name]![index]!;
    if (!finite) {
      if (i === 0) producer(c);
      continue;
    }
    const share = c.ofPart(shareSign(s.example));
    const d = c.symbol(c.partialSign(c.names.loss, c.parameterSign(name, index)));
    backward.explain(r, share);
    const batched = trace.examples > 1 && r.consumers.size > 0;
    if (batched) batchSection(c, r, index, sequential);
    c.equation({ section: "result", kind: "note", result: d, forms: [number(c.evaluate(d))] });
    if (sequential) c.note("result", [say("sequentialCheck", { loss: c.loss, g: number(exact) })]);
    const own = batched ? c.evaluate(share) : undefined;
    const checked = check(c, r, index, { g, taken, derived: c.evaluate(d), share: own });
    if (!Number.isFinite(exact)) producer(c);
    if (r.consumers.size > 0) meaning(c, name, index, exact, checked.kink);
    updateStep(c, name, index, taken ?? g);
    passed = checked.passed && passed;
  }
  c.part = routes.length + 1;
  if (finite) {
    allParameters(c, taken ?? g, next, sequential);
    if (next) again(c, g, next);
    if (trace.trainer && (layers > 2 || trace.examples > 1)) ledger(c);
    if (trace.trainer && !isLarge(trace)) {
      const near = chosen.flatMap(({ name }) => [c.layerOf(name), c.layerOf(name) + 1]);
      common(c, chosen, mistakes(trace, new Set([...near, layers])));
    }
  }
  const steps = finishSteps(c, s.digits);
  return {
    format: "chainrule-derivation",
    version: 1,
    notation: s.notation,
    language: s.language,
    digits: s.digits,
    parameters: chosen.map(
      ({ name, index }) => name + indexText(trace.parameters[name]!.shape, index),
    ),
    gradients: chosen.map(({ name, index }) => g[name]![index]!),
    loss: c.elements.value({ node: trace.loss, index: 0 }),
    symbols: c.symbols,
    operators: c.elements.operators,
    steps,
    ...(drawing ? { diagram: drawing } : {}),
    passed: passed && finite,
  };
}

function producer(c: Context): void {
  const found = nonFinite(c.trace);
  if (!found) return;
  c.note("result", produced(found));
}

/** Section 14: for each parameter, what the usual mistakes would have given. */
function common(
  c: Context,
  chosen: readonly { name: string; index: number }[],
  all: readonly Candidate[],
): void {
  const right = all[0]!;
  for (const { name, index } of chosen) {
    const d: Expr = c.symbol(c.partialSign(c.names.loss, c.parameterSign(name, index)));
    const of = (k: Candidate) => k.gradients[name]![index]!;
    const size = Math.abs(of(right));
    const near = (a: number, b: number) =>
      Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b));
    // What is 0 but for rounding tells nothing.
    const telling = (k: Candidate) =>
      !near(of(k), of(right)) && (size === 0 || Math.abs(of(k)) > 1e-12 * size);
    const wrong = all.filter((k) => k !== right && !k.hidden && telling(k));
    if (wrong.length === 0) continue;
    const rows = wrong.map((k) => [k.cause, number(of(k))]);
    const columns = [say("mistake"), say("wouldGive")];
    c.note("mistakes", [say("mistakesText", { d })], { columns, rows });
  }
}

/** In the order of the sections; links between steps and the words for reading aloud. */
function finishSteps(c: Context, digits: number): Step[] {
  const style = { tex: false, digits, symbols: c.symbols, operators: c.elements.operators };
  const place = (step: Step) => step.part * sections.length + sections.indexOf(step.section);
  const ordered = c.steps.toSorted((a, b) => place(a) - place(b));
  return ordered.map((step) => {
    const children = c.steps.filter((other) => other.inputs.includes(step.id)).map((o) => o.id);
    if (!step.result) return { ...step, children };
    const parts = [step.result, ...step.expression].map((e) => print(e, style));
    if (step.value !== undefined && step.substituted) parts.push(print(number(step.value), style));
    return { ...step, children, spoken: { en: speak(parts, "en"), zh: speak(parts, "zh") } };
  });
}
