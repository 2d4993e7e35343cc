/** Networks to begin with: network files like any other. */
import spirals from "../../../examples/spirals.yaml?raw";
import seed from "../../../examples/two-two-two.yaml?raw";
import xor from "../../../examples/xor.yaml?raw";
import type { Language, Notation } from "../protocol.ts";

export interface Preset {
  readonly id: string;
  readonly names: Readonly<Record<Language, string>>;
  readonly text: string;
  readonly notation: Notation;
  readonly chosen: { readonly name: string; readonly index: number };
  /** The example that is shown; by default the first. */
  readonly example?: number;
  /** Epochs between two pictures while it trains. */
  readonly perFrame: number;
}

const deep = `# Ten layers of sigmoids: the gradient that reaches the first is next to nothing.
name: a deep sigmoid network
layers:
${Array.from({ length: 9 }, () => "  - linear: { outputs: 3, weight: xavierUniform, bias: 0 }\n  - sigmoid").join("\n")}
  - linear: { outputs: 1, weight: xavierUniform, bias: 0 }
  - sigmoid
loss: binaryCrossEntropy
optimizer: { sgd: { learningRate: 0.5 } }
data: { generate: { moons: { size: 40, noise: 0.1 } } }
training: { epochs: 500, batchSize: 40 }
`;

export const presets: readonly [Preset, ...Preset[]] = [
  {
    id: "seed",
    names: { en: "Two-two-two", zh: "二-二-二网络" },
    text: seed,
    notation: "net-out",
    chosen: { name: "2.weight", index: 0 },
    perFrame: 10,
  },
  {
    id: "xor",
    names: { en: "Exclusive or", zh: "异或" },
    text: xor,
    notation: "canonical",
    // The first example is all zeros, which says little.
    example: 1,
    chosen: { name: "0.weight", index: 1 },
    perFrame: 1,
  },
  {
    id: "spirals",
    names: { en: "Two spirals", zh: "双螺旋" },
    text: spirals,
    notation: "canonical",
    chosen: { name: "4.weight", index: 0 },
    perFrame: 1,
  },
  {
    id: "deep",
    names: { en: "Ten sigmoids", zh: "十层 sigmoid" },
    text: deep,
    notation: "canonical",
    chosen: { name: "0.weight", index: 0 },
    perFrame: 1,
  },
];
