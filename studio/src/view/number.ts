/** Numbers as the page shows and reads them; rounding is the library's. */
import { numeral } from "../../../src/explain/diagnose/agreement.ts";
import { rounded } from "../../../src/explain/render/print.ts";

/** Characters that there is room for in the picture: in a card, and on a line. */
const longest = 8;
export const longestOnLine = 7;

/** For the picture: short. Where numbers are to be followed there are nine digits. */
export const short = (value: number | undefined, most = longest): string => {
  if (value === undefined) return "";
  const plain = [4, 3].map((digits) => rounded(value, digits)).find((t) => t.length <= most);
  return plain ?? value.toExponential(1).replace("+", "").replace(/^-/, "−");
};
export const long = (value: number | undefined): string =>
  value === undefined ? "" : rounded(value, 9);

/** Every digit that there is. */
export const full = (value: number): string => String(value);

/** A number as people type it. */
export const read = (text: string): number | undefined => numeral(text)?.value;
