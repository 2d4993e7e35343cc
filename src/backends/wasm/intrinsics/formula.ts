/**
 * Straight-line arithmetic written as text: lines `name = expression` with C's operators and their
 * precedence, calls, `a ? b : c`, and pairs `[a, b]`. What an operator means is the caller's affair,
 * so that one notation serves vectors of either element type and 64-bit integers, and formulas can
 * be put together from pieces of text. Text also takes a third of the space of calls.
 */
import type { Expr } from "../assembler/index.ts";

/** Numbers and lists stay what they are until an operator makes code of them. */
export type Value = Expr | number | bigint | readonly number[];

export interface Meaning {
  /** What the names stand for at first. */
  readonly values: Record<string, Value>;
  readonly apply: (operator: string, args: Value[]) => Value;
  /** The value of a line, computed once. */
  readonly keep: (value: Value) => Value;
}

/** Binary operators, those that bind least first. */
const levels = [
  ["|"],
  ["^"],
  ["&", "&~"],
  ["<", "<=", "==", "!="],
  ["<<", ">>>"],
  ["+", "-"],
  ["*", "/"],
];

/** Runs the lines and gives the values of all names. */
export function formula(text: string, { values, apply, keep }: Meaning): Record<string, Value> {
  const found = { ...values };
  for (const line of text.split("\n")) {
    const [name, ...tokens] = line.match(/0x\w+|\d[\d.]*(?:e[+-]?\d+)?n?|\w+|&~|<<|>>>|[<=!]=|\S/g) ?? [];
    if (!name) continue;
    let at = 1; // behind the equals sign
    const list = (): Value[] => {
      const items: Value[] = [];
      do items.push(choice());
      while (tokens[at++] === ",");
      return items;
    };
    const choice = (): Value => {
      const condition = binary(0);
      if (tokens[at] !== "?") return condition;
      at++;
      const yes = choice();
      at++;
      return apply("?", [yes, choice(), condition]);
    };
    const binary = (level: number): Value => {
      if (level === levels.length) return single();
      let left = binary(level + 1);
      while (levels[level].includes(tokens[at])) {
        left = apply(tokens[at++], [left, binary(level + 1)]);
      }
      return left;
    };
    const single = (): Value => {
      const token = tokens[at++];
      if (token === "-") return apply("neg", [single()]);
      if (token === "(") return list()[0];
      if (token === "[") return apply("[]", list());
      if (/^\d.*n$/.test(token)) return BigInt(token.slice(0, -1));
      if (/^\d/.test(token)) return +token;
      if (tokens[at] !== "(") return found[token];
      at++;
      return apply(token, list());
    };
    found[name] = keep(choice());
  }
  return found;
}
