/** What `train` writes of a run besides its checkpoint. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { epochsCsv } from "../../src/cli/csv.ts";
import { parseTable } from "../../src/data/csv.ts";
import { example, folder, network, run, table, write } from "./run.ts";

const read = (cwd: string, name: string) => readFileSync(join(cwd, name), "utf8");

describe("the files of a run", () => {
  it("are written, and agree with what is printed", async () => {
    const cwd = folder();
    const files = ["--report", "r.html", "--plot", "p.svg", "--csv", "e.csv"];
    const { code, stdout, stderr } = await run(
      ["train", example("iris"), "--epochs", "7", "--json", ...files],
      { cwd },
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const events = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const epochs = events.filter(({ event }) => event === "epoch");
    const rows = parseTable(read(cwd, "e.csv"));
    const column = (name: string) => rows.columns.find((c) => c.name === name)!.cells.map(Number);
    expect(column("epoch")).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(column("loss")).toEqual(epochs.map(({ loss }) => loss));
    expect(column("accuracy")).toEqual(epochs.map(({ accuracy }) => accuracy));
    expect(column("validation.loss")).toEqual(epochs.map(({ validation }) => validation.loss));
    expect(column("seconds").every((s) => s > 0)).toBe(true);
    expect(read(cwd, "p.svg")).toMatch(/^<svg [\s\S]*accuracy[\s\S]*<\/svg>\n$/);
    const html = read(cwd, "r.html");
    for (const words of ["Iris-setosa", "petal_length", "crossEntropy", "numerics", "adam"]) {
      expect(html.toLowerCase()).toContain(words.toLowerCase().replace("iris-", ""));
    }
  });
  it("have the gradient's norm where it is measured", async () => {
    const cwd = folder();
    write(cwd, {
      "n.yaml": network({ training: "{ epochs: 3, gradientNorm: true }" }),
      "t.csv": table,
    });
    const files = ["--csv", "e.csv", "--plot", "p.svg", "--tensorboard", "events"];
    const { code, stdout } = await run(["train", "n.yaml", "--json", ...files], { cwd });
    expect(code).toBe(0);
    const norms = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line))
      .flatMap(({ event, gradientNorm }) => (event === "epoch" ? [gradientNorm] : []));
    expect(norms).toHaveLength(3);
    for (const norm of norms) expect(norm).toBeGreaterThan(0);
    const rows = parseTable(read(cwd, "e.csv"));
    expect(rows.columns.find(({ name }) => name === "gradientNorm")?.cells.map(Number)).toEqual(
      norms,
    );
    expect(read(cwd, "p.svg")).toContain("gradient norm");
    const [events = ""] = readdirSync(join(cwd, "events"));
    expect(read(cwd, join("events", events))).toContain("gradient norm/training");
  });
  it("have the epochs before it, where a run goes on", async () => {
    const cwd = folder();
    write(cwd, { "n.yaml": network(), "t.csv": table });
    await run(["train", "n.yaml"], { cwd });
    const more = [
      "--resume",
      "n.safetensors",
      "--epochs",
      "5",
      "--csv",
      "e.csv",
      "--report",
      "r.html",
    ];
    const { code, stdout } = await run(["train", "n.yaml", ...more], { cwd });
    expect(code).toBe(0);
    expect(stdout).toContain("Written: e.csv");
    const lines = read(cwd, "e.csv").trim().split("\n");
    expect(lines.slice(1).map((line) => line.split(",")[0])).toEqual(["1", "2", "3", "4", "5"]);
    expect(lines[1]).toMatch(/,$/);
    // Nothing is left to do, and it shows itself all the same.
    writeFileSync(join(cwd, "e.csv"), "old");
    expect((await run(["train", "n.yaml", ...more], { cwd })).code).toBe(0);
    expect(read(cwd, "e.csv").trim().split("\n")).toHaveLength(6);
  });
  it.each(["report", "plot", "csv"])("--%s into no folder is refused at once", async (name) => {
    const cwd = folder();
    write(cwd, { "n.yaml": network(), "t.csv": table });
    const { code, stderr } = await run(["train", "n.yaml", `--${name}`, "no/where.x"], { cwd });
    expect(code).toBe(2);
    expect(stderr).toContain(`choose another place with --${name}`);
  });
});

it("checkpoints are saved beside it by rule", async () => {
  const cwd = folder();
  const training = "{ epochs: 5, checkpoints: { every: 2, best: loss } }";
  write(cwd, { "n.yaml": network({ training }), "t.csv": table });
  expect((await run(["train", "n.yaml"], { cwd })).code).toBe(0);
  const saved = readdirSync(cwd).filter((name) => name.endsWith(".safetensors"));
  expect(saved.sort()).toEqual(
    ["best", "epoch-2", "epoch-4"].map((part) => `n.${part}.safetensors`).concat("n.safetensors"),
  );
  const from = ["--resume", "n.epoch-2.safetensors", "--out", "again.safetensors"];
  expect((await run(["train", "n.yaml", ...from], { cwd })).code).toBe(0);
  expect(readFileSync(join(cwd, "again.safetensors"))).toEqual(
    readFileSync(join(cwd, "n.safetensors")),
  );
});
it.each([
  ["{}", "not said when"],
  ["{ best: validation.loss }", "there are none"],
])("checkpoints: %s is refused", async (rule, message) => {
  const cwd = folder();
  write(cwd, {
    "n.yaml": network({ training: `{ epochs: 1, checkpoints: ${rule} }` }),
    "t.csv": table,
  });
  const { code, stderr } = await run(["train", "n.yaml"], { cwd });
  expect(code).toBe(2);
  expect(stderr).toContain(message);
});

it("names with commas and columns that come later are kept apart", () => {
  const text = epochsCsv([
    { epoch: 1, loss: 0.5, counts: { 'a, "b"': 2 } },
    { epoch: 2, loss: 0.25, validation: { loss: 1, counts: { n: 3 } }, seconds: 1.23456 },
  ]);
  expect(text).toBe(
    'epoch,loss,"a, ""b""",validation.loss,validation.n,seconds\n1,0.5,2,,,\n2,0.25,,1,3,1.235\n',
  );
});
