/** Right arguments of normalizations, of tables and of noise on channels. */
import * as chainrule from "../../src/index.ts";
import { type Any, inUse, type Probe, pairs, probe, read } from "./samples.ts";
import { trains } from "./windows.ts";
import { made as opaque } from "./wrong.ts";

const { initialValues, linear, meanSquaredError, sequential, sgd, tensor, trainer } = chainrule;
const exported = chainrule as unknown as Record<string, Any>;
const statistics = {
  epsilon: 1e-3,
  affine: true,
  momentum: 0.1,
  trackRunningStats: true,
  runningVariance: "biased",
};

const looksUp = (features: number) => (layer: chainrule.Layer) => {
  const model: chainrule.Layer = sequential(
    opaque(layer) as never,
    chainrule.flatten(),
    linear(features, 1),
  );
  const t = trainer(model, { loss: meanSquaredError, optimizer: sgd(), backend: "interpreter" });
  t.step(pairs);
};

const i32 = (...values: number[]) => tensor(values, { dtype: "i32" });
const bags = (layer: chainrule.LayerOf<chainrule.BagInputs>) =>
  read(
    layer.applyTo(
      { indices: i32(0, 1, 1), offsets: i32(0, 3), perSampleWeights: tensor([1, 2, 3]) },
      initialValues(layer).parameters,
    ),
  );
const multiplies = (layer: chainrule.LayerOf<chainrule.BilinearInputs>) =>
  read(
    layer.applyTo(
      { left: tensor([[1, 2]]), right: tensor([[3]]) },
      initialValues(layer).parameters,
    ),
  );

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
  "embeddingBag of a list": probe(
    chainrule.embeddingBag,
    [2, 2, { mode: "sum", includeLastOffset: true }],
    bags as never,
  ),
  bilinear: probe(
    chainrule.bilinear,
    [2, 1, 2, { weight: chainrule.uniform(), bias: 0, frozen: ["weight"], learningRate: 0.1 }],
    multiplies as never,
  ),
  rrelu: probe(chainrule.rrelu, [{ lower: 0.1, upper: 0.2 }], inUse as never),
  ...Object.fromEntries(
    [1, 2, 3].map((k): [string, Probe] => [
      `dropout${k}d`,
      probe(exported[`dropout${k}d`], [0.5], trains(k) as never),
    ]),
  ),
};
