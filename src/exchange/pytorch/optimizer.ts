/**
 * The state of a torch.optim optimizer, as optimizer.state_dict() has it in a checkpoint: tensors
 * state.K.exp_avg … by the number of the parameter, and the options under param_groups.G.
 * Source: PyTorch's torch/optim/optimizer.py and the optimizers beside it.
 */

import type { TypedArray } from "../../core/dtype.ts";
import { fail } from "../../core/errors.ts";
import { isText } from "../../core/kinds.ts";
import { checkNames } from "../../core/options.ts";
import { formatShape, sameShape } from "../../core/shape.ts";
import { listed, shown } from "../../core/wording.ts";
import type { Trainer } from "../../train/trainer.ts";
import type { ForeignFile, ForeignTensor } from "../foreign.ts";
import { takeMemory } from "../memory.ts";
import { checkArguments } from "../state-dict.ts";

/** How an optimizer of ours is called in torch.optim. */
interface TorchOptimizer {
  /** PyTorch's name of each slot. */
  readonly slots: Readonly<Record<string, string>>;
  /** PyTorch's name of each setting; two of ours may be a pair. */
  readonly settings: Readonly<Record<string, string>>;
  /** Whether each parameter counts its steps. */
  readonly counts: boolean;
}

const decay = { weightDecay: "weight_decay" };
const betas = { beta1: "betas.0", beta2: "betas.1", epsilon: "eps", ...decay };
const momenta = { mean: "exp_avg", square: "exp_avg_sq" };
const adamLike: TorchOptimizer = {
  slots: { ...momenta, largest: "max_exp_avg_sq" },
  settings: { ...betas, amsgrad: "amsgrad" },
  counts: true,
};

const torchOptimizers: Readonly<Record<string, TorchOptimizer>> = {
  sgd: {
    slots: { velocity: "momentum_buffer" },
    settings: {
      ...{ momentum: "momentum", dampening: "dampening", nesterov: "nesterov" },
      ...decay,
    },
    counts: false,
  },
  adam: adamLike,
  adamW: adamLike,
  rmsprop: {
    slots: { square: "square_avg", mean: "grad_avg", velocity: "momentum_buffer" },
    settings: {
      ...{ decay: "alpha", epsilon: "eps", momentum: "momentum", centered: "centered" },
      ...decay,
    },
    counts: true,
  },
  adagrad: {
    slots: { sum: "sum" },
    settings: { learningRateDecay: "lr_decay", epsilon: "eps", ...decay },
    counts: true,
  },
  adadelta: {
    slots: { square: "square_avg", change: "acc_delta" },
    settings: { decay: "rho", epsilon: "eps", ...decay },
    counts: true,
  },
  adamax: { slots: { mean: "exp_avg", largest: "exp_inf" }, settings: betas, counts: true },
  radam: {
    slots: momenta,
    settings: { ...betas, decoupledWeightDecay: "decoupled_weight_decay" },
    counts: true,
  },
};

/** What has become of an optimizer's state. */
export interface OptimizerStateNames {
  /** The prefix under which it was found, such as "optimizer.". */
  readonly prefix: string;
  /** The slots that were set: "0.weight/mean". */
  readonly set: readonly string[];
  /** Steps that were taken before. */
  readonly steps: number;
  /** The learning rate that was taken over. */
  readonly learningRate: number;
}

/** Where the options of an optimizer stand in a file. */
function prefixIn(file: ForeignFile, given: string | undefined): string {
  const found = Object.keys(file.metadata).flatMap((name) => {
    const prefix = /^(.*?)param_groups\.0\.lr$/s.exec(name)?.[1];
    return prefix === undefined || (given !== undefined && prefix !== given) ? [] : [prefix];
  });
  const [only, ...others] = found;
  if (only !== undefined && others.length === 0) return only;
  return fail("checkpoint-mismatch", {
    message:
      only === undefined
        ? "The file holds no state of an optimizer of PyTorch's."
        : "The file holds the states of several optimizers.",
    expected: "one optimizer.state_dict(), with param_groups",
    found: only === undefined ? `${file.tensors.length} tensors` : listed(found),
    fix: 'Save it beside the model, { "model": model.state_dict(), "optimizer": optimizer.state_dict() }, and say which with prefix: "optimizer.".',
  });
}

