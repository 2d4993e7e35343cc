/** Takes an optimizer's memory over from elsewhere. */
import type { TypedArray } from "../core/dtype.ts";
import { freshProgress } from "../train/progress.ts";
import type { Trainer } from "../train/trainer.ts";

/** Sets the slots that are given, and how many steps were taken; training then goes on from there. */
export function takeMemory(
  trainer: Trainer,
  memory: ReadonlyMap<string, TypedArray>,
  steps: number,
  learningRate = trainer.learningRate,
): void {
  trainer.restore({
    values: trainer.snapshot(),
    slots: new Map([...trainer.slots, ...memory]),
    best: undefined,
    progress: { ...freshProgress(), steps },
    ...{ learningRate, formerRate: learningRate },
    classes: trainer.classes,
    numerics: trainer.numerics,
    trainedOn: trainer.trainedOn,
  });
}
