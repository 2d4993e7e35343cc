import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { elementsOf } from "../../src/core/array-tensor.ts";
import type { TypedArray } from "../../src/core/dtype.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { decodeSafetensors, encodeSafetensors } from "../../src/files/safetensors.ts";
import { bytesOf } from "../data/recorded-tables.ts";
import { example, folder, network, root, run, write } from "./run.ts";

let cwd: string;
beforeAll(async () => {
  cwd = folder();
  for (const name of ["xor", "penguins", "sine", "two-two-two"]) {
    const { code } = await run(["train", example(name), "-q", "--epochs", "60"], { cwd });
    expect(code).toBe(0);
  }
}, 60_000);

const predict = (...args: string[]) => run(["predict", ...args], { cwd });

describe("predict", () => {
  it("needs nothing but the checkpoint", async () => {
    const { code, stdout, stderr } = await predict("xor.safetensors", "-i", "1,0", "-i", "1,1");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^row {3}class +no +yes\n +1 +yes +[\d.]+ % +[\d.]+ %\n +2 +no /);
  });
  it("gives class and probabilities as JSON", async () => {
    const { stdout } = await predict("xor.safetensors", "--input", "1,0", "--json");
    const { classes, predictions } = JSON.parse(stdout);
    expect(classes).toEqual(["no", "yes"]);
    expect(predictions[0].class).toBe("yes");
    expect(predictions[0].probabilities[0] + predictions[0].probabilities[1]).toBeCloseTo(1, 12);
  });
  it("takes raw columns, categories and missing values included", async () => {
    const row = "Biscoe,46.1,13.2,211,4500,FEMALE";
    const { stdout } = await predict(
      "penguins.safetensors",
      "-i",
      row,
      "-i",
      "Biscoe,,13.2,211,NA,",
    );
    expect(stdout).toMatch(/1 +Gentoo .*\n +2 +Gentoo /);
  });
  it("takes a table by the names of its columns, from a file or a pipe", async () => {
    const table = join(root, "examples/data/penguins.csv");
    const fromFile = await predict("penguins.safetensors", "--data", table, "--json");
    expect(JSON.parse(fromFile.stdout).predictions).toHaveLength(344);
    const args = ["predict", "penguins.safetensors", "--data", "-", "--json"];
    const piped = await run(args, { cwd, input: readFileSync(table) });
    expect(piped.stdout).toBe(fromFile.stdout);
  });
  it("reads numbers as the training table did, and tells what it skips", async () => {
    write(cwd, {
      "w.csv": 'w;p;k\n"1.200,5 kg";5 %;x\n2.400,0 kg;6 %;y\n900,0 kg;7 %;x\n',
      "w.yaml": network({
        layers: "[{ linear: { outputs: 2 } }]",
        data: "{ csv: { file: w.csv, target: k, decimal: ',', thousands: '.', units: true } }",
        training: "{ epochs: 2 }",
      }),
      "rows.csv": 'w;p\n1.200,5 kg;5\n#900;6\n;\n"2.400,0 kg";6 %\n',
    });
    expect((await run(["train", "w.yaml", "-q"], { cwd })).code).toBe(0);
    const { code, stdout, stderr } = await predict("w.safetensors", "--data", "rows.csv");
    expect(code).toBe(0);
    expect(stdout.trim().split("\n")).toHaveLength(3);
    expect(stderr).toContain('Line 3 begins with "#" and was skipped.');
    expect(stderr).toContain("1 of 3 rows is empty and was left out (first on line 4).");
    const json = await predict("w.safetensors", "--data", "rows.csv", "--json");
    expect(JSON.parse(json.stdout).notes).toHaveLength(3);
    const typed = await predict(
      "w.safetensors",
      "-i",
      "1.200,5 kg;5",
      "-i",
      "2.400,0;6 %",
      "--json",
    );
    expect(JSON.parse(typed.stdout).predictions).toEqual(JSON.parse(json.stdout).predictions);
    const other = await predict("w.safetensors", "-i", "3 lb;5");
    expect(other.stderr).toContain('numbers in "kg"');
  });
  it("says the same to rows of a Parquet file as to those of text, with --out and without", async () => {
    write(cwd, {
      "gaps.yaml": network({
        layers: "[{ linear: { outputs: 1 } }]",
        loss: "meanSquaredError",
        data: "{ csv: { file: gaps.parquet, target: y, inputs: [a], missing: mean } }",
      }),
      "gaps.parquet": bytesOf("gaps.parquet"),
      // Its first row is empty, the third lacks the input.
      "gaps.csv": "a,y\n,\n1,2\n,4\n3,6\n4,8\n",
    });
    expect((await run(["train", "gaps.yaml", "-q"], { cwd })).code).toBe(0);
    const said = async (file: string) => {
      const args = ["gaps.yaml", "--data", file];
      const shown = JSON.parse((await predict(...args, "--json")).stdout);
      expect((await predict(...args, "--out", "o.csv")).stderr).toContain("1 of 5 rows is empty");
      const rows = readFileSync(join(cwd, "o.csv"), "utf8").trim().split("\n").slice(1);
      const outputs = shown.predictions.map(({ value }: { value: number }) => value);
      expect(rows.map((row) => Number(row.split(",")[2]))).toEqual(outputs);
      expect(rows.map((row) => row.split(",").slice(0, 2).join())).toEqual(
        "1,2 ,4 3,6 4,8".split(" "),
      );
      return outputs;
    };
    expect(await said("gaps.parquet")).toEqual(await said("gaps.csv"));
    const { stdout } = await run(["evaluate", "gaps.yaml", "-d", "gaps.parquet", "--json"], {
      cwd,
    });
    expect(JSON.parse(stdout)).toMatchObject({ examples: 4 });
  });
  it("takes the network file with its checkpoint, and its own examples", async () => {
    const { code, stdout } = await predict(example("xor"));
    expect(code).toBe(0);
    expect(stdout.match(/ (no|yes) +\d/g)?.map((s) => s.trim().split(" ")[0])).toEqual([
      "no",
      "yes",
      "yes",
      "no",
    ]);
  });
  it("takes the first values with --untrained", async () => {
    const { stdout } = await predict(example("two-two-two"), "--untrained", "-i", "0.05,0.1");
    expect(stdout).toContain("0.751365070   0.772928465");
  });
  it("takes negative numbers, and prints a number for a number", async () => {
    const { code, stdout } = await predict("sine.safetensors", "--input", "-0.5", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout).predictions[0].outputs[0]).toBeCloseTo(-1, 0);
  });
  it("reads a table without preprocessing by its first columns", async () => {
    write(cwd, { "rows.csv": "p,q,answer\n0,1,yes\n1,1,no\n" });
    const { stdout } = await predict("xor.safetensors", "--data", "rows.csv");
    expect(stdout).toMatch(/1 +yes .*\n +2 +no /);
  });
  it.each([
    [["xor.safetensors"], "There are no rows to predict", "--input"],
    [["xor.safetensors", "-i", "1"], "another number of values", "2 numbers"],
    [["sine.safetensors", "-i", "1,2"], "another number of values", "1 number\n"],
    [["penguins.safetensors", "-i", "1\n2"], "another number of values", "6 values"],
    [["penguins.safetensors", "-i", '1,"2'], "never closed", "--input 1"],
    [["xor.safetensors", "-i", "1,x"], "not a finite number", "--input 1, value 2"],
    [["xor.safetensors", "-i", "1,"], "not a finite number", "value 2"],
    [["penguins.safetensors", "-i", "1,2"], "6 values: island", "2"],
    [["penguins.safetensors", "-i", "Bisco,1,1,1,1,MALE"], "did not occur in training", "Biscoe"],
    [["penguins.safetensors", "-i", "Biscoe,a,1,1,1,MALE"], "not a number", "bill_length_mm"],
    [["penguins.safetensors", "-d", "rows.csv"], 'no column "island"', "rows.csv"],
    [["xor.safetensors", "-d", "nothing.csv"], "no such file", "nothing.csv"],
    [["nothing.safetensors", "-i", "1,2"], "no such file", "nothing.safetensors"],
    [[example("iris"), "-i", "1,2"], "no checkpoint of this network", "iris.safetensors"],
    [["rows.csv", "-i", "1,2"], "", "rows.csv"],
  ])("explains %j", async (args, message, detail) => {
    const { code, stdout, stderr } = await predict(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(message);
    expect(stderr).toContain(detail);
    expect(stderr).not.toContain("fault");
  });
});

