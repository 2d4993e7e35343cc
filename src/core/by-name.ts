/** Parameters, gradients, the parts of a batch: what is called by its name. */
import { fail } from "./errors.ts";

/** Things by name. */
export type ByName<T> = Readonly<Record<string, T>>;

/** The entry of this name, which is there by construction. */
export function entryOf<T>(entries: ByName<T>, name: string): T {
  const found = entries[name];
  if (found !== undefined) return found;
  return fail("invalid-graph", {
    message: "A record is read where it holds nothing: a fault of chainrule itself.",
    expected: `an entry "${name}"`,
    found: Object.keys(entries).join(", ") || "no entries",
  });
}

/** Each entry replaced, in the same order. */
export function mapEntries<T, U>(
  entries: ByName<T>,
  f: (value: T, name: string) => U,
): Record<string, U> {
  const found: Record<string, U> = {};
  for (const name of Object.keys(entries)) found[name] = f(entryOf(entries, name), name);
  return found;
}
