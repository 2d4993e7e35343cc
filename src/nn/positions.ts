/** Where in a sequence something stands, for layers that do not see it: attention above all. */
import { at } from "../core/at.ts";
import { callSite } from "../core/call-site.ts";
import { arrayOf } from "../core/dtype.ts";
import { cos, exp, log, sin } from "../core/elementary/scalar.ts";
import { fail } from "../core/errors.ts";
import { isNumber } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import { formatShape } from "../core/shape.ts";
import { asTensor, type Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { add, mul, sub } from "../ops/arithmetic.ts";
import { concatenate } from "../ops/concatenate.ts";
import { constantTensor } from "../ops/leaf.ts";
import { reshape, slice } from "../ops/move.ts";
import { type InitialValues, normal, toInitializer } from "./initializers.ts";
import { type Any, type Layer, layer, type NoRanks, type Same } from "./layer.ts";
import { checkSequences } from "./sequences.ts";
import { checkCounts } from "./weighted.ts";

/** The angle of each place for each pair of features: t · base^(−2i/features), by rows t. */
function angles(length: number, features: number, base: number, offset = 0): Float64Array {
  const pairs = Math.ceil(features / 2);
  const rate = Float64Array.from({ length: pairs }, (_, i) => exp((-2 * i * log(base)) / features));
  return Float64Array.from(
    { length: length * pairs },
    (_, k) => (offset + Math.floor(k / pairs)) * at(rate, k % pairs),
  );
}

function checkBase(what: string, base: unknown): void {
  if (isNumber(base, (b) => Number.isFinite(b) && b > 0)) return;
  fail("bad-argument", {
    message: `${what} cannot use this base.`,
    expected: "a finite number > 0",
    found: shown(base),
  });
}

/** x [… , length, features] has both axes. */
function checkSequence(what: string, { shape, rank }: Tensor): [number, number] {
  if (rank >= 2) return [at(shape, rank - 2), at(shape, rank - 1)];
  return fail("shape-mismatch", {
    message: `${what} got an input without places.`,
    expected: "[…, length, features]",
    found: formatShape(shape),
  });
}

/** How the waves of positions are chosen. */
export interface SinusoidalOptions {
  /** The longest wave has 2π · base places. Default 10000. */
  readonly base?: number;
}

/**
 * y[…, t, 2i] = x[…, t, 2i] + sin(t/base^(2i/n)) and y[…, t, 2i+1] = x[…, t, 2i+1] +
 * cos(t/base^(2i/n)) for x [batch, …, length, n]: no parameters, any length. (Vaswani et al. 2017, 3.5.)
 */
export function sinusoidalEncoding(options: SinusoidalOptions = {}): Layer<Same, Same, NoRanks> {
  const name = "sinusoidalEncoding";
  checkNames(name, options, ["base"]);
  const { base = 10_000 } = options;
  checkBase(name, base);
  return layer({
    name,
    kind: "other",
    inputSize: "same",
    outputSize: "same",
    parameters: {},
    settings: { ...options },
    site: callSite(),
    apply(x) {
      checkSequences(name, x.shape);
      const [length, features] = checkSequence(name, x);
      const pairs = Math.ceil(features / 2);
      const angle = angles(length, features, base);
      const table = Float64Array.from({ length: length * features }, (_, k) => {
        const [t, j] = [Math.floor(k / features), k % features];
        return (j % 2 === 0 ? sin : cos)(at(angle, t * pairs + Math.floor(j / 2)));
      });
      const dtype = x.dtype === "f64" ? "f64" : "f32";
      return add(x, constantTensor(arrayOf(dtype, table), [length, features]));
    },
  });
}

/** How a learned encoding begins. */
export interface LearnedEncodingOptions {
  /** Initializer or values, one row for each place. Default N(0, 1), as an embedding's. */
  readonly weight?: InitialValues;
  /** Whether training leaves the table alone. Default false. */
  readonly frozen?: boolean;
}

/**
 * y[…, t, :] = x[…, t, :] + W[t, :] for x [batch, …, length, features], W ("weight") having a row for each
 * of `places`. A longer sequence is an error. (Gehring et al. 2017; GPT's position embedding.)
 */
export function learnedEncoding(
  places: number,
  features: number,
  options: LearnedEncodingOptions = {},
): Layer<Any, Any> {
  const name = "learnedEncoding";
  checkNames(name, options, ["weight", "frozen"]);
  checkCounts(name, { places, features });
  const { frozen = false } = options;
  if (typeof frozen !== "boolean") {
    fail("bad-argument", {
      message: `${name} is frozen or it is not.`,
      expected: "true or false",
      found: shown(frozen),
    });
  }
  const shape = [places, features];
  const initial = toInitializer(options.weight ?? normal());
  // Values that do not fit are an error here, at the line that gives them.
  if (initial.isGiven) initial.fill(shape, 0, 0);
  return layer({
    name,
    kind: "other",
    inputSize: "any",
    outputSize: "any",
    parameters: { weight: { shape, initial, role: "embedding", frozen } },
    settings: { places, features },
    site: callSite(),
    apply(x, { weight }) {
      checkSequences(name, x.shape);
      const [length, found] = checkSequence(name, x);
      if (length > places || found !== features) {
        fail("shape-mismatch", {
          message: `${name} got a sequence that it was not made for.`,
          expected: `at most ${places} places of ${features} features each`,
          found: formatShape(x.shape),
          fix: `Make it learnedEncoding(${Math.max(places, length)}, ${found}).`,
        });
      }
      return add(x, slice(weight, { end: [length, features] }));
    },
  });
}

/** How `rotaryEmbedding` turns. */
export interface RotaryOptions {
  /** The slowest pair turns once in 2π · base places, about. Default 10000. */
  readonly base?: number;
  /**
   * Which features turn together: neighbours 2i and 2i+1 (true: Su et al. 2021, GPT-J), or i and
   * i + features/2 (false: GPT-NeoX, Llama as Hugging Face keeps it). Default false.
   */
  readonly interleaved?: boolean;
  /** The place of the first row. Default 0. */
  readonly offset?: number;
  /** How many features turn, from the first on; an even number. Default all. */
  readonly features?: number;
}

/**
 * Each pair of features of x […, length, features], turned by an angle that grows with the place t:
 * (a, b) → (a cos θ − b sin θ, a sin θ + b cos θ), θ = t · base^(−2i/features) for pair i. Of queries
 * and keys turned so, products depend on distances alone. (Su et al. 2021.)
 *
 * @example rotaryEmbedding(x) with x = [[1, 0], [1, 0]]
 * @throws ChainruleError "shape-mismatch" for an odd number of features.
 */
export function rotaryEmbedding(x: Tensor, options: RotaryOptions = {}): Tensor {
  const what = "rotaryEmbedding";
  checkNames(what, options, ["base", "interleaved", "offset", "features"]);
  const { base = 10_000, interleaved = false, offset = 0 } = options;
  checkBase(what, base);
  if (typeof interleaved !== "boolean" || !isNumber(offset, Number.isInteger)) {
    fail("bad-argument", {
      message: `${what} turns neighbours or halves, from a whole place on.`,
      expected: "interleaved: true or false; offset: a whole number",
      found: `${shown(interleaved)} and ${shown(offset)}`,
    });
  }
  const [length, all] = checkSequence(what, asTensor(what, x));
  const features = options.features ?? all;
  const isEven = isNumber(features, (n) => Number.isInteger(n) && n >= 2 && n % 2 === 0);
  if (!isEven || features > all) {
    fail("shape-mismatch", {
      message: `${what} turns features in pairs.`,
      expected: `an even number of features, at most the ${all} that there are`,
      found: shown(features),
    });
  }
  const pairs = features / 2;
  const angle = angles(length, features, base, offset);
  const dtype = x.dtype === "f64" ? "f64" : "f32";
  const shape = interleaved ? [length, pairs, 1] : [length, pairs];
  const table = (f: (a: number) => number) => constantTensor(arrayOf(dtype, angle.map(f)), shape);
  const [c, s] = [table(cos), table(sin)];
  const front = x.shape.slice(0, -1);
  const turned = features === all ? x : part(x, 0, features);
  const apart = interleaved ? reshape(turned, [...front, pairs, 2]) : turned;
  const half = interleaved ? 1 : pairs;
  const [a, b] = [part(apart, 0, half), part(apart, half, 2 * half)];
  const joined = concatenate([sub(mul(a, c), mul(b, s)), add(mul(a, s), mul(b, c))], -1);
  const y = interleaved ? reshape(joined, turned.shape) : joined;
  return features === all ? y : concatenate([y, part(x, features, all)], -1);
}

/** The part of x between two places of its last axis. */
function part(x: Tensor, from: number, to: number): Tensor {
  const last = x.rank - 1;
  return slice(x, {
    start: x.shape.map((_, axis) => (axis === last ? from : 0)),
    end: x.shape.map((n, axis) => (axis === last ? to : n)),
  });
}
