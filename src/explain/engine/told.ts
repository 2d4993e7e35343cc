import type { Kept } from "../../core/op.ts";

/**
 * What only derivations read of an operator's record: its law, its notation. In what is built these
 * stand here, and the record has their number: see tools/telling.mjs.
 */
const table: readonly unknown[] = [];

/** What a record holds, or what its number stands for. */
export const told = <T>(kept: Kept<T>): T =>
  typeof kept === "number" ? (table[kept] as T) : (kept as T);
