/** Arguments of elementary functions: of every size where they matter, and the borders. */
import type { Elementary } from "../../../src/core/elementary/functions.ts";
import { log } from "../../../src/core/elementary/scalar.ts";
import { threefry2x32 } from "../../../src/core/number-words.ts";

export const points = 100_000;

const view = new DataView(new ArrayBuffer(8));
const tiny = [5e-324, 1e-310, 2.225073858507201e-308, 2.2250738585072014e-308, 1e-300, 2 ** -60];

/** Numbers from a stream that is always the same. */
function source(stream: number) {
  let [index, rest] = [0, [] as number[]];
  const word = (): number => {
    if (rest.length === 0) rest = [...threefry2x32(9, 0, index++, stream)];
    return rest.pop()!;
  };
  return {
    /** Uniform between two numbers. */
    between: (low: number, high: number): number =>
      low + (high - low) * ((word() + word() / 2 ** 32) / 2 ** 32),
    /** Of a size between two powers of 2, all sizes alike. */
    sized: (low: number, high: number): number => {
      view.setUint32(0, ((1023 + low + (word() % (high - low))) << 20) | (word() >>> 12));
      view.setUint32(4, word());
      return view.getFloat64(0);
    },
    sign: (): number => (word() & 1 ? -1 : 1),
  };
}

type Draw = (r: ReturnType<typeof source>) => number;
const between =
  (low: number, high: number): Draw =>
  (r) =>
    r.between(low, high);
const sized =
  (low: number, high: number): Draw =>
  (r) =>
    r.sign() * r.sized(low, high);
const positive =
  (low: number, high: number): Draw =>
  (r) =>
    r.sized(low, high);
/** Near 1, and how near: 2^low to 2^high. */
const nearOne =
  (low: number, high: number): Draw =>
  (r) =>
    1 + r.sign() * r.sized(low, high);
const angles = [between(-8, 8), sized(-60, 60), sized(60, 1023), between(0, 1e6)];

/** Where arguments are drawn from, in turn, and what else there is. */
const ranges: Partial<Record<Elementary, readonly [Draw[], (readonly number[])?]>> = {
  exp: [
    [between(-750, 711), between(-2, 2), sized(-60, 9)],
    [709.7827128933841, -745.1332191019412],
  ],
  expm1: [[between(-50, 710), between(-2, 2), sized(-60, 5)], [709.7827128933841]],
  sinh: [
    [between(-711, 711), between(-2, 2), sized(-60, 5)],
    [710.4758600739439, 710.475860073944],
  ],
  cosh: [
    [between(-711, 711), between(-2, 2), sized(-60, 5)],
    [710.4758600739439, 710.475860073944],
  ],
  tanh: [
    [between(-20, 20), between(-1, 1), sized(-60, 5)],
    [0.549306144334, 0.5493061443341],
  ],
  log: [[between(0, 2), positive(-1022, 1023), nearOne(-52, -1)], [Number.MAX_VALUE]],
  log1p: [
    [between(-1, 3), positive(-60, 1023), sized(-70, -1)],
    [Number.MAX_VALUE, -1 + 2 ** -53],
  ],
  asinh: [[between(-3, 3), sized(-70, 1023), sized(-5, 5)], [Number.MAX_VALUE]],
  acosh: [
    [between(1, 3), positive(0, 1023), (r) => 1 + r.sized(-52, -1)],
    [1, Number.MAX_VALUE],
  ],
  atanh: [[between(-1, 1), sized(-70, 0), (r) => r.sign() * (1 - r.sized(-53, -1))]],
  sin: [angles, [Number.MAX_VALUE, 1.6e6, 6381956970095103 * 2 ** 797]],
  cos: [angles, [Number.MAX_VALUE, 1.6e6, 6381956970095103 * 2 ** 797]],
  tan: [angles, [Number.MAX_VALUE, 1.6e6, 6381956970095103 * 2 ** 797]],
  asin: [
    [between(-1, 1), sized(-70, 0), (r) => r.sign() * (1 - r.sized(-53, -1))],
    [1, -1, 0.5],
  ],
  acos: [
    [between(-1, 1), sized(-70, 0), (r) => r.sign() * (1 - r.sized(-53, -1))],
    [1, -1, 0.5],
  ],
  atan: [
    [between(-3, 3), sized(-70, 70), sized(-3, 3)],
    [Number.MAX_VALUE, 0.6, 5 / 3, 1],
  ],
  erf: [
    [between(-2, 2), between(-6.5, 6.5), sized(-70, 1)],
    [1, 0.9999999999999999],
  ],
};

/** x and y of so many calls. */
export function argumentsOf(name: Elementary, count: number): [Float64Array, Float64Array] {
  const r = source(name.length + 7 * name.charCodeAt(0) + 13 * name.charCodeAt(1));
  if (name === "pow") return powers(r, count);
  const [draws, also = []] = ranges[name] ?? [angles];
  const fixed = [...also, ...(also.includes(1) && name === "acosh" ? [] : tiny)];
  const x = Float64Array.from({ length: count }, (_, i) => fixed[i] ?? draws[i % draws.length]!(r));
  return [x, new Float64Array(count)];
}

/** x^y that neither overflow nor vanish, but for a few. */
function powers(r: ReturnType<typeof source>, count: number): [Float64Array, Float64Array] {
  const x = new Float64Array(count);
  const y = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const base = [r.between(0.1, 10), r.sized(-1022, 1023), 1 + r.sign() * r.sized(-40, -1)][
      i % 3
    ]!;
    x[i] = base;
    const most = 746 / Math.abs(log(base));
    y[i] = [r.between(-most, most), r.sign() * r.sized(-5, 5), Math.round(r.between(-20, 20))][
      (i >> 2) % 3
    ]!;
    if (Math.abs(y[i]!) > most) y[i] = r.between(-most, most);
  }
  return [x, y];
}
