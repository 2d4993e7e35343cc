/**
 * Elementary functions to some 180 bits, in whole numbers alone: what rounding is held against.
 * Series after a reduction by tables; nothing here is shared with the library.
 */

/** m · 2^e */
export interface Big {
  readonly m: bigint;
  readonly e: number;
}

/** Numbers with so many binary places are called fixed. */
const places = 192;
const P = BigInt(places);
const one = 1n << P;
const mul = (a: bigint, b: bigint): bigint => (a * b) >> P;
const size = (a: bigint): bigint => (a < 0n ? -a : a);

const bits = new DataView(new ArrayBuffer(8));

/** A finite number as it is. */
export function exactly(x: number): Big {
  bits.setFloat64(0, x);
  const all = bits.getBigUint64(0);
  const exponent = Number((all >> 52n) & 2047n);
  const fraction = all & ((1n << 52n) - 1n);
  const m = exponent === 0 ? fraction : fraction | (1n << 52n);
  return { m: all >> 63n ? -m : m, e: Math.max(exponent, 1) - 1075 };
}

const shifted = (m: bigint, by: number): bigint =>
  by >= 0 ? m << BigInt(by) : m >> BigInt(Math.min(-by, 4000));
const fixed = ({ m, e }: Big): bigint => shifted(m, e + places);
const big = (m: bigint): Big => ({ m, e: -places });
const times = (a: Big, b: Big): Big => ({ m: a.m * b.m, e: a.e + b.e });
const half = ({ m, e }: Big): Big => ({ m, e: e - 1 });
const negative = ({ m, e }: Big): Big => ({ m: -m, e });

function length(a: bigint): number {
  const text = size(a).toString(16);
  return 4 * text.length - Math.clz32(Number.parseInt(text[0]!, 16)) + 28;
}

/** a / b to `places` significant bits. */
function quotient(a: bigint, b: bigint): Big {
  const by = places + Math.max(0, length(b) - length(a));
  return { m: (a << BigInt(by)) / b, e: -by };
}
const over = (a: Big, b: Big): Big => {
  const q = quotient(a.m, b.m);
  return { m: q.m, e: q.e + a.e - b.e };
};

/** The number nearest to it, of two the even one. */
export function nearest({ m, e }: Big): number {
  if (m === 0n) return 0;
  if (length(m) + e > -1022) return scaled(Number(m), e);
  const by = BigInt(-1074 - e);
  const down = size(m) >> by;
  const rest = (size(m) - (down << by)) << 1n;
  const up = rest > 1n << by || (rest === 1n << by && down % 2n === 1n) ? 1n : 0n;
  return Number(down + up) * 2 ** -1074 * (m < 0n ? -1 : 1);
}

/** x · 2^e where that is no subnormal number */
function scaled(x: number, e: number): number {
  if (e > 900) return scaled(x * 2 ** 900, e - 900);
  if (e < -900) return scaled(x * 2 ** -900, e + 900);
  return e < 0 ? x / Number(1n << BigInt(-e)) : x * Number(1n << BigInt(e));
}

/** Square root, rounded down. */
function root(a: bigint): bigint {
  if (a === 0n) return 0n;
  // From above, the engine's to start with.
  const by = BigInt(Math.max(0, length(a) - 100) & ~1);
  let x = BigInt(Math.ceil(Math.sqrt(Number(a >> by)) * (1 + 2 ** -50)) + 1) << (by / 2n);
  for (;;) {
    const next = (x + a / x) >> 1n;
    if (next >= x) return x;
    x = next;
  }
}

/** arctan(1/n) · 2^(places of pi) */
const piPlaces = 1500;
function arctanOfOne(n: bigint): bigint {
  let [sum, power] = [0n, (1n << BigInt(piPlaces + 20)) / n];
  for (let k = 1n; power !== 0n; k += 2n, power /= -n * n) sum += power / k;
  return sum >> 20n;
}
/** Gauss: pi = 48 arctan(1/18) + 32 arctan(1/57) - 20 arctan(1/239) */
const longPi = 48n * arctanOfOne(18n) + 32n * arctanOfOne(57n) - 20n * arctanOfOne(239n);
const pi = longPi >> BigInt(piPlaces - places);

/** Σ s^k · factor(k), until nothing changes. */
function series(x: bigint, next: (term: bigint, k: bigint) => bigint): bigint {
  let sum = one;
  let term = one;
  for (let k = 1n; ; k++) {
    term = next(mul(term, x), k);
    if (term === 0n || term === -1n) return sum;
    sum += term;
  }
}

