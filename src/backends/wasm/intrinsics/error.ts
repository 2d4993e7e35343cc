/** The error function. */
import { coefficients } from "./coefficients.ts";
import { expSmall } from "./exponential.ts";
import { pick, polynomial, type Vec, withSign } from "./lanes.ts";

export function erf(x: Vec): Vec {
  const z = x.mul(x).let;
  const small = polynomial(z, coefficients.erf[+x.on.double]).madd(x, x);
  // Further out 1 - erfc(a), which is 1 - e^q(a); beyond these bounds it rounds to 1.
  const a = x.abs().let;
  const q = polynomial(a.min(pick(x, 4, 6)).let, coefficients.erfc[+x.on.double]).let;
  const large = withSign(x.of(1).sub(expSmall(q)), x);
  return a.lt(pick(x, 0.875, 1)).select(small, large);
}
