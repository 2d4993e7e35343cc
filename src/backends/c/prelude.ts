/** What rendered files begin with: types, integers that wrap around, extremes, casts, large angles. */

/** arctan(1/n)·2¹³⁴⁴, by its series. */
function arctan(n: bigint): bigint {
  let sum = 0n;
  for (let k = 1n, power = (1n << 1344n) / n; power !== 0n; k += 2n, power /= -n * n) {
    sum += power / k;
  }
  return sum;
}

/** π·2¹²⁸⁰ (Machin) in words of 32 bits, the lowest first. */
function piWords(): number[] {
  const pi = (16n * arctan(5n) - 4n * arctan(239n)) >> 64n;
  return Array.from({ length: 41 }, (_, i) => Number((pi >> BigInt(32 * i)) & 0xffffffffn));
}

/**
 * The same for both floating-point types; T stands for one. Without branches, so that loops run over
 * them on vectors: of equal numbers the bits of −0 decide.
 */
const forFloats = `
inlined R of_T(W u) { R x; __builtin_memcpy(&x, &u, sizeof x); return x; }
inlined W T_bits(R x) { W u; __builtin_memcpy(&u, &x, sizeof u); return u; }
inlined R T_fma(R a, R b, R c) { return FUSED(a, b, c); }
inlined R T_first_min(R a, R b) { return b < a ? b : a; }
inlined R T_first_max(R a, R b) { return a < b ? b : a; }
inlined R T_min(R a, R b) {
  R equal = of_T(T_bits(a) | T_bits(b)), other = a == b ? equal : a + b;
  return a < b ? a : b < a ? b : other;
}
inlined R T_max(R a, R b) {
  R equal = of_T(T_bits(a) & T_bits(b)), other = a == b ? equal : a + b;
  return a > b ? a : b > a ? b : other;
}
inlined i32 i32_from_T(R x) {
  R inside = x >= -2147483648.0 && x < 2147483648.0 ? x : 0;
  i32 whole = (i32)inside;
  return x >= 2147483648.0 ? 2147483647 : x < -2147483648.0 ? -2147483647 - 1 : whole;
}`;

const float = (type: string, real: string, word: string, fused: string): string =>
  forFloats
    .replaceAll("of_T", `${type}_of`)
    .replace(/\bT_|_T\b/g, (name) => name.replace("T", type))
    .replace(/\bR\b/g, real)
    .replace(/\bW\b/g, word)
    .replace("FUSED", fused);

/** No header is included: reading one takes longer than compiling a small program. */
export const prelude = `
typedef int i32;
typedef unsigned int u32;
typedef long long i64;
typedef unsigned long long u64;
typedef unsigned char u8;
#define inlined static inline __attribute__((always_inline))
#define kernel static __attribute__((noinline))
#define exported __attribute__((visibility("default")))
#define likely(x) __builtin_expect(!!(x), 1)
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
#define fused(a, b, c) __builtin_fma(a, b, c)
#define fusedf(a, b, c) __builtin_fmaf(a, b, c)
#else
#define fused(a, b, c) ((a) * (b) + (c))
#define fusedf(a, b, c) ((a) * (b) + (c))
#endif
${float("f64", "double", "u64", "fused")}
${float("f32", "float", "u32", "fusedf")}
inlined i32 i32_add(i32 a, i32 b) { return (i32)((u32)a + (u32)b); }
inlined i32 i32_sub(i32 a, i32 b) { return (i32)((u32)a - (u32)b); }
inlined i32 i32_mul(i32 a, i32 b) { return (i32)((u32)a * (u32)b); }
inlined i32 i32_min(i32 a, i32 b) { return a < b ? a : b; }
inlined i32 i32_max(i32 a, i32 b) { return a > b ? a : b; }
inlined i32 i32_shl(i32 a, i32 b) { return (i32)((u32)a << (b & 31)); }
inlined i32 i32_shr(i32 a, i32 b) { return (i32)((u32)a >> (b & 31)); }
inlined i32 i32_floor_div(i32 a, i32 b) {
  /* Where division would trap, by 0 and -2^31 / -1, it divides by 1. */
  i32 by = (u32)b + 1 <= 1 ? 1 : b;
  i32 q = a / by, rest = a % by;
  i32 down = rest != 0 && (rest ^ by) < 0 ? q - 1 : q;
  return b == 0 ? 0 : b == -1 ? i32_sub(0, a) : down;
}
inlined i32 i32_mod(i32 a, i32 b) {
  i32 by = (u32)b + 1 <= 1 ? 1 : b;
  i32 rest = a % by;
  return rest != 0 && (rest ^ by) < 0 ? rest + by : rest;
}
`;