/** Σ z^k / (2 k + 1) */
function oddSeries(z: bigint): bigint {
  let sum = one;
  let power = one;
  for (let k = 3n; ; k += 2n) {
    power = mul(power, z);
    if (power === 0n || power === -1n) return sum;
    sum += power / k;
  }
}

function memo<T>(f: (j: number) => T): (j: number) => T {
  const known = new Map<number, T>();
  return (j) => {
    if (!known.has(j)) known.set(j, f(j));
    return known.get(j)!;
  };
}

/** About a / b in units of 1/32, where a is no larger than 2 b */
const inTable = (a: bigint, b: bigint): number => {
  const by = 60 - length(b);
  return Math.round((32 * Number(shifted(a, by))) / Number(shifted(b, by)));
};

/** ln(a / b) */
function lnRatio(a: bigint, b: bigint): Big {
  let k = length(a) - length(b);
  let [p, q] = k >= 0 ? [a, b << BigInt(k)] : [a << BigInt(-k), b];
  if (inTable(p, q) > 45) {
    k++;
    q <<= 1n;
  } else if (inTable(p, q) < 23) {
    k--;
    p <<= 1n;
  }
  const j = inTable(p, q);
  const near = lnNearOne(32n * p, BigInt(j) * q);
  if (k === 0 && j === 32) return near;
  return big(fixed(near) + lnOfTable(j) + BigInt(k) * ln2());
}
function lnNearOne(a: bigint, b: bigint): Big {
  const s = quotient(a - b, a + b);
  return times({ m: s.m, e: s.e + 1 }, big(oddSeries(fixed(times(s, s)))));
}
const lnOfTable: (j: number) => bigint = memo((j) => {
  if (j === 32) return 0n;
  const next = j < 32 ? j + 1 : j - 1;
  return lnOfTable(next) + fixed(lnNearOne(BigInt(j), BigInt(next)));
});
const ln2 = (): bigint => lnOfTable(64);

/** e^x for a fixed x */
function expOf(x: bigint): Big {
  const k = Math.round(Number(x >> BigInt(places - 60)) / 2 ** 60 / Math.LN2);
  const r = x - BigInt(k) * ln2();
  const j = Number(r >> BigInt(places - 6));
  const s = r - (BigInt(j) << BigInt(places - 6));
  return {
    m: mul(
      expOfTable(j),
      series(s, (t, n) => t / n),
    ),
    e: k - places,
  };
}
const expOfTable = memo((j: number) => series(BigInt(j) << BigInt(places - 6), (t, n) => t / n));

const isSmall = ({ m, e }: Big): boolean => length(m) + e < -1;

/** x · Σ (±x²)^k / (2 k + 1)! */
const sineOf = (x: Big, sign: bigint): Big =>
  times(x, big(series(sign * fixed(times(x, x)), (t, k) => t / (2n * k * (2n * k + 1n)))));
const cosineOf = (x: Big, sign: bigint): Big =>
  big(series(sign * fixed(times(x, x)), (t, k) => t / (2n * k * (2n * k - 1n))));

/** x = n pi / 2 + r */
function quadrant(x: Big): { n: number; r: Big } {
  if (isSmall(x)) return { n: 0, r: x };
  // As many more places of pi as x has digits before the point.
  const more = Math.max(0, x.e + 53);
  const at = 350 + more;
  const all = shifted(x.m, x.e + at);
  const turn = longPi >> BigInt(piPlaces - at + 1);
  const n = (2n * all + turn) / (2n * turn) - (all < 0n ? 1n : 0n);
  return { n: Number(((n % 4n) + 4n) % 4n), r: { m: (all - n * turn) >> BigInt(more), e: -350 } };
}

/** arctan(a / b) for a not negative and b positive */
function arctan(a: bigint, b: bigint): Big {
  if (a > b) return big((pi >> 1n) - fixed(arctan(b, a)));
  const j = inTable(a, b);
  if (j === 0) return arctanNearZero(a, b);
  return big(
    arctanOfTable(j) + fixed(arctanNearZero(32n * a - BigInt(j) * b, 32n * b + BigInt(j) * a)),
  );
}
function arctanNearZero(a: bigint, b: bigint): Big {
  const s = quotient(a, b);
  return times(s, big(oddSeries(-fixed(times(s, s)))));
}
const arctanOfTable: (j: number) => bigint = memo((j) =>
  j === 0 ? 0n : arctanOfTable(j - 1) + fixed(arctanNearZero(32n, BigInt(1024 + j * (j - 1)))),
);

/** A function whose sign is its argument's, from that of what is not negative. */
const odd =
  (f: (x: Big) => Big) =>
  (x: Big): Big =>
    x.m < 0n ? negative(f(negative(x))) : f(x);

