/** What `train` writes of a run besides its checkpoint: a page, curves, a table of epochs. */

import { join } from "node:path";
import { numerics } from "../core/numerics.ts";
import { sizeOf } from "../core/shape.ts";
import { idxShape } from "../data/idx.ts";
import { readText, writeAtomically } from "../files/node.ts";
import { type PreparedNetwork, reader } from "../network-file/index.ts";
import { sourceOf } from "../network-file/source.ts";
import type { RunReportOptions } from "../report/report.ts";
import type { EpochReport, History } from "../train/fit.ts";
import { epochsCsv, type TimedEpoch } from "./csv.ts";
import { besides } from "./run-place.ts";

import { checkWritable } from "./writable.ts";

/** Put here by the build. */
declare const CHAINRULE_VERSION: string;

/** The options of `train` that ask for a file, by name. */
export interface RunFileOptions {
  readonly report?: string;
  readonly plot?: string;
  readonly csv?: string;
  /** A folder, into which goes a file of its own for each run. */
  readonly tensorboard?: string;
}

const optionNames = ["report", "plot", "csv"] as const satisfies readonly (keyof RunFileOptions)[];

/** Finds out before the work whether its files can be written. */
export async function checkRunFiles(options: RunFileOptions): Promise<void> {
  for (const name of optionNames) {
    const path = options[name];
    if (path !== undefined) await checkWritable(path, `--${name}`);
  }
}

/** Whether anybody will ask for the epochs. */
export const wantsEpochs = (options: RunFileOptions): boolean =>
  [...optionNames, "tensorboard" as const].some((name) => options[name] !== undefined);

/** Epochs that may be many, without their confusion matrices. */
export function lightened(report: EpochReport, seconds?: number): TimedEpoch {
  const time = seconds === undefined ? {} : { seconds };
  if (report.validation === undefined) return { ...report, ...time };
  const { confusion: _, ...validation } = report.validation;
  return { ...report, validation, ...time };
}

const write = (path: string, text: string): Promise<void> =>
  writeAtomically(path, new TextEncoder().encode(text));

/** Writes what was asked for; returns the paths. */
export async function writeRunFiles(
  file: string,
  prepared: PreparedNetwork,
  options: RunFileOptions,
  { epochs, stopped }: { readonly epochs: readonly TimedEpoch[]; stopped: History["stopped"] },
): Promise<string[]> {
  const written: string[] = [];
  if (options.csv !== undefined) {
    await write(options.csv, epochsCsv(epochs));
    written.push(options.csv);
  }
  if (options.plot !== undefined) {
    const { curvesFile, curvesOf } = await import("../report/curves.ts");
    await write(options.plot, curvesFile(curvesOf(epochs)));
    written.push(options.plot);
  }
  if (options.tensorboard !== undefined) {
    written.push(await writeEvents(options.tensorboard, epochs));
  }
  if (options.report !== undefined) {
    const { runReport } = await import("../report/index.ts");
    const history = { epochs: [...epochs], stopped };
    const report = await runReport(prepared.trainer, history, await about(file, prepared));
    await write(options.report, report.toHtml());
    written.push(options.report);
  }
  return written;
}

/** Losses and metrics epoch by epoch for TensorBoard; returns the path. */
async function writeEvents(folder: string, epochs: readonly TimedEpoch[]): Promise<string> {
  const { eventFile } = await import("../report/event-file.ts");
  const { mkdir } = await import("node:fs/promises");
  await mkdir(folder, { recursive: true });
  const now = Date.now() / 1000;
  const whole = epochs.at(-1)?.seconds ?? 0;
  const events = epochs.map(({ epoch, loss, accuracy, gradientNorm, validation, seconds = 0 }) => {
    const all = {
      "loss/training": loss,
      "loss/held out": validation?.loss,
      "accuracy/training": accuracy,
      "accuracy/held out": validation?.accuracy,
      "gradient norm/training": gradientNorm,
      "R2/held out": validation?.r2,
      ...Object.fromEntries(
        Object.entries(validation?.metrics ?? {}).map(([name, v]) => [`${name}/held out`, v]),
      ),
    };
    const measured = Object.entries(all).filter(([, v]) => v !== undefined);
    const values = Object.fromEntries(measured) as Record<string, number>;
    return { time: now - whole + seconds, step: epoch, values };
  });
  const path = join(folder, `events.out.tfevents.${Math.floor(now)}.chainrule.${process.pid}`);
  await writeAtomically(path, eventFile(now - whole, events));
  return path;
}

