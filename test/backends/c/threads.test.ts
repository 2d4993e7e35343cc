/** Several threads in C: the same bits, nobody left behind. */
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { canRun } from "../../../src/backends/c/index.ts";
import "../../../src/backends/c/install.ts";
import { letGoOfAll } from "../../../src/backends/kept.ts";
import {
  adam,
  crossEntropy,
  dropout,
  halfSquaredError,
  layer,
  linear,
  normal,
  relu,
  sequential,
  sgd,
  type Tensor,
  take,
  tanh,
  trainer,
} from "../../../src/index.ts";
import { rejection } from "../../support/failure.ts";
import { buildProgram } from "../../support/program.ts";
import { convolution2d } from "../../support/windows.ts";

const here = canRun();
const title = here === true ? "threads in C" : `threads in C: skipped, since ${here}`;

const rows = (count: number, width: number): number[][] =>
  Array.from({ length: count }, (_, i) =>
    Array.from({ length: width }, (_, k) => Math.sin(1.1 * i + 0.7 * k)),
  );

/** The process's threads of ours; only Linux says. */
function workers(): number {
  const named = (id: string): boolean => {
    try {
      return readFileSync(`/proc/self/task/${id}/comm`, "utf8").trim() === "chainrule";
    } catch {
      return false;
    }
  };
  return readdirSync("/proc/self/task").filter(named).length;
}
const isLinux = process.platform === "linux";

/** Activations folded with each other, so that both factors have gradients; several products of each. */
const fold = (h: Tensor): Tensor => {
  const batch = h.shape[0] ?? 0;
  const x = h.slice({ end: [batch, 162] }).reshape([batch, 2, 9, 9]);
  const w = h.slice({ start: [0, 162], end: [1, 234] }).reshape([4, 2, 3, 3]);
  const each = h.reshape([batch, 13, 18]);
  const among = each.matmul(each.transpose([0, 2, 1])).reshape([batch, 169]);
  return convolution2d(x, w, { padding: 1, stride: 2 })
    .reshape([batch, 100])
    .add(among.slice({ end: [batch, 100] }));
};
const folded = layer({
  ...{ name: "fold", inputSize: 234, outputSize: 100 },
  ...{ parameters: {}, apply: fold },
});

interface Way {
  readonly threads: number;
  readonly backend: "c" | "wasm";
}

const kinds = {
  "a classifier in f32": (way: Way) =>
    trainer(
      sequential(linear(33, 170), relu(), dropout(0.1), linear(170, 150), tanh(), linear(150, 3)),
      {
        ...{ loss: crossEntropy, optimizer: adam({ learningRate: 0.01, clipNorm: 1 }) },
        ...{ deterministic: true, seed: 2, ...way },
      },
    ),
  "convolutions and products in f64": (way: Way) =>
    trainer(sequential(linear(33, 234), tanh(), folded, linear(100, 3)), {
      ...{ loss: crossEntropy, optimizer: sgd({ learningRate: 0.01, momentum: 0.9 }) },
      ...{ deterministic: true, seed: 3, dtype: "f64" as const, ...way },
    }),
};

const inputs = rows(96, 33);
const data = { inputs, targets: inputs.map((_, i) => i % 3) };

async function train(make: (way: Way) => ReturnType<typeof trainer>, way: Way) {
  const t = make(way);
  await t.fit(data, { epochs: 3, batchSize: 32 });
  if (isLinux && way.backend === "c") expect(workers()).toBe(way.threads - 1);
  // The loop is kept for the next fit, with its threads, until it is let go.
  letGoOfAll();
  // The system lists a thread for a moment after it was waited for.
  if (isLinux) await vi.waitUntil(() => workers() === 0, { timeout: 20_000 });
  return { state: [...t.snapshot(), ...t.slots], history: t.progress.history };
}

