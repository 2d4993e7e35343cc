/**
 * Checked by the compiler alone, `npm run typecheck`: an operator's record says how many inputs it
 * takes, and its rules, its samples and its nodes have as many.
 */
import { apply } from "../../src/core/expression.ts";
import type { Binary, Op, Unary } from "../../src/core/op.ts";
import { node, type Tensor } from "../../src/core/tensor.ts";
import { addOp, mulOp, negOp } from "../../src/ops/arithmetic.ts";
import { elementwise, type NoAttributes, none } from "../../src/ops/define.ts";
import { onesLike } from "../../src/ops/leaf.ts";

declare const x: Tensor;
declare const y: Tensor;

const words = {
  law: { en: "", zh: "" },
  notation: { text: "#0", tex: "#0", precedence: 5 },
};

// Records that fit.
export const sum = elementwise<Binary>({
  ...words,
  name: "sum of two",
  value: ([a, b]) => apply("add", a, b),
  partials: [({ x: [a] }) => onesLike(a), ({ x: [, b] }) => onesLike(b)],
  sampling: {
    domain: [[0, 1]],
    cases: [
      {
        inputs: [
          { dtype: "f64", shape: [] },
          { dtype: "f64", shape: [] },
        ],
        attributes: none,
      },
    ],
  },
});

// A meaning that reads an input too many.
elementwise<Binary>({
  ...words,
  name: "three of two",
  // @ts-expect-error
  value: ([a, b, c]) => apply("add", apply("add", a, b), c),
});

// A derivative too few, and one too many.
elementwise<Binary>({
  ...words,
  name: "one partial of two",
  value: ([a, b]) => apply("add", a, b),
  // @ts-expect-error
  partials: [({ y }) => onesLike(y)],
});
elementwise<Unary>({
  ...words,
  name: "two partials of one",
  value: ([a]) => apply("neg", a),
  // @ts-expect-error
  partials: [({ y }) => onesLike(y), ({ y }) => onesLike(y)],
});

// A derivative that reads an input that is not there.
elementwise<Unary>({
  ...words,
  name: "the second of one",
  value: ([a]) => apply("neg", a),
  // @ts-expect-error
  partials: [({ x: [, b] }) => b],
});

// A sample with an input too few.
elementwise<Binary>({
  ...words,
  name: "a sample of one",
  value: ([a, b]) => apply("add", a, b),
  // @ts-expect-error
  sampling: { cases: [{ inputs: [{ dtype: "f64", shape: [] }], attributes: none }] },
});

// A record whose derivative is written out.
export const passed: Op<Unary, NoAttributes> = {
  ...negOp,
  // @ts-expect-error
  derivative: { kind: "linear", transpose: (g, { x: [, b] }) => g.mul(b) },
};

// Nodes with as many inputs as their record has, and with others.
export const nodes = [node(negOp, [x], none), node(addOp, [x, y], none)];
// @ts-expect-error
node(addOp, [x], none);
// @ts-expect-error
node(mulOp, [x, y, x], none);
// @ts-expect-error
node(negOp, [], none);