/** What the page says besides what was measured. */
async function about(file: string, prepared: PreparedNetwork): Promise<RunReportOptions> {
  const { network, data, trainer } = prepared;
  const { description, marks, train, validation, notes } = data;
  const { classes } = description;
  const image = await imageOf(file, prepared);
  return {
    data: train,
    ...(validation ? { validation } : {}),
    title: network.name ?? file,
    ...(classes ? { classes } : {}),
    read: reader(network, description, marks),
    ...(image ? { image } : {}),
    facts: {
      training: texts(network.training),
      optimizer: texts({ name: network.optimizer.name, ...network.optimizer.options }),
      loss: texts({ name: network.loss.name, ...network.loss.options }),
      data: { ...places(network.data), "numbers in": String(description.inputs) },
      versions: {
        chainrule: CHAINRULE_VERSION,
        numerics: String(numerics),
        backend: trainer.backend.name,
        "Node.js": `${process.versions.node}, ${process.platform} ${process.arch}`,
        written: `${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC`,
      },
    },
    notes,
    source: sourceOf(network)?.text ?? (await readText(file)),
  };
}

/** Settings as texts. */
const texts = (settings: object): Record<string, string> =>
  Object.fromEntries(
    Object.entries(settings).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, textOf(value)]],
    ),
  );

/** "cosineDecay (initial 0.03, steps 1500)" */
function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).join(", ");
  if (typeof value !== "object" || value === null) return String(value);
  const { name, options, ...others } = value as { name?: unknown; options?: object };
  const inside = Object.entries({ ...others, ...options })
    .flatMap(([key, v]) => (v === undefined ? [] : [`${key} ${textOf(v)}`]))
    .join(", ");
  if (name === undefined) return inside;
  return inside === "" ? String(name) : `${name} (${inside})`;
}

/** Where the examples come from, as far as it is a line. */
function places(data: PreparedNetwork["network"]["data"]): Record<string, string> {
  if (data === undefined) return {};
  const { examples, csv, idx, images, npz, text, generate, validation } = data;
  const inline = examples && `${examples.length} in the network file`;
  const held = typeof validation === "object" ? "data of their own" : validation;
  return {
    ...(inline ? { examples: inline } : {}),
    ...(csv ? { table: csv.file, target: String(csv.target) } : {}),
    ...(idx ? { images: idx.images, labels: idx.labels } : {}),
    ...(images ? { images: images.folder } : {}),
    ...(npz ? { arrays: `${npz.inputs} and ${npz.targets} of ${npz.file}` } : {}),
    ...(text ? { text: text.file } : {}),
    ...(generate ? { generator: textOf(generate) } : {}),
    ...(held === undefined ? {} : { "held out": String(held) }),
  };
}

/** How the inputs are images: as the first layers arrange them, or as their file says. */
async function imageOf(file: string, { network, data }: PreparedNetwork) {
  const { inputs } = data.description;
  const given = (sizes: readonly number[]): RunReportOptions["image"] => {
    if (sizeOf(sizes) !== inputs) return undefined;
    const [a = 0, b = 0, c = 0] = sizes;
    if (sizes.length === 2 && a > 1 && b > 1) return [a, b];
    return sizes.length === 3 && (a === 1 || a === 3) && b > 1 && c > 1 ? [a, b, c] : undefined;
  };
  const [first] = network.layers;
  const { sizes } = (first?.options ?? {}) as { sizes?: readonly number[] };
  const arranged = sizes && given(sizes);
  const { images } = network.data ?? {};
  if (!arranged && images) {
    const [height = 0, width = height] = [images.size].flat();
    return given([images.channels, height, width]);
  }
  if (arranged || !network.data?.idx) return arranged;
  const shape = await idxShape(await besides(file)(network.data.idx.images));
  return given(shape.slice(1));
}
