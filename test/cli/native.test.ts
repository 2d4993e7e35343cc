/** The C backend from the command line: what is said, kept and removed, and what happens when it cannot be. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { canRun } from "../../src/backends/c/index.ts";
import { decodeSafetensors } from "../../src/files/safetensors.ts";
import { example, folder, run } from "./run.ts";

const here = canRun();
const title = here === true ? "the C backend" : `the C backend: skipped, since ${here}`;

const flat = (text: string): string => text.replace(/\s+/g, " ");
const train = ["train", example("xor"), "--epochs", "3", "--backend", "c"];
const trainedOn = (cwd: string): string =>
  JSON.parse(
    decodeSafetensors(readFileSync(join(cwd, "xor.safetensors"))).metadata.training ?? "{}",
  ).backend;

describe.skipIf(here !== true)(title, () => {
  const cache = folder();
  const env = { CHAINRULE_CACHE: cache };
  const kept = (): string[] => readdirSync(join(cache, "native"));

  it("trains; the checkpoint says where, and going on elsewhere is noted", async () => {
    const cwd = folder();
    expect(await run(train, { cwd, env })).toMatchObject({ code: 0, stderr: "" });
    expect(trainedOn(cwd)).toBe("c");
    const resume = ["train", example("xor"), "--epochs", "5", "--resume", "xor.safetensors"];
    // Where nothing is said, it goes on as it was begun.
    const { stdout: silent } = await run([...resume, "--out", "2.safetensors"], {
      cwd,
      env: { ...env, CHAINRULE_AUTO: "" },
    });
    expect(flat(silent)).not.toContain("trained on the backend");
    const { code, stdout } = await run([...resume, "--backend", "wasm"], { cwd, env });
    expect(code).toBe(0);
    expect(flat(stdout)).toContain(
      'trained on the backend "c", and this is "wasm": training goes on',
    );
    expect(trainedOn(cwd)).toBe("wasm");
  });

  it("goes on with a run as it was begun, and repeats it to the bit", async () => {
    const cwd = folder();
    const begun = await run([...train, "--run", "r"], { cwd, env });
    expect(begun).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(readFileSync(join(cwd, "r/run.json"), "utf8")).versions.backend).toBe("c");
    const repeated = await run(["repeat", "r", "--json"], { cwd, env });
    expect(repeated).toMatchObject({ code: 0, stderr: "" });
    expect((await run(["train", "r"], { cwd, env })).code).toBe(0);
  });

  it("keeps libraries, says so, and clears them alone", async () => {
    const own = kept().filter((name) => name.endsWith(".so")).length;
    expect(own).toBeGreaterThan(0);
    writeFileSync(join(cache, "native", "of-somebody-else.so"), "");
    const said = JSON.parse((await run(["cache", "--json"], { env })).stdout);
    expect(said).toMatchObject({ folder: join(cache, "native"), files: own, cleared: false });
    expect(said.bytes).toBeGreaterThan(1000);
    const cleared = await run(["cache", "clear"], { env });
    expect(cleared.stdout).toContain(`: ${own} file`);
    expect(kept()).toEqual(["of-somebody-else.so"]);
    expect((await run(["cache", "empty"], { env })).code).toBe(2);
  });

  it("keeps no more than it may", async () => {
    const cwd = folder();
    const little = { ...env, CHAINRULE_CACHE_MIB: "0" };
    for (const name of ["xor", "two-two-two"]) {
      const words = ["train", example(name), "--epochs", "2", "--backend", "c"];
      expect(await run(words, { cwd, env: little })).toMatchObject({ code: 0, stderr: "" });
    }
    expect(kept().filter((name) => /^[0-9a-f]{40}\.so$/.test(name))).toHaveLength(1);
  });

  describe("where it cannot compile", () => {
    const place = folder();
    /** A compiler that says who it is, and then does this. */
    const compiler = (name: string, does: string): string => {
      const path = join(place, name);
      const text = `#!/bin/sh\ncase "$*" in *--version*) echo "gcc (one of ours) 12.2.0"; exit 0;; esac\n${does}\n`;
      writeFileSync(path, text, { mode: 0o755 });
      return path;
    };
    const shared = join(place, "shared");
    beforeAll(() => {
      mkdirSync(join(shared, "native"), { recursive: true });
      chmodSync(join(shared, "native"), 0o777);
      writeFileSync(join(place, "file"), "");
    });

    it.each<[string, () => Record<string, string>, string]>([
      ["fails", () => ({ CC: compiler("fails", "echo out of ideas >&2; exit 1") }), "out of ideas"],
      [
        "hangs",
        () => ({ CC: compiler("hangs", "exec sleep 50"), CHAINRULE_CC_SECONDS: "0.5" }),
        "no library after 0.5 seconds",
      ],
      [
        "writes what is no library",
        () => ({
          CC: compiler("nonsense", 'while [ "$1" != -o ]; do shift; done; echo no > "$2"'),
        }),
        "does not load the library",
      ],
      ["may be led astray", () => ({ CHAINRULE_CACHE: shared }), "others may write it (mode 777)"],
      ["cannot write", () => ({ CHAINRULE_CACHE: join(place, "file") }), "cannot be written"],
    ])("one that %s: training goes on in WebAssembly", async (_, changes, text) => {
      const cwd = folder();
      const own = { CHAINRULE_CACHE: join(place, "cache"), ...changes() };
      const { code, stderr } = await run(train, { cwd, env: own });
      expect(code, stderr).toBe(0);
      expect(flat(stderr)).toContain(text);
      expect(flat(stderr)).toContain("WebAssembly goes on instead of C.");
      expect(trainedOn(cwd)).toBe("wasm");
      expect(readdirSync(join(shared, "native"))).toEqual([]);
    });

    it.each([
      [
        "fails",
        "echo out of ideas >&2; exit 1",
        "(out of ideas): training goes on in WebAssembly.",
      ],
      ["hangs", "sleep 50", "(no library after 0.4 seconds): training goes on in WebAssembly."],
    ])("one that %s in the background: a remark", async (name, does, text) => {
      const cwd = folder();
      const CC = compiler(`${name}-later`, `case "$*" in *-dM*) exit 0;; esac\n${does}`);
      const own = { CC, CHAINRULE_CC_SECONDS: "0.4", CHAINRULE_AUTO: "" };
      // Long enough for it to begin, half a second in, and to be given up.
      const words = ["train", example("sine"), "--epochs", "30000", "--deterministic", "--quiet"];
      const env = { ...own, CHAINRULE_CACHE: join(place, "later") };
      const { code, stderr } = await run(words, { cwd, env });
      expect(code, stderr).toBe(0);
      expect(flat(stderr)).toContain(text);
      expect(readdirSync(join(place, "later", "native"))).toEqual([]);
    });

    it("a compiler's name is no command of a shell", async () => {
      const cwd = folder();
      const { code, stderr } = await run(train, { cwd, env: { CC: "cc; touch pwned" } });
      expect(code).toBe(2);
      expect(flat(stderr)).toContain('Use backend: "wasm".');
      expect(existsSync(join(cwd, "pwned"))).toBe(false);
    });
  });
});
