/**
 * A training loop as a file of C with a main of its own, by one thread and by several, so that a sanitizer
 * can look for races: both have to come to the same state.
 */
import "../../../src/index.ts";
import { renderFile } from "../../../src/backends/c/file.ts";
import { faultBytes } from "../../../src/backends/c/memory.ts";
import { compileProgram } from "../../../src/compile/index.ts";
import { loopOf } from "../../../src/compile/loop.ts";
import { bytesOf } from "../../../src/core/dtype.ts";
import { uniformAt } from "../../../src/core/random.ts";
import {
  adam,
  conv2d,
  crossEntropy,
  dropout,
  flatten,
  type Layer,
  linear,
  relu,
  sequential,
  tanh,
  unflatten,
} from "../../../src/index.ts";
import { statePairs } from "../../../src/step/ports.ts";
import { trainingStep } from "../../../src/step/step.ts";

const [examples, batchSize, width, classes] = [96, 32, 36, 3];

/** Products, folded rows and windows, sums of all elements, dropout, and kernels of one thread. */
const models: Readonly<Record<string, () => Layer>> = {
  "a classifier": () =>
    sequential(
      linear(width, 170),
      relu(),
      dropout(0.1),
      linear(170, 150),
      tanh(),
      linear(150, classes),
    ) as Layer,
  convolutions: () =>
    sequential(
      unflatten(1, [1, 6, 6]),
      conv2d(1, 16, 3),
      relu(),
      conv2d(16, 24, 3),
      relu(),
      flatten(),
      linear(96, classes),
    ) as Layer,
};

export const names: readonly string[] = Object.keys(models);

/** The file of C, and the image of the memory that its main reads. */
export function teamProgram(name: string, dtype: "f32" | "f64", vectorBytes: number) {
  const types = {
    inputs: { dtype, shape: [batchSize, width] },
    targets: { dtype: "i32" as const, shape: [batchSize] },
  };
  const step = trainingStep(models[name]!(), types, {
    ...{ loss: crossEntropy, optimizer: adam({ learningRate: 0.01, clipNorm: 1 }), dtype },
    ...{ update: "simultaneous", health: false },
  });
  const program = compileProgram(step, { state: statePairs(step) });
  const data = {
    inputs: { dtype, shape: [examples, width], data: new Float64Array(examples * width) },
    targets: { dtype: "i32" as const, shape: [examples], data: new Int32Array(examples) },
  };
  const loop = loopOf(step, program, { examples: data, batchSize, weight: batchSize, seed: 1 });
  const rendered = renderFile([{ program, loop, team: true }], { fuses: true, vectorBytes });
  const { memory, places, perThread } = rendered.programs[0]!;
  const image = new Uint8Array(memory);
  const view = new DataView(image.buffer);
  const put = (at: number, kind: string, i: number, value: number): void => {
    if (kind === "f32") view.setFloat32(at + 4 * i, value, true);
    else if (kind === "f64") view.setFloat64(at + 8 * i, value, true);
    else view.setInt32(at + 4 * i, value, true);
  };
  for (const b of program.buffers) {
    if (b.data) image.set(new Uint8Array(b.data.slice().buffer), program.offsets[b.id]);
  }
  const slots = new Set(Object.values(step.ports.inputs.slots));
  step.inputs.forEach((x, k) => {
    const at = program.offsets[program.inputs[k]!.id]!;
    const { learningRate, step: number, key } = step.ports.inputs.controls;
    for (let i = 0; i < x.size; i++) {
      const value =
        x === learningRate
          ? 0.01
          : slots.has(x) || x === number || x === key
            ? 0
            : uniformAt(3, k, i) - 0.5;
      put(at, x.dtype, i, x.dtype === "i32" ? 0 : value);
    }
  });
  loop.gather.forEach(({ name, width: bytes, batch }, k) => {
    const each = bytes / bytesOf(batch.dtype);
    for (let i = 0; i < examples * each; i++) {
      put(places.data[k]!, batch.dtype, i, name === "targets" ? i % classes : uniformAt(5, k, i));
    }
  });
  const state = statePairs(step).map(([input]) => {
    const b = program.inputs[input]!;
    return [program.offsets[b.id]!, b.size * bytesOf(b.dtype)] as const;
  });
  return { text: rendered.text + main({ memory, perThread, state }), image };
}

const main = ({
  memory,
  perThread,
  state,
}: {
  readonly memory: number;
  readonly perThread: number;
  readonly state: readonly (readonly [at: number, bytes: number])[];
}): string => `
#include <stdio.h>
static const long state[][2] = {${state.map((place) => `{${place.join(", ")}}`).join(", ")}};
static char *train(const char *image, int threads) {
  char *block;
  if (posix_memalign((void **)&block, 64, ${memory + faultBytes} + threads * ${perThread}L)) return 0;
  char *const A = block + ${faultBytes};
  __builtin_memset(block, 0, ${faultBytes});
  __builtin_memcpy(A, image, ${memory});
  const u64 team = threads > 1 ? start(A, threads) : 0;
  for (int epoch = 0; epoch < 3; epoch++) if (epochs(A, epoch, 1, 1) != 1) return 0;
  if (team) leave(team);
  return A;
}
int main(int count, char **names) {
  char *const image = malloc(${memory});
  FILE *in = fopen(names[1], "rb");
  if (!in || fread(image, 1, ${memory}, in) != ${memory}) return 3;
  char *const alone = train(image, 1);
  for (int threads = 2; threads < 4; threads++) {
    char *const A = train(image, threads);
    if (!alone || !A) return 4;
    for (unsigned k = 0; k < sizeof state / sizeof *state; k++)
      if (__builtin_memcmp(A + state[k][0], alone + state[k][0], state[k][1])) return 5;
  }
  return 0;
}
`;
