/** A PyTorch script that computes the same as a network file: for a second opinion. */
import { elementsOf } from "../../core/array-tensor.ts";
import { at } from "../../core/at.ts";
import { fail } from "../../core/errors.ts";
import type { Shape } from "../../core/shape.ts";
import type { Dataset } from "../../data/dataset.ts";
import { encodeSafetensors } from "../../files/safetensors.ts";
import { weightsIn, withWeights } from "../../network-file/class-weights.ts";
import { type Chosen, type PyTorchText, rowOf } from "../../network-file/form.ts";
import { layers as rows } from "../../network-file/layers.ts";
import { losses } from "../../network-file/losses.ts";
import type { NetworkFile } from "../../network-file/network.ts";
import { optimizers } from "../../network-file/optimizers.ts";
import { penaltyTexts } from "../../network-file/penalties.ts";
import type { Path } from "../../network-file/source.ts";
import { layerAt } from "../../nn/inside.ts";
import type { Layer } from "../../nn/layer.ts";
import type { Trainer } from "../../train/trainer.ts";

/** More numbers than this do not belong in a script. */
const mostData = 50_000;

const cannot = (what: string): never =>
  fail("unsupported", {
    message: `The PyTorch script cannot say ${what}.`,
    fix: "Leave it out of the network file, and add it to the script by hand.",
  });

/** What a row says, if a script can say it. */
function said(text: PyTorchText | undefined, what: string): string {
  if (typeof text === "string") return text;
  return cannot(text?.cannot ?? what);
}

const indented = (text: string): string => text.replaceAll(/^/gm, "    ");

/** Classes of a script, each once. */
class Classes {
  readonly #all = new Map<string, string>();

