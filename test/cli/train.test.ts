import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { elementsOf } from "../../src/core/array-tensor.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { decodeSafetensors, encodeSafetensors } from "../../src/files/safetensors.ts";
import { cli, example, folder, root, run, write } from "./run.ts";

const lines = (text: string) =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

/** The last event of a training with --json. */
async function result(file: string, ...options: string[]) {
  const cwd = folder();
  const { code, stdout, stderr } = await run(["train", file, "--json", ...options], { cwd });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return { events: lines(stdout), end: lines(stdout).at(-1), cwd };
}

describe("the examples", () => {
  it.each(["iris", "penguins"])(
    "%s is told apart, at least 95 %% of what was held out",
    async (name) => {
      const { end } = await result(example(name));
      expect(end).toMatchObject({ event: "end", stopped: "finished" });
      expect(end.heldOut.accuracy).toBeGreaterThanOrEqual(0.95);
    },
  );
  it.each([
    ["iris", 1],
    ["iris", 2],
    ["penguins", 1],
    ["penguins", 2],
  ])("%s is with seed %i, too", async (name, seed) => {
    const { end } = await result(example(name), "--seed", `${seed}`);
    expect(end.heldOut.accuracy).toBeGreaterThanOrEqual(0.93);
  });
  it("xor is solved", async () => {
    const { end } = await result(example("xor"));
    expect(end.training.accuracy).toBe(1);
    expect(end.training.confusion).toEqual([
      [2, 0],
      [0, 2],
    ]);
  });
  it("two spirals are told apart", async () => {
    const { end } = await result(example("spirals"));
    expect(end.heldOut.accuracy).toBeGreaterThanOrEqual(0.97);
  });
  it("the sine is fitted", async () => {
    const { end } = await result(example("sine"));
    expect(end.heldOut.r2).toBeGreaterThan(0.95);
  });
  it("the two-two-two network gives its number", async () => {
    const { end, events } = await result(example("two-two-two"));
    expect(events).toHaveLength(10_002);
    expect(end.training.loss).toBeCloseTo(3.510187782978859e-5, 14);
  });
  it("and the other by the usual mistake", async () => {
    const { end } = await result(example("two-two-two"), "--update", "sequential");
    expect(end.training.loss).toBeCloseTo(3.508478629631277e-5, 14);
  });

  const digits = join(root, "../shared/data/mnist");
  it.skipIf(!existsSync(digits))("digits load and train (needs shared/data/mnist)", async () => {
    const cwd = folder();
    const text = readFileSync(example("mnist"), "utf8")
      .replaceAll(": data/mnist/train-", `: ${digits}/train10k-`)
      .replaceAll(": data/mnist/", `: ${digits}/`)
      .replace("epochs: 5", "epochs: 1");
    write(cwd, { "digits.yaml": text });
    const { code, stdout } = await run(["train", "digits.yaml", "--json"], { cwd });
    expect(code).toBe(0);
    expect(lines(stdout).at(-1).heldOut.accuracy).toBeGreaterThan(0.85);
  });
});

