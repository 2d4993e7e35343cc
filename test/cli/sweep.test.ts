/** Sweeps: the same runs however many at a time, none of them twice, failures as rows. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { folder, network, run, table, write } from "./run.ts";

const cwd = folder();
const file = network({
  optimizer: "{ adam: { learningRate: 0.1 } }",
  training: "{ epochs: 9, batchSize: 2 }",
});
write(cwd, { "t.csv": table, "n.yaml": file });
const chainrule = (...args: string[]) => run(args, { cwd });
const text = (name: string) => readFileSync(join(cwd, name), "utf8");
const rate = ["--set", "optimizer.adam.learningRate=1e-3..1.0"];

/** A table without its times. */
const csv = (name: string) =>
  text(`${name}/sweep.csv`)
    .trimEnd()
    .split("\n")
    .map((line) => line.split(","))
    .map((cells) => cells.filter((_, k) => k !== cells.length - 2));

describe("a sweep", () => {
  it("gives the same, one after another and two at a time", async () => {
    const given = ["sweep", "n.yaml", ...rate, "--set", "training.batchSize=1,2", "--runs", "3"];
    const one = await chainrule(...given, "--jobs", "1", "--out", "one");
    expect(one).toMatchObject({ code: 0, stderr: "" });
    expect((await chainrule(...given, "--jobs", "2", "--out", "two", "--reports")).code).toBe(0);
    expect(csv("one")).toEqual(csv("two"));
    const losses = csv("one")
      .slice(1)
      .map((row) => Number(row[4]));
    expect(losses).toHaveLength(3);
    expect(losses).toEqual([...losses].sort((a, b) => a - b));
    for (const i of ["001", "003"]) {
      const name = `${i}/history.json`;
      expect(text(`one/${name}`)).toBe(text(`two/${name}`));
    }
    expect(one.stdout).toMatch(/^3 runs \(random\), 1 at a time, in one\n/);
    expect(text("two/sweep.svg")).toMatch(/^<svg .*<\/svg>\n$/s);
    expect(text("two/index.html")).toContain('href="001/report.html"');
    expect(existsSync(join(cwd, "two/001/report.html"))).toBe(true);
  }, 20_000);
  it("begins again without a run that is there, and goes on with more", async () => {
    const changed = () =>
      ["001", "003"].map((i) => statSync(join(cwd, "one", i, "run.json")).mtimeMs);
    const before = changed();
    const again = await chainrule("sweep", "one", "--json");
    expect(again.code).toBe(0);
    const said = JSON.parse(again.stdout);
    expect(said.runs).toHaveLength(3);
    expect(said.best).toBe(csv("one")[1]![0]);
    const set = [...rate, "--set", "training.batchSize=1,2"];
    const more = await chainrule("sweep", "n.yaml", ...set, "--runs", "4", "--out", "one", "-q");
    expect(more).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(csv("one")).toHaveLength(5);
    expect(changed()).toEqual(before);
  });
  it("shows what cannot be trained as a row, which is not tried again", async () => {
    const f32 = ["--set", "training.dtype=f32"];
    const given = [...f32, "--set", "optimizer.adam.learningRate=0.1,-1,1e300"];
    expect((await chainrule("sweep", "n.yaml", ...given, "--out", "bad", "-q")).code).toBe(0);
    const [, best, ...others] = csv("bad");
    expect(best!.slice(0, 3)).toEqual(["001", "0.1", "finished"]);
    expect(others.map((row) => row.slice(0, 3))).toEqual([
      ["002", "-1", "failed"],
      ["003", "1e300", "failed"],
    ]);
    expect(others[0]!.join()).toContain("file-invalid: This number is out of range.");
    expect(JSON.parse(text("bad/003/error.json")).code).toBe("not-finite");
    const failed = statSync(join(cwd, "bad/003/error.json")).mtimeMs;
    expect((await chainrule("sweep", "bad", "-q")).code).toBe(0);
    expect(statSync(join(cwd, "bad/003/error.json")).mtimeMs).toBe(failed);
    const all = ["sweep", "n.yaml", ...f32, "--set", "optimizer.adam.learningRate=1e300,1e301"];
    expect((await chainrule(...all, "--out", "worse", "-q")).code).toBe(1);
  });
  it("halves: only the best third goes on, from where it was", async () => {
    const given = [...rate, "--method", "halving", "--runs", "9", "--out", "half", "--json"];
    const { stdout } = await chainrule("sweep", "n.yaml", ...given);
    const { runs } = JSON.parse(stdout);
    expect(runs.map((r: { epochs: number }) => r.epochs)).toEqual([9, 3, 3, 1, 1, 1, 1, 1, 1]);
    expect(runs[0].state).toBe("finished");
    expect(runs[8].state).toBe("left");
    const [first] = runs;
    const set = [
      "--set",
      `optimizer.adam.learningRate=${first.settings["optimizer.adam.learningRate"]}`,
    ];
    await chainrule("train", "n.yaml", ...set, "--run", "whole", "-q");
    expect(text("whole/history.json")).toBe(text(`half/${first.run}/history.json`));
    expect((await chainrule("sweep", "half", "--json")).stdout).toBe(stdout);
  }, 20_000);
  it("ends its runs with it, however it ends", async () => {
    const set = ["--set", "training.epochs=200000,200001", "--jobs", "2"];
    const began = () => ["001", "002"].every((i) => existsSync(join(cwd, "killed", i, "run.json")));
    let pids: number[] = [];
    await run(["sweep", "n.yaml", ...set, "--out", "killed"], {
      cwd,
      during: async (process) => {
        while (!began()) await new Promise((resolve) => setTimeout(resolve, 20));
        pids = childrenOf(process.pid!);
        process.kill("SIGKILL");
      },
    });
    expect(pids).toHaveLength(2);
    for (let i = 0; pids.some(isAlive); i++) {
      expect(i, "they must end").toBeLessThan(200);
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    expect(existsSync(join(cwd, "killed/001/result.json"))).toBe(false);
  }, 20_000);
  it.each([
    [["sweep", "n.yaml", "--out", "x"], "A sweep needs a setting with several values."],
    [["sweep", "n.yaml", "--set", "training.epochs=3"], "A sweep needs a setting"],
    [["sweep", "n.yaml", ...rate, ...rate], "is given twice"],
    [
      ["sweep", "n.yaml", "--set", "optimizer.adma.learningRate=1,2"],
      "Did you mean optimizer.adam?",
    ],
    [["sweep", "n.yaml", ...rate, "--out", "."], "This folder is not empty."],
    [["sweep", "n.yaml", ...rate, "--out", "n.yaml"], "something else than a folder"],
    [["sweep", "n.yaml", ...rate, "--out", "one"], "There is a sweep in this folder already"],
    [["sweep", "one", "--runs", "9"], "A sweep goes on as it was begun."],
  ])("%s: %s", async (args, message) => {
    const { code, stderr } = await chainrule(...args);
    expect(code).toBe(2);
    expect(stderr.replace(/\s+/g, " ")).toContain(message);
    expect(existsSync(join(cwd, "x"))).toBe(false);
  });
});

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    // What has ended and was not asked after is still listed.
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
};

const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").map(Number);
