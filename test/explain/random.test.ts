/** Random networks: every way to the same number, and every printed formula read back. */
import { describe, expect, it } from "vitest";
import { uniformAt } from "../../src/core/random.ts";
import { explain } from "../../src/explain/index.ts";
import * as nn from "../../src/nn/index.ts";
import { sgd } from "../../src/optim/sgd.ts";
import { trainer } from "../../src/train/trainer.ts";
import { readBack } from "./read-back.ts";
import "../support/backend.ts";

const activations = [
  nn.sigmoid,
  nn.tanh,
  nn.relu,
  nn.leakyRelu,
  nn.elu,
  nn.selu,
  nn.gelu,
  nn.geluTanh,
  nn.silu,
  nn.mish,
  nn.softplus,
  nn.softsign,
  nn.softmax,
  nn.logSoftmax,
  nn.hardtanh,
  nn.relu6,
  nn.hardsigmoid,
  nn.hardswish,
  nn.identity,
] as const;

/** Each loss with targets that it takes. */
const losses = [
  ["halfSquaredError", nn.halfSquaredError, "real"],
  ["meanSquaredError", nn.meanSquaredError, "real"],
  ["meanAbsoluteError", nn.meanAbsoluteError, "real"],
  ["huber", nn.huber, "real"],
  ["hinge", nn.hinge, "sign"],
  ["klDivergence", nn.klDivergence, "share"],
  ["binaryCrossEntropyWithLogits", nn.binaryCrossEntropyWithLogits, "bit"],
  ["binaryCrossEntropy", nn.binaryCrossEntropy, "bit"],
  ["crossEntropy", nn.crossEntropy, "label"],
  ["multiMargin", nn.multiMargin, "label"],
] as const;

/** A random network with data and a parameter; everything follows from the seed. */
function randomNetwork(seed: number) {
  let i = 0;
  const next = () => uniformAt(seed, 7, i++);
  const whole = (from: number, to: number) => from + Math.floor(next() * (to - from + 1));
  const depth = whole(1, 8);
  const [name, loss, kind] = losses[seed % losses.length]!;
  const least = kind === "label" ? 2 : 1;
  const widths = Array.from({ length: depth + 1 }, (_, l) => whole(l === depth ? least : 1, 6));
  const layers: nn.Layer[] = [];
  for (let l = 0; l < depth; l++) {
    layers.push(
      nn.linear(widths[l]!, widths[l + 1]!, {
        weight: nn.uniform(-1, 1),
        bias: nn.uniform(-0.5, 0.5),
      }),
    );
    const f = activations[whole(0, activations.length - 1)]!;
    if (l < depth - 1) layers.push((f as () => nn.Layer)());
  }
  // Probabilities must stay between 0 and 1.
  if (name === "binaryCrossEntropy") layers.push(nn.sigmoid());
  const n = whole(1, 3);
  const rows = (width: number, f: () => number) =>
    Array.from({ length: n }, () => Array.from({ length: width }, f));
  const last = widths[depth]!;
  const inputs = rows(widths[0]!, () => 2 * next() - 1);
  const targets =
    kind === "label"
      ? inputs.map(() => whole(0, last - 1))
      : rows(last, () =>
          kind === "real"
            ? 2 * next() - 1
            : kind === "sign"
              ? 2 * whole(0, 1) - 1
              : kind === "bit"
                ? whole(0, 1)
                : next() * 0.8 + 0.1,
        );
  const classes = Array.from({ length: last }, (_, k) => `c${k}`);
  const data =
    kind === "label"
      ? { inputs, targets: targets as number[], classes }
      : { inputs, targets: targets as number[][] };
  const model = nn.sequential(...(layers as never[]));
  const t = trainer(model as never, {
    loss: loss as never,
    optimizer: sgd({ learningRate: 0.1 }),
    seed,
    dtype: "f64",
  });
  const l = whole(0, depth - 1);
  const parameter = `${2 * l}.weight[${whole(0, widths[l + 1]! - 1)},${whole(0, widths[l]! - 1)}]`;
  return { t, data, parameter, name, layers: layers.map((x) => x.name).join(" ") };
}

describe("a thousand random networks", () => {
  const count = Number(process.env.CHAINRULE_NETWORKS ?? 1000);
  const chunks = Array.from({ length: Math.ceil(count / 50) }, (_, i) => i);
  it.each(chunks)(
    "chunk %i",
    async (chunk) => {
      for (let seed = chunk * 50; seed < (chunk + 1) * 50; seed++) {
        const { t, data, parameter, name, layers } = randomNetwork(seed);
        const d = await explain(t, {
          data,
          parameter,
          digits: 17,
          notation: seed % 2 ? "canonical" : "net-out",
        });
        const what = `seed ${seed}, ${layers}, ${name}, ${parameter}`;
        expect(d.data.passed, `${what}\n${d.toText({ width: 200, digits: 9 })}`).toBe(true);
        readBack(d.toText({ width: 1e9 }), d.data.symbols, what);
      }
    },
    300_000,
  );
});
