/** What is given to `trainer` and `fit`, as a program without types may give it. */

import { fail } from "../core/errors.ts";
import {
  type ArgumentKind,
  aFlag,
  aFunction,
  checkKind,
  isFunction,
  isRecord,
  isText,
  object,
} from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import { shown } from "../core/wording.ts";
import type { LossFacts } from "../nn/facts.ts";
import type { Layer } from "../nn/layer.ts";
import { isLayer } from "../nn/layer-checks.ts";
import { isOptimizer } from "../optim/optimizer.ts";
import { trainable } from "../step/parameters.ts";
import { checkCheckpoint } from "./checkpoint-rule.ts";
import type { EarlyStopping, FitOptions } from "./fit.ts";
import { checkMetrics } from "./measures.ts";
import { checkPlateau } from "./plateau.ts";
import type { StreamFitOptions } from "./stream-fit.ts";
import type { TrainerOptions } from "./trainer-options.ts";

const trainerOptions: Readonly<Record<keyof TrainerOptions, true>> = {
  loss: true,
  optimizer: true,
  seed: true,
  dtype: true,
  backend: true,
  deterministic: true,
  reproducible: true,
  threads: true,
  update: true,
  gradientNorm: true,
  parallel: true,
  shard: true,
};

const processes = /* @__PURE__ */ object(
  "the processes to train with",
  'await mpi() of "chainrule/mpi"',
  ({ join }) => isFunction(join),
);

const targets: Readonly<Record<NonNullable<LossFacts["targets"]>, true>> = {
  shares: true,
  distributions: true,
  signs: true,
  counts: true,
};

const lossFacts: ArgumentKind = {
  name: "facts with a name, in which targets are shares, distributions, signs or counts",
  example: '{ name: "own", takes: "probabilities", targets: "shares" }',
  fits: (facts) =>
    isRecord(facts) &&
    isText(facts.name) &&
    (facts.targets === undefined ||
      (isText(facts.targets) && Object.hasOwn(targets, facts.targets))) &&
    (facts.applies === undefined ||
      (isRecord(facts.applies) && isFunction(facts.applies.probabilities))),
};

/** Refuses what no trainer can be made of. */
export function checkTrainer(model: Layer, options: TrainerOptions): void {
  if (!isLayer(model)) {
    fail("bad-argument", {
      message: "A trainer trains a model.",
      expected: "a layer, such as sequential(linear(2, 8), relu(), linear(8, 1))",
      found: shown(model),
    });
  }
  checkNames("trainer", options, Object.keys(trainerOptions));
  const { loss, optimizer, dtype = "f32", update = "simultaneous" } = options;
  if (typeof loss !== "function") {
    fail("bad-argument", {
      message: "A trainer needs a loss.",
      expected: "a function of output and target, such as crossEntropy",
      found: shown(loss),
      fix: "Pass { loss: meanSquaredError, … }, or another.",
    });
  }
  if (loss.facts !== undefined) checkKind("The loss", loss.facts, lossFacts);
  if (!isOptimizer(optimizer)) {
    const uncalled =
      typeof optimizer === "function" ? (optimizer as { readonly name: string }).name : "";
    fail("bad-argument", {
      message: "A trainer needs an optimizer.",
      expected: "an optimizer, such as adam({ learningRate: 1e-3 })",
      found: uncalled === "" ? shown(optimizer) : `the function ${uncalled} itself`,
      fix: `Pass { optimizer: ${uncalled || "sgd"}(), … }.`,
    });
  }
  if (!["f32", "f64"].includes(dtype) || !["simultaneous", "sequential"].includes(update)) {
    fail("bad-argument", {
      message: "The trainer does not know this setting.",
      expected: 'dtype "f32" or "f64", update "simultaneous" or "sequential"',
      found: `dtype ${shown(dtype)}, update ${shown(update)}`,
    });
  }
  const { threads = 1 } = options;
  if (!Number.isSafeInteger(threads) || threads < 1) {
    fail("bad-argument", {
      message: "trainer cannot use this number of threads.",
      expected: "a whole number ≥ 1",
      found: shown(threads),
    });
  }
  for (const name of ["gradientNorm", "deterministic", "reproducible", "shard"] as const) {
    const given: unknown = options[name] ?? false;
    if (typeof given === "boolean") continue;
    fail("bad-argument", {
      message: `trainer cannot use this ${name}.`,
      expected: "true or false",
      found: shown(given),
    });
  }
  if (options.shard && options.parallel === undefined) {
    fail("bad-argument", {
      message: "The optimizer's memory is shared out among processes, and there is one.",
      expected: "shard together with parallel",
      found: "shard alone",
      fix: "Leave shard out, or train in several processes: { parallel: await mpi(), shard: true }.",
    });
  }
  if (options.parallel !== undefined) checkKind("parallel", options.parallel, processes);
  const names = Object.keys(model.parameters);
  if (trainable(model).length === 0) {
    fail("bad-argument", {
      message: "There is nothing to train: the model has no parameter that is not frozen.",
      expected: "at least one trainable parameter",
      found: names.length === 0 ? "no parameters" : `${names.length} parameters, all frozen`,
    });
  }
  const slashed = [...names, ...Object.keys(model.buffers)].find((name) => name.includes("/"));
  if (slashed !== undefined) {
    fail("bad-argument", {
      message:
        'The name of a parameter or buffer has a "/", which checkpoints use for what belongs to it.',
      expected: 'a name without "/"',
      found: JSON.stringify(slashed),
    });
  }
}

