/** Long sums with their largest terms, and one symbol for what is left out. */
import { bySize } from "../../core/order.ts";
import type { Sentence } from "../derivation.ts";
import { say } from "../say.ts";
import type { Context } from "./context.ts";
import { computed, type Formula, isLong, type Symbolic, sumOf } from "./expr.ts";

/** Sums longer than this show their largest terms only. */
const longest = 16;
const shown = 5;

export class Rests {
  readonly #c: Pick<Context, "evaluate" | "stated" | "symbol" | "trace">;
  /** What is left out, by what it consists of. */
  readonly #known = new Map<string, Symbolic>();
  /** Sums are asked for wherever they stand. */
  readonly #short = new Map<Formula, Formula>();

  constructor(c: Pick<Context, "evaluate" | "stated" | "symbol" | "trace">) {
    this.#c = c;
  }

  shorten(e: Formula, why: Sentence[], most = longest): Formula {
    if (!("args" in e)) return e;
    if (e.kind !== "sum" || e.args.length <= most) {
      if (!isLong(e, most)) return e;
      return { ...e, args: e.args.map((a) => this.shorten(a, why, most)) };
    }
    const short = this.#short.get(e) ?? this.#shortened(e.args, why);
    this.#short.set(e, short);
    return short;
  }

  #shortened(terms: readonly Formula[], why: Sentence[]): Formula {
    const c = this.#c;
    const sized = terms.map((_, i) => i);
    const values = Float64Array.from(terms, (a) => c.evaluate(a));
    const value = (i: number) => values[i] ?? 0;
    const keep = new Set(sized.sort((i, k) => bySize(value(i), value(k)) || i - k).slice(0, shown));
    const rest = terms.filter((_, i) => !keep.has(i));
    const words = JSON.stringify(rest);
    const known = this.#known.get(words);
    const n = this.#known.size + 1;
    const { rest: letter } = c.trace.letters;
    const name = { text: letter + n, tex: `${letter}_{${n}}` };
    const sum = c.evaluate({ kind: "sum", args: rest });
    const r = known ?? c.symbol(name, sum);
    this.#known.set(words, r);
    c.stated.add(r.name);
    if (!known) why.push(say("rest", { r, n: rest.length, value: computed(sum) }));
    return sumOf([...terms.filter((_, i) => keep.has(i)), r]);
  }
}
