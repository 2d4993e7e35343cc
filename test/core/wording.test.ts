import { expect, it } from "vitest";
import { didYouMean, nearest } from "../../src/core/wording.ts";

it.each([
  ["kidn", "kind"],
  ["knid", "kind"],
  ["KIND", "kind"],
  ["knd", "kind"],
  ["x3", "x2"],
  ["sdg", "sgd"],
  ["petal length", "petal_length"],
])("takes %s for %s", (word, name) => {
  expect(nearest(word, ["a", "x2", name, "an altogether different name"])).toBe(name);
});

it.each(["k", "b", "zz", "entirely else"])("takes %s for nothing", (word) => {
  expect(nearest(word, ["a", "x2", "kind", "sgd"])).toBeUndefined();
});

it("says then that one of the names is to be used", () => {
  expect(didYouMean("k", ["a"])).toBe("Use one of these names.");
  expect(didYouMean("b1", ["b2"])).toBe('Did you mean "b2"?');
});
