/** chainrule evaluate FILE | CHECKPOINT: loss and metrics on data that were not trained on. */

import { ChainruleError, fail } from "../core/errors.ts";
import { shown } from "../core/wording.ts";
import type { Dataset } from "../data/dataset.ts";
import { imageFolder } from "../data/images.ts";
import { preprocessDataset } from "../data/preprocessing.ts";
import { readBytes } from "../files/node.ts";
import { outputsFrom } from "../network-file/build.ts";
import { arraysDataset } from "../network-file/datasets.ts";
import { imageOptions } from "../network-file/image-folders.ts";
import { prepareNetwork } from "../network-file/index.ts";
import { fitTargets } from "../network-file/targets.ts";
import { decodedText, textDataset, tokenizerOf } from "../network-file/texts.ts";
import { inRows } from "../network-file/windows.ts";
import { classScores } from "../report/charts.ts";
import { confusionLines, metrics } from "./describe.ts";
import { exit } from "./failure.ts";
import { quoted, self } from "./files.ts";
import { count, formatNumber, percent, plural } from "./numbers.ts";
import { inputsNamed, withData } from "./predict.ts";
import { checkWidth, imagesAt, inFileLater, isArchive, readRows, standardInput } from "./rows.ts";
import { besides } from "./run-place.ts";
import { bold, columns, dim, print, printJson, remark } from "./terminal.ts";
import { loadTrained } from "./trained.ts";

interface EvaluateOptions {
  readonly data?: string;
  /** Another word for `data`. */
  readonly csv?: string;
  readonly checkpoint?: string;
  readonly set?: readonly string[];
  readonly untrained?: boolean;
  readonly averages?: boolean;
  readonly json?: boolean;
}

type Loaded = Awaited<ReturnType<typeof loadTrained>>;

/** What is measured: a table, or what the network file held out, or else what it trains on. */
async function dataOf(loaded: Loaded, path: string, table: string | undefined) {
  const { network, description, trainer } = loaded;
  if (table === undefined) {
    if (path.endsWith(".safetensors")) {
      return fail("usage", {
        message: "A checkpoint holds no data to measure.",
        expected: "--data PATH, or the network file",
        found: "neither",
        where: "the command line",
        fix: `Say for example: ${self()} evaluate ${quoted(path)} --data rows.csv`,
      });
    }
    const { data } = await prepareNetwork(network, besides(path));
    const part = data.validation ? "held out" : "trained on";
    return { part, data: data.validation ?? data.train, notes: data.notes };
  }
  const { preprocessing, classes } = description;
  const { images, npz, text } = network.data ?? {};
  const width = outputsFrom(trainer.model, description.inputs);
  if (text) {
    const words = table === "-" ? await standardInput() : decodedText(await readBytes(table));
    const tokens = await tokenizerOf(text, classes ?? []);
    const data = await inFileLater(table, async () => textDataset(words, tokens, text));
    return { part: table, data: fitTargets(network, data, width).convert(data), notes: [] };
  }
  if (images) {
    const { files, notes } = await imagesAt(table);
    const given = await imageFolder(files, {
      ...imageOptions(images, network.training.dtype),
      ...(classes ? { classes } : {}),
    });
    return { part: table, data: fitted(loaded, given.data, width, table), notes };
  }
  if (npz && isArchive(table)) {
    const bytes = await readBytes(table);
    const { dtype } = network.training;
    // Whether targets are labels was decided in training.
    const section = { ...npz, targetType: classes ? "category" : "number" } as const;
    const data = await inFileLater(table, async () => {
      const given = await arraysDataset(bytes, section, dtype, classes);
      checkWidth(given.inputs, description, npz.inputs);
      return fitted(loaded, given, width, npz.targets);
    });
    return { part: table, data, notes: [] };
  }
  if (preprocessing === undefined) {
    return fail("usage", {
      message: "This network was not trained on a table, so that no table says its targets.",
      expected: "a network file with data: { csv: … }",
      found: quoted(path),
      fix: "Leave --data out: the data of the network file are measured.",
    });
  }
  const targets = [preprocessing.target].flat().map(({ name }) => name);
  const read = await readRows(table, loaded, [...inputsNamed(preprocessing), ...targets]);
  const { notes } = read;
  const rows: Dataset = inRows(preprocessDataset(preprocessing, read.table));
  return { part: table, data: fitTargets(network, rows, width).convert(rows), notes };
}

/** Targets as the loss takes them; those that it cannot take are the file's fault, not the network's. */
function fitted({ network }: Loaded, data: Dataset, outputs: number, name: string): Dataset {
  try {
    return fitTargets(network, data, outputs).convert(data);
  } catch (cause) {
    if (!(cause instanceof ChainruleError)) throw cause;
    return fail("data-invalid", {
      message: "These targets are not like those that the network was trained on.",
      expected: `targets for ${plural(outputs, "output")} and the loss ${network.loss.name}`,
      found: `the shape [${data.targets.shape.join(", ")}], in ${shown(name)}`,
      fix: "Give targets of the shape of those in training.",
      cause,
    });
  }
}

/** In quotation marks where a line would not show it, such as a space or the end of a line. */
const visible = (name: string): string =>
  name.trim() === name && !/\p{Cc}/u.test(name) && name !== "" ? name : JSON.stringify(name);

export async function evaluateCommand(path: string, options: EvaluateOptions): Promise<number> {
  const { json: _, ...given } = withData(options);
  const loaded = await loadTrained(path, given);
  const { part, data, notes } = await dataOf(loaded, path, given.data);
  const result = await loaded.trainer.evaluateAsync(data, { metrics: "all" });
  const { classes } = loaded.description;
  const scores = result.confusion && classScores(result.confusion);
  const name = (label: number) => classes?.[label] ?? String(label);
  if (options.json) {
    printJson({
      data: part,
      examples: data.size,
      ...result,
      ...(scores ? { classes: scores.map((s, i) => ({ class: name(i), ...s })) } : {}),
      ...(notes.length === 0 ? {} : { notes }),
    });
    return exit.ok;
  }
  for (const note of notes) remark(note);
  print(`${bold(part)}  ${plural(data.size, "example")}   ${metrics(result, data.size)}`);
  const named = Object.entries(result.metrics ?? {});
  if (named.length > 0 && data.size > 1) {
    print(named.map(([name, value]) => `${dim(name)} ${formatNumber(value, 4)}`).join("   "));
  }
  if (!result.confusion || !scores) return exit.ok;
  const matrix = confusionLines(result.confusion, classes);
  for (const line of matrix.length === 0 ? [""] : ["", ...matrix, ""]) print(line);
  const share = (x: number | undefined) => (x === undefined ? "–" : percent(x));
  const rows = scores.flatMap((s, i) =>
    // Outputs beyond the classes: a table for more tokens than a text has.
    classes && i >= classes.length && s.examples === 0 && s.precision === undefined
      ? []
      : [[visible(name(i)), count(s.examples), share(s.precision), share(s.recall), share(s.f1)]],
  );
  const head = ["class", "examples", "precision", "recall", "F₁"].map(dim);
  for (const line of columns([head, ...rows], "<>", 3)) print(line);
  return exit.ok;
}
