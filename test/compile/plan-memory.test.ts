/** Pass 4: where buffers lie, and that they share what they can. */
import "../support/backend.ts";
import { describe, expect, test } from "vitest";
import { gradient } from "../../src/autodiff/gradient.ts";
import { type Buffer, byteSize, type Program } from "../../src/compile/program.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { conv2d, maxPool2d, relu, sequential } from "../../src/nn/index.ts";
import { input } from "../../src/ops/leaf.ts";
import { matmul } from "../../src/ops/matmul.ts";
import { compiled } from "./passes.ts";

/** Name, first byte and size of each buffer. */
const places = ({ buffers, offsets }: Program): string[] =>
  buffers.map((b) => `${b.role} ${b.name} @${offsets[b.id]} + ${byteSize(b)}`);

test("places of a small program", () => {
  const x = input("x", [10, 10]);
  const y = matmul(matmul(matmul(x, x), x), x);
  expect(places(compiled([x], [y]))).toMatchInlineSnapshot(`
    [
      "input x @64 + 400",
      "temporary matmul @960 + 400",
      "temporary matmul @1408 + 400",
      "output matmul @512 + 400",
    ]
  `);
});

test("a state has one place for old and new", () => {
  const [w, g] = [input("w", [100]), input("g", [100])];
  const { offsets, inputs, outputs } = compiled([w, g], [w.sub(g)], [[0, 0]]);
  expect(offsets[outputs[0]!.id]).toBe(offsets[inputs[0]!.id]);
});

/** Memory that is in use at the worst moment, if every buffer lived only from first to last use. */
function peak({ kernels, buffers }: Program): number {
  const touched = (b: Buffer) => kernels.flatMap((k, i) => (uses(k).includes(b) ? [i] : []));
  const uses = (k: Program["kernels"][number]) => [...k.reads, ...k.stores.map((s) => s.buffer)];
  const lives = buffers
    .filter((b) => b.role === "temporary")
    .map((b) => ({ bytes: byteSize(b), at: touched(b) }));
  const sums = kernels.map((_, i) =>
    lives.reduce((sum, { at, bytes }) => sum + (at[0]! <= i && i <= at.at(-1)! ? bytes : 0), 0),
  );
  return Math.max(0, ...sums);
}

const fixed = ({ buffers }: Program): number =>
  buffers.reduce((sum, b) => sum + (b.role === "temporary" ? 0 : byteSize(b)), 0);

describe("little more than what is alive at the worst moment", () => {
  const chain = (layers: number, width: (k: number) => number): [Tensor[], Tensor[]] => {
    let y = input("x", [64, width(0)]);
    const inputs = [y];
    for (let k = 0; k < layers; k++) {
      const w = input(`w${k}`, [width(k), width(k + 1)]);
      inputs.push(w);
      y = matmul(y, w).tanh();
    }
    const weights = inputs.slice(1);
    return [inputs, gradient(y.square().sum(), weights)];
  };
  /** Two 3 × 3 convolutions and a pool, `blocks` times. */
  const convolutions = (blocks: number): [Tensor[], Tensor[]] => {
    const sizes = Array.from({ length: blocks }, (_, k) => 8 * 2 ** k);
    const layers = sizes.flatMap((to, k) => {
      const from = sizes[k - 1] ?? 3;
      const [first, second] = [conv2d(from, to, 3, { padding: 1 }), conv2d(to, to, 3)];
      return [first, relu(), second, relu(), maxPool2d(2)];
    });
    const net = sequential(...layers);
    const x = input("x", [16, 3, 32, 32], "f32");
    const values = Object.entries(net.parameters).map(
      ([name, { shape }]) => [name, input(name, shape, "f32")] as const,
    );
    const weights = values.map(([, w]) => w);
    const energy = net.apply(x, Object.fromEntries(values)).square().sum();
    return [[x, ...weights], gradient(energy, weights)];
  };
  test.each<[string, [Tensor[], Tensor[]]]>([
    ["a shallow convolutional network", convolutions(1)],
    ["a deep convolutional network", convolutions(3)],
    ["a deep network", chain(20, () => 48)],
    ["a network that narrows", chain(8, (k) => 200 - 20 * k)],
    ["a network of uneven widths", chain(12, (k) => 16 + ((k * 37) % 101))],
  ])("%s", (_, [inputs, outputs]) => {
    const program = compiled(inputs, outputs);
    // The rounding to cache lines and the room for a vector behind each buffer included.
    const padding = 80 * program.buffers.length;
    const temporary = program.arena - fixed(program) - padding;
    expect(temporary).toBeLessThanOrEqual(1.3 * peak(program));
    expect(program.arena).toBeGreaterThanOrEqual(fixed(program) + peak(program));
  });
});
