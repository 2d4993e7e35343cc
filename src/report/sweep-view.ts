/** A sweep as plain data, for its picture and its page. */

export interface SweepView {
  readonly title: string;
  readonly method: string;
  /** What the runs are sorted by. */
  readonly measure: string;
  readonly settings: readonly SweepSetting[];
  /** The best first. */
  readonly rows: readonly SweepViewRow[];
}

interface SweepSetting {
  readonly path: string;
  /** What was to be tried: "1e-4..1e-1". */
  readonly text: string;
  /** A short name. */
  readonly name: string;
  /** Of a range, whether it goes by powers. */
  readonly byPowers: boolean | undefined;
}

interface SweepViewRow {
  readonly run: string;
  /** Of each setting. */
  readonly values: readonly string[];
  readonly loss: number | undefined;
  readonly accuracy: number | undefined;
  readonly r2: number | undefined;
  readonly epochs: number;
  readonly seconds: number | undefined;
  /** Why it failed, or what else there is to say; "" if nothing. */
  readonly remark: string;
  readonly failed: boolean;
  /** What it was measured by, epoch by epoch. */
  readonly course: readonly (readonly [epoch: number, loss: number])[];
  /** Where its own page is. */
  readonly link: string | undefined;
}

/** Numbers that differ much are drawn by their powers. */
export const spansPowers = (values: readonly number[]): boolean => {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return low > 0 && high / low > 20;
};

/** A setting's values as numbers, if all of them are. */
export function settingNumbers({ rows }: SweepView, setting: number): number[] | undefined {
  const numbers = rows.map(({ values }) => {
    const text = values[setting] ?? "";
    return text.trim() === "" ? Number.NaN : Number(text);
  });
  return numbers.every(Number.isFinite) ? numbers : undefined;
}
