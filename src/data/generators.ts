/**
 * Small made-up datasets to learn and to test with: pure functions of the seed. Classification
 * problems come with i32 labels and class names, row i belonging to class i modulo their number.
 */

import { at } from "../core/at.ts";
import { cos, sin } from "../core/elementary/scalar.ts";
import { fail } from "../core/errors.ts";
import { isNumber } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import { normalAt, uniformAt } from "../core/random.ts";
import { shown } from "../core/wording.ts";
import { constantTensor } from "../ops/leaf.ts";
import { type Dataset, dataset } from "./dataset.ts";

/** Streams of random numbers, so that the noise does not depend on how points are drawn. */
const points = 1;
const noises = 2;
const centres = 3;

/** What every generator takes. */
export interface GeneratorOptions {
  /** The number of examples, 1 to 10 million; default 200. */
  readonly size?: number;
  /** Standard deviation of the normal noise that is added to each coordinate; default 0. */
  readonly noise?: number;
  /** A whole number; default 0. */
  readonly seed?: number;
}

/** The options of every generator. */
const common = ["size", "noise", "seed"] as const satisfies (keyof GeneratorOptions)[];

function bounded(value: number, name: string, least: number, most: number, whole = true): number {
  const fits = (n: number) => n >= least && n <= most && (!whole || Number.isInteger(n));
  if (isNumber(value, fits)) return value;
  return fail("bad-argument", {
    message: `The option ${name} of this dataset is out of range.`,
    expected: `a ${whole ? "whole " : ""}number from ${least} to ${most}`,
    found: shown(value),
  });
}

function checked({ size = 200, noise = 0, seed = 0 }: GeneratorOptions, least = 1) {
  bounded(size, "size", least, 10_000_000);
  bounded(noise, "noise", 0, 1e6, false);
  return { size, noise, seed };
}

/** Points in the plane (or of `width` coordinates) with labels; adds the noise. */
function labelled(
  { size, noise, seed }: Required<GeneratorOptions>,
  classes: readonly string[],
  point: (i: number, label: number) => readonly number[],
  width = 2,
): Dataset {
  const inputs = new Float64Array(size * width);
  const labels = new Int32Array(size);
  for (let i = 0; i < size; i++) {
    const label = i % classes.length;
    labels[i] = label;
    inputs.set(point(i, label), i * width);
  }
  // A zero noise draws nothing.
  if (noise > 0) {
    for (const [i, x] of inputs.entries()) inputs[i] = x + noise * normalAt(seed, noises, i);
  }
  return dataset({
    inputs: constantTensor(inputs, [size, width]),
    targets: constantTensor(labels, [size]),
    classes,
    inputNames: Array.from({ length: width }, (_, axis) => `x${axis + 1}`),
    targetNames: ["class"],
  });
}

/**
 * Exclusive or: without a size, the four corners (0,0) (0,1) (1,0) (1,1) in this order, labelled
 * 0 1 1 0; with one, that many points uniform in the unit square, labelled by the quadrant.
 */
export function xor(options: GeneratorOptions = {}): Dataset {
  checkNames("xor", options, common);
  const { noise, seed, size } = checked({ size: 4, ...options });
  const inputs = new Float64Array(2 * size);
  const labels = new Int32Array(size);
  for (let i = 0; i < size; i++) {
    const exact = options.size === undefined;
    const x = exact ? i >> 1 : uniformAt(seed, points, 2 * i);
    const y = exact ? i & 1 : uniformAt(seed, points, 2 * i + 1);
    labels[i] = x >= 0.5 === y >= 0.5 ? 0 : 1;
    inputs[2 * i] = noise > 0 ? x + noise * normalAt(seed, noises, 2 * i) : x;
    inputs[2 * i + 1] = noise > 0 ? y + noise * normalAt(seed, noises, 2 * i + 1) : y;
  }
  return dataset({
    inputs: constantTensor(inputs, [size, 2]),
    targets: constantTensor(labels, [size]),
    classes: ["0", "1"],
    inputNames: ["x1", "x2"],
    targetNames: ["x1 xor x2"],
  });
}

/** The names "0" … for so many classes. */
const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => String(i));

/**
 * Spirals around the origin: on each arm the radius grows evenly to 1 while the angle makes
 * `turns` turns (default 1). Each of the `arms` (default 2) is a class.
 */
