/** Loops in pieces: what a choice takes is known in each of them. */
import "../support/backend.ts";
import { describe, expect, test } from "vitest";
import { compileProgram } from "../../src/compile/index.ts";
import { type Pieces, piecesOf } from "../../src/compile/pieces.ts";
import { formatExpression } from "../../src/core/expression.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { where } from "../../src/ops/compare.ts";
import { concatenate, stack } from "../../src/ops/concatenate.ts";
import { input, range } from "../../src/ops/leaf.ts";
import { pad } from "../../src/ops/padding.ts";

const [x, y, z] = [input("x", [2, 4]), input("y", [3, 4]), input("z", [2, 1])];

/** The pieces of the one kernel that makes y, as text. */
function pieces(y: Tensor, inputs: readonly Tensor[] = [x]): string {
  const { kernels } = compileProgram({ inputs, outputs: [y] });
  const [kernel] = kernels;
  if (kernels.length !== 1 || kernel?.loop !== "map") return `${kernels.length} kernels`;
  const found = piecesOf(kernel);
  return found === undefined ? "whole" : text(found).join("\n");
}

function text(pieces: Pieces): string[] {
  switch (pieces.kind) {
    case "plain": {
      const { extents, values, place } = pieces.part;
      return [`[${extents}] from ${place.base}: ${values.map(formatExpression).join("; ")}`];
    }
    case "loop":
      return [`for each i${pieces.axis}:`, ...text(pieces.each).map((line) => `  ${line}`)];
    case "stretches":
      return pieces.each.flatMap(text);
  }
}

test("tensors one after another are a copy for each", () => {
  expect(pieces(concatenate([x, y, x.neg()]), [x, y])).toBe("2 kernels");
  expect(pieces(concatenate([x, y, x]), [x, y])).toMatchInlineSnapshot(`
    "[2,4] from 0: x0[add(mul(i0, 4), i1)]
    [3,4] from 8: x1[add(mul(i0, 4), i1)]
    [2,4] from 20: x0[add(mul(i0, 4), i1)]"
  `);
  expect(pieces(concatenate([z, x, z], 1), [x, z])).toMatchInlineSnapshot(`
    "for each i0:
      [2,1] from 0: x0[i0]
      [2,4] from 1: x1[add(mul(i0, 4), i1)]
      [2,1] from 5: x0[i0]"
  `);
  expect(pieces(stack([x, x.flip()]).mul(2))).toMatchInlineSnapshot(`
    "[1,2,4] from 0: mul(x0[add(mul(i1, 4), i2)], 2)
    [1,2,4] from 8: mul(x0[add(add(mul(i1, -4), mul(i2, -1)), 7)], 2)"
  `);
});

test("a border is numbers, and inside nothing is asked", () => {
  expect(pieces(pad(x, { before: [1, 0], after: [0, 2], value: 7 }))).toMatchInlineSnapshot(`
    "[1,6] from 0: 7
    for each i0:
      [2,4] from 6: x0[add(mul(i0, 4), i1)]
      [2,2] from 10: 7"
  `);
});

describe("left whole is", () => {
  test("a loop without such choices", () => {
    expect(pieces(x.exp())).toBe("whole");
    expect(pieces(where(x.less(0), 1, x))).toBe("whole");
    // Along two axes at once.
    const [i, j] = [range(2).expandDims(1), range(4)];
    expect(pieces(where(i.less(j), x, 0))).not.toContain("from");
  });

  test("one whose pieces would be too much code", () => {
    const parts = Array.from({ length: 128 }, (_, i) => input(`x${i}`, [1]));
    const { kernels } = compileProgram({ inputs: parts, outputs: [concatenate(parts)] });
    const [kernel] = kernels;
    if (kernel?.loop !== "map") throw new Error("It is elementwise.");
    expect(piecesOf(kernel)).toBeDefined();
    const [store] = kernel.stores;
    let long = store!.value;
    for (let i = 0; i < 200; i++) long = { kind: "apply", dtype: "f32", fn: "exp", args: [long] };
    expect(piecesOf({ ...kernel, stores: [{ ...store!, value: long }] }) === undefined).toBe(true);
  });
});
