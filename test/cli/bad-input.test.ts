import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { example, folder, network, run, table, write } from "./run.ts";

/** Trains in a folder with these files and gives what is said; wrong input exits with 2. */
async function refuse(files: Readonly<Record<string, string | Uint8Array>>, command = "train") {
  const cwd = folder();
  write(cwd, { "t.csv": table, "n.yaml": network(), ...files });
  const { code, stdout, stderr } = await run([command, "n.yaml"], { cwd });
  expect(code, stderr).toBe(2);
  expect(stdout).toBe("");
  expect(stderr).toMatch(/^error /);
  expect(stderr).toMatch(/\n {2}fix {6}\S/);
  expect(stderr).not.toMatch(/\n\s+at .*\.(js|ts):/);
  expect(existsSync(join(cwd, "n.safetensors"))).toBe(false);
  return stderr;
}

describe("a network file with mistakes", () => {
  const lines = (text: string) => ({ "n.yaml": text });
  it.each([
    [
      "an unknown layer",
      network({ layers: "[{ linaer: { outputs: 2 } }]" }),
      ["n.yaml:1:12", "Did you mean linear?", "^^^^^^"],
    ],
    [
      "a wrong shape",
      network({
        layers: "[{ linear: { outputs: 2, weight: [[1, 2], [3, 4], [5, 6]] } }]",
        inputs: "2",
      }),
      ["n.yaml:1:42", "2 rows", "found    3"],
    ],
    [
      "rows of another width",
      network({ layers: "[{ linear: { outputs: 2, weight: [[1], [2]] } }]", inputs: "2" }),
      ["2 numbers, one for each input"],
    ],
    [
      "ragged weights",
      network({ layers: "[{ linear: { outputs: 2, weight: [[1, 2], [3]] } }]" }),
      ["different lengths", "n.yaml:1:51"],
    ],
    [
      "ragged examples",
      network({
        data: "{ examples: [{ inputs: [1, 2], targets: a }, { inputs: [1], targets: b }] }",
      }),
      ["another number of inputs", "n.yaml:4:62"],
    ],
    [
      "a number that is not finite",
      network({ data: "{ examples: [{ inputs: [1, .nan], targets: a }] }" }),
      ["must be finite", "n.yaml:4:34"],
    ],
    ["a text for a number", network({ training: "{ epochs: many }" }), ["whole number", '"many"']],
    ["a missing part", "layers: [sigmoid]\nloss: hinge\n", ['"optimizer" is missing']],
    ["no data", "layers: [sigmoid]\nloss: hinge\noptimizer: sgd\n", ["names no data"]],
    ["nothing at all", "", ["is empty"]],
    ["only a comment", "# soon\n", ["is empty"]],
    ["bytes", "\0\0\0", ["NUL"]],
    ["an open bracket", "layers: [linear\n", ["bracket", "n.yaml:2:1"]],
    ["a tab", "layers:\n\t- relu\n", ["tab", "Indent with spaces"]],
    ["two of a name", "loss: hinge\nloss: huber\n", ["second time", "n.yaml:2:1"]],
    [
      "a wrong indentation",
      "layers:\n  - linear:\n    outputs: 2\nloss: hinge\noptimizer: sgd\n",
      ["Indent what belongs to linear further"],
    ],
    [
      "contradicting settings",
      network({ optimizer: "{ sgd: { nesterov: true } }" }),
      ["needs momentum", "n.yaml:3:"],
    ],
    [
      "a label beyond the classes",
      network({ data: "{ classes: [a, b], examples: [{ inputs: [1, 2], targets: 2 }] }" }),
      ["none of the classes", "n.yaml:4:64"],
    ],
    [
      "targets that are not as many as outputs",
      network({ loss: "huber", data: "{ examples: [{ inputs: [1], targets: [1, 2, 3] }] }" }),
      ["2 numbers, one for each output"],
    ],
  ])("%s", async (_, text, said) => {
    const stderr = await refuse(lines(text));
    for (const words of said) expect(stderr).toContain(words);
  });
  it("reports everything at once", async () => {
    const stderr = await refuse(
      lines(network({ layers: "[sigmod, relo]", loss: "mse", training: "{ epochs: 0 }" })),
    );
    expect(stderr).toContain("n.yaml has 4 problems");
    for (const fix of ["sigmoid?", "relu?", "meanSquaredError?"]) expect(stderr).toContain(fix);
  });
  it("does not exist, is a folder, or is a checkpoint", async () => {
    const cwd = folder();
    mkdirSync(join(cwd, "folder"));
    for (const [path, words] of [
      ["nothing.yaml", "no such file"],
      ["folder", "a folder, not a file"],
      ["x.safetensors", "not a checkpoint"],
    ] as const) {
      const { code, stderr } = await run(["train", path], { cwd });
      expect(code).toBe(2);
      expect(stderr).toContain(words);
    }
  });
});