describe("what does not belong together", () => {
  const head = "optimizer: adam\ntraining: { epochs: 1 }\n";
  it("is printed when training starts, and in the report", async () => {
    const cwd = folder();
    const text =
      "layers: [{ linear: { outputs: 2 } }]\nloss: negativeLogLikelihood\n" +
      "data: { generate: moons }\n";
    write(cwd, { "net.yaml": head + text });
    const told = /remark +negativeLogLikelihood takes logarithms/g;
    const { code, stdout } = await run(["train", "net.yaml"], { cwd });
    expect(code).toBe(0);
    expect(stdout.match(told)).toHaveLength(1);
    expect(stdout.indexOf("remark")).toBeLessThan(stdout.indexOf("epoch  "));
    const json = await run(["train", "net.yaml", "--json"], { cwd });
    expect(lines(json.stdout)[0].remarks).toEqual([
      {
        message: expect.stringContaining("the loss falls for ever"),
        fix: "Put logSoftmax last, or take the loss crossEntropy.",
      },
    ]);
    const report = await run(["report", "net.yaml"], { cwd });
    expect(report.stdout.match(told)).toHaveLength(1);
    const data = JSON.parse((await run(["report", "net.yaml", "--json"], { cwd })).stdout);
    expect(data.remarks).toHaveLength(1);
  });
  const binary = "layers: [{ linear: { outputs: 1 } }]\nloss: binaryCrossEntropyWithLogits\n";
  const told = "These look like the classes 1 and 2: subtract 1.";
  it("is an error where a target has no meaning, at its example", async () => {
    const cwd = folder();
    const rows = [1, 2, 1, 2, 2].map((t, i) => `    - { inputs: [${i}], targets: ${t} }\n`);
    const inline = (rest = "") => `${head}${binary}data:\n${rest}  examples:\n${rows.join("")}`;
    write(cwd, { "a.yaml": inline(), "b.yaml": inline("  validation: 0.4\n") });
    for (const [file, line] of [
      ["a.yaml", 8],
      ["b.yaml", 9],
    ] as const) {
      const { code, stderr } = await run(["train", file], { cwd });
      expect(code).toBe(2);
      expect(stderr).toMatch(/found +2\n/);
      expect(stderr).toContain(`at       ${file}:${line}:`);
      expect(stderr).toContain(told);
    }
  });
  it("… and in its line of a table", async () => {
    const cwd = folder();
    const table = (more: string) =>
      `${head}${binary}data: { csv: { file: t.csv, target: y${more} }, validation: 0.4 }\n`;
    write(cwd, {
      "t.csv": "x,y\n1,1\n2,1\n3,2\n4,1\n5,2\n",
      "c.yaml": table(""),
      "d.yaml": table(", standardizeTarget: true").replace(", validation: 0.4", ""),
    });
    const plain = await run(["train", "c.yaml"], { cwd });
    expect(plain.code).toBe(2);
    expect(plain.stderr).toContain("2 in t.csv, line 4");
    expect(plain.stderr).toContain(told);
    const scaled = await run(["train", "d.yaml"], { cwd });
    expect(scaled.code).toBe(2);
    expect(scaled.stderr).toContain("Leave out standardizeTarget");
  });
});

