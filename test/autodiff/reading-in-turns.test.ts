/** Values that are read in turns, at once and later, each being its own graph's. */
import { describe, expect, it } from "vitest";
import {
  evaluate,
  evaluateAsync,
  mapTensors,
  type Tensor,
  tensor,
  valueAndGrad,
  vjp,
} from "../../src/index.ts";
import { failure } from "../support/failure.ts";

const f64 = (values: number | number[]) => tensor(values, { dtype: "f64" });
const numbers = [1, 2, 3, 4];

describe.each([1, 60_000])("graphs of one structure over %i elements", (size) => {
  const of = (k: number) => {
    let x = f64(Array<number>(size).fill(k));
    for (let i = 0; i < 12; i++) x = x.mul(1.5).add(k);
    return x;
  };
  const first = (values: ArrayLike<number>) => values[0];
  const right = numbers.map((k) => {
    let x = k;
    for (let i = 0; i < 12; i++) x = x * 1.5 + k;
    return x;
  });
  it("awaited together", async () => {
    const read = await Promise.all(numbers.map(async (k) => first(await of(k).data())));
    expect(read).toEqual(right);
  });
  it("awaited and read at once in turns, and read again", async () => {
    for (let turn = 0; turn < 3; turn++) {
      const tensors = numbers.map(of);
      const later = tensors.map((t, i) => (i % 2 === 0 ? t.data() : t.dataSync()));
      const read = await Promise.all(later);
      expect(read.map(first)).toEqual(right);
      expect(tensors.map((t) => t.dataSync()[0])).toEqual(right);
    }
  });
});

describe("gradients", () => {
  it("awaited together", async () => {
    const square = (x: Tensor) => x.mul(x).sum();
    const read = await Promise.all(
      numbers.map(async (k) => {
        const [value, gradient] = valueAndGrad(square)(f64([k]));
        const [e, g] = await evaluateAsync([value, gradient]);
        return [e!.item(), g!.item()];
      }),
    );
    expect(read).toEqual(numbers.map((k) => [k * k, 2 * k]));
  });
  it("pulled back over a tensor from outside that is renewed in each turn hold no past", () => {
    let [x, w] = [f64([1, 2]), f64([1, 1])];
    const depth = (t: Tensor): number => 1 + Math.max(0, ...t.inputs.map(depth));
    const depths: number[] = [];
    for (let turn = 0; turn < 20; turn++) {
      const [y, pull] = vjp((x: Tensor) => x.mul(w).square().sum(), x);
      y.item();
      x = x.sub(pull(f64(1)).mul(0.01));
      w = w.add(x.mul(0.01));
      depths.push(depth(w));
    }
    expect(depths.at(-1)).toBe(depths[5]);
    const [y, pull] = vjp((x: Tensor) => x.mul(w).square().sum(), x);
    y.item();
    const [a, b] = [x, w].map((t) => [...t.dataSync()]);
    const slope = a!.map((v, i) => 2 * v * b![i]! ** 2);
    for (const [i, v] of [...pull(f64(1)).dataSync()].entries())
      expect(v).toBeCloseTo(slope[i]!, 12);
  });
});

describe("trees", () => {
  it("are no maps and no promises", () => {
    failure("bad-argument", () => evaluate(new Map([["a", f64(1)]]) as never));
    failure("bad-argument", () => evaluate(Promise.resolve(f64(1)) as never));
  });
  it("are mapped by their names, and by functions that give tensors", () => {
    const [a, b] = [
      { x: f64(1), y: f64(2) },
      { y: f64(20), x: f64(10) },
    ];
    const { x, y } = mapTensors((p, q) => p.sub(q), a, b);
    expect([x.item(), y.item()]).toEqual([-9, -18]);
    failure("bad-argument", () => mapTensors(() => 1 as never, a));
    failure("shape-mismatch", () => mapTensors((p) => p, a as never, [f64(1), f64(2)] as never));
  });
});
