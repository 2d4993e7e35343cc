/** What is done where the engine lacks something: each feature is taken away in turn. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { relaxing } from "./relaxed.ts";

/** Modules that the engine is made to refuse, by what only they have. */
const missing = {
  simd: (bytes: Uint8Array) => bytes.includes(0xfd),
  // Relaxed instructions are those from 0x100 on: 0xfd, then two bytes of which the last is 2.
  relaxed: (bytes: Uint8Array) => bytes.some((b, i) => b === 0xfd && bytes[i + 2] === 2),
};

/** The library as an engine without the feature loads it. */
async function library(lacking: (bytes: Uint8Array) => boolean) {
  vi.resetModules();
  const { validate } = WebAssembly;
  vi.spyOn(WebAssembly, "validate").mockImplementation(
    (bytes) => !lacking(new Uint8Array(bytes as ArrayBuffer)) && validate(bytes),
  );
  const { features } = await import("../../../src/backends/wasm/assembler/index.ts");
  return { ...(await import("../../../src/index.ts")), features };
}
type Library = Awaited<ReturnType<typeof library>>;

const data = { inputs: [[1, 2]], targets: [[3]] };
const make = ({ halfSquaredError, linear, sequential, sgd, trainer }: Library, backend?: "wasm") =>
  trainer(sequential(linear(2, 1)), {
    ...{ loss: halfSquaredError, optimizer: sgd(), threads: 2 },
    ...(backend ? { backend } : {}),
  });

let warned: string[] = [];
beforeEach(() => {
  warned = [];
  vi.spyOn(console, "warn").mockImplementation((text) => warned.push(text));
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

test("with everything training is compiled, and nothing is said", async () => {
  const lib = await library(() => false);
  const all = { simd: true, bulkMemory: true, threads: true, relaxedSimd: relaxing.includes(true) };
  expect(lib.features()).toEqual(all);
  expect(make(lib).backend.name).toBe("wasm");
  expect(warned).toEqual([]);
});

describe.each([
  ["SIMD", "no WebAssembly with SIMD", () => library(missing.simd)],
  [
    "WebAssembly",
    "no WebAssembly, or was told to do without",
    async () => {
      const lib = await library(() => false);
      vi.stubGlobal("WebAssembly", undefined);
      return lib;
    },
  ],
])("without %s", (_, reason, load) => {
  test("training is interpreted, which is said once", async () => {
    const lib = await load();
    const [first, second] = [make(lib), make(lib)];
    expect([first, second].map((t) => t.backend.name)).toEqual(["interpreter", "interpreter"]);
    expect(first.step(data)).toBeGreaterThan(0);
    await second.fit(data, { epochs: 2 });
    expect(warned).toHaveLength(1);
    expect(warned[0]).toMatch(/^chainrule: .*interpreted/);
    expect(warned[0]).toContain(reason);
  });

  test("who insists gets an error with a way out", async () => {
    const lib = await load();
    expect(() => make(lib, "wasm")).toThrow(reason);
    expect(() => make(lib, "wasm")).toThrow('backend: "interpreter"');
    expect(warned).toEqual([]);
  });
});

test("without shared memory one thread does it", async () => {
  const lib = await library(() => false);
  vi.stubGlobal("SharedArrayBuffer", undefined);
  expect(lib.features()).toMatchObject({ simd: true, threads: false });
  const t = make(lib);
  await t.fit(data, { epochs: 2 });
  expect(t.progress.steps).toBe(2);
});

test("without relaxed instructions plain ones are used", async () => {
  const lib = await library(missing.relaxed);
  expect(lib.features()).toMatchObject({ simd: true, relaxedSimd: false });
  const t = make(lib);
  await t.fit(data, { epochs: 2 });
  expect(t.backend.name).toBe("wasm");
});

test("deterministic training has the bits of an engine without relaxed instructions", async () => {
  const trained = async (lib: Library, deterministic: boolean) => {
    const { crossEntropy, linear, sequential, sgd, tanh, trainer } = lib;
    const model = sequential(linear(20, 30), tanh(), linear(30, 3));
    const inputs = Array.from({ length: 40 }, (_, i) =>
      Array.from({ length: 20 }, (_, k) => Math.sin(1.3 * i + k * k)),
    );
    const targets = inputs.map((_, i) => i % 3);
    const optimizer = sgd({ learningRate: 0.1 });
    const t = trainer(model, { loss: crossEntropy, optimizer, deterministic });
    await t.fit({ inputs, targets, classes: ["a", "b", "c"] }, { epochs: 20, batchSize: 8 });
    // A checkpoint also says which of the two was asked for.
    return t.snapshot();
  };
  const asked = await trained(await library(() => false), true);
  vi.restoreAllMocks();
  expect(asked).toEqual(await trained(await library(missing.relaxed), false));
});
