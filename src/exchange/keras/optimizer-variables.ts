/** Where Keras 3 keeps what an optimizer remembers: numbered variables, in the order in which it makes them. */
import { isRecord } from "../../core/kinds.ts";
import { sizeOf } from "../../core/shape.ts";
import type { ForeignTensor } from "../foreign.ts";
import { field } from "./config.ts";
import type { KeptMemory } from "./memory.ts";

/** What is made for each variable in turn, one group behind the other. */
type Groups = readonly (readonly string[])[];

const adam = (config: unknown): Groups => [
  ["momentum", "velocity"],
  ...(field(config, "amsgrad") === true ? [["velocity_hat"]] : []),
];

const groupsOf: Readonly<Record<string, (config: unknown) => Groups>> = {
  sgd: (config) => (field(config, "momentum") === 0 ? [] : [["momentum"]]),
  adam,
  adamw: adam,
  nadam: adam,
  adamax: () => [["momentum", "norm"]],
  rmsprop: (config) => [
    ["velocity"],
    ...(field(config, "momentum") === 0 ? [] : [["momentum"]]),
    ...(field(config, "centered") === true ? [["average_gradient"]] : []),
  ],
  adagrad: () => [["accumulator"]],
  adadelta: () => [["accumulated_grad", "accumulated_delta_var"]],
};

/** The number in a tensor of one element. */
const numberIn = async (tensor: ForeignTensor): Promise<number> =>
  Number((await tensor.read()).data[0]);

/** The memory in a .keras file; undefined where the optimizer has no variables there. */
export function kerasMemory(
  optimizer: unknown,
  tensors: readonly ForeignTensor[],
): KeptMemory | undefined {
  const all = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const variables: ForeignTensor[] = [];
  for (let i = 0; ; i++) {
    const own = all.get(`optimizer/vars/${i}`);
    if (own === undefined) break;
    variables.push(own);
  }
  const [iteration] = variables;
  const name = String(field(optimizer, "class_name")).toLowerCase();
  const config = field(optimizer, "config");
  const groups = Object.hasOwn(groupsOf, name) ? groupsOf[name]?.(config) : undefined;
  if (iteration === undefined || groups === undefined) return undefined;
  // A schedule is no variable; a number is one.
  const start = isRecord(field(config, "learning_rate")) ? 1 : 2;
  const last = name === "nadam" ? variables.at(-1) : undefined;
  const averages = field(config, "use_ema") === true;
  const accumulates = typeof field(config, "gradient_accumulation_steps") === "number";
  return {
    async steps() {
      const steps = await numberIn(iteration);
      return Number.isSafeInteger(steps) && steps >= 0 ? steps : undefined;
    },
    find(slot, { place, count, tensor }) {
      const each = groups.reduce((sum, group) => sum + group.length, 0);
      if (variables.length !== start + each * count + (last ? 1 : 0)) return undefined;
      if (slot === "product" && last) {
        return {
          ...tensor,
          read: async () => ({
            dtype: "f32",
            shape: tensor.shape,
            data: new Float32Array(sizeOf(tensor.shape)).fill(await numberIn(last)),
          }),
        };
      }
      let at = start;
      for (const group of groups) {
        const k = group.indexOf(slot);
        if (k >= 0) return variables[at + place * group.length + k];
        at += group.length * count;
      }
      return undefined;
    },
    ...(averages ? { more: "Keras averages the weights there (use_ema)" } : {}),
    ...(accumulates
      ? { more: "Keras keeps sums of gradients there (gradient_accumulation_steps)" }
      : {}),
  };
}
