/** The engine behind the page, without a page. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { ChainruleError } from "../../src/core/errors.ts";
import { explain } from "../../src/index.ts";
import { parseNetwork } from "../../src/network-file/parse.ts";
import { prepareNetwork } from "../../src/network-file/prepare.ts";
import { compare } from "../../studio/src/engine/compare.ts";
import { Engine } from "../../studio/src/engine/engine.ts";
import { exported } from "../../studio/src/engine/exports.ts";
import { reseeded } from "../../studio/src/engine/network-text.ts";
import { Training } from "../../studio/src/engine/training.ts";
import type { Frame, Look, Values } from "../../studio/src/protocol.ts";
import { root } from "./site.ts";

const read = (name: string) => readFileSync(join(root, "examples", name), "utf8");
const seed = { text: read("two-two-two.yaml"), files: {} };
const look: Look = { example: 0, notation: "net-out", language: "en" };
const none = async (): Promise<never> => {
  throw new Error("no files");
};
const failure = async (work: Promise<unknown>): Promise<ChainruleError> => {
  const error = await work.then(() => undefined).catch((e: unknown) => e);
  if (!(error instanceof ChainruleError)) throw error ?? new Error("nothing failed");
  return error;
};

describe("the engine", () => {
  let engine: Engine;
  beforeEach(async () => {
    engine = new Engine();
    await engine.open(seed, look);
  });

  it("has the library's numbers, every bit of them", async () => {
    const { trainer, data } = await prepareNetwork(parseNetwork(seed.text), none);
    for (const step of [0, 3]) {
      for (let i = 0; i < step; i++) trainer.step(data.train);
      for (let i = 0; i < step; i++) engine.trainer.step(engine.current.data);
      const v = engine.values();
      for (const name of ["0.weight", "2.weight"]) {
        for (let index = 0; index < 4; index++) {
          const parameter = `${name}[${index >> 1},${index & 1}]`;
          const d = await explain(trainer, { data: data.train, parameter, notation: "net-out" });
          expect(v.gradients[name]![index]).toBe(d.data.gradients[0]);
          expect(v.loss).toBe(d.data.loss);
          const own = await engine.derive({ name, index });
          expect(own.gradient).toBe(d.data.gradients[0]);
          expect(own.steps.map((s) => s.value)).toEqual(d.data.steps.map((s) => s.value));
          expect(v.outs[1]![0]).toBe(d.data.symbols.out_h1!.value);
          // A derivation knows the error terms that it passes through.
          const delta = d.data.symbols.δ_o2?.value;
          if (name === "0.weight") expect(v.deltas[2]![1]).toBe(delta);
        }
      }
    }
  });

  it("knows what a sequential update takes in place of a gradient, if it is another number", async () => {
    expect((await engine.derive({ name: "0.weight", index: 0 })).taken).toBeUndefined();
    const text = seed.text.replace("update: simultaneous", "update: sequential");
    await engine.open({ text, files: {} }, look);
    const first = await engine.derive({ name: "0.weight", index: 0 });
    expect(first.gradient).toBeCloseTo(0.000438567734, 12);
    expect(first.taken).toBeCloseTo(0.000364722878, 12);
    expect(first.next).toBeCloseTo(0.15 - 0.5 * first.taken!, 12);
    expect((await engine.derive({ name: "2.weight", index: 0 })).taken).toBeUndefined();
  });

  it("marks every symbol of a formula", async () => {
    const d = await engine.derive({ name: "0.weight", index: 0 });
    expect(d.symbol).toBe("w1");
    expect(d.passed).toBe(true);
    const html = d.steps.map((s) => s.html).join("");
    for (const symbol of ["w1", "net_h1", "out_o2", "E"]) {
      expect(html).toContain(`data-symbol="${symbol}"`);
    }
    expect(html).not.toContain("htmlData");
    const chinese = engine.look({ ...look, language: "zh" });
    expect(chinese.structure.columns[1]!.units[0]!.net).toBe("net_h1");
    expect((await engine.derive({ name: "0.weight", index: 0 })).headings.setup).toBe("设定");
  });

  it("changes numbers, and goes back to the same start", async () => {
    const before = engine.values();
    const v = engine.setParameter({ name: "2.weight", index: 0 }, -1);
    expect(v.parameters["2.weight"]![0]).toBe(-1);
    expect(v.loss).not.toBe(before.loss);
    expect(engine.reset()).toEqual(before);
    expect(engine.setExample("inputs", 1, 0.5).outs[0]![1]).toBe(0.5);
    expect((await failure((async () => engine.setLearningRate(Number.NaN))())).code).toBe(
      "bad-argument",
    );
  });

  it("writes a network file that opens as what it was", async () => {
    expect(exported(engine, "network")).toBe(seed.text);
    engine.setParameter({ name: "2.weight", index: 3 }, 0.1 + 0.2);
    engine.setExample("targets", 0, 0.3);
    engine.setLearningRate(0.125);
    await engine.trainer.fit(engine.current.data, { epochs: 5, batchSize: 1 });
    const other = new Engine();
    await other.open({ text: exported(engine, "network"), files: {} }, look);
    // The error is that of an epoch here, and there is none yet in a network that was just opened.
    const { steps, epoch, error: _, ...mine } = engine.values();
    expect(other.values()).toMatchObject(mine);
    expect([steps, epoch]).toEqual([5, 5]);
  });

  it("writes what PyTorch needs, and says what it cannot", async () => {
    const script = exported(engine, "pytorch");
    expect(script).toContain("nn.Linear(2, 2)");
    expect(script).toContain('"0.weight": [0.15,0.2,0.25,0.3]');
    const odd = new Engine();
    const text = seed.text.replace("sgd: { learningRate: 0.5 }", "sgd: { clipNorm: 1 }");
    await odd.open({ text, files: {} }, look);
    const error = await failure((async () => exported(odd, "pytorch"))());
    expect(error).toMatchObject({ code: "unsupported" });
  });

  it("writes layers inside of layers, each with the number of its inputs", async () => {
    const nested = new Engine();
    const inner =
      "sequential: [{ linear: { outputs: 5, bias: false } }, { leakyRelu: { slope: 0.3 } }]";
    const text =
      `{ inputs: 3, layers: [{ ${inner} }, linear: { outputs: 2 }], loss: meanSquaredError, ` +
      "optimizer: adam, data: { examples: [{ inputs: [1, 2, 3], targets: [1, 0] }] } }";
    await nested.open({ text, files: {} }, look);
    expect(exported(nested, "pytorch")).toContain(`model = nn.Sequential(
    nn.Sequential(
        nn.Linear(3, 5, bias=False),
        nn.LeakyReLU(0.3),
    ),
    nn.Linear(5, 2),
)`);
  });

  it("writes numbers into layers inside of layers, and into one of two that an alias stands for", async () => {
    const own = new Engine();
    const text =
      "{ inputs: 2, layers: [sequential: [&a { linear: { outputs: 2 } }, tanh], *a, " +
      "{ linear: { outputs: 1, sharedBias: true } }], loss: meanSquaredError, optimizer: sgd, " +
      "data: { examples: [{ inputs: [1, 2], targets: [1] }] } }";
    await own.open({ text, files: {} }, look);
    own.setParameter({ name: "0.0.weight", index: 3 }, 0.25);
    own.setParameter({ name: "1.weight", index: 0 }, -2);
    own.setParameter({ name: "2.bias", index: 0 }, 0.5);
    const other = new Engine();
    const written = exported(own, "network");
    expect(written).toContain("bias: 0.5");
    await other.open({ text: written, files: {} }, look);
    expect(other.values().parameters).toEqual(own.values().parameters);
    // What is written out is drawn at random, and no other list is touched.
    await own.open({ text: reseeded(other), files: {} }, look);
    expect(reseeded(other).match(/weight: xavierUniform/g)).toHaveLength(3);
    expect(own.values().parameters["0.0.bias"]).toEqual(other.values().parameters["0.0.bias"]);
  });

  it("draws the error along a weight, with the gradient as its slope", async () => {
    const line = await engine.line({ name: "2.weight", index: 0 });
    expect(line.y[40]).toBe(line.loss);
    expect(line.slope).toBe(engine.values().gradients["2.weight"]![0]);
    expect(line.next!.y).toBeLessThan(line.loss);
    const h = line.x[41]! - line.x[40]!;
    expect((line.y[41]! - line.y[39]!) / (2 * h)).toBeCloseTo(line.slope, 4);
  });

  it("names the mistake behind a number, without giving the right one away", async () => {
    const w1 = { name: "0.weight", index: 0 };
    expect(await engine.diagnose(w1, "0.000438567734")).toEqual({ verdict: "right", causes: [] });
    const { verdict, causes } = await engine.diagnose(w1, "0.000668396");
    expect(verdict).toBe("wrong");
    expect(causes.join()).toContain("path");
    expect(causes.join()).not.toContain("0.000438");
    expect((await engine.diagnose(w1, "7")).causes).toEqual([]);
  });

  it("takes for a gradient what is one, and says what another number is", async () => {
    const w5 = { name: "2.weight", index: 0 };
    const said = async (given: string, notation: Look["notation"] = "net-out") => {
      engine.look({ ...look, notation });
      const { verdict, causes } = await engine.diagnose(w5, given);
      return [verdict, ...causes].join(": ");
    };
    expect(await said("0.0822")).toBe("right");
    expect(await said("0.35891648")).toBe("wrong: this is the new value of w5");
    expect(await said("0.359", "canonical")).toContain("the new value of w²₁₁");
    expect(await said("0.359", "torch")).toContain("the new value of 2.weight[0,0]");
    expect(await said("-0.0411")).toContain("the change of w5");
    expect((await said("0.35")).startsWith("wrong")).toBe(true);
    expect(await said("0.1")).toBe("unclear");
    expect(await said("0.08")).toBe("unclear");
    expect((await said("1")).startsWith("wrong")).toBe(true);
    expect(await said("8.22e-2")).toBe("right");
    engine.look({ ...look, language: "zh" });
    expect((await engine.diagnose(w5, "0.359")).causes.join()).toBe("这是w5 的新值");
    // A shared bias has one number, whichever unit it is seen at.
    const b2 = engine.values().gradients["2.bias"]![0]!;
    expect((await engine.diagnose({ name: "2.bias", index: 0 }, String(b2))).verdict).toBe("right");
  });

  it("has one error: the epoch's, and before one that of all examples", async () => {
    const own = new Engine();
    await own.open({ text: read("spirals.yaml"), files: {} }, look);
    const before = own.values();
    expect(before.error).toBe(own.trainer.evaluate(own.current.data).loss);
    // That of the batch that is shown is another number.
    expect(before.error).not.toBe(before.loss);
    await own.trainer.fit(own.current.data, { epochs: 2, batchSize: own.batchSize });
    expect(own.values().error).toBe(own.history().losses[1]);
    own.look({ ...look, example: 7 });
    expect(own.values().error).toBe(own.history().losses[1]);
    // A number that was changed is in no epoch yet.
    const edited = own.setParameter({ name: "0.weight", index: 0 }, 9);
    expect(edited.error).toBe(own.trainer.evaluate(own.current.data).loss);
    expect(edited.error).not.toBe(own.history().losses[1]);
    expect(own.undoEdit()).toBe(true);
    expect(own.values().error).toBe(own.history().losses[1]);
    own.reset();
    expect(own.look(look).values).toEqual(before);
  });

  it("takes changed numbers back, the last one first", async () => {
    const before = engine.values();
    expect([engine.edited, engine.undoEdit()]).toEqual([false, false]);
    engine.setParameter({ name: "2.weight", index: 0 }, 0.1 + 0.2);
    const one = engine.values();
    engine.setExample("inputs", 0, 7);
    engine.setParameter({ name: "2.weight", index: 0 }, -1);
    engine.setParameter({ name: "0.bias", index: 0 }, 3);
    for (let i = 0; i < 3; i++) expect(engine.undoEdit()).toBe(true);
    expect(engine.values()).toEqual(one);
    expect(engine.undoEdit()).toBe(true);
    expect(engine.values()).toEqual(before);
    expect(engine.edited).toBe(false);
    expect(exported(engine, "network")).toBe(seed.text);
    engine.setParameter({ name: "0.bias", index: 0 }, 3);
    engine.reset();
    expect(engine.edited).toBe(false);
  });

  it("says that no gradient arrives where all of it is 0", async () => {
    const dead = new Engine();
    const text =
      "layers: [linear: { outputs: 1, weight: [[-1]], bias: [-1] }, relu, linear: { outputs: 1 }]\n" +
      "loss: meanSquaredError\noptimizer: sgd\ndata: { examples: [{ inputs: [1], targets: [0] }] }";
    await dead.open(
      { text: text.replace("outputs: 1 }]", "outputs: 1, weight: 0, bias: 0 }]"), files: {} },
      look,
    );
    const { layers, text: said, findings } = await dead.report();
    expect(layers.map((l) => l.norm)).toEqual([0, 0]);
    expect(`${said} ${findings.join(" ")}`).toContain("No gradient arrives");
    expect(said).not.toMatch(/NaN|healthy/);
    // A ratio of 0 to 0 is none.
    expect(layers.flatMap((l) => Object.values(l)).some(Number.isNaN)).toBe(false);
  });

  it("derives biases like weights, and draws other first weights", async () => {
    const d = await engine.derive({ name: "2.bias", index: 0 });
    const both = engine.values().gradients["2.bias"]![0]!;
    expect(d.gradient).toBe(both);
    expect(d.symbol).toBe("b2");
    const other = new Engine();
    await other.open({ text: reseeded(engine), files: {} }, look);
    expect(other.opened().seed).toBe(1);
    expect(other.values().parameters["0.weight"]).not.toEqual(
      engine.values().parameters["0.weight"],
    );
    expect(other.values().parameters["0.bias"]).toEqual(engine.values().parameters["0.bias"]);
  });

  it("holds, frees and shares the biases of all dense layers, and no weights", async () => {
    const frozen = "frozen: [weight]";
    const text =
      `{ layers: [sequential: [{ linear: { outputs: 2, ${frozen} } }, tanh], linear: { outputs: 1 }], ` +
      "loss: meanSquaredError, optimizer: sgd, data: { examples: [{ inputs: [1, 2], targets: [1] }] } }";
    const as = { bias: "frozen", timing: "simultaneous", learningRate: 0.5 } as const;
    const start = await new Engine().open({ text, files: {} }, look);
    const run = (bias: "frozen" | "own" | "shared") =>
      compare({ text, files: {} }, [{ ...as, bias }, as], 1);
    const changed = async (bias: "frozen" | "own") => {
      const [{ parameters }] = await run(bias);
      const before = Object.values(start.values.parameters).flatMap((v) => [...v]);
      return parameters.flatMap(({ name, value }, i) => (value === before[i] ? [] : [name]));
    };
    expect(await changed("frozen")).toEqual(["1.weight[0,0]", "1.weight[0,1]"]);
    const own = ["0.0.bias[0]", "0.0.bias[1]", "1.weight[0,0]", "1.weight[0,1]", "1.bias[0]"];
    expect(await changed("own")).toEqual(own);
    const [{ parameters }] = await run("shared");
    const biases = parameters.filter(({ name }) => name.includes("bias"));
    expect(biases.map(({ name }) => name)).toEqual(["0.0.bias", "1.bias"]);
  });

  it("compares two ways of training", async () => {
    const as = { bias: "file", timing: "simultaneous", learningRate: 0.5 } as const;
    const [a, b] = await compare(seed, [as, { ...as, bias: "shared", timing: "sequential" }], 50);
    expect(a.history.losses).toHaveLength(50);
    expect(a.loss).not.toBe(b.loss);
    expect(a.parameters.filter((p) => p.name.startsWith("0.bias")).map((p) => p.value)).toEqual([
      0.35, 0.35,
    ]);
    expect(b.parameters.find((p) => p.name === "0.bias")!.value).not.toBe(0.35);
    // Stopped, both have come equally far.
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 50);
    const early = await compare(seed, [as, as], 1e6, stop.signal);
    expect(early[0].history.losses.length).toBeLessThan(1e6);
    expect(early[1]).toEqual(early[0]);
  });
});

describe("training", () => {
  const training = async (text = seed.text) => {
    const engine = new Engine();
    await engine.open({ text, files: {} }, look);
    const frames: Frame[] = [];
    let end = () => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const t: Training = new Training(engine, (frame) => {
      frames.push(frame);
      if (frame.playing) setTimeout(() => t.acknowledge());
      else end();
    });
    return { engine, t, frames, ended };
  };

  it("sends a picture for each so many epochs, and waits for the page", async () => {
    const { t, frames, ended } = await training();
    await t.play({ perFrame: 10, until: 35 });
    await ended;
    expect(frames.map((f) => f.values.epoch)).toEqual([10, 20, 30, 35]);
    expect(frames.at(-1)!.history.epochs).toHaveLength(35);
  });

  it("has nothing to do where it has come far enough already", async () => {
    const { t, frames, engine } = await training();
    await t.play({ perFrame: 10, until: 2 });
    while (t.playing) await new Promise((r) => setTimeout(r));
    const after = engine.values();
    await t.play({ perFrame: 10, until: 1 });
    while (t.playing) await new Promise((r) => setTimeout(r));
    expect(engine.values()).toEqual(after);
    expect(frames.map((f) => [f.playing, f.failure])).toEqual(Array(2).fill([false, undefined]));
  });

  it("takes epochs back one by one, to the same bits", async () => {
    const { t, ended, engine } = await training(read("xor.yaml"));
    const seen: Values[] = [engine.values()];
    const play = async (until: number) => {
      await t.play({ perFrame: 4, until });
      await ended;
      while (t.playing) await new Promise((r) => setTimeout(r));
    };
    for (let i = 0; i < 3; i++) {
      await engine.trainer.fit(engine.current.data, { epochs: 1, batchSize: engine.batchSize });
      seen.push(engine.values());
    }
    engine.reset();
    await play(3);
    for (const epoch of [2, 1, 0]) {
      expect(await t.undo()).toBe(true);
      expect(engine.values()).toEqual(seen[epoch]);
      expect(engine.history().epochs).toHaveLength(epoch);
    }
    expect(t.undoable).toBe(false);
    expect(await t.undo()).toBe(false);
    // What was trained on an example stays so when its numbers are changed afterwards.
    await play(3);
    engine.setExample("targets", 0, 0.5);
    const changed = engine.values();
    await play(4);
    expect(await t.undo()).toBe(true);
    expect(engine.values()).toEqual(changed);
    // The number, too; then what was trained before it was changed.
    expect(t.undoable).toBe(true);
    expect(await t.undo()).toBe(true);
    expect(engine.values()).toEqual(seen[3]);
    expect(await t.undo()).toBe(true);
    expect(engine.values().parameters).toEqual(seen[2]!.parameters);
  });

  it("keeps of a long run what fits into a few megabytes", async () => {
    const { t, ended, engine } = await training(read("xor.yaml"));
    await engine.trainer.fit(engine.current.data, { epochs: 3000, batchSize: engine.batchSize });
    await t.play({ perFrame: 1, until: 3100 });
    await ended;
    while (t.playing) await new Promise((r) => setTimeout(r));
    let undone = 0;
    while (await t.undo()) undone++;
    const state = engine.trainer.toBytes().length;
    expect(undone).toBeGreaterThan(10);
    expect(undone * state).toBeLessThan(5e6);
  });

  it("takes another learning rate from the next epoch on, and can still go back", async () => {
    const { t, ended, engine, frames } = await training(read("xor.yaml"));
    await t.play({ perFrame: 1, until: 40 });
    while (engine.trainer.progress.epoch < 5) await new Promise((r) => setTimeout(r));
    t.setLearningRate(0.25);
    expect(() => t.setLearningRate(Number.NaN)).toThrow("number");
    await ended;
    const byEpoch = new Map(frames.map((f) => [f.values.epoch, f.values]));
    expect(engine.trainer.learningRate).toBe(0.25);
    for (let epoch = 39; epoch >= 0; epoch--) {
      await t.undo();
      if (epoch > 0) expect(engine.values().parameters).toEqual(byEpoch.get(epoch)!.parameters);
    }
    expect(engine.trainer.learningRate).toBe(0.05);
  });

  it("stops when it is told to", async () => {
    const { t, frames } = await training();
    await t.play({ perFrame: 1 });
    await t.stop();
    expect(frames.at(-1)!.playing).toBe(false);
    expect(t.playing).toBe(false);
  });

  it("is back at finite numbers after one that is not", async () => {
    const { t, frames, ended, engine } = await training(
      "layers: [linear: { outputs: 1, weight: 1, bias: 0 }]\nloss: meanSquaredError\n" +
        "optimizer: { sgd: { learningRate: 1e200 } }\n" +
        "data: { examples: [{ inputs: [3], targets: [1] }] }\ntraining: { batchSize: 1 }",
    );
    await t.play({ perFrame: 1 });
    await ended;
    expect(frames.at(-1)!.failure).toMatchObject({ code: "not-finite" });
    const finite = Object.values(engine.values().parameters).every((v) => v.every(Number.isFinite));
    expect(finite).toBe(true);
  });
});

describe("what a stranger sends", () => {
  const rest = "loss: meanSquaredError\noptimizer: sgd\n";
  const open = (text: string) => new Engine().open({ text, files: {} }, look);
  it.each([
    [
      "too many examples",
      `layers: [linear: { outputs: 1 }]\n${rest}data: { generate: { xor: { size: 9000000 } } }`,
    ],
    ["too wide", `layers: [linear: { outputs: 9000000 }]\n${rest}data: { generate: moons }`],
    [
      "too many parameters",
      `layers: [linear: { outputs: 4000 }, linear: { outputs: 4000 }, linear: { outputs: 1 }]\n${rest}data: { generate: moons }`,
    ],
    [
      "too deep",
      `layers: [${"relu, ".repeat(80)}linear: { outputs: 1 }]\n${rest}data: { generate: moons }`,
    ],
    [
      "too large a batch",
      `layers: [linear: { outputs: 1 }]\n${rest}data: { generate: moons }\ntraining: { batchSize: 100000 }`,
    ],
    [
      "too much for one picture",
      `layers: [${"linear: { outputs: 64 }, tanh, ".repeat(30)}linear: { outputs: 1 }]\n${rest}data: { generate: moons }\ntraining: { batchSize: 1024 }`,
    ],
    ["too long", `# ${"x".repeat(600_000)}`],
  ])("is refused before anything is made: %s", async (_, text) => {
    const began = performance.now();
    expect((await failure(open(text))).code).toBe("too-large");
    expect(performance.now() - began).toBeLessThan(2000);
  });
  it("cannot put markup into the page", async () => {
    const engine = new Engine();
    const text =
      'layers: [linear: { outputs: 1 }]\nname: "<b>"\nloss: binaryCrossEntropyWithLogits\noptimizer: sgd\n' +
      'data: { examples: [{ inputs: [1], targets: "<i>a" }, { inputs: [2], targets: "<i>b" }] }';
    await engine.open({ text, files: {} }, look);
    const d = await engine.derive({ name: "0.weight", index: 0 });
    expect(d.steps.map((s) => s.html).join("")).not.toMatch(/<[bi]>/);
  });
});