describe.skipIf(here !== true)(title, () => {
  test.each(Object.entries(kinds))("%s: the same bits for any number of them", async (_, make) => {
    const alone = await train(make, { threads: 1, backend: "wasm" });
    for (const threads of [2, 3, 4, 7]) {
      expect(await train(make, { threads, backend: "c" }), `${threads}`).toEqual(alone);
    }
  });

  test("an index outside of its axis ends the step for all of them", async () => {
    const table = layer({
      ...{ name: "table", inputSize: 1, outputSize: 40 },
      parameters: { rows: { shape: [5, 40], initial: normal(), frozen: false } },
      apply: (x, { rows }) => take(rows, x.cast("i32").reshape([-1])),
    });
    const t = trainer(sequential(table, linear(40, 300), tanh(), linear(300, 20)), {
      ...{ loss: halfSquaredError, optimizer: sgd({ learningRate: 1e-3 }) },
      ...{ threads: 3, backend: "c" },
    });
    const targets = rows(400, 20);
    const sound = targets.map((_, i) => [i % 5]);
    const settings = { epochs: 1, batchSize: 16, shuffle: false };
    const wrong = { inputs: sound.with(390, [7]), targets };
    const run = async () => t.fit(wrong, settings);
    const { found } = await rejection("index-out-of-range", run());
    expect(found).toBe("7");
    await t.fit({ inputs: sound, targets }, settings);
    letGoOfAll();
  });
});

/** Trains with three threads in a process of its own, or in a worker of one. */
const program = `
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import "./src/backends/c/install.ts";
import { halfSquaredError, linear, sequential, sgd, tanh, trainer } from "./src/index.ts";
const named = (id) => {
  try {
    return readFileSync(\`/proc/self/task/\${id}/comm\`, "utf8").trim() === "chainrule";
  } catch {
    return false;
  }
};
const workers = () => readdirSync("/proc/self/task").filter(named).length;
const row = (n, i) => Array.from({ length: n }, (_, k) => Math.sin(i + k));
const list = (n) => Array.from({ length: 64 }, (_, i) => row(n, i));
const data = { inputs: list(40), targets: list(20) };
async function train() {
  const t = trainer(sequential(linear(40, 300), tanh(), linear(300, 20)), {
    ...{ loss: halfSquaredError, optimizer: sgd({ learningRate: 0.001 }) },
    ...{ threads: 3, backend: "c" },
  });
  await t.fit(data, { epochs: 3, batchSize: 16 });
  return t;
}
const endings = {
  async awaited() { globalThis.kept = await train(); console.log(workers()); },
  async left() { globalThis.kept = await train(); console.log(workers()); process.exit(3); },
  async forgotten() {
    await train();
    console.log(workers());
    while (workers() > 0) {
      await new Promise((then) => setTimeout(then, 20));
      gc();
    }
  },
  async terminated() {
    const worker = new Worker(fileURLToPath(import.meta.url));
    await new Promise((then) => worker.once("message", then));
    console.log(workers());
    await worker.terminate();
    for (let k = 0; workers() > 0; k++) {
      if (k === 500) throw new Error("left behind");
      await new Promise((then) => setTimeout(then, 20));
    }
  },
};
if (isMainThread) await endings[process.argv[2]]();
else {
  const t = await train();
  parentPort.postMessage("trained");
  setInterval(() => t, 1000);
}
`;

describe.skipIf(here !== true || !isLinux)("nobody is left behind", () => {
  const folder = mkdtempSync(join(tmpdir(), "chainrule-threads-"));
  beforeAll(() => buildProgram(program, join(folder, "train.mjs")));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each([
    ["awaited", 0],
    ["left", 3],
    ["forgotten", 0],
    ["terminated", 0],
  ])("training that is %s", async (how, expected) => {
    const child = spawn(process.execPath, ["--expose-gc", join(folder, "train.mjs"), how]);
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (said += text));
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect({ code, said }).toEqual({ code: expected, said: "2\n" });
  });
});
