/**
 * Checkpoints: a safetensors file with parameters and buffers under their names, the optimizer's
 * memory as "optimizer/<parameter>/<slot>", the values that early stopping may go back to as
 * "best/<name>", and everything else as JSON in the metadata.
 */

import { type ArrayTensor, elementsOf } from "../core/array-tensor.ts";
import { entryOf, mapEntries } from "../core/by-name.ts";
import { fail } from "../core/errors.ts";
import { isNumber, isRecord } from "../core/kinds.ts";
import { numerics } from "../core/numerics.ts";
import type { Shape } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { decodeSafetensors, encodeSafetensors } from "../files/safetensors.ts";
import { slotSpecs } from "../step/parameters.ts";
import {
  checkLoadOptions,
  differencesFrom,
  type LoadOptions,
  type Place,
  refuseOthers,
  valuesThatFit,
} from "./checkpoint-differences.ts";
import { elementsFor } from "./given-values.ts";
import { freshProgress, type Progress } from "./progress.ts";
import { firstSlots, modelValues } from "./state.ts";
import type { Trainer } from "./trainer.ts";

/** What the metadata of a checkpoint call it. */
export const checkpointFormat = "chainrule-checkpoint-1";

/** Whether a tensor of a checkpoint is none of the model: the optimizer's memory, the best values. */
export const isTrainingState = (name: string): boolean => /^(?:optimizer|best)\//.test(name);

/** What is needed, beside the tensors, to go on as if nothing had happened. */
interface Saved {
  /** The version of the arithmetic. */
  readonly numerics: number;
  /** The backend that the state was trained on. */
  readonly backend?: string | undefined;
  /** Whether its bits were those of every compiled backend. */
  readonly deterministic?: boolean | undefined;
  readonly seed: number;
  readonly learningRate: number;
  /** The rate that the optimizer was made with; it may have been changed by hand since. */
  readonly initialRate?: number | undefined;
  readonly optimizer: string;
  readonly progress: Progress;
  readonly classes?: readonly string[] | undefined;
}

/** Metadata that the user's own may not replace. */
const reserved = ["format", "training"];

/** The place of each array of the trainer's state in the file, with its shape. */
function layout({ model, optimizer }: Trainer, withBest: boolean): Place[] {
  const values = Object.entries(modelValues(model)).map(([name, { shape }]) => ({ name, shape }));
  const own = (part: "values" | "best", prefix: string): Place[] =>
    values.map(({ name, shape }) => ({ part, of: name, name, path: prefix + name, shape }));
  const slots = Object.entries(slotSpecs(model, optimizer)).map(
    ([name, { parameter, shape }]): Place => ({
      ...{ part: "slots", of: parameter, name, path: `optimizer/${name}`, shape },
    }),
  );
  return [...own("values", ""), ...slots, ...(withBest ? own("best", "best/") : [])];
}

export function writeCheckpoint(trainer: Trainer, extra: Readonly<Record<string, string>>) {
  const taken = reserved.find((name) => name in extra);
  if (taken !== undefined) {
    fail("bad-argument", {
      message: "This name in a checkpoint's metadata is taken.",
      expected: `names other than ${reserved.join(" and ")}`,
      found: taken,
    });
  }
  const { best } = trainer;
  const parts = {
    values: trainer.arrays(),
    slots: Object.fromEntries(trainer.slots),
    best: Object.fromEntries(best ?? []),
  };
  const tensors = new Map<string, ArrayTensor>();
  for (const { part, name, path, shape } of layout(trainer, best !== undefined)) {
    tensors.set(path, { dtype: trainer.dtype, shape, data: entryOf(parts[part], name) });
  }
  const saved: Saved = {
    numerics,
    backend: trainer.backend.name,
    deterministic: trainer.bits.deterministic || undefined,
    seed: trainer.seed,
    learningRate: trainer.learningRate,
    initialRate: trainer.optimizer.learningRate.initial,
    optimizer: trainer.optimizer.name,
    progress: trainer.progress,
    classes: trainer.classes,
  };
  return encodeSafetensors(tensors, {
    ...extra,
    format: checkpointFormat,
    training: JSON.stringify(saved),
  });
}

