/**
 * How scikit-learn trains a perceptron, as a network file says it: its solver with what that remembers, and
 * its penalty. Source: sklearn/neural_network/_stochastic_optimizers.py and _multilayer_perceptron.py.
 */
import { fail } from "../core/errors.ts";
import { isText } from "../core/kinds.ts";
import { shown } from "../core/wording.ts";
import { type Chosen, rowOf } from "../network-file/form.ts";
import { optimizers } from "../network-file/optimizers.ts";
import { complete } from "../network-file/validate.ts";
import type { ForeignModel } from "./foreign.ts";
import { field } from "./keras/config.ts";

/** One layer of weights: a row for each output. */
export interface Dense {
  readonly weights: readonly (readonly number[])[];
  readonly biases: readonly number[];
}

/** How a perceptron is trained on. */
export interface PerceptronTraining
  extends Pick<ForeignModel, "optimizer" | "penalties" | "training"> {
  /** What the optimizer remembers, by the names of its slots, for all layers. */
  readonly memory?: {
    readonly steps: number;
    readonly slots: Readonly<Record<string, readonly Dense[]>>;
  };
  readonly remarks: readonly string[];
}

const corrupt = (what: string, expected: string, found: unknown): never =>
  fail("file-corrupt", {
    message: `The description of a perceptron has ${what} that cannot be.`,
    expected,
    found: shown(found),
  });

function numberIn(from: unknown, name: string, usual: number): number {
  const given = field(from, name);
  if (given === undefined) return usual;
  return typeof given === "number" && Number.isFinite(given)
    ? given
    : corrupt(name, "a finite number", given);
}

/** A whole number above 0, where there is one. */
function countIn(from: unknown, name: string): number | undefined {
  const given = field(from, name);
  return typeof given === "number" && Number.isSafeInteger(given) && given > 0 ? given : undefined;
}

const chosen = (name: string, options: object): Chosen => ({
  name,
  options: complete(rowOf(optimizers, name).form, options) as Chosen["options"],
});

const scaled = (layers: readonly Dense[], factor: number): Dense[] =>
  layers.map(({ weights, biases }) => ({
    weights: weights.map((row) => row.map((v) => v * factor)),
    biases: biases.map((v) => v * factor),
  }));

const shapeOf = (layers: readonly Dense[]): string =>
  layers.map(({ weights }) => `${weights.length}×${weights[0]?.length}`).join(", ");

/**
 * The solver's settings and memory, and alpha as a penalty.
 *
 * @param factor c, the loss here divided by scikit-learn's: gradients are c times as large, so that Adam's ε
 *   and mean are multiplied by it and its mean square by c², and SGD's rate is divided by it
 * @param layersFrom layers from lists like coefs_ and intercepts_
 */
