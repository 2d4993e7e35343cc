/** What elements are computed from, each written once, and how long that is. */
import type { Tensor } from "../../core/tensor.ts";
import { type Formula, isLong } from "./expr.ts";
import type { Element, Naming } from "./origins.ts";

/** Formulas are not made longer than this, counted in symbols, numbers and operators. */
const longest = 20_000;
class TooLong extends Error {}

interface Definition {
  readonly formula: Formula;
  /** The unnamed elements that it is made of. */
  readonly unnamed: number;
}

export class Definitions {
  /** Unnamed elements so far, and where that is too many. */
  #unnamed = 0;
  #most = Number.POSITIVE_INFINITY;
  readonly #known = new Map<Naming, Map<Tensor, Map<number, Definition>>>();

  /** What has no name is written out wherever it is used, which may go on for ever. */
  count(unnamed: number): void {
    this.#unnamed += unnamed;
    if (this.#unnamed > this.#most) throw new TooLong();
  }

  /** What `f` gives; undefined where it would be a formula that nobody reads. */
  unlessTooLong<T>(f: () => T): T | undefined {
    const [before, most] = [this.#unnamed, this.#most];
    this.#most = before + longest + 1;
    try {
      return f();
    } catch (error) {
      if (error instanceof TooLong) return undefined;
      throw error;
    } finally {
      this.#unnamed = before;
      this.#most = most;
    }
  }

  /** The expression, unless it is too long; see unlessTooLong. */
  bounded(e: Formula): Formula {
    if (this.#most < Number.POSITIVE_INFINITY && isLong(e, longest)) throw new TooLong();
    return e;
  }

  /** The element's definition by names that never become others. */
  once({ node, index }: Element, naming: Naming, define: () => Formula): Formula {
    const byNode = this.#known.get(naming) ?? new Map<Tensor, Map<number, Definition>>();
    this.#known.set(naming, byNode);
    const known = byNode.get(node) ?? new Map<number, Definition>();
    byNode.set(node, known);
    const found = known.get(index);
    if (found) {
      this.count(found.unnamed);
      return found.formula;
    }
    const before = this.#unnamed;
    const formula = define();
    known.set(index, { formula, unnamed: this.#unnamed - before });
    return formula;
  }
}
