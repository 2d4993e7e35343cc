/** chainrule report FILE: how the gradient grows or shrinks on its way back through the layers. */
import { gradientReport } from "../explain/index.ts";
import { remarkLines } from "./describe.ts";
import { type FileOptions, noteFirstValues, subjectOf } from "./explain.ts";
import { exit } from "./failure.ts";
import { print, printJson, width } from "./terminal.ts";

interface ReportOptions extends FileOptions {
  readonly json?: boolean;
}

export async function reportCommand(file: string, options: ReportOptions): Promise<number> {
  const { json, checkpoint, set, ...rest } = options;
  const { trainer, remarks, ...subject } = await subjectOf(file, options);
  await noteFirstValues(file, options);
  const found = await gradientReport(trainer, { ...rest, ...subject });
  if (json) {
    printJson({ layers: found.layers, nonFinite: found.nonFinite, norms: found.norms, remarks });
  } else {
    print(found.toText({ width: width() }).trimEnd());
    for (const line of remarkLines(remarks)) print(line);
  }
  return found.nonFinite === undefined ? exit.ok : exit.no;
}
