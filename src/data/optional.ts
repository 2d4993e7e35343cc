/** Packages that most programs never need. */

import { fail } from "../core/errors.ts";

/** A package that is loaded when it is needed. */
export async function optional(name: string, what: string): Promise<object> {
  try {
    // A name that bundlers do not follow: most programs never need the package.
    return await import(/* @vite-ignore */ /* webpackIgnore: true */ name);
  } catch (cause) {
    return fail("unsupported", {
      message: `To read ${what} the package ${name} is needed.`,
      expected: `${name} beside chainrule`,
      fix: `Install it: npm install ${name}. In a bundle, import it and pass it as an option.`,
      cause,
    });
  }
}
