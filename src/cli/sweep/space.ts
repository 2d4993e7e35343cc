/**
 * What a sweep tries: settings with several values ("optimizer.adam.learningRate=1e-4..1e-1",
 * "layers.0.linear.outputs=32,64,128"), and the choices among them. Run i of a random search follows
 * from the seed, i and the setting alone, so that more runs begin with the same ones.
 */
import { at } from "../../core/at.ts";
import { exp, log } from "../../core/elementary/scalar.ts";
import { fail } from "../../core/errors.ts";
import { uniformAt } from "../../core/random.ts";
import { shown } from "../../core/wording.ts";

/** A setting that varies: a list of values, or a range of numbers. */
export interface SweptSetting {
  readonly path: string;
  /** What stands behind the equals sign. */
  readonly text: string;
  readonly values?: readonly string[];
  readonly range?: SweptRange;
}

interface SweptRange {
  readonly from: number;
  readonly to: number;
  /** Both ends are written as whole numbers, so all between them are. */
  readonly whole: boolean;
  /** Equal ratios are equally likely, not equal differences. */
  readonly byPowers: boolean;
}

/** The values of one run, by path. */
export type Choice = ReadonlyMap<string, string>;

export type SearchMethod = "grid" | "random" | "halving";

/** Beyond this ratio of its ends a range goes by powers. */
const wide = 10;

const number = String.raw`[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?`;
const rangePattern = new RegExp(`^\\s*(${number})\\.\\.(${number})(?::(log|linear))?\\s*$`);

/** A setting as the command line gives it; undefined if it is one value, which all runs have. */
export function sweptSetting(setting: string): SweptSetting | undefined {
  const equals = setting.indexOf("=");
  const path = setting.slice(0, Math.max(0, equals)).trim();
  const text = setting.slice(equals + 1).trim();
  if (equals < 0) return undefined;
  const found = rangePattern.exec(text);
  if (found) {
    const [, a = "", b = "", scale] = found;
    return { path, text, range: rangeOf(setting, a, b, scale) };
  }
  const values = divided(text);
  if (values.length < 2) return undefined;
  const empty = values.some((v) => v === "");
  if (empty || new Set(values).size < values.length) {
    fail("usage", {
      message: "A list of values holds one twice, or none between its commas.",
      expected: "different values with commas between them: 32,64,128",
      found: shown(text),
      where: `--set ${setting}`,
      fix: "Write each value once.",
    });
  }
  return { path, text, values };
}

function rangeOf(setting: string, a: string, b: string, scale: string | undefined): SweptRange {
  const [from, to] = [Number(a), Number(b)];
  const positive = from > 0;
  const sound = Number.isFinite(from) && Number.isFinite(to) && from < to;
  if (!sound || (scale === "log" && !positive)) {
    fail("usage", {
      message: "This is no range to choose from.",
      expected:
        scale === "log"
          ? "two numbers above 0, the smaller first"
          : "two numbers, the smaller first",
      found: shown(`${a}..${b}`),
      where: `--set ${setting}`,
      fix: "Write for example 1e-4..1e-1, 16..128 or 0..0.5.",
    });
  }
  const whole = [a, b].every((text) => /^[+-]?\d+$/.test(text));
  const byPowers = scale === undefined ? positive && to >= wide * from : scale === "log";
  return { from, to, whole, byPowers };
}

/** Values between commas; those within brackets or quotation marks divide nothing. */
function divided(text: string): string[] {
  const parts = [""];
  let depth = 0;
  let quote = "";
  for (const c of text) {
    if (quote !== "") quote = c === quote ? "" : quote;
    else if (c === '"' || c === "'") quote = c;
    else if ("[{".includes(c)) depth++;
    else if ("]}".includes(c)) depth--;
    if (c === "," && depth === 0 && quote === "") parts.push("");
    else parts[parts.length - 1] += c;
  }
  return parts.map((part) => part.trim());
}

/** The value at a place from 0 to 1 of a range, with four digits that count, never outside of it. */
function valueAt({ from, to, whole, byPowers }: SweptRange, u: number): string {
  const within = (x: number) => Math.min(to, Math.max(from, x));
  if (byPowers) {
    const [a, b] = [log(from), log(to)];
    const x = exp(a + u * (b - a));
    return String(whole ? within(Math.round(x)) : within(Number(x.toPrecision(4))));
  }
  if (whole) return String(within(from + Math.floor(u * (to - from + 1))));
  // Digits count from the size of the range: 100.0..100.1 has more than four.
  const step = (to - from) / 1e4;
  const digits = Math.min(20, Math.max(0, Math.ceil(-log(step) / Math.LN10)));
  return String(within(Number((from + u * (to - from)).toFixed(digits))));
}

