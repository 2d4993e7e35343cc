/** In what a checkpoint differs from the trainer that it is loaded into, and what of it may. */

import type { TypedArray } from "../core/dtype.ts";
import { type ErrorFacts, fail } from "../core/errors.ts";
import { checkNames } from "../core/options.ts";
import { formatShape, type Shape, sameShape } from "../core/shape.ts";
import { Tensor } from "../core/tensor.ts";
import { listed, shown } from "../core/wording.ts";
import type { StoredTensor } from "../files/safetensors-types.ts";
import type { Trainer } from "./trainer.ts";

const kinds = ["seed", "optimizer", "dtype", "parameters"] as const;

/** In what a checkpoint and a trainer can differ. */
type Differing = (typeof kinds)[number];

/** What of a checkpoint need not be as in the trainer. */
export interface LoadOptions {
  /**
   * - `seed`: the order of the data and dropout are those of the trainer's seed from now on.
   * - `dtype`: values are rounded to the trainer's element type.
   * - `optimizer`: another one, with other settings that it remembers by, or other frozen parameters.
   * - `parameters`: some have another name or shape, or are not there: they stay as they are.
   *
   * Where optimizer or parameters do differ, nothing but values is taken over: the optimizer's memory,
   * steps and history begin as in a new trainer. Losses, learning rates and schedules always may.
   * Default none.
   */
  readonly differs?: readonly Differing[];
}

/** An array of the trainer's state: where it stands in a checkpoint, and of which shape it is. */
export interface Place {
  readonly part: "values" | "slots" | "best";
  /** The parameter or buffer that it belongs to. */
  readonly of: string;
  readonly name: string;
  readonly path: string;
  readonly shape: Shape;
}

interface Difference {
  readonly kind: Differing;
  readonly facts: ErrorFacts;
  /** How the trainer would have to be made. */
  readonly way: string;
}

type Tensors = ReadonlyMap<string, StoredTensor>;
type Made = Readonly<Record<"seed", number>> & Readonly<Record<"optimizer", string>>;

export function checkLoadOptions(options: LoadOptions): ReadonlySet<Differing> {
  checkNames("fromBytes", options, ["differs"]);
  const { differs = [] } = options;
  const isList = Array.isArray(differs);
  const wrong = isList ? differs.find((kind) => !kinds.includes(kind)) : differs;
  if (!isList || wrong !== undefined) {
    fail("bad-argument", {
      message: "fromBytes cannot let this differ.",
      expected: `a list of ${listed(kinds)}; losses and learning rates may differ without it`,
      found: shown(wrong),
    });
  }
  return new Set(differs);
}

/** All differences, those of settings first. */
export function differencesFrom(
  trainer: Trainer,
  saved: Made,
  tensors: Tensors,
  places: readonly Place[],
): Difference[] {
  const found = settings(trainer, saved);
  const values = new Map<string, Place>();
  for (const place of places) if (place.part === "values") values.set(place.name, place);
  const fits = (place: Place | undefined) =>
    place !== undefined && isLike(tensors.get(place.path), place.shape);
  const kindOf = (part: Place["part"], of: string): Differing =>
    part === "slots" && fits(values.get(of)) ? "optimizer" : "parameters";
  for (const { part, of, path, shape } of places) {
    const t = tensors.get(path);
    const like = isLike(t, shape);
    if (like && t.dtype === trainer.dtype) continue;
    const kind = like ? "dtype" : kindOf(part, of);
    found.push({
      kind,
      facts: {
        message: `The checkpoint does not fit this model at ${path}.`,
        expected: `${trainer.dtype}${formatShape(shape)}`,
        found: t === undefined ? "no such tensor" : `${t.dtype}${formatShape(t.shape)}`,
      },
      way: like ? `Make the trainer with dtype: "${t.dtype}"` : ways[kind],
    });
  }
  const known = places.map(({ path }) => path);
  for (const name of tensors.keys()) {
    if (known.includes(name)) continue;
    const [, of = ""] = /^optimizer\/(.*)\/[^/]*$/.exec(name) ?? [];
    const kind = kindOf(of === "" ? "values" : "slots", of);
    found.push({
      kind,
      facts: {
        message: "The checkpoint has a tensor that this model has not.",
        expected: known.join(", "),
        found: name,
      },
      way: ways[kind],
    });
  }
  return found;
}

const ways: Readonly<Record<Differing, string>> = {
  seed: "Make the trainer with the checkpoint's seed",
  dtype: "Make the trainer with the checkpoint's dtype",
  optimizer: "Freeze the same parameters, and give the optimizer the settings that it had",
  parameters: "Load it into the model that it was saved from",
};

const isLike = (t: StoredTensor | undefined, shape: Shape): t is Tensor =>
  t instanceof Tensor && sameShape(t.shape, shape);

function settings({ seed, optimizer }: Trainer, saved: Made): Difference[] {
  const facts: ErrorFacts = {
    message: "The checkpoint was made with other settings.",
    expected: `seed ${seed} and ${optimizer.name}`,
    found: `seed ${saved.seed} and ${saved.optimizer}`,
  };
  const way = `Make the trainer with seed: ${saved.seed} and ${saved.optimizer}(…)`;
  const differ = { seed: saved.seed !== seed, optimizer: saved.optimizer !== optimizer.name };
  return (["seed", "optimizer"] as const).flatMap((kind) =>
    differ[kind] ? [{ kind, facts, way }] : [],
  );
}

/** @throws ChainruleError "checkpoint-mismatch", which says of all that differs that it may. */
export function refuseOthers(found: readonly Difference[], may: ReadonlySet<Differing>): void {
  const first = found.find(({ kind }) => !may.has(kind));
  if (first === undefined) return;
  const all = kinds.filter((one) => found.some(({ kind }) => kind === one));
  // The catalogue's fix is for parameters.
  if (all.join() === "parameters") fail("checkpoint-mismatch", first.facts);
  fail("checkpoint-mismatch", {
    ...first.facts,
    fix: `${first.way}, or say what may differ: { differs: ${JSON.stringify(all)} }.`,
  });
}

/** The values that fit, by name. */
export function valuesThatFit(
  places: readonly Place[],
  part: Place["part"],
  read: (name: string, shape: Shape, t: Tensor) => TypedArray,
  tensors: Tensors,
): Map<string, TypedArray> {
  const values = new Map<string, TypedArray>();
  for (const { part: own, name, path, shape } of places) {
    const t = tensors.get(path);
    if (own === part && isLike(t, shape)) values.set(name, read(name, shape, t));
  }
  return values;
}
