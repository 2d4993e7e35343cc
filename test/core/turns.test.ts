/** When others get their turn. */
import { afterEach, expect, it, vi } from "vitest";
import { Turns } from "../../src/core/turns.ts";

afterEach(() => vi.restoreAllMocks());

it("reads the clock seldom where it is asked often, and each time where what follows is long", () => {
  let [time, looks] = [0, 0];
  vi.spyOn(performance, "now").mockImplementation(() => {
    looks++;
    return time;
  });
  const turns = new Turns();
  for (let i = 0; i < 200; i++) {
    time += 0.001;
    expect(turns.due).toBe(false);
  }
  expect(looks).toBeLessThan(20);
  time += 25;
  // What was quick 200 times takes long now: the next time it is asked counts.
  expect(turns.late).toBe(true);
});
