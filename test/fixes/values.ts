/** Advice on values that are set or loaded, followed. */

import { expect } from "vitest";
import * as c from "../../src/index.ts";
import type { Row } from "./row.ts";
import { any, classifier, make } from "./training.ts";

const { linear, sequential, sgd, tensor, trainer } = c;
const unfrozen = () => make({ optimizer: c.adam() });
const frozen = () =>
  trainer(c.freeze(unfrozen().model, /weight/), {
    ...{ loss: c.meanSquaredError, optimizer: c.adam(), backend: "interpreter" },
  });
/** What a fix says may differ. */
const namedIn = (fix: string): NonNullable<c.LoadOptions["differs"]> =>
  JSON.parse(/differs: (\[.*\])/.exec(fix)?.[1] ?? "no list");

/** As a program without types may call it. */
const foreignNumbers = { weight: [[1, 2], [3, 4]] } as unknown as Record<string, c.Tensor>; // biome-ignore format: a matrix
const square = () => trainer(linear(2, 2), { loss: c.meanSquaredError, optimizer: sgd() });

export const values: readonly Row[] = [
  [
    'Make the trainer with dtype: "f64".',
    () => make().setParameters({ "0.weight": Float64Array.of(1e39, 1) }),
    () => make({ dtype: "f64" }).setParameters({ "0.weight": Float64Array.of(1e39, 1) }),
  ],
  [
    'Name each: setParameters({ "0.weight": tensor([[1, 2]]) }).',
    () => any(make().setParameters.bind(make()))([1, 2]),
    () => make().setParameters({ "0.weight": tensor([[1, 2]]) }),
  ],
  [
    "Rename each value to the parameter that it is for, and leave out those of none with { strict: false }.",
    () => make().setParameters({ kernel: tensor([[1, 2]]), momentum: tensor([1]) }),
    () =>
      make().setParameters(
        { "0.weight": tensor([[1, 2]]), momentum: tensor([1]) },
        { strict: false },
      ),
  ],
  [
    'Write /^0\\./ for the first layer, or (name) => name.endsWith("bias").',
    () => make().setParameters(make().parameters, { names: "bias" as never }),
    () => [
      make().setParameters(make().parameters, { names: /^0\./ }),
      c.freeze(make().model, (name) => name.endsWith("bias")),
    ],
  ],
  [
    'Make numbers a tensor: tensor([[1, 2], [3, 4]], { dtype: "f64" }).',
    () => square().setParameters(foreignNumbers),
    () => square().setParameters({ weight: tensor([[1, 2], [3, 4]], { dtype: "f64" }) }), // biome-ignore format: a matrix
  ],
  [
    "Transpose it: rows of weights are outputs, columns are inputs.",
    () => make().setParameters({ "0.weight": tensor([[1], [2]]) }),
    () => make().setParameters({ "0.weight": tensor([[1], [2]]).transpose() }),
  ],
  [
    "Reshape it to ….",
    () => make().setParameters({ "0.weight": tensor([[[1], [2]]]).reshape([2]) }),
    () => make().setParameters({ "0.weight": tensor([1, 2]).reshape([1, 2]) }),
  ],
  [
    "Set values of a layer of the same size, or make the layer as large as they are.",
    () => make().setParameters({ "0.weight": tensor([[1, 2, 3]]) }),
    () => make().setParameters({ "0.weight": tensor([[1, 2]]) }),
    () =>
      trainer(sequential(linear(3, 1)), {
        loss: c.meanSquaredError,
        optimizer: sgd(),
      }).setParameters({ "0.weight": tensor([[1, 2, 3]]) }),
  ],
  [
    "Use trainer.setParameters({ …: … }).",
    // @ts-expect-error
    () => (make().parameters["0.bias"] = tensor([1])),
    () => make().setParameters({ "0.bias": tensor([1]) }),
  ],
  [
    "Take over its tensors: setParameters(decodeSafetensors(bytes).tensors).",
    () => make().fromBytes(foreign()),
    () => {
      const { tensors } = c.decodeSafetensors(foreign());
      make().setParameters(Object.fromEntries(tensors));
    },
  ],
  [
    "…, or say what may differ: { differs: … }.",
    () => make().fromBytes(make({ seed: 3, optimizer: c.adam() }).toBytes()),
    (fix) => {
      expect(fix).toContain("seed: 3 and adam(…), or");
      make({ seed: 3, optimizer: c.adam() }).fromBytes(
        make({ seed: 3, optimizer: c.adam() }).toBytes(),
      );
    },
    (fix) => {
      const bytes = make({ seed: 3, optimizer: c.adam() }).toBytes();
      make().fromBytes(bytes, { differs: namedIn(fix) });
    },
  ],
  [
    "…, or say what may differ: { differs: … }.",
    () => make().fromBytes(make({ dtype: "f64" }).toBytes()),
    (fix) => {
      expect(fix).toContain('dtype: "f64"');
      make({ dtype: "f64" }).fromBytes(make({ dtype: "f64" }).toBytes());
    },
    (fix) => make().fromBytes(make({ dtype: "f64" }).toBytes(), { differs: namedIn(fix) }),
  ],
  [
    "…, or say what may differ: { differs: … }.",
    () => unfrozen().fromBytes(frozen().toBytes()),
    (fix) => {
      expect(fix).toContain("Freeze the same parameters");
      frozen().fromBytes(frozen().toBytes());
    },
    (fix) => unfrozen().fromBytes(frozen().toBytes(), { differs: namedIn(fix) }),
    (fix) => frozen().fromBytes(unfrozen().toBytes(), { differs: namedIn(fix) }),
  ],
  [
    'Load it into the model that it was saved from, or let it differ: { differs: ["parameters"] }.',
    () => make().fromBytes(classifier(3).toBytes()),
    () => classifier(3).fromBytes(classifier(3).toBytes()),
    () => make().fromBytes(classifier(3).toBytes(), { differs: ["parameters"] }),
  ],
  [
    "Store less metadata.",
    () => make().toBytes({ note: "x".repeat(101_000_000) }),
    () => make().toBytes({ note: "x" }),
  ],
];

const foreign = () =>
  c.encodeSafetensors(
    new Map([
      ["0.weight", { dtype: "f32" as const, shape: [1, 2], data: Float32Array.of(1, 2) }],
      ["0.bias", { dtype: "f32" as const, shape: [1], data: Float32Array.of(1) }],
    ]),
  );
