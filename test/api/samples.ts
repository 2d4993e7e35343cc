/** What the probes of the API work with: a small model, its data, files, and uses of results. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as data from "../../src/data/index.ts";
import * as chainrule from "../../src/index.ts";
import * as file from "../../src/network-file/index.ts";
import { made as opaque } from "./wrong.ts";

export interface Probe {
  readonly call: (...given: never[]) => unknown;
  readonly right: readonly unknown[];
  /** Uses what came of it, where nothing is looked at before. */
  readonly use?: ((result: never) => unknown) | undefined;
  /** How deep in the arguments something is exchanged. Default 2. */
  readonly depth?: number;
}

const { linear, meanSquaredError, relu, sequential, sgd, Tensor, tensor, trainer } = chainrule;

export const f64 = (values: Parameters<typeof tensor>[0]) => tensor(values, { dtype: "f64" });
export const x = tensor([
  [1, 2],
  [3, 4],
]);
export const at = tensor([[0, 1]], { dtype: "i32" });
export const key = tensor([1, 2], { dtype: "i32" });
export const v = f64([1, 2]);
export const pairs = {
  inputs: [
    [0, 1],
    [1, 0],
    [1, 1],
  ],
  targets: [[1], [0], [1]],
};
export const model = opaque(sequential(linear(2, 2), relu(), linear(2, 1)));
export const make = (options = {}) =>
  trainer(model, { loss: meanSquaredError, optimizer: sgd(), backend: "interpreter", ...options });
export const trained = make();
export const folder = mkdtempSync(join(tmpdir(), "chainrule-api-"));
/** What happens to be a path names a file of this folder. */
export const inFolder = (path: unknown): unknown =>
  typeof path === "string" ? join(folder, path) : path;
export const loaded = join(folder, "loaded.safetensors");
await trained.save(loaded);
export const cleanUp = () => rmSync(folder, { recursive: true, force: true });
export const table = opaque(data.parseTable("a,b,kind\n1,2,x\n3,4,y\n5,7,x\n2,1,y\n"));
export const fitted = data.tableDataset(table, { target: "kind" });
export const points = data.dataset({
  inputs: tensor(Float64Array.of(1, 2), { shape: [2, 1] }),
  targets: tensor(Int32Array.of(0, 1), { shape: [2] }),
  classes: ["a", "b"],
});
export const idx = Uint8Array.of(0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 1, 5, 6);
export const labels = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 0, 1);
export const text = [
  "inputs: 2",
  "layers: [{ linear: { outputs: 2 } }, tanh, { linear: { outputs: 1 } }]",
  "loss: meanSquaredError",
  "optimizer: sgd",
  "data: { examples: [{ inputs: [1, 2], targets: [1] }, { inputs: [0, 1], targets: [0] }] }",
].join("\n");
export const network = file.parseNetwork(text);
export const prepared = await file.prepareNetwork(network, async () => new Uint8Array());
export const bytes = prepared.trainer.toBytes(file.toMetadata(prepared));
export const stored = file.storedNetwork(bytes, "n.safetensors");
export const graph = (() => {
  const a = chainrule.input("a", [2]);
  return { inputs: [a], outputs: [a.mul(2)] };
})();
export const derivation = await chainrule.explain(model, { data: pairs });
export const report = await chainrule.gradientReport(model, { data: pairs });
export const diagnosis = await chainrule.diagnose(model, { data: pairs, value: 0.5 });
export const square = (w: InstanceType<typeof Tensor>) => w.square().sum();
export const linearParameters = { weight: tensor([[1, 2]]), bias: tensor([0]) };
export const context = {
  parameter: v,
  gradient: v,
  state: {},
  learningRate: f64(0.1),
  step: f64(0),
};

export type Any = (...given: never[]) => unknown;
export const probe = (call: unknown, right: readonly unknown[], use?: Probe["use"]): Probe => ({
  call: call as Any,
  right,
  use,
});

/** What takes long is exchanged in less detail. */
export const shallow: typeof probe = (...given) => ({ ...probe(...given), depth: 1 });

export const read = (result: unknown) => {
  if (result instanceof Tensor) result.toString();
  if (result instanceof Tensor) result.arraySync();
};
export const called =
  (...given: unknown[]) =>
  (result: unknown) =>
    read((result as (...all: unknown[]) => unknown)(...given));

/** A layer in use. */
export const inUse = (layer: chainrule.Layer) => {
  const first = typeof layer.inputSize === "number" ? layer.inputSize : 2;
  const both: chainrule.Layer = sequential(linear(2, first), layer as never);
  const loss = (y: typeof x) => y.square().sum();
  trainer(both, { loss, optimizer: sgd(), backend: "interpreter" }).step(pairs);
};
export const optimizes = (optimizer: ReturnType<typeof sgd>) => make({ optimizer }).step(pairs);
export const initializes = (weight: never) =>
  new chainrule.Trainer(linear(2, 1, { weight }), {
    loss: meanSquaredError,
    optimizer: sgd(),
    backend: "interpreter",
  });
export const schedules = (learningRate: never) => optimizes(sgd({ learningRate }));
