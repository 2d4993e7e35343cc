/** chainrule report FILE: how the gradient fares on its way back through the layers. */
import { gradientReport } from "../explain/index.ts";
import { type FileOptions, subjectOf } from "./explain.ts";
import { exit } from "./failure.ts";
import { print, printJson, width } from "./terminal.ts";

export interface ReportOptions extends FileOptions {
  readonly json?: boolean;
}

export async function report(file: string, options: ReportOptions): Promise<number> {
  const { json, checkpoint, ...rest } = options;
  const { trainer, ...subject } = await subjectOf(file, options);
  const found = await gradientReport(trainer, { ...rest, ...subject });
  if (json) {
    printJson({ layers: found.layers, nonFinite: found.nonFinite, norms: found.norms });
  } else print(found.toText({ width: width() }).trimEnd());
  return found.nonFinite === undefined ? exit.ok : exit.no;
}
