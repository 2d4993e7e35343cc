/** Loss and optimizer of a compiled model, with Keras's meanings. */
import { isNumber, isRecord } from "../../core/kinds.ts";
import type { Chosen } from "../../network-file/form.ts";
import { rowOf } from "../../network-file/form.ts";
import { losses } from "../../network-file/losses.ts";
import { optimizers } from "../../network-file/optimizers.ts";
import { complete } from "../../network-file/validate.ts";
import type { ForeignModel } from "../foreign.ts";
import { field } from "./config.ts";

/** How a library's optimizers and losses are called and meant where they are not the same. */
export type MadeBy = "keras" | "tfjs";

type Options = Readonly<Record<string, unknown>>;
type Translate = (own: (...names: string[]) => number | undefined, given: unknown) => Options;

const flagOf = (given: unknown, name: string) => (field(given, name) === true ? true : undefined);

/** Options that are there. */
const present = (options: Options): Options =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));

const moments: Translate = (own) => ({
  beta1: own("beta_1", "beta1"),
  beta2: own("beta_2", "beta2"),
  epsilon: own("epsilon") ?? 1e-7,
});

const translations: Readonly<Record<string, (maker: MadeBy) => readonly [string, Translate]>> = {
  sgd: () => [
    "sgd",
    (own, given) => ({ momentum: own("momentum"), nesterov: flagOf(given, "nesterov") }),
  ],
  momentum: () => [
    "sgd",
    (own, given) => ({
      momentum: own("momentum"),
      nesterov: flagOf(given, "useNesterov"),
    }),
  ],
  adam: (maker) => [
    "adam",
    (own, given) => ({
      ...moments(own, given),
      amsgrad: flagOf(given, "amsgrad"),
      epsilonBeforeCorrection: maker === "keras" ? true : undefined,
    }),
  ],
  adamw: () => [
    "adamW",
    (own, given) => ({
      ...moments(own, given),
      amsgrad: flagOf(given, "amsgrad"),
      epsilonBeforeCorrection: true,
    }),
  ],
  adamax: () => [
    "adamax",
    (own, given) => ({ ...moments(own, given), epsilonOutsideMaximum: true }),
  ],
  nadam: () => ["nadam", (own, given) => ({ ...moments(own, given), momentumDecay: 1 })],
  rmsprop: () => [
    "rmsprop",
    (own, given) => ({
      decay: own("rho", "decay") ?? 0.9,
      momentum: own("momentum"),
      epsilon: own("epsilon") ?? 1e-7,
      centered: flagOf(given, "centered"),
      epsilonInsideRoot: true,
    }),
  ],
  adagrad: () => [
    "adagrad",
    (own) => ({
      initialAccumulator: own("initial_accumulator_value", "initialAccumulatorValue") ?? 0.1,
      epsilon: own("epsilon") ?? 1e-7,
      epsilonInsideRoot: true,
    }),
  ],
  adadelta: () => [
    "adadelta",
    (own) => ({ decay: own("rho") ?? 0.95, epsilon: own("epsilon") ?? 1e-7 }),
  ],
};

/** The optimizer, or a remark on why there is none. */
export function optimizerOf(given: unknown, maker: MadeBy, remarks: string[]): Chosen | undefined {
  const className = field(given, "class_name");
  if (typeof className !== "string") return undefined;
  const key = className.toLowerCase();
  const config = field(given, "config");
  const found = Object.hasOwn(translations, key) ? translations[key] : undefined;
  if (found === undefined) {
    remarks.push(`The optimizer ${className.slice(0, 40)} is not taken over.`);
    return undefined;
  }
  const own = (...names: string[]): number | undefined => {
    const value = names.map((name) => field(config, name)).find((v) => v !== undefined);
    return isNumber(value, (n) => Number.isFinite(n) && n >= 0) ? (value as number) : undefined;
  };
  const [name, translate] = found(maker);
  const rate = field(config, "learning_rate");
  const initial = isRecord(rate)
    ? field(field(rate, "config"), "initial_learning_rate")
    : own("learning_rate", "learningRate");
  if (isRecord(rate))
    remarks.push("The schedule of the learning rate is not taken over, but for its start.");
  if (own("clipnorm") !== undefined) {
    remarks.push(
      "Keras cuts the gradient of each variable to clipnorm by itself, which is not taken over.",
    );
  }
  if (own("global_clipnorm") !== undefined) {
    remarks.push(
      "Gradients that global_clipnorm cuts are here shorter by a share of 1e-6 / norm, as in PyTorch.",
    );
  }
  const isTrue = (word: string) => field(config, word) === true;
  if (isTrue("use_ema"))
    remarks.push("The moving average of Keras's weights (use_ema) is not taken over.");
  const decay = own("weight_decay");
  if (decay !== undefined && name !== "adamW") {
    remarks.push(
      `Keras takes weight_decay ${decay} times the rate off every weight at each step, which ${name} here does not.`,
    );
  }
  // A rate is kept in f32 there: 0.001 comes back as 0.0010000000474974513.
  const short = typeof initial === "number" ? Number(initial.toPrecision(7)) : undefined;
  const options = present({
    learningRate: short,
    ...translate(own, config),
    clipNorm: own("global_clipnorm"),
    clipValue: own("clipvalue"),
    accumulate: own("gradient_accumulation_steps"),
    ...(name === "adamW" ? { weightDecay: decay ?? 0.004 } : {}),
  });
  return chosen(optimizers, name, options);
}