describe("percentages", () => {
  // Outputs are 0.5 and 1 for the row 1,0: their exponentials are 164.9 % and 271.8 %.
  const layer = "{ linear: { outputs: 2, weight: [[0.5, 0], [1, 0]], bias: 0 } }";
  const answer = async (parts: { layers: string; loss: string }, row: string) => {
    write(cwd, { "share.yaml": network({ ...parts, data: "{ generate: moons }" }) });
    const { code, stdout } = await predict("share.yaml", "--untrained", "-i", row);
    expect(code).toBe(0);
    return stdout;
  };
  it("are given where outputs are probabilities", async () => {
    const layers = `[${layer}, logSoftmax]`;
    const found = await answer({ layers, loss: "negativeLogLikelihood" }, "1,0");
    expect(found).toContain("37.8 %   62.2 %");
    const sure = "{ linear: { outputs: 1, weight: [[900, 0]], bias: 0 } }";
    const one = await answer({ layers: `[${sure}, sigmoid]`, loss: "binaryCrossEntropy" }, "1,0");
    expect(one).toContain("0.0 %   100.0 %");
  });
  it("are not where they are none: none is ever above 100", async () => {
    const layers = `[${layer}]`;
    const found = await answer({ layers, loss: "negativeLogLikelihood" }, "1,0");
    expect(found).not.toContain("%");
    expect(found).toMatch(/1 +1\n$/);
    const negative = "{ linear: { outputs: 1, weight: [[-0.5, 0]], bias: 0 } }";
    const one = await answer({ layers: `[${negative}]`, loss: "binaryCrossEntropy" }, "1,0");
    expect(one).not.toContain("%");
  });
});

