/** chainrule evaluate, and predictions as a table. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseTable } from "../../src/data/csv.ts";
import { npzBytes } from "../../src/data/index.ts";
import { tensor } from "../../src/index.ts";
import { example, folder, network, root, run, table, write } from "./run.ts";

const trained = async () => {
  const cwd = folder();
  write(cwd, { "n.yaml": network(), "t.csv": table });
  const { stdout } = await run(["train", "n.yaml", "--json"], { cwd });
  const end = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line))
    .at(-1);
  return { cwd, end };
};

it("measures the table that was trained on as train did", async () => {
  const { cwd, end } = await trained();
  for (const args of [["n.yaml"], ["n.safetensors", "--csv", "t.csv"]]) {
    const { code, stdout, stderr } = await run(["evaluate", ...args, "--json"], { cwd });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const found = JSON.parse(stdout);
    expect(found.loss).toBeCloseTo(end.training.loss, 12);
    expect(found).toMatchObject({ examples: 4, confusion: end.training.confusion });
    expect(found.classes.map((c: { class: string }) => c.class)).toEqual(["x", "y"]);
  }
});
it("measures another table by the rules of the training, a row alone, too", async () => {
  const { cwd } = await trained();
  write(cwd, { "one.csv": "kind,b,a\nx,7,5\n" });
  const { stdout } = await run(["evaluate", "n.safetensors", "--csv", "one.csv", "--json"], {
    cwd,
  });
  const input = ["predict", "n.safetensors", "--input", "5,7", "--json"];
  const [{ probabilities }] = JSON.parse((await run(input, { cwd })).stdout).predictions;
  expect(JSON.parse(stdout).loss).toBeCloseTo(-Math.log(probabilities[0]), 12);
});
it("measures what was held out, and says it of each class", async () => {
  const cwd = folder();
  await run(["train", example("iris"), "-q"], { cwd });
  const { code, stdout } = await run(["evaluate", example("iris")], { cwd });
  expect(code).toBe(0);
  expect(stdout).toMatch(/^held out {2}30 examples {3}loss/);
  expect(stdout).toMatch(/class +examples +precision +recall +F₁/);
});
it("writes rows with predictions and probabilities", async () => {
  const { cwd } = await trained();
  write(cwd, { "in.csv": 'note,a,b,predicted\n"one, two",1,2,mine\n,5,7,too\n' });
  const args = ["predict", "n.safetensors", "--csv", "in.csv", "--out", "out.csv"];
  const { code, stdout } = await run(args, { cwd });
  expect({ code, stdout }).toEqual({ code: 0, stdout: "2 rows written to out.csv.\n" });
  const { columns } = parseTable(readFileSync(join(cwd, "out.csv"), "utf8"));
  expect(columns.map(({ name }) => name)).toEqual([
    ...["note", "a", "b", "predicted", "predicted (kind)", "probability.x", "probability.y"],
  ]);
  expect(columns[0]!.cells).toEqual(["one, two", ""]);
  const { predictions } = JSON.parse((await run([...args.slice(0, 4), "--json"], { cwd })).stdout);
  expect(columns[4]!.cells).toEqual(predictions.map((p: { class: string }) => p.class));
  expect(columns[5]!.cells.map(Number)).toEqual(
    predictions.map((p: { probabilities: number[] }) => p.probabilities[0]),
  );
});
it("writes numbers in the units of the table", async () => {
  const cwd = folder();
  const two = join(root, "examples/two-two-two.yaml");
  await run(["predict", two, "--untrained", "--out", "o.csv"], { cwd });
  expect(readFileSync(join(cwd, "o.csv"), "utf8")).toMatch(
    /^predicted\.0,predicted\.1\n0\.75136\d+,0\.77292\d+\n$/,
  );
});
it("takes rows of JSON lines, and says several labels as their table does", async () => {
  const cwd = folder();
  write(cwd, {
    "n.yaml":
      "layers: [{ linear: { outputs: 2 } }]\nloss: binaryCrossEntropyWithLogits\noptimizer: { sgd: { learningRate: 1 } }\n" +
      "data: { csv: { file: t.csv, target: [sunny, quiet] } }\n",
    "t.csv": "a,b,sunny,quiet\n1,0,yes,no\n0,1,no,yes\n1,1,yes,yes\n0,0,no,no\n",
    "more.jsonl": '{"b": 1, "a": 1, "quiet": "yes", "sunny": "yes"}\n',
  });
  await run(["train", "n.yaml", "-q"], { cwd });
  const measured = await run(["evaluate", "n.yaml", "--data", "more.jsonl", "--json"], { cwd });
  expect(JSON.parse(measured.stdout)).toMatchObject({ examples: 1, metrics: { exactMatch: 1 } });
  const args = ["predict", "n.yaml", "--data", "more.jsonl", "--out", "out.csv"];
  expect((await run(args, { cwd })).code).toBe(0);
  const { columns } = parseTable(readFileSync(join(cwd, "out.csv"), "utf8"));
  const [sunny, quiet] = columns.slice(4);
  expect([sunny?.name, quiet?.name]).toEqual(["predicted.sunny", "predicted.quiet"]);
  expect([sunny?.cells, quiet?.cells]).toEqual([["yes"], ["yes"]]);
  const wrong = await run(["predict", "n.yaml", "--data", "no.parquet"], { cwd });
  expect(wrong.stderr).toContain("no.parquet");
});
it("measures rows of a table with a graph of several inputs and several outputs", async () => {
  const cwd = folder();
  const rows = "a,b,sunny,quiet\n1,0,yes,no\n0,1,no,yes\n1,1,yes,yes\n0,0,no,no\n";
  const graph =
    "{ inputs: { left: 1, right: 1 }, layers: { head: [{ linear: { outputs: 2 } }] }, nodes: " +
    "{ both: { join: concatenate, of: [left, right] }, out: { layer: head, of: both } } }";
  write(cwd, {
    "n.yaml":
      `layers: [{ graph: ${graph} }]\nloss: binaryCrossEntropyWithLogits\noptimizer: { sgd: { learningRate: 1 } }\n` +
      "data: { csv: { file: t.csv, target: [sunny, quiet], inputs: { left: [a], right: [b] } } }\n",
    "t.csv": rows,
  });
  await run(["train", "n.yaml", "-q"], { cwd });
  const [own, other] = [["n.yaml"], ["n.safetensors", "--data", "t.csv"]].map(async (args) => {
    const { stdout, stderr } = await run(["evaluate", ...args, "--json"], { cwd });
    expect(stderr).toBe("");
    const { data: _, ...measured } = JSON.parse(stdout);
    return measured;
  });
  expect(await other).toEqual(await own);
});
it("lists the characters of a text, and no output that stands for none", async () => {
  const cwd = folder();
  write(cwd, {
    "n.yaml":
      "layers: [{ embedding: { entries: 30, features: 2 } }, { linear: { outputs: 30 } }]\nloss: { crossEntropy: { ignoreIndex: -100 } }\n" +
      "optimizer: { sgd: { learningRate: 1 } }\ndata: { text: { file: t.txt, length: 4 } }\n",
    "t.txt": "ab ba\nab a\n".repeat(20),
  });
  await run(["train", "n.yaml", "-q"], { cwd });
  const { code, stdout } = await run(["evaluate", "n.yaml"], { cwd });
  expect(code).toBe(0);
  const names = stdout.split(/class .*\n/)[1]?.match(/^\S+(?: ")?/gm);
  expect(names).toEqual(['"\\n"', '" "', "a", "b"]);
});
it("does not write a table of text under the name of another format", async () => {
  const { cwd } = await trained();
  const args = ["predict", "n.safetensors", "-i", "1,2", "--out", "p.Parquet"];
  const { code, stderr } = await run(args, { cwd });
  expect({ code, made: existsSync(join(cwd, "p.Parquet")) }).toEqual({ code: 2, made: false });
  expect(stderr).toContain("predict writes its rows as comma-separated text.");
});
it("says which text is empty", async () => {
  const cwd = folder();
  const data = "{ text: { file: t.txt, length: 4 } }";
  write(cwd, { "n.yaml": network({ data }), "t.txt": "" });
  const { code, stderr } = await run(["train", "n.yaml", "-q"], { cwd });
  expect(code).toBe(2);
  expect(stderr).toMatch(
    /no characters[\s\S]*found +an empty text\n +at +t\.txt \(named in n\.yaml:/,
  );
});
describe("arrays of another kind than those that were trained on", () => {
  const arrays = (columns: number, y: readonly number[]) =>
    npzBytes({ x: tensor(y.map((v) => new Array(columns).fill(v))), y: tensor(y) });
  it("are the file's fault, and labels may be written as numbers", async () => {
    const cwd = folder();
    const labels = npzBytes({
      x: tensor([[0], [1], [0], [1]]),
      y: tensor([0, 1, 0, 1], { dtype: "i32" }),
    });
    write(cwd, {
      "n.yaml": network({ data: "{ npz: { file: a.npz, inputs: x, targets: y } }" }),
      "a.npz": labels,
      "float.npz": arrays(1, [0, 1]),
      "half.npz": arrays(1, [0, 0.5]),
      "wide.npz": arrays(3, [0, 1]),
    });
    expect((await run(["train", "n.yaml", "-q"], { cwd })).code).toBe(0);
    const of = (file: string) => run(["evaluate", "n.safetensors", "--data", file], { cwd });
    const [float, half, wide] = await Promise.all(["float.npz", "half.npz", "wide.npz"].map(of));
    expect(float).toMatchObject({ code: 0, stderr: "" });
    expect(half?.stderr).toMatch(/half\.npz/);
    expect(half?.stderr).not.toContain("Leave out");
    expect(wide?.stderr).toMatch(
      /expected 1 number\n +found +3, of the shape \[2, 3\], in "x"\n +at +wide\.npz/,
    );
  });
});
