import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { catalogue } from "../../src/core/errors.ts";
import reference from "../fixtures/two-two-two.json" with { type: "json" };
import { blocksOf, pages, root } from "./blocks.ts";

const read = (page: string) => readFileSync(join(root, page), "utf8");

/** The text without its code blocks. */
function prose(page: string): string {
  return read(page).replace(/^```[\s\S]*?^```$/gm, "");
}

/** The name that a heading has as a target of links, as GitHub makes it. */
const anchor = (heading: string): string =>
  heading
    .trim()
    .toLowerCase()
    .replace(/[^\w\- ]/g, "")
    .replaceAll(" ", "-");

describe("pages", () => {
  it.each(pages)("%s links to what exists", (page) => {
    for (const [, target] of prose(page).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target!)) continue;
      const [path, fragment] = target!.split("#") as [string, string | undefined];
      const file = path === "" ? page : join(dirname(page), path);
      expect(existsSync(join(root, file)), `${page} → ${target}`).toBe(true);
      if (fragment === undefined) continue;
      const headings = [...prose(file).matchAll(/^#+ (.*)$/gm)].map((m) => anchor(m[1]!));
      expect(headings, `${page} → ${target}`).toContain(fragment);
    }
  });
  it.each(pages)("%s has all its blocks in a language that is checked", (page) => {
    const languages = blocksOf(page).map(({ language }) => language);
    // Declarations are not run: they are read off those of the package, which are type-checked.
    const known = [
      "ts",
      "sh",
      "yaml",
      "text",
      ...(page.startsWith("docs/api/") ? ["typescript"] : []),
      // Its page is bundled and used in Chromium (test/browser/guide.test.ts).
      ...(page === "docs/browser.md" ? ["js", "html"] : []),
      // What others write there; its tables were run (tools/record-coming-from.py).
      ...(page === "docs/coming-from.md" ? ["python"] : []),
    ];
    for (const language of languages) expect(known).toContain(language);
  });
  it("that are generated are current", () => {
    const tool = join(root, "tools/generate.mjs");
    const { status, stderr } = spawnSync(process.execPath, [tool, "--check"], { encoding: "utf8" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    // It compiles all declarations, which takes its time on a busy machine.
  }, 180_000);
  it("docs/errors.md has every error", () => {
    const page = read("docs/errors.md");
    for (const code of Object.keys(catalogue)) expect(page).toContain(`\n## ${code}\n`);
  });
  it("ARCHITECTURE.md is one page", () => {
    expect(read("ARCHITECTURE.md").split("\n").length).toBeLessThanOrEqual(100);
  });
  it("the README says what it is, shows a picture, and runs and tests in one command each", () => {
    const page = read("README.md");
    const places = [
      "# chainrule",
      "library",
      "![",
      "npm ci && npm start",
      "npm ci && npm test",
    ].map((part) => page.indexOf(part));
    expect(places.every((at) => at >= 0)).toBe(true);
    expect([...places].sort((a, b) => a - b)).toEqual(places);
    expect(page.indexOf("## As a library")).toBeLessThan(page.indexOf("## On the command line"));
  });
});

describe("docs/two-two-two.md", () => {
  const page = read("docs/two-two-two.md");
  const said = (x: number) => (Math.abs(x) >= 1e-4 ? x.toFixed(9) : x.toExponential(8));
  const { forward, delta, gradients, runs, paths_h1, factors_w5, factors_w1 } = reference;
  const simultaneous = runs["simultaneous updates, biases fixed"];
  const sequential =
    runs["sequential updates (hidden deltas use already updated w5..w8), biases fixed"];
  it.each(
    Object.entries({
      "net inputs of the hidden layer": forward.net_h,
      "hidden units": forward.out_h,
      "net inputs of the outputs": forward.net_y,
      outputs: forward.out_y,
      errors: [...forward.E, forward.total],
      "factors of w5": Object.values(factors_w5),
      "factors of w1": [factors_w1.dE_dout, factors_w1.dout_dnet],
      paths: Object.values(paths_h1),
      gradients: [gradients.w1, gradients.w5],
      "new weights": simultaneous["1"].weights,
      "E, simultaneous": [1, 9999, 10000].map((n) => simultaneous[`${n}` as "1"].loss),
      "outputs, simultaneous": simultaneous["10000"].outputs,
      "E, sequential": [1, 10000].map((n) => sequential[`${n}` as "1"].loss),
      "outputs, sequential": sequential["10000"].outputs,
      "E with updated biases": [
        runs["simultaneous, biases per neuron"]["1"].loss,
        runs["simultaneous, biases shared per layer"]["1"].loss,
      ],
      "gradients of shared biases": [
        reference.bias_gradients.shared_b1,
        reference.bias_gradients.shared_b2,
      ],
    }),
  )("has the %s", (_, values) => {
    for (const value of values) expect(page).toContain(said(value));
  });
  it.each([
    "**408666186**",
    "**−0.019049119**",
    "**0.291027920005**",
    "**0.0000351085**",
    "**0.159121960**",
  ])("names the misprint %s", (misprint) => {
    expect(page).toContain(misprint);
  });
  it.each([
    ["½ forgotten", 0.000877135, 0.164334081, 0.283618982],
    ["extra mean over the outputs", 0.000219284, 0.04108352, 0.294708158],
    ["no activation derivative at the output", 0.00226835, 0.439829649, 0.258260102],
    ["no activation derivative at the hidden layer", 0.001817515, 0.082167041, 0.291024764],
    ["activation derivative taken at the output value", 0.000471425, 0.09578977, 0.289770938],
    ["weight matrix not transposed (w6, w7 swapped)", 0.000461551, 0.082167041, 0.291027661],
    ["∂E/∂w5 used where δ·w5 belongs", 0.000718648, 0.082167041, 0.291027267],
    ["only the first output's path", 0.000668396, 0.082167041, 0.291027283],
    ["sign flipped", 0.000438568, 0.082167041, 0.305640633],
    ["updated w5..w8 used for the hidden δ", 0.000364723, 0.082167041, 0.291027924],
    ["biases updated, shared by the layer", 0.000438568, 0.082167041, 0.285750887],
    ["biases updated, one per neuron", 0.000438568, 0.082167041, 0.280471447],
    ["correct, biases fixed", 0.000438568, 0.082167041, 0.291027774],
  ])("has the numbers of: %s", (name, ...values) => {
    const cells = values.map((v) => v.toFixed(9)).join(" | ");
    expect(page).toContain(`| ${name} | ${cells} |`);
  });
  it("has a picture with the values", () => {
    const picture = read("docs/two-two-two.svg");
    expect(picture).toContain(delta.output[0]!.toFixed(4));
    expect(picture).toContain(forward.out_y[0]!.toFixed(4));
  });
});
