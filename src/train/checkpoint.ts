/**
 * Checkpoints: a safetensors file with the parameters under their names, the optimizer's memory
 * as "optimizer/<parameter>/<slot>", the parameters that early stopping may go back to as
 * "best/<parameter>", and everything else as JSON in the metadata.
 */
import type { ArrayTensor } from "../core/array-tensor.ts";
import { fail } from "../core/errors.ts";
import { numerics } from "../core/numerics.ts";
import { formatShape, type Shape, sameShape } from "../core/shape.ts";
import { decodeSafetensors, encodeSafetensors } from "../files/safetensors.ts";
import { freshProgress, type Progress } from "./progress.ts";
import type { Trainer } from "./trainer.ts";

const format = "chainrule-checkpoint-1";
/** What is needed, beside the tensors, to go on as if nothing had happened. */
interface Saved {
  /** The version of the arithmetic. */
  readonly numerics: number;
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
function layout(trainer: Trainer, withBest: boolean): Map<string, Shape> {
  const shapes = Object.entries(trainer.model.parameters).map(([n, p]) => [n, p.shape] as const);
  const shapeOf = new Map(shapes);
  const slots = [...trainer.slots.keys()].map((name) => {
    const owner = name.slice(0, name.lastIndexOf("/"));
    return [`optimizer/${name}`, shapeOf.get(owner)!] as const;
  });
  const best = withBest ? shapes.map(([name, shape]) => [`best/${name}`, shape] as const) : [];
  return new Map([...shapes, ...slots, ...best]);
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
  const arrays = new Map(trainer.snapshot());
  for (const [name, data] of trainer.slots) arrays.set(`optimizer/${name}`, data);
  for (const [name, data] of trainer.best ?? []) arrays.set(`best/${name}`, data);
  const tensors = new Map<string, ArrayTensor>();
  for (const [name, shape] of layout(trainer, trainer.best !== undefined)) {
    tensors.set(name, { dtype: trainer.dtype, shape, data: arrays.get(name)! });
  }
  const saved: Saved = {
    numerics,
    seed: trainer.seed,
    learningRate: trainer.learningRate,
    initialRate: trainer.optimizer.learningRate.initial,
    optimizer: trainer.optimizer.name,
    progress: trainer.progress,
    classes: trainer.classes,
  };
  return encodeSafetensors(tensors, { ...extra, format, training: JSON.stringify(saved) });
}

/** Nothing of the trainer is changed unless all of the file fits. */
export function readCheckpoint(trainer: Trainer, bytes: Uint8Array): Record<string, string> {
  const { tensors, metadata } = decodeSafetensors(bytes, { integers: "f64" });
  const { format: found, training, ...extra } = metadata;
  if (found !== format) {
    fail("file-corrupt", {
      message: "This safetensors file is not a checkpoint of chainrule.",
      expected: `metadata with format "${format}"`,
      found: found === undefined ? "no format" : `"${found}"`,
      fix: "Take over its tensors: setParameters(decodeSafetensors(bytes).tensors).",
    });
  }
  const saved = parse(training);
  if (saved.seed !== trainer.seed || saved.optimizer !== trainer.optimizer.name) {
    fail("checkpoint-mismatch", {
      message: "The checkpoint was made with other settings.",
      expected: `seed ${trainer.seed} and ${trainer.optimizer.name}`,
      found: `seed ${saved.seed} and ${saved.optimizer}`,
      fix: `Make the trainer with seed: ${saved.seed} and ${saved.optimizer}(…).`,
    });
  }
  const names = [...tensors.keys()];
  const places = layout(
    trainer,
    names.some((name) => name.startsWith("best/")),
  );
  for (const [name, shape] of places) {
    const t = tensors.get(name);
    if (t?.dtype === trainer.dtype && sameShape(t.shape, shape)) continue;
    fail("checkpoint-mismatch", {
      message: `The checkpoint does not fit this model at ${name}.`,
      expected: `${trainer.dtype}${formatShape(shape)}`,
      found: t === undefined ? "no such tensor" : `${t.dtype}${formatShape(t.shape)}`,
      ...(t !== undefined && sameShape(t.shape, shape)
        ? { fix: `Make the trainer with dtype: "${t.dtype}".` }
        : {}),
    });
  }
  const unknown = names.find((name) => !places.has(name));
  if (unknown !== undefined) {
    fail("checkpoint-mismatch", {
      message: "The checkpoint has a tensor that this model has not.",
      expected: [...places.keys()].join(", "),
      found: unknown,
    });
  }
  const part = (prefix: string, keys: Iterable<string>) =>
    new Map(Array.from(keys, (key) => [key, tensors.get(prefix + key)!.data] as const));
  const parameters = Object.keys(trainer.model.parameters);
  trainer.restore({
    values: part("", parameters),
    slots: part("optimizer/", trainer.slots.keys()),
    best: places.has(`best/${parameters[0]}`) ? part("best/", parameters) : undefined,
    progress: saved.progress,
    learningRate: resumedRate(saved, trainer),
    formerRate: saved.learningRate,
    classes: saved.classes,
    numerics: saved.numerics,
  });
  return extra;
}

/** What to say before training goes on from a state that another arithmetic has made. */
export function numericsNote({ numerics: before }: Trainer): string | undefined {
  if (before === numerics) return undefined;
  const which = before < numerics ? "an older" : "a newer";
  return (
    `The checkpoint comes from ${which} version of chainrule's arithmetic (${before}; this is ` +
    `${numerics}): training goes on, but its last digits are not those of one that never stopped.`
  );
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
  const { numerics = 1, seed, learningRate, initialRate, optimizer, classes } = saved;
  const p: Partial<Progress> = saved.progress ?? {};
  const whole = (n: unknown) => Number.isSafeInteger(n) && (n as number) >= 0;
  const checks: Readonly<Record<string, boolean>> = {
    numerics: whole(numerics),
    seed: Number.isSafeInteger(seed),
    learningRate: Number.isFinite(learningRate),
    initialRate: initialRate === undefined || Number.isFinite(initialRate),
    optimizer: typeof optimizer === "string",
    steps: whole(p.steps),
    epoch: whole(p.epoch),
    position: whole(p.position) && p.position! <= (p.examples ?? 0),
    examples: whole(p.examples),
    loss: Number.isFinite(p.loss),
    weight: p.weight === undefined || (Number.isFinite(p.weight) && p.weight >= 0),
    correct: p.correct === null || whole(p.correct),
    history: Array.isArray(p.history) && p.history.every((r) => whole(r?.epoch)),
    best: p.best === null || Number.isFinite(p.best),
    waited: whole(p.waited),
    stopped: typeof p.stopped === "boolean",
    classes:
      classes === undefined ||
      (Array.isArray(classes) && classes.every((name) => typeof name === "string")),
  };
  const wrong = Object.keys(checks).filter((name) => !checks[name]);
  if (wrong.length > 0) return bad(`nothing sensible under ${wrong.join(", ")}`);
  const progress = freshProgress();
  // Of what else the file may hold, nothing is taken over.
  for (const name of Object.keys(progress)) Object.assign(progress, { [name]: p[name as "steps"] });
  if (p.weight !== undefined) progress.weight = p.weight;
  return {
    numerics,
    seed: seed!,
    learningRate: learningRate!,
    initialRate,
    optimizer: optimizer!,
    progress,
    classes,
  };
}
