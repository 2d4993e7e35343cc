import { fail } from "../core/errors.ts";

/** What is shown of a program; the kernel at fault comes first. */
const mostLines = 400;

/** A program that would compute something else than was written never leaves the compiler. */
export function compilerFault(what: string, program: string): never {
  const lines = program.split("\n");
  const rest = lines.length - mostLines;
  const shown = rest > 0 ? [...lines.slice(0, mostLines), `… ${rest} more lines`] : lines;
  return fail("invalid-graph", {
    message: `The compiler made a wrong program and stopped. ${what}.`,
    found: `\n${shown.join("\n")}`,
  });
}