/** What Python prints of an option, as a value. */
const valueOf = (text: string | undefined): unknown =>
  text === undefined || text === "None"
    ? undefined
    : text === "True" || text === "False"
      ? text === "True"
      : Number(text.replace(/^tensor\((.*)\)$/s, "$1"));

/** An option by its name; "betas.0" is the first of a pair. */
function optionIn(facts: ReadonlyMap<string, string>, name: string): unknown {
  const [own = "", place] = name.split(".");
  const text = facts.get(own);
  if (place === undefined) return valueOf(text);
  const items = text?.replace(/^\[|\]$/g, "").split(", ");
  return valueOf(items?.[Number(place)]);
}

/**
 * Takes over the state of a torch.optim optimizer (SGD, Adam, AdamW, RMSprop, Adagrad, Adadelta,
 * Adamax, RAdam) from a checkpoint: its memory, the number of steps and the learning rate, so that
 * training goes on as it would in PyTorch. The trainer's optimizer must have the same settings.
 * Parameters are matched by their order, in which PyTorch numbers them, and must have the same shapes.
 * Where several states stand in the file, `prefix` says which.
 *
 * @throws ChainruleError "checkpoint-mismatch" that names what differs: settings, shapes, numbers of
 *   parameters; "unsupported" for other optimizers, and for several groups of parameters.
 */
export async function loadOptimizerState(
  trainer: Trainer,
  file: ForeignFile,
  options: { readonly prefix?: string } = {},
): Promise<OptimizerStateNames> {
  checkArguments("loadOptimizerState", trainer, file);
  checkNames("loadOptimizerState", options, ["prefix"]);
  if (options.prefix !== undefined && !isText(options.prefix)) {
    fail("bad-argument", {
      message: "loadOptimizerState cannot use this prefix.",
      expected: 'a text, such as "optimizer."',
    });
  }
  const { optimizer } = trainer;
  const known = Object.hasOwn(torchOptimizers, optimizer.name)
    ? torchOptimizers[optimizer.name]
    : undefined;
  const prefix = prefixIn(file, options.prefix);
  if (known === undefined || `${prefix}param_groups.1.lr` in file.metadata) {
    return fail("unsupported", {
      message:
        known === undefined
          ? `The state of PyTorch's optimizer cannot become that of ${optimizer.name}.`
          : "The state is of several groups of parameters, which the file does not name.",
      expected: `one group, and one of ${Object.keys(torchOptimizers).join(", ")}`,
      fix: "Take the parameters alone with loadStateDict: the optimizer's memory then begins from nothing.",
    });
  }
  const group = `${prefix}param_groups.0.`;
  const facts = new Map(
    Object.entries(file.metadata).flatMap(([name, text]) =>
      name.startsWith(group) ? [[name.slice(group.length), text] as const] : [],
    ),
  );
  checkSettings(trainer, known, facts);
  const named = statesIn(file, `${prefix}state.`);
  const memory = await memoryOf(trainer, known, named);
  const steps = Math.max(0, ...(await stepsOf(known, named, file.metadata, prefix)));
  const rate = valueOf(facts.get("lr"));
  const learningRate = typeof rate === "number" && Number.isFinite(rate) ? rate : undefined;
  takeMemory(trainer, memory, steps, learningRate);
  return {
    prefix,
    set: [...memory.keys()],
    steps,
    learningRate: trainer.learningRate,
  };
}

/** All that the optimizer does otherwise than PyTorch's did. */
function checkSettings(
  { optimizer }: Trainer,
  { settings }: TorchOptimizer,
  facts: ReadonlyMap<string, string>,
): void {
  const differ = Object.entries({ ...settings, maximize: "maximize" }).flatMap(([own, theirs]) => {
    const [ours, given] = [optimizer.settings[own], optionIn(facts, theirs)];
    const same = given === undefined || given === ours || (!given && ours === undefined);
    return same ? [] : [`${own}: ${String(given)} in the file, ${String(ours)} here`];
  });
  const decoupled = optionIn(facts, "decoupled_weight_decay");
  const isAdam = optimizer.name === "adam" || optimizer.name === "adamW";
  if (isAdam && typeof decoupled === "boolean" && decoupled !== (optimizer.name === "adamW")) {
    differ.unshift(`${decoupled ? "adamW" : "adam"} in the file, ${optimizer.name} here`);
  }
  if (differ.length === 0) return;
  fail("checkpoint-mismatch", {
    message: "The optimizer's settings are others than those of the file.",
    expected: "the same settings, with which training would go on as before",
    found: differ.join("; "),
    fix: "Make the trainer's optimizer with the settings of the file, or take loadStateDict alone.",
  });
}

