/** What stands behind options, read and checked. */
import { InvalidArgumentError, Option } from "commander";

/** A whole number on the command line. */
export const wholeArgument =
  (least: number, most = Number.POSITIVE_INFINITY) =>
  (text: string): number => {
    const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
    const from = Number.isFinite(least) ? ` ≥ ${least}` : "";
    const to = Number.isFinite(most) ? ` and ≤ ${most}` : "";
    throw new InvalidArgumentError(`It must be a whole number${from}${to}.`);
  };

export const fromZeroArgument = (text: string): number => {
  const value = /^\+?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  if (Number.isFinite(value)) return value;
  throw new InvalidArgumentError("It must be a number ≥ 0.");
};

export const listArgument = (text: string): string[] => text.split(",").map((name) => name.trim());
export const collectArgument = (row: string, before: readonly string[] = []): string[] => [
  ...before,
  row,
];

/** An option that takes one of some words. */
export const wordOption = (flags: string, description: string, words: string): Option =>
  new Option(flags, description).choices(words.split(" "));