describe("a table with mistakes", () => {
  it.each([
    ["ragged rows", "a,b,kind\n1,2,x\n3,4\n", ["t.csv, line 3 (named in n.yaml:4:", "3 cells"]],
    [
      "a cell that is no number",
      "a,b,kind\n1,2,x\n3,oops,y\n4,5,x\n",
      ['t.csv, line 3, column "b"', "oops"],
    ],
    [
      "a missing column",
      "a,b,sort\n1,2,x\n",
      ['no column "kind"', "n.yaml:4:37", '"a", "b", "sort"'],
    ],
    ["no lines", "", ["no rows", "t.csv"]],
    ["a header and no rows", "a,b,kind\n", ["no rows"]],
    ["NaN", "a,b,kind\n1,2,x\n3,inf,y\n4,5,x\n", ["not finite", "inf"]],
    ["missing values", "a,b,kind\n1,,x\n3,4,y\n", ["Some values are missing", '"drop"']],
    [
      "more classes than outputs",
      "a,b,kind\n1,2,x\n3,4,y\n5,6,z\n",
      ["too few outputs", "3 outputs", "n.yaml:1:"],
    ],
    ["bytes that are no UTF-8", Uint8Array.of(0x61, 0xff, 0x0a), ["not UTF-8", "t.csv"]],
    ["an open quotation mark", 'a,b,kind\n1,2,"x\n', ["quotation mark"]],
  ])("%s", async (_, text, said) => {
    const stderr = await refuse({ "t.csv": text });
    for (const words of said) expect(stderr).toContain(words);
  });
  it("does not exist", async () => {
    const stderr = await refuse({
      "n.yaml": network({ data: "{ csv: { file: u.csv, target: kind } }" }),
    });
    expect(stderr).toMatch(/no such file[\s\S]*u\.csv \(named in n\.yaml:4:22\)/);
  });
});

/** An IDX file: element type 8, sizes, bytes. */
function idx(sizes: readonly number[], bytes: number, claimed = sizes): Uint8Array {
  const header = [
    0,
    0,
    8,
    sizes.length,
    ...claimed.flatMap((n) => [n >>> 24, (n >> 16) & 255, (n >> 8) & 255, n & 255]),
  ];
  return Uint8Array.from([...header, ...Array.from({ length: bytes }, (_, i) => i % 3)]);
}

describe("images with mistakes", () => {
  const text = network({
    layers: "[{ linear: { outputs: 3 } }]",
    data: "{ idx: { images: i.idx, labels: l.idx } }",
  });
  const good = { "n.yaml": text, "i.idx": idx([6, 2, 2], 24), "l.idx": idx([6], 6) };
  it("are trained on when there are none", async () => {
    const cwd = folder();
    write(cwd, { ...good, "i.idx": gzipSync(good["i.idx"]) });
    expect((await run(["train", "n.yaml", "-q"], { cwd })).code).toBe(0);
  });
  it.each([
    ["an empty file", { "i.idx": "" }, ["no IDX file", "i.idx (named in n.yaml:4:"]],
    ["a truncated header", { "i.idx": idx([6, 2, 2], 24).subarray(0, 9) }, ["ends in its header"]],
    ["truncated data", { "i.idx": idx([6, 2, 2], 20) }, ["shorter than its header says"]],
    [
      "a header that claims too much",
      { "i.idx": idx([6, 2, 2], 24, [0x7fffffff, 28, 28]) },
      ["shorter than its header says"],
    ],
    [
      "a header that claims too little",
      { "i.idx": idx([6, 2, 2], 24, [5, 2, 2]) },
      ["longer than its header says"],
    ],
    ["another number of labels", { "l.idx": idx([5], 5) }, ["differ", "l.idx"]],
    [
      "exchanged files",
      { "i.idx": good["l.idx"], "l.idx": good["i.idx"] },
      ["These are no images."],
    ],
    [
      "a label out of range",
      { "n.yaml": text.replace("l.idx", "l.idx, classes: 2") },
      ["A label has no class", "l.idx"],
    ],
    ["cut-off gzip", { "i.idx": gzipSync(good["i.idx"]).subarray(0, 20) }, ["gzip", "i.idx"]],
  ])("%s", async (_, files, said) => {
    const stderr = await refuse({ ...good, ...files });
    for (const words of said) expect(stderr).toContain(words);
  });
});

