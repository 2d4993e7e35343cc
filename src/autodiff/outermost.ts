/** What a transform does about values when it is called by a program, and not by another function. */
import { ChainruleError } from "../core/errors.ts";
import { nodesOf } from "../core/graph.ts";
import { isRecord } from "../core/kinds.ts";
import { readValues } from "../core/runtime.ts";
import { Tensor } from "../core/tensor.ts";
import { building, isBuilding } from "../core/tracing.ts";
import { isGiven, keepTogether, letGo } from "../core/values.ts";

/**
 * Runs a transform. Arguments are computed first: in a loop they are what the last turn has made, so
 * that no turn's graph reaches back into the one before, and all are alike. What comes out is
 * computed together, whichever part is read: value and gradients share their work.
 */
export function outermost<Y>(args: readonly unknown[], run: () => Y): Y {
  if (isBuilding()) return run();
  compute(tensorsIn(args));
  const results = building(run);
  keepTogether(tensorsIn(results).filter((t) => !isGiven(t)));
  return results;
}

/** Computes tensors, where all that they take is there. */
function compute(tensors: readonly Tensor[]): void {
  for (const t of tensors) letGo(t);
  const missing = tensors.filter((t) => !isGiven(t));
  if (missing.length === 0 || nodesOf(missing, isGiven).some(isAwaited)) return;
  try {
    readValues(missing);
  } catch (error) {
    // A backend that answers later computes them when the results are read.
    if (!(error instanceof ChainruleError) || error.code !== "asynchronous") throw error;
  }
}

/** A placeholder, or a value that a backend has promised. */
const isAwaited = (node: Tensor): boolean => node.op.derivative.kind === "leaf" && !isGiven(node);

/** The tensors in lists and records, however deep. */
function tensorsIn(root: unknown): Tensor[] {
  const found = new Set<Tensor>();
  const seen = new Set<unknown>();
  const stack: unknown[] = [root];
  while (stack.length > 0) {
    const x = stack.pop();
    if (x instanceof Tensor) found.add(x);
    else if (isTree(x) && !seen.has(x)) {
      seen.add(x);
      stack.push(...Object.values(x));
    }
  }
  return [...found];
}

/** A list or record that may hold tensors: no long list of numbers, and nothing with methods. */
const isTree = (x: unknown): x is object =>
  Array.isArray(x)
    ? typeof x[0] === "object" || typeof x.at(-1) === "object"
    : isRecord(x) && (Object.getPrototypeOf(x) ?? Object.prototype) === Object.prototype;
