import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { describe, expect, it } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { cli, example, folder, run } from "./run.ts";

const reading = ["train", "predict", "summary", "check", "report"];
const commands = [
  "tour",
  "example",
  ...reading,
  "explain",
  "diagnose",
  "sweep",
  "repeat",
  "compare",
  "inspect",
  "import",
  "export",
  "studio",
  "bench",
  "doctor",
  "exercise",
  "grade",
];

describe("usage", () => {
  it("is an executable file", () => {
    expect(statSync(cli).mode & 0o111).toBe(0o111);
    expect((spawnSync(cli, ["--version"]).stdout ?? "").toString().trim()).toBe(
      packageJson.version,
    );
  });
  it.each([[], ...commands.map((c) => [c])])("has help: %s", async (...words) => {
    const { code, stdout, stderr } = await run([...words, "--help"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^Usage: chainrule/);
    expect(stdout).toContain("--help");
    for (const line of stdout.split("\n")) expect(line.length, line).toBeLessThanOrEqual(80);
  });
  it.each([60, 40])("has help within %s columns", async (columns) => {
    for (const words of [[], ["train"], ["explain"]]) {
      const env = { COLUMNS: String(columns) };
      const { stdout } = await run([...words, "--help"], { env });
      // What can be copied stays in one piece.
      const lines = stdout.split("\n").filter((line) => !/^( {2}|Usage: )chainrule/.test(line));
      for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(columns);
      expect(stdout).toContain("-h, --help");
    }
  });
  it("does not say that a backend cannot run that can", async () => {
    const { stdout } = await run(["train", "--help"]);
    expect(stdout).toContain('"wasm"');
    expect(stdout).not.toContain("cannot run here");
  });
  it("says what is wrong in the terminal's width", async () => {
    const words = ["train", "x", "--frobnicate-all-the-things-that-there-are-and-more-of-them-too"];
    for (const [columns, env] of [
      [80, {}],
      [50, { COLUMNS: "50" }],
    ] as const) {
      const { stderr } = await run(["frobnicate-without-end"], { env });
      expect(stderr).toContain("tour, example, train");
      for (const line of stderr.split("\n")) expect(line.length, line).toBeLessThanOrEqual(columns);
    }
    expect((await run(words)).code).toBe(2);
  });
  it.each(commands)("%s takes --json", async (command) => {
    expect((await run([command, "--help"])).stdout).toContain("--json");
  });
  it("lists every command", async () => {
    const { stdout } = await run(["--help"]);
    for (const command of commands) expect(stdout).toContain(`  ${command} `);
  });
  it.each([
    [["trian", "x"], "There is no command “trian”", "Did you mean train?"],
    [["net.yaml"], "There is no command “net.yaml”", "chainrule train net.yaml"],
    [["--bogus"], "Unknown option '--bogus'", "chainrule --help"],
    [["train", "x", "--epoch", "3"], "Unknown option '--epoch'", "Did you mean --epochs?"],
    [["train"], "Missing required argument 'file'", "chainrule train --help"],
    [["train", "x", "--epochs", "0"], "whole number ≥ 1", "chainrule train --help"],
    [["train", "x", "--epochs", "1e3"], "whole number ≥ 1", "chainrule train --help"],
    [["studio", "--port", "65536"], "whole number ≥ 0 and ≤ 65535", "chainrule studio --help"],
    [["train", "x", "--seed", "a"], "whole number", "chainrule train --help"],
    [["train", "x", "--update", "now"], "simultaneous", "chainrule train --help"],
    [["train", "x", "--backend", "turbo"], "auto, c, wasm, interpreter", "chainrule train --help"],
    [["bench", "--backend", "turbo"], "auto, c, wasm, interpreter", "chainrule bench --help"],
    [["train", "a", "b"], "too many arguments", "chainrule train --help"],
    [["check", "x", "--order", "3"], "1, 2", "chainrule check --help"],
  ])("explains %j", async (words, message, fix) => {
    const { code, stdout, stderr } = await run(words);
    expect(code).toBe(2);
    expect(stdout).toBe("");
    const said = stderr.replace(/\n {6,}(?=\S)/g, " ");
    expect(said.toLowerCase()).toContain(message.toLowerCase());
    expect(said).toContain(fix);
    expect(stderr).not.toMatch(/\n\s+at .*\.(js|ts):/);
  });
  it.each(reading)("%s says what is wrong as JSON", async (command) => {
    const { code, stdout, stderr } = await run([command, "nothing.yaml", "--json"]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: "" });
    const { error } = JSON.parse(stdout);
    expect(error).toMatchObject({ code: "file-unreadable", where: "nothing.yaml" });
    expect(error.fix).toBeTruthy();
  });
  it("does not mind a reader that has seen enough", async () => {
    const cwd = folder();
    const { code, stderr } = await run(
      ["train", example("two-two-two"), "--epochs", "500", "--json"],
      {
        cwd,
        during: (child) => child.stdout?.once("data", () => child.stdout?.destroy()),
      },
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(statSync(`${cwd}/two-two-two.safetensors`).size).toBeGreaterThan(0);
  });
});
