/** assertMaxCompiles: compiles are counted while somebody asks for it. */

import { type ByName, mapEntries } from "../core/by-name.ts";
import { fail } from "../core/errors.ts";
import { aFunction, checkKind, isFunction } from "../core/kinds.ts";
import type { TensorType } from "../core/op.ts";
import { formatShape } from "../core/shape.ts";
import { shown } from "../core/wording.ts";

/** Work that may compile so often. */
interface Watch {
  readonly most: number;
  count: number;
}

const watches = new Set<Watch>();

/** What is about to be compiled, for messages. */
interface Compile {
  /** "A compiled function", "A trainer's step". */
  readonly what: string;
  /** The types of its arguments by name, and those for which it was compiled before. */
  readonly types: ByName<TensorType>;
  readonly before: readonly ByName<TensorType>[];
}

/**
 * Runs `work` and gives what it gives. Should more than n programs be compiled meanwhile, by functions
 * from `compile` and by trainers, the call that asks for one more ends in an error before it compiles:
 * the error names the argument whose shape, element type or place is new, what it was, and what it is.
 * Work that gives a promise is watched until that is settled; what else compiles in the same time
 * counts, too.
 *
 * ```ts
 * import { assertMaxCompiles, compile, type Tensor, tensor } from "chainrule";
 *
 * const square = compile((x: Tensor) => x.mul(x));
 * const results = assertMaxCompiles(1, () => [1, 2, 3].map((v) => square(tensor([v])).item()));
 * console.log(results.join(" "));
 * ```
 *
 * ```text
 * 1 4 9
 * ```
 *
 * @throws ChainruleError "compiled-again" from within the work, where it compiles once more.
 */
export function assertMaxCompiles<T>(n: number, work: () => T): T {
  if (!Number.isSafeInteger(n) || n < 0) {
    fail("bad-argument", {
      message: "assertMaxCompiles takes how many compiles there may be.",
      expected: "a whole number from 0 on",
      found: shown(n),
    });
  }
  checkKind("assertMaxCompiles", work, aFunction("work, such as () => trainer.fit(data)"));
  const watch: Watch = { most: n, count: 0 };
  const end = () => watches.delete(watch);
  watches.add(watch);
  let result: T | undefined;
  try {
    result = work();
  } finally {
    if (!isPromise(result)) end();
  }
  return isPromise(result) ? (Promise.resolve(result).finally(end) as T) : result;
}

/** One more is about to be compiled; `of` is asked if somebody counts. */
export function countCompile(of: () => Compile): void {
  for (const watch of watches) if (++watch.count > watch.most) refuse(watch, of());
}

function refuse({ most, count }: Watch, { what, types, before }: Compile): never {
  const message = `${what} is compiled, the ${ordinal(count)} compile where ${most} may be.`;
  const [nearest] = before
    .map((known) => differences(known, types))
    .sort((a, b) => a.length - b.length);
  if (nearest === undefined) {
    return fail("compiled-again", {
      message,
      expected: "what was compiled before",
      found: "something that was not",
      fix: "Make compiled functions and trainers once, outside of the loop, or allow more compiles.",
    });
  }
  const [first] = nearest;
  return fail("compiled-again", {
    message,
    expected: first === undefined ? "a program that is still there" : `${first.name}: ${first.was}`,
    found: first === undefined ? "one that was let go, as there were many" : `${first.is}`,
  });
}

interface Difference {
  readonly name: string;
  readonly was: string;
  readonly is: string;
}

/** In which arguments they differ. */
function differences(known: ByName<TensorType>, now: ByName<TensorType>): Difference[] {
  const [was, is] = [mapEntries(known, typeText), mapEntries(now, typeText)];
  const names = new Set([...Object.keys(was), ...Object.keys(is)]);
  return [...names]
    .map((name) => ({ name, was: was[name] ?? "nothing there", is: is[name] ?? "nothing there" }))
    .filter((one) => one.was !== one.is);
}

const typeText = ({ dtype, shape }: TensorType): string => `${dtype} ${formatShape(shape)}`;

function ordinal(n: number): string {
  const ending = { 1: "st", 2: "nd", 3: "rd" }[n % 10];
  return `${n}${(n % 100 > 10 && n % 100 < 14 ? undefined : ending) ?? "th"}`;
}

const isPromise = (value: unknown): boolean =>
  typeof value === "object" && value !== null && isFunction((value as { then?: unknown }).then);
