/** Advice about settings and runs of the command line. */
import { withSettings } from "../../src/network-file/settings.ts";
import type { Row } from "./row.ts";

const file = `inputs: 2
layers:
  - linear: &same { outputs: 3 }
  - tanh
  - linear: *same
loss: meanSquaredError
optimizer: adam
`;
const set = (...settings: string[]) => withSettings(file, settings);

export const runs: readonly Row[] = [
  [
    "Write the names as they stand in the file, from the outermost, with dots between them.",
    () => set("optimizer"),
    () => set("optimizer=sgd"),
  ],
  ["Close brackets and quotation marks.", () => set("layers.1={ a: 1"), () => set("layers.1=relu")],
  [
    "Set … as a whole, or change the file.",
    () => set("layers.2.linear.outputs=4"),
    () => set("layers.2.linear={ outputs: 4 }"),
    () => withSettings(file.replace("*same", "{ outputs: 3 }"), ["layers.2.linear.outputs=4"]),
  ],
  [
    "Say which of the list it is, counted from 0: ….0, for example.",
    () => set("layers.7.linear.outputs=4"),
    () => set("layers.0.linear.outputs=4"),
  ],
  ["Set … as a whole: …=…", () => set("layers.1.softmax.axis=0"), () => set("layers.1=softmax")],
  [
    "Did you mean …?",
    () => set("optimizer.adma.learningRate=0.1"),
    () => set("optimizer.adam.learningRate=0.1"),
  ],
];
