/** Planted mistakes in networks of every family: dense, softmax, convolution, recurrent, gated. */
import { type Case, cases } from "./planted.ts";
import { imageCases } from "./planted-images.ts";
import { sequenceCases } from "./planted-sequences.ts";

export const allCases = (seed: number): Case[] => [
  ...cases(seed),
  ...imageCases(seed),
  ...sequenceCases(seed),
];
