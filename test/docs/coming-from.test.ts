/** Every row of docs/coming-from.md: what the right side gives is what the left one gave there. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import * as chainrule from "../../src/index.ts";
import recorded from "../fixtures/coming-from.json" with { type: "json" };
import { root } from "./blocks.ts";

const page = readFileSync(join(root, "docs/coming-from.md"), "utf8");
const f64 = (values: number[] | number[][]) => chainrule.tensor(values, { dtype: "f64" });
const given = {
  x: f64([[1, -2, 3], [4, 5, -6]]), // biome-ignore format: as on the page
  y: f64([[0.5, 1, 2], [-1, 0, 3]]), // biome-ignore format: as on the page
  w: f64([[0.5, -1], [2, 0.25], [-0.75, 1]]), // biome-ignore format: as on the page
  v: f64([0.5, 2, -1]),
  labels: chainrule.tensor([2, 0], { dtype: "i32" }),
};

/** The rows of the table under this head: what is written there, and here. */
function rows(head: string): [there: string, here: string][] {
  const table = page.split(`| ${head} | chainrule |\n|---|---|\n`)[1]!.split("\n\n")[0]!;
  return table.split("\n").map((line) => {
    const [, there, here] = /^\| `(.*?)` \| `(.*?)` \|$/.exec(line)!;
    return [there!, here!];
  });
}

function run(code: string): unknown {
  const scope = { ...chainrule, ...given };
  const value = new Function(...Object.keys(scope), `return ${code}`)(...Object.values(scope));
  return value instanceof chainrule.Tensor ? value.arraySync() : value;
}

/** All numbers within, in order, with the sizes of the lists that hold them; truth values are 0 or 1. */
const flat = (value: unknown): (number | string)[] =>
  Array.isArray(value)
    ? [`[${value.length}]`, ...value.flatMap(flat)]
    : [typeof value === "string" ? value : Number(value)];

const others = [
  // Both compute in f64; a Hessian or an inverse takes a few operations more.
  ["PyTorch", recorded.pytorch, 1e-13],
  // The other side computes in f32: half a unit in the last place is 6e-8, over some operations.
  ["Keras", recorded.keras, 1e-6],
  ["TensorFlow.js", recorded["tensorflow.js"], 1e-6],
] as const;

describe.each(others)("coming from %s", (head, { version, rows: values }, tolerance) => {
  const known = values as Readonly<Record<string, unknown>>;
  it("names the version that was run, and has recorded all rows and no others", () => {
    expect(page).toContain(`${head} ${version.split(".").slice(0, 2).join(".")}`);
    expect(
      rows(head)
        .map(([there]) => there)
        .sort(),
    ).toEqual(Object.keys(known).sort());
  });
  it.each(rows(head))("%s is %s", (there, here) => {
    const found = flat(run(here));
    const wanted = flat(known[there]);
    expect(found.length, `${found} for ${wanted}`).toBe(wanted.length);
    found.forEach((value, i) => {
      const other = wanted[i]!;
      if (typeof other === "string" || typeof value === "string") expect(value).toBe(other);
      else {
        const allowed = tolerance * Math.max(1, Math.abs(other));
        expect(Math.abs(value - other)).toBeLessThanOrEqual(allowed);
      }
    });
  });
});
