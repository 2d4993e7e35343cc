/** Options that are given by name. */
import { fail } from "./errors.ts";
import { didYouMean, listed, shown } from "./wording.ts";

/** Refuses what is no record of named parts. */
export function checkRecord(what: string, given: object, example: string): void {
  if (typeof given === "object" && given !== null && !Array.isArray(given)) return;
  fail("bad-argument", {
    message: `${what} takes its parts by name.`,
    expected: example,
    found: shown(given),
  });
}

/**
 * Refuses names that nobody reads: what they ask for would silently not be done. Former spellings
 * are read, but not offered.
 */
export function checkNames(
  what: string,
  given: object,
  names: readonly string[],
  former: readonly string[] = [],
): void {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    fail("bad-argument", {
      message: `${what} takes its options by name.`,
      expected: `{ ${names.join(", ")} }, or some of them`,
      found: shown(given),
    });
  }
  const [odd] = Object.entries(given).filter(([, v]) => ["symbol", "bigint"].includes(typeof v));
  if (odd !== undefined) {
    fail("bad-argument", {
      message: `${what} cannot use this ${odd[0]}.`,
      expected: "no symbol, and a number rather than a bigint",
      found: shown(odd[1]),
    });
  }
  const unknown = Object.keys(given).find(
    (name) => !names.includes(name) && !former.includes(name),
  );
  if (unknown === undefined) return;
  fail("bad-argument", {
    message: `${what} has no option ${shown(unknown)}.`,
    expected: names.length === 0 ? "no options" : listed(names),
    found: shown(unknown),
    fix: names.length === 0 ? "Leave it out." : didYouMean(unknown, names),
  });
}
