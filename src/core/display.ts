/** What a tensor shows of itself when it is printed. */
import { graphOperations } from "./cost.ts";
import type { TypedArray } from "./dtype.ts";
import { formatTensor } from "./format.ts";
import { nodesOf } from "./graph.ts";
import { readValues } from "./runtime.ts";
import type { Tensor } from "./tensor.ts";
import { isTracing } from "./tracing.ts";
import { dataOf, isGiven } from "./values.ts";

/** Work that nobody notices: to print something must not take long. */
const fewOperations = 4e6;
const fewNodes = 10_000;

/**
 * Element type, shape and values, if these are there or quickly computed: not those of a
 * placeholder, nor what an asynchronous backend has promised, and none in a function that is being
 * differentiated or compiled, where tensors stand for values to come.
 */
export const display = (x: Tensor, hasRoom = true): string =>
  formatTensor(x, hasRoom && !isTracing() ? (dataOf(x) ?? quick(x)) : undefined);

function quick(x: Tensor): TypedArray | undefined {
  const nodes = nodesOf([x], isGiven);
  try {
    const isLarge = nodes.length > fewNodes;
    if (isLarge || graphOperations([x], nodes.filter(isGiven)) > fewOperations) return undefined;
    readValues([x]);
  } catch {
    // Who reads the value gets the error; printing has none.
  }
  return dataOf(x);
}
