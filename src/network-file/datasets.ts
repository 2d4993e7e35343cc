/** Datasets from the data section of a network file. Files are read by what the caller passes. */

import { elementsOf } from "../core/array-tensor.ts";
import { fail } from "../core/errors.ts";
import { isRecord } from "../core/kinds.ts";
import type { Tensor } from "../core/tensor.ts";
import { listed } from "../core/wording.ts";
import { tableCells } from "../data/cells.ts";
import type { Table, TableOptions } from "../data/csv.ts";
import type { Dataset } from "../data/dataset.ts";
import { examples as inlineExamples } from "../data/examples.ts";
import type { ColumnScale } from "../data/fit-rules.ts";
import { idxInputs, idxLabels, labelled, readIdx } from "../data/idx.ts";
import { npzDataset, parseNpz } from "../data/npz.ts";
import { readQuantity } from "../data/number-format.ts";
import { originalTarget, type Preprocessing, preprocessDataset } from "../data/preprocessing.ts";
import { readTable } from "../data/read-table.ts";
import { place } from "../data/records.ts";
import { split } from "../data/split.ts";
import { likelyCauses } from "../data/table-advice.ts";
import { chosenRows, inputColumns } from "../data/table-columns.ts";
import { tableDataset } from "../data/table-dataset.ts";
import { neededTable, typedFile } from "../data/table-file.ts";
import { furtherRows } from "../data/table-in-time.ts";
import { constantTensor } from "../ops/leaf.ts";
import { built, type Chosen } from "./form.ts";
import { generators } from "./generators.ts";
import { readImageFolders } from "./image-folders.ts";
import { fromFile, type Loading, placedAt, type ReadFile, type WhileReading } from "./loading.ts";
import type { CsvSection, ExamplesSection, NetworkFile, NpzSection } from "./network.ts";
import { NetworkFileError, type Path, type Source, sourceOf } from "./source.ts";
import { readTexts } from "./texts.ts";
import { inRows } from "./windows.ts";
import { nearestFix, show } from "./wording.ts";

/** What was read: targets are still as the data have them. */
export interface RawData {
  readonly train: Dataset;
  readonly validation: Dataset | undefined;
  /** Remarks worth showing: columns that are constant, rows that were left out. */
  readonly notes: readonly string[];
  /** The line of a table with this number as its target, for messages. */
  readonly lineOf?: (target: number) => string | undefined;
}

/** Reads the data of a network, training part and validation part. */
export async function readData(
  network: NetworkFile,
  read: ReadFile,
  meanwhile: WhileReading = {},
): Promise<RawData> {
  const source = sourceOf(network);
  const { data } = network;
  if (data === undefined) {
    return fail("file-invalid", {
      message: "The network file names no data.",
      expected: "data: with examples, csv, idx, images, npz, text or generate",
      where: source?.where([]) ?? "the network",
      fix: "Say where the examples are, such as data: { csv: { file: train.csv, target: price } }.",
    });
  }
  const { seed } = network.training;
  const { validation } = data;
  const loading: Loading = { network, source, data, validation, read, meanwhile, seed };
  if (data.csv) return readCsv(loading, data.csv);
  const wholes = await readWhole(loading);
  const { notes = [] } = wholes;
  if (typeof data.validation !== "number") return { ...wholes, notes };
  return { ...split(wholes.train, { validation: data.validation, seed }), notes };
}

