/** A border around what comes in, as a layer. */
import { at } from "../core/at.ts";
import { fail } from "../core/errors.ts";
import { isNumber } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import { formatShape } from "../core/shape.ts";
import { shown } from "../core/wording.ts";
import { type PaddingMode, pad } from "../ops/padding.ts";
import type { Any, Layer, NoRanks } from "./layer.ts";
import { rearranging } from "./rearrangement.ts";

/** How many elements a border has on each side, and what they are. */
export interface BorderOptions {
  /** Elements before the first of each of the last axes; below 0 so many are cut off. */
  readonly before: readonly number[];
  /** The same behind the last. */
  readonly after: readonly number[];
  /** What stands in a border of constants. Default 0. */
  readonly value?: number;
  /** What stands in the border, as `pad` has it. Default "constant". */
  readonly mode?: PaddingMode;
}

/**
 * y = x with `before` and `after` elements around it along its last axes, one number for each of them:
 * border({ before: [0, 0], after: [1, 1] }) makes images larger at their lower and right ends, [batch,
 * channels, height + 1, width + 1]. Of fewer than 0 so many are cut off. Modes are those of `pad`
 * (Keras's ZeroPadding and Cropping, PyTorch's ConstantPad, ReflectionPad, ReplicationPad, CircularPad).
 *
 * @throws ChainruleError "bad-argument" for numbers that are not whole, for the batch's axis, or for a
 *   border that takes more than there is.
 */
export function border(options: BorderOptions): Layer<Any, Any, NoRanks> {
  checkNames("border", options, ["before", "after", "value", "mode"]);
  const { before, after, value, mode = "constant" } = options;
  const isList = (list: unknown): boolean =>
    Array.isArray(list) && list.length > 0 && list.every(Number.isSafeInteger);
  if (!isList(before) || !isList(after) || before.length !== after.length) {
    fail("bad-argument", {
      message: "border needs whole numbers before and after each of the last axes.",
      expected: "two lists of the same length, as in { before: [0, 0], after: [1, 1] }",
      found: `before ${shown(before)}, after ${shown(after)}`,
    });
  }
  const known = ["constant", "reflect", "replicate", "circular"].includes(mode);
  if (!known || (value !== undefined && (!isNumber(value, () => true) || mode !== "constant"))) {
    fail("bad-argument", {
      message: "border has no such border.",
      expected: 'the mode "constant", "reflect", "replicate" or "circular"; a value with constants',
      found: known ? `${shown(value)} for ${shown(mode)}` : shown(mode),
    });
  }
  return rearranging("border", { ...options }, (x) => {
    const others = x.rank - before.length;
    if (others < 1) {
      fail("bad-argument", {
        message: "border takes the axis of the batch for one of its own.",
        expected: `${before.length + 1} axes or more`,
        found: formatShape(x.shape),
      });
    }
    const all = (list: readonly number[]) =>
      x.shape.map((_, axis) => (axis < others ? 0 : at(list, axis - others)));
    const own = value === undefined ? {} : { value };
    return pad(x, { before: all(before), after: all(after), mode, ...own });
  });
}
