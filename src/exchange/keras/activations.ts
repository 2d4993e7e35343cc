/** Activations of Keras by name, as layers of ours. */
import { field } from "./config.ts";
import { type Made, refused } from "./lowering.ts";

/** Which Keras wrote a file: some meanings changed with version 3. */
export type Flavor = "keras3" | "keras2";

const plain = (name: string) => (): Made[] => [{ name }];

/** Along which axis softmax and the like go is known where they stand. */
type Write = (axis: number, flavor: Flavor) => Made[];

/** min(max(0.2x + ½, 0), 1), as Keras 2 and TensorFlow.js have it. */
const fifth: Made[] = [
  { name: "rescale", options: { scale: 0.2, offset: 0.5 } },
  { name: "hardtanh", options: { min: 0, max: 1 } },
];

const writes: Readonly<Record<string, Write>> = {
  linear: () => [],
  relu: plain("relu"),
  relu6: plain("relu6"),
  leaky_relu: () => [{ name: "leakyRelu", options: { slope: 0.2 } }],
  elu: plain("elu"),
  celu: plain("celu"),
  selu: plain("selu"),
  gelu: plain("gelu"),
  gelu_new: plain("geluTanh"),
  silu: plain("silu"),
  swish: plain("silu"),
  mish: plain("mish"),
  sigmoid: plain("sigmoid"),
  hard_sigmoid: (_, flavor) => (flavor === "keras3" ? [{ name: "hardsigmoid" }] : fifth),
  hard_silu: plain("hardswish"),
  hard_swish: plain("hardswish"),
  hard_tanh: plain("hardtanh"),
  tanh: plain("tanh"),
  tanh_shrink: plain("tanhshrink"),
  soft_shrink: plain("softshrink"),
  hard_shrink: plain("hardshrink"),
  softplus: plain("softplus"),
  softsign: plain("softsign"),
  log_sigmoid: plain("logSigmoid"),
  softmax: (axis) => [{ name: "softmax", options: { axis } }],
  log_softmax: (axis) => [{ name: "logSoftmax", options: { axis } }],
};

/** "hardSigmoid" of a program, "hard_sigmoid" of a file. */
const inWords = (name: string): string => name.replaceAll(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);

/** The name of an activation, as Keras 2 and 3 write it; "linear" where there is none. */
export function activationName(given: unknown): string {
  if (given === undefined || given === null) return "linear";
  if (typeof given === "string") return inWords(given);
  const kind = field(given, "class_name");
  const config = field(given, "config");
  if (kind === "function" || kind === "Function") {
    return refused(`an activation of one's own (${String(config).slice(0, 40)})`);
  }
  if (typeof kind === "string" && kind !== "Activation") return inWords(kind).replace(/^_/, "");
  const name = field(config, "activation");
  return typeof name === "string" ? inWords(name) : refused("an activation of one's own");
}

/** An activation as layers; `axis` is where softmax goes along. */
export function activationLayers(given: unknown, axis: number, flavor: Flavor): Made[] {
  const name = activationName(given);
  if (typeof given === "object" && given !== null && field(given, "class_name") !== "Activation") {
    // A layer as an activation, such as LeakyReLU(0.1), has options.
    const options = field(given, "config");
    if (name === "leaky_re_l_u" || name === "leaky_relu") {
      const slope = field(options, "negative_slope") ?? field(options, "alpha") ?? 0.3;
      return [{ name: "leakyRelu", options: { slope } }];
    }
  }
  const write = Object.hasOwn(writes, name) ? writes[name] : undefined;
  return write ? write(axis, flavor) : refused(`the activation ${name}`);
}
