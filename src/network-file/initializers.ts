import {
  constantValue,
  heNormal,
  heUniform,
  type Initializer,
  type InitialValues,
  lecunNormal,
  lecunUniform,
  normal,
  orthogonal,
  uniform,
  xavierNormal,
  xavierUniform,
} from "../nn/initializers.ts";
import type { NestedArray } from "../ops/leaf.ts";
import {
  type Builder,
  built,
  type Chosen,
  choice,
  either,
  type Numbers,
  number,
  numbers,
  row,
} from "./form.ts";

/** Where first values may come from, by name. */
export const initializers: Readonly<Record<string, Builder<Initializer>>> = {
  xavierUniform: row("U(−b, b) with b = √(6/(inputs + outputs)); for tanh and sigmoid.", {}, () =>
    xavierUniform(),
  ),
  xavierNormal: row("N(0, 2/(inputs + outputs)); for tanh and sigmoid.", {}, () => xavierNormal()),
  heUniform: row("U(−b, b) with b = √(6/inputs); for relu.", {}, () => heUniform()),
  heNormal: row("N(0, 2/inputs); for relu.", {}, () => heNormal()),
  lecunUniform: row("U(−b, b) with b = √(3/inputs); for selu.", {}, () => lecunUniform()),
  lecunNormal: row("N(0, 1/inputs); for selu.", {}, () => lecunNormal()),
  uniform: row(
    "Uniform between two bounds.",
    {
      low: { form: number(), doc: "The lower bound.", default: -1 },
      high: { form: number(), doc: "The upper bound.", default: 1 },
    },
    ({ low, high }) => uniform(low, high),
  ),
  normal: row(
    "Normally distributed.",
    {
      mean: { form: number(), doc: "The mean.", default: 0 },
      deviation: { form: number({ least: 0 }), doc: "The standard deviation.", default: 1 },
    },
    ({ mean, deviation }) => normal(mean, deviation),
  ),
  constant: row(
    "The same number everywhere.",
    { value: { form: number(), doc: "The number.", required: true } },
    ({ value }) => constantValue(value),
  ),
  orthogonal: row(
    "A matrix with orthonormal rows or columns.",
    { gain: { form: number(), doc: "Factor of all entries.", default: 1 } },
    ({ gain }) => orthogonal(gain),
  ),
};

/** Values for a parameter of some rank, or the name of an initializer. */
export const startOf = <const Rank extends 1 | 2>(rank: Rank) =>
  either(
    numbers(0, rank),
    choice("initializer", () => initializers),
  );

/** What `startOf` read, as the library takes it. */
export function toInitialValues(start: Numbers<0 | 1 | 2> | Chosen): InitialValues {
  if (typeof start === "number" || Array.isArray(start)) return start as NestedArray;
  return built(initializers, start as Chosen, undefined);
}
