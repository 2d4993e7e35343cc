/** What layers share: options of a weight and a bias, their specs, and checks of what comes in. */
import { fail } from "../core/errors.ts";
import { isNumber } from "../core/kinds.ts";
import { formatShape, type Shape } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { type InitialValues, toInitializer, uniform } from "./initializers.ts";
import type { Layer, ParameterRole, ParameterSpec } from "./layer.ts";
import { roomForChannels } from "./layer-checks.ts";

/** How a layer's weights and biases begin, and which of them are trained. */
export interface WeightOptions {
  /** Initializer or values. Default U(−1/√fan_in, 1/√fan_in). */
  readonly weight?: InitialValues;
  /** Initializer or values; false: no bias. Default as the weight. */
  readonly bias?: InitialValues | false;
  /** Parameters that training leaves alone: all, or those named. Default none. */
  readonly frozen?: boolean | readonly ("weight" | "bias")[];
  /** This layer's learning rate, in place of the optimizer's. */
  readonly learningRate?: number;
}

export const weightOptions = [
  "weight",
  "bias",
  "frozen",
  "learningRate",
] as const satisfies readonly (keyof WeightOptions)[];

/** Sizes of a layer by name, each a whole number ≥ 1. */
export function checkCounts(what: string, counts: Readonly<Record<string, unknown>>): void {
  for (const [name, n] of Object.entries(counts)) {
    if (isNumber(n, (k) => Number.isInteger(k) && k >= 1)) continue;
    fail("bad-argument", {
      message: `${what} needs a number of ${name}.`,
      expected: "a whole number ≥ 1",
      found: shown(n),
    });
  }
}

/** What is left alone is said by name, or for all: a word that is not a list is no name. */
function checkFrozen(frozen: unknown): void {
  const isName = (name: unknown) => name === "weight" || name === "bias";
  if (typeof frozen === "boolean" || (Array.isArray(frozen) && frozen.every(isName))) return;
  fail("bad-argument", {
    message: "These are no parameters of this layer that training could leave alone.",
    expected: 'true, false, or a list of "weight" and "bias"',
    found: Array.isArray(frozen) ? frozen.map(shown).join(", ") : shown(frozen),
  });
}

function checkLearningRate(rate: unknown): void {
  if (rate === undefined || isNumber(rate, (n) => Number.isFinite(n) && n >= 0)) return;
  fail("bad-argument", {
    message: "This is not a learning rate for a layer.",
    expected: "a finite number ≥ 0",
    found: shown(rate),
  });
}

/** How a parameter is trained, and what it is for. */
interface Trained {
  readonly role: ParameterRole;
  readonly frozen?: boolean;
  readonly learningRate?: number;
}

/** One parameter of a layer; values that do not fit are an error here, at the line that gives them. */
export function parameterOf(
  what: string,
  shape: Shape,
  given: InitialValues,
  { role, frozen = false, learningRate }: Trained,
): ParameterSpec {
  checkLearningRate(learningRate);
  if (typeof frozen !== "boolean") {
    fail("bad-argument", {
      message: `${what} is frozen or it is not.`,
      expected: "true or false",
      found: shown(frozen),
    });
  }
  const initial = toInitializer(given);
  if (initial.isGiven) initial.fill(shape, 0, 0);
  return { shape, initial, role, frozen, ...(learningRate === undefined ? {} : { learningRate }) };
}

/** A weight and, unless that is turned off, a bias, which begin in ±1/√fan_in, as in PyTorch. */
export function weightAndBias(
  options: WeightOptions,
  shapes: { readonly weight: Shape; readonly bias: Shape },
  fanIn: number,
): { readonly weight: ParameterSpec; readonly bias?: ParameterSpec } {
  const { frozen = false, learningRate } = options;
  checkLearningRate(learningRate);
  checkFrozen(frozen);
  const bound = 1 / Math.sqrt(fanIn);
  const parameter = (role: "weight" | "bias"): ParameterSpec => {
    const given = options[role] as InitialValues | undefined;
    return parameterOf(role, shapes[role], given ?? uniform(-bound, bound), {
      role,
      frozen: frozen === true || (Array.isArray(frozen) && frozen.includes(role)),
      ...(learningRate === undefined ? {} : { learningRate }),
    });
  };
  const weight = parameter("weight");
  return options.bias === false ? { weight } : { weight, bias: parameter("bias") };
}

/** The first axis of a layer's input is the batch's: without it, examples would be taken for channels. */
export function batched(what: string, x: Tensor, axes: number): Tensor {
  if (x.rank === axes + 2) return x;
  return fail("shape-mismatch", {
    message: `${what} got an input with another number of axes.`,
    expected: `[batch, channels, …sizes], ${axes + 2} axes`,
    found: formatShape(x.shape),
    fix: roomForChannels,
  });
}

/**
 * The layer itself, tried on an input that is large enough: what its options say against each other
 * is an error at the line that makes it, not where data first come.
 */
export function tried<L extends Layer>(layer: L, channels: number, sizes: Shape): L {
  layer.outputShape([1, channels, ...sizes]);
  return layer;
}
