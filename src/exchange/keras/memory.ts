/**
 * What an optimizer of Keras or TensorFlow.js remembers of each variable, as the slots of ours. A variable's
 * memory has its shape, and goes the way of its values: the model is lowered again with the memory in the
 * place of the weights.
 */
import type { ArrayTensor } from "../../core/array-tensor.ts";
import { sameShape, sizeOf } from "../../core/shape.ts";
import type { Chosen } from "../../network-file/form.ts";
import type { ForeignOptimizerState, ForeignTensor } from "../foreign.ts";
import type { MadeBy } from "./compile.ts";
import type { VariableSource } from "./variables.ts";

/** A variable that is trained. */
interface TrainedVariable {
  /** Its place among all that are trained, in the order of the other library. */
  readonly place: number;
  /** How many are trained. */
  readonly count: number;
  readonly tensor: ForeignTensor;
}

/** The memory of a file. */
export interface KeptMemory {
  /** Steps that were taken; undefined where the file does not say. */
  steps(): Promise<number | undefined>;
  /** What is remembered of a variable by this name; undefined where there is nothing. */
  find(slot: string, variable: TrainedVariable): ForeignTensor | undefined;
  /** Whether it holds anything that ours does not have. */
  readonly more?: string;
}

/** A slot of theirs, and what it is multiplied by where ours means the same without the rate. */
type Theirs = readonly [name: string, factor?: (rate: number) => number];

const inverse = (rate: number): number => 1 / rate;
const moments = { mean: ["momentum"], square: ["velocity"], largest: ["velocity_hat"] } as const;

/** By the maker, our optimizers' names, and their slots. */
const slots: Readonly<Record<MadeBy, Readonly<Record<string, Readonly<Record<string, Theirs>>>>>> =
  {
    keras: {
      // m ← μm − ηg there, and v ← μv + g here.
      sgd: { velocity: ["momentum", (rate) => -1 / rate] },
      adam: moments,
      adamW: moments,
      nadam: { mean: ["momentum"], square: ["velocity"], product: ["product"] },
      adamax: { mean: ["momentum"], largest: ["norm"] },
      rmsprop: {
        square: ["velocity"],
        mean: ["average_gradient"],
        velocity: ["momentum", inverse],
      },
      adagrad: { sum: ["accumulator"] },
      adadelta: { square: ["accumulated_grad"], change: ["accumulated_delta_var"] },
    },
    tfjs: {
      sgd: { velocity: ["momentum"] },
      adam: { mean: ["m"], square: ["v"] },
      rmsprop: { square: ["rms"], mean: ["mg"], velocity: ["momentum", inverse] },
      adagrad: { sum: ["accumulator"] },
    },
  };

/** The slots that an optimizer has by its options. */
function slotsOf({ name, options }: Chosen, maker: MadeBy): [string, Theirs][] | undefined {
  const all = slots[maker][name];
  if (all === undefined) return undefined;
  const own = options as Readonly<Record<string, unknown>>;
  const needed: Readonly<Record<string, boolean>> = {
    velocity: typeof own.momentum !== "number" || own.momentum !== 0,
    largest: name === "adamax" || own.amsgrad === true,
    mean: name !== "rmsprop" || own.centered === true,
  };
  return Object.entries(all).filter(([slot]) => needed[slot] ?? true);
}

/** The values of a model whose variables are others. */
type Relowered = (
  change: (variable: TrainedVariable) => ForeignTensor,
) => Promise<ReadonlyMap<string, ArrayTensor>>;

const filled = (tensor: ForeignTensor, value: number): ForeignTensor => ({
  ...tensor,
  read: async () => ({
    dtype: "f32",
    shape: tensor.shape,
    data: new Float32Array(sizeOf(tensor.shape)).fill(value),
  }),
});

/** Not all of the memory is there. */
class Missing extends Error {}

