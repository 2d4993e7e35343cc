/** A package of which a file is missing, as one that is replaced while it runs: an end, and a word. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { root, run } from "./run.ts";

it("ends where what words its errors is not there", async () => {
  const cache = join(root, ".cache");
  mkdirSync(cache, { recursive: true });
  // Beside the package's own modules, so that those of others are found.
  const folder = mkdtempSync(join(cache, "incomplete-"));
  try {
    for (const name of readdirSync(join(root, "dist")).filter((name) =>
      /\.(js|json)$/.test(name),
    )) {
      if (!name.startsWith("cli-failure")) cpSync(join(root, "dist", name), join(folder, name));
    }
    const { code, stderr } = await run(["train", "missing.yaml"], {
      program: join(folder, "cli.js"),
      during: (child) => setTimeout(() => child.kill("SIGKILL"), 20_000).unref(),
    });
    expect(code).toBe(70);
    expect(stderr).toMatch(/^fault .*cli-failure/);
    expect(stderr).toContain("Install chainrule again.");
    expect(stderr).not.toMatch(/^ +at /m);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
