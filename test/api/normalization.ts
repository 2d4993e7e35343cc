/** Right arguments of normalizations, of tables and of noise on channels. */
import * as chainrule from "../../src/index.ts";
import { type Any, type Probe, pairs, probe } from "./samples.ts";
import { trains } from "./windows.ts";
import { made as opaque } from "./wrong.ts";

const { linear, meanSquaredError, sequential, sgd, trainer } = chainrule;
const exported = chainrule as unknown as Record<string, Any>;
const statistics = { epsilon: 1e-3, affine: true, momentum: 0.1, trackRunningStats: true };

const looksUp = (features: number) => (layer: chainrule.Layer) => {
  const model: chainrule.Layer = sequential(
    opaque(layer) as never,
    chainrule.flatten(),
    linear(features, 1),
  );
  const t = trainer(model, { loss: meanSquaredError, optimizer: sgd(), backend: "interpreter" });
  t.step(pairs);
};

export const normalization: Record<string, Probe> = {
  ...Object.fromEntries(
    [1, 2, 3].flatMap((k) =>
      ["batch", "instance"].map((over): [string, Probe] => [
        `${over}Norm${k}d`,
        probe(exported[`${over}Norm${k}d`], [2, statistics], trains(k) as never),
      ]),
    ),
  ),
  layerNorm: probe(
    chainrule.layerNorm,
    [[4, 4], { epsilon: 1e-3, affine: true, bias: false }],
    trains(2) as never,
  ),
  rmsNorm: probe(chainrule.rmsNorm, [4, { epsilon: 1e-3, affine: true }], trains(2) as never),
  groupNorm: probe(
    chainrule.groupNorm,
    [1, 2, { epsilon: 1e-3, affine: true }],
    trains(2) as never,
  ),
  embedding: probe(
    chainrule.embedding,
    [2, 2, { weight: chainrule.uniform(), paddingIndex: 0, frozen: false }],
    looksUp(4) as never,
  ),
  embeddingBag: probe(
    chainrule.embeddingBag,
    [2, 2, { weight: chainrule.uniform(), paddingIndex: 0, frozen: false, mode: "max" }],
    looksUp(2) as never,
  ),
  ...Object.fromEntries(
    [1, 2, 3].map((k): [string, Probe] => [
      `dropout${k}d`,
      probe(exported[`dropout${k}d`], [0.5], trains(k) as never),
    ]),
  ),
};