describe("train", () => {
  it("prints a table that stays short, a summary, and where the checkpoint is", async () => {
    const cwd = folder();
    const { code, stdout, stderr } = await run(["train", example("iris")], { cwd });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/epoch +loss +accuracy +held-out loss +accuracy +time\n/);
    expect(stdout.match(/^ +\d+ +\d\.\d+/gm)).toHaveLength(7);
    expect(stdout).toMatch(/held out +loss \S+ +accuracy \d+\.\d %/);
    expect(stdout).toContain("actual \\ predicted  setosa  versicolor  virginica");
    expect(stdout).toContain("Saved to iris.safetensors");
    expect(statSync(join(cwd, "iris.safetensors")).size).toBeGreaterThan(1000);
  });
  it("says nothing with --quiet", async () => {
    const cwd = folder();
    const { code, stdout, stderr } = await run(
      ["train", example("xor"), "-q", "--epochs", "3", "--out", "x.safetensors"],
      { cwd },
    );
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(existsSync(join(cwd, "x.safetensors"))).toBe(true);
  });
  it("keeps its settings and its network file in the checkpoint", async () => {
    const { cwd } = await result(example("xor"), "--epochs", "2", "--seed", "7");
    const { metadata } = decodeSafetensors(readFileSync(join(cwd, "xor.safetensors")));
    expect(metadata.network).toBe(readFileSync(example("xor"), "utf8"));
    expect(JSON.parse(metadata.network_training!)).toMatchObject({ seed: 7, epochs: 2 });
    expect(JSON.parse(metadata.network_data!).description.classes).toEqual(["no", "yes"]);
  });
  it("resumes bit for bit", async () => {
    const whole = await result(example("iris"), "--epochs", "6");
    const half = await result(example("iris"), "--epochs", "3");
    const path = join(half.cwd, "iris.safetensors");
    const rest = await run(
      ["train", example("iris"), "--epochs", "6", "--resume", path, "--json"],
      {
        cwd: half.cwd,
      },
    );
    expect(rest.code).toBe(0);
    const [resumed, straight] = [path, join(whole.cwd, "iris.safetensors")].map((file) =>
      decodeSafetensors(readFileSync(file)),
    );
    expect([...resumed!.tensors.keys()]).toEqual([...straight!.tensors.keys()]);
    const elements = ({ tensors }: NonNullable<typeof resumed>) =>
      [...tensors.values()].map((t) => elementsOf(t as Tensor));
    expect(elements(resumed!)).toEqual(elements(straight!));
    const settings = (metadata: Readonly<Record<string, string>>) => {
      const { training, ...rest } = metadata;
      // The mean losses of the history may differ in their last bits.
      const { history, ...progress } = JSON.parse(training!).progress;
      return { rest, progress, epochs: history.length };
    };
    expect(settings(resumed!.metadata)).toEqual(settings(straight!.metadata));
    const [start, ...epochs] = lines(rest.stdout);
    expect(start.resumedAfter).toBe(3);
    expect(epochs.filter((e) => e.event === "epoch").map((e) => e.epoch)).toEqual([4, 5, 6]);
  });
  it("says so where the checkpoint comes from another arithmetic", async () => {
    const { cwd } = await result(example("xor"), "--epochs", "2");
    const path = join(cwd, "xor.safetensors");
    const { tensors, metadata } = decodeSafetensors(readFileSync(path));
    const { numerics, ...training } = JSON.parse(metadata.training!);
    expect(numerics).toBeGreaterThan(1);
    const old = { ...metadata, training: JSON.stringify(training) };
    writeFileSync(path, encodeSafetensors(tensors, old));
    const resume = ["train", example("xor"), "--epochs", "3", "--resume", path];
    const { stdout } = await run(resume, { cwd });
    expect(stdout.replace(/\s+/g, " ")).toContain(
      "an older version of chainrule's arithmetic (1; ",
    );
    writeFileSync(path, encodeSafetensors(tensors, old));
    const [start] = lines((await run([...resume, "--json"], { cwd })).stdout);
    expect(start.notes.at(-1)).toContain("last digits");
    const [again] = lines((await run([...resume, "--epochs", "4", "--json"], { cwd })).stdout);
    expect(again.notes).toEqual([]);
  });
  it("has nothing to do when all epochs are done", async () => {
    const { cwd } = await result(example("xor"), "--epochs", "4");
    const { code, stdout } = await run(["train", example("xor"), "--resume", "xor.safetensors"], {
      cwd,
    });
    expect(code).toBe(0);
    expect(stdout).toContain("Nothing is left to do: 4 of 4 epochs are done.");
  });
  it("takes JSON for a network file", async () => {
    const cwd = folder();
    const network = {
      layers: [{ linear: { outputs: 1 } }],
      loss: "meanSquaredError",
      optimizer: { sgd: { learningRate: 0.1 } },
      data: { generate: { regression: { kind: "line" } } },
      training: { epochs: 2 },
    };
    write(cwd, { "line.json": JSON.stringify(network, null, "\t") });
    expect((await run(["train", "line.json"], { cwd })).code).toBe(0);
    expect(existsSync(join(cwd, "line.safetensors"))).toBe(true);
  });
  it("stops early where the file asks for it", async () => {
    const cwd = folder();
    write(cwd, {
      "n.yaml": readFileSync(example("spirals"), "utf8").replace(
        "training: { ",
        "training: { earlyStopping: { patience: 2, minDelta: 10 }, ",
      ),
    });
    const { stdout } = await run(["train", "n.yaml", "--json"], { cwd });
    expect(lines(stdout).at(-1)).toMatchObject({ stopped: "early", epoch: 3 });
  });
  it.each(["best", "last"])("and says that the %s parameters are kept", async (kept) => {
    const cwd = folder();
    const stopping = `earlyStopping: { patience: 2, minDelta: 10, restoreBest: ${kept === "best"} }`;
    write(cwd, {
      "n.yaml": readFileSync(example("spirals"), "utf8").replace(
        "training: { ",
        `training: { ${stopping}, `,
      ),
    });
    const { stdout } = await run(["train", "n.yaml"], { cwd });
    // The last epoch has its row, though nobody knew beforehand that it would be the last.
    expect(stdout).toMatch(/\n +3 +\d.*\nStopped early/);
    expect(stdout).toContain(`The ${kept} parameters are kept.`);
  });
  const table = 'size;town;y\n1,5;"A; ""B"" $C";2,5\n2,5;Bonn;3,5\n3,5;"A; ""B"" $C";1,5\n';
  it("says how to predict, whatever the file and its cells are called", async () => {
    const cwd = folder();
    write(cwd, {
      "t.csv": table,
      "-n.yaml": [
        "layers: [{ linear: { outputs: 1 } }]",
        "loss: meanSquaredError",
        "optimizer: sgd",
        'data: { csv: { file: t.csv, target: y, decimal: "," } }',
        "training: { epochs: 1 }",
      ].join("\n"),
    });
    const { stdout } = await run(["train", "./-n.yaml"], { cwd });
    const hint = /npx chainrule (predict .*)/.exec(stdout)![1]!;
    expect(hint).toBe(`predict ./-n.safetensors --input '2,5;"A; ""B"" $C"'`);
    const shell = spawnSync("sh", ["-c", `"$0" "$1" ${hint}`, process.execPath, cli], { cwd });
    expect(shell.stderr.toString()).toBe("");
    expect(shell.stdout.toString()).toMatch(/^row +y\n +1 +\S+\n$/);
    const data = await run(["predict", "./-n.safetensors", "--data", "t.csv"], { cwd });
    const typed = await run(
      ["predict", "./-n.safetensors", "-i", '1,5;"A; ""B"" $C"', "-i", "2,5;Bonn"],
      { cwd },
    );
    expect(typed.stdout.split("\n").slice(0, 3)).toEqual(data.stdout.split("\n").slice(0, 3));
    const commas = await run(["predict", "./-n.safetensors", "-i", "2,Bonn"], { cwd });
    expect(commas.code).toBe(2);
    expect(commas.stderr).toContain('divided by ";"');
  });
  it.skipIf(!existsSync("/dev/full"))("a full disk behind the output is an error", async () => {
    const cwd = folder();
    const args = [cli, "train", example("xor"), "--epochs", "2"];
    const full = spawnSync("sh", ["-c", '"$0" "$@" > /dev/full', process.execPath, ...args], {
      cwd,
    });
    expect(full.stderr.toString()).toMatch(/^error What was printed could not be written\./);
    expect(full.stderr.toString()).not.toMatch(/\n +at .*:\d+:\d+/);
    expect(full.status).toBe(2);
    // The work was done all the same.
    expect(existsSync(join(cwd, "xor.safetensors"))).toBe(true);
  });
});

