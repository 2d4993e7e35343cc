/** Advice where the engine or the machine lacks something, followed. */
import { syncBuiltinESMExports } from "node:module";
import os from "node:os";
import { join } from "node:path";
import { keptFiles } from "../../src/backends/c/node-cache.ts";
import { features } from "../../src/backends/wasm/assembler/features.ts";
import { wasm } from "../../src/backends/wasm/index.ts";
import { lost } from "../../src/backends/wasm/workers.ts";
import { compileProgram } from "../../src/compile/index.ts";
import type { Program } from "../../src/compile/program.ts";
import { verifyProgram } from "../../src/compile/verify-program.ts";
import * as c from "../../src/index.ts";
import type { Row } from "./row.ts";
import { make, pairs } from "./training.ts";

const { linear, sgd, tensor } = c;
const f64 = (values: number[]) => tensor(values, { dtype: "f64" });

/** What runs while the engine seems to have no WebAssembly with SIMD. */
function withoutSimd(work: () => unknown): unknown {
  const known = features();
  const { simd } = known;
  Object.assign(known, { simd: false });
  try {
    return work();
  } finally {
    Object.assign(known, { simd });
  }
}

/** What runs where the page's policy forbids to compile. */
function forbidden<T>(work: () => T): T {
  const { Module } = WebAssembly;
  WebAssembly.Module = class {
    constructor() {
      throw new Error("violates the Content Security Policy: 'unsafe-eval'");
    }
  } as never;
  try {
    return work();
  } finally {
    WebAssembly.Module = Module;
  }
}
/** What runs where the user has no folder, with this one named. */
function homeless<T>(work: () => T, named = ""): T {
  const { homedir } = os;
  const { CHAINRULE_CACHE: before, XDG_CACHE_HOME: usual } = process.env;
  os.homedir = () => {
    throw new Error("uv_os_homedir returned ENOENT");
  };
  syncBuiltinESMExports();
  process.env.CHAINRULE_CACHE = named;
  delete process.env.XDG_CACHE_HOME;
  try {
    return work();
  } finally {
    os.homedir = homedir;
    syncBuiltinESMExports();
    process.env.CHAINRULE_CACHE = before ?? "";
    if (usual !== undefined) process.env.XDG_CACHE_HOME = usual;
  }
}
/** A graph that no other test has compiled. */
const fresh = (k: number, backend: "wasm" | "interpreter") =>
  c.compile((x: c.Tensor) => x.mul(k).add(7919), { backend })(f64([1, 2]));

export const engines: readonly Row[] = [
  [
    "Set CHAINRULE_CACHE to a folder of your own.",
    () => homeless(keptFiles),
    () => homeless(keptFiles, join(os.tmpdir(), "chainrule-cache")),
  ],
  [
    'Use backend: "…".',
    () => withoutSimd(() => make({ backend: "wasm" })),
    () => withoutSimd(() => make({ backend: "interpreter" }).step(pairs)),
  ],
  [
    'Allow it, or train with backend: "interpreter", which needs nothing of the kind.',
    () => forbidden(() => fresh(1237, "wasm")),
    () => fresh(1237, "wasm"),
    () => forbidden(() => fresh(1238, "interpreter")),
  ],
  ["Train with threads: 1.", () => lost(), () => make({ backend: "wasm", threads: 1 }).step(pairs)],
  [
    "Use a smaller batch, a smaller model, or f32 instead of f64.",
    () => limited(450_000, () => wasm.compile(doubled(2 ** 15, "f64"))),
    // What a batch, a model and their element type come to: 4 GiB and more, or a part of it.
    () => wasm.compile(doubled(2 ** 10, "f64")),
    () => limited(450_000, () => wasm.compile(doubled(2 ** 15, "f32"))),
  ],
  [
    "Train on a part of the examples at a time, with one fit after another.",
    () => openWith(2 ** 29),
    async () => {
      const t = make({ backend: "wasm" });
      for (const part of [pairs, pairs]) await t.fit(part);
    },
  ],
  [
    'Please report it with all that is printed here; backend: "interpreter" does without a compiler.',
    () => verifyProgram(damaged()),
    () => make({ backend: "interpreter" }).step(pairs),
  ],
];

/** A training loop over so many examples, which nobody has. */
const openWith = (rows: number) => {
  const dtype = "f32" as const;
  const of = (width: number) => ({ dtype, shape: [rows, width], data: unheld(rows * width) });
  const examples = { inputs: of(2), targets: of(1) };
  const batch = { inputs: { dtype, shape: [4, 2] }, targets: { dtype, shape: [4, 1] } };
  const step = c.trainingStep(linear(2, 1), batch, {
    ...{ loss: c.meanSquaredError, optimizer: sgd(), dtype, update: "simultaneous" },
  });
  return wasm.session?.(step, { examples, batchSize: 4, weight: 4, seed: 0 });
};
/** Refused before anybody looks at an element. */
const unheld = (length: number) => ({ length, byteLength: 4 * length }) as unknown as Float32Array;

const doubled = (n: number, dtype: "f32" | "f64") => {
  const x = c.input("x", [n], dtype);
  return { inputs: [x], outputs: [x.mul(2)] };
};
/** What runs on a machine with so many bytes to give. */
function limited<T>(bytes: number, work: () => T): T {
  const { Memory } = WebAssembly;
  WebAssembly.Memory = class extends Memory {
    constructor(given: WebAssembly.MemoryDescriptor) {
      if (given.initial * 65_536 > bytes) throw new RangeError("could not allocate memory");
      super(given);
    }
  };
  try {
    return work();
  } finally {
    WebAssembly.Memory = Memory;
  }
}
/** A program that writes its output nowhere. */
function damaged(): Program {
  const program = compileProgram(doubled(4, "f32"));
  return { ...program, offsets: program.offsets.map(() => -1) };
}
