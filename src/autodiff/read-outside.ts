import { ChainruleError, fail } from "../core/errors.ts";

/** Runs a function before there are values: one that it reads does not exist yet. */
export function orReadOutside<T>(kind: "compiled" | "mapped", trace: () => T): T {
  try {
    return trace();
  } catch (error) {
    if (!(error instanceof ChainruleError) || error.code !== "unbound-input") throw error;
    return fail("unbound-input", {
      message: `A ${kind} function reads a value that is not computed yet.`,
      expected: "a function that returns tensors; it runs once, before there are numbers",
      found: error.message.replace(/\n.*/s, ""),
      where: error.where,
      fix: `Return the tensor, and read it from what the ${kind} function gives back.`,
      cause: error,
    });
  }
}
