/** How the keys move the focus through the picture. */
import type { Structure } from "../protocol.ts";
import { type Element, exists, weightsInto } from "./places.ts";
import { columnAt } from "./read.ts";

/**
 * The element that a key leads to; undefined where the key means nothing here. `drawn` says which
 * elements have a place in the picture: no others are gone to.
 */
export function rove(
  s: Structure,
  at: Element,
  key: string,
  drawn: (e: Element) => boolean = () => true,
): Element | undefined {
  const there = (e: Element | undefined) => (e && exists(s, e) && drawn(e) ? e : undefined);
  const unit = (column: number, wanted: number): Element | undefined => {
    if (column >= s.columns.length) return { kind: "loss" };
    const most = columnAt(s, column).size - 1;
    const e = { kind: "unit", column, unit: Math.max(0, Math.min(wanted, most)) } as const;
    // A layer that is drawn as one block has its first unit's place.
    return there(e) ?? there({ ...e, unit: 0 });
  };
  if (key === "Home") return unit(0, 0);
  if (key === "End") return { kind: "loss" };
  if (at.kind === "loss") {
    return key === "ArrowLeft" ? unit(s.columns.length - 1, 0) : undefined;
  }
  const { column } = at;
  if (at.kind === "unit") {
    switch (key) {
      case "ArrowLeft":
        return unit(Math.max(0, column - 1), at.unit);
      case "ArrowRight":
        return unit(column + 1, at.unit);
      case "ArrowUp":
        return unit(column, at.unit - 1);
      case "ArrowDown":
        return unit(column, at.unit + 1);
      case "e":
      case "E":
        return edgesOf(s, column, at.unit).find((e) => there(e));
      default:
        return undefined;
    }
  }
  const across = weightsInto(s, column)?.columns ?? 1;
  const target = at.kind === "bias" ? at.unit : Math.floor(at.index / across);
  const next = (step: 1 | -1): Element | undefined => {
    const edges = edgesOf(s, column, target).filter((e) => there(e));
    const now = edges.findIndex(
      (e) =>
        e.kind === at.kind && (e.kind !== "weight" || at.kind !== "weight" || e.index === at.index),
    );
    return edges.at((now + step) % edges.length);
  };
  switch (key) {
    case "ArrowUp":
      return next(-1);
    case "ArrowDown":
    case "e":
    case "E":
      return next(1);
    case "ArrowLeft":
      return unit(column - 1, at.kind === "bias" ? at.unit : at.index % across);
    case "ArrowRight":
    case "Escape":
      return unit(column, target);
    default:
      return undefined;
  }
}

/** What enters a unit: its weights, then its bias. For an input: what leaves it. */
function edgesOf(s: Structure, column: number, unit: number): Element[] {
  const into = weightsInto(s, column);
  const from = weightsInto(s, column + 1);
  if (into) {
    const weights = Array.from({ length: into.columns }, (_, k): Element => {
      return { kind: "weight", column, index: unit * into.columns + k };
    });
    return [...weights, { kind: "bias", column, unit }];
  }
  if (!from) return [{ kind: "bias", column, unit }];
  return Array.from({ length: from.rows }, (_, j): Element => {
    return { kind: "weight", column: column + 1, index: j * from.columns + unit };
  });
}
