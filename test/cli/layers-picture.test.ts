/** The picture of a list of layers: what is said of each, and the sizes in between. */
import { expect, it } from "vitest";
import { layersSvg } from "../../src/cli/layers-picture.ts";

it("sizes are multiplied, axes are listed", () => {
  const svg = layersSvg(
    [
      { name: "unflatten", options: { axis: 1, sizes: [4, 5, 1] } },
      { name: "permute", options: { axes: [0, 3, 1, 2] } },
    ],
    [1, 20],
    "two layers",
  );
  expect(svg).toContain(">sizes 4 × 5 × 1<");
  expect(svg).toContain(">axes 0, 3, 1, 2<");
  expect(svg).toContain(">1 × 4 × 5<");
});
