/** Which element of the picture a symbol or a parameter stands for. */
import type { Chosen, Structure } from "../protocol.ts";
import { columnAt, found, weightsAt } from "./read.ts";

export type Part =
  | "input"
  | "net"
  | "out"
  | "delta"
  | "bias"
  | "weight"
  | "gradient"
  | "term"
  | "target"
  | "loss";

export interface Place {
  readonly part: Part;
  /** The column, and the unit in it; for a weight where it leads to. */
  readonly column: number;
  readonly unit: number;
  /** For a weight: its position in the matrix. */
  readonly index?: number;
}

export function placesOf(s: Structure): ReadonlyMap<string, Place> {
  const places = new Map<string, Place>();
  const put = (name: string | undefined, place: Place) => {
    if (name !== undefined && !places.has(name)) places.set(name, place);
  };
  s.columns.forEach(({ units }, column) => {
    units.forEach((u, unit) => {
      for (const part of ["net", "out", "delta", "bias"] as const) {
        put(u[part], { part: column === 0 ? "input" : part, column, unit });
      }
      put(u.biasGradient, { part: "gradient", column, unit });
    });
  });
  for (const w of s.weights) {
    w.names.forEach((name, index) => {
      const at = { column: w.column, unit: Math.floor(index / w.columns), index };
      put(name, { part: "weight", ...at });
      put(w.gradients[index], { part: "gradient", ...at });
    });
  }
  const last = s.columns.length;
  put(s.loss, { part: "loss", column: last, unit: 0 });
  s.terms.forEach((name, unit) => {
    put(name, { part: "term", column: last, unit });
  });
  s.targets.forEach((name, unit) => {
    put(name, { part: "target", column: last, unit });
  });
  return places;
}

/** What can be chosen in the picture. */
export type Element =
  | { readonly kind: "unit"; readonly column: number; readonly unit: number }
  | { readonly kind: "bias"; readonly column: number; readonly unit: number }
  | { readonly kind: "weight"; readonly column: number; readonly index: number }
  | { readonly kind: "loss" };

export const elementKey = (e: Element): string => {
  switch (e.kind) {
    case "unit":
      return `u${e.column}.${e.unit}`;
    case "bias":
      return `b${e.column}.${e.unit}`;
    case "weight":
      return `w${e.column}.${e.index}`;
    case "loss":
      return "loss";
  }
};

export function elementOfKey(key: string): Element | undefined {
  const match = /^([ubw])(\d+)\.(\d+)$/.exec(key);
  if (!match) return key === "loss" ? { kind: "loss" } : undefined;
  const [column, at] = [Number(match[2]), Number(match[3])];
  if (match[1] === "w") return { kind: "weight", column, index: at };
  return { kind: match[1] === "u" ? "unit" : "bias", column, unit: at };
}

/** The element that a symbol belongs to. */
export function elementOf(place: Place): Element {
  switch (place.part) {
    case "weight":
    case "gradient": {
      const { column, unit, index } = place;
      return index === undefined
        ? { kind: "bias", column, unit }
        : { kind: "weight", column, index };
    }
    case "bias":
      return { kind: "bias", column: place.column, unit: place.unit };
    case "term":
    case "target":
    case "loss":
      return { kind: "loss" };
    default:
      return { kind: "unit", column: place.column, unit: place.unit };
  }
}

/** Whether there is such an element at all. */
export function exists(s: Structure, e: Element): boolean {
  if (e.kind === "loss") return true;
  if (e.kind === "weight") {
    const w = weightsInto(s, e.column);
    return w !== undefined && e.index < w.rows * w.columns;
  }
  const column = s.columns[e.column];
  return (
    column !== undefined && e.unit < column.size && (e.kind === "unit" || Boolean(column.bias))
  );
}

export const weightsInto = (s: Structure, column: number) =>
  s.weights.find((w) => w.column === column);

/**
 * The cone of a choice: what its gradient depends on. For a weight, and for a unit's δ: the unit
 * that the weight comes from, and everything after it on the way to the loss.
 */
