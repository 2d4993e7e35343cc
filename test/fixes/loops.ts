/** Advice about loops as part of a graph, followed. */

import { familiesOf } from "../../src/core/body.ts";
import * as c from "../../src/index.ts";
import { unrolled } from "../../src/ops/unrolled.ts";
import type { Row } from "./row.ts";

const { tensor } = c;
const x = tensor([1, 2, 3]);
const any = (f: unknown) => f as (...given: unknown[]) => c.Tensor[];
const read = (t: c.Tensor) => t.arraySync();
/** A loop of so many steps, written out. */
const written = (length: number) => {
  const [last] = c.scan((h) => [h.sin().add(1), undefined], tensor(0), undefined, { length });
  for (const family of familiesOf([last]).values()) unrolled(family);
};

export const loops: readonly Row[] = [
  [
    "Choose with where(condition, a, b) or cond, which need no number while the graph is made.",
    () => c.scan((h, x) => [x.item() > 1 ? h.add(x) : h, undefined], tensor(0), x),
    () => read(c.scan((h, x) => [c.where(x.greater(1), h.add(x), h), undefined], tensor(0), x)[0]),
    () =>
      read(
        c.scan(
          (h, x) => [
            c.cond(
              x.greater(1),
              () => h.add(x),
              () => h,
            ),
            undefined,
          ],
          tensor(0),
          x,
        )[0],
      ),
  ],
  [
    "Begin with a carry of the type that the step gives, or cast and reshape it there.",
    () => c.scan((h) => [h.add(x), undefined], tensor(0), x),
    () => read(c.scan((h) => [h.add(x), undefined], c.zeros([3]), x)[0]),
    () => read(c.scan((h) => [h.add(x).sum().cast("f32").reshape([]), undefined], tensor(0), x)[0]),
  ],
  [
    "What is the same at every step needs no sequence: the step may read it from outside.",
    () => c.scan((h, w) => [h.add(w), undefined], tensor(0), tensor(2)),
    () => {
      const w = tensor(2);
      return read(c.scan((h) => [h.add(w), undefined], tensor(0), undefined, { length: 2 })[0]);
    },
  ],
  [
    "Pass the length: scan(step, first, undefined, { length: 10 }).",
    () => any(c.scan)((h: c.Tensor) => [h, undefined], tensor(0)),
    () => c.scan((h) => [h, undefined], tensor(0), undefined, { length: 10 }),
  ],
  [
    "Pass a bound: whileLoop(condition, step, first, { bound: 100 }).",
    () =>
      any(c.whileLoop)(
        (h: c.Tensor) => h.less(3),
        (h: c.Tensor) => h.add(1),
        tensor(0),
        {},
      ),
    () =>
      c.whileLoop(
        (h) => h.less(3),
        (h) => h.add(1),
        tensor(0),
        { bound: 100 },
      ),
  ],
  [
    "Compare, and reduce what has several elements: x.sum().greater(0).",
    () =>
      c.cond(
        x,
        () => x,
        () => x,
      ),
    () =>
      c.cond(
        x.sum().greater(0),
        () => x,
        () => x,
      ),
  ],
  [
    "Let both give the same: cast or reshape what one of them gives.",
    () =>
      c.cond(
        x.sum().greater(0),
        () => x,
        () => x.cast("f64"),
      ),
    () =>
      c.cond(
        x.sum().greater(0),
        () => x,
        () => x.cast("f64").cast("f32"),
      ),
    () =>
      c.cond(
        x.sum().greater(0),
        () => x,
        () => x.reshape([3, 1]).reshape([3]),
      ),
  ],
  ["Look at a shorter sequence.", () => written(100_000), () => written(10)],
];
