/** chainrule cache: libraries that were made of programs (backends/c), where they are kept. */
import { keptFiles } from "../backends/c/index.ts";
import { exit } from "./failure.ts";
import { bytes, plural } from "./numbers.ts";
import { print, printJson } from "./terminal.ts";

export function cacheCommand(
  action: "clear" | undefined,
  options: { readonly json?: boolean },
): number {
  const clear = action === "clear";
  const { files, ...found } = keptFiles({ clear });
  if (options.json) printJson({ ...found, files, cleared: clear });
  else {
    const what = `${plural(files, "file")}, ${bytes(found.bytes)}`;
    print(clear ? `Removed from ${found.folder}: ${what}` : `${found.folder}: ${what}`);
    if (!clear) print(`At most ${bytes(found.mostBytes)} are kept: what was used last.`);
  }
  return exit.ok;
}
