/** Folders of runs: kept, resumed, repeated and compared. */
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { folder, network, run, table, write } from "./run.ts";

const file = network({
  layers: "[{ linear: { outputs: 3 } }, { dropout: { rate: 0.2 } }, { linear: { outputs: 2 } }]",
  optimizer: "{ adam: { accumulate: 2, averageDecay: 0.9 } }",
  training: "{ epochs: 6, batchSize: 2 }",
});
const cwd = folder();
write(cwd, { "t.csv": table, "n.yaml": file });
const chainrule = (...args: string[]) => run(args, { cwd });
const json = (name: string) => JSON.parse(readFileSync(join(cwd, name), "utf8"));
const bytes = (name: string) => readFileSync(join(cwd, name));

it("training says what is held out measures", async () => {
  const options = {
    optimizer: "{ adam: { averageDecay: 0.9 } }",
    data: "{ csv: { file: t.csv, target: kind }, validation: 0.5 }",
    training: "{ epochs: 1, validateAverages: true }",
  };
  write(cwd, { "averages.yaml": network(options) });
  const said = "what is held out measures the averages of the parameters (validateAverages)";
  expect((await chainrule("train", "averages.yaml")).stdout).toContain(said);
  const [own, plain] = ["training.validateAverages=false", "plain.safetensors"];
  const other = await chainrule("train", "averages.yaml", "--set", own, "--out", plain);
  expect(other.code).toBe(0);
  expect(other.stdout).not.toContain("averages of the parameters");
});

describe("a run", () => {
  it("keeps all that belongs to it, and is repeated with the same bits", async () => {
    const set = ["--set", "layers.0.linear.outputs=4", "--seed", "5"];
    expect(await chainrule("train", "n.yaml", "--run", "a", "-q", ...set)).toMatchObject({
      code: 0,
    });
    expect(readdirSync(join(cwd, "a")).sort()).toEqual(
      ["best.safetensors", "history.json", "last.safetensors"].concat([
        "network.yaml",
        "result.json",
        "run.json",
      ]),
    );
    expect(json("a/run.json")).toMatchObject({
      seed: 5,
      folder: "..",
      data: { "t.csv": expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
    expect(bytes("a/network.yaml").toString()).toContain("outputs: 4");
    expect(json("a/history.json")).toHaveLength(6);
    const { code, stdout } = await chainrule("repeat", "a", "--json");
    expect({ code, ...JSON.parse(stdout) }).toEqual({
      ...{ code: 0, same: true, arrays: [], partAtEpoch: null, data: [], versions: [] },
    });
  });
  it("paused at any epoch it goes on to the same bits", async () => {
    const set = ["--set", "layers.0.linear.outputs=4", "--seed", "5"];
    await chainrule("train", "n.yaml", "--run", "b", "-q", ...set, "--pause-at", "2");
    expect(json("b/history.json")).toHaveLength(2);
    expect(existsSync(join(cwd, "b/result.json"))).toBe(false);
    expect((await chainrule("repeat", "b")).stderr).toContain("This run has not ended");
    expect((await chainrule("train", "b", "-q")).code).toBe(0);
    expect(json("b/history.json")).toEqual(json("a/history.json"));
    expect((await chainrule("repeat", "b")).stdout).toContain("The same bits");
    const { stdout } = await chainrule("compare", "a", "b");
    expect(stdout).toContain("Settings, data and versions are the same.");
    expect(stdout).toContain("All epochs that both have are the same, up to epoch 6.");
  });
  it("killed behind its last step it only says what came out", async () => {
    rmSync(join(cwd, "b/result.json"));
    expect((await chainrule("train", "b", "-q")).code).toBe(0);
    expect(json("b/result.json").training).toEqual(json("a/result.json").training);
    expect((await chainrule("repeat", "b")).stdout).toContain("The same bits");
  });
  it("is compared with another", async () => {
    await chainrule("train", "n.yaml", "--run", "c", "-q", "--epochs", "4");
    const { stdout } = await chainrule("compare", "a", "c", "--json");
    expect(JSON.parse(stdout)).toMatchObject({
      settings: [
        { name: "layers.0.linear.outputs", a: 4, b: 3 },
        { name: "training.seed", a: 5, b: 0 },
        { name: "training.epochs", a: 6, b: 4 },
      ],
      ...{ data: [], versions: [], partAtEpoch: 1 },
      b: { epochs: 4, stopped: "finished" },
    });
  });
  it("stands where a network file may, with its last values", async () => {
    const { stdout } = await chainrule("evaluate", "a", "--json");
    const { data, examples, loss } = JSON.parse(stdout);
    expect({ data, examples, loss }).toEqual({
      ...{ data: "trained on", examples: 4, loss: json("a/result.json").training.loss },
    });
    const best = ["-c", "a/last.safetensors"];
    expect((await chainrule("evaluate", "a/network.yaml", ...best, "--json")).stdout).toBe(stdout);
    const rows = ["--input", "1,2", "--json"];
    const own = await chainrule("predict", "a", ...rows);
    expect(own.stdout).toBe((await chainrule("predict", "a/last.safetensors", ...rows)).stdout);
    const averages = await chainrule("predict", "a", ...rows, "--averages");
    expect(averages.code).toBe(0);
    expect(averages.stdout).not.toBe(own.stdout);
    const explained = ["-p", "0.weight[0,0]", "--json"];
    expect((await chainrule("explain", "a", ...explained)).stdout).toBe(
      (await chainrule("explain", "a/network.yaml", ...best, ...explained)).stdout,
    );
    expect((await chainrule("summary", "a")).code).toBe(0);
  });
  it("says which file has changed, or which backend it was", async () => {
    const other = await chainrule("repeat", "c", "--backend", "interpreter", "--json");
    expect(JSON.parse(other.stdout).versions).toEqual([
      { name: "backend", a: "wasm", b: "interpreter" },
    ]);
    writeFileSync(join(cwd, "t.csv"), table.replace("7", "8"));
    const { code, stdout } = await chainrule("repeat", "a", "--json");
    expect(code).toBe(1);
    const said = JSON.parse(stdout);
    expect(said).toMatchObject({ same: false, data: ["t.csv"], partAtEpoch: 1 });
    expect(said.arrays.length).toBeGreaterThan(4);
    cpSync(join(cwd, "b"), join(cwd, "d"), { recursive: true });
    expect((await chainrule("train", "d")).stderr).toContain("t.csv");
    writeFileSync(join(cwd, "t.csv"), table);
  });
  it.each([
    [["train", "n.yaml", "--run", "a"], "There is a run in this folder already."],
    [["train", "n.yaml", "--run", "."], "This folder is not empty."],
    [["train", "n.yaml", "--run", "n.yaml"], "something else than a folder"],
    [["train", "n.yaml", "--run", "e", "--out", "x"], "A run saves into its folder"],
    [["train", "a", "--epochs", "9"], "A run goes on as it was begun."],
    [["repeat", "nothing"], "This is no folder of a run."],
    [["compare", "a", "."], "This is no folder of a run."],
  ])("%s: %s", async (args, message) => {
    const { code, stderr } = await run(args, { cwd });
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(existsSync(join(cwd, "e"))).toBe(false);
  });
});