/** Everything but tables, which are divided before they become numbers. */
async function readWhole(loading: Loading): Promise<{
  readonly train: Dataset;
  readonly validation: Dataset | undefined;
  readonly notes?: readonly string[];
}> {
  const { data, validation, source } = loading;
  const other = typeof validation === "object" ? validation : undefined;
  if (data.generate) {
    const path = ["data", "generate"];
    return {
      train: placedAt(source, path, () => generated(data.generate as Chosen)),
      validation:
        other?.generate &&
        placedAt(source, ["data", "validation", "generate"], () =>
          generated(other.generate as Chosen),
        ),
    };
  }
  if (data.idx) {
    const { images, labels, ...options } = data.idx;
    const train = await readImages(loading, { images, labels }, options, ["data", "idx"]);
    const classes = train.classes?.length ?? 1;
    const path = ["data", "validation", "idx"];
    return {
      train,
      validation:
        other?.idx && (await readImages(loading, other.idx, { ...options, classes }, path)),
    };
  }
  if (data.npz) {
    const own = await readArrays(loading, data.npz, ["data", "npz"]);
    if (other?.npz === undefined) return { train: own, validation: undefined };
    const held = { ...data.npz, ...other.npz };
    const path = ["data", "validation", "npz"];
    return { train: own, validation: await readArrays(loading, held, path, own.classes) };
  }
  if (data.images) return readImageFolders(loading, data.images);
  if (data.text) return readTexts(loading, data.text);
  const train = placedAt(source, ["data", "examples"], () =>
    inline(data.examples ?? [], data.classes),
  );
  const classes = train.classes ?? data.classes;
  return {
    train,
    validation:
      other?.examples &&
      placedAt(source, ["data", "validation", "examples"], () =>
        inline(other.examples ?? [], classes),
      ),
  };
}

const generated = (chosen: Chosen): Dataset => built(generators, chosen, undefined);

function inline(list: ExamplesSection, classes: readonly string[] | undefined): Dataset {
  return inlineExamples({
    inputs: list.map(({ inputs }) => inputs),
    targets: list.map(({ targets }) =>
      typeof targets === "number" && classes ? (classes[targets] ?? String(targets)) : targets,
    ) as string[],
    ...(classes ? { classes } : {}),
  });
}

async function readImages(
  { read: bytesOf, source, network }: Loading,
  files: { readonly images: string; readonly labels: string },
  options: { readonly classes?: number; readonly scale?: number },
  path: Path,
): Promise<Dataset> {
  const { dtype } = network.training;
  const read = <T>(part: "images" | "labels", use: (read: Tensor) => T): Promise<T> =>
    fromFile(source, files[part], [...path, part], async () =>
      use(await readIdx(await bytesOf(files[part]))),
    );
  // One after the other: with two files wrong, the same one is always named.
  const inputs = await read("images", (images) => idxInputs(images, { ...options, dtype }));
  const labels = await read("labels", idxLabels);
  return fromFile(source, files.labels, [...path, "labels"], async () =>
    labelled(inputs, labels, options.classes),
  );
}

async function readArrays(
  { read, source, network, data }: Loading,
  npz: NpzSection,
  path: Path,
  classes: readonly string[] | undefined = data.classes,
): Promise<Dataset> {
  // What the validation part does not say of itself stands with the training part.
  const place = npz.file === data.npz?.file ? path : [...path, "file"];
  return fromFile(source, npz.file, place, async () =>
    arraysDataset(await read(npz.file), npz, network.training.dtype, classes),
  );
}

/** Arrays of a file as the inputs and targets of a network: each example in a row. */
export async function arraysDataset(
  bytes: Uint8Array,
  { inputs, targets, targetType, scale }: NpzSection,
  dtype: "f32" | "f64",
  classes: readonly string[] | undefined,
): Promise<Dataset> {
  const made = npzDataset(await parseNpz(bytes, { names: [inputs, targets] }), {
    ...{ inputs, targets, scale, dtype },
    ...(targetType === undefined ? {} : { targetType }),
    ...(classes === undefined ? {} : { classes }),
  });
  return { ...made, inputs: exampleRows(made.inputs) };
}

/** The numbers of each example in one row. */
export const exampleRows = (inputs: Tensor): Tensor =>
  constantTensor(elementsOf(inputs), [
    inputs.shape[0] ?? 0,
    inputs.shape.slice(1).reduce((product, n) => product * n, 1),
  ]);

