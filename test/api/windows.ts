/** Right arguments of what has windows: convolutions, pools, and the layers of both. */
import * as chainrule from "../../src/index.ts";
import { type Any, type Probe, pairs, probe, read, type x } from "./samples.ts";
import { made as opaque } from "./wrong.ts";

const { linear, sequential, sgd, tensor, trainer, unflatten } = chainrule;
/** Trains a layer on images of two channels, with so many axes. */
export const trains = (axes: number) => (layer: chainrule.Layer) => {
  const sizes = [2, ...Array.from({ length: axes }, () => 4)];
  const image = unflatten(1, sizes);
  const count = sizes.reduce((n, k) => n * k, 1);
  const model: chainrule.Layer = sequential(linear(2, count), image, opaque(layer) as never);
  const loss = (y: typeof x) => y.square().sum();
  trainer(model, { loss, optimizer: sgd(), backend: "interpreter" }).step(pairs);
};
const image = tensor([[[1, 2, 3, 4]]], { dtype: "f64" });
const weight = tensor([[[1, -1]]], { dtype: "f64" });
const columns = tensor([
  [
    [1, 2, 3],
    [4, 5, 6],
  ],
]);
const moves = { stride: 1, padding: [1], dilation: 1 };
const exported = chainrule as unknown as Record<string, Any>;

const axes = [1, 2, 3];
const eachAxis = (name: string, right: readonly unknown[], more = ""): Record<string, Probe> =>
  Object.fromEntries(
    axes.map((k) => [
      `${name}${k}d${more}`,
      probe(exported[`${name}${k}d`], right, trains(k) as never),
    ]),
  );
const start = { weight: chainrule.uniform(), bias: 0, frozen: ["weight"], learningRate: 0.1 };

export const windows: Record<string, Probe> = {
  convolution: probe(chainrule.convolution, [image, weight, { ...moves, groups: 1 }], read),
  transposedConvolution: probe(
    chainrule.transposedConvolution,
    [image, weight, { ...moves, stride: 2, outputPadding: 1, groups: 1 }],
    read,
  ),
  unfold: probe(chainrule.unfold, [image, { kernelSize: 2, ...moves }], read),
  fold: probe(chainrule.fold, [columns, { outputSize: [4], kernelSize: 2, dilation: 1 }], read),
  maxPool: probe(chainrule.maxPool, [image, { kernelSize: 2, ...moves, ceilMode: true }], read),
  avgPool: probe(
    chainrule.avgPool,
    [image, { kernelSize: 2, stride: 1, padding: 1, ceilMode: true, countIncludePad: false }],
    read,
  ),
  adaptiveAvgPool: probe(chainrule.adaptiveAvgPool, [image, { outputSize: 3 }], read),
  adaptiveMaxPool: probe(chainrule.adaptiveMaxPool, [image, { outputSize: [3] }], read),
  ...eachAxis("conv", [2, 4, 3, { stride: 1, padding: "same", dilation: 1, groups: 2, ...start }]),
  ...eachAxis("conv", [2, 4, 3, { padding: 1, paddingMode: "reflect" }], " with a border"),
  ...eachAxis("convTranspose", [
    2,
    4,
    3,
    { stride: 2, padding: 1, outputPadding: 1, dilation: 1, groups: 2, ...start },
  ]),
  ...eachAxis("maxPool", [2, { stride: 1, padding: 1, dilation: 1, ceilMode: true }]),
  ...eachAxis("avgPool", [2, { stride: 1, padding: 1, ceilMode: true, countIncludePad: false }]),
  ...eachAxis("adaptiveAvgPool", [2]),
  ...eachAxis("adaptiveMaxPool", [2]),
  flatten: probe(chainrule.flatten, [{ startAxis: 1, endAxis: -1 }], trains(2) as never),
  unflatten: probe(chainrule.unflatten, [1, [1, -1]], trains(0) as never),
};
