/** A parameter by name: as the model calls it, or as the notation does. */
import { fail } from "../../core/errors.ts";
import { shown } from "../../core/wording.ts";
import { Context } from "./context.ts";
import { type Notation, notations } from "./notation.ts";
import { find, indexText, known, type Trace } from "./trace.ts";

/** As it can be typed: w¹₂₁ is w^1_21. */
const typed = (name: string): string =>
  name
    .replace(/[⁰¹²³⁴⁵⁶⁷⁸⁹]+/g, (s) => `^${[...s].map((c) => "⁰¹²³⁴⁵⁶⁷⁸⁹".indexOf(c)).join("")}`)
    .replace(/[₀₁₂₃₄₅₆₇₈₉][₀₁₂₃₄₅₆₇₈₉,]*/g, (s) => {
      return `_${[...s].map((c) => (c === "," ? c : "₀₁₂₃₄₅₆₇₈₉".indexOf(c))).join("")}`;
    });

/** However it is typed: W^{1}_{21}, w^1_21 and w¹₂₁ are the same. */
const plain = (name: string): string =>
  typed(name)
    .replace(/[\s{}^\\]/g, "")
    .toLowerCase();

interface Named {
  readonly name: string;
  readonly index: number;
  readonly symbol: string;
}

function* symbols(t: Trace, notation: Notation): Generator<Named> {
  const c = new Context(t, notation, 0);
  for (const [name, { size }] of Object.entries(t.parameters)) {
    for (let index = 0; index < size; index++) {
      yield { name, index, symbol: c.parameterSign(name, index).text };
    }
  }
}

const wrongKind = (found: unknown): never =>
  fail("bad-argument", {
    message: "A parameter is asked for by its name.",
    expected: 'a text, such as "0.weight[0,0]" or "w1"',
    found: shown(found),
  });

/** "0.weight[3,7]", or a name of the notation; where that has none such, of any other. */
export function locate(
  t: Trace,
  text: string,
  notation?: Notation,
): { name: string; index: number } {
  const exact = typeof text === "string" ? find(t, text) : wrongKind(text);
  if (exact) return exact;
  const wanted = plain(text);
  for (const profile of notation === undefined ? notations : [notation, ...notations]) {
    const found: Named[] = [];
    for (const s of symbols(t, profile)) if (plain(s.symbol) === wanted) found.push(s);
    const [first] = found;
    if (first && found.length === 1) return { name: first.name, index: first.index };
    if (first) return ambiguous(t, text, found);
  }
  const own = known(t);
  return fail("bad-argument", {
    message: `There is no parameter "${text}".`,
    expected:
      notation === undefined || notation === "torch"
        ? some(own)
        : `${some(choices(t, notation))}; or ${some(own)}`,
    found: `"${text}"`,
    fix: `Name one number, for example ${own[0]!.replace(/…\d+/g, "")}.`,
  });
}

const most = 12;
const some = (all: readonly string[]): string =>
  all.slice(0, most).join(", ") + (all.length > most ? ", …" : "");

/** The first few names of a notation, and one more if there are more. */
function choices(t: Trace, notation: Notation): string[] {
  const all = new Set<string>();
  for (const { symbol } of symbols(t, notation)) {
    all.add(typed(symbol));
    if (all.size > most) break;
  }
  return [...all];
}

function ambiguous(t: Trace, text: string, found: readonly Named[]): never {
  const all = found.map(({ name, index }) => name + indexText(t.parameters[name]!.shape, index));
  return fail("bad-argument", {
    message: `"${text}" stands for ${found.length} numbers here.`,
    expected: `one of ${some(all)}`,
    found: `"${text}"`,
    fix: `Name one of them, for example ${all[0]}.`,
  });
}
