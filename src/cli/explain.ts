/** chainrule explain FILE: the worked derivation of a gradient. */

import { basename, extname } from "node:path";
import { fail } from "../core/errors.ts";
import { type Dataset, subset } from "../data/dataset.ts";
import { noSuch } from "../explain/engine/notation.ts";
import { explain as derive, type ExplainOptions } from "../explain/index.ts";
import { readBytes, writeAtomically } from "../files/node.ts";
import { prepareNetwork, withTraining } from "../network-file/index.ts";
import { isTyped, typedSubject } from "./expression.ts";
import { exit } from "./failure.ts";
import { checkpointOf, quoted, readNetwork, takeOver, trainingOf } from "./files.ts";
import { besides, isRunFolder, isThere, runCheckpoint } from "./run-place.ts";
import { bold, remark, width } from "./terminal.ts";
import { checkWritable } from "./writable.ts";

const formats = ["text", "markdown", "pandoc", "latex", "html", "json", "svg"] as const;
type Format = (typeof formats)[number];

export interface FileOptions extends Omit<ExplainOptions, "data"> {
  readonly checkpoint?: string;
  readonly set?: readonly string[];
}

interface CommandOptions extends FileOptions {
  readonly format?: Format;
  readonly out?: string;
  readonly json?: boolean;
  /** Values of the names of a typed expression. */
  readonly let?: readonly string[];
}

const stored = async (path: string) => ({ path, bytes: await readBytes(path) });

/** The trainer of a network file and the batch that holds the example asked for. */
export async function subjectOf(file: string, { set, example = 0, ...options }: FileOptions) {
  const checkpoint = options.checkpoint ?? (await runCheckpoint(file));
  const old = checkpoint === undefined ? undefined : await stored(checkpoint);
  // The data were divided by the seed that it was trained with.
  const { seed } = old ? trainingOf(old.bytes, old.path) : {};
  const network = withTraining(await readNetwork(file, set), seed === undefined ? {} : { seed });
  const { trainer, data, remarks } = await prepareNetwork(network, besides(file));
  if (old) takeOver(trainer, old.bytes, old.path);
  const { size: all } = data.train;
  if (example >= all) noSuch("example", example, [all === 1 ? "0" : `0 to ${all - 1}`]);
  // A penalty is no share of one example: it is explained with one alone.
  const size = network.penalties ? 1 : Math.min(network.training.batchSize ?? 32, all);
  const firstExample = Math.floor(example / size) * size;
  const rows = Array.from(
    { length: Math.min(size, all - firstExample) },
    (_, i) => firstExample + i,
  );
  const batch: Dataset = subset(data.train, rows);
  const lossName = network.loss.name;
  const place = { example: example - firstExample, firstExample };
  return { trainer, data: batch, ...place, lossName, remarks };
}

const byEnding: Readonly<Record<string, Format>> = {
  "": "text",
  ".txt": "text",
  ".md": "markdown",
  ".tex": "latex",
  ".html": "html",
  ".json": "json",
  ".svg": "svg",
};

/** The format that the ending of a file asks for. */
function formatOf(path: string): Format {
  const ending = extname(path).toLowerCase();
  return (
    byEnding[ending] ??
    fail("usage", {
      message: "What is to be written into this file?",
      expected: `an ending such as ${Object.keys(byEnding).filter(Boolean).join(", ")}`,
      found: `"${ending}"`,
      where: path,
      fix: "Choose another ending, or say what it is with --format.",
    })
  );
}

export async function explainCommand(file: string, options: CommandOptions): Promise<number> {
  const { out, json, format: asked, checkpoint, set, let: values, ...rest } = options;
  const format = json ? "json" : (asked ?? formatOf(out ?? ""));
  if (out !== undefined) await checkWritable(out);
  const d = isTyped(file, values)
    ? await ofExpression(file, values, options, rest)
    : await ofNetwork(file, options, rest);
  // GitHub shows a drawing from a file only: it is written beside the text.
  const isBeside = out !== undefined && format === "markdown";
  const drawing = isBeside || format === "svg" ? d.toSvg() : undefined;
  const beside =
    isBeside && drawing ? `${out.slice(0, out.length - extname(out).length)}.svg` : undefined;
  const text = (): string => {
    switch (format) {
      case "text":
        return d.toText({
          width: out === undefined ? width() : 100,
          color: out === undefined && bold("x") !== "x",
        });
      case "markdown":
        return d.toMarkdown(beside ? { drawing: encodeURIComponent(basename(beside)) } : {});
      case "pandoc":
        return d.toMarkdown({ flavor: "pandoc" });
      case "latex":
        return d.toLatex();
      case "html":
        return d.toHtml();
      case "json":
        return `${JSON.stringify(d, null, 1)}\n`;
      case "svg":
        return drawing ? `${drawing}\n` : noDrawing();
    }
  };
  if (out === undefined) process.stdout.write(text());
  else await write(out, text());
  if (beside && drawing) await write(beside, `${drawing}\n`);
  return d.data.passed ? exit.ok : exit.no;
}

/** Says that a trained network's first values are taken, where nobody asked for them. */
export async function noteFirstValues(file: string, { checkpoint }: FileOptions): Promise<void> {
  const beside = checkpointOf(file);
  if (checkpoint !== undefined || (await isRunFolder(file)) || !(await isThere(beside))) return;
  remark(`These are the first values; for those of ${beside}: --checkpoint ${quoted(beside)}`);
}

async function ofNetwork(file: string, options: FileOptions, rest: ExplainOptions) {
  const { trainer, remarks: _, ...subject } = await subjectOf(file, options);
  await noteFirstValues(file, options);
  return derive(trainer, { ...rest, ...subject });
}

function ofExpression(
  text: string,
  values: readonly string[] | undefined,
  options: CommandOptions,
  rest: ExplainOptions,
) {
  const { expression, inputs } = typedSubject(text, values, { ...options });
  return derive(expression, { ...rest, inputs });
}

const write = (path: string, text: string) => writeAtomically(path, new TextEncoder().encode(text));

const noDrawing = (): never =>
  fail("unsupported", {
    message: "This network is not drawn.",
    expected: "layers with weight matrices: at most 5, of at most 6 units each",
    fix: "Choose another --format.",
  });
