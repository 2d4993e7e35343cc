import { expect, test } from "vitest";
import { NodeMap } from "../../src/core/node-map.ts";
import type { Tensor } from "../../src/core/tensor.ts";

const node = (id: number) => ({ id }) as Tensor;

test("a map of nodes holds what was put in last, across pages and for the largest ids", () => {
  const map = new NodeMap<string>();
  const ids = [0, 127, 128, 5, 2 ** 31, 2 ** 40 + 3, 129, 5];
  for (const [i, id] of ids.entries()) map.set(node(id), `${i}`);
  expect(ids.map((id) => map.get(node(id)))).toEqual(["0", "1", "2", "7", "4", "5", "6", "7"]);
  expect([1, 126, 2 ** 31 + 1, 2 ** 40 + 4, 1e6].some((id) => map.has(node(id)))).toBe(false);
});

test("its values come in the order of ids, whatever the order in which they were put", () => {
  const map = new NodeMap<number>();
  const ids = [700, 3, 2 ** 33, 129, 128, 0, 2 ** 31];
  for (const id of ids) map.set(node(id), id);
  expect(map.values()).toEqual([...ids].sort((a, b) => a - b));
});
