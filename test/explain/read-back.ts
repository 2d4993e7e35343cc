/** What a derivation prints, read back and recomputed by an evaluator that is independent of it. */
import { expect } from "vitest";
import { evaluateText } from "./evaluator.ts";

const close = (a: number, b: number, scale: number): boolean =>
  Object.is(a, b) || Math.abs(a - b) <= scale * Math.max(1e-3, Math.abs(a), Math.abs(b));

/** Every chain of equations in the text: all sides have the same value. */
export function readBack(
  text: string,
  symbols: Record<string, { value?: number }>,
  what: string,
  least = 4,
): void {
  const values: Record<string, number> = {};
  for (const [name, { value }] of Object.entries(symbols))
    if (value !== undefined) values[name] = value;
  let lines = 0;
  for (const line of text.split("\n")) {
    if (!/^ {2}\S+ (=|≈) /.test(line)) continue;
    if (/NaN/.test(line)) expect.fail(`${what}: NaN in ${line}`);
    // A condition inside a formula has an equals sign of its own.
    const sides = line.trim().split(/ [=≈] (?![^()]*\))/);
    const last = evaluateText(sides.at(-1)!, values);
    for (const side of sides) {
      const value = evaluateText(side, values);
      if (close(value, last, 1e-9)) continue;
      expect.fail(`${what}: ${value} ≠ ${last} in\n${line}\n${side}`);
    }
    lines++;
  }
  expect(lines, what).toBeGreaterThanOrEqual(least);
}
