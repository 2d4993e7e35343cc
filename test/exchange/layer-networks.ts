/** A small network around each layer that a network file can name, with four examples. */
import { networkText } from "../../src/exchange/network-text.ts";
import type { Chosen } from "../../src/network-file/form.ts";
import { layerSamples } from "../support/layer-samples.ts";

const random = /ropout|rrelu|^random/i;

/** What leaves nothing to chance, where it is not the rate 0. */
const notRandom: Readonly<Record<string, object>> = {
  rrelu: { lower: 0.2, upper: 0.2 },
  randomShift2d: { pixels: 0 },
};

/** The texts of network files, by layer. Numbers that a training draws differ between libraries. */
export function layerNetworks(): Record<string, string> {
  const all = layerSamples().flatMap(({ name, layer, shape, dtype, row }) => {
    if (typeof row === "string") return [];
    const own = /Decoder/.test(name) ? [] : [{ name, options: row.options }];
    if (random.test(name)) {
      const still = notRandom[name] ?? { rate: 0 };
      own[0] = { name, options: { ...row.options, ...still } };
    }
    const width = shape.slice(1).reduce((n, k) => n * k, 1);
    const sizes = shape.slice(1);
    const whole = dtype === "i32";
    const linear = { name: "linear", options: { outputs: 2 } };
    const layers: Chosen[] = [
      ...(whole || sizes.length === 1 ? [] : [{ name: "unflatten", options: { axis: 1, sizes } }]),
      ...(own as Chosen[]),
      ...(layer.outputShape(shape).length > 2 ? [{ name: "flatten", options: {} }] : []),
      linear as never,
    ];
    const examples = Array.from({ length: 4 }, (_, i) => ({
      inputs: Array.from({ length: width }, (_, k) =>
        whole ? (i + k * k) % 3 : Math.round(200 * Math.sin(7 * i + k * k + 1)) / 100,
      ),
      targets: i % 2 === 0 ? "a" : "b",
    }));
    return [[name, { layers, examples }] as const];
  });
  return Object.fromEntries(
    all.map(([name, { layers, examples }]) => [
      `layer ${name}`,
      [
        networkText({ layers }),
        "loss: crossEntropy",
        "optimizer: { sgd: { learningRate: 0.05 } }",
        `data: { examples: ${JSON.stringify(examples)} }`,
        "training: { epochs: 3, batchSize: 4, dtype: f64 }",
        "",
      ].join("\n"),
    ]),
  );
}
