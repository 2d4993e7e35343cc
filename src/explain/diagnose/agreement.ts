/** The one rule by which a number that a person gives is held against the true one. */

/** "unclear": it fits, but has too few digits to tell. */
export type Agreement = "right" | "wrong" | "unclear";

/** A number as it was typed, which is more than its value: "0.10" has two digits, "0.1" one. */
export interface Numeral {
  readonly text: string;
  readonly value: number;
  /** Significant digits; ∞ for a fraction, which is exact. */
  readonly digits: number;
  /** One unit of the last digit; 0 for a fraction. */
  readonly unit: number;
}

const form = /^([+-]?)(?:(\d+)\.?(\d*)|\.(\d+))(?:e([+-]?\d+))?( ?%)?$/i;
const fraction = /^([+-]?\d+) ?\/ ?(\d+)$/;
/** "1,200" may be 1.2 or 1200. */
const ambiguous = /^[+-]?[1-9]\d{0,2}(,\d{3})+$/;

/**
 * Reads a number as people type it: 0.0822, .0822, 8.22e-2, 0,0822, −0.5, 8.22 %, 1/3. A number of
 * a program stands for its shortest text. Undefined where it is none, is not finite, or may be two.
 */
export function numeral(given: string | number): Numeral | undefined {
  const text = String(given).trim();
  if (ambiguous.test(text)) return undefined;
  const plain = text.replace("−", "-").replace(",", ".");
  const [, above, below] = fraction.exec(plain) ?? [];
  if (above !== undefined) {
    const value = Number(above) / Number(below);
    return Number.isFinite(value)
      ? { text, value, digits: Number.POSITIVE_INFINITY, unit: 0 }
      : undefined;
  }
  const match = form.exec(plain);
  if (!match) return undefined;
  const [, sign, whole = "", behind, alone, exponent = "0", hundredths] = match;
  const decimals = behind ?? alone ?? "";
  const power = Number(exponent) - (hundredths ? 2 : 0);
  const value = Number(`${sign}${whole}.${decimals}e${power}`);
  if (!Number.isFinite(value)) return undefined;
  const digits = (whole + decimals).replace(/^0+/, "").length;
  return { text, value, digits, unit: Number(`1e${power - decimals.length}`) };
}

/** So many digits tell a number from its neighbours. */
const tellingDigits = 3;
/** What sums in another order may change of a number. */
const reordered = 1e-12;
/** What decimal fractions lose in binary, of a unit of the last digit. */
const inexact = 1e-9;

/**
 * How a number agrees with the true one, t. It fits if it is t rounded or cut off at its last
 * digit: −½u ≤ (|t| − |x|) < u, the signs being equal and u one unit of that digit; a zero fits if
 * |t| ≤ ½u. What fits is right from three significant digits on, or if it is all of t ("1" for 1,
 * "0" for 0, "0.5" for 0.5); with fewer digits it is unclear. `rounding` is how far t itself may be
 * off, where that is more than its last bits.
 */
export function agreement(
  { value: x, digits, unit: u }: Numeral,
  t: number,
  rounding = 0,
): Agreement {
  if (!Number.isFinite(t)) return "wrong";
  if (Math.abs(t - x) <= reordered * Math.abs(t) + rounding) return "right";
  const beyond = x === 0 ? Math.abs(t) : (t - x) * Math.sign(x);
  const most = x === 0 ? u * (0.5 + inexact) : u * (1 - inexact);
  const fits = beyond >= -u * (0.5 + inexact) - rounding && beyond < most + rounding;
  if (!fits) return "wrong";
  return digits >= tellingDigits ? "right" : "unclear";
}