describe("an answer that is not finite", () => {
  /** The checkpoint of xor with other values in one tensor. */
  const changed = (tensor: string, change: (data: TypedArray) => void): Uint8Array => {
    const { tensors, metadata } = decodeSafetensors(readFileSync(join(cwd, "xor.safetensors")));
    // What is decoded is a copy, so that it may be changed here.
    change(elementsOf(tensors.get(tensor) as Tensor));
    return encodeSafetensors(tensors, metadata);
  };
  it("is no answer for a number that the network cannot hold", async () => {
    const single = network({ data: "{ generate: moons }", training: "{ epochs: 1, dtype: f32 }" });
    write(cwd, { "single.yaml": single });
    expect((await run(["train", "single.yaml", "-q"], { cwd })).code).toBe(0);
    const args = ["single.safetensors", "-i", "0,1", "-i", "1,1e308"];
    const { code, stdout, stderr } = await predict(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("too large for this network, which computes in f32");
    expect(stderr).toMatch(/found +1e\+308\n +at +row 2, x2\n/);
    const json = await predict(...args, "--json");
    expect(json.code).toBe(2);
    expect(JSON.parse(json.stdout).error).toMatchObject({ found: "1e+308" });
  });
  it("is no answer where the network overflows", async () => {
    const large = changed("2.weight", (data) => data.fill(1e308));
    write(cwd, { "large.safetensors": large });
    const { code, stdout, stderr } = await predict("large.safetensors", "-i", "1,1", "--json");
    expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
    expect(stdout).not.toContain("null");
    const { error } = JSON.parse(stdout);
    expect(error.code).toBe("not-finite");
    expect(error.message).toMatch(/^Output 0 of row 0 \(both counted from 0\) is -?Infinity/);
  });
  it("is no answer where what the outputs stand for overflows", async () => {
    const layer = "{ linear: { outputs: 2, weight: [[1000, 0], [0, 0]] } }";
    const loss = "negativeLogLikelihood";
    const data = "{ generate: moons }";
    write(cwd, { "logs.yaml": network({ layers: `[${layer}]`, loss, data }) });
    const args = ["logs.yaml", "--untrained", "-i", "0,0", "-i", "1,0"];
    const { code, stdout, stderr } = await predict(...args);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/Infinity as the probability of class 0\n +at +row 2\n/);
  });
  it("is not given by a checkpoint with NaN, which is refused", async () => {
    const spoilt = changed("0.weight", (data) => {
      data[5] = Number.NaN;
    });
    write(cwd, { "spoilt.safetensors": spoilt });
    for (const args of [["spoilt.safetensors"], [example("xor"), "-c", "spoilt.safetensors"]]) {
      const { code, stdout, stderr } = await predict(...args, "-i", "1,1");
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(stderr).toMatch(/NaN in 0\.weight\[2,1\]\n +at +spoilt\.safetensors\n/);
    }
  });
});

