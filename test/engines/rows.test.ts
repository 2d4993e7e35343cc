/**
 * What `npm run engines` runs everywhere, in small and in this Node alone: its parts come to the
 * same bits however they are computed, and the page that shows them names the same rows.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Findings } from "../../tools/engines/rows.ts";

const tool = (name: string) => new URL(`../../tools/engines/${name}`, import.meta.url).href;
const { bundle } = (await import(tool("bundle.mjs"))) as {
  readonly bundle: (entry: string) => Promise<string>;
};

interface Report {
  readonly differences: readonly (readonly [part: string, found: readonly unknown[]])[];
  readonly rows: readonly { readonly row: string }[];
  readonly groups: ReadonlyMap<string, readonly string[]>;
}
interface Result extends Findings {
  readonly name: string;
  readonly version: string;
}
const { compare, documentOf, lines } = (await import(tool("report.mjs"))) as {
  readonly compare: (results: readonly Result[]) => Report;
  readonly documentOf: (report: Report, skipped: readonly string[]) => string;
  readonly lines: (report: Report, options: { readonly parts: boolean }) => Iterable<string>;
};

const folder = mkdtempSync(join(tmpdir(), "chainrule-rows-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let found: Result;
beforeAll(async () => {
  writeFileSync(
    join(folder, "rows.mjs"),
    await bundle(`import { findings } from "./rows.ts";
console.log(JSON.stringify(await findings({ small: true })));`),
  );
  const { stdout } = await promisify(execFile)(process.execPath, [join(folder, "rows.mjs")], {
    maxBuffer: 2 ** 26,
  });
  found = { ...(JSON.parse(stdout) as Findings), name: "Node", version: process.versions.node };
}, 120_000);

describe("the rows that engines are compared by", () => {
  it("have one hash each, by one thread and by two", () => {
    expect(found.threads).toBe(2);
    expect(found.hashes.length).toBeGreaterThan(40);
    const { differences, groups } = compare([found]);
    expect(differences).toEqual([]);
    expect([...groups.values()]).toEqual([["Node"]]);
  });

  it("are those of docs/engines.md", () => {
    const page = readFileSync(new URL("../../docs/engines.md", import.meta.url), "utf8");
    const { rows } = compare([found]);
    const shown = [...page.matchAll(/^\| ([a-z][^|]*) \|/gm)].map(([, row]) => row!.trim());
    // A whole run also trains the spirals.
    expect(shown.filter((row) => !row.startsWith("train "))).toEqual(rows.map(({ row }) => row));
  });

  it("tell which part of which engine differs", () => {
    const { hashes, ...rest } = found;
    const changed = hashes.map((one) =>
      one.part === "dropout" && one.way === "2 threads" && one.row === "activations, f64"
        ? { ...one, hash: "0" }
        : one,
    );
    const report = compare([found, { ...rest, hashes: changed, name: "Other" }]);
    expect(report.differences.map(([part]) => part)).toEqual(["activations, f64: dropout"]);
    const text = [...lines(report, { parts: false })].join("\n");
    expect(text).toContain("different  activations, f64: dropout");
    expect(text).toMatch(/ 0 {2}Other \(2 threads\)$/m);
    expect(text).toMatch(/1 of \d+ parts have different bits/);
    expect(documentOf(report, ["Bun: not here"])).toContain("- not here: Bun");
  });
});
