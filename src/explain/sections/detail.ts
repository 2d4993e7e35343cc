/** How much of a network is written out: of a large one, some units of some layers. */
import { isFloat } from "../../core/dtype.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { Cell, StepTable } from "../derivation.ts";
import type { Context } from "../engine/context.ts";
import type { Element } from "../engine/elements.ts";
import { computed, type Symbolic } from "../engine/expr.ts";
import type { Entry } from "../engine/parameters.ts";
import type { Stage } from "../engine/stages.ts";
import { rounded } from "../render/print.ts";
import { say } from "../say.ts";

/** Layers up to this width are shown unit by unit, unless there are many of them. */
export const wide = 8;
/** Networks with more quantities than this have one unit of each layer shown. */
const manyUnits = 40;
/** Of deeper networks than this only the layers at both ends of the way are shown. */
const manyLayers = 12;
const atEachEnd = 3;
/** Of more steps than this the first and the last ones are shown. */
const manySteps = 4;
const lastSteps = 2;

export class Detail {
  /** One unit stands for each layer; the numbers of the others stand in a table. */
  readonly brief: boolean;
  /** Whether each layer can be shown unit by unit. */
  readonly isNarrow: boolean;
  readonly #first: number;
  readonly #last: number;
  /** How many steps layers go through, where not all of them are shown. */
  readonly #steps = new Map<number, number>();

  /** `whole`: with everything that can be read. */
  constructor(c: Context, chosen: readonly Entry[], whole = false) {
    const { stages, examples } = c.trace;
    const unitsOf = (t: Tensor) => t.size / (c.isBatched(t) ? examples : 1);
    this.isNarrow = stages.every(({ tensor }) => unitsOf(tensor) <= wide);
    const units = stages.reduce((n, { tensor }) => {
      const own = unitsOf(tensor);
      return own <= wide ? n + own : n;
    }, 0);
    const [first, ...others] = chosen;
    this.brief =
      c.trace.network !== undefined && others.length === 0 && units > manyUnits && !whole;
    const layers = Math.max(0, ...stages.map((s) => s.layer));
    const from = first?.parameter.layer ?? 1;
    const all = !this.brief || layers <= manyLayers;
    this.#first = all ? Number.POSITIVE_INFINITY : from + atEachEnd - 1;
    this.#last = all ? 0 : layers - atEachEnd + 1;
    for (const { layer, step = -1 } of whole ? [] : stages)
      this.#steps.set(layer, Math.max(this.#steps.get(layer) ?? 0, step + 1));
  }

  /** Whether a layer is shown at all, and which of its steps. */
  shows({ layer, step }: Pick<Stage, "layer" | "step">): boolean {
    if (layer > this.#first && layer < this.#last) return false;
    const steps = this.#steps.get(layer) ?? 0;
    return step === undefined || steps <= manySteps || step < 1 || step >= steps - lastSteps;
  }
}

const pageWidth = 78;
const most = 4;

export type Named = readonly [name: Symbolic, value: number];

/** Elements with their names, as far as they are numbers and have some. */
export const named = (c: Context, elements: readonly Element[]): Named[] =>
  elements.flatMap((e): Named[] => {
    const name = isFloat(e.node.dtype) ? c.nameIfAny(e) : undefined;
    return name ? [[name, c.elements.value(e)]] : [];
  });

/** Names with their values, in as many columns as fit on a page; undefined if there are none. */
export function pairs(c: Context, all: readonly Named[]): StepTable | undefined {
  const cells = new Map<string, Cell[]>();
  let [names, values] = [8, 5];
  for (const [name, value] of all) {
    const { text } = c.sign(name);
    cells.set(text, [name, computed(value)]);
    names = Math.max(names, text.length);
    values = Math.max(values, rounded(value, c.digits).length);
  }
  if (cells.size === 0) return undefined;
  // Two spaces stand behind each column, and numbers are aligned at their points.
  const fitting = Math.floor(pageWidth / (names + values + 5));
  const across = Math.max(1, Math.min(most, cells.size, fitting));
  const columns = Array.from({ length: 2 * across }, (_, i) =>
    say(i % 2 === 0 ? "quantity" : "value"),
  );
  const rows: Cell[][] = [];
  const ordered = [...cells.values()];
  for (let i = 0; i < ordered.length; i += across) {
    const row = ordered.slice(i, i + across).flat();
    rows.push([...row, ...Array<Cell>(2 * across - row.length).fill("")]);
  }
  return { columns, rows };
}
