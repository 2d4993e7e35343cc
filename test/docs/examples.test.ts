/**
 * The programs in examples/: they run, print what their pages say, and reach what they are for. Those
 * for a browser are tried in test/browser/examples.test.ts.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { root } from "./blocks.ts";

const folder = mkdtempSync(join(tmpdir(), "chainrule-examples-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const programs = readdirSync(join(root, "examples")).filter((name) =>
  existsSync(join(root, "examples", name, "index.mjs")),
);

/** What a few steps must have reached: a number that is printed, and its bounds. */
const reached: Readonly<Record<string, readonly [RegExp, least: number, most: number]>> = {
  autoencoder: [/: (.*) % wrong/, 0, 15],
  faults: [/class weights: (.*) % of faults found/, 75, 100],
  forecast: [/error: (.*) MW, as/, 1, 4],
  fuel: [/error: (.*) l, by/, 0.1, 0.25],
  gan: [/from made points to the data: (.*) on average/, 0, 0.3],
  homes: [/two inputs, .*: off by (\S+)/, 25, 65],
  labels: [/together: F1 (\S+)/, 0.7, 0.95],
  microgpt: [/.*loss (\S+)/s, 1, 2.4],
  names: [/.*: (.*) % of new names/s, 75, 100],
  physics: [/largest error of u on \[0, 2\]: (.*)/, 0, 1.5],
  shapes: [/moved: (.*) % of/, 88, 100],
  writer: [/loss (.*) on text/, 0.3, 1.6],
};

it("there is a bound for each", () => expect(Object.keys(reached)).toEqual(programs));

/** Lines without their numbers and without what was made up, each once: fewer steps print fewer. */
const form = (text: string) => [
  ...new Set(
    text
      .trim()
      .split("\n")
      .map((line) => (/^[a-z]+(, [a-z]+)+$/.test(line) ? "names" : line))
      .map((line) => line.replace(/\d+(\.\d+)?(e-\d+)?/g, "#").replace(/Norrey|Sudava/, "island")),
  ),
];

it.each(programs)("%s", (name) => {
  const page = readFileSync(join(root, "examples", name, "README.md"), "utf8");
  expect(readFileSync(join(root, "examples/README.md"), "utf8")).toContain(`](${name}/README.md)`);
  const [, command, said] = /```sh\n(.*?)\n```\n\n```text\n(.*?)```/s.exec(page)!;
  expect(command).toBe(`node examples/${name}/index.mjs --picture picture.svg`);
  const picture = join(folder, `${name}.svg`);
  const program = join(root, "examples", name, "index.mjs");
  const printed = execFileSync(process.execPath, [program, "--quick", "--picture", picture], {
    encoding: "utf8",
  });
  expect(readFileSync(picture, "utf8")).toMatch(/^<svg .*<\/svg>\n$/s);
  const [pattern, least, most] = reached[name]!;
  const number = Number(pattern.exec(printed)?.[1]);
  expect(number, printed).toBeGreaterThanOrEqual(least);
  expect(number, printed).toBeLessThanOrEqual(most);
  expect(form(printed)).toEqual(form(said!));
});

it("the table of homes is what its script makes", () => {
  const [made, script] = [join(folder, "homes.csv"), join(root, "examples/homes/make.mjs")];
  execFileSync(process.execPath, [script, made]);
  const stored = readFileSync(join(root, "examples/homes/homes.csv"), "utf8");
  expect(readFileSync(made, "utf8")).toBe(stored);
});
