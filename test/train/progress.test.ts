/** The history that is kept: all of it while it is short, evenly thinned out when it is long. */
import { describe, expect, it } from "vitest";
import type { EpochReport } from "../../src/train/fit.ts";
import { freshProgress, remember } from "../../src/train/progress.ts";

function historyAfter(epochs: number): EpochReport[] {
  const { history } = freshProgress();
  for (let epoch = 1; epoch <= epochs; epoch++) remember(history, { epoch, loss: 1 / epoch });
  return history;
}
const numbers = (history: EpochReport[]) => history.map((r) => r.epoch);

describe("history", () => {
  it("keeps every epoch of a short run", () => {
    expect(numbers(historyAfter(3))).toEqual([1, 2, 3]);
    expect(numbers(historyAfter(2000))).toEqual(Array.from({ length: 2000 }, (_, i) => i + 1));
  });
  it("keeps every second, fourth … epoch of a long one, and the last", () => {
    expect(numbers(historyAfter(2001)).slice(0, 3)).toEqual([2, 4, 6]);
    expect(numbers(historyAfter(2001)).slice(-2)).toEqual([2000, 2001]);
    const long = numbers(historyAfter(10_003));
    expect(long.slice(0, 3)).toEqual([8, 16, 24]);
    expect(long.slice(-3)).toEqual([9992, 10_000, 10_003]);
    expect(long).toHaveLength(1251);
    expect(historyAfter(100_000).length).toBeLessThanOrEqual(2001);
  });
  it("keeps numbers, but no confusion matrices", () => {
    const { history } = freshProgress();
    const validation = {
      loss: 2,
      accuracy: 0.5,
      confusion: [
        [1, 1],
        [1, 1],
      ],
    };
    const report = { epoch: 1, loss: 1, accuracy: 0.25, validation };
    remember(history, report);
    expect(history).toEqual([
      { epoch: 1, loss: 1, accuracy: 0.25, validation: { loss: 2, accuracy: 0.5 } },
    ]);
    expect(report.validation).toBe(validation);
    expect(validation.confusion).toHaveLength(2);
  });
  it("goes on from a saved one", () => {
    const saved: EpochReport[] = JSON.parse(JSON.stringify(historyAfter(3000)));
    for (let epoch = 3001; epoch <= 5000; epoch++) remember(saved, { epoch, loss: 1 / epoch });
    expect(saved).toEqual(historyAfter(5000));
  });
});