/** The tensors of each parameter's state, by its number and their names. */
function statesIn(file: ForeignFile, prefix: string): Map<number, Map<string, ForeignTensor>> {
  const states = new Map<number, Map<string, ForeignTensor>>();
  for (const tensor of file.tensors) {
    const [, place, name] =
      /^(\d{1,9})\.([^.]+)$/.exec(
        tensor.name.startsWith(prefix) ? tensor.name.slice(prefix.length) : "",
      ) ?? [];
    if (place === undefined || name === undefined) continue;
    const own = states.get(Number(place)) ?? new Map();
    states.set(Number(place), own.set(name, tensor));
  }
  return states;
}

/** Elements as numbers: of 64-bit integers, of which no memory is made, the nearest. */
const numbersOf = ({ data }: Awaited<ReturnType<ForeignTensor["read"]>>): TypedArray =>
  data instanceof BigInt64Array || data instanceof BigUint64Array
    ? Float64Array.from(data, Number)
    : data;

/** The slots by "parameter/slot", for the parameters in their order. */
async function memoryOf(
  { model, slots: own }: Trainer,
  { slots }: TorchOptimizer,
  states: ReadonlyMap<number, ReadonlyMap<string, ForeignTensor>>,
): Promise<Map<string, TypedArray>> {
  const all = Object.entries(model.parameters);
  const count = Math.max(-1, ...states.keys()) + 1;
  const trained = all.filter(([, { frozen }]) => !frozen);
  // PyTorch is given all parameters, or those alone that are trained.
  const parameters = count <= trained.length && trained.length < all.length ? trained : all;
  const memory = new Map<string, TypedArray>();
  const wrong: string[] = [];
  for (const [k, [name, { shape, frozen }]] of parameters.entries()) {
    for (const [slot, theirs] of Object.entries(slots)) {
      const key = `${name}/${slot}`;
      if (!own.has(key)) continue;
      const tensor = states.get(k)?.get(theirs);
      if (tensor === undefined) {
        if (!frozen) wrong.push(`no ${theirs} of parameter ${k} (${name})`);
      } else if (!sameShape(tensor.shape, shape)) {
        const [found, needed] = [formatShape(tensor.shape), formatShape(shape)];
        wrong.push(`${theirs} of parameter ${k} ${found}, where ${name} is ${needed}`);
      } else memory.set(key, numbersOf(await tensor.read()));
    }
  }
  if (count > parameters.length) {
    wrong.push(`${count} parameters in the file, ${parameters.length} in the model`);
  }
  if (wrong.length === 0) return memory;
  return fail("checkpoint-mismatch", {
    message: "The optimizer's state does not fit the model's parameters.",
    expected: "the state of each parameter, in their order",
    found: wrong.slice(0, 20).join("; "),
    fix: "Make the layers in the order and sizes of the model that was trained, or take loadStateDict alone.",
  });
}

async function stepsOf(
  { counts }: TorchOptimizer,
  states: ReadonlyMap<number, ReadonlyMap<string, ForeignTensor>>,
  metadata: ForeignFile["metadata"],
  prefix: string,
): Promise<number[]> {
  // SGD does not count: all that matters to it is whether there was a first step.
  if (!counts) return states.size > 0 ? [1] : [];
  const steps: number[] = [];
  for (const [k, state] of states) {
    const read = await state.get("step")?.read();
    // Before PyTorch 1.12 it was a plain number.
    const plain = valueOf(metadata[`${prefix}state.${k}.step`]);
    const step = Number(read?.data[0] ?? plain ?? Number.NaN);
    if (Number.isSafeInteger(step) && step >= 0) steps.push(step);
    else {
      fail("file-corrupt", {
        message: "The state of an optimizer does not say how many steps it has taken.",
        expected: `a whole number state.${k}.step`,
        found: shown(step),
      });
    }
  }
  if (new Set(steps).size > 1) {
    fail("unsupported", {
      message: "The parameters have taken different numbers of steps.",
      expected: "one number of steps for all",
      found: [...new Set(steps)].slice(0, 8).join(", "),
      fix: "Take the parameters alone with loadStateDict: the optimizer's memory then begins from nothing.",
    });
  }
  return steps;
}