async function readCsv(loading: Loading, csv: CsvSection): Promise<RawData> {
  const { source, data, validation, seed } = loading;
  const path = ["data", "csv"];
  const table = await tableOf(loading, csv.file, csv, [...path, "file"]);
  checkColumns(source, table, csv, path);
  const made = placedAt(
    source,
    path,
    () =>
      tableDataset(table, {
        target: csv.target,
        missing: csv.missing,
        standardize: csv.standardize,
        standardizeTarget: csv.standardizeTarget,
        maxCategories: csv.maxCategories,
        ...(csv.scales ? { scales: csv.scales as Readonly<Record<string, ColumnScale>> } : {}),
        seed,
        ...(data.classes ? { classes: data.classes } : {}),
        ...(csv.inputs ? { inputs: csv.inputs } : {}),
        ...(csv.stratify === undefined ? {} : { stratify: csv.stratify }),
        ...(csv.groups === undefined ? {} : { groups: csv.groups }),
        ...(csv.ordered === undefined ? {} : { ordered: csv.ordered }),
        ...(csv.gap === undefined ? {} : { gap: csv.gap }),
        ...(csv.windows ? { windows: csv.windows } : {}),
        ...(typeof validation === "number" ? { validation } : {}),
      }),
    csv.file,
  );
  const lineOf = linesOf(table, csv, made.preprocessing);
  const own = typeof validation === "object" ? validation.csv : undefined;
  const fitted = { ...made, train: inRows(made.train), lineOf };
  if (own === undefined) {
    return { ...fitted, validation: made.validation && inRows(made.validation) };
  }
  const ownPath = ["data", "validation", "csv"];
  const other = await tableOf(loading, own.file, csv, [...ownPath, "file"]);
  checkColumns(source, other, csv, path);
  const { rows, left } = placedAt(source, ownPath, () => usableRows(other, csv), own.file);
  const dataset = placedAt(
    source,
    ownPath,
    () => preprocessDataset(made.preprocessing, rows),
    own.file,
  );
  const notes = [...(other.notes ?? []), ...left].map((note) => `${own.file}: ${note}`);
  return { ...fitted, validation: inRows(dataset), notes: [...made.notes, ...notes] };
}

/** Finds the first row with a target: the examples are in another order, and may be scaled. */
function linesOf(table: Table, csv: CsvSection, preprocessing: Preprocessing) {
  const columns = [csv.target].flat().map((target) => {
    return table.columns.find(({ name }) => name === target)?.cells ?? [];
  });
  return (target: number): string | undefined => {
    const line = table.lines.find((_, row) =>
      columns.some((cells, k) => {
        const wanted = originalTarget(preprocessing, target, k);
        const bound = 1e-9 * Math.max(1, Math.abs(wanted));
        const cell = cells[row];
        const value = cell === undefined ? undefined : readQuantity(cell, table)?.value;
        return value !== undefined && Math.abs(value - wanted) <= bound;
      }),
    );
    return line === undefined ? undefined : place(csv.file, line);
  };
}

async function tableOf(
  { read, source, meanwhile }: Loading,
  file: string,
  csv: CsvSection,
  path: Path,
): Promise<Table> {
  const { header, delimiter, types, missingValues, decimal, thousands, units, comment } = csv;
  const options: TableOptions = {
    source: file,
    decimal,
    units,
    comment,
    ...(thousands === undefined ? {} : { thousands }),
    ...(header === undefined ? {} : { header }),
    ...(delimiter === undefined ? {} : { delimiter }),
    ...(missingValues === undefined ? {} : { missingValues }),
  };
  return fromFile(source, file, path, async () => {
    const { onReading, signal } = meanwhile;
    const bytes = await read(file);
    const typed = typedFile(file);
    if (typed) checkTyped(typed.name, csv);
    const needed = neededColumns(csv);
    const own = {
      source: file,
      ...(missingValues === undefined ? {} : { missingValues }),
      ...(needed === undefined ? {} : { columns: needed }),
    };
    const table = typed
      ? await neededTable(typed, bytes, own)
      : await readTable(bytes, {
          ...options,
          signal,
          ...(onReading ? { onProgress: (progress) => onReading(file, progress) } : {}),
        });
    // Types are given only after names that do not exist have been reported by their lines.
    const columns = table.columns.map((column) => {
      const type = types && Object.hasOwn(types, column.name) ? types[column.name] : undefined;
      return type === undefined ? column : { ...column, type, declared: true };
    });
    return { ...table, columns };
  });
}

