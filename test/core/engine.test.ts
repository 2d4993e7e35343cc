import { afterEach, describe, expect, it, test, vi } from "vitest";
import { engine, engineName } from "../../src/core/engine.ts";
import { noteOnce } from "../../src/core/note.ts";
import {
  explainRefusal,
  fileFlags,
  missingFlag,
  variable,
  withoutEnvironment,
} from "../../src/core/permission.ts";
import { failure } from "../support/failure.ts";

afterEach(() => vi.unstubAllGlobals());

describe("engine", () => {
  const process = { versions: { node: "26.3.0" } };
  test.each([
    [{ process }, "Node", "26.3.0"],
    [{ process, Deno: { version: { deno: "2.9.6" } } }, "Deno", "2.9.6"],
    [{ process, Bun: { version: "1.4.5" } }, "Bun", "1.4.5"],
    [{}, "browser", ""],
    [{ process: {} }, "browser", ""],
    [{ process: { versions: {} }, Deno: {}, Bun: {} }, "browser", ""],
  ])("%j", (traces, name, version) => {
    expect(engine(traces)).toEqual({ name, version });
  });
  it("is the one that runs this", () => {
    expect(engineName()).toBe(`Node ${globalThis.process.versions.node}`);
  });
});

/** What engines throw: Deno 2.9, Node 24 and, with a shorter message, Node 20. */
const deno = (what: string, flag: string) =>
  Object.assign(new Error(`Requires ${what}, run again with the ${flag} flag`), {
    name: "NotCapable",
  });
const node = (permission: string, message = "Access to this API has been restricted") =>
  Object.assign(new Error(message), { code: "ERR_ACCESS_DENIED", permission });

describe("a missing permission", () => {
  test.each([
    [deno('read access to "x.yaml"', "--allow-read"), "--allow-read"],
    [deno("env access", "--allow-env"), "--allow-env"],
    [deno('sys access to "cpus"', "--allow-sys"), "--allow-sys"],
    [node("FileSystemRead"), "--allow-fs-read"],
    [node("FileSystemWrite"), "--allow-fs-write"],
    [node("WorkerThreads"), "--allow-worker"],
    [node("ChildProcess"), "--allow-child-process"],
    [node("", "… restricted. Use --allow-addons to manage permissions."), "--allow-addons"],
    [node("", "fsync API is disabled when Permission Model is enabled."), undefined],
    [Object.assign(new Error("EACCES"), { code: "EACCES" }), undefined],
    [new Error("run again with --allow-read"), undefined],
    [undefined, undefined],
    ["--allow-read", undefined],
  ])("%s", (error, flag) => {
    expect(missingFlag(error)).toBe(flag);
  });
  it("is an error that names the flag", () => {
    const cause = deno('write access to "x"', "--allow-write");
    vi.stubGlobal("Deno", { version: { deno: "2.9.6" } });
    const error = failure("not-permitted", () =>
      explainRefusal(cause, { message: "No.", where: "x", flags: () => fileFlags("/a b", true) }),
    );
    expect(error).toMatchObject({
      expected: "Deno started with --allow-write",
      found: "Deno 2.9.6 without it",
      where: "x",
      fix: 'Run Deno again with --allow-read="/a b" --allow-write="/a b".',
      cause,
    });
  });
  it("is nothing else", () => {
    expect(() => explainRefusal(new Error("x"), { message: "No." })).not.toThrow();
  });
  it("in Node has flags of its own", () => {
    expect(fileFlags("/tmp/x", false)).toEqual(["--allow-fs-read=/tmp/x"]);
  });
});

describe("the environment", () => {
  const refused = deno('env access to "X"', "--allow-env");
  const closed = {
    env: new Proxy({}, { get: (_, name) => (name === "SET" ? "1" : raise(refused)) }),
  };
  const raise = (error: unknown): never => {
    throw error;
  };
  it("is read where that is allowed", () => {
    vi.stubGlobal("process", closed);
    expect([variable("SET"), variable("X")]).toEqual(["1", undefined]);
    vi.stubGlobal("process", undefined);
    expect(variable("SET")).toBeUndefined();
  });
  it("other errors are not swallowed", () => {
    vi.stubGlobal("process", { env: new Proxy({}, { get: () => raise(new Error("odd")) }) });
    expect(() => variable("X")).toThrow("odd");
  });
  it("is not there where it may not be read, and back again afterwards", () => {
    const own = { ...closed };
    vi.stubGlobal("process", own);
    const look = () => (globalThis.process.env as Record<string, string>).X ?? "unset";
    expect(withoutEnvironment(look)).toBe("unset");
    expect(own.env).toBe(closed.env);
    expect(() => withoutEnvironment(() => raise(refused))).toThrow(refused);
    expect(own.env).toBe(closed.env);
  });
});

test("a note is printed once", () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  for (let i = 0; i < 3; i++) noteOnce("something");
  expect(warn.mock.calls).toEqual([["chainrule: something"]]);
  warn.mockRestore();
});
