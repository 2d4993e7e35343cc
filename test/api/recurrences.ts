/** Right arguments of layers that go through sequences. */
import * as chainrule from "../../src/index.ts";
import { type Probe, pairs, probe, read } from "./samples.ts";
import { made as opaque } from "./wrong.ts";

const { flatten, linear, meanSquaredError, sequential, sgd, tensor, trainer, unflatten } =
  chainrule;

type Recurrence = chainrule.Recurrence<number, number, unknown>;

/** Trains a recurrence on two steps, and goes through a sequence with it. */
const uses = (layer: chainrule.Layer) => {
  const model: chainrule.Layer = sequential(
    unflatten(1, [2, 1]),
    opaque(layer) as never,
    flatten(),
    linear(2, 1),
  );
  const backend = "interpreter";
  trainer(model, { loss: meanSquaredError, optimizer: sgd(), backend }).step(pairs);
};

const shared = {
  ...{ layers: 2, bidirectional: true, dropout: 0.5, batchFirst: true, output: "last" },
  stateBias: false,
  ...{ weight: chainrule.uniform(), recurrent: 0.5, bias: 0, frozen: ["bias"], learningRate: 0.1 },
};
const gated = { nonlinearity: "sigmoid", gate: "hardsigmoid" };
const { weight, recurrent, bias, frozen, learningRate } = shared;
const cells = { weight, recurrent, bias, frozen, learningRate };
const cell = chainrule.gruCell(2, 2);
const steps = (layer: chainrule.Layer) =>
  read(layer.apply(tensor([[1, 2]]), chainrule.initialValues(layer).parameters));
const one = tensor([[[1], [2]]]);
const model = chainrule.gru(1, 2);
const { parameters } = chainrule.initialValues(model);
const pass = (...given: Parameters<Recurrence["pass"]>) =>
  model.pass(...(given as Parameters<typeof model.pass>));

export const recurrences: Record<string, Probe> = {
  rnn: probe(chainrule.rnn, [1, 1, { ...shared, nonlinearity: "relu" }], uses as never),
  lstm: probe(chainrule.lstm, [1, 2, { ...shared, ...gated, projection: 1 }], uses as never),
  gru: probe(chainrule.gru, [1, 1, { ...shared, ...gated, resetAfter: false }], uses as never),
  rnnCell: probe(chainrule.rnnCell, [2, 2, { ...cells, nonlinearity: "relu" }], steps as never),
  lstmCell: probe(chainrule.lstmCell, [2, 2, cells], steps as never),
  gruCell: probe(chainrule.gruCell, [2, 2, cells], steps as never),
  "gruCell, its step": probe(
    (...given: Parameters<typeof cell.step>) => cell.step(...given),
    [tensor([[1, 2]]), chainrule.zeros([1, 2]), chainrule.initialValues(cell).parameters],
    read,
  ),
  "gru, its pass": probe(
    pass,
    [one, parameters, { state: chainrule.zeros([1, 1, 2]), lengths: [1] }],
    (found: never) => read((found as readonly unknown[])[0]),
  ),
  lastOutput: probe(chainrule.lastOutput, [one, { lengths: [1], batchFirst: true }], read),
};
