/**
 * Holds random networks against PyTorch: layers, losses and optimizers of network files with random
 * options, each written by `export --to pytorch`, run there, and trained here.
 *
 *     node tools/pytorch-options.mjs [python] [count] [first seed]
 *
 * with PyTorch 2.13 and safetensors. What a file or a script cannot say is passed over and counted; where
 * the two differ the network is printed, and the script exits with 1.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomOf } from "./mutations.mjs";
import { fromSources } from "./sources.mjs";

const [, , python = "python3", count = "200", first = "1"] = process.argv;

const { ChainruleError, layers, losses, optimizers, parseNetwork, prepareNetwork, ...exporting } =
  await fromSources(
    "pytorch-options",
    `export { ChainruleError } from "./src/core/errors.ts";
     export { layers } from "./src/network-file/layers.ts";
     export { losses } from "./src/network-file/losses.ts";
     export { optimizers } from "./src/network-file/optimizers.ts";
     export { parseNetwork, prepareNetwork } from "./src/network-file/index.ts";
     export { pytorchScript, stateDictBytes } from "./src/exchange/pytorch/script.ts";
     import "./src/backends/wasm/install.ts";`,
  );
const { pytorchScript, stateDictBytes } = exporting;

const pick = (random, list) => list[random(list.length)];
const several = (count, make) => Array.from({ length: count }, (_, i) => make(i));
/** Numbers that are drawn differ between libraries. */
const isDrawn = (name) => /ropout|rrelu|^random|noise/i.test(name);
/** Options that a script never says. */
const leftOut = /^seed$|training|^clip|^average|^accumulate|Activation$/i;

/** What may stand where the form does. */
function valueOf(form, random, depth = 0) {
  const inner = (of) => valueOf(of, random, depth + 1);
  switch (form.kind) {
    case "number":
      return pick(random, form.whole ? [1, 2, 3, 2, 1] : [0.1, 0.5, 0.9, 0.25, 0.75]);
    case "text":
      return pick(random, ["a", "causal"]);
    case "flag":
      return random(2) === 0;
    case "word":
      return pick(random, form.words);
    case "numbers": {
      const nested = (depth) =>
        depth === 0
          ? pick(random, [0.5, 1, 2, 0.1])
          : several(1 + random(4), () => nested(depth - 1));
      return nested(pick(random, form.depths));
    }
    case "list":
      return several((form.least ?? 0) + random(3), () => inner(form.of));
    case "record": {
      const fields = Object.entries(form.fields).filter(([name]) => !leftOut.test(name));
      const given = fields.filter(([, field]) => field.required || random(3) === 0);
      const still = Object.keys(form.fields).filter((name) => /dropout/i.test(name));
      return Object.fromEntries([
        ...given.map(([name, field]) => [name, inner(field.form)]),
        ...still.map((name) => [name, 0]),
      ]);
    }
    case "map":
      return Object.fromEntries(["a", "b"].slice(random(2)).map((name) => [name, inner(form.of)]));
    case "choice": {
      if (depth > 3) return "tanh";
      const [name, row] = pick(
        random,
        Object.entries(form.table()).filter(([name]) => !isDrawn(name)),
      );
      return { [name]: inner(row.form) };
    }
    case "either": {
      const plain = form.of.find(({ kind }) => kind === "number");
      return inner(plain && random(6) > 0 ? plain : pick(random, form.of));
    }
  }
}

const chosen = (table, random) => {
  const [name, row] = pick(
    random,
    Object.entries(table).filter(([name]) => !isDrawn(name)),
  );
  return { [name]: valueOf(row.form, random) };
};

