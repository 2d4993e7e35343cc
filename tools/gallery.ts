/** The networks of docs/gallery/: what build-gallery.mjs writes, and a test compares. */
import { type Derivation, explain } from "../src/explain/index.ts";
import type { Tensor } from "../src/index.ts";
import * as lib from "../src/index.ts";

const { linear, sequential, trainer, sgd } = lib;
const f64 = { dtype: "f64", backend: "interpreter" } as const;

function seed() {
  const bias = { frozen: ["bias"], sharedBias: true } as const;
  const model = sequential(
    linear(2, 2, {
      weight: [
        [0.15, 0.2],
        [0.25, 0.3],
      ],
      bias: 0.35,
      ...bias,
    }),
    lib.sigmoid(),
    linear(2, 2, {
      weight: [
        [0.4, 0.45],
        [0.5, 0.55],
      ],
      bias: 0.6,
      ...bias,
    }),
    lib.sigmoid(),
  );
  const data = { inputs: [[0.05, 0.1]], targets: [[0.01, 0.99]] };
  const optimizer = sgd({ learningRate: 0.5 });
  return { t: trainer(model, { loss: lib.halfSquaredError, optimizer, ...f64 }), data };
}

function classifier() {
  const model = sequential(linear(3, 4), lib.tanh(), linear(4, 2));
  const inputs = [
    [1, 0.5, -1],
    [0.2, -0.3, 0.8],
    [-1, 1, 0.4],
    [0.7, -0.6, 0.1],
  ];
  const data = { inputs, targets: [0, 1, 1, 0], classes: ["left", "right"] };
  const optimizer = sgd({ learningRate: 0.1 });
  return { t: trainer(model, { loss: lib.crossEntropy, optimizer, seed: 1, ...f64 }), data };
}

function vanishing() {
  const layers = Array.from({ length: 10 }, () => [linear(3, 3), lib.sigmoid()]).flat();
  const model = sequential(...(layers as never[])) as lib.Layer;
  const data = { inputs: [[1, 0.5, -1]], targets: [[0, 1, 0]] };
  return { t: trainer(model, { loss: lib.halfSquaredError, optimizer: sgd(), ...f64 }), data };
}

function deadRelu() {
  const weight = [
    [0.4, -0.3],
    [0.2, 0.5],
    [-0.6, 0.1],
  ];
  const hidden = linear(2, 3, { weight, bias: [-3, 0.1, 0.2] });
  const model = sequential(
    hidden,
    lib.relu(),
    linear(3, 1, { weight: [[0.7, -0.4, 0.3]], bias: 0 }),
  );
  const data = {
    inputs: [
      [1, 0.5],
      [0.2, 0.8],
      [0.6, 0.9],
    ],
    targets: [[1], [0], [1]],
  };
  return { t: trainer(model, { loss: lib.meanSquaredError, optimizer: sgd(), ...f64 }), data };
}

function notANumber() {
  const logarithm = (x: Tensor) => x.log();
  const weight = [
    [0.5, 0.5],
    [-0.5, 0.25],
  ];
  const model = sequential(
    linear(2, 2, { weight, bias: 0 }),
    logarithm,
    linear(2, 1, { weight: [[1, 1]], bias: 0 }),
  );
  const data = { inputs: [[1, 0.5]], targets: [[1]] };
  return { t: trainer(model, { loss: lib.meanSquaredError, optimizer: sgd(), ...f64 }), data };
}

/** examples/microgpt with two features, one head and the name "an": small enough to be read. */
export function microgpt(features = 2, heads = 1, wide = 2) {
  const plain = { bias: false } as const;
  const norm = () => lib.rmsNorm(features, { affine: false, epsilon: 1e-5 });
  const attention = lib.multiHeadAttention(features, heads, { ...plain, causal: true });
  const feedForward = [
    linear(features, wide * features, plain),
    lib.relu(),
    linear(wide * features, features, plain),
  ] as const;
  const model = sequential(
    lib.embedding(3, features),
    lib.learnedEncoding(3, features),
    norm(),
    lib.residual(norm(), attention),
    lib.residual(norm(), ...feedForward),
    linear(features, 3, plain),
  );
  // Begin, a, n → a, n, end; the end is the beginning, too.
  const data = {
    inputs: [[2, 0, 1]],
    targets: lib.tensor([[0, 1, 2]], { dtype: "i32" }),
    classes: ["a", "n", "the end"],
  };
  const optimizer = lib.adam({ learningRate: 0.01, beta1: 0.85, beta2: 0.99 });
  return { t: trainer(model, { loss: lib.crossEntropy, optimizer, seed: 1, ...f64 }), data };
}

/** Every file of the gallery by name. */
export async function gallery(): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const language of ["en", "zh"] as const) {
    const { t, data } = seed();
    const all = await explain(t, { data, notation: "net-out", all: true, language });
    files[`two-two-two.${language}.html`] = all.toHtml();
    const write = (name: string, d: Derivation) => {
      const drawing = d.toSvg();
      const page = d.toMarkdown(drawing === undefined ? {} : { drawing: `${name}.svg` });
      // Where a line of this file is named, its place differs from machine to machine.
      files[`${name}.${language}.md`] = page.replace(/ \((?:\/|file:|[A-Z]:)[^()]*\)/g, "");
      if (drawing !== undefined) files[`${name}.svg`] = `${drawing}\n`;
    };
    write("two-two-two", all);
    const put = async (
      name: string,
      made: { t: lib.Trainer; data: lib.Data },
      parameter: string,
    ) => {
      write(name, await explain(made.t, { data: made.data, parameter, language }));
    };
    await put("classifier", classifier(), "0.weight[1,2]");
    await put("vanishing", vanishing(), "0.weight[1,1]");
    await put("dead-relu", deadRelu(), "0.weight[0,0]");
    await put("microgpt", microgpt(), "3.1.in_proj_weight[0,1]");
    await put("not-a-number", notANumber(), "0.weight[1,0]");
  }
  files["README.md"] = index;
  return files;
}

const index = `# Gallery of worked derivations

Written by \`node tools/build-gallery.mjs\`; a test holds these files against what the library says.

| network | English | 中文 |
|---|---|---|
| 2-2-2, the well-known worked example: all eight weights | [page](two-two-two.en.md), [HTML](two-two-two.en.html), [drawing](two-two-two.svg) | [页面](two-two-two.zh.md)、[HTML](two-two-two.zh.html) |
| 3-4-2, tanh, softmax and cross-entropy, a batch of four | [page](classifier.en.md) | [页面](classifier.zh.md) |
| ten sigmoid layers: the gradient vanishes | [page](vanishing.en.md) | [页面](vanishing.zh.md) |
| microgpt by hand: a query's weight of the smallest language model | [page](microgpt.en.md) | [页面](microgpt.zh.md) |
| a dead ReLU | [page](dead-relu.en.md) | [页面](dead-relu.zh.md) |
| a NaN and where it came from | [page](not-a-number.en.md) | [页面](not-a-number.zh.md) |
`;