/** The columns that a table is read for, where the network file names its inputs. */
function neededColumns({ target, inputs, groups, ordered, types }: CsvSection) {
  const named = inputColumns(inputs);
  if (named === undefined) return undefined;
  const divided = [groups, ordered].filter((name) => typeof name === "string");
  return [...[target].flat(), ...named, ...divided, ...Object.keys(types ?? {})];
}

/** Refuses what is said of text about a file whose cells have types. */
function checkTyped(name: string, csv: CsvSection): void {
  const { header, delimiter, thousands, comment } = csv;
  const texts = { header, delimiter, thousands, comment: comment === "#" ? undefined : comment };
  const [odd] = Object.entries(texts).filter(([, value]) => value !== undefined);
  if (odd === undefined) return;
  fail("bad-argument", {
    message: `A file of ${name} has no ${odd[0]}.`,
    expected: "what such a file has: names and types of its own",
    found: odd[0],
  });
}

/** Columns that the network file names and the table lacks are reported where they are named. */
function checkColumns(source: Source | undefined, table: Table, csv: CsvSection, path: Path): void {
  if (source === undefined) return;
  const names = table.columns.map(({ name }) => name);
  const named: [Path, string][] = [
    ...placesOf(["target"], csv.target),
    ...(isRecord(csv.inputs)
      ? Object.entries(csv.inputs).flatMap(([part, own]) => placesOf(["inputs", part], own))
      : placesOf(["inputs"], csv.inputs ?? [])),
    ...(csv.groups === undefined ? [] : [[["groups"], csv.groups] as [Path, string]]),
    ...(typeof csv.ordered === "string" ? [[["ordered"], csv.ordered] as [Path, string]] : []),
    ...Object.keys(csv.types ?? {}).map((name): [Path, string] => [["types", name], name]),
  ];
  const taken = new Set(named.flatMap(([[at], name]) => (at === "types" ? [] : [name])));
  const problems = named
    .filter(([, name]) => !names.includes(name))
    .map(([inside, name]) => {
      // Types may be given for columns that are named above; all else takes a column of its own.
      const free = inside[0] === "types" ? names : names.filter((one) => !taken.has(one));
      const near = nearestFix(name, free);
      const fix = [...(near === undefined ? [] : [near]), ...likelyCauses(table, name)].join(" ");
      return source.problem([...path, ...inside], {
        message: `The table ${show(table.source ?? "")} has no column ${show(name)}.`,
        expected: `one of ${listed(names)}`,
        fix: fix || "Name one of these columns.",
      });
    });
  if (problems.length > 0) throw new NetworkFileError(problems, "data-invalid");
}

/** A name, or several, with where each stands. */
const placesOf = (path: Path, names: string | readonly string[]): [Path, string][] =>
  typeof names === "string" ? [[path, names]] : names.map((name, i) => [[...path, i], name]);

/** The rows of a further table that have what the policy on missing values asks for. */
function usableRows(table: Table, csv: CsvSection): { rows: Table; left: string[] } {
  const cells = tableCells(table);
  const [targets, inputs] = [[csv.target].flat(), inputColumns(csv.inputs)];
  // Of windows no row may be missing in between: what a cell lacks is reported where it is read.
  const used = (csv.windows || csv.missing === "error" ? [] : table.columns)
    .filter(
      ({ name }) =>
        targets.includes(name) ||
        (csv.missing === "drop" && (inputs === undefined || inputs.includes(name))),
    )
    .map(({ name }) => cells.column(name));
  const windows = csv.windows && { ordered: csv.ordered };
  const rows = furtherRows(table, windows).filter(
    (row) => !used.some((cell) => cell(row) === undefined),
  );
  const left = table.size - rows.length;
  if (left === 0) return { rows: table, left: [] };
  return {
    rows: chosenRows(table, rows),
    left: [`${left} of ${table.size} rows are empty or have missing values and were left out.`],
  };
}
