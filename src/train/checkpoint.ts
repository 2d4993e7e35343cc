/**
 * Checkpoints: a safetensors file with the parameters under their names, the optimizer's memory
 * as "optimizer/<parameter>/<slot>", and everything else as JSON in the metadata.
 */
import type { ArrayTensor } from "../core/array-tensor.ts";
import type { TypedArray } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import { formatShape, sizeOf } from "../core/shape.ts";
import { decodeSafetensors, encodeSafetensors } from "../io/safetensors.ts";
import type { Progress } from "./fit.ts";
import type { Trainer } from "./trainer.ts";

const format = "chainrule-checkpoint-1";
const prefix = "optimizer/";

/** What is needed, beside the tensors, to go on as if nothing had happened. */
interface Saved {
  readonly seed: number;
  readonly learningRate: number;
  readonly optimizer: string;
  readonly progress: Progress;
}

export function writeCheckpoint(trainer: Trainer, extra: Readonly<Record<string, string>>) {
  const tensors: Record<string, ArrayTensor> = {};
  const shapeOf = (name: string) => trainer.model.parameters[name]!.shape;
  for (const [name, data] of trainer.snapshot()) {
    tensors[name] = { dtype: trainer.dtype, shape: shapeOf(name), data };
  }
  for (const [name, data] of trainer.slots) {
    const shape = shapeOf(name.slice(0, name.lastIndexOf("/")));
    tensors[prefix + name] = { dtype: trainer.dtype, shape, data };
  }
  const saved: Saved = {
    seed: trainer.seed,
    learningRate: trainer.learningRate,
    optimizer: trainer.optimizer.name,
    progress: trainer.progress,
  };
  return encodeSafetensors(tensors, { ...extra, format, training: JSON.stringify(saved) });
}

export function readCheckpoint(trainer: Trainer, bytes: Uint8Array): Record<string, string> {
  const { tensors, metadata } = decodeSafetensors(bytes);
  const { format: found, training, ...extra } = metadata;
  if (found !== format) {
    fail("file-corrupt", {
      message: "This safetensors file is not a checkpoint of chainrule.",
      expected: `metadata with format "${format}"`,
      found: found === undefined ? "no format" : `"${found}"`,
      fix: "Read its tensors with decodeSafetensors and pass them to setParameters.",
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
  const take = (name: string, size: number): TypedArray => {
    const t = tensors.get(name);
    if (t === undefined || t.data.length !== size || t.dtype !== trainer.dtype) {
      fail("checkpoint-mismatch", {
        message: `The checkpoint does not fit this model at ${name}.`,
        expected: `${size} elements of ${trainer.dtype}`,
        found: t === undefined ? "no such tensor" : `${t.dtype}${formatShape(t.shape)}`,
      });
    }
    return t.data;
  };
  const values = new Map<string, TypedArray>();
  for (const [name, { shape }] of Object.entries(trainer.model.parameters)) {
    values.set(name, take(name, sizeOf(shape)));
  }
  const slots = new Map<string, TypedArray>();
  for (const [name, data] of trainer.slots) slots.set(name, take(prefix + name, data.length));
  // A name of "optimizer/…" can be a parameter's own only if the model has it.
  const unknown = [...tensors.keys()].find(
    (name) => !values.has(name) && !slots.has(name.slice(prefix.length)),
  );
  if (unknown !== undefined) {
    fail("checkpoint-mismatch", {
      message: "The checkpoint has a tensor that this model has not.",
      expected: [...values.keys()].join(", "),
      found: unknown,
    });
  }
  trainer.restore(values, slots, saved.progress, saved.learningRate);
  return extra;
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
    saved = JSON.parse(text ?? "") as Partial<Saved>;
  } catch {
    return bad(text === undefined ? "nothing" : "no JSON");
  }
  const p = saved?.progress;
  const counts = [p?.steps, p?.epoch, p?.position, p?.waited];
  const whole = counts.every((n) => Number.isSafeInteger(n) && n! >= 0);
  const numbers = [saved?.seed, saved?.learningRate, p?.loss].every((n) => typeof n === "number");
  if (!whole || !numbers || !Array.isArray(p?.history))
    return bad("fields that are missing or odd");
  // JSON has no NaN: "not counted" is stored as null.
  return { ...saved, progress: { ...p, correct: p?.correct ?? Number.NaN } } as Saved;
}
