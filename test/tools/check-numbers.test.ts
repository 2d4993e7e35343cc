// biome-ignore-all lint/suspicious/noTemplateCurlyInString: programs as texts
/** The lint rule finds what differs between engines, and nothing else. */
import { expect, test } from "vitest";
// @ts-expect-error: a script without types
import { differing } from "../../tools/check-numbers.mjs";

test.each([
  "y = Math.exp(x)",
  "values.map(Math.log)",
  "Math.atan2(y, x) + Math.floor(1)",
  "const { sin, cos } = Math;",
  'Math["exp"](1)',
  "y = x ** 2",
  "y = 2 ** x",
  "y = 0.5 ** 2",
  "y = x2 ** 2",
  "y = f(2) ** 2",
  "y = 10 ** -digits",
  "y = 2 ** 3.5",
  "y **= 2",
  "`a ${x ** 2} b`",
  "`a ${`${Math.sin(1)}`} b`",
  "/[\"']/.test(s) && Math.sin(1)",
  "n.toLocaleString()",
  "a.localeCompare(b)",
  "new Intl.NumberFormat()",
])("%s is found", (line) => {
  expect(differing(`const a = 1;\n${line}\n`)).toMatchObject([{ line: 2 }]);
});

test.each([
  "y = 2 ** 52",
  "y = 2 ** -24",
  "y = 1.5 * 2 ** 52",
  "y = 2n ** bits",
  "y = Math.sqrt(x) + Math.fround(x) + Math.LN2 + Math.abs(x) + Math.imul(1, 2)",
  "// Math.exp(x), x ** 2",
  "/* Math.exp(x) */ const y = 1; /** x ** 2 */",
  "\"Math.exp(x)\" + 'x ** 2' + `Math.exp(x) ${x} ** 2`",
  "/x ** 2/.test(s)",
  "y = a / b + c / d",
  "elementary.exp(x) + myMath.exp(x)",
])("%s is not", (line) => {
  expect(differing(line)).toEqual([]);
});
