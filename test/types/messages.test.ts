/** What the compiler says of sizes that do not fit: one short line, at the layer that errs. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The compiler's output for a program with our settings; LIBRARY stands for our entry. */
async function compile(lines: readonly string[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "chainrule-types-"));
  try {
    const library = relative(folder, join(root, "src/index.ts"));
    writeFileSync(join(folder, "program.mts"), lines.join("\n").replace("LIBRARY", library));
    const config = {
      extends: join(root, "tsconfig.json"),
      compilerOptions: { typeRoots: [join(root, "node_modules/@types")] },
      include: ["program.mts"],
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const args = [tsc, "-p", folder, "--noEmit", "--pretty", "false"];
    const ended = await promisify(execFile)(process.execPath, args).catch((error) => error);
    return ended.stdout as string;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

it("names both sizes, at the layer's own place", async () => {
  const output = await compile([
    'import { linear, relu, sequential } from "LIBRARY";',
    "sequential(linear(2, 3), relu(), linear(4, 1));",
    "sequential(linear(2, 3), relu(), linear(3, 1));",
    "sequential(linear(784, 128), relu(), sequential(relu(), linear(64, 10)), linear(10, 2));",
  ]);
  const errors = output.split("\n").filter((line) => line.includes("program.mts("));
  expect(errors).toHaveLength(2);
  const [first, second] = errors as [string, string];
  // Line 2, where linear(4, 1) begins.
  expect(first).toMatch(/program\.mts\(2,34\): error/);
  expect(first).toContain("SizeMismatch<4, 3>");
  expect(first).toContain('"this layer expects", "but gets"');
  expect(first.length).toBeLessThan(220);
  expect(second).toMatch(/program\.mts\(4,/);
  expect(second).toContain("SizeMismatch<64, 128>");
});
