/** The tour told with a backend that answers later: the same numbers. */
import "../../src/index.ts";
import { readFileSync } from "node:fs";
import { expect, it, vi } from "vitest";
import { interpreter } from "../../src/backends/interpreter/index.ts";
import { tell } from "../../src/cli/tour.ts";
import { laterBackend } from "../support/later.ts";

it("is the same story", async () => {
  const file = new URL("../../examples/two-two-two.yaml", import.meta.url);
  const text = readFileSync(file, "utf8").replace(/epochs: \d+/, "epochs: 12");
  vi.stubGlobal("CHAINRULE_TOUR", text);
  const later = laterBackend();
  const [{ seconds: _, ...story }, { seconds: __, ...expected }] = [
    await tell({ backend: later.backend }),
    await tell({ backend: interpreter }),
  ];
  expect(story).toEqual(expected);
  expect(story.simultaneous.map(({ step }) => step)).toEqual([1, 2, 5, 10, 12]);
  expect(later.log.runs).toBeGreaterThan(24);
});
