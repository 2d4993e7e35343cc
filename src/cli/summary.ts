/** chainrule summary FILE: layers, shapes, parameters, operations, memory. */

import { compileProgram } from "../compile/index.ts";
import { at } from "../core/at.ts";
import { graphOperations } from "../core/cost.ts";
import { bytesOf } from "../core/dtype.ts";
import type { TensorType } from "../core/op.ts";
import { formatShape, sizeOf } from "../core/shape.ts";
import type { Dataset } from "../data/dataset.ts";
import { outputsFrom } from "../network-file/build.ts";
import { buildModel, buildOptimizer, type NetworkFile } from "../network-file/index.ts";
import { resolvedLoss } from "../network-file/losses.ts";
import { markedLoss, toDatasets } from "../network-file/prepare.ts";
import { layerRows, parameterCounts } from "../report/layers.ts";
import { slotSpecs } from "../step/parameters.ts";
import { type StepGraph, statePairs } from "../step/ports.ts";
import { trainingStep } from "../step/step.ts";
import { remarksOn } from "../train/remarks.ts";
import { taskOf } from "../train/task.ts";
import { remarkLines } from "./describe.ts";
import { exit } from "./failure.ts";
import { readNetwork } from "./files.ts";
import { bytes, count, metric, plural } from "./numbers.ts";
import { type MemoryOfRanks, memoryOfRanks } from "./ranks.ts";
import { besides } from "./run-place.ts";
import { bold, columns, dim, print, printJson, wrapWords } from "./terminal.ts";

/** The batch of a training step, as types: real ones if there are data. */
function batchOf(
  network: NetworkFile,
  train: Dataset | undefined,
  inputs: number,
  outputs: number,
): { inputs: TensorType; targets: TensorType } {
  const { batchSize, dtype } = network.training;
  const n = Math.min(batchSize, train?.size ?? batchSize);
  const labels = train
    ? train.classes !== undefined
    : resolvedLoss(network.loss).targets === "labels";
  const targets: TensorType = labels
    ? { dtype: "i32", shape: [n] }
    : { dtype, shape: [n, ...(train?.targets.shape.slice(1) ?? [outputs])] };
  return { inputs: { dtype, shape: [n, inputs] }, targets };
}

/** How many numbers go in. Where the network says so, it can be described without its data. */
async function givenTo(network: NetworkFile, file: string) {
  if (network.inputs !== undefined) return { data: undefined, inputs: network.inputs };
  const data = await toDatasets(network, besides(file));
  return { data, inputs: data.description.inputs };
}

interface SummaryOptions {
  readonly set?: readonly string[];
  readonly json?: boolean;
  readonly trace?: boolean;
  readonly ranks?: number;
}

