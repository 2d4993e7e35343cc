/** Sequences, as layers take them that look along one: examples stand on an axis of their own. */
import { fail } from "../core/errors.ts";
import { formatShape, type Shape } from "../core/shape.ts";

/** Where rows have no axis in front, they would be taken for the places of one sequence. */
export function checkSequences(what: string, shape: Shape): void {
  if (shape.length >= 3) return;
  fail("shape-mismatch", {
    message: `${what} goes through sequences: of rows it cannot know which belong together.`,
    expected: "[batch, length, features]",
    found: formatShape(shape),
    fix: "Make room for the places: unflatten(1, [length, features]) as the first layer, or x.reshape.",
  });
}
