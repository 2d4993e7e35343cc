/** Errors of readers, which see bytes and not the file's name, get the place where the file is. */

import { ChainruleError, type ErrorFacts } from "../core/errors.ts";
import { shown } from "../core/wording.ts";

/** A path as it is, or quoted where it holds what a terminal should not be sent. */
export function shownPath(path: string): string {
  return typeof path === "string" && /^\P{Cc}+$/u.test(path) ? path : shown(path);
}

/** The same error at another place, perhaps with a better fix. */
export function moved(error: ChainruleError, where: string, fix = error.fix): ChainruleError {
  const { code, expected, found } = error;
  const facts: ErrorFacts = {
    message: error.message.split("\n", 1)[0] ?? "",
    ...(expected === undefined ? {} : { expected }),
    ...(found === undefined ? {} : { found }),
    fix,
    where,
    cause: error,
  };
  return new ChainruleError(code, facts);
}

/**
 * Runs `read` on what stands in a file: its errors then name the file.
 *
 * @param fixFor a fix in place of the error's own, for the person who named the file
 */
export function inFile<T>(
  path: string,
  read: () => T,
  fixFor: (error: ChainruleError) => string | undefined = () => undefined,
): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ChainruleError) || error.where?.includes(path)) throw error;
    const file = shownPath(path);
    const where = error.where === undefined ? file : `${file} (${error.where})`;
    throw moved(error, where, fixFor(error));
  }
}