const fitOptions: Readonly<Record<keyof FitOptions, true>> = {
  epochs: true,
  untilEpoch: true,
  batchSize: true,
  shuffle: true,
  validation: true,
  validateAverages: true,
  metrics: true,
  earlyStopping: true,
  plateau: true,
  signal: true,
  onEpoch: true,
  checkpoint: true,
  onStep: true,
};

const stoppingOptions: Readonly<Record<keyof EarlyStopping, true>> = {
  patience: true,
  minDelta: true,
  restoreBest: true,
};

const listener = /* @__PURE__ */ aFunction("({ epoch, step, loss }) => …, called after each step");

const epochListener = /* @__PURE__ */ aFunction("({ epoch, loss }) => …, called after each epoch");

/** Refuses settings with which there is no training. */
export function checkFit(options: FitOptions | StreamFitOptions): void {
  checkNames("fit", options, Object.keys(fitOptions));
  const { batchSize = 32, epochs = 1, untilEpoch = 0, earlyStopping } = options;
  if (earlyStopping !== undefined)
    checkNames("earlyStopping", earlyStopping, Object.keys(stoppingOptions));
  const patience = earlyStopping === undefined ? 1 : earlyStopping.patience;
  for (const [what, n] of Object.entries({ batchSize, epochs, untilEpoch, patience })) {
    const least = what === "batchSize" || what === "patience" ? 1 : 0;
    if (Number.isSafeInteger(n) && n >= least) continue;
    fail("bad-argument", {
      message: `fit cannot use this ${what}.`,
      expected: `a whole number ≥ ${least}`,
      found: shown(n),
    });
  }
  checkMetrics(options.metrics);
  if (options.metrics !== undefined && options.validation === undefined) {
    fail("bad-argument", {
      message: "Metrics are taken of the validation, and there is none.",
      expected: "metrics together with validation",
      found: "metrics alone",
      fix: "Say validation: 0.2 to keep a share of the data back, or give data of their own.",
    });
  }
  const { validateAverages = false } = options;
  checkKind("validateAverages", validateAverages, aFlag);
  if (validateAverages && options.validation === undefined) {
    fail("bad-argument", {
      message: "Averages are to be validated, and there is nothing to validate with.",
      expected: "validateAverages together with validation",
      found: "validateAverages alone",
    });
  }
  if (options.plateau !== undefined) checkPlateau("plateau", options.plateau);
  if (options.onStep !== undefined) checkKind("onStep", options.onStep, listener);
  if (options.onEpoch !== undefined) checkKind("onEpoch", options.onEpoch, epochListener);
  if (options.checkpoint !== undefined) checkCheckpoint(options.checkpoint);
  const { minDelta = 0 } = earlyStopping ?? {};
  if (Number.isFinite(minDelta) && minDelta >= 0) return;
  fail("bad-argument", {
    message: "fit cannot use this minDelta.",
    expected: "a finite number ≥ 0",
    found: shown(minDelta),
  });
}