/** Nothing of the trainer is changed unless all of the file fits that has to. */
export function readCheckpoint(
  trainer: Trainer,
  bytes: Uint8Array,
  options: LoadOptions,
): Record<string, string> {
  const may = checkLoadOptions(options);
  const { tensors, metadata } = decodeSafetensors(bytes, { integers: "f64" });
  const { format: found, training, ...extra } = metadata;
  if (found !== checkpointFormat) {
    fail("file-corrupt", {
      message: "This safetensors file is not a checkpoint of chainrule.",
      expected: `metadata with format "${checkpointFormat}"`,
      found: found === undefined ? "no format" : `"${found}"`,
      fix: "Take over its tensors: setParameters(decodeSafetensors(bytes).tensors).",
    });
  }
  const saved = parse(training);
  const hasBest = [...tensors.keys()].some((name) => name.startsWith("best/"));
  const places = layout(trainer, hasBest);
  const differ = differencesFrom(trainer, saved, tensors, places);
  refuseOthers(differ, may);
  const read = (name: string, shape: Shape, t: Tensor) =>
    t.dtype === trainer.dtype ? elementsOf(t) : elementsFor(name, shape, t, trainer.dtype);
  const part = (which: Place["part"]) => valuesThatFit(places, which, read, tensors);
  const values = part("values");
  const rates = { learningRate: resumedRate(saved, trainer), formerRate: saved.learningRate };
  const goesOn = differ.every(({ kind }) => kind === "seed" || kind === "dtype");
  const { progress, classes, numerics, backend: name, deterministic = false } = saved;
  const trainedOn = name === undefined ? undefined : { name, deterministic };
  trainer.restore(
    goesOn
      ? {
          ...rates,
          ...{ values, slots: part("slots"), best: hasBest ? part("best") : undefined },
          ...{ progress, classes, numerics, trainedOn },
        }
      : {
          ...{ learningRate: trainer.learningRate, formerRate: trainer.learningRate },
          ...{ values, slots: new Map(Object.entries(firstSlots(trainer))), best: undefined },
          ...{ progress: freshProgress(), classes: undefined, numerics, trainedOn },
        },
  );
  return extra;
}

/** What to say before training goes on from a state that another arithmetic or backend has made. */
export function originNotes(trainer: Trainer): string[] {
  const { numerics: before, trainedOn, backend, bits } = trainer;
  const notes: string[] = [];
  if (before !== numerics) {
    const which = before < numerics ? "an older" : "a newer";
    notes.push(
      `The checkpoint comes from ${which} version of chainrule's arithmetic (${before}; this is ` +
        `${numerics}): training goes on, but its last digits are not those of one that never stopped.`,
    );
  }
  const { name = backend.name } = trainedOn ?? {};
  // Strict bits are those of all that is compiled; and a trainer may have been made to go over to another.
  const strict = bits.deterministic && trainedOn?.deterministic === true;
  const alike = strict && [name, backend.name].every((one) => one === "c" || one === "wasm");
  if (name !== backend.name && !alike && bits.reproducible) {
    notes.push(
      `The checkpoint was trained on the backend "${name}", and this is "${backend.name}": ` +
        "training goes on, but its last digits may be others than those of one that never stopped.",
    );
  }
  return notes;
}

/** What to say where a trainer was made with another learning rate than the checkpoint's. */
export const rateNote = (former: number, now: number): string | undefined =>
  now === former
    ? undefined
    : `The learning rate is ${now}, as this trainer was made with, and no longer ${former}.`;

/** A trainer made with another rate than the checkpoint's was made with keeps its own. */
function resumedRate({ learningRate, initialRate }: Saved, { optimizer }: Trainer): number {
  const own = optimizer.learningRate.initial;
  return own === (initialRate ?? learningRate) ? learningRate : own;
}

