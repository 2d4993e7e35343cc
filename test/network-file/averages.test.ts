/** validateAverages in a network file: what it needs, and what it gives fit. */
import { expect, it } from "vitest";
import { prepareNetwork } from "../../src/network-file/index.ts";
import { averaged } from "../../src/train/averages.ts";
import { noFiles, parse, problemsOf, text } from "./sample.ts";

const training = "{ epochs: 3, validateAverages: true }";
const data = "{ generate: { moons: {} }, validation: 0.25 }";
const kept = "{ adam: { averageDecay: 0.9 } }";

it("measures the averages", async () => {
  const network = parse({ training, data, optimizer: kept });
  const { trainer, data: read, fit } = await prepareNetwork(network, noFiles);
  const { epochs } = await trainer.fit(read.train, fit);
  const { loss } = averaged(trainer).evaluate(read.validation!);
  expect(epochs.at(-1)!.validation!.loss).toBe(loss);
  expect(trainer.evaluate(read.validation!).loss).not.toBe(loss);
});

it.each([
  [{ training, data }, "the optimizer keeps none"],
  [{ training, optimizer: kept }, "no data to do it with"],
])("%j is refused with its place", (parts, message) => {
  const [problem] = problemsOf(text(parts));
  expect(problem!.message).toContain(message);
});

it("takes asgd, and one of several groups", () => {
  const groups = `{ parameterGroups: { groups: [{ names: "*.bias", optimizer: sgd }, { optimizer: ${kept} }] } }`;
  for (const optimizer of ["asgd", groups]) {
    expect(parse({ training, data, optimizer }).training.validateAverages).toBe(true);
  }
});