describe("training that diverges", () => {
  it("stops with the operation, its inputs and the line that made it, and saves nothing", async () => {
    const cwd = folder();
    write(cwd, {
      "n.yaml":
        "layers:\n  - linear: { outputs: 1 }\nloss: meanSquaredError\n" +
        "optimizer: { sgd: { learningRate: 100 } }\ndata: { generate: { regression: {} } }\n",
      "n.safetensors": "previous",
    });
    const { code, stderr } = await run(["train", "n.yaml"], { cwd });
    expect(code).toBe(1);
    expect(stderr).toMatch(/Training stopped at step \d+/);
    expect(stderr).toMatch(/from\n +\w+/);
    expect(stderr).toMatch(/at +n\.yaml:\d+:\d+/);
    expect(readFileSync(join(cwd, "n.safetensors"), "utf8")).toBe("previous");
  });
});

describe("an output that cannot be written", () => {
  it.each([
    ["/nonexistent/x.safetensors", "folder does not exist"],
    ["/dev/null", "something else than a file"],
    [".", "something else than a file"],
  ])("%s is refused before the work", async (out, words) => {
    const start = performance.now();
    const { code, stderr } = await run([
      "train",
      example("spirals"),
      "--epochs",
      "100000",
      "--out",
      out,
    ]);
    expect(code).toBe(2);
    expect(stderr).toContain(words);
    expect(performance.now() - start).toBeLessThan(5000);
  });

  const full = folder();
  let mounted = false;
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=4k", "tmpfs", full], { stdio: "ignore" });
    mounted = true;
  } catch {
    // Only root may mount; the same is tested with a failing write in test/files.
  }
  afterAll(() => {
    if (mounted) execFileSync("umount", [full]);
  });
  it.skipIf(!mounted)("a full disk leaves the old file (needs the right to mount)", async () => {
    write(full, { "x.safetensors": "previous" });
    const args = [
      "train",
      example("iris"),
      "-q",
      "--epochs",
      "2",
      "--out",
      join(full, "x.safetensors"),
    ];
    const { code, stderr } = await run(args);
    expect(code).toBe(2);
    expect(stderr).toContain("The disk is full");
    expect(readFileSync(join(full, "x.safetensors"), "utf8")).toBe("previous");
  });
});

describe("a place where nothing can be saved", () => {
  const trained = (out: string) => run(["train", example("xor"), "--out", out], { cwd: folder() });
  it.each([
    [
      "a name that is too long",
      `${"a".repeat(300)}.safetensors`,
      "path is too long",
      "ENAMETOOLONG",
    ],
    ["a file in the place of a folder", join(example("xor"), "b", "c.safetensors"), "", "ENOTDIR"],
    // Where there is a /proc: it takes no files, not even from root.
    ...(existsSync("/proc/self")
      ? [["/proc", "/proc/x.safetensors", "takes no files", "ENOENT"]]
      : []),
  ])("is refused before anything is trained: %s", async (_, out, words, code) => {
    const { code: exit, stdout, stderr } = await trained(out!);
    expect({ exit, stdout }).toEqual({ exit: 2, stdout: "" });
    expect(stderr.replace(/\s+/g, " ")).toContain(words);
    expect(stderr).toContain(`found    ${code}`);
    expect(stderr).not.toContain("ermission");
  });
});

describe("a table in the place of a network", () => {
  it.each(["predict", "evaluate", "train", "summary"])("%s says what to give", async (command) => {
    const stderr = await refuseTable(command);
    expect(stderr).toContain("This is a table, and not a network.");
    expect(stderr.includes("--data t.csv")).toBe(["predict", "evaluate"].includes(command));
  });
});

async function refuseTable(command: string): Promise<string> {
  const cwd = folder();
  write(cwd, { "t.csv": table });
  const { code, stderr } = await run([command, "t.csv"], { cwd });
  expect(code).toBe(2);
  return stderr.replace(/\s+/g, " ");
}