/** x as a / b */
const fraction = ({ m, e }: Big): [bigint, bigint] =>
  e >= 0 ? [m << BigInt(e), 1n] : [m, 1n << BigInt(-e)];
/** So tiny that x - x^3 / c says it all. */
const isTiny = ({ m, e }: Big): boolean => length(m) + e < -60;
const nearly = (x: Big, c: bigint): Big => times(x, big(one - fixed(times(x, x)) / c));

const exp = (x: Big): Big => expOf(fixed(x));
/** e^x and e^-x, both with the places of the first */
function pairOf(x: Big): [bigint, bigint, number] {
  const { m, e } = exp(x);
  return [m, shifted(1n, -2 * e) / m, e];
}

export const precise: Readonly<Record<string, (x: Big, y: Big) => Big>> = {
  exp,
  expm1: (x) => {
    if (isSmall(x)) return times(x, big(series(fixed(x), (t, k) => t / (k + 1n))));
    const { m, e } = exp(x);
    return { m: m - shifted(1n, -e), e };
  },
  sinh: odd((x) => {
    if (isSmall(x)) return sineOf(x, 1n);
    const [a, b, e] = pairOf(x);
    return { m: a - b, e: e - 1 };
  }),
  cosh: (x) => {
    if (isSmall(x)) return cosineOf(x, 1n);
    const [a, b, e] = pairOf({ m: size(x.m), e: x.e });
    return { m: a + b, e: e - 1 };
  },
  tanh: odd((x) => {
    if (isSmall(x)) return over(sineOf(x, 1n), cosineOf(x, 1n));
    const [a, b] = pairOf(x);
    return quotient(a - b, a + b);
  }),
  log: (x) => lnRatio(...fraction(x)),
  log1p: (x) => {
    if (isTiny(x)) return times(x, big(one - (fixed(x) >> 1n)));
    const [a, b] = fraction(x);
    return lnRatio(a + b, b);
  },
  atanh: odd((x) => {
    if (isTiny(x)) return nearly(x, -3n);
    const [a, b] = fraction(x);
    return half(lnRatio(b + a, b - a));
  }),
  asinh: odd((x) => {
    if (isTiny(x)) return nearly(x, 6n);
    const [a, b] = fraction(x);
    // x / sqrt(x^2 + 1) is the tangent's hyperbolic one.
    const r = root((a * a + b * b) << (2n * P));
    return isSmall(x) ? half(lnRatio(r + (a << P), r - (a << P))) : lnRatio(r + (a << P), b << P);
  }),
  acosh: (x) => {
    const [a, b] = fraction(x);
    const r = root((a * a - b * b) << (2n * P));
    return a === b ? big(0n) : lnRatio(r + (a << P), b << P);
  },
  sin: (x) => {
    const { n, r } = quadrant(x);
    const y = n % 2 === 0 ? sineOf(r, -1n) : cosineOf(r, -1n);
    return n >= 2 ? negative(y) : y;
  },
  cos: (x) => {
    const { n, r } = quadrant(x);
    const y = n % 2 === 0 ? cosineOf(r, -1n) : sineOf(r, -1n);
    return n === 1 || n === 2 ? negative(y) : y;
  },
  tan: (x) => {
    const { n, r } = quadrant(x);
    const [s, c] = [sineOf(r, -1n), cosineOf(r, -1n)];
    return n % 2 === 0 ? over(s, c) : over(negative(c), s);
  },
  asin: odd((x) => {
    if (isTiny(x)) return nearly(x, -6n);
    const [a, b] = fraction(x);
    return a === b ? half(big(pi)) : arctan(a << P, root((b * b - a * a) << (2n * P)));
  }),
  acos: (x) => {
    // 2 arctan(sqrt((1 - x) / (1 + x)))
    const [a, b] = fraction(x);
    if (a === -b) return big(pi);
    const y = arctan(root(((b - a) << (2n * P)) * (b + a)), (b + a) << P);
    return { m: y.m, e: y.e + 1 };
  },
  atan: odd((x) => (isTiny(x) ? nearly(x, 3n) : arctan(...fraction(x)))),
  erf: (x) => {
    // 2 / sqrt(pi) · e^(-x^2) · x · Σ 2^k x^2k / (2 k + 1)!!
    const z = fixed(times(x, x));
    const y = times(expOf(-z), big(series(2n * z, (t, k) => t / (2n * k + 1n))));
    return over(times({ m: x.m, e: x.e + 1 }, y), big(root(pi << P)));
  },
  pow: (x, y) => exp(times(lnRatio(...fraction(x)), y)),
};
