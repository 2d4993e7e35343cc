/** A number held against the right ones and those that wrong procedures give. */
import { at } from "../../core/at.ts";
import { fail } from "../../core/errors.ts";
import { type Entry, present } from "../engine/parameters.ts";
import type { Language } from "../messages.ts";
import { agreement, type Numeral } from "./agreement.ts";
import { Diagnosis, telling } from "./diagnosis.ts";
import { type Asked, type Match, quantityKeys, type Result, type Results } from "./results.ts";

const ln16 = 2.772588722239781;

/** What is asked of it, and in which language it answers. */
export interface Question extends Asked {
  readonly parameter?: string;
  readonly language?: Language;
}

/** The numbers that one is held against. */
interface Known extends Results {
  /** What is tried where nothing fits, in this order. */
  readonly more: readonly (() => readonly Result[])[];
  readonly asked: Entry | undefined;
  readonly options: Question;
}

export function judged(got: Numeral, { right, wrong, more, asked, options }: Known): Diagnosis {
  const judge = (m: Result) => agreement(got, m.value, m.rounding);
  const first = at(right, 0);
  const agreeing = (v: ReturnType<typeof judge>) => right.find((m) => judge(m) === v);
  const hit = agreeing("right") ?? agreeing("unclear");
  const { what, value: expected } = hit ?? first;
  if (!Number.isFinite(expected)) notFinite(expected);
  const fits = (m: Result) => judge(m) !== "wrong";
  const rest = [...wrong];
  // What is rarer fits a number of few digits as well as what is common.
  const shift = asked ? present(asked) : 0;
  // Rounding gives numbers all around the right one: what else gives it is looked for.
  const isFirm = (m: Result) => fits(m) && !("key" in m.cause && m.cause.key === "m_rounding");
  const open = (i: number) =>
    !rest.some(i === 0 ? isFirm : fits) || expectedByChance(got, rest, shift) > telling;
  for (const [i, others] of more.entries()) if (!hit && open(i)) rest.push(...others());
  const off = (m: Match) => Math.abs(m.value - got.value);
  const nearest = plain(rest.reduce((a, b) => (off(b) < off(a) ? b : a), rest[0] ?? first));
  const facts = { found: got.value, given: got.text, expected, what, nearest };
  return new Diagnosis(
    {
      ...facts,
      verdict: hit ? judge(hit) : "wrong",
      byChance: expectedByChance(got, rest, shift),
      tried: right.length + rest.length,
      matches: hit ? [] : matchesOf(rest.filter(fits), options),
    },
    options.language ?? "en",
  );
}

const plain = ({ cause, value }: Result): Match => ({ cause, value });

/**
 * What is right, or may be, is not held to be a mistake that happens to give the same number; nor is
 * another quantity that is right.
 */
function matchesOf(fitting: readonly Result[], { quantity = "gradient" }: Asked): Match[] {
  const usual = quantityKeys[quantity];
  const isUsual = (m: Result) => Number("key" in m.what && m.what.key === usual);
  const sorted = fitting.toSorted((a, b) => isUsual(b) - isUsual(a));
  const others = sorted.filter((m) => m.isRight);
  return (others.length > 0 ? others : sorted).map(plain);
}

const notFinite = (found: number): never =>
  fail("not-finite", {
    message: "The network's own number is not finite, so there is nothing to compare with.",
    expected: "a finite number",
    found: String(found),
    fix: "Ask gradientReport, or chainrule report, which operator made it.",
  });

/**
 * A number fits those within one and a half units of its last digit, and logarithms of numbers
 * between a quarter and four times its size are taken to be spread evenly. New values differ by their
 * changes alone, so that of these the sizes count: `old` is what they are changed from.
 */
function expectedByChance(
  { value: x, unit }: Numeral,
  tried: readonly Result[],
  old: number,
): number {
  const isNew = ({ what }: Result) => "key" in what && what.key === quantityKeys.newValue;
  const expected = (some: readonly Result[], from: number): number => {
    const change = x - from;
    // A change of less than the last digit looks like none.
    const lost = from !== 0 && Math.abs(change) < unit;
    const size = lost ? unit : Math.abs(change);
    const near = new Set<number>();
    for (const { value } of some) {
      const ratio = (value - from) / change;
      if (lost ? Math.abs(value - from) < 4 * unit : ratio > 1 / 4 && ratio < 4) near.add(value);
    }
    return size === 0 ? 0 : (near.size * 1.5 * unit) / (size * ln16);
  };
  return (
    expected(
      tried.filter((m) => isNew(m)),
      old,
    ) +
    expected(
      tried.filter((m) => !isNew(m)),
      0,
    )
  );
}