export function sklearnTraining(
  json: unknown,
  layers: readonly Dense[],
  factor: number,
  layersFrom: (coefficients: unknown, intercepts: unknown) => readonly Dense[],
): PerceptronTraining {
  const [params, state] = ["params", "optimizer"].map((name) => field(json, name));
  const [solver, remarks] = [field(params, "solver"), [] as string[]];
  const isAdam = solver === "adam";
  if (!isAdam && solver !== "sgd") {
    if (isText(solver)) {
      const name = /^\w{1,40}$/.test(solver) ? solver : shown(solver);
      remarks.push(`scikit-learn's solver, ${name}, is not taken over, nor are its settings.`);
    }
    return { ...withPenalty(params, factor, {}, remarks), remarks };
  }
  const sizes = sizesOf(json, params);
  const rest = withPenalty(params, factor, sizes, remarks);
  if (factor !== 1) {
    remarks.push(
      `The loss here is ${factor} times scikit-learn's: ${isAdam ? "ε" : "the rate"}, the penalty and what ` +
        "the optimizer remembers are scaled for the same steps.",
    );
  }
  const rule = field(params, "learning_rate");
  if (!isAdam && isText(rule) && rule !== "constant") {
    remarks.push(
      `scikit-learn changes the rate (${/^\w{1,40}$/.test(rule) ? rule : shown(rule)}); here it stays as it is.`,
    );
  }
  remarks.push("When scikit-learn stops (max_iter, tol, early_stopping) is not taken over.");
  const initial = numberIn(params, "learning_rate_init", 0.001);
  const momentum = numberIn(params, "momentum", 0.9);
  const rate = isAdam ? initial : numberIn(state, "learning_rate", initial);
  const optimizer = isAdam
    ? chosen("adam", {
        learningRate: rate,
        beta1: numberIn(params, "beta_1", 0.9),
        beta2: numberIn(params, "beta_2", 0.999),
        epsilon: factor * numberIn(params, "epsilon", 1e-8),
        epsilonBeforeCorrection: true,
      })
    : chosen("sgd", {
        learningRate: rate / factor,
        momentum,
        nesterov: momentum > 0 && field(params, "nesterovs_momentum") !== false,
      });
  const slots = new Map<string, readonly Dense[]>();
  const take = (slot: string, theirs: string, times: number): boolean => {
    const lists = field(state, theirs);
    if (!Array.isArray(lists)) return false;
    const found = layersFrom(lists.slice(0, layers.length), lists.slice(layers.length));
    if (shapeOf(found) !== shapeOf(layers) || lists.length !== 2 * layers.length)
      corrupt(`the optimizer's ${theirs}`, `arrays of ${shapeOf(layers)}`, shapeOf(found));
    if (!Number.isFinite(times)) return false;
    slots.set(slot, scaled(found, times));
    return true;
  };
  const all = isAdam
    ? take("mean", "ms", factor) && take("square", "vs", factor * factor)
    : momentum === 0 || take("velocity", "velocities", -factor / rate);
  const steps = isAdam ? countIn(state, "t") : (sizes.steps ?? 0);
  if (!all || steps === undefined) {
    remarks.push("The file does not say what the optimizer remembers: that begins from nothing.");
    return { ...rest, optimizer, remarks };
  }
  return { ...rest, optimizer, remarks, memory: { steps, slots: Object.fromEntries(slots) } };
}

interface Sizes {
  /** Examples that it was fitted to at once. */
  readonly examples?: number;
  readonly batch?: number;
  readonly steps?: number;
}

/** t_ counts examples, n_iter_ epochs; the batch "auto" is of 200 examples, or of all. */
function sizesOf(json: unknown, params: unknown): Sizes {
  const [seen, epochs] = [countIn(json, "t_"), countIn(json, "n_iter_")];
  const given = countIn(params, "batch_size");
  const examples = (seen ?? Number.NaN) / (epochs ?? Number.NaN);
  if (epochs === undefined || !Number.isInteger(examples)) return given ? { batch: given } : {};
  const batch = Math.min(given ?? 200, examples);
  return { examples, batch, steps: epochs * Math.ceil(examples / batch) };
}

/** scikit-learn adds ½·alpha·Σw² / (examples of the batch) to its loss. */
function withPenalty(
  params: unknown,
  factor: number,
  { examples, batch }: Sizes,
  remarks: string[],
): Pick<ForeignModel, "penalties" | "training"> {
  const alpha = numberIn(params, "alpha", 0);
  if (batch === undefined) {
    if (alpha > 0) {
      remarks.push(
        `scikit-learn adds alpha = ${alpha} times half the squared weights, divided by the size of the batch, to ` +
          "the loss; this penalty is not taken over.",
      );
    }
    return {};
  }
  const training = { batchSize: batch, shuffle: field(params, "shuffle") !== false };
  if (alpha === 0) return { training };
  if (examples !== undefined && examples % batch !== 0) {
    remarks.push(
      `The penalty is that of batches of ${batch}; in the last batch of an epoch, which has fewer examples, ` +
        "scikit-learn's is stronger.",
    );
  }
  return { training, penalties: [{ l1: 0, l2: (factor * alpha) / (2 * batch) }] };
}
