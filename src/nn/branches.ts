/** Layers beside each other, and beside what goes into them. */
import { callSite } from "../core/call-site.ts";
import { fail } from "../core/errors.ts";
import { isRecord } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import { formatShape, sameShape } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { add, mul } from "../ops/arithmetic.ts";
import { concatenate } from "../ops/concatenate.ts";
import { applyInside, asLayer, checkPartNames, specsOf } from "./inside.ts";
import { type Any, type Layer, layer, type Same } from "./layer.ts";

/** A layer, or any function of a tensor. */
type Item = Layer | ((x: Tensor) => Tensor);

/** How the outputs of branches become one. */
export interface ParallelOptions {
  /** "concatenate" (default): one behind the other; "add" and "multiply": element by element. */
  readonly join?: "concatenate" | "add" | "multiply";
  /** The axis along which they are concatenated. Default −1. */
  readonly axis?: number;
}

/**
 * y = x + f_n(… f_1(x)): layers one after another, and their input beside them, whose shape they have
 * to keep. Parameters are named by position, as those of `sequential`. (He et al. 2016.)
 *
 * @throws ChainruleError "shape-mismatch" where the layers change the shape.
 */
export function residual(...items: readonly Item[]): Layer<Same, Same> {
  const name = "residual";
  const parts = items.map((item, i) => [`${i}`, asLayer(name, `${i}`, item)] as const);
  if (parts.length === 0) {
    fail("bad-argument", {
      message: `${name} adds to its input what layers make of it.`,
      expected: "at least one layer",
      found: "none",
    });
  }
  return layer({
    name,
    kind: "composite",
    inputSize: "same",
    outputSize: "same",
    ...specsOf(parts),
    layers: parts.map(([, own]) => own),
    site: callSite(),
    apply(x, values, context) {
      const y = parts.reduce(
        (z: Tensor, [place, own]) => applyInside(place, own, z, values, context),
        x,
      );
      if (!sameShape(x.shape, y.shape)) {
        fail("shape-mismatch", {
          message: `${name} cannot add its input to what its layers make of it.`,
          expected: formatShape(x.shape),
          found: formatShape(y.shape),
          fix: "End it with a layer that has as many outputs as go in: linear(…, inputs).",
        });
      }
      return add(x, y);
    },
  });
}

const joins = ["concatenate", "add", "multiply"] as const;

/**
 * y = [f_1(x), f_2(x) …]: layers that all get the same input, and their outputs one behind the other
 * (or added, or multiplied). Branches are named: parallel({ wide: linear(4, 8), deep: … }) has
 * parameters "wide.weight" and so on.
 *
 * @throws ChainruleError "shape-mismatch" where the outputs do not fit together.
 */
export function parallel(
  branches: Readonly<Record<string, Item>>,
  options: ParallelOptions = {},
): Layer<Any, Any> {
  const name = "parallel";
  checkNames(name, options, ["join", "axis"]);
  const { join = "concatenate", axis = -1 } = options;
  if (!joins.includes(join) || !Number.isInteger(axis)) {
    fail("bad-argument", {
      message: `${name} cannot join its branches so.`,
      expected: `join: one of ${joins.join(", ")}; axis: a whole number`,
      found: `${shown(join)}, ${shown(axis)}`,
    });
  }
  if (!isRecord(branches) || Object.keys(branches).length === 0) {
    fail("bad-argument", {
      message: `${name} takes branches by name.`,
      expected: "{ wide: linear(4, 8), deep: sequential(…) }",
      found: shown(branches),
    });
  }
  checkPartNames(name, Object.keys(branches));
  const parts = Object.entries(branches).map(
    ([place, item]) => [place, asLayer(name, place, item)] as const,
  );
  return layer({
    name,
    kind: "composite",
    inputSize: "any",
    outputSize: "any",
    ...specsOf(parts),
    layers: parts.map(([, own]) => own),
    names: parts.map(([place]) => place),
    order: "beside",
    settings: { ...options },
    site: callSite(),
    apply(x, values, context) {
      const outputs = parts.map(([place, own]) => applyInside(place, own, x, values, context));
      if (join === "concatenate") return concatenate(outputs, axis);
      return outputs.reduce((a, b) => {
        if (sameShape(a.shape, b.shape)) return (join === "add" ? add : mul)(a, b);
        return fail("shape-mismatch", {
          message: `${name} joins outputs of one shape.`,
          expected: formatShape(a.shape),
          found: formatShape(b.shape),
        });
      });
    },
  });
}
