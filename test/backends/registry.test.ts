/** The table of backends: what "auto" takes, and what is said of those that cannot run. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { interpreter } from "../../src/backends/interpreter/index.ts";
import {
  automatic,
  type BackendEntry,
  backendEntries,
  backendNames,
  chooseBackend,
  inReach,
} from "../../src/backends/registry.ts";
import { features } from "../../src/backends/wasm/assembler/index.ts";
import { wasm } from "../../src/backends/wasm/index.ts";
import "../../src/backends/c/install.ts";
import "../../src/backends/wasm/install.ts";
import { failure } from "../support/failure.ts";

const entry = (name: string, canRun: true | string): BackendEntry => ({
  name,
  needs: "much",
  canRun: () => canRun,
  make: () => interpreter,
});

describe("the table of backends", () => {
  afterEach(() => vi.restoreAllMocks());

  it("names every row, and auto", () => {
    expect(backendNames).toEqual(["auto", ...backendEntries.map(({ name }) => name)]);
  });

  it("makes of each row a backend of its name", () => {
    for (const { name, make } of backendEntries) {
      for (const deterministic of [false, true]) expect(make({ deterministic }).name).toBe(name);
    }
  });

  it("ends with one that can always run", () => {
    expect(backendEntries.at(-1)?.canRun()).toBe(true);
  });

  it("lets auto take the first that can run, and says why not those before it", () => {
    const [first, second] = [entry("first", "There is no graphics card"), entry("second", true)];
    expect(automatic([first, second, entry("third", true)])).toEqual({
      entry: second,
      passedOver: [{ name: "first", why: "There is no graphics card" }],
    });
    expect(automatic([second, first])).toEqual({ entry: second, passedOver: [] });
    const none = failure("unsupported", () => automatic([first]));
    expect(none.found).toBe("first: There is no graphics card");
  });

  it("passes over what is taken by its name alone", () => {
    const named = { ...entry("named", true), byNameOnly: true };
    const second = entry("second", true);
    expect(automatic([named, second])).toEqual({ entry: second, passedOver: [] });
    expect(failure("unsupported", () => automatic([named])).found).toBe("");
    expect(automatic().entry.name).toBe("wasm");
    expect(inReach({ name: "later", asynchronous: true, compile: () => Promise.reject() })).toBe(
      wasm,
    );
  });

  it("gives the backend that was asked for", () => {
    expect(chooseBackend("auto")).toBe(wasm);
    expect(chooseBackend("wasm")).toBe(wasm);
    expect(chooseBackend("wasm", true)).not.toBe(wasm);
    expect(chooseBackend("interpreter")).toBe(interpreter);
    expect(chooseBackend(interpreter)).toBe(interpreter);
    const unknown = failure("bad-argument", () => chooseBackend("turbo" as "wasm"));
    expect(unknown.expected).toBe("one of auto, c, wasm, interpreter");
  });

  it("says what is missing, and what runs instead", () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    Object.assign(features(), { simd: false });
    try {
      const error = failure("unsupported", () => chooseBackend("wasm"));
      expect(error.message).toContain("This engine has no WebAssembly with SIMD instructions.");
      expect(error.fix).toBe('Use backend: "interpreter".');
      expect(chooseBackend("auto")).toBe(interpreter);
      expect(warn.mock.calls).toEqual([
        [
          "chainrule: This engine has no WebAssembly with SIMD instructions: " +
            "training is interpreted, which is slow.",
        ],
      ]);
    } finally {
      Object.assign(features(), { simd: true });
    }
  });
});
