/** Whether training is in trouble. */
import { describe, expect, it } from "vitest";
import { risen } from "../../studio/src/state/trouble.ts";

describe("the course of training", () => {
  const of = (...losses: number[]) =>
    risen({
      epochs: Float64Array.from(losses, (_, i) => i + 1),
      losses: Float64Array.from(losses),
    });
  it("is in trouble where the error rises", () => {
    expect(of(0.69, 0.7, 0.8)).toEqual({ least: 0.69, epoch: 1, now: 0.8 });
    expect(of(1, 0.2, 0.5)).toMatchObject({ epoch: 2 });
    // The first epoch's own mean may already be that of a ruin.
    const h = { epochs: Float64Array.of(1, 2), losses: Float64Array.of(9000, 5) };
    expect(risen(h, { error: 0.7, epoch: 0 })).toEqual({ least: 0.7, epoch: 0, now: 5 });
    expect(risen(h, { error: 6, epoch: 0 })).toBeUndefined();
    expect(risen(h, { error: undefined, epoch: 0 })).toBeUndefined();
  });
  it("is judged from where somebody changed a number", () => {
    const h = { epochs: Float64Array.of(1, 2, 3, 4), losses: Float64Array.of(1, 0.2, 5, 4) };
    expect(risen(h)).toMatchObject({ least: 0.2 });
    expect(risen(h, { error: 5, epoch: 2 })).toBeUndefined();
    expect(risen(h, { error: 3, epoch: 2 })).toEqual({ least: 3, epoch: 2, now: 4 });
    // Nothing has been trained since.
    expect(risen(h, { error: 3, epoch: 4 })).toBeUndefined();
  });
  it("is not in trouble where it goes up and down a little", () => {
    for (const losses of [[], [1], [1, 0.5, 0.1], [1, 0.1, 0.2], [1, 1e-5, 3e-5], [1, 1.01]]) {
      expect(of(...losses)).toBeUndefined();
    }
  });
});
