/**
 * Which indices a program for more rows finds in the rows that a smaller batch lacks. There a batch
 * holds zeros, which as an index of its own is a place of every axis; what is computed from them (a
 * label counted from 1, less 1) need not be, and would be refused although nobody gave it.
 */
import { at } from "../core/at.ts";
import type { Expression, Load } from "../core/expression.ts";
import { leafData } from "../core/graph.ts";
import { castTo, choose, ruleOf } from "../core/meaning.ts";
import { NodeMap } from "../core/node-map.ts";
import type { Tensor } from "../core/tensor.ts";
import { linearForm } from "./affine.ts";
import type { Kinds, NodeKind } from "./kinds.ts";

interface Batches {
  readonly kinds: Kinds;
  readonly isInput: (n: Tensor) => boolean;
  /** Whether a node has fewer rows, and is the same otherwise. */
  readonly hasFewer: (n: Tensor) => boolean;
}

export class MissingRows {
  readonly #of: Batches;
  readonly #known = new NodeMap<{ readonly value: number | undefined }>();

  constructor(of: Batches) {
    this.#of = of;
  }

  /** Whether all indices that a node checks in rows that are missing are known to be places. */
  areInside(n: Tensor): boolean {
    const kind = this.#of.kinds(n);
    return kind.loads.every(({ bound }) => {
      if (bound === undefined) return true;
      const value = this.#hasFewer(n) ? this.#valueOf(bound.index, n, kind) : undefined;
      return value !== undefined && value >= 0 && value < bound.size;
    });
  }

  #hasFewer = (n: Tensor): boolean => this.#of.hasFewer(n);

  /** The number that all elements of missing rows are; undefined if that is not known. */
  #missing(n: Tensor): number | undefined {
    const before = this.#known.get(n);
    if (before) return before.value;
    const value = this.#find(n);
    this.#known.set(n, { value });
    return value;
  }

  #find(n: Tensor): number | undefined {
    const { isInput, kinds } = this.#of;
    if (isInput(n)) return this.#hasFewer(n) ? 0 : undefined;
    const data = leafData(n);
    if (data) return n.size === 1 ? data[0] : undefined;
    const kind = kinds(n);
    return kind.meaning.loop === "map" ? this.#valueOf(kind.meaning.value, n, kind) : undefined;
  }

  #valueOf(e: Expression, n: Tensor, kind: NodeKind): number | undefined {
    const of = (x: Expression) => this.#valueOf(x, n, kind);
    switch (e.kind) {
      case "constant":
        return e.value;
      case "index":
        return undefined;
      case "load": {
        const x = at(n.inputs, e.input);
        return x.size === 1 || readsOwnRows(e, x, kind) ? this.#missing(x) : undefined;
      }
      case "apply": {
        const [a, b = a] = e.args.map(of);
        if (a === undefined || b === undefined) return undefined;
        return castTo[e.dtype](ruleOf(e.fn, at(e.args, 0).dtype)(a, b));
      }
      case "select": {
        const condition = of(e.condition);
        if (condition === undefined) return undefined;
        return of(choose(condition, 1, 0) ? e.then : e.otherwise);
      }
      case "cast": {
        const value = of(e.value);
        return value === undefined ? undefined : castTo[e.dtype](value);
      }
    }
  }
}

/** Whether a row is read in the loop's own row, or in one behind it. */
function readsOwnRows(e: Load, x: Tensor, { extents }: NodeKind): boolean {
  const form = e.when || e.bound ? undefined : linearForm(e.at, extents);
  const [rows = 0] = x.shape;
  return (
    form !== undefined &&
    form.base >= 0 &&
    form.coefficients.every((by) => by >= 0) &&
    form.coefficients[0] === x.size / rows
  );
}
