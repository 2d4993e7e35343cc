import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { example, folder, root, run } from "./run.ts";

const cwd = folder();
const text = (path: string) => readFileSync(join(cwd, path), "utf8");

describe("example", () => {
  it("lists what there is, in a terminal of 80 columns", async () => {
    const { code, stdout } = await run(["example"], { cwd });
    expect(code).toBe(0);
    for (const name of ["iris", "penguins", "two-two-two", "xor"]) expect(stdout).toContain(name);
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
    const json = JSON.parse((await run(["example", "--json"], { cwd })).stdout);
    expect(json.iris).toContain("iris");
    // "et al. 1998" ends no sentence, and a sentence may go on in the next line.
    expect(json.lenet).toMatch(/\(LeCun et al\. 1998\).* dense layers$/);
  });
  it("writes networks with their data, which train as they are", async () => {
    const { code, stdout, stderr } = await run(["example", "iris", "xor"], { cwd });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("train examples/iris.yaml");
    expect(text("examples/iris.yaml")).toBe(readFileSync(example("iris"), "utf8"));
    expect(text("examples/data/iris.csv")).toBe(
      readFileSync(join(root, "examples/data/iris.csv"), "utf8"),
    );
    const trained = await run(["train", "examples/iris.yaml", "-e", "1", "-q"], { cwd });
    expect(trained).toMatchObject({ code: 0, stderr: "" });
  });
  it("has nothing against files that are there already, as they are", async () => {
    const { code, stdout } = await run(["example", "iris", "xor"], { cwd });
    expect(code).toBe(0);
    expect(stdout).toContain("train examples/xor.yaml");
    expect(text("examples/xor.yaml")).toBe(readFileSync(example("xor"), "utf8"));
  });
  it("replaces nothing unless it is told to", async () => {
    writeFileSync(join(cwd, "examples/xor.yaml"), "mine");
    const { code, stderr } = await run(["example", "two-two-two", "xor"], { cwd });
    expect(code).toBe(2);
    expect(stderr).toContain("examples/xor.yaml");
    expect(text("examples/xor.yaml")).toBe("mine");
    expect(existsSync(join(cwd, "examples/two-two-two.yaml"))).toBe(false);
    expect((await run(["example", "xor", "--force"], { cwd })).code).toBe(0);
    expect(text("examples/xor.yaml")).toBe(readFileSync(example("xor"), "utf8"));
  });
  it("names the nearest where there is none", async () => {
    const { code, stderr } = await run(["example", "irish"], { cwd });
    expect(code).toBe(2);
    expect(stderr).toContain('Did you mean "iris"?');
  });
});
