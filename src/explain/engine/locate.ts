/** A parameter by name: as the model calls it, or as the notation does. */
import { at } from "../../core/at.ts";
import { fail } from "../../core/errors.ts";
import { shown } from "../../core/wording.ts";
import { Context } from "./context.ts";
import { type Notation, notations } from "./notation.ts";
import { type Entry, entryText, find, known } from "./parameters.ts";
import type { Trace } from "./trace.ts";

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
  readonly entry: Entry;
  readonly symbol: string;
}

function* symbols(c: Context): Generator<Named> {
  for (const parameter of c.trace.parameters) {
    for (let index = 0; index < parameter.tensor.size; index++) {
      const entry = { parameter, index };
      yield { entry, symbol: c.parameterSign(entry).text };
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
export function locate(t: Trace, text: string, notation?: Notation): Entry {
  const exact = typeof text === "string" ? find(t.parameters, text) : wrongKind(text);
  if (exact) return exact;
  const wanted = plain(text);
  for (const profile of notation === undefined ? notations : [notation, ...notations]) {
    const found: Named[] = [];
    for (const s of symbols(new Context(t, profile, 0))) {
      if (plain(s.symbol) === wanted) found.push(s);
    }
    const [first, ...others] = found;
    if (first) return others.length === 0 ? first.entry : ambiguous(text, found);
  }
  const own = known(t.parameters);
  const chosen = notation && new Context(t, notation, 0);
  return fail("bad-argument", {
    message: `There is no parameter "${text}".`,
    expected: !chosen || chosen.names.own ? some(own) : `${some(choices(chosen))}; or ${some(own)}`,
    found: `"${text}"`,
    fix: `Name one number, for example ${at(own, 0).replace(/…\d+/g, "")}.`,
  });
}

const most = 12;
const some = (all: readonly string[]): string =>
  all.slice(0, most).join(", ") + (all.length > most ? ", …" : "");

/** The first few names of a notation, and one more if there are more. */
function choices(c: Context): string[] {
  const all = new Set<string>();
  for (const { symbol } of symbols(c)) {
    all.add(typed(symbol));
    if (all.size > most) break;
  }
  return [...all];
}

function ambiguous(text: string, found: readonly Named[]): never {
  const all = found.map(({ entry }) => entryText(entry));
  return fail("bad-argument", {
    message: `"${text}" stands for ${found.length} numbers here.`,
    expected: `one of ${some(all)}`,
    found: `"${text}"`,
    fix: `Name one of them, for example ${all[0]}.`,
  });
}
