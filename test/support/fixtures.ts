/** What tools/record-fixtures.py has recorded from PyTorch. */
import { readFileSync } from "node:fs";
import type { DType } from "../../src/core/dtype.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { tensor } from "../../src/ops/leaf.ts";

/** A tensor in a fixture file: JSON has no NaN and no infinity, so these are strings there. */
export interface Recorded {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: readonly (number | string)[];
}

/** The cases in test/fixtures/torch/<name>.json. */
export function fixtures<Case>(name: string): Case[] {
  const file = new URL(`../fixtures/torch/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")) as Case[];
}

export const numbers = (recorded: Recorded): number[] => recorded.data.map(Number);

export const toTensor = (recorded: Recorded): Tensor =>
  tensor(numbers(recorded), { shape: recorded.shape, dtype: recorded.dtype });
