/** How training ends: by itself, when it is told to, and with everything put away. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  halfSquaredError,
  linear,
  normal,
  sequential,
  sgd,
  take,
  tanh,
  trainer,
} from "../../../src/index.ts";
import { layer } from "../../../src/nn/layer.ts";
import { findEngine, titleFor } from "../../support/engines.ts";
import { rejection } from "../../support/failure.ts";
import { buildProgram } from "../../support/program.ts";

const folder = mkdtempSync(join(tmpdir(), "chainrule-shutdown-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Trains with two threads in a process of its own, and says how; nothing in it ends the process. */
const program = `
import { halfSquaredError, linear, normal, sequential, sgd, take, tanh, trainer }
  from "./src/index.ts";
import { layer } from "./src/nn/layer.ts";
const row = (n, i) => Array.from({ length: n }, (_, k) => Math.sin(i + k));
const list = (n) => Array.from({ length: 64 }, (_, i) => row(n, i));
const data = { inputs: list(40), targets: list(20) };
const make = (learningRate) =>
  trainer(sequential(linear(40, 80), tanh(), linear(80, 20)), {
    loss: halfSquaredError, optimizer: sgd({ learningRate }), threads: 2,
  });
const endings = {
  async awaited() { await make(0.001).fit(data, { epochs: 300, batchSize: 16 }); },
  async aborted() {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 300);
    await make(0.001).fit(data, { epochs: 1e6, batchSize: 16, signal: stop.signal });
  },
  async left() {
    for await (const { epoch } of make(0.001).fit(data, { epochs: 1e6, batchSize: 16 })) {
      if (epoch === 100) break;
    }
  },
  async forgotten() {
    const run = make(0.001).fit(data, { epochs: 1e6, batchSize: 16 })[Symbol.asyncIterator]();
    for (let i = 0; i < 100; i++) await run.next();
  },
  async failed() {
    await make(1e9).fit(data, { epochs: 300, batchSize: 16 }).catch((e) => console.log(e.code));
  },
  // The first thread throws in the midst of a step; the others wait for it at a barrier.
  async given_up() {
    const table = layer({
      name: "table", inputSize: 1, outputSize: 40, site: "",
      parameters: { rows: { shape: [5, 40], initial: normal(), frozen: false } },
      apply: (x, { rows }) => take(rows, x.cast("i32").reshape([-1])),
    });
    const t = trainer(sequential(table, linear(40, 300), tanh(), linear(300, 20)), {
      loss: halfSquaredError, optimizer: sgd({ learningRate: 1e-3 }), threads: 2,
    });
    // Late enough for the others to be there.
    const inputs = Array.from({ length: 20000 }, (_, i) => [i === 19990 ? 7 : i % 5]);
    const targets = inputs.map((_, i) => row(20, i));
    const options = { epochs: 1, batchSize: 16, shuffle: false };
    await t.fit({ inputs, targets }, options).catch((e) => console.log(e.code));
  },
};
await endings[process.argv[2]]();
console.log("done");
`;

beforeAll(() => {
  buildProgram(program, join(folder, "train.mjs"));
});

const engines: [kind: string, path: string | undefined, options: string[]][] = [
  ["Node", process.execPath, []],
  ["Bun", findEngine("Bun"), []],
  ["Deno", findEngine("Deno"), ["run", "--quiet", "--no-prompt"]],
];
describe.each(engines)(
  "a program that trains with threads ends by itself: %s",
  (kind, path, options) => {
    describe.skipIf(path === undefined)(titleFor(kind, path), () => {
      test.concurrent.each([
        ["awaited", "done\n"],
        ["aborted", "done\n"],
        ["left", "done\n"],
        ["forgotten", "done\n"],
        ["failed", "not-finite\ndone\n"],
        ["given_up", "index-out-of-range\ndone\n"],
      ])("training that is %s", async (how, expected) => {
        const child = spawn(path!, [...options, join(folder, "train.mjs"), how]);
        let said = "";
        for (const stream of [child.stdout, child.stderr]) {
          stream.on("data", (text) => (said += text));
        }
        const code = await new Promise((resolve) => child.on("close", resolve));
        expect({ code, said }).toEqual({ code: 0, said: expected });
      });
    });
  },
);

