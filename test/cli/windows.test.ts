/** Windows over a table on the command line: each window is an example, and the last is a forecast. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { folder, network, run, write } from "./run.ts";

const table = (count: number, from = 0): string =>
  `t,y\n${Array.from({ length: count }, (_, i) => `${from + i},${(from + i) % 4}\n`).join("")}`;

let cwd: string;
beforeAll(async () => {
  cwd = folder();
  write(cwd, {
    "n.yaml": network({
      layers: "[{ linear: { outputs: 2 } }]",
      loss: "meanSquaredError",
      optimizer: "{ adam: { learningRate: 0.05 } }",
      data:
        "{ csv: { file: t.csv, target: y, ordered: t, standardize: false, " +
        "windows: { length: 4, horizon: 2 } }, validation: 0.2 }",
      training: "{ epochs: 300 }",
    }),
    "t.csv": table(60),
    "new.csv": table(6, 100),
  });
  const { code, stdout } = await run(["train", "n.yaml"], { cwd });
  expect(code).toBe(0);
  expect(stdout).toContain("predict n.safetensors --data rows.csv");
}, 60_000);

it("predict says what follows each window, with the number of its last row", async () => {
  const { stdout } = await run(["predict", "n.safetensors", "--csv", "new.csv"], { cwd });
  const [head, ...lines] = stdout.trim().split("\n");
  expect(head).toMatch(/^row +y \+1 +y \+2$/);
  const numbers = lines.map((line) => line.trim().split(/ +/).map(Number));
  // Rows 4, 5 and 6 hold 103, 104 and 105.
  expect(numbers.map((row) => row.map((x) => Math.round(x) + 0))).toEqual([
    [4, 0, 1],
    [5, 1, 2],
    [6, 2, 3],
  ]);
});
it("--out writes the forecast beside the row that it follows", async () => {
  const args = ["predict", "n.safetensors", "--csv", "new.csv", "--out", "o.csv"];
  expect((await run(args, { cwd })).stdout).toBe("3 rows written to o.csv.\n");
  const [head, first] = readFileSync(join(cwd, "o.csv"), "utf8").split("\n");
  expect(head).toBe("t,y,predicted.y +1,predicted.y +2");
  expect(first).toMatch(/^103,3,/);
});
it("typed rows are taken as they stand", async () => {
  const rows = [0, 1, 2, 3].flatMap((y) => ["-i", `${y}`]);
  const { code, stdout } = await run(["predict", "n.safetensors", ...rows, "--json"], { cwd });
  expect(code).toBe(0);
  expect(JSON.parse(stdout).predictions[0].values.map((x: number) => Math.round(x) + 0)).toEqual([
    0, 1,
  ]);
  const few = await run(["predict", "n.safetensors", "-i", "1"], { cwd });
  expect(few.stderr).toContain("at least 4 rows");
});
it("evaluate measures the windows of another table", async () => {
  const args = ["evaluate", "n.safetensors", "--data", "new.csv", "--json"];
  const { stdout } = await run(args, { cwd });
  expect(JSON.parse(stdout)).toMatchObject({ examples: 1 });
});
it.each(["predict", "evaluate"])("%s lays no window across an empty row", async (command) => {
  const lines = table(12).trim().split("\n");
  write(cwd, {
    "s.yaml": network({
      layers: "[{ linear: { outputs: 1 } }]",
      loss: "meanSquaredError",
      data: "{ csv: { file: t.csv, target: y, windows: { length: 3 } } }",
    }),
    "gap.csv": lines.toSpliced(7, 1, ",").join("\n"),
    "end.csv": [...lines, ",", ","].join("\n"),
    "one.csv": lines.join("\n"),
  });
  expect((await run(["train", "s.yaml", "-q"], { cwd })).code).toBe(0);
  const said = (file: string) => run([command, "s.yaml", "--data", file, "--json"], { cwd });
  const gap = await said("gap.csv");
  expect(gap.code).toBe(2);
  expect(JSON.parse(gap.stdout).error).toMatchObject({
    message: expect.stringContaining("A row in between cannot be used"),
    where: "gap.csv, line 8",
  });
  // Behind the last row, nothing is in between.
  const [end, one] = await Promise.all(["end.csv", "one.csv"].map(said));
  const { notes, ...rest } = JSON.parse(end!.stdout.replace("end.csv", "one.csv"));
  expect(notes).toEqual(["2 of 14 rows are empty and were left out (first on line 14)."]);
  expect(rest).toEqual(JSON.parse(one!.stdout));
});
