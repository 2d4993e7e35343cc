/** A PyTorch script that computes the same: for those who want a second opinion. */
import { fail } from "../../../src/core/errors.ts";
import type { Chosen } from "../../../src/network-file/form.ts";
import type { Engine } from "./engine.ts";

type Options = Readonly<Record<string, unknown>>;
type Write = (options: Options) => string;

const plain =
  (name: string): Write =>
  () =>
    `nn.${name}()`;

/** Layers without parameters, as torch.nn calls them. */
const activations: Readonly<Record<string, Write>> = {
  identity: plain("Identity"),
  sigmoid: plain("Sigmoid"),
  tanh: plain("Tanh"),
  relu: plain("ReLU"),
  leakyRelu: ({ slope }) => `nn.LeakyReLU(${slope})`,
  elu: ({ alpha }) => `nn.ELU(${alpha})`,
  selu: plain("SELU"),
  gelu: plain("GELU"),
  geluTanh: () => 'nn.GELU(approximate="tanh")',
  silu: plain("SiLU"),
  mish: plain("Mish"),
  softplus: ({ beta }) => `nn.Softplus(beta=${beta}, threshold=1e9)`,
  softsign: plain("Softsign"),
  softmax: ({ axis }) => `nn.Softmax(dim=${axis})`,
  logSoftmax: ({ axis }) => `nn.LogSoftmax(dim=${axis})`,
  hardtanh: ({ min, max }) => `nn.Hardtanh(${min}, ${max})`,
  relu6: plain("ReLU6"),
  hardsigmoid: plain("Hardsigmoid"),
  hardswish: plain("Hardswish"),
  dropout: ({ rate }) => `nn.Dropout(${rate})`,
};

/** Terms of the losses; their reduction follows. */
const losses: Readonly<Record<string, string>> = {
  halfSquaredError: "0.5 * (o - t) ** 2",
  meanSquaredError: "(o - t) ** 2",
  meanAbsoluteError: "(o - t).abs()",
  crossEntropy: 'F.cross_entropy(o, t, reduction="none")',
  negativeLogLikelihood: 'F.nll_loss(o, t, reduction="none")',
  binaryCrossEntropy: 'F.binary_cross_entropy(o, t, reduction="none")',
  binaryCrossEntropyWithLogits: 'F.binary_cross_entropy_with_logits(o, t, reduction="none")',
  hinge: "torch.clamp(1 - t * o, min=0)",
};

const flag = (v: unknown): string => (v ? "True" : "False");
const optimizers: Readonly<Record<string, Write>> = {
  sgd: (o) =>
    `SGD(trained, lr=LR, momentum=${o.momentum}, dampening=${o.dampening}, ` +
    `nesterov=${flag(o.nesterov)}, weight_decay=${o.weightDecay})`,
  adam: (o) => `Adam(${moments(o)})`,
  adamW: (o) => `AdamW(${moments(o)})`,
  rmsprop: (o) =>
    `RMSprop(trained, lr=LR, alpha=${o.decay}, eps=${o.epsilon}, momentum=${o.momentum}, ` +
    `centered=${flag(o.centered)}, weight_decay=${o.weightDecay})`,
  adagrad: (o) =>
    `Adagrad(trained, lr=LR, lr_decay=${o.learningRateDecay}, eps=${o.epsilon}, ` +
    `initial_accumulator_value=${o.initialAccumulator}, weight_decay=${o.weightDecay})`,
};
const moments = (o: Options): string =>
  `trained, lr=LR, betas=(${o.beta1}, ${o.beta2}), eps=${o.epsilon}, ` +
  `weight_decay=${o.weightDecay}, amsgrad=${flag(o.amsgrad)}`;

/** More numbers than this do not belong into a script. */
const mostData = 50_000;

const cannot = (what: string): never =>
  fail("unsupported", {
    message: `The PyTorch script cannot say ${what}.`,
    fix: "Write this part by hand, or export the network file.",
  });

export function pytorch(engine: Engine): string {
  const { network, data } = engine.current;
  const { trainer } = engine;
  const loss = losses[network.loss.name] ?? cannot(`the loss ${network.loss.name}`);
  const optimizer =
    optimizers[network.optimizer.name] ?? cannot(`the optimizer ${network.optimizer.name}`);
  const options = network.optimizer.options as Options;
  if (typeof options.learningRate !== "number") cannot("a schedule of the learning rate");
  if (options.clipValue !== undefined || options.clipNorm !== undefined) cannot("clipping");
  if (network.training.update !== "simultaneous") cannot("a sequential update");
  const odd = Object.entries(network.loss.options as Options).find(
    ([name, v]) => name !== "reduction" && !neutral.some((n) => n === v),
  );
  if (odd) cannot(`${odd[0]} of the loss`);
  if (data.inputs.data.length + data.targets.data.length > mostData) cannot("so many examples");
  let size = data.inputs.data.length / data.size;
  const layersOf = (list: readonly Chosen[], indent: string): string =>
    list
      .map(({ name, options: own }) => {
        if (Array.isArray(own)) {
          return `${indent}nn.Sequential(\n${layersOf(own, `${indent}    `)}\n${indent}),`;
        }
        const o = own as Options;
        if (name !== "linear") return `${indent}${(activations[name] ?? cannot(name))(o)},`;
        if (o.sharedBias) cannot("a bias that a layer shares");
        if (o.learningRate !== undefined) cannot("a layer's own learning rate");
        const line = `nn.Linear(${size}, ${o.outputs}${o.bias === false ? ", bias=False" : ""}),`;
        size = o.outputs as number;
        return indent + line;
      })
      .join("\n");
  const rows = (v: ArrayLike<number>) => {
    const width = v.length / data.size;
    return `[${Array.from({ length: data.size }, (_, i) =>
      JSON.stringify(Array.from({ length: width }, (_, k) => v[i * width + k]!)),
    ).join(",\n     ")}]`;
  };
  const labels = data.classes !== undefined;
  const reduction = (network.loss.options as Options).reduction as string;
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
${layersOf(network.layers, "    ")}
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
optimizer = torch.optim.${optimizer(options)}

x = torch.tensor(
    ${rows(data.inputs.data)},
    dtype=torch.get_default_dtype(),
)
y = torch.tensor(
    ${labels ? JSON.stringify(Array.from(data.targets.data)) : rows(data.targets.data)},
    dtype=${labels ? "torch.int64" : "torch.get_default_dtype()"},
)


def loss(o, t):
    terms = ${loss}
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
