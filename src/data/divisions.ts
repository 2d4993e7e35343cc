/** How examples may be kept apart: by groups that stay whole, and by time. */

import { at } from "../core/at.ts";
import { fail } from "../core/errors.ts";
import { aFlag, checkKind, isNumber } from "../core/kinds.ts";
import { shown } from "../core/wording.ts";

/** What keeps examples apart that know of each other. */
export interface DivisionOptions {
  /** Another seed draws other examples. Default 0. */
  readonly seed?: number;
  /** Keep the proportions of the classes; default true where there are labels, unless `groups` or `ordered` decides. */
  readonly stratify?: boolean;
  /** What each example belongs to, such as its patient: one number or text for each. No group is on both sides. */
  readonly groups?: ArrayLike<number | string>;
  /** Validate with what comes after the training part: `true` in the order of the examples, or by one number for each, such as its time. */
  readonly ordered?: boolean | ArrayLike<number>;
  /** With `ordered`: how many examples are left out just before the validation part. Default 0. */
  readonly gap?: number;
}

export const divisionNames = ["seed", "stratify", "groups", "ordered", "gap"] as const;

/** What decides which examples go together. */
export interface Division {
  readonly labels?: ArrayLike<number>;
  readonly groups?: readonly (number | string)[];
  readonly timeline?: Timeline;
  readonly gap: number;
}

/** Rows by time, those of one time as they stand. */
interface Timeline {
  readonly rows: readonly number[];
  readonly times: readonly number[];
}

/** A list with one entry for each of n rows. */
function entries<T>(
  name: string,
  given: unknown,
  n: number,
  what: string,
  fits: (entry: unknown) => entry is T,
): T[] {
  const list =
    Array.isArray(given) || ArrayBuffer.isView(given)
      ? Array.from(given as ArrayLike<unknown>)
      : [];
  if (list.length === n && list.every(fits)) return list;
  const odd = list.findIndex((entry) => !fits(entry));
  return fail("bad-argument", {
    message: `These examples cannot be divided by such ${name}.`,
    expected: `a list of ${n} ${what}, one for each example`,
    found:
      list.length === n && odd >= 0
        ? `${shown(list[odd])} at place ${odd} (counted from 0)`
        : Array.isArray(given) || ArrayBuffer.isView(given)
          ? `${list.length} entries`
          : shown(given),
  });
}

const isName = (entry: unknown): entry is number | string =>
  typeof entry === "string" || isNumber(entry, Number.isFinite);
const isTime = (entry: unknown): entry is number => isNumber(entry, Number.isFinite);

/** @throws ChainruleError "bad-argument" for what does not go together. */
export function divisionOf(
  n: number,
  options: DivisionOptions,
  labels: ArrayLike<number> | undefined,
): Division {
  const { stratify, groups, ordered = false, gap } = options;
  if (stratify !== undefined) checkKind("stratify", stratify, aFlag);
  const asked = [
    ...(stratify === true ? ["stratify"] : []),
    ...(groups === undefined ? [] : ["groups"]),
    ...(ordered === false ? [] : ["ordered"]),
  ];
  if (asked.length > 1) {
    fail("bad-argument", {
      message: "Examples are kept apart in one way.",
      expected: "one of stratify, groups and ordered",
      found: asked.join(" and "),
      fix: "Leave out all but one of them.",
    });
  }
  const least = gap ?? 0;
  if (!Number.isSafeInteger(least) || least < 0 || (gap !== undefined && ordered === false)) {
    fail("bad-argument", {
      message: "This gap cannot be left before the validation part.",
      expected: "a whole number of examples ≥ 0, together with `ordered`",
      found: `gap: ${shown(gap)}, ordered: ${shown(ordered)}`,
    });
  }
  if (groups !== undefined) {
    return { groups: entries("groups", groups, n, "numbers or texts", isName), gap: 0 };
  }
  if (ordered !== false) {
    const rows = Array.from({ length: n }, (_, row) => row);
    const times = ordered === true ? rows : entries("times", ordered, n, "finite numbers", isTime);
    const byTime = [...rows].sort((a, b) => at(times, a) - at(times, b));
    return { timeline: { rows: byTime, times }, gap: least };
  }
  return { gap: 0, ...(labels === undefined || stratify === false ? {} : { labels }) };
}

const ascending = (rows: Iterable<number>): number[] => [...rows].sort((a, b) => a - b);

/**
 * What may be trained on when the places from `start` to `end` of a timeline are validated with:
 * the rows before, without the gap, and without those of the same time as the first of them.
 *
 * @throws ChainruleError "data-empty" where nothing is left.
 */
export function cutAt({ rows, times }: Timeline, start: number, end: number, gap: number) {
  const first = at(times, at(rows, start));
  const train = rows.slice(0, Math.max(0, start - gap)).filter((row) => at(times, row) < first);
  if (train.length === 0) {
    fail("data-empty", {
      message: "Nothing is left to train on before the validation part.",
      expected: "examples that are earlier than its first, and than the gap before it",
      found: `${start} places before it, and a gap of ${gap}`,
      fix: "Make the gap or the part for validation smaller.",
    });
  }
  return { train: ascending(train), validation: ascending(rows.slice(start, end)) };
}

/** The rows of each group, groups as they come. */
export function membersOf<T>(order: Iterable<number>, groups: ArrayLike<T>): Map<T, number[]> {
  const members = new Map<T, number[]>();
  for (const row of order) {
    const group = at(groups, row);
    const own = members.get(group);
    if (own === undefined) members.set(group, [row]);
    else own.push(row);
  }
  return members;
}

/** Each group must have another to be kept apart from. */
export function checkGroupCount(count: number, least: number): void {
  if (count >= least) return;
  fail("data-empty", {
    message: "There are too few groups to keep some apart.",
    expected: `at least ${least} different ones`,
    found: String(count),
    fix: "Divide without `groups`, or bring examples of more groups.",
  });
}

/**
 * Whole groups for validation, about `total` rows: groups as they come, each taken where it brings
 * the number nearer to that; at least one, and never all.
 */
export function wholeGroups(members: readonly (readonly number[])[], total: number): number[] {
  checkGroupCount(members.length, 2);
  const n = members.reduce((sum, rows) => sum + rows.length, 0);
  const taken: number[] = [];
  for (const rows of members) {
    const more = taken.length + rows.length;
    if (more < n && Math.abs(more - total) < Math.abs(taken.length - total)) taken.push(...rows);
  }
  if (taken.length > 0) return taken;
  // All are larger than twice the share.
  return [...members.reduce((least, rows) => (rows.length < least.length ? rows : least))];
}