export function spirals(
  options: GeneratorOptions & { readonly arms?: number; readonly turns?: number } = {},
): Dataset {
  checkNames("spirals", options, [...common, "arms", "turns"]);
  const arms = bounded(options.arms ?? 2, "arms", 1, 1000);
  const turns = bounded(options.turns ?? 1, "turns", 0, 1000, false);
  const all = checked(options, arms);
  const steps = Math.ceil(all.size / arms);
  return labelled(all, numbered(arms), (i, arm) => {
    const radius = (Math.floor(i / arms) + 1) / steps;
    const angle = 2 * Math.PI * (turns * radius + arm / arms);
    return [radius * cos(angle), radius * sin(angle)];
  });
}

/** Two half circles that reach into each other, as scikit-learn's make_moons. */
export function moons(options: GeneratorOptions = {}): Dataset {
  checkNames("moons", options, common);
  const all = checked(options, 2);
  return labelled(all, ["0", "1"], (i, label) => {
    const angle = Math.PI * alongClass(i, all.size);
    return label === 0 ? [cos(angle), sin(angle)] : [1 - cos(angle), 0.5 - sin(angle)];
  });
}

/** A circle of radius 1 around one of radius `factor` (default 0.5), as in make_circles. */
export function circles(options: GeneratorOptions & { readonly factor?: number } = {}): Dataset {
  checkNames("circles", options, [...common, "factor"]);
  const factor = bounded(options.factor ?? 0.5, "factor", 0, 1, false);
  const all = checked(options, 2);
  const steps = Math.ceil(all.size / 2);
  return labelled(all, ["0", "1"], (i, label) => {
    const angle = (2 * Math.PI * (i >> 1)) / steps;
    const radius = label === 0 ? 1 : factor;
    return [radius * cos(angle), radius * sin(angle)];
  });
}

/** Where row i of two classes stands along its class, from 0 to 1. */
function alongClass(i: number, size: number): number {
  const last = Math.ceil((size - (i & 1)) / 2) - 1;
  return last === 0 ? 0 : (i >> 1) / last;
}

/**
 * Normally distributed clouds, one for each class: `centers` (default 3) of them drawn uniformly
 * from [-5, 5] in each of `features` (default 2) coordinates. `noise` (default 1) is their standard
 * deviation.
 */
export function blobs(
  options: GeneratorOptions & { readonly centers?: number; readonly features?: number } = {},
): Dataset {
  checkNames("blobs", options, [...common, "centers", "features"]);
  const count = bounded(options.centers ?? 3, "centers", 1, 1000);
  const features = bounded(options.features ?? 2, "features", 1, 1000);
  const all = checked({ noise: 1, ...options }, count);
  bounded(all.size * features, "size · features", 1, 2 ** 27);
  const means = Array.from({ length: count }, (_, centre) =>
    Array.from(
      { length: features },
      (_, axis) => 10 * uniformAt(all.seed, centres, centre * features + axis) - 5,
    ),
  );
  return labelled(all, numbered(count), (_, label) => at(means, label), features);
}

/** What `regression` takes besides. */
export interface RegressionOptions extends GeneratorOptions {
  /** "line": 2x + 1; "sine": sin(πx); "polynomial": 4x³ - 3x. Default "sine". */
  readonly kind?: "line" | "sine" | "polynomial";
}

const curves: Readonly<Record<string, (x: number) => number>> = {
  line: (x) => 2 * x + 1,
  sine: (x) => sin(Math.PI * x),
  polynomial: (x) => x * (4 * x * x - 3),
};

/**
 * Noisy values of a function of one variable: inputs f64 [n, 1], uniform in [-1, 1); targets f64
 * [n, 1], the function's value plus the noise. A `kind` that does not exist is an error.
 */
export function regression(options: RegressionOptions = {}): Dataset {
  checkNames("regression", options, [...common, "kind"]);
  const kind = options.kind ?? "sine";
  const { size, noise, seed } = checked(options);
  const curve = typeof kind === "string" && Object.hasOwn(curves, kind) ? curves[kind] : undefined;
  if (curve === undefined) {
    return fail("bad-argument", {
      message: "There is no such kind of regression dataset.",
      expected: '"line", "sine" or "polynomial"',
      found: shown(kind),
    });
  }
  const inputs = Float64Array.from({ length: size }, (_, i) => 2 * uniformAt(seed, points, i) - 1);
  const targets = inputs.map((x, i) =>
    noise > 0 ? curve(x) + noise * normalAt(seed, noises, i) : curve(x),
  );
  return dataset({
    inputs: constantTensor(inputs, [size, 1]),
    targets: constantTensor(targets, [size, 1]),
    inputNames: ["x"],
    targetNames: ["y"],
  });
}
