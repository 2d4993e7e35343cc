/** What went wrong, as plain data. */
import { at } from "../../../src/core/at.ts";
import { ChainruleError } from "../../../src/core/errors.ts";
import { NetworkFileError } from "../../../src/network-file/source.ts";
import type { Failure } from "../protocol.ts";

export const failureOf = (error: unknown): Failure => {
  if (!(error instanceof ChainruleError)) {
    return { code: "internal", message: String((error as Error)?.message ?? error) };
  }
  const { code, expected, found, where, why, fix } = error;
  const message = at(error.message.split("\n", 1), 0);
  const [, marked] = /^[^\n]*\n\n(.*?)\n\n/s.exec(error.message) ?? [];
  const places = error instanceof NetworkFileError ? placesOf(error) : { excerpt: marked };
  const facts = { expected, found, where, why, fix, ...places };
  const given = Object.entries(facts).filter(([, v]) => v !== undefined);
  return { code, message, ...(Object.fromEntries(given) as Omit<Failure, "code" | "message">) };
};

/** Where a file is wrong: of several problems the first few, each with what belongs there. */
function placesOf({ problems }: NetworkFileError): Pick<Failure, "excerpt" | "problems"> {
  const [problem, ...others] = problems;
  if (problem && others.length === 0) return { excerpt: problem.excerpt };
  return {
    problems: problems.slice(0, 4).map(({ message, excerpt, expected, found, fix }) => ({
      message,
      excerpt,
      ...(expected === undefined ? {} : { expected }),
      ...(found === undefined ? {} : { found }),
      ...(fix === undefined ? {} : { fix }),
    })),
  };
}
