/** scan: a step applied to each row of sequences, handing a carry on. */
import { fail } from "../../core/errors.ts";
import { checkNames } from "../../core/options.ts";
import { formatShape } from "../../core/shape.ts";
import type { Tensor } from "../../core/tensor.ts";
import { shown } from "../../core/wording.ts";
import { checkFunction } from "../transforms.ts";
import { byPath, leaves, type OfAnyRank, rebuild, type Tree } from "../tree.ts";
import {
  checkCarry,
  isLength,
  looped,
  loopNodes,
  placeholders,
  rowIndex,
  rowTypes,
  tracedStep,
  typesOf,
} from "./trace.ts";

/** How long a scan is, and in which order it goes. */
export interface ScanOptions {
  /** The number of steps; needed where there are no sequences. */
  readonly length?: number;
  /** Begins with the last row of the sequences; outputs stand beside their rows. Default false. */
  readonly reverse?: boolean;
}

/** A tree without tensors stands for nothing. */
const tensorsOf = (tree: Tree | undefined, rule: string): Tensor[] =>
  tree === undefined ? [] : leaves(tree, rule);

/**
 * (c₀, x) ↦ [c_T, y] with c_{t+1}, y_t = step(c_t, x_t, t): a loop over the first axis of `sequences`,
 * as one node whatever its length T. `first`, `sequences` and what the step gives are trees of
 * tensors; `sequences` may be undefined (then `length` says how many steps there are), and so may
 * the step's output. y has all steps' outputs along a new first axis. Derivatives of any order, in
 * both modes, go through the steps; what they need of each is kept (see `checkpoint`).
 *
 * The step runs once, to see its graph. What it reads from outside is the same at every step, and so
 * is a random number whose key is: derive keys from the index, or pass a sequence of them.
 *
 * ```ts
 * import { scan, tensor } from "chainrule";
 *
 * const [last, all] = scan((c, x) => [c.mul(0.5).add(x), c], tensor(0), tensor([1, 2, 3]));
 * console.log(last.item(), all.arraySync());
 * ```
 *
 * ```text
 * 4.25 [ 0, 1, 2.5 ]
 * ```
 *
 * @throws ChainruleError "shape-mismatch" where the carry changes its form or type, or sequences have
 *   different lengths. Semantics: JAX's lax.scan.
 */
export function scan<
  C extends Tree,
  Y extends Tree | undefined,
  X extends Tree | undefined = undefined,
>(
  step: (
    carry: OfAnyRank<C>,
    slice: OfAnyRank<X>,
    index: Tensor<0>,
  ) => readonly [carry: OfAnyRank<C>, output: Y],
  first: C,
  sequences: X,
  options: ScanOptions = {},
): [last: OfAnyRank<C>, stacked: OfAnyRank<Y>] {
  checkFunction("scan", step);
  checkNames("scan", options, ["length", "reverse"]);
  const { reverse = false } = options;
  if (typeof reverse !== "boolean") {
    fail("bad-argument", {
      message: "A scan goes forward, or in reverse.",
      expected: "reverse: true, or false",
      found: shown(reverse),
    });
  }
  const starts = leaves(first, "scan carries tensors.");
  const rows = tensorsOf(sequences, "scan goes through tensors.");
  const length = lengthOf(sequences, options.length);
  let result: readonly [Tree, Tree | undefined] | undefined;
  const nodes = loopNodes(() => {
    const index = rowIndex();
    const carries = placeholders("carry", typesOf(first));
    const slices = placeholders("slice", rowTypes(typesOf(sequences)));
    const slice = sequences === undefined ? undefined : rebuild<Tree>(sequences, slices);
    const begin = rebuild<Tree>(first, carries) as OfAnyRank<C>;
    const made: unknown = tracedStep("scan", () => step(begin, slice as OfAnyRank<X>, index));
    const [carry, output] = pairOf(made);
    result = [carry, output];
    const next = leaves(carry, "The step of scan returns tensors to carry on.");
    checkCarry("scan", first, carry);
    const outputs = tensorsOf(output, "The step of scan returns tensors.");
    const what = { length, reverse, recompute: false };
    return looped({ what, carries, slices, index, next, outputs, hoists: true })(starts, rows);
  });
  const [carry, output] = result ?? [first, undefined];
  const stacked = output && rebuild(output, nodes.slice(starts.length));
  return [rebuild(carry, nodes.slice(0, starts.length)) as OfAnyRank<C>, stacked as OfAnyRank<Y>];
}

function pairOf(made: unknown): readonly [Tree, Tree | undefined] {
  if (Array.isArray(made) && made.length >= 1 && made.length <= 2) {
    return made as [Tree, Tree | undefined];
  }
  return fail("bad-argument", {
    message: "The step of scan returns what it carries on, and what is stacked.",
    expected: "[carry, output], or [carry, undefined] where nothing is stacked",
    found: shown(made),
  });
}

/** The common length of sequences, which may be given, too. */
function lengthOf(sequences: Tree | undefined, given: number | undefined): number {
  if (given !== undefined && !isLength(given)) {
    fail("bad-argument", {
      message: "The length of scan is a number of steps.",
      expected: "a whole number from 0 to 2147483647",
      found: shown(given),
    });
  }
  let length = given;
  let of = "the length that is given";
  for (const [path, x] of Object.entries(byPath(sequences))) {
    const name = path === "" ? "the sequence" : `the sequence at ${path}`;
    const [own] = x.shape;
    if (own === undefined) {
      fail("shape-mismatch", {
        message: "scan goes along the first axis of each sequence.",
        expected: "a tensor with a first axis",
        found: `${name} has shape ${formatShape(x.shape)}`,
        fix: "What is the same at every step needs no sequence: the step may read it from outside.",
      });
    }
    if (length !== undefined && own !== length) {
      fail("shape-mismatch", {
        message: "The sequences of scan have different lengths.",
        expected: `${length}, as ${of}`,
        found: `${own}: ${name} has shape ${formatShape(x.shape)}`,
      });
    }
    length = own;
    of = `${name} has`;
  }
  if (length !== undefined) return length;
  return fail("bad-argument", {
    message: "scan does not know how many steps to take.",
    expected: "sequences, or a length",
    found: "neither",
    fix: "Pass the length: scan(step, first, undefined, { length: 10 }).",
  });
}
