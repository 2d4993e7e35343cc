/** Executes the tables of docs/conventions.md. */
import "../support/backend.ts";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { gradient } from "../../src/autodiff/gradient.ts";
import type { DType } from "../../src/core/dtype.ts";
import type { ErrorCode } from "../../src/core/errors.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import * as activations from "../../src/nn/activations.ts";
import { cast } from "../../src/ops/cast.ts";
import { stopGradient } from "../../src/ops/custom.ts";
import { crossEntropyOfBits } from "../../src/ops/entropy.ts";
import { type NestedArray, tensor } from "../../src/ops/leaf.ts";
import { maxPool } from "../../src/ops/pooling.ts";
import { expectClose } from "../support/close.ts";
import { failure } from "../support/failure.ts";
import * as all from "../support/functions.ts";

const functions = {
  ...all,
  ...activations,
  binaryCrossEntropy: crossEntropyOfBits,
  cast: (x: Tensor, { to }: { to: DType }) => cast(x, to),
  concatenate: (...xs: Tensor[]) => all.concatenate(xs),
  oneHot: (x: Tensor, { classes }: { classes: number }) => all.oneHot(x, classes, "f64"),
  maxPool,
  stopGradient,
} as unknown as Record<string, (...xs: unknown[]) => Tensor>;

/** A number, list or text as it is written in the tables. */
function parse(text: string): unknown {
  const plain = text.replaceAll("−", "-").replaceAll("∞", '"Infinity"').replaceAll("NaN", '"NaN"');
  return JSON.parse(plain.replaceAll('-"Infinity"', '"-Infinity"'), (_, v) =>
    ["NaN", "Infinity", "-Infinity"].includes(v) ? Number(v) : v,
  );
}
const flat = (text: string): number[] => [parse(text)].flat(9) as number[];

/** What stands between commas that are in no brackets. */
function split(text: string): string[] {
  let depth = 0;
  const marked = [...text].map((c) => {
    depth += +/[[(]/.test(c) - +/[\])]/.test(c);
    return c === "," && depth === 0 ? "\n" : c;
  });
  return marked.join("").split("\n");
}

function call(text: string): { inputs: Tensor[]; y: Tensor } {
  const [, name, prime, list] = /^(\w+)(′?)\((.*)\)$/.exec(text)!;
  const inputs: Tensor[] = [];
  const options: Record<string, unknown> = {};
  for (const part of split(list!)) {
    const [, option, value] = /^\s*(?:(\w+):)?\s*(.*)$/.exec(part)!;
    const whole = /^i32\((.*)\)$/.exec(value!);
    if (option) options[option] = parse(value!);
    else if (whole) inputs.push(tensor(parse(whole[1]!) as NestedArray, { dtype: "i32" }));
    else inputs.push(tensor(parse(value!) as NestedArray, { dtype: "f64" }));
  }
  const settings = Object.keys(options).length === 0 ? [] : [options];
  const y = functions[name!]!(...inputs, ...settings);
  return { inputs, y: prime ? gradient(y.sum(), inputs)[0]! : y };
}

const page = readFileSync(new URL("../../docs/conventions.md", import.meta.url), "utf8");
const sections = page.split(/^## /m).slice(1);

describe.each(sections.map((s) => [s.split("\n")[0]!, s] as const))("%s", (_, section) => {
  const rows = [...section.matchAll(/^\| `(.*?)` \| `(.*?)` \| `(.*?)` \|/gm)];
  expect(rows.length).toBe(section.split("\n").filter((line) => line.startsWith("|")).length - 2);

  test.each(rows.map(([, ...cells]) => cells))("%s = %s, derivative %s", (text, value, slopes) => {
    const code = /^error (.*)$/.exec(value!)?.[1];
    if (code) return void failure(code as ErrorCode, () => call(text!).y.dataSync());
    const { inputs, y } = call(text!);
    expectClose(y.dataSync(), flat(value!), { relative: 1e-15 }, "value");
    const real = inputs.filter((x) => x.dtype === "f64");
    if (slopes === "–") return expect(y.dtype !== "f64" || real.length === 0).toBe(true);
    const expected = slopes!.split(";").map(flat);
    expect(real.length).toBe(expected.length);
    gradient(y.cast("f64").sum(), real).forEach((g, k) => {
      expectClose(g.dataSync(), expected[k]!, { relative: 1e-15 }, `derivative ${k}, entry`);
    });
  });
});
