/** The record of a loop over a graph: each node of it is one of the loop's outputs. */
import { zip } from "../../core/at.ts";
import { type Body, type BodyOutput, placeholdersOf, typeOfOutput } from "../../core/body.ts";
import { fail } from "../../core/errors.ts";
import type { Inputs, Op } from "../../core/op.ts";
import { formatShape, sameShape } from "../../core/shape.ts";
import { forwardThrough } from "./forward.ts";
import { reverseThrough } from "./reverse.ts";

/** Inputs: the body's constants, then first carries, then sequences. */
export const loopOp: Op<Inputs, { body: Body; output: BodyOutput }> = {
  name: "loop",
  infer(inputs, { body, output }) {
    const rows = placeholdersOf(body).map(({ dtype, shape }, i) => {
      const isSlice = i >= body.constants.length + body.carries.length;
      return { dtype, shape: isSlice ? [body.length, ...shape] : shape };
    });
    for (const [row, x] of zip(rows, inputs)) {
      if (row.dtype === x.dtype && sameShape(row.shape, x.shape)) continue;
      fail("shape-mismatch", {
        message: "A loop takes values of the types that its body was made for.",
        expected: `${row.dtype}${formatShape(row.shape)}`,
        found: `${x.dtype}${formatShape(x.shape)}`,
      });
    }
    return typeOfOutput(body, output);
  },
  meaning: (_inputs, _output, { body, output }) => ({ loop: "repeat", body, output }),
  derivative: { kind: "repeat", reverse: reverseThrough, forward: forwardThrough },
  law: {
    en: "The chain rule step by step: backwards through the steps, each with what it had computed.",
    zh: "链式法则逐步进行：从最后一步到第一步，每一步使用它当时算出的值。",
  },
  notation: { text: "loop(#*)", tex: "\\operatorname{loop}\\left(#*\\right)", precedence: 5 },
};