describe("a signal", () => {
  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("%s saves, says how to go on, and exits with %i", async (signal, exitCode) => {
    const cwd = folder();
    const args = ["train", example("spirals"), "--epochs", "100000"];
    const { code, stderr } = await run(args, {
      cwd,
      during: (child) =>
        child.stdout?.once("data", () => setTimeout(() => child.kill(signal), 300)),
    });
    expect(code).toBe(exitCode);
    expect(stderr).toMatch(/^Stopped after \d+ epochs?.*; saved to spirals\.safetensors\.\n/);
    expect(stderr).toContain("--resume spirals.safetensors");
    const more = await run(
      ["train", example("spirals"), "--json", "--resume", "spirals.safetensors", "--epochs", "1"],
      { cwd },
    );
    expect(more.code).toBe(0);
  });
  it("SIGKILL leaves the previous checkpoint", async () => {
    const { cwd } = await result(example("spirals"), "--epochs", "1");
    const path = join(cwd, "spirals.safetensors");
    const before = readFileSync(path);
    await run(["train", example("spirals"), "--epochs", "100000"], {
      cwd,
      during: (child) =>
        child.stdout?.once("data", () => setTimeout(() => child.kill("SIGKILL"), 300)),
    });
    expect(readFileSync(path).equals(before)).toBe(true);
  });
});

const hasScript = spawnSync("script", ["--version"]).status === 0;
describe.skipIf(!hasScript)("on a terminal (needs script)", () => {
  const onTerminal = (command: string, cwd: string) =>
    execFileSync("script", ["-qec", command, "/dev/null"], {
      cwd,
      env: { ...process.env, TERM: "xterm", NO_COLOR: "", COLUMNS: "80" },
      encoding: "utf8",
    });
  it("shows progress with rate and time left, and takes it away", () => {
    const cwd = folder();
    const command = `${process.execPath} ${join(root, "dist/cli.js")} train ${example("spirals")}`;
    const text = onTerminal(`stty cols 80; ${command} --epochs 2000`, cwd);
    expect(text).toMatch(/epoch [\d,]+\/2,000 {2}[\d,]+ steps\/s {2}[\d.:]+( s)? left/);
    // Every line of progress is followed by what erases it.
    const end = text.lastIndexOf("left");
    expect(text.slice(end)).toContain("\r\x1b[K");
    expect(text).not.toContain("\x1b[?25l");
  });
});