/** Angles that are large: called where one is met. */
export const largeAngles = (): string => `
static const u32 pi_words[41] = {${piWords().map((w) => `${w}u`)}};
static int is_less(const u32 *a, const u32 *b, int n) {
  for (int i = n - 1; i >= 0; i--) if (a[i] != b[i]) return a[i] < b[i];
  return 0;
}
static void subtract(u32 *y, const u32 *a, const u32 *b, int n) {
  u64 borrow = 0;
  for (int i = 0; i < n; i++) {
    u64 d = (u64)a[i] - b[i] - borrow;
    y[i] = (u32)d;
    borrow = d >> 63;
  }
}
/* To the nearest number, ties to even. */
static double number_of(const u32 *w, int n) {
  int top = n - 1;
  while (top > 0 && w[top] == 0) top--;
  if (top < 2) return (double)((u64)w[1] << 32 | w[0]);
  int shift = 0;
  while (!((w[top] << shift) >> 31)) shift++;
  u64 high = (u64)w[top] << 32 | w[top - 1];
  high = shift ? high << shift | w[top - 2] >> (32 - shift) : high;
  u32 rest = w[top - 2] << shift;
  for (int i = 0; i < top - 2; i++) rest |= w[i];
  return __builtin_ldexp((double)(high | (rest != 0)), 32 * (top - 1) - shift);
}
/* What reduceLarge in core/elementary/pi.ts says, in words instead of large integers. */
static void reduce_large(double x, double *y) {
  if (x - x != 0) {
    y[0] = y[1] = y[2] = __builtin_nan("");
    return;
  }
  u64 b = f64_bits(x), f = (b & (((u64)1 << 52) - 1)) | (u64)1 << 52;
  int e = (int)(b >> 52 & 2047) - 1075;
  u32 rest[42] = {0}, pi[42] = {0}, twice[42], n = 0;
  __builtin_memcpy(pi, pi_words, sizeof pi_words);
  for (int i = 52; i >= -(e + 1281); i--) {
    u32 in = i < 0 ? 0 : f >> i & 1;
    for (int k = 0; k < 42; k++) {
      u32 out = rest[k] >> 31;
      rest[k] = rest[k] << 1 | in;
      in = out;
    }
    n <<= 1;
    if (!is_less(rest, pi, 42)) {
      subtract(rest, rest, pi, 42);
      n++;
    }
  }
  for (int k = 41; k >= 0; k--) twice[k] = rest[k] << 1 | (k ? rest[k - 1] >> 31 : 0);
  int below = !is_less(twice, pi, 42);
  if (below) {
    subtract(rest, pi, rest, 42);
    n++;
  }
  /* Divided by 2^961, downwards. */
  u32 part[12], near[12] = {0}, more = below && (rest[30] & 1);
  for (int k = 0; k < 30; k++) more |= below && rest[k];
  for (int k = 0; k < 12; k++) part[k] = rest[k + 30] >> 1 | (k < 11 ? rest[k + 31] << 31 : 0);
  for (int k = 0; k < 12 && more; k++) more = ++part[k] == 0;
  double r = number_of(part, 12), sign = below ? -1 : 1;
  int shift = (int)(f64_bits(r) >> 52) - 1075;
  u64 digits = (f64_bits(r) & (((u64)1 << 52) - 1)) | (u64)1 << 52;
  for (int i = 0; i < 53; i++) {
    int at = i + shift;
    if (at >= 0 && (digits >> i & 1)) near[at / 32] |= (u32)1 << at % 32;
  }
  int over = is_less(part, near, 12);
  subtract(part, over ? near : part, over ? part : near, 12);
  double low = number_of(part, 12);
  y[0] = sign * __builtin_ldexp(r, -320);
  y[1] = low == 0 ? 0 : (over ? -sign : sign) * __builtin_ldexp(low, -320);
  y[2] = 6755399441055744.0 + (n & 3);
}
`;
