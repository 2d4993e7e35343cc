import { describe, expect, it } from "vitest";
import { parseNetwork } from "../../src/network-file/index.ts";
import { parse, problemsOf, text } from "./sample.ts";

describe("reading", () => {
  it("gives plain data with all defaults filled in", () => {
    const network = parse({ optimizer: "{ sgd: { learningRate: 0.5 } }", training: "{ seed: 3 }" });
    expect(network).toEqual({
      layers: [{ name: "linear", options: { outputs: 2, sharedBias: false, frozen: false } }],
      loss: { name: "crossEntropy", options: { labelSmoothing: 0, reduction: "mean" } },
      optimizer: {
        name: "sgd",
        options: { learningRate: 0.5, momentum: 0, dampening: 0, nesterov: false, weightDecay: 0 },
      },
      data: { generate: { name: "moons", options: { size: 200, noise: 0, seed: 0 } } },
      training: {
        epochs: 100,
        batchSize: 32,
        shuffle: true,
        update: "simultaneous",
        dtype: "f64",
        seed: 3,
      },
    });
    expect(JSON.parse(JSON.stringify(network))).toEqual(network);
  });
  it("reads JSON, as YAML is a superset of it", () => {
    const json = JSON.stringify({
      $schema: "network.schema.json",
      layers: ["relu", { linear: { outputs: 2 } }],
      loss: { huber: { delta: 0.5 } },
      optimizer: "adam",
    });
    expect(parseNetwork(json).loss).toEqual({
      name: "huber",
      options: { delta: 0.5, weights: 1, reduction: "mean" },
    });
    expect(parseNetwork(json.replace(/([{,])/g, "$1\n\t")).layers).toHaveLength(2);
  });
  it("follows aliases", () => {
    const network = parse({
      layers: "[&hidden { linear: { outputs: 2 } }, relu, *hidden]",
    });
    expect(network.layers[2]).toEqual(network.layers[0]);
  });
  it("takes an alias for the mark before it", () => {
    const network = parse({
      layers:
        "[{ linear: { outputs: &n 3 } }, { linear: { outputs: *n } }, { linear: { outputs: &n 2 } }]",
    });
    expect(network.layers.map(({ options }) => (options as { outputs: number }).outputs)).toEqual([
      3, 3, 2,
    ]);
  });
  it("takes a schedule, and a schedule within a schedule", () => {
    const network = parse({
      optimizer:
        "{ adam: { learningRate: { warmup: { steps: 10, after: { stepDecay: { initial: 0.1, steps: 5 } } } } } }",
    });
    expect(network.optimizer.options).toMatchObject({
      learningRate: {
        name: "warmup",
        options: {
          steps: 10,
          after: { name: "stepDecay", options: { initial: 0.1, steps: 5, rate: 0.1 } },
        },
      },
    });
  });
  it("takes layers within layers", () => {
    const network = parse({
      layers: "[{ sequential: [{ linear: { outputs: 3 } }, tanh] }, { linear: { outputs: 2 } }]",
    });
    expect(network.layers[0]).toEqual({
      name: "sequential",
      options: [
        { name: "linear", options: { outputs: 3, sharedBias: false, frozen: false } },
        { name: "tanh", options: {} },
      ],
    });
  });
  it("takes names that look like numbers where names are meant", () => {
    const network = parse({
      data: "{ csv: { file: t.csv, target: 7, inputs: [1, true], missingValues: [-999, ''] } }",
    });
    expect(network.data?.csv).toMatchObject({
      target: "7",
      inputs: ["1", "true"],
      missingValues: ["-999", ""],
    });
  });
  it("keeps a column called __proto__ a column", () => {
    const network = parse({
      data: "{ csv: { file: t.csv, target: t, types: { __proto__: category, constructor: number } } }",
    });
    expect(Object.keys(network.data?.csv?.types ?? {})).toEqual(["__proto__", "constructor"]);
    expect(({} as Record<string, unknown>).category).toBeUndefined();
  });
});

describe("a problem", () => {
  it("says where it is, and shows the line with a mark", () => {
    const [problem] = problemsOf(text({ layers: "[{ linear: { output: 2 } }]" }));
    expect(problem).toEqual({
      message: 'There is no option "output" here.',
      expected: "one of outputs, weight, bias, sharedBias, frozen, learningRate",
      fix: "Did you mean outputs?",
      where: "n.yaml:1:22",
      line: 1,
      column: 22,
      excerpt: "   1 | layers: [{ linear: { output: 2 } }]\n     |                      ^^^^^^",
    });
  });
  it("marks the right column behind wide characters, and cuts long lines", () => {
    const wide = problemsOf(`name: 两层网络\nlayers: []\n`)[0]!;
    expect(wide.excerpt).toBe("   2 | layers: []\n     |         ^^");
    const [same] = problemsOf('{ name: "两层", layers: 3 }');
    expect(same!.excerpt).toBe(`   1 | { name: "两层", layers: 3 }\n     |${" ".repeat(25)}^`);
    const long = problemsOf(
      `layers: [${"relu, ".repeat(500)}rulu]\nloss: huber\noptimizer: sgd\n`,
    )[0]!;
    expect(long.column).toBe(3010);
    const [line, mark] = long.excerpt.split("\n") as [string, string];
    expect(line.length).toBeLessThan(90);
    expect(line.slice(mark.indexOf("^"), mark.lastIndexOf("^") + 1)).toBe("rulu");
  });
  it("makes harmless what a terminal would obey", () => {
    const [problem] = problemsOf('layers: ["\\e[31m\u202e"]\nloss: huber\noptimizer: sgd\n');
    expect(problem!.message + problem!.excerpt).not.toMatch(/\p{Cf}|[^\P{Cc}\n]/u);
  });
  it.each([
    ["a number for a flag", { training: "{ shuffle: 1 }" }, "true or false", "1"],
    ["yes for true", { training: "{ shuffle: yes }" }, "true or false", '"yes"'],
    ["a quoted number", { training: "{ epochs: '5' }" }, "a whole number ≥ 1", "'5'"],
    ["a decimal comma", { optimizer: "{ sgd: { learningRate: '0,5' } }" }, "a number ≥ 0", "'0,5'"],
    [
      "a share of 1",
      { data: "{ generate: { moons: {} }, validation: 1 }" },
      "a number > 0 and < 1",
      "1",
    ],
    ["half an epoch", { training: "{ epochs: 1.5 }" }, "a whole number ≥ 1", "1.5"],
    ["a word for another", { training: "{ dtype: f16 }" }, "f64 or f32", undefined],
    [
      "an empty list",
      { layers: "[]" },
      "a list, each entry the name of a layer, and not empty",
      "an empty list",
    ],
    ["nothing", { layers: "" }, "a list, each entry the name of a layer, and not empty", "nothing"],
    ["a list for a mapping", { training: "[1]" }, undefined, "a list"],
    [
      "a bare number for a list",
      { data: "{ csv: { file: a, target: b, inputs: c } }" },
      undefined,
      '"c"',
    ],
    [
      "deep numbers",
      { layers: "[{ linear: { outputs: 1, bias: [[1]] } }]" },
      "a number or a list of numbers",
      "a list",
    ],
    ["true for a bias", { layers: "[{ linear: { outputs: 1, bias: true } }]" }, "false", "true"],
  ])("%s", (_, parts, expected, found) => {
    const [problem] = problemsOf(text(parts));
    if (expected !== undefined) expect(problem!.expected).toBe(expected);
    expect(problem!.found).toBe(found);
  });
  it.each([
    [{ training: "{ shuffle: yes }" }, "Write true."],
    [{ training: "{ epochs: '5' }" }, "Write 5, without quotation marks."],
    [{ training: "{ epochs: 1_000 }" }, "Write 1000, without quotation marks."],
    [{ optimizer: "{ sgd: { learningRate: '0,5' } }" }, "Write 0.5, without quotation marks."],
    [{ data: "{ generate: { moons: {} }, validation: 20% }" }, "Write 0.2."],
    [{ layers: "[{ linear: { outputs: 1, frozen: bias } }]" }, "Write [bias]."],
    [{ layers: "[{ dropout: 0.3 }]" }, "Write { rate: 0.3 }."],
    [{ layers: "[{ linear: 3 }]" }, "Write { outputs: 3 }."],
    [{ layers: "[{ gru: 3 }]" }, "Write { hidden: 3 }."],
    [{ layers: "[{ dense: { outputs: 1 } }]" }, "Did you mean linear?"],
    [{ layers: "[{ linear: { units: 1 } }]" }, "Did you mean outputs?"],
    [{ loss: "MSE" }, "Did you mean meanSquaredError?"],
    [{ loss: "cross_entropy" }, "Did you mean crossEntropy?"],
    [{ optimizer: "{ Adam: { lr: 1 } }" }, "Did you mean adam?"],
    [
      { layers: "{ linear: { outputs: 2 } }" },
      "Begin each entry with “- ”, or put the entries into [ ].",
    ],
    [{ layers: "[{ relu: }]" }, "Remove the colon, or indent the options further than the name."],
    [{ layers: "[linear]" }, undefined],
  ])("%j has the fix %s", (parts, fix) => {
    expect(problemsOf(text(parts))[0]!.fix).toBe(fix);
  });
  it.each([
    ["42", "42"],
    ["[linear, relu]", "a list"],
    ["- linear: { outputs: 1 }\n", "a list"],
    ["network", '"network"'],
    ["true", "true"],
  ])("is that %j is no record", (whole, found) => {
    const [problem, ...more] = problemsOf(whole);
    expect(more).toEqual([]);
    expect(problem).toMatchObject({ line: 1, column: 1, found });
    expect(problem!.expected).toContain("layers: …, loss: …");
    expect(problem!.fix).toContain("one of the examples");
  });
  it("offers an option only where it would be all that is needed", () => {
    const [problem] = problemsOf(text({ data: "{ csv: 3 }" }));
    expect(problem!.found).toBe("3");
    expect(problem!.fix).toBeUndefined();
  });
  it("is not reported twice: a misspelt name is not also missing", () => {
    expect(problemsOf(text({ layers: "[{ linear: { output: 2 } }]" }))).toHaveLength(1);
  });
  it("is said by the line of the inner layer", () => {
    const [problem] = problemsOf(
      "layers:\n  - sequential:\n      - linear: { outputs: 2, weight: [[1, 2]] }\nloss: huber\noptimizer: sgd\n",
    );
    expect(problem).toMatchObject({ line: 3, expected: "2 rows, one for each output" });
  });
});

describe("contradictions", () => {
  it.each([
    [
      { data: "{ generate: { moons: {} }, csv: { file: a, target: b } }" },
      "Two kinds of data at once.",
    ],
    [{ data: "{ validation: 0.2 }" }, "The kind of data is missing here."],
    [
      { data: "{ generate: { moons: {} }, classes: [a] }" },
      "The data bring their classes with them.",
    ],
    [
      { data: "{ generate: { moons: {} }, validation: { csv: { file: a } } }" },
      "The validation data are of another kind than the training data.",
    ],
    [
      { data: "{ examples: [{ inputs: [1], targets: a }], classes: [a, a] }" },
      "A class is listed twice.",
    ],
    [
      { data: "{ examples: [{ inputs: [1], targets: a }, { inputs: [1], targets: [2] }] }" },
      "An example has another kind of target than the first.",
    ],
    [
      { data: "{ examples: [{ inputs: [1], targets: c }], classes: [a, b] }" },
      "The target is none of the classes.",
    ],
    [
      { inputs: "3", data: "{ examples: [{ inputs: [1], targets: a }] }" },
      "An example has another number of inputs.",
    ],
    [
      { layers: "[{ linear: { outputs: 2, bias: [1, 2], sharedBias: true } }]" },
      "The biases do not fit the layer.",
    ],
    [
      { optimizer: "{ sgd: { nesterov: true } }" },
      "Nesterov's method needs momentum and no dampening.",
    ],
    [
      { inputs: "1000000", layers: "[{ linear: { outputs: 1000000 } }]" },
      "The network has too many parameters.",
    ],
  ])("%j", (parts, message) => {
    expect(problemsOf(text(parts)).map((p) => p.message)).toContain(message);
  });
});