/** A range as so many values, its ends among them. */
function spread(range: SweptRange, points: number): string[] {
  const { from, to, whole, byPowers } = range;
  const values = Array.from({ length: points }, (_, i) => {
    const u = i / (points - 1);
    if (whole && !byPowers) return String(Math.round(from + u * (to - from)));
    return valueAt(range, u);
  });
  return [...new Set(values)];
}

const product = (lists: readonly (readonly string[])[]): string[][] =>
  lists.reduce<string[][]>(
    (rows, list) => rows.flatMap((row) => list.map((v) => [...row, v])),
    [[]],
  );

const sizeOf = (settings: readonly SweptSetting[]): number =>
  settings.reduce((n, { values }) => n * (values?.length ?? 1), 1);

const usualRuns = 20;

/** How a sweep searches, where it was not said: all there is, if that is not too much. */
export function usualSearch(
  settings: readonly SweptSetting[],
  given: { readonly method?: SearchMethod | undefined; readonly runs?: number | undefined },
): { readonly method: SearchMethod; readonly runs: number } {
  const ranges = settings.filter(({ range }) => range !== undefined).length;
  const all = sizeOf(settings);
  const listed = ranges === 0 && all <= (given.runs ?? Number.POSITIVE_INFINITY);
  const method = given.method ?? (listed ? "grid" : "random");
  const runs = given.runs ?? (ranges === 0 ? all : usualRuns);
  return { method, runs: ranges === 0 ? Math.min(runs, all) : runs };
}

/**
 * The values of each run. Grid: every combination, a range being as many values as the number of runs
 * allows. Otherwise each setting is drawn by itself, and no combination comes twice.
 */
export function choicesOf(
  settings: readonly SweptSetting[],
  { method, runs, seed }: { readonly method: SearchMethod; readonly runs: number; seed: number },
): Choice[] {
  const named = (row: readonly string[]): Choice =>
    new Map(settings.map(({ path }, i) => [path, at(row, i)]));
  if (method === "grid") return gridOf(settings, runs).map(named);
  const rows = new Map<string, string[]>();
  // Where ranges of whole numbers hold few values, all of them have soon been drawn.
  const most = 100 * runs + 1000;
  for (let i = 0; rows.size < runs && i < most; i++) {
    const row = settings.map(({ values, range }, k) => {
      const u = uniformAt(seed, k, i);
      return range ? valueAt(range, u) : at(values ?? [], Math.floor(u * (values?.length ?? 1)));
    });
    const key = JSON.stringify(row);
    if (!rows.has(key)) rows.set(key, row);
  }
  return [...rows.values()].map(named);
}

function gridOf(settings: readonly SweptSetting[], runs: number): string[][] {
  const ranges = settings.filter(({ range }) => range !== undefined).length;
  const listed = sizeOf(settings);
  let points = 1;
  while (
    ranges > 0 &&
    listed *
      Array(ranges)
        .fill(points + 1)
        .reduce((a, b) => a * b, 1) <=
      runs
  ) {
    points++;
  }
  const least =
    listed *
    Array(ranges)
      .fill(2)
      .reduce((a, b) => a * b, 1);
  if (least > runs) {
    fail("usage", {
      message: "A grid of these settings has more runs.",
      expected: `--runs ${least} or more`,
      found: String(runs),
      where: "the command line",
      fix: "Allow more runs with --runs, or leave --method out: combinations are drawn then.",
    });
  }
  return product(
    settings.map(({ values, range }) => (range ? spread(range, points) : (values ?? []))),
  );
}

/** The part of the runs that goes on after each round of successive halving. */
export const halvingFactor = 3;

/**
 * The epochs after which runs are compared, the last being the whole training: each round is three
 * times as long as the one before and has a third of its runs (Jamieson and Talwalkar 2016).
 */
export function halvingRounds(runs: number, epochs: number): number[] {
  const rounds = [epochs];
  let left = runs;
  for (let e = epochs; left >= halvingFactor && e >= halvingFactor; left /= halvingFactor) {
    e /= halvingFactor;
    rounds.unshift(Math.ceil(e));
  }
  return [...new Set(rounds)];
}

/** Short names of paths: their last words, as many as tell them apart. */
export function shortNames(paths: readonly string[]): string[] {
  return paths.map((path) => {
    const words = path.split(".");
    for (let n = 1; n < words.length; n++) {
      const end = words.slice(-n).join(".");
      if (/^\d/.test(end)) continue;
      if (paths.filter((p) => p === end || p.endsWith(`.${end}`)).length === 1) return end;
    }
    return path;
  });
}
