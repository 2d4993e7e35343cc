import { describe, expect, it } from "vitest";
import { arraysOf } from "../../src/core/array-tensor.ts";
import { at } from "../../src/core/at.ts";
import {
  blobs,
  circles,
  type Dataset,
  moons,
  regression,
  spirals,
  subset,
  xor,
} from "../../src/data/index.ts";
import { failure } from "../support/failure.ts";

/** A row of two numbers. */
const point = (data: Dataset, i: number) => {
  const [x, y] = row(data, i);
  return [Number(x), Number(y)] as const;
};

const row = ({ inputs }: Dataset, i: number) => {
  const width = at(inputs.shape, 1);
  return [...inputs.dataSync().slice(i * width, (i + 1) * width)];
};

const generators = { xor, spirals, moons, circles, blobs, regression } as const;

describe("generators", () => {
  it.each(Object.entries(generators))("%s is a pure function of its options", (_, make) => {
    const noisy = (seed: number) => make({ size: 30, noise: 0.1, seed });
    const plain = ({ inputs, targets, ...rest }: Dataset) => ({
      inputs: arraysOf(inputs),
      targets: arraysOf(targets),
      ...rest,
    });
    expect(plain(noisy(1))).toEqual(plain(noisy(1)));
    expect(plain(noisy(1)).inputs).not.toEqual(plain(noisy(2)).inputs);
    expect(noisy(1).size).toBe(30);
    expect(make({ size: 31 }).size).toBe(31);
  });
  it.each(Object.entries(generators))("%s refuses bad options", (_, make) => {
    for (const size of [0, -1, 1.5, 1e9, 1e300, Number.NaN, Infinity]) {
      failure("bad-argument", () => make({ size }));
    }
    for (const noise of [-1, Number.NaN, Infinity]) {
      failure("bad-argument", () => make({ noise }));
    }
    failure("bad-argument", () => make({ size: 20, noise: 1, seed: 0.5 }));
    const misspelt = failure("bad-argument", () => make({ sise: 20 } as never));
    expect([misspelt.found, misspelt.fix]).toEqual(['"sise"', 'Did you mean "size"?']);
    failure("bad-argument", () => make(20 as never));
  });
  it("xor is the four points", () => {
    const { inputs, targets, classes } = xor();
    expect([...inputs.dataSync()]).toEqual([0, 0, 0, 1, 1, 0, 1, 1]);
    expect([...targets.dataSync()]).toEqual([0, 1, 1, 0]);
    expect(classes).toEqual(["0", "1"]);
    const many = xor({ size: 100, seed: 4 });
    for (let i = 0; i < 100; i++) {
      const [x, y] = point(many, i);
      expect(many.targets.dataSync()[i]).toBe(x >= 0.5 === y >= 0.5 ? 0 : 1);
    }
  });
  it("spirals turn around the origin, an arm for each class", () => {
    const three = spirals({ size: 300, arms: 3, turns: 2 });
    expect(three.classes).toEqual(["0", "1", "2"]);
    for (let i = 0; i < 300; i++) {
      const [x, y] = point(three, i);
      const radius = Math.hypot(x, y);
      expect(radius).toBeCloseTo((Math.floor(i / 3) + 1) / 100, 12);
      const angle = 2 * Math.PI * (2 * radius + (i % 3) / 3);
      expect(x).toBeCloseTo(radius * Math.cos(angle), 9);
    }
    failure("bad-argument", () => spirals({ arms: 0 }));
    failure("bad-argument", () => spirals({ size: 2, arms: 3 }));
    failure("bad-argument", () => spirals({ turns: Number.NaN }));
  });
  it("moons and circles have scikit-learn's shapes", () => {
    const pair = moons({ size: 5 });
    const rounded = [0, 1, 2, 3, 4].map((i) =>
      row(pair, i).map((x) => Math.round(x * 1e9) / 1e9 + 0),
    );
    expect(rounded).toEqual([
      [1, 0],
      [0, 0.5],
      [0, 1],
      [2, 0.5],
      [-1, 0],
    ]);
    const rings = circles({ size: 40, factor: 0.25 });
    for (let i = 0; i < 40; i++) {
      expect(Math.hypot(...row(rings, i))).toBeCloseTo(i % 2 === 0 ? 1 : 0.25, 12);
    }
    failure("bad-argument", () => circles({ factor: 2 }));
  });
  it("blobs have their centres and deviation", () => {
    const clouds = blobs({ size: 6000, centers: 2, features: 3, noise: 0.5, seed: 9 });
    expect(clouds.inputs.shape).toEqual([6000, 3]);
    const first = subset(
      clouds,
      Array.from({ length: 3000 }, (_, i) => 2 * i),
    );
    const centre = row(blobs({ size: 2, centers: 2, features: 3, noise: 0, seed: 9 }), 0);
    const values = Array.from({ length: 3000 }, (_, i) => at(row(first, i), 0));
    const mean = values.reduce((a, b) => a + b) / 3000;
    expect(mean).toBeCloseTo(at(centre, 0), 1);
    const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / 3000;
    expect(Math.sqrt(variance)).toBeCloseTo(0.5, 1);
    failure("bad-argument", () => blobs({ centers: 0 }));
    failure("bad-argument", () => blobs({ size: 1e7, features: 1000 }));
  });
  it("regression is the function that it names", () => {
    const curves = {
      line: (x: number) => 2 * x + 1,
      sine: (x: number) => Math.sin(Math.PI * x),
      polynomial: (x: number) => 4 * x ** 3 - 3 * x,
    };
    for (const kind of ["line", "sine", "polynomial"] as const) {
      const { inputs, targets, classes } = regression({ kind, size: 50 });
      expect(classes).toBeUndefined();
      expect(targets.shape).toEqual([50, 1]);
      targets.dataSync().forEach((y, i) => {
        expect(y).toBeCloseTo(curves[kind](inputs.dataSync()[i]!), 14);
      });
      expect(inputs.dataSync().every((x) => x >= -1 && x < 1)).toBe(true);
    }
    failure("bad-argument", () => regression({ kind: "toString" as "sine" }));
  });
});