const chosen = (
  table: Readonly<Record<string, { readonly form: Parameters<typeof complete>[0] }>>,
  name: string,
  options: Options,
): Chosen => ({ name, options: complete(rowOf(table, name).form, options) as Chosen["options"] });

/** Losses by the words of Keras; the activation that ours has within. */
const lossNames: Readonly<Record<string, readonly [ours: string, within?: string]>> = {
  mean_squared_error: ["meanSquaredError"],
  mse: ["meanSquaredError"],
  mean_absolute_error: ["meanAbsoluteError"],
  mae: ["meanAbsoluteError"],
  huber: ["huber"],
  huber_loss: ["huber"],
  hinge: ["hinge"],
  binary_crossentropy: ["binaryCrossEntropyWithLogits", "sigmoid"],
  categorical_crossentropy: ["crossEntropy", "softmax"],
  sparse_categorical_crossentropy: ["crossEntropy", "softmax"],
};

const inWords = (name: string): string => name.replaceAll(/(?<!^)([A-Z])/g, "_$1").toLowerCase();

/** Layers without the activation at their end; undefined where it is another one. */
function withoutLast(layers: readonly Chosen[], name: string): readonly Chosen[] | undefined {
  const last = layers.at(-1);
  return last?.name === name && layers.length > 1 ? layers.slice(0, -1) : undefined;
}

/** A model with its loss; an activation at its end that belongs to the loss stands there alone. */
export function withLoss(
  model: Omit<ForeignModel, "loss">,
  given: unknown,
  remarks: string[],
): Pick<ForeignModel, "layers" | "loss"> {
  const { layers } = model;
  const config = field(given, "config");
  const word =
    typeof given === "string"
      ? given
      : String(field(config, "name") ?? field(given, "class_name") ?? "");
  if (given === undefined || word === "") return { layers };
  const name = inWords(word);
  const found = Object.hasOwn(lossNames, name) ? lossNames[name] : undefined;
  if (found === undefined) {
    remarks.push(`The loss ${word.slice(0, 60)} is not taken over.`);
    return { layers };
  }
  const [ours, within] = found;
  const delta = field(config, "delta");
  const smoothing = field(config, "label_smoothing");
  if (ours === "huber" && isRecord(given) && typeof delta !== "number") {
    remarks.push(
      "Keras does not write Huber's delta into its files: 1, the default, stands for it.",
    );
  }
  const options = present({
    delta: ours === "huber" && typeof delta === "number" ? delta : undefined,
    labelSmoothing:
      ours === "crossEntropy" && typeof smoothing === "number" ? smoothing : undefined,
  });
  if (ours.startsWith("binary") && typeof smoothing === "number" && smoothing > 0)
    remarks.push("The label smoothing of the binary cross-entropy is not taken over.");
  const loss = chosen(losses, ours, options);
  if (within === undefined || field(config, "from_logits") === true) return { layers, loss };
  const shorter = withoutLast(layers, within);
  if (shorter === undefined) {
    remarks.push(
      `The loss ${name} takes probabilities, and no ${within} stands at the model's end: it is not taken over.`,
    );
    return { layers };
  }
  remarks.push(
    `The ${within} at the end is part of the loss ${ours}, as TensorFlow computes it: outputs here are ` +
      `logits, of which ${within} makes Keras's.`,
  );
  return { layers: shorter, loss };
}
