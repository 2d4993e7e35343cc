/** The release script, in a package of its own; nothing here publishes. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root } from "./blocks.ts";

interface Facts {
  readonly status: string;
  readonly version: string;
  readonly lockVersion: string;
  readonly changelog: string | undefined;
  readonly tags: readonly string[];
  readonly addresses: Readonly<Record<string, string | { readonly url: string } | undefined>>;
}
const { problems } = (await import(
  new URL("../../tools/release/checks.mjs", import.meta.url).href
)) as { problems: (facts: Facts) => string[] };

describe("what keeps a version from being released", () => {
  const fine: Facts = {
    status: "",
    version: "1.2.0",
    lockVersion: "1.2.0",
    changelog: "# Changes\n\n## 1.2.0\n\n- Faster.\n\n## 1.1.0\n\n- First.\n",
    tags: ["v1.1.0"],
    addresses: { repository: { url: "https://example.org/a" }, bugs: "https://example.org/b" },
  };
  it.each([
    "## 1.2.0\n- Faster.\n",
    "## [1.2.0] - 2026-11-29\n\n### Added\n\n- x\n",
    "## Unreleased\n\n## v1.2.0 (2026)\n- x\n",
  ])("is nothing with %j", (changelog) => {
    expect(problems({ ...fine, changelog })).toEqual([]);
  });
  it.each<[string, Partial<Facts>, RegExp]>([
    ["a file that is not committed", { status: "?? a.ts\n" }, /not clean.*\n\?\? a\.ts$/],
    ["a version that is none", { version: "1.2", lockVersion: "1.2" }, /has version "1\.2"/],
    ["another version in the lock file", { lockVersion: "1.1.0" }, /^package-lock\.json .*1\.1\.0/],
    ["a tag", { tags: ["v1.1.0", "v1.2.0"] }, /tag v1\.2\.0 already/],
    ["no list of changes", { changelog: undefined }, /no CHANGELOG/],
    ["no entry", { changelog: "## 1.2.01\n- x\n## 1.2\n- y\n" }, /no heading "## 1\.2\.0"/],
    ["an empty entry", { changelog: "## 1.2.0\n\n## 1.1.0\n- x\n" }, /nothing below/],
    ["no place of the sources", { addresses: { repository: undefined } }, /no "repository"/],
    ["nowhere to report", { addresses: { bugs: { url: "" } } }, /no "bugs"/],
    ["an entry below", { changelog: "## Unreleased\n- y\n## 1.2.0\n- x\n" }, /unreleased changes/],
  ])("is %s", (_, facts, said) => {
    const found = problems({ ...fine, ...facts });
    expect(found.filter((sentence) => said.test(sentence)).length, found.join("\n")).toBe(1);
  });
});

describe("npm run release", () => {
  const place = mkdtempSync(join(tmpdir(), "chainrule-release-"));
  const write = (file: string, text: string) => writeFileSync(join(place, file), text);
  const git = (...words: string[]) =>
    spawnSync("git", ["-c", "user.name=a", "-c", "user.email=a@b", ...words], { cwd: place });
  const commit = () => {
    git("add", "-A");
    git("commit", "-qm", "A commit");
  };
  const release = (...words: string[]) => {
    const options = { cwd: place, encoding: "utf8" } as const;
    return spawnSync(process.execPath, [join(root, "tools/release.mjs"), ...words], options);
  };
  const scripts = (ok: string) =>
    JSON.stringify({
      ...{ name: "small-thing", version: "0.0.1", files: ["a.txt"] },
      ...{ repository: "https://example.org/a", bugs: "https://example.org/b" },
      scripts: { ok, build: "node --version", prepack: "node -e process.exit(3)" },
    });
  beforeAll(() => {
    git("init", "-q");
    write("package.json", scripts("node --version"));
    write("package-lock.json", JSON.stringify({ name: "small-thing", version: "0.0.1" }));
    write("a.txt", "a".repeat(1500));
    write("b.txt", "not part of it");
    write("CHANGELOG.md", "## 0.0.1\n\n- All of it.\n");
    commit();
  });
  afterAll(() => rmSync(place, { recursive: true, force: true }));

  it("packs, and prints what the tarball holds", () => {
    const { status, stdout, stderr } = release("--dry-run");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/^ +1\.5 kB {2}a\.txt$/m);
    expect(stdout).toMatch(/small-thing-0\.0\.1\.tgz: 2 files, /);
    expect(stdout).not.toContain("b.txt");
    expect(stdout).toContain("Nothing was published");
  });
  it("stops, and says why, before anything runs", () => {
    write("c.txt", "new");
    const { status, stdout, stderr } = release();
    expect(status).toBe(1);
    expect(stderr).toContain("small-thing 0.0.1 cannot be released:\n- The working tree");
    expect(stderr).toContain("?? c.txt");
    expect(stdout).toBe("");
    rmSync(join(place, "c.txt"));
  });
  it("stops where something fails, and where a test leaves something behind", () => {
    write("package.json", scripts("node -e process.exit(1)"));
    commit();
    const failed = release("--dry-run");
    expect(failed.status).toBe(1);
    expect(failed.stderr).toContain("npm run ok failed");
    expect(failed.stdout).not.toContain("a.txt");
    const leave = `require("fs").writeFileSync("d.txt","d")`;
    write("leave.cjs", leave);
    write("package.json", scripts("node leave.cjs"));
    commit();
    const left = release("--dry-run");
    expect(left.status).toBe(1);
    expect(left.stderr).toContain("have changed the working tree:\n?? d.txt");
  });
  it.each([["--dry-run", "--publish"], ["--dry"]])("refuses %s %s", (...words) => {
    const { status, stderr } = release(...words.filter((word) => word !== undefined));
    expect(status).toBe(2);
    expect(stderr).toContain("usage: npm run release");
  });
});
