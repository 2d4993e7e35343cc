/** Letters for what a derivation introduces: such as none of the given names begins with. */

/** What a function's steps, what is computed inside of one, and the rest of a long sum are called. */
export interface Letters {
  readonly step: string;
  readonly inner: string;
  readonly rest: string;
}

/** The first letter that no given name is, with or without a number behind it. */
export const freeLetter = (given: readonly string[], all: readonly string[]): string =>
  all.find((letter) => !given.some((name) => name.replace(/\d+$/, "") === letter)) ??
  freeLetter(
    given,
    all.map((letter) => letter + letter),
  );

/** Those of a function with such arguments; a network's own names have dots or are known. */
export function lettersOf(given: readonly string[]): Letters {
  const all = ["u", "v", "s", "h", "p", "t"];
  const step = freeLetter(given, all);
  const inner = freeLetter([...given, step], all);
  const rest = freeLetter([...given, step, inner], ["r", ...all]);
  return { step, inner, rest };
}
