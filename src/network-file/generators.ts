import type { Dataset } from "../data/dataset.ts";
import * as data from "../data/generators.ts";
import { type Builder, type Fields, number, type OptionsOf, row, whole, word } from "./form.ts";

const sizes = whole(1, 10_000_000);
const size = (usual: number) => ({
  form: sizes,
  doc: "The number of examples.",
  default: usual,
});
const noise = (usual: number) => ({
  form: number({ least: 0 }),
  doc: "Standard deviation of the noise on each number.",
  default: usual,
});
const seed = {
  form: number({ whole: true }),
  doc: "Another seed gives other examples.",
  default: 0,
};

const generator = <const F extends Fields>(
  doc: string,
  make: (options: OptionsOf<F>) => Dataset,
  fields: F,
): Builder<Dataset> => row(doc, fields, (options) => make(options));

/** Made-up data to learn and to test with. */
export const generators: Readonly<Record<string, Builder<Dataset>>> = {
  xor: generator("Exclusive or: two numbers, class 0 or 1.", data.xor, {
    size: {
      form: sizes,
      doc: "The number of examples.",
      otherwise: "4, the unit square's corners",
    },
    noise: noise(0),
    seed,
  }),
  spirals: generator("Spirals around the origin, each a class.", data.spirals, {
    size: size(200),
    noise: noise(0),
    seed,
    arms: { form: whole(1, 1000), doc: "The number of spirals.", default: 2 },
    turns: { form: number({ least: 0, most: 1000 }), doc: "Turns of each.", default: 1 },
  }),
  moons: generator("Two half circles that reach into each other.", data.moons, {
    size: size(200),
    noise: noise(0),
    seed,
  }),
  circles: generator("A circle around another.", data.circles, {
    size: size(200),
    noise: noise(0),
    seed,
    factor: {
      form: number({ least: 0, most: 1 }),
      doc: "The inner circle's radius.",
      default: 0.5,
    },
  }),
  blobs: generator("Round clouds, each a class.", data.blobs, {
    size: size(200),
    noise: noise(1),
    seed,
    centers: { form: whole(1, 1000), doc: "The number of clouds.", default: 3 },
    features: { form: whole(1, 1000), doc: "The numbers of each example.", default: 2 },
  }),
  regression: generator("Noisy values of a function of one variable.", data.regression, {
    size: size(200),
    noise: noise(0),
    seed,
    kind: {
      form: word("line", "sine", "polynomial"),
      doc: "2x + 1, sin(πx) or 4x³ − 3x.",
      default: "sine",
    },
  }),
};
