/**
 * Everything that can be called from outside is called with wrong arguments: whatever comes of it
 * explains itself. What is exported without a row (functions.ts, right.ts) fails here, too.
 */
import { existsSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { ChainruleError } from "../../src/core/errors.ts";
import * as right from "./right.ts";
import { cleanUp, type Probe } from "./samples.ts";
import { wrongArguments } from "./wrong.ts";

afterAll(cleanUp);

type Call = (...given: unknown[]) => unknown;

/** Whether an error was thrown by a function of the caller's, which says what it likes. */
function isCallers(error: unknown): boolean {
  const [first = ""] = String((error as Error)?.stack).match(/^ +at .*$/gm) ?? [];
  return first.includes("/test/api/");
}

async function run({ call, use }: Probe, given: readonly unknown[]): Promise<void> {
  const result = await (call as Call)(...given);
  await use?.(result as never);
}

/** What is thrown at a person that does not explain itself. */
async function bare(probe: Probe): Promise<string[]> {
  const found = new Set<string>();
  for (const given of wrongArguments(probe.right, probe.depth)) {
    try {
      await run(probe, given);
    } catch (error) {
      if (error instanceof ChainruleError || isCallers(error)) continue;
      const [message, , at] = String((error as Error)?.stack).split("\n");
      found.add(`${message} ${at?.trim()}`);
    }
  }
  return [...found];
}

const tables = Object.entries(right.tables).map(([name, table]) => [name, table] as const);
describe.each(tables)("%s", (_, { probes, exported }) => {
  test("every function has a row", () => {
    const names = Object.keys(probes).map((name) => /^[\w$]+/.exec(name)![0]);
    expect(new Set(names)).toEqual(new Set([...names, ...exported]));
  });
  test.each(Object.entries(probes))("%s", async (_, probe) => {
    await run(probe, probe.right);
    expect(await bare(probe)).toEqual([]);
  });
});

test("what happens to be a path names no file outside the tests' own folder", () => {
  expect(existsSync("1")).toBe(false);
});
