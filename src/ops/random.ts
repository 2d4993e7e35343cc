/** Counter-based random numbers: element i of a stream is a pure function of (key, stream, i). */
import type { DType } from "../core/dtype.ts";
import { checkDType, isFloat } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import {
  apply,
  castExpression,
  constant,
  type Expression,
  indices,
  load,
  offset,
} from "../core/expression.ts";
import type { Op, Unary } from "../core/op.ts";
import { checkNames } from "../core/options.ts";
import { checkShape, formatShape, type Shape } from "../core/shape.ts";
import { node, type Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { threefry, type WordArithmetic } from "../core/words.ts";
import { mul, sub } from "./arithmetic.ts";
import { cos, log, sqrt } from "./transcendental.ts";

const i32 = (n: number): Expression => constant(n | 0, "i32");
/** 32-bit words as expressions of the scalar language. */
const expressions: WordArithmetic<Expression> = {
  word: i32,
  add: (first, ...terms) => terms.reduce((a, b) => apply("add", a, b), first),
  xor: (a, b) => apply("bitXor", a, b),
  rotate: (x, by) =>
    apply("bitOr", apply("shiftLeft", x, i32(by)), apply("shiftRight", x, i32(32 - by))),
  keep: (x) => x,
};

type Uniform = { readonly shape: Shape; readonly dtype: DType; readonly stream: number };

export const uniformOp: Op<Unary, Uniform> = {
  name: "randomUniform",
  infer: ([key], { shape, dtype }) => {
    if (key.dtype !== "i32" || formatShape(key.shape) !== "[2]" || !isFloat(dtype)) {
      fail("bad-argument", {
        message: "randomUniform makes floating-point numbers from a key of two integers.",
        expected: "an i32 key of shape [2]",
        found: `${key.dtype}${formatShape(key.shape)} for ${dtype}`,
      });
    }
    return { dtype, shape };
  },
  meaning: (_key, y, { dtype, stream }) => {
    const counter = offset(y.shape, indices(y.shape.length));
    const key = (k: number) => load(0, "i32", i32(k));
    const [high, low] = threefry(expressions, [key(0), key(1)], [counter, i32(stream)]);
    const bits = (word: Expression, drop: number) =>
      castExpression(apply("shiftRight", word, i32(drop)), dtype);
    const scale = (x: Expression, by: number) => apply("mul", x, constant(by, dtype));
    // 24 random bits fill an f32's mantissa, 27 + 26 an f64's.
    const value =
      dtype === "f32"
        ? scale(bits(high, 8), 2 ** -24)
        : apply("add", scale(bits(high, 5), 2 ** -27), scale(bits(low, 6), 2 ** -53));
    return { loop: "map", value };
  },
  derivative: { kind: "zero" },
  law: {
    en: "A random number does not depend on the parameters: nothing flows back.",
    zh: "随机数与参数无关：没有梯度传回。",
  },
  notation: { text: "U(0,1)", tex: "\\mathcal{U}(0,1)", precedence: 5 },
  sampling: {
    domain: [[0, 100]],
    cases: (["f64", "f32"] as const).map((dtype) => ({
      inputs: [{ dtype: "i32", shape: [2] }],
      attributes: { shape: [2, 3], dtype, stream: 7 },
    })),
  },
};

/** Which random numbers, and their element type `dtype` (default "f32"). */
export interface RandomOptions {
  readonly dtype?: DType;
  /** Which of the independent sequences of one key, a whole number ≥ 0. Default 0. */
  readonly stream?: number;
}

function checkStream(what: string, stream: number): void {
  if (Number.isSafeInteger(stream)) return;
  fail("bad-argument", {
    message: `${what} takes the number of a stream.`,
    expected: "a whole number",
    found: shown(stream),
  });
}

/**
 * Uniform numbers in [0, 1). `key` is an i32 tensor of shape [2]: seed and, for instance, step.
 *
 * @example randomUniform(key, [3]) with key = tensor([7, 0], { dtype: "i32" })
 */
export function randomUniform(key: Tensor, shape: Shape, options: RandomOptions = {}): Tensor {
  checkNames("randomUniform", options, ["dtype", "stream"]);
  const { dtype = "f32", stream = 0 } = options;
  checkStream("randomUniform", stream);
  return node(uniformOp, [key], {
    shape: [...checkShape(shape)],
    dtype: checkDType(dtype),
    stream,
  });
}

/**
 * Standard normal numbers: √(−2 ln u₁)·cos 2πu₂ (Box and Muller 1958), with u₁ in (0, 1].
 *
 * @example randomNormal(key, [3]) with key = tensor([7, 0], { dtype: "i32" })
 */
export function randomNormal(key: Tensor, shape: Shape, options: RandomOptions = {}): Tensor {
  checkNames("randomNormal", options, ["dtype", "stream"]);
  // Two streams below 0 for each, where randomUniform's own do not reach.
  checkStream("randomNormal", options.stream ?? 0);
  const stream = -2 - 2 * (options.stream ?? 0);
  const u = randomUniform(key, shape, { ...options, stream });
  const v = randomUniform(key, shape, { ...options, stream: stream + 1 });
  const radius = sqrt(mul(log(sub(1, u)), -2));
  return mul(radius, cos(mul(v, 2 * Math.PI)));
}