/** The optimizer's state in our words; a remark where it cannot be that. */
export async function memoryOf(
  kept: KeptMemory,
  optimizer: Chosen,
  maker: MadeBy,
  relowered: Relowered,
  remarks: string[],
): Promise<ForeignOptimizerState | undefined> {
  const steps = await kept.steps();
  // A model that was compiled and never trained has nothing to remember.
  if (steps === undefined || steps === 0) return undefined;
  const without = (why: string): undefined => {
    remarks.push(
      `The optimizer's state (${steps} steps) is not taken over: ${why}. Its memory begins from nothing.`,
    );
  };
  const all = slotsOf(optimizer, maker);
  if (all === undefined) return without(`that of ${optimizer.name} means something else here`);
  if (kept.more !== undefined) return without(kept.more);
  const { learningRate } = optimizer.options as { readonly learningRate: unknown };
  if (all.some(([, [, factor]]) => factor) && typeof learningRate !== "number")
    return without("its learning rate is not known");
  // What does not follow from a variable has no memory: constants that stand for what a layer lacks.
  const marked = await relowered(({ tensor }) => filled(tensor, Number.NaN));
  const names = [...marked].flatMap(([name, { data }]) =>
    data.length > 0 && data.every(Number.isNaN) ? [name] : [],
  );
  const found = new Map<string, ArrayTensor>();
  try {
    for (const [slot, [theirs, factor]] of all) {
      const values = await relowered((variable) => {
        const own = kept.find(theirs, variable);
        if (own === undefined) throw new Missing(`no ${theirs} of ${variable.tensor.name}`);
        if (sameShape(own.shape, variable.tensor.shape)) return own;
        throw new Missing(`the ${theirs} of ${variable.tensor.name} has another shape`);
      });
      const times = factor?.(Number(learningRate)) ?? 1;
      for (const name of names) {
        const value = values.get(name);
        if (value === undefined) continue;
        const { dtype, shape, data } = value;
        const scaled = times === 1 ? data : data.map((v) => v * times);
        found.set(`${name}/${slot}`, { dtype, shape, data: scaled } as ArrayTensor);
      }
    }
  } catch (error) {
    if (!(error instanceof Missing)) throw error;
    return without(error.message);
  }
  return { steps, slots: found };
}

/** The variables that a model reads, and the same source with others in their place. */
export class TrainedVariables {
  readonly #found = new Map<ForeignTensor, readonly number[]>();
  readonly #places = new Map<ForeignTensor, number>();
  readonly #order: ReadonlyMap<string, readonly number[]>;

  /** @param order the places of layers that are trained, by their paths, as JSON. */
  constructor(order: ReadonlyMap<string, readonly number[]>) {
    this.#order = order;
  }

  /** A source that notes what is trained. */
  noting(source: VariableSource): VariableSource {
    return this.#mapped(source, [], (tensor, path) => {
      const own = this.#order.get(JSON.stringify(path));
      if (own && !this.#found.has(tensor)) this.#found.set(tensor, [...own, this.#found.size]);
      return tensor;
    });
  }

  /** The same with something else for each variable that is trained. */
  changed(
    source: VariableSource,
    change: (variable: TrainedVariable) => ForeignTensor,
  ): VariableSource {
    if (this.#places.size === 0) {
      const ordered = [...this.#found].sort(([, a], [, b]) => {
        const i = a.findIndex((n, k) => n !== b[k]);
        return i < 0 ? 0 : (a[i] ?? 0) - (b[i] ?? 0);
      });
      for (const [i, [tensor]] of ordered.entries()) this.#places.set(tensor, i);
    }
    return this.#mapped(source, [], (tensor) => {
      const place = this.#places.get(tensor);
      return place === undefined ? tensor : change({ place, count: this.#places.size, tensor });
    });
  }

  #mapped(
    source: VariableSource,
    within: readonly string[],
    change: (tensor: ForeignTensor, path: readonly string[]) => ForeignTensor,
  ): VariableSource {
    return {
      find: (layer, scope, names) =>
        source.find(layer, scope, names).map((tensor, i) => {
          const isTrained = tensor && !untrained.has(names[i] ?? "");
          return isTrained ? change(tensor, [...within, layer]) : tensor;
        }),
      inside: (layer) => this.#mapped(source.inside(layer), [...within, layer], change),
    };
  }
}

/** Variables that no optimizer moves. */
const untrained = new Set(["moving_mean", "moving_variance", "mean", "variance", "count"]);