const rows = (count: number, width: number) =>
  Array.from({ length: count }, (_, i) =>
    Array.from({ length: width }, (_, k) => Math.sin(i * width + k)),
  );

describe("aborting takes at most 50 ms", () => {
  test.each([
    ["tiny steps, whole epochs", 64, 2, 2, {}],
    ["tiny steps, epoch by epoch", 64, 2, 2, { validation: 0.25 }],
    ["a long epoch", 20_000, 4, 8, {}],
    ["a network of medium size", 512, 100, 150, {}],
  ])("%s", async (_, examples, inputs, hidden, options) => {
    const data = { inputs: rows(examples, inputs), targets: rows(examples, 2) };
    const t = trainer(sequential(linear(inputs, hidden), tanh(), linear(hidden, 2)), {
      loss: halfSquaredError,
      optimizer: sgd({ learningRate: 1e-4 }),
    });
    /** From the moment when a timer was due until training has ended. */
    const once = async (): Promise<number> => {
      const stop = new AbortController();
      const due = performance.now() + 200;
      setTimeout(() => stop.abort(), 200);
      const { stopped } = await t.fit(data, {
        ...{ epochs: 1e9, batchSize: 16, signal: stop.signal },
        ...options,
      });
      expect(stopped).toBe("aborted");
      return performance.now() - due;
    };
    // The machine may have been busy with other things; not every time, though.
    let shortest = Number.POSITIVE_INFINITY;
    for (let tries = 0; tries < 5 && shortest > 50; tries++) {
      shortest = Math.min(shortest, await once());
    }
    expect(shortest).toBeLessThanOrEqual(50);
  });
});

describe("an index in the data that points outside its axis", () => {
  /** A table of five rows, from which the inputs choose. */
  const table = (width: number) =>
    layer({
      name: "table",
      inputSize: 1,
      outputSize: width,
      parameters: { rows: { shape: [5, width], initial: normal(), frozen: false } },
      site: { toString: () => "" },
      apply: (x, { rows: values }) => take(values!, x.cast("i32").reshape([-1])),
    });
  const numbers = Array.from({ length: 24 }, (_, i) => (i === 17 ? 7 : i % 5));
  const data = (width: number, count = 24) => ({
    inputs: numbers.slice(0, count).map((n) => [n]),
    targets: rows(count, width),
  });
  const machines = {
    interpreter: [2, { backend: "interpreter" }],
    "one thread": [2, { backend: "wasm" }],
    "three threads": [2000, { backend: "wasm", threads: 3 }],
  } as const;
  const ways = {
    awaited: () => ({}),
    "step by step": () => ({ onStep: () => {} }),
    validated: (width: number) => ({ validation: data(width, 1) }),
  };

  describe.each(Object.entries(machines))("%s", (_, [width, machine]) => {
    const make = () => {
      const optimizer = sgd({ learningRate: 0.1 });
      return trainer(table(width), { loss: halfSquaredError, optimizer, ...machine });
    };
    test.each(Object.entries(ways))("%s: training stands where it was before", async (_, way) => {
      const t = make();
      const options = { epochs: 3, batchSize: 2, shuffle: false };
      const run = t.fit(data(width), { ...options, ...way(width) });
      const error = await rejection("index-out-of-range", run.then());
      expect(error).toMatchObject({ expected: "0 … 4", found: "7" });
      const { steps, epoch, position } = t.progress;
      expect({ epoch, position }).toEqual({ epoch: 0, position: 2 * steps });
      // Threads are given up with what they had begun.
      if (machine.backend === "interpreter" || !("threads" in machine)) expect(steps).toBe(8);
      else expect(steps).toBeLessThanOrEqual(8);
      const other = make();
      await other.fit(data(width, 2 * steps), { ...options, epochs: 1 });
      expect([...t.snapshot()]).toEqual([...other.snapshot()]);
    });
  });
});
