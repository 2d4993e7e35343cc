/** `--set path=value`: the file as if the value stood in it, and errors that name the option. */
import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ChainruleError } from "../../src/core/errors.ts";
import { parseNetwork } from "../../src/network-file/parse.ts";
import { withSettings } from "../../src/network-file/settings.ts";
import { sourceOf } from "../../src/network-file/source.ts";

const block = `# A comment stays.
name: test
layers:
  - linear:
      outputs: 4   # hidden
      bias: 0
  - tanh
  - linear: { outputs: 1 }
loss: meanSquaredError
optimizer: adam
data:
  csv: { file: t.csv, target: "007", missingValues: [01, 1.50] }
training:
  epochs: 3
`;
const flow = JSON.stringify({
  layers: [{ linear: { outputs: 4, bias: 0 } }, "tanh", { linear: { outputs: 1 } }],
  loss: "meanSquaredError",
  optimizer: "adam",
  data: { csv: { file: "t.csv", target: "007" } },
  training: {},
});

const plain = (network: object) => JSON.parse(JSON.stringify(network));
// biome-ignore lint/suspicious/noExplicitAny: options of any layer
type Plain = Record<string, any>;

describe.each([
  ["YAML", block],
  ["JSON", flow],
])("in %s", (_, text) => {
  it.each<[string, (network: Plain) => unknown, unknown]>([
    ["layers.0.linear.outputs=7", (n) => n.layers[0].options.outputs, 7],
    ["layers.2.linear.outputs=7", (n) => n.layers[2].options.outputs, 7],
    ["layers.1=relu", (n) => n.layers[1].name, "relu"],
    ["layers.1.tanh={}", (n) => n.layers[1].name, "tanh"],
    ["layers.0=sigmoid", (n) => n.layers[0].name, "sigmoid"],
    ["optimizer.adam.learningRate=1e-2", (n) => n.optimizer.options.learningRate, 0.01],
    ["optimizer={ sgd: { learningRate: .5 } }", (n) => n.optimizer.options.learningRate, 0.5],
    ["optimizer=sgd", (n) => n.optimizer.name, "sgd"],
    ["training.epochs=9", (n) => n.training.epochs, 9],
    ["training.earlyStopping.patience=9", (n) => n.training.earlyStopping.patience, 9],
    ["training={ epochs: 8 }", (n) => n.training.epochs, 8],
    ["loss=huber", (n) => n.loss.name, "huber"],
    ['name="a, b: c"', (n) => n.name, "a, b: c"],
    ["data.csv.missingValues=[007, 1.0]", (n) => n.data.csv.missingValues, ["007", "1.0"]],
    ["data.csv.file=other/u.csv", (n) => n.data.csv.file, "other/u.csv"],
    [
      "optimizer.adam.learningRate={ stepDecay: { initial: 1, steps: 2 } }",
      (n) => n.optimizer.options.learningRate.name,
      "stepDecay",
    ],
  ])("%s", (setting, of, value) => {
    const got = withSettings(text, [setting]);
    expect(of(got)).toEqual(value);
    // What is saved says it, too.
    expect(plain(parseNetwork(sourceOf(got)!.text))).toEqual(plain(got));
    // Nothing else is another: set back, it is the file.
    if (setting.startsWith("layers.0.linear")) {
      const back = withSettings(sourceOf(got)!.text, ["layers.0.linear.outputs=4"]);
      expect(sourceOf(back)!.text).toBe(text);
    }
  });
  it("takes several, one upon another, and the last of two for one place", () => {
    const settings = ["optimizer=sgd", "optimizer.sgd.momentum=.5", "optimizer.sgd.momentum=.9"];
    expect(withSettings(text, settings).optimizer.options).toMatchObject({ momentum: 0.9 });
  });
  it("any number arrives with all its bits", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e300, noNaN: true }), (rate) => {
        const got = withSettings(text, [`optimizer.adam.learningRate=${rate}`]);
        expect((got.optimizer.options as Plain).learningRate).toBe(rate);
      }),
      { numRuns: 50 },
    );
  });
  it.each([
    ["optimizer.adam.lernRate=1", /no option "lernRate"/],
    ["optimizer.adam.learningRate=-1", /out of range/],
    ["optimizer.sgd.learningRate=1", /has no "sgd"/],
    ["layers.0.conv2d.outChannels=1", /stands "linear", which has no "conv2d"/],
    ["training.epochs=many", /whole number/],
    ["training.epochs=", /A value is missing/],
    ["foo.bar=1", /no option "foo"/],
    ["layers.3=relu", /no "3"/],
    ["layers.first=relu", /no "first"/],
    ["layers.1.relu.x=1", /stands "tanh", which has no "relu"/],
    ["name.first=1", /has no|a name/],
    ["layers.0.linear.outputs=[1", /not YAML/],
    ["layers", /a path, an equals sign and a value/],
    ["=3", /a path, an equals sign and a value/],
    ["layers..0=3", /a path, an equals sign and a value/],
  ])("%s is an error at the option", (setting, message) => {
    let error: unknown;
    try {
      withSettings(text, [setting]);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(ChainruleError);
    const { message: said, where, fix } = error as ChainruleError;
    expect(said).toMatch(message);
    expect(where).toContain(`--set ${setting}`);
    // A file's line is not what was written.
    expect(fix).toMatch(/^[A-Z].*\S$/);
    expect(fix).not.toMatch(/\blines?\b/);
  });
  it("of two it names the one that is wrong", () => {
    const wrong = () => withSettings(text, ["training.epochs=2", "loss=hubert"]);
    expect(wrong).toThrow(expect.objectContaining({ where: "--set loss=hubert" }));
  });
});

it.each([
  ["training.epochs=many", "Give another value in the setting: training.epochs=…"],
  ["layers.0.linear.outputs=-1", "Give another value in the setting: layers.0.linear.outputs=…"],
  ["training.zzz=1", "Correct the name zzz in the setting, or the value behind it."],
  ["training.epoch=1", "Did you mean epochs?"],
])("%s: the advice is about the setting", (setting, fix) => {
  expect(() => withSettings(block, [setting])).toThrow(expect.objectContaining({ fix }));
});

it("of several settings that are wrong none is called a file", () => {
  const wrong = () => withSettings(block, ["training.epochs=many", "loss=hubert"]);
  expect(wrong).toThrow(/^The command line has 2 problems/);
  expect(wrong).toThrow(expect.objectContaining({ fix: "Correct these settings." }));
});

it("what is wrong in the file stands in the file", () => {
  const wrong = () => withSettings(block.replace("epochs: 3", "epochs: x"), ["loss=huber"]);
  expect(wrong).toThrow(expect.objectContaining({ where: "network file:14:11" }));
});

it("comments, and all that is not set, stay as they are", () => {
  const { text } = sourceOf(withSettings(block, ["layers.0.linear.outputs=12"]))!;
  expect(text).toBe(block.replace("outputs: 4", "outputs: 12"));
});

const examples = new URL("../../examples/", import.meta.url);
it.each(readdirSync(examples).filter((name) => name.endsWith(".yaml")))(
  "%s trains with another number of epochs, whatever it looks like",
  (name) => {
    const text = readFileSync(new URL(name, examples), "utf8");
    const before = parseNetwork(text);
    const { training, ...rest } = withSettings(text, ["training.epochs=7", "training.seed=5"]);
    expect(training).toEqual({ ...before.training, epochs: 7, seed: 5 });
    expect(plain(rest)).toEqual(plain((({ training: _, ...r }) => r)(before)));
  },
);
