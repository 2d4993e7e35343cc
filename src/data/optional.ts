/** Packages that most programs never need. */

import { fail } from "../core/errors.ts";

/** A module that is loaded when it is needed; `own` is its package. */
export async function optional(name: string, what: string, own = name): Promise<object> {
  try {
    // A name that bundlers do not follow: most programs never need the package.
    return await import(/* @vite-ignore */ /* webpackIgnore: true */ name);
  } catch (cause) {
    return fail("unsupported", {
      message: `To read ${what} the package ${own} is needed.`,
      expected: `${own} beside chainrule`,
      fix: `Install it: npm install ${own}. In a bundle, import it and pass it as an option.`,
      cause,
    });
  }
}
