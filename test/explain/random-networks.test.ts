/** Random networks of all layers, losses and optimizers: every printed step recomputed. */
import { expect, it } from "vitest";
import { explained } from "./random-networks.ts";
import "../support/backend.ts";

/** `npm run fuzz:explanations` takes more. */
const count = Number(process.env.CHAINRULE_EXPLANATIONS ?? 5);
const from = Number(process.env.CHAINRULE_EXPLANATIONS_SEED ?? 5);

it(`${count} random networks are explained so that every printed step can be recomputed`, {
  timeout: 60_000 * count,
}, async () => {
  let [lines, compared] = [0, 0];
  for (let seed = from; seed < from + count; seed++) {
    const found = await explained(seed);
    lines += found.lines;
    compared += +found.compared;
  }
  expect(lines).toBeGreaterThan(10 * count);
  expect(compared).toBeGreaterThanOrEqual(count / 5);
});
