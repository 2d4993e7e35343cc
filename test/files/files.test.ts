import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import type { FileOperations, NewFile } from "../../src/files/atomic.ts";
import * as browser from "../../src/files/browser.ts";
import * as node from "../../src/files/node.ts";
import { readBytes, readText, writeAtomically, writeWith } from "../../src/files/node.ts";
import { rejection } from "../support/failure.ts";

const root = mkdtempSync(join(tmpdir(), "chainrule-files-"));
let count = 0;
let folder: string;
let path: string;

beforeEach(() => {
  folder = join(root, String(count++));
  mkdirSync(folder);
  path = join(folder, "network.safetensors");
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const old = Uint8Array.of(1, 2, 3);
const fresh = Uint8Array.of(4, 5, 6, 7);

describe("readBytes and readText", () => {
  it("read a file", async () => {
    writeFileSync(path, "\uFEFFgrüße\n");
    expect(await readText(path)).toBe("grüße\n");
    expect(await readBytes(path)).toEqual(new TextEncoder().encode("\uFEFFgrüße\n"));
    writeFileSync(path, "");
    expect(await readBytes(path)).toHaveLength(0);
  });
  it("say why a file cannot be read", async () => {
    const reason = async (name: string) =>
      (await rejection("file-unreadable", readBytes(join(folder, name)))).message;
    writeFileSync(path, old);
    expect(await reason("absent")).toContain("no such file");
    expect(await reason(".")).toContain("folder");
    expect(await reason("network.safetensors/x")).toContain("A part of the path is a file");
    expect(await reason("x".repeat(300))).toContain("too long");
    expect(await reason("a\0b")).toContain("not a valid path");
    symlinkSync("loop", join(folder, "loop"));
    expect(await reason("loop")).toContain("circle");
    await rejection("file-unreadable", readBytes(undefined as never as string));
    const error = await rejection("file-unreadable", readBytes(join(folder, "absent")));
    expect(error.where).toBe(join(folder, "absent"));
    expect(error.found).toBe("ENOENT");
  });
  it("do not wait for what never ends", async () => {
    execFileSync("mkfifo", [path]);
    await rejection("file-unreadable", readBytes(path));
    await rejection("file-unreadable", readBytes("/dev/zero"));
  });
  it("keep to the limit", async () => {
    writeFileSync(path, old);
    await rejection("too-large", readBytes(path, { limit: 2 }));
    await rejection("too-large", readText(path, { limit: 2 }));
    expect(await readBytes(path, { limit: 3 })).toEqual(old);
  });
  it("refuse text that is not UTF-8", async () => {
    writeFileSync(path, Uint8Array.of(0x61, 0xff));
    await rejection("file-corrupt", readText(path));
    writeFileSync(path, "\uFEFFa,b\n", "utf16le");
    expect((await rejection("file-corrupt", readText(path))).found).toContain("UTF-16");
  });
});

describe("writeAtomically", () => {
  it("creates and replaces, leaving nothing else", async () => {
    await writeAtomically(path, old);
    expect(new Uint8Array(readFileSync(path))).toEqual(old);
    await writeAtomically(path, fresh);
    expect(new Uint8Array(readFileSync(path))).toEqual(fresh);
    expect(readdirSync(folder)).toEqual(["network.safetensors"]);
  });
  it("keeps permissions, follows links, and takes long names", async () => {
    writeFileSync(path, old);
    chmodSync(path, 0o640);
    symlinkSync(path, join(folder, "link"));
    await writeAtomically(join(folder, "link"), fresh);
    expect(new Uint8Array(readFileSync(path))).toEqual(fresh);
    expect(statSync(path).mode & 0o777).toBe(0o640);
    expect(readdirSync(folder).sort()).toEqual(["link", "network.safetensors"]);
    await writeAtomically(join(folder, "x".repeat(255)), fresh);
  });
  it("says why a file cannot be written", async () => {
    writeFileSync(path, old);
    mkdirSync(join(folder, "inner"));
    const reason = async (name: string) =>
      (await rejection("file-unwritable", writeAtomically(join(folder, name), fresh))).message;
    const absent = await reason("absent/file");
    expect(absent).toContain("The folder does not exist, or takes no files.");
    expect(absent).toMatch(/^ {2}fix {6}Make the folder, or choose another place\.$/m);
    expect(await reason("network.safetensors/file")).toContain("A part of the path is a file");
    expect(await reason("inner")).toContain("folder");
    expect(await reason("x".repeat(256))).toContain("too long");
    await rejection("file-unwritable", writeAtomically("", fresh));
    await rejection("file-unwritable", writeAtomically("/", fresh));
    expect(readdirSync(folder).sort()).toEqual(["inner", "network.safetensors"]);
  });
  it.skipIf(!existsSync("/dev/full"))("does not replace a device by a file", async () => {
    await rejection("file-unwritable", writeAtomically("/dev/full", fresh));
    expect(statSync("/dev/full").isCharacterDevice()).toBe(true);
  });
  it("leaves a whole file when several write at once", async () => {
    const contents = Array.from({ length: 8 }, (_, i) => new Uint8Array(100_000).fill(i));
    await Promise.all(contents.map((bytes) => writeAtomically(path, bytes)));
    const found = readFileSync(path);
    expect(found).toHaveLength(100_000);
    expect(found.every((byte) => byte === found[0])).toBe(true);
    expect(readdirSync(folder)).toHaveLength(1);
  });
});

const steps = ["create", "write", "sync", "close", "rename"] as const;
type Step = (typeof steps)[number] | "nothing";

describe("a failure on the way", () => {
  /** Node's operations, of which one fails after it has done part of its work. */
  function failing(step: Step, code: string) {
    const error = Object.assign(new Error(code), { code });
    const operations: FileOperations = {
      async create(temporary) {
        if (step === "create") throw error;
        const file = await open(temporary, "wx");
        const made: NewFile = {
          async write(bytes) {
            await file.writeFile(step === "write" ? bytes.subarray(0, 1) : bytes);
            if (step === "write") throw error;
          },
          async sync() {
            if (step === "sync") throw error;
          },
          async close() {
            await file.close();
            if (step === "close") throw error;
          },
        };
        return made;
      },
      async rename(from, to) {
        if (step === "rename") throw error;
        await rename(from, to);
      },
      remove: (temporary) => rm(temporary),
      syncFolder: () => Promise.reject(new Error("not here")),
    };
    return operations;
  }
  it.each(
    steps.flatMap((step) =>
      ["ENOSPC", "EACCES", "EIO", "unknown"].map((code) => [step, code] as const),
    ),
  )("in %s with %s keeps the old file and removes the new", async (step, code) => {
    writeFileSync(path, old);
    const error = await rejection("file-unwritable", writeWith(failing(step, code), path, fresh));
    expect(error.found).toBe(code);
    expect(error.message).toMatch(/^ {2}fix {6}\S/m);
    expect(new Uint8Array(readFileSync(path))).toEqual(old);
    expect(readdirSync(folder)).toEqual(["network.safetensors"]);
  });
  it("in forcing the folder to the disk does no harm", async () => {
    await writeWith(failing("nothing", ""), path, fresh);
    expect(new Uint8Array(readFileSync(path))).toEqual(fresh);
  });
});

/** A disk of 256 KB, where the system lets us mount one. */
function smallDisk(at: string): boolean {
  try {
    mkdirSync(at);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", at], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

const disk = join(root, "disk");
const mounted = smallDisk(disk);
afterAll(() => {
  if (mounted) execFileSync("umount", [disk]);
});

describe.skipIf(!mounted)("a full disk", () => {
  it("is reported, and the old file stays", async () => {
    const target = join(disk, "network.safetensors");
    await writeAtomically(target, new Uint8Array(100_000).fill(1));
    const error = await rejection("file-unwritable", writeAtomically(target, new Uint8Array(1e6)));
    expect(error.message).toContain("The disk is full.");
    expect(error.found).toBe("ENOSPC");
    const found = readFileSync(target);
    expect(found).toHaveLength(100_000);
    expect(found.every((byte) => byte === 1)).toBe(true);
    expect(readdirSync(disk)).toEqual(["network.safetensors"]);
  });
});

describe("files-browser", () => {
  it("has the functions of files-node, and says what to use instead", async () => {
    const { writeWith: _, ...same } = node;
    const interchangeable: typeof browser = same;
    expect(Object.keys(interchangeable).sort()).toEqual(Object.keys(browser).sort());
    const calls = [
      browser.readBytes("a"),
      browser.readText("a", { limit: 1 }),
      browser.writeAtomically("a", old),
    ];
    for (const call of calls) {
      expect((await rejection("unsupported", call)).fix).toContain("trainer.toBytes()");
    }
  });
  it("imports nothing of Node", () => {
    const source = new URL("../../src/files/browser.ts", import.meta.url);
    expect(existsSync(source)).toBe(true);
    expect(readFileSync(source, "utf8")).not.toContain("node:");
  });
});
