/** Names that one might guess: what stands in their place is said. */
import { expect, it } from "vitest";
import { problemsOf, text } from "./sample.ts";

it("says how examples are written where inputs and targets stand alone", () => {
  const problems = problemsOf(text({ data: "{ inputs: [[1, 2]], targets: [1] }" }));
  expect(problems.map(({ message }) => message)).toEqual([
    'There is no option "inputs" here.',
    'There is no option "targets" here.',
  ]);
  expect(problems[0]!.fix).toContain("examples: [{ inputs: [1, 2], targets: [3] }]");
});

it.each([
  ["kernel", "kernelSize"],
  ["kernel_size", "kernelSize"],
  ["filters", "outChannels"],
])("%s is %s", (given, meant) => {
  const own = { kernelSize: 3, outChannels: 2, [meant]: undefined, [given]: 3 };
  const options = Object.entries(own).flatMap(([k, v]) => (v === undefined ? [] : [`${k}: ${v}`]));
  const layers = `[{ unflatten: { sizes: [1, 4, 4] } }, { conv2d: { ${options.join(", ")} } }]`;
  const [problem] = problemsOf(text({ layers, inputs: "16" }));
  expect(problem!.fix).toBe(`Did you mean ${meant}?`);
});