/** Half of the networks have the usual loss, and half the usual optimizer: others refuse more. */
function networkOf(seed) {
  const random = randomOf(seed * 7919 + 11);
  const layer = chosen(layers, random);
  const [name] = Object.keys(layer);
  const whole = name.startsWith("embedding");
  const [, axes] = /(\d)d$/.exec(name) ?? [];
  const rank = axes
    ? Number(axes) + 1
    : /rnn|lstm|gru|ttention|ransformer/.test(name)
      ? 2
      : 1 + random(4);
  const shape = several(rank, () => pick(random, [1, 2, 3, 4, 4, 5, 6]));
  const size = shape.reduce((a, b) => a * b, 1);
  const [labelled, outputs] = [random(2) === 0, 1 + random(3)];
  const usual = labelled ? "crossEntropy" : "meanSquaredError";
  const target = (i) =>
    outputs === 1 ? [Math.cos(3 * i)] : several(outputs, (k) => +(k === i % 2));
  return JSON.stringify({
    layers: [
      ...(shape.length > 1 ? [{ unflatten: { sizes: shape } }] : []),
      layer,
      ...(random(3) === 0 ? [chosen(layers, random)] : []),
      "flatten",
      { linear: { outputs } },
    ],
    loss: random(2) === 0 ? usual : chosen(losses, random),
    optimizer: random(2) === 0 ? { sgd: { learningRate: 0.05 } } : chosen(optimizers, random),
    data: {
      examples: several(4, (i) => ({
        inputs: several(size, (k) =>
          whole ? (i + k * k) % 3 : Math.round(200 * Math.sin(7 * i + k * k + 1)) / 100,
        ),
        targets: labelled ? (outputs === 1 ? i % 2 : ["a", "b", "c"][i % outputs]) : target(i),
      })),
    },
    training: { epochs: 3, batchSize: pick(random, [2, 4]), dtype: "f64" },
  });
}

const folder = mkdtempSync(join(tmpdir(), "chainrule-options-"));
const passed = {};
const ours = {};
for (let seed = Number(first); seed < Number(first) + Number(count); seed++) {
  const text = networkOf(seed);
  try {
    const { network, trainer, data, fit } = await prepareNetwork(parseNetwork(text), async () => {
      throw new Error("no files");
    });
    const { batchSize } = JSON.parse(text).training;
    const own = join(folder, `${seed}`);
    const all = { network, trainer, data: data.train, batchSize };
    const script = pytorchScript(all, "net.pytorch.safetensors");
    const weights = stateDictBytes(trainer);
    const losses = [];
    await trainer.fit(data.train, {
      ...fit,
      shuffle: false,
      onStep: ({ loss }) => losses.push(loss),
    });
    const end = trainer.evaluate(data.train).loss;
    mkdirSync(own);
    writeFileSync(join(own, "net.py"), script);
    writeFileSync(join(own, "net.pytorch.safetensors"), weights);
    ours[seed] = { text, loss: losses[0], end };
  } catch (error) {
    if (!(error instanceof ChainruleError)) throw new Error(text, { cause: error });
    passed[error.code] = (passed[error.code] ?? 0) + 1;
  }
}

/** Runs every script in its folder, and prints what it printed, or the error, as a line of JSON. */
const runner = `
import contextlib, io, json, os, sys, warnings
warnings.filterwarnings("ignore")
import torch
torch.set_num_threads(1)
for name in sys.argv[2:]:
    os.chdir(os.path.join(sys.argv[1], name))
    out = io.StringIO()
    try:
        with contextlib.redirect_stdout(out):
            exec(compile(open("net.py").read(), "net.py", "exec"), {"__name__": "__main__"})
        print(json.dumps([name, out.getvalue()]))
    except BaseException as e:
        print(json.dumps([name, "error " + repr(e)]))
`;
const { stdout, stderr } = spawnSync(python, ["-c", runner, folder, ...Object.keys(ours)], {
  encoding: "utf8",
  maxBuffer: 2 ** 30,
});
rmSync(folder, { recursive: true });

let agreed = 0;
const differing = [];
for (const line of stdout.trim().split("\n")) {
  const [seed, printed] = JSON.parse(line);
  const { text, loss, end } = ours[seed];
  const number = (label) =>
    Number(new RegExp(`^${label} ([-+.e\\d]+|nan|inf)$`, "m").exec(printed)?.[1]);
  const [theirs, last] = [number("loss"), number("loss at the end")];
  // The order of sums differs, and steps of some optimizers magnify that; what grows beyond all bounds
  // in one ends as it likes in the other.
  const near = (a, b) =>
    !(Number.isFinite(a) || Number.isFinite(b)) ||
    Math.abs(a - b) <= 1e-6 * Math.max(1e-3, Math.abs(a));
  if (near(loss, theirs) && near(end, last)) agreed++;
  else
    differing.push({
      seed,
      ours: [loss, end],
      theirs: printed.startsWith("error") ? printed : [theirs, last],
      text,
    });
}
for (const one of differing) console.log(`${JSON.stringify(one)}\n`);
if (Object.keys(ours).length > agreed + differing.length) console.log(stderr);
console.log(`${agreed} agree, ${differing.length} differ; passed over: ${JSON.stringify(passed)}`);
process.exitCode = differing.length > 0 ? 1 : 0;