  /** The name of the class with this body: the one asked for, or that with a number. */
  readonly define = (name: string, body: string): string => {
    const known = this.#all.get(body);
    if (known !== undefined) return known;
    const taken = [...this.#all.values()].filter((other) => other.replace(/\d+$/, "") === name);
    const own = taken.length === 0 ? name : `${name}${taken.length + 1}`;
    this.#all.set(body, own);
    return own;
  };

  toString(): string {
    return [...this.#all].map(([body, name]) => `class ${name}${body}\n\n\n`).join("");
  }
}

/** The modules of a list of layers, a line each, as their rows write them. */
function modules(
  list: readonly Chosen[],
  all: readonly Layer[],
  input: Shape,
  define: Classes["define"],
): string {
  let shape = input;
  const lines = list.map((chosen, i) => {
    const layer = at(all, i);
    const made = (name: string) => layerAt(layer, name);
    const inner = (nested: readonly Chosen[], from: Shape, place: Path = []) => {
      const own = place.length === 0 ? layer : made(String(place.at(-1)));
      return `nn.Sequential(\n${modules(nested, own.layers, from, define)}\n)`;
    };
    const inputs = at(shape, shape.length - 1);
    const within = { shape, inputs, inner, define, made };
    const text = rowOf(rows, chosen.name).pytorch?.(chosen.options, within);
    shape = layer.outputShape(shape);
    return indented(`${said(text, chosen.name)},`);
  });
  return lines.join("\n");
}

/** The layers that compute something themselves, in order. */
const leaves = (layer: Layer): readonly Layer[] =>
  layer.layers.length === 0 ? [layer] : layer.layers.flatMap(leaves);

/** Whether the model looks its inputs up in a table, which PyTorch does for whole numbers alone. */
function looksUp(model: Layer): boolean {
  const all = leaves(model);
  const tables = all.filter(({ kind }) => kind === "embedding").length;
  const first = all.find(({ kind }) => kind !== "rearrangement");
  if (tables > (first?.kind === "embedding" ? 1 : 0)) cannot("an embedding of what is computed");
  return tables > 0;
}

/** A list of rows of numbers. */
function table({ size }: Dataset, numbers: ArrayLike<number>): string {
  const all = Array.from(numbers);
  const width = all.length / size;
  const lines = Array.from({ length: size }, (_, i) =>
    JSON.stringify(all.slice(i * width, (i + 1) * width)),
  );
  return `[${lines.join(",\n     ")}]`;
}

/** The values as lists of numbers. */
const valuesInside = (trainer: Trainer, frozen: readonly string[]): string => `values = {
${[...trainer.snapshot()]
  .map(([name, v]) => `    "${name}": ${JSON.stringify(Array.from(v))},`)
  .join("\n")}
}
with torch.no_grad():
    for name, parameter in model.named_parameters():
        parameter.copy_(torch.tensor(values[name], dtype=parameter.dtype).reshape(parameter.shape))
        parameter.requires_grad_(name not in ${JSON.stringify(frozen)})
    for name, buffer in model.named_buffers():
        buffer.copy_(torch.tensor(values[name]).reshape(buffer.shape))`;

/** The values from a file beside the script. */
const valuesFrom = (weights: string, frozen: readonly string[]): string =>
  [
    `model.load_state_dict(load_file(${JSON.stringify(weights)}))`,
    ...(frozen.length === 0
      ? []
      : [
          "for name, parameter in model.named_parameters():",
          `    parameter.requires_grad_(name not in ${JSON.stringify(frozen)})`,
        ]),
  ].join("\n");

/**
 * Parameters and buffers as PyTorch's state dict has them, as a safetensors file: for
 * model.load_state_dict(load_file(path)). Names and layouts are the same; numbers of batches are
 * 64-bit integers.
 */
export function stateDictBytes(trainer: Trainer): Uint8Array {
  const { parameters, buffers } = trainer.model;
  const specs = new Map(Object.entries({ ...parameters, ...buffers }));
  const tensors = [...trainer.snapshot()].map(([name, data]) => {
    const shape = specs.get(name)?.shape ?? [data.length];
    const counts = name.endsWith("num_batches_tracked");
    const stored = counts
      ? { dtype: "i64" as const, shape, data: BigInt64Array.from(data, BigInt) }
      : { dtype: trainer.dtype, shape, data };
    return [name, stored] as const;
  });
  return encodeSafetensors(new Map(tensors), { format: "pt" });
}

/** A network as it stands: its file, its trainer, and what it is trained on. */
interface Trained {
  readonly network: NetworkFile;
  readonly trainer: Trainer;
  readonly data: Dataset;
  readonly batchSize: number;
}

/**
 * A script for PyTorch with the model, its parameters as they are now, the examples and the
 * training; with `weights` parameters are loaded from the safetensors file of that name, as
 * `stateDictBytes` makes it. What it says of layers, loss and optimizer, their rows in the network file's tables say.
 *
 * @throws ChainruleError "unsupported" that names what such a script cannot say.
 */
export function pytorchScript(
  { network, trainer, data, batchSize }: Trained,
  weights?: string,
): string {
  const { model } = trainer;
  const { loss, optimizer, training } = network;
  const weighed = withWeights(loss, weightsIn(network, data));
  const error = rowOf(losses, loss.name).pytorch(weighed.options, data.targets.rank > 1);
  const update = said(
    rowOf(optimizers, optimizer.name).pytorch?.(optimizer.options),
    `the optimizer ${optimizer.name}`,
  );
  if (training.plateau) cannot("a learning rate that falls when the loss does not");
  if (training.update !== "simultaneous") cannot("a sequential update");
  if (data.inputs.size + data.targets.size > mostData) cannot("so many examples");
  const input = [1, ...data.inputs.shape.slice(1)];
  const penalty = penaltyTexts(model, network.penalties);
  const classes = new Classes();
  const lines = modules(network.layers, model.layers, input, classes.define);
  const labels = data.targets.dtype === "i32";
  const frozen = Object.entries(model.parameters).flatMap(([name, p]) => (p.frozen ? [name] : []));
  return `# ${network.name ?? "a network"}: the same numbers from PyTorch.
# Examples are taken in their order here; with several batches an epoch the order of chainrule
# differs, and so do the numbers after the first step.${training.earlyStopping ? "\n# It goes through all epochs: early stopping is left out." : ""}
import torch
import torch.nn.functional as F
${weights === undefined ? "" : "from safetensors.torch import load_file\n"}from torch import nn

torch.set_default_dtype(torch.${trainer.dtype === "f64" ? "float64" : "float32"})
LR = ${trainer.learningRate}

${classes.toString()}model = nn.Sequential(
${lines}
)
${weights === undefined ? valuesInside(trainer, frozen) : valuesFrom(weights, frozen)}
${penalty?.before ?? ""}trained = [p for p in model.parameters() if p.requires_grad]
optimizer = torch.optim.${update}

x = torch.tensor(
    ${table(data, elementsOf(data.inputs))},
    dtype=${looksUp(model) ? "torch.int64" : "torch.get_default_dtype()"},
)
y = torch.tensor(
    ${labels && data.targets.rank === 1 ? JSON.stringify(Array.from(elementsOf(data.targets))) : table(data, elementsOf(data.targets))},
    dtype=${labels ? "torch.int64" : "torch.get_default_dtype()"},
)


def loss(o, t):
${indented(error)}


def step(x, y):
    optimizer.zero_grad()
    e = loss(model(x), y)
    ${penalty ? `(e + ${penalty.term})` : "e"}.backward()
    return e.item()


size = ${batchSize}
for epoch in range(${training.epochs}):
    for start in range(0, len(x), size):
        e = step(x[start:start + size], y[start:start + size])
        if epoch == 0 and start == 0:
            print("loss", repr(e))
            for name, parameter in model.named_parameters():
                if parameter.grad is not None:
                    print("gradient", name, parameter.grad.flatten().tolist())
        optimizer.step()
model.eval()
print("loss at the end", repr(loss(model(x), y).item()))
`;
}
