/** How the keys move the focus through the picture. */
import type { Structure } from "../protocol.ts";
import { type Element, weightsInto } from "./places.ts";

/** The element that a key leads to; undefined where the key means nothing here. */
export function rove(s: Structure, at: Element, key: string): Element | undefined {
  const last = s.columns.length;
  const unit = (column: number, wanted: number): Element =>
    column >= last
      ? { kind: "loss" }
      : { kind: "unit", column, unit: Math.max(0, Math.min(wanted, s.columns[column]!.size - 1)) };
  switch (at.kind) {
    case "loss":
      if (key === "ArrowLeft") return unit(last - 1, 0);
      return key === "Home" ? unit(0, 0) : undefined;
    case "unit":
      switch (key) {
        case "ArrowLeft":
          return unit(Math.max(0, at.column - 1), at.unit);
        case "ArrowRight":
          return unit(at.column + 1, at.unit);
        case "ArrowUp":
          return unit(at.column, at.unit - 1);
        case "ArrowDown":
          return unit(at.column, at.unit + 1);
        case "Home":
          return unit(0, 0);
        case "End":
          return { kind: "loss" };
        case "e":
        case "E":
          return firstEdge(s, at);
        default:
          return undefined;
      }
    case "weight": {
      const { rows, columns } = weightsInto(s, at.column)!;
      const [j, k] = [Math.floor(at.index / columns), at.index % columns];
      const edge = (row: number, column: number): Element => ({
        kind: "weight",
        column: at.column,
        index: ((row + rows) % rows) * columns + ((column + columns) % columns),
      });
      switch (key) {
        case "ArrowUp":
          return edge(j, k - 1);
        case "ArrowDown":
        case "e":
        case "E":
          return edge(j, k + 1);
        case "ArrowLeft":
          return unit(at.column - 1, k);
        case "ArrowRight":
        case "Escape":
          return unit(at.column, j);
        default:
          return undefined;
      }
    }
  }
}

/** From a unit to its edges: those that lead into it, or out of it for an input. */
function firstEdge(s: Structure, at: { column: number; unit: number }): Element | undefined {
  const into = weightsInto(s, at.column);
  if (into) return { kind: "weight", column: at.column, index: at.unit * into.columns };
  const from = weightsInto(s, at.column + 1);
  return from && { kind: "weight", column: at.column + 1, index: at.unit };
}
