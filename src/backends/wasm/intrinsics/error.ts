/** The error function. */
import { coefficients } from "./coefficients.ts";
import { power, power2 } from "./exponential.ts";
import { bias, pick, polynomial, rounder, type Vec, withSign } from "./lanes.ts";

export function erf(x: Vec): Vec {
  const z = x.mul(x).let;
  const small = polynomial(z, coefficients.erf[+x.on.double]).madd(x, x);
  // Further out 1 - erfc(a), which is 1 - 2^q(a); beyond these bounds it rounds to 1.
  const a = x.abs().let;
  const q = polynomial(a.min(pick(x, 4, 6)).let, coefficients.erfc[+x.on.double]).let;
  const shift = rounder(x, bias(x));
  const t = q.add(shift).let;
  const f = q.sub(t.sub(shift)).let;
  const s = power(t).let;
  const large = x.of(1).sub(s).sub(power2(f).mul(f).mul(s));
  return a.lt(pick(x, 0.875, 1)).select(small, withSign(large, x));
}