function parse(text: string | undefined): Saved {
  const bad = (found: string): never =>
    fail("file-corrupt", {
      message: "The checkpoint's metadata cannot be read.",
      expected: 'JSON under "training", as written by save',
      found,
    });
  let saved: Partial<Saved>;
  try {
    saved = (JSON.parse(text ?? "") ?? {}) as Partial<Saved>;
  } catch {
    return bad(text === undefined ? "nothing" : "no JSON");
  }
  const progressGiven = { ...formerCounts(saved.progress), ...saved.progress };
  const given = { ...saved, numerics: saved.numerics ?? 1, progress: progressGiven };
  const wrong = faults(given);
  if (!areSound(given, wrong)) return bad(`nothing sensible under ${wrong.join(", ")}`);
  const { numerics, backend, seed, learningRate, initialRate, optimizer, classes } = given;
  const { deterministic } = given;
  const { progress: p } = given;
  // Of what else the file may hold, nothing is taken over.
  const progress = freshProgress();
  for (const name of Object.keys(progress)) Object.assign(progress, { [name]: p[name as "steps"] });
  // JSON has no NaN.
  progress.counts = mapEntries<number | null, number>(p.counts, (sum) => sum ?? Number.NaN);
  if (p.weight !== undefined) progress.weight = p.weight;
  if (p.plateau !== undefined) progress.plateau = p.plateau;
  const origin = { numerics, backend, deterministic };
  return { ...origin, seed, learningRate, initialRate, optimizer, progress, classes };
}

/** Once there was one count only, under a name of its own. */
function formerCounts(progress: FormerProgress | null | undefined): Partial<Progress> {
  const correct = progress?.correct;
  if (correct === undefined) return {};
  return { counts: correct === null ? {} : { correct } };
}

type FormerProgress = Partial<Progress> & { readonly correct?: number | null };

interface Given extends Partial<Omit<Saved, "progress">> {
  readonly progress: Partial<Progress>;
}

const areSound = (_: Given, wrong: readonly string[]): _ is Saved => wrong.length === 0;

/** The names of what is not what it has to be. */
function faults({ progress: p, ...saved }: Given): string[] {
  const { seed, learningRate, initialRate, optimizer, classes } = saved;
  const whole = (n: unknown): n is number => isNumber(n, (x) => Number.isSafeInteger(x) && x >= 0);
  const checks: Readonly<Record<string, boolean>> = {
    numerics: whole(saved.numerics),
    backend: saved.backend === undefined || typeof saved.backend === "string",
    deterministic: saved.deterministic === undefined || typeof saved.deterministic === "boolean",
    seed: Number.isSafeInteger(seed),
    learningRate: Number.isFinite(learningRate),
    initialRate: initialRate === undefined || Number.isFinite(initialRate),
    optimizer: typeof optimizer === "string",
    steps: whole(p.steps),
    epoch: whole(p.epoch),
    position: whole(p.position) && p.position <= (p.examples ?? 0),
    examples: whole(p.examples),
    loss: Number.isFinite(p.loss),
    weight: p.weight === undefined || (Number.isFinite(p.weight) && p.weight >= 0),
    counts:
      isRecord(p.counts) &&
      Object.values(p.counts).every((n) => n === null || isNumber(n, Number.isFinite)),
    history: Array.isArray(p.history) && p.history.every((r) => whole(r?.epoch)),
    best: p.best === null || Number.isFinite(p.best),
    waited: whole(p.waited),
    stopped: typeof p.stopped === "boolean",
    plateau:
      p.plateau === undefined ||
      (isRecord(p.plateau) &&
        (p.plateau.best === null || Number.isFinite(p.plateau.best)) &&
        whole(p.plateau.waited) &&
        whole(p.plateau.cooling)),
    classes:
      classes === undefined ||
      (Array.isArray(classes) && classes.every((name) => typeof name === "string")),
  };
  return Object.keys(checks).filter((name) => checks[name] === false);
}