export function coneOf(s: Structure, e: Element): ReadonlySet<string> {
  const cone = new Set<string>([elementKey(e)]);
  if (e.kind === "loss") return new Set([...allOf(s), "loss"]);
  cone.add("loss");
  let reached: readonly number[];
  if (e.kind === "weight") {
    const { columns, single } = weightsAt(s, e.column);
    const from = single ? [e.index % columns] : unitsOf(s, e.column - 1);
    for (const unit of from) cone.add(elementKey({ kind: "unit", column: e.column - 1, unit }));
    reached = single ? [Math.floor(e.index / columns)] : unitsOf(s, e.column);
  } else reached = [e.unit];
  for (let column = e.column; column < s.columns.length; column++) {
    for (const unit of reached) cone.add(elementKey({ kind: "unit", column, unit }));
    const next = weightsInto(s, column + 1);
    if (!next) {
      const { size, parameter } = s.columns[column + 1] ?? {};
      // As many and nothing learned: each unit leads to its like, as where an array is flattened.
      const alike = size === columnAt(s, column).size && parameter === undefined;
      if (size !== undefined && !alike) reached = unitsOf(s, column + 1);
      continue;
    }
    if (!next.single) {
      for (let index = 0; index < next.rows * next.columns; index++) {
        cone.add(elementKey({ kind: "weight", column: column + 1, index }));
      }
      reached = unitsOf(s, column + 1);
      continue;
    }
    for (let j = 0; j < next.rows; j++) {
      for (const k of reached) {
        cone.add(elementKey({ kind: "weight", column: column + 1, index: j * next.columns + k }));
      }
    }
    reached = Array.from({ length: next.rows }, (_, j) => j);
  }
  return cone;
}

const unitsOf = (s: Structure, column: number): number[] =>
  Array.from({ length: columnAt(s, column).size }, (_, unit) => unit);

function* allOf(s: Structure): Generator<string> {
  for (const [column, { size, bias }] of s.columns.entries()) {
    for (let unit = 0; unit < size; unit++) {
      yield elementKey({ kind: "unit", column, unit });
      if (bias) yield elementKey({ kind: "bias", column, unit });
    }
  }
  for (const { column, rows, columns } of s.weights) {
    for (let index = 0; index < rows * columns; index++) {
      yield elementKey({ kind: "weight", column, index });
    }
  }
}

/** The parameter whose derivation explains an element. */
export function chosenFor(s: Structure, e: Element): Chosen {
  const last = s.columns.length - 1;
  const into = (column: number, unit: number): Chosen => {
    const w = weightsInto(s, Math.max(1, column));
    if (!w) {
      const { parameter = found(columnAt(s, 0).parameter) } = columnAt(s, column);
      return { name: parameter, index: 0 };
    }
    const index = column === 0 ? unit : unit * w.columns;
    return { name: w.parameter, index: Math.min(index, w.rows * w.columns - 1) };
  };
  if (e.kind === "weight") return { name: weightsAt(s, e.column).parameter, index: e.index };
  if (e.kind === "bias") {
    const { parameter, shared } = found(columnAt(s, e.column).bias);
    return { name: parameter, index: shared ? 0 : e.unit };
  }
  return e.kind === "unit" ? into(e.column, e.unit) : into(last, 0);
}

/** What is shown first: a weight of the last layer, or one of its units where it has no such. */
export function firstOf(s: Structure): Element {
  const w = s.weights[s.weights.length - 1];
  if (w) return { kind: "weight", column: w.column, index: 0 };
  return { kind: "unit", column: s.columns.length - 1, unit: 0 };
}

/** The element of the picture that a parameter's number is. */
export function elementFor(s: Structure, { name, index }: Chosen): Element | undefined {
  const biased = s.columns.findIndex((c) => c.bias?.parameter === name);
  if (biased >= 0) return { kind: "bias", column: biased, unit: index };
  const w = s.weights.find((x) => x.parameter === name);
  if (!w || index >= w.rows * w.columns) return undefined;
  return { kind: "weight", column: w.column, index };
}