export async function summaryCommand(
  file: string,
  { json, trace, set, ranks }: SummaryOptions,
): Promise<number> {
  const network = await readNetwork(file, set);
  const { data, inputs } = await givenTo(network, file);
  const model = buildModel(network, inputs);
  const rows = layerRows(model, network.training.dtype, [inputs]);
  const { total, frozen } = parameterCounts(model);
  const optimizer = buildOptimizer(network);
  const outputs = outputsFrom(model, inputs);
  const { dtype, update } = network.training;
  const batch = batchOf(network, data?.train, inputs, outputs);
  const n = at(batch.inputs.shape, 0);
  const forward = rows.reduce((sum, row) => sum + row.operations, 0);
  const loss = markedLoss(network, data?.marks ?? {});
  const step =
    total === frozen
      ? undefined
      : trainingStep(model, batch, { loss, optimizer, dtype, update, health: false });
  const work = step && graphOperations(step.outputs, step.inputs);
  const each = bytesOf(dtype);
  const specs = Object.values(slotSpecs(model, optimizer));
  const slots = specs.reduce((n, { shape }) => n + sizeOf(shape), 0);
  const compiled = step && compile(step, trace === true);
  const memory = {
    parameters: total * each,
    optimizer: slots * each,
    temporaries: compiled?.program.memory.temporary ?? 0,
    total: compiled?.program.arena ?? total * each,
  };
  const passes = compiled?.passes;
  const perRank =
    ranks === undefined || total === frozen
      ? undefined
      : memoryOfRanks({ model, loss, optimizer, dtype }, batch, ranks);
  const remarks = remarksOn(taskOf({ model, loss, dtype }, batch), data?.train);
  if (json) {
    printJson({
      name: network.name,
      inputs,
      dtype,
      layers: rows,
      parameters: total,
      frozen,
      loss: network.loss,
      optimizer: network.optimizer,
      operations: { forward, step: work, batchSize: n },
      memory,
      ...(perRank && { perRank }),
      remarks,
      ...(passes && { passes }),
    });
    return exit.ok;
  }
  print(bold(network.name ?? file));
  const table = [
    ["layer", "", "output", "parameters", "operations"].map(dim),
    ["", "inputs", formatShape([inputs]), "", ""],
    ...rows.map((r) => [
      r.path,
      r.name,
      formatShape(r.shape),
      (r.parameters === 0 ? "" : count(r.parameters)) +
        (r.frozen === 0 ? "" : dim(` (${count(r.frozen)} frozen)`)),
      count(r.operations),
    ]),
    ["", "total", "", bold(count(total)), bold(count(forward))],
  ];
  for (const line of columns(table, "<<<>>", 3)) print(`  ${line}`);
  print();
  const oneStep = (work: number): [string, string] => [
    "one step",
    `${metric(work)} for ${plural(n, "example")}: forward, backward, update`,
  ];
  const facts: [string, string][] = [
    ["loss", network.loss.name],
    ["optimizer", network.optimizer.name],
    ["trained", `${plural(total - frozen, "parameter")} of ${count(total)}, ${dtype}`],
    ["forward", `${metric(forward)} floating-point operations for one example`],
    ...(work === undefined ? [] : [oneStep(work)]),
    [
      "memory",
      `${bytes(memory.parameters)} parameters, ${bytes(memory.optimizer)} optimizer, ` +
        `${bytes(memory.temporaries)} temporaries`,
    ],
    ["", `${bytes(memory.total)} in all for a step`],
  ];
  for (const line of columns(
    facts.map(([a, b]) => [dim(a), b]),
    "<<",
    3,
  ))
    print(`  ${line}`);
  if (perRank) {
    print();
    for (const line of columns(rankTable(perRank), "<>>", 3)) print(`  ${line}`);
    for (const line of idleLines(perRank)) print(line);
  }
  for (const line of remarkLines(remarks)) print(line);
  for (const { pass, text } of passes ?? []) {
    print();
    print(bold(pass));
    print(text);
  }
  return exit.ok;
}

/** The memory of a process, of several that train together. */
function rankTable({ ranks, examples, whole, sharded }: MemoryOfRanks): string[][] {
  const rows = [
    [`gradients of ${plural(examples, "example")}`, "gradients"],
    ["update", "update"],
    ["trainer's state", "state"],
    ["in all", "total"],
  ] as const;
  return [
    [`memory of each of ${plural(ranks, "process", "processes")}`, "", "with --shard"].map(dim),
    ...rows.map(([title, name]) => [title, bytes(whole[name]), bytes(sharded[name])]),
  ];
}

/** What is said of more processes than there is work for. */
function idleLines({ ranks, busy, keeping }: MemoryOfRanks): string[] {
  const said = [
    busy < ranks && `Only ${count(busy)} of them have examples of a batch.`,
    keeping < ranks && `With --shard only ${count(keeping)} keep memory of the optimizer.`,
  ];
  return said.flatMap((text) => (text === false ? [] : wrapWords(text, "  ")));
}

/** A training step as it is run, and what each pass of the compiler makes of it. */
function compile(step: StepGraph, traced: boolean) {
  const state = statePairs(step);
  if (!traced) return { program: compileProgram(step, { state }) };
  const passes: { pass: string; text: string }[] = [];
  const trace = (pass: string, text: string) => passes.push({ pass, text });
  return { program: compileProgram(step, { state, trace }), passes };
}
