/**
 * The arithmetic has a version. A change of bits that `deterministic` promises fails here
 * until it is counted up; going on from a checkpoint of another version gives a warning.
 */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it, test, vi } from "vitest";
import { elementary } from "../../src/core/elementary/functions.ts";
import * as scalar from "../../src/core/elementary/scalar.ts";
import { numerics } from "../../src/core/numerics.ts";
import { normalAt } from "../../src/core/random.ts";
import * as data from "../../src/data/index.ts";
import {
  adam,
  crossEntropy,
  decodeSafetensors,
  encodeSafetensors,
  gelu,
  linear,
  sequential,
  sgd,
  type TrainerOptions,
  tanh,
  trainer,
} from "../../src/index.ts";
import { argumentsOf } from "../core/elementary/arguments.ts";
import { failure } from "../support/failure.ts";

const functions: Readonly<Record<string, (x: number, y: number) => number>> = scalar;
const { spirals, moons, circles, blobs, regression } = data;

/** Of arrays: as a file, in which there is but one NaN. */
function hash(...arrays: ArrayLike<number>[]): string {
  const tensors = arrays.map((values, i) => {
    const data = Float64Array.from(values);
    return [`${i}`, { dtype: "f64", shape: [data.length], data }] as const;
  });
  const bytes = encodeSafetensors(new Map(tensors));
  return createHash("sha256").update(bytes).digest("hex").slice(0, 16);
}

async function trained(options: Partial<TrainerOptions>): Promise<string> {
  const model = sequential(linear(2, 8), tanh(), linear(8, 8), gelu(), linear(8, 2));
  const t = trainer(model, {
    loss: crossEntropy,
    optimizer: adam({ learningRate: 0.01 }),
    seed: 3,
    deterministic: true,
    ...options,
  });
  await t.fit(spirals({ size: 60 }), { epochs: 20, batchSize: 16 });
  return hash(...Object.values(t.parameters).map((p) => p.dataSync()));
}

/** Of each version that there was, as far as it can still be said. */
const recorded: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  2: {
    functions: "c499a163528b3a3f",
    normal: "36fd4567407c17ff",
    generators: "c1fba863e184f556",
    interpreter: "e6471b313daeab22",
    f64: "f7aa3cb70e773de7",
    f32: "7e9fc0e4866fe3b5",
  },
  3: {
    functions: "c499a163528b3a3f",
    normal: "36fd4567407c17ff",
    generators: "c1fba863e184f556",
    interpreter: "e6471b313daeab22",
    f64: "595514062dd3b78e",
    f32: "7e9fc0e4866fe3b5",
  },
  4: {
    functions: "c499a163528b3a3f",
    normal: "36fd4567407c17ff",
    generators: "c1fba863e184f556",
    interpreter: "e6471b313daeab22",
    f64: "595514062dd3b78e",
    f32: "7e9fc0e4866fe3b5",
  },
};

test("the bits are those of the version", async () => {
  const sets = [spirals(), moons(), circles(), blobs(), regression({ noise: 0.1 })];
  const found = {
    functions: hash(
      ...elementary.map((name) => {
        const [x, y] = argumentsOf(name, 2000);
        return x.map((v, i) => functions[name]!(v, y[i]!));
      }),
    ),
    normal: hash(Array.from({ length: 2000 }, (_, i) => normalAt(5, 1, i))),
    generators: hash(
      ...sets.flatMap(({ inputs, targets }) => [inputs.dataSync(), targets.dataSync()]),
    ),
    interpreter: await trained({ backend: "interpreter" }),
    f64: await trained({ backend: "wasm", dtype: "f64" }),
    f32: await trained({ backend: "wasm" }),
  };
  expect(found, "count core/numerics.ts up and record these").toEqual(recorded[numerics]);
});

const folder = mkdtempSync(join(tmpdir(), "chainrule-numerics-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => {
  vi.restoreAllMocks();
});

describe("a checkpoint", () => {
  const make = () => trainer(sequential(linear(2, 1)), { loss: crossEntropy, optimizer: sgd() });
  /** A checkpoint of another version; null: of the time before there were any. */
  function written(version: unknown): Uint8Array {
    const { tensors, metadata } = decodeSafetensors(make().toBytes());
    const training = { ...JSON.parse(metadata.training!), numerics: version };
    if (version === null) delete training.numerics;
    return encodeSafetensors(tensors, { ...metadata, training: JSON.stringify(training) });
  }
  async function warnings(bytes: Uint8Array): Promise<string[]> {
    const path = join(folder, "some.safetensors");
    writeFileSync(path, bytes);
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    await make().load(path);
    return warn.mock.calls.map(([text]) => String(text));
  }

  it("carries the version", () => {
    const { metadata } = decodeSafetensors(make().toBytes());
    expect(JSON.parse(metadata.training!).numerics).toBe(numerics);
  });
  it("of the same version loads without a word", async () => {
    expect(await warnings(make().toBytes())).toEqual([]);
  });
  it.each([
    [null, "an older version of chainrule's arithmetic (1; this is "],
    [1, "an older version of chainrule's arithmetic (1; this is "],
    [99, "a newer version of chainrule's arithmetic (99; this is "],
  ])("of the version %s says so, and by which file", async (version, text) => {
    const [warning, ...more] = await warnings(written(version));
    expect(warning).toContain("some.safetensors: The checkpoint comes from ");
    expect(warning).toContain(text);
    expect(more).toEqual([]);
  });
  it("that is saved again is of this version", async () => {
    const t = make();
    t.fromBytes(written(null));
    const again = make();
    again.fromBytes(t.toBytes());
    expect([t.numerics, again.numerics]).toEqual([1, numerics]);
  });
  it.each(["2", -1, 1.5, {}])("with the version %j is damaged", (version) => {
    failure("file-corrupt", () => make().fromBytes(written(version)));
  });
});