describe("a checkpoint that is not what it should be", () => {
  const cases: [string, (good: Uint8Array) => Uint8Array, string][] = [
    ["an empty file", () => new Uint8Array(), "at least 8 bytes"],
    ["a truncated header", (good) => good.subarray(0, 60), "ends in its header"],
    ["truncated data", (good) => good.subarray(0, good.length - 9), "ends behind the file"],
    [
      "a header that lies about its length",
      (good) => Uint8Array.from([255, 255, 255, 255, 255, 255, 255, 127, ...good.subarray(8)]),
      "too long",
    ],
    [
      "shapes that lie",
      (good) =>
        Buffer.from(Buffer.from(good).toString("latin1").replace("[4,2]", "[4,9]"), "latin1"),
      "disagree",
    ],
    ["text", () => new TextEncoder().encode("hello, this is no checkpoint"), "safetensors"],
  ];
  it.each(cases)("%s", async (_, change, message) => {
    write(cwd, { "bad.safetensors": change(readFileSync(join(cwd, "xor.safetensors"))) });
    for (const args of [
      ["predict", "bad.safetensors", "-i", "1,2"],
      ["train", example("xor"), "--resume", "bad.safetensors", "--out", "other.safetensors"],
    ]) {
      const { code, stderr } = await run(args, { cwd });
      expect(code).toBe(2);
      expect(stderr).toContain(message);
      expect(stderr).toMatch(/^ {2}at {7}bad\.safetensors$/m);
    }
  });
  it("of another program holds no network file", async () => {
    const tensors = readFileSync(join(root, "test/fixtures/safetensors/types.safetensors"));
    write(cwd, { "other.safetensors": tensors });
    const { code, stderr } = await predict("other.safetensors", "-i", "1,2");
    expect(code).toBe(2);
    expect(stderr).toContain("holds no network file");
    expect(stderr).toContain("Train a network file");
  });
  it("of another network does not fit", async () => {
    const args = [
      "train",
      example("iris"),
      "--resume",
      "xor.safetensors",
      "--out",
      "o.safetensors",
    ];
    const { code, stderr } = await run(args, { cwd });
    expect(code).toBe(2);
    expect(stderr).toContain("does not fit this model");
    expect(stderr).toMatch(/^ {2}at {7}xor\.safetensors$/m);
    expect(stderr).toMatch(/fix +Give the checkpoint of this network/);
  });
  it("of another seed says what to say on the command line", async () => {
    const resumed = [
      "train",
      example("xor"),
      "--resume",
      "xor.safetensors",
      "--out",
      "o.safetensors",
    ];
    const { code, stderr } = await run([...resumed, "--seed", "3"], { cwd });
    expect(code).toBe(2);
    expect(stderr).toMatch(/found +seed 0 and adam\n +at +xor\.safetensors\n +fix .*--seed 0\b/);
    expect(stderr).not.toContain("trainer");
  });
});
