/** Networks of text on the command line: what comes next, how it goes on, and how well it is known. */
import { beforeAll, describe, expect, it } from "vitest";
import { folder, run, write } from "./run.ts";

const text = (parts = "", rest = ""): string =>
  "layers: [{ embedding: { entries: 12, features: 12 } }, { linear: { outputs: 12 } }]\n" +
  "loss: { crossEntropy: { ignoreIndex: -100 } }\noptimizer: { adam: { learningRate: 0.1 } }\n" +
  `data: { text: { file: t.txt, length: 8${parts} } }\ntraining: { epochs: 60 }\n${rest}`;

let cwd: string;
beforeAll(async () => {
  cwd = folder();
  write(cwd, { "n.yaml": text(), "t.txt": "abcd\n".repeat(60), "held.txt": "abcd\nabcd" });
  const { code, stdout } = await run(["train", "n.yaml"], { cwd });
  expect(code).toBe(0);
  expect(stdout).toContain('predict n.safetensors --input "abcd" --length 100');
}, 60_000);
const predict = (...args: string[]) => run(["predict", "n.safetensors", ...args], { cwd });

describe("predict of text", () => {
  it("says what comes next, with its probability", async () => {
    const { code, stdout, stderr } = await predict("-i", "ab", "-i", "d");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(
      /^row +next\n +1 +"c" +(?:99|100)\.\d %.*\n +2 +"\\n" +(?:99|100)\.\d % /,
    );
    const { predictions } = JSON.parse((await predict("-i", "ab", "--json")).stdout);
    expect(predictions[0].next).toHaveLength(5);
    expect(predictions[0].next[0]).toMatchObject({ token: "c" });
    expect(predictions[0]).not.toHaveProperty("continuation");
  });
  it("writes on, likely tokens alone at temperature 0", async () => {
    const { stdout } = await predict("-i", "ab", "--length", "7", "--temperature", "0");
    expect(stdout).toBe("abcd\nabcd\n");
    const other = await predict("-i", "cd", "--length", "3", "--temperature", "0", "--json");
    expect(JSON.parse(other.stdout).predictions[0].continuation).toBe("\nab");
  });
  it("draws what the seed decides", async () => {
    const drawn = (...args: string[]) =>
      predict("-i", "a", "--length", "60", "--temperature", "6", ...args);
    const [one, again, other] = await Promise.all([
      drawn(),
      drawn("--seed", "0"),
      drawn("--seed", "1"),
    ]);
    expect(one.stdout).toBe(again.stdout);
    expect(other.stdout).not.toBe(one.stdout);
    // At such a temperature everything occurs, and nothing but the characters of the text.
    expect(new Set(one.stdout)).toEqual(new Set("abcd\n"));
  });
  it("takes the end of a text that is longer than what the network sees", async () => {
    const { stdout, stderr } = await predict("-i", "abcd\nabcd\nab");
    expect(stdout).toMatch(/1 +"c" +(?:99|100)/);
    expect(stderr).toContain("Of text 1 the last 8 tokens of 12 are taken");
  });
  it("takes texts of a table, and writes them with what comes next", async () => {
    write(cwd, { "texts.csv": "id,text\n1,ab\n2,abc\n" });
    const args = ["--csv", "texts.csv", "--length", "2", "--temperature", "0", "--out", "o.csv"];
    expect((await predict(...args)).stdout).toBe("2 rows written to o.csv.\n");
    const { stdout } = await run(["predict", "n.safetensors", "--csv", "texts.csv"], { cwd });
    expect(stdout).toMatch(/1 +"c" .*\n +2 +"d" /);
    const read = await import("node:fs/promises");
    expect(await read.readFile(`${cwd}/o.csv`, "utf8")).toMatch(
      /^id,text,predicted,probability,continuation\n1,ab,c,0\.99\d+,cd\n2,abc,d,0\.99\d+,"d\n"\n$/,
    );
  });
  it("says what is wrong with a text", async () => {
    const told = async (...args: string[]) => {
      const { code, stderr } = await predict(...args);
      expect(code).toBe(2);
      return stderr;
    };
    expect(await told("-i", "")).toMatch(/The text is empty[\s\S]*at +text 1/);
    expect(await told("-i", "abx")).toMatch(/"x" did not occur[\s\S]*Leave out what did not occur/);
    expect(await told("--length", "5")).toContain("--length says how a text is written on");
    write(cwd, { "two.csv": "a,b\nab,cd\n" });
    expect(await told("--csv", "two.csv")).toContain('a column "text", or a single column');
    expect(await told("-i", "a", "--length", "2", "--temperature", "cold")).toContain(
      "It must be a number",
    );
  });
});
it("evaluate measures another text", async () => {
  const { code, stdout } = await run(
    ["evaluate", "n.safetensors", "--data", "held.txt", "--json"],
    { cwd },
  );
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ data: "held.txt", examples: 1, accuracy: 1 });
});
it("takes byte pairs, of which there are more than a matrix holds", async () => {
  write(cwd, {
    "pairs.yaml": text(", tokens: r50k_base", "")
      .replaceAll("12,", "50257,")
      .replace("features: 12", "features: 2")
      .replace("outputs: 12", "outputs: 50257")
      .replace("epochs: 60", "epochs: 1"),
    "p.txt": "Hello world, hello world.",
  });
  write(cwd, { "t2.txt": "Hello world" });
  const set = ["--set", "data.text.file=p.txt"];
  const { code, stderr } = await run(["train", "pairs.yaml", "-q", ...set], { cwd });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const { stdout } = await run(["predict", "pairs.safetensors", "-i", "Hello", "--json"], { cwd });
  expect(JSON.parse(stdout).predictions[0].next).toHaveLength(5);
}, 30_000);
