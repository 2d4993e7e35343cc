/** What "auto" makes of C: chosen at the start, or taken over in the midst of a training. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import os, { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { canRun } from "../../../src/backends/c/index.ts";
import "../../../src/backends/c/install.ts";
import { keptFiles } from "../../../src/backends/c/node-cache.ts";
import {
  adam,
  crossEntropy,
  dropout,
  linear,
  relu,
  sequential,
  trainer,
} from "../../../src/index.ts";
import { originNotes } from "../../../src/train/checkpoint.ts";
import type { TrainerOptions } from "../../../src/train/trainer-options.ts";

const here = canRun();
const title = here === true ? '"auto" and C' : `"auto" and C: skipped, since ${here}`;

const rows = Array.from({ length: 70 }, (_, i) => [Math.sin(i), Math.cos(1.7 * i), (i % 7) / 7]);
const data = { inputs: rows, targets: rows.map((_, i) => i % 3) };

const made = (options: Partial<TrainerOptions> = {}) =>
  trainer(sequential(linear(3, 24), relu(), dropout(0.2), linear(24, 3)), {
    loss: crossEntropy,
    optimizer: adam({ learningRate: 0.001 }),
    seed: 4,
    ...options,
  });

/** Trains until C goes on, or so many ms are over; the epochs. */
async function untilTaken(t: ReturnType<typeof made>, batchSize: number, most = 20_000) {
  const [start, losses]: [number, number[]] = [Date.now(), []];
  for await (const { loss } of t.fit(data, { epochs: 1e9, batchSize })) {
    losses.push(loss);
    if (t.backend.name === "c" || Date.now() - start > most) break;
  }
  return losses;
}

test.each([
  ["there is none", Object.assign(new Error("uv_os_homedir returned ENOENT"), { code: "ENOENT" })],
  [
    "Deno keeps it to itself",
    Object.assign(new Error("Requires sys access, run again with --allow-sys"), {
      name: "NotCapable",
    }),
  ],
])("a home folder that is not known keeps no training from going on: %s", async (_, error) => {
  vi.stubEnv("CHAINRULE_CACHE", "");
  vi.stubEnv("XDG_CACHE_HOME", undefined);
  const home = vi.spyOn(os, "homedir").mockImplementation(() => {
    throw error;
  });
  syncBuiltinESMExports();
  try {
    const t = made();
    await t.fit(data, { epochs: 1, batchSize: 14 });
    expect(t.backend.name).toBe("wasm");
    expect(() => keptFiles()).toThrow(
      /home folder, which is not known\.[\s\S]*(CHAINRULE_CACHE|--allow-sys)/,
    );
  } finally {
    home.mockRestore();
    syncBuiltinESMExports();
    vi.unstubAllEnvs();
  }
});

describe.skipIf(here !== true)(title, () => {
  const place = mkdtempSync(join(tmpdir(), "chainrule-"));
  let folders = 0;
  const fresh = () => join(place, String(folders++));
  const kept = (folder: string) => readdirSync(join(folder, "native"));
  let warned: string[] = [];

  beforeEach(() => {
    vi.stubEnv("CHAINRULE_AUTO", "");
    vi.stubEnv("CHAINRULE_CACHE", fresh());
    warned = [];
    vi.spyOn(console, "warn").mockImplementation((text: string) => void warned.push(text));
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  });
  afterAll(() => rmSync(place, { recursive: true, force: true }));

  test.each([
    ["whole batches", 14],
    ["a smaller last batch", 16],
  ])("strict bits are the same when it goes over, with %s", async (_, batchSize) => {
    const own = made({ deterministic: true });
    const losses = await untilTaken(own, batchSize);
    expect(own.backend.name).toBe("c");
    const more = await own.fit(data, { epochs: 3, batchSize });
    losses.push(...more.epochs.map(({ loss }) => loss));
    const other = made({ deterministic: true, backend: "wasm" });
    const { epochs } = await other.fit(data, { epochs: losses.length, batchSize });
    expect(losses).toEqual(epochs.map(({ loss }) => loss));
    expect(own.slots).toEqual(other.slots);
    expect(own.snapshot()).toEqual(other.snapshot());
    expect(warned).toEqual([]);
    // Strict bits are the same on both: nothing need be said.
    const next = made({ deterministic: true });
    next.fromBytes(own.toBytes());
    expect(originNotes(next)).toEqual([]);
  });

  test("with reproducible: false, too; and its checkpoint says where", async () => {
    const own = made({ reproducible: false });
    await untilTaken(own, 14);
    expect(own.backend.name).toBe("c");
    const other = made({ backend: "wasm" });
    other.fromBytes(own.toBytes());
    expect(originNotes(other)).toEqual([expect.stringContaining('on the backend "c"')]);
  });

  test("otherwise it chooses at the start, by what is kept, or by the checkpoint", async () => {
    const settings = { epochs: 2, batchSize: 14 };
    const [first, named, second] = [made(), made({ backend: "c" }), made()];
    await first.fit(data, settings);
    expect(first.backend.name).toBe("wasm");
    const expected = await named.fit(data, settings);
    const found = await second.fit(data, settings);
    expect(second.backend.name).toBe("c");
    expect(found.epochs.map(({ loss }) => loss)).toEqual(expected.epochs.map(({ loss }) => loss));
    for (const [before, name] of [
      [first, "wasm"],
      [second, "c"],
    ] as const) {
      const next = made();
      next.fromBytes(before.toBytes());
      expect(originNotes(next)).toEqual([]);
      await next.fit(data, settings);
      expect(next.backend.name).toBe(name);
    }
    vi.stubEnv("CHAINRULE_AUTO", "wasm");
    const told = made();
    await told.fit(data, settings);
    expect(told.backend.name).toBe("wasm");
  });

  test("what does not last is not compiled", async () => {
    const own = made({ deterministic: true });
    await own.fit(data, { epochs: 2, batchSize: 14 });
    expect(() => kept(process.env.CHAINRULE_CACHE ?? "")).toThrow("ENOENT");
  });

  test("a folder that cannot be used: a remark, and WebAssembly goes on", async () => {
    const file = fresh();
    writeFileSync(file, "");
    vi.stubEnv("CHAINRULE_CACHE", file);
    const own = made({ deterministic: true });
    await untilTaken(own, 14, 1500);
    expect(own.backend.name).toBe("wasm");
    expect(warned).toEqual([
      expect.stringMatching(/cannot be written.*: training goes on in WebAssembly\.$/),
    ]);
  });
});
