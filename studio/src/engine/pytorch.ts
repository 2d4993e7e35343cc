/** A PyTorch script that computes the same: for those who want a second opinion. */
import { fail } from "../../../src/core/errors.ts";
import { type Chosen, type PyTorchText, rowOf } from "../../../src/network-file/form.ts";
import { layers, outputsOf } from "../../../src/network-file/layers.ts";
import { losses } from "../../../src/network-file/losses.ts";
import { optimizers } from "../../../src/network-file/optimizers.ts";
import type { Engine } from "./engine.ts";

/** More numbers than this do not belong into a script. */
const mostData = 50_000;

const cannot = (what: string): never =>
  fail("unsupported", {
    message: `The PyTorch script cannot say ${what}.`,
    fix: "Write this part by hand, or export the network file.",
  });

const optionsOf = ({ options }: Chosen): Readonly<Record<string, unknown>> =>
  Array.isArray(options) ? {} : { ...options };

/** What a row says, if a script can say it. */
function said(text: PyTorchText | undefined, what: string): string {
  if (typeof text === "string") return text;
  return cannot(text?.cannot ?? what);
}

/** The modules of a list of layers, a line each, as their rows write them. */
function modules(list: readonly Chosen[], inputs: number): string {
  const inner = (layers: readonly Chosen[], from: number) =>
    `nn.Sequential(\n${modules(layers, from)}\n)`;
  let size = inputs;
  const lines = list.map((layer) => {
    const { pytorch } = rowOf(layers, layer.name);
    const text = said(pytorch?.(layer.options, { inputs: size, inner }), layer.name);
    size = outputsOf([layer], size) ?? size;
    return `${text},`.replaceAll(/^/gm, "    ");
  });
  return lines.join("\n");
}

export function pytorch(engine: Engine): string {
  const { network, data } = engine.current;
  const { trainer } = engine;
  const terms = rowOf(losses, network.loss.name).pytorch ?? cannot(`the loss ${network.loss.name}`);
  const optimizer = said(
    rowOf(optimizers, network.optimizer.name).pytorch?.(network.optimizer.options),
    `the optimizer ${network.optimizer.name}`,
  );
  const options = optionsOf(network.optimizer);
  if (typeof options.learningRate !== "number") cannot("a schedule of the learning rate");
  if (options.clipValue !== undefined || options.clipNorm !== undefined) cannot("clipping");
  if (network.training.update !== "simultaneous") cannot("a sequential update");
  const odd = Object.entries(optionsOf(network.loss)).find(
    ([name, v]) => name !== "reduction" && !neutral.some((n) => n === v),
  );
  if (odd) cannot(`${odd[0]} of the loss`);
  if (data.inputs.data.length + data.targets.data.length > mostData) cannot("so many examples");
  const rows = (v: ArrayLike<number>) => {
    const width = v.length / data.size;
    return `[${Array.from({ length: data.size }, (_, i) =>
      JSON.stringify(Array.from({ length: width }, (_, k) => v[i * width + k]!)),
    ).join(",\n     ")}]`;
  };
  const labels = data.classes !== undefined;
  const { reduction } = optionsOf(network.loss);
  const frozen = Object.entries(trainer.model.parameters).filter(([, p]) => p.frozen);
  return `# ${network.name ?? "a network"}: the same numbers from PyTorch.
# Examples are taken in their order here; with several batches an epoch the order of chainrule
# differs, and so do the numbers after the first step.
import torch
import torch.nn.functional as F
from torch import nn

torch.set_default_dtype(torch.${trainer.dtype === "f64" ? "float64" : "float32"})
LR = ${trainer.learningRate}

model = nn.Sequential(
${modules(network.layers, data.inputs.data.length / data.size)}
)
values = {
${[...trainer.snapshot()]
  .map(([name, v]) => `    "${name}": ${JSON.stringify(Array.from(v))},`)
  .join("\n")}
}
with torch.no_grad():
    for name, parameter in model.named_parameters():
        parameter.copy_(torch.tensor(values[name], dtype=parameter.dtype).reshape(parameter.shape))
        parameter.requires_grad_(name not in ${JSON.stringify(frozen.map(([name]) => name))})
trained = [p for p in model.parameters() if p.requires_grad]
optimizer = torch.optim.${optimizer}

x = torch.tensor(
    ${rows(data.inputs.data)},
    dtype=torch.get_default_dtype(),
)
y = torch.tensor(
    ${labels ? JSON.stringify(Array.from(data.targets.data)) : rows(data.targets.data)},
    dtype=${labels ? "torch.int64" : "torch.get_default_dtype()"},
)


def loss(o, t):
    terms = ${terms}
    return terms.${reduction === "mean" ? "mean()" : reduction === "sum" ? "sum()" : "sum() / len(o)"}


def step(x, y):
    optimizer.zero_grad()
    e = loss(model(x), y)
    e.backward()
    return e.item()


size = ${engine.batchSize}
for epoch in range(${network.training.epochs}):
    for start in range(0, len(x), size):
        e = step(x[start:start + size], y[start:start + size])
        if epoch == 0 and start == 0:
            print("loss", repr(e))
            for name, parameter in model.named_parameters():
                if parameter.grad is not None:
                    print("gradient", name, parameter.grad.flatten().tolist())
        optimizer.step()
print("loss at the end", repr(loss(model(x), y).item()))
`;
}

/** Options of a loss that change nothing. */
const neutral: readonly unknown[] = [undefined, 0, 1];
