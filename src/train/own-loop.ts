/** Steps of a loop of one's own: a batch of tensors is checked once, and stays where the program is. */

import { isRecord } from "../core/kinds.ts";
import { Tensor } from "../core/tensor.ts";
import type { Parallel } from "../parallel/parallel.ts";
import { type Data, toDataset } from "./classes.ts";
import type { JointTraining } from "./joint.ts";
import type { GivenBatch, Ring } from "./ring.ts";
import { stepFor } from "./single-step.ts";
import type { Trainer } from "./trainer.ts";
import type { TrainerOptions } from "./trainer-options.ts";

/** The data in the trainer's element type, checked. */
export function batchFrom(trainer: Trainer, data: Data) {
  const dataset = toDataset(data, trainer);
  trainer.tasks.check(dataset, "data");
  const { inputs, targets } = trainer.batchOf(dataset);
  return { inputs, targets, classes: dataset.classes };
}

type Join = (trainer: Trainer, parallel: Parallel, options: TrainerOptions) => JointTraining;

/** What trains with several processes, where there are some. */
export function joinedBy(trainer: Trainer, options: TrainerOptions): JointTraining | undefined {
  const { parallel } = options;
  return parallel && (parallel.join as Join)(trainer, parallel, options);
}

/** One update by several processes. */
export function jointStep(trainer: Trainer, data: Data): number {
  const { inputs, targets, classes } = batchFrom(trainer, data);
  const { loss } = trainer.stepOn(inputs, targets);
  trainer.learn(classes);
  return loss;
}

export class OwnLoop {
  readonly #trainer: Trainer;
  readonly #threads: number | undefined;
  /** Of batches like the last one. */
  #ring: Ring | undefined;

  constructor(trainer: Trainer, threads: number | undefined) {
    this.#trainer = trainer;
    this.#threads = threads;
  }

  /** One update; the loss before it. */
  step(data: Data): number {
    const place = this.#placeOf(data);
    if (this.#ring && place !== undefined) return this.#ring.step(place);
    const next = this.#next(data);
    return next.done(next.ring ? next.ring.step(next.place) : next.alone());
  }

  /** The same, but that others get their turn where it takes long. */
  async stepInTurns(data: Data): Promise<number> {
    const place = this.#placeOf(data);
    if (this.#ring && place !== undefined) return this.#ring.stepInTurns(place);
    const next = this.#next(data);
    return next.done(next.ring ? await next.ring.stepInTurns(next.place) : next.alone());
  }

  /** Where the batch is, if it is there: tensors do not change, and lists of numbers may have. */
  #placeOf(data: Data): number | undefined {
    const { inputs, targets } = data ?? {};
    if (!(inputs instanceof Tensor && targets instanceof Tensor)) return undefined;
    const now = this.#given(data);
    return this.#ring?.find(
      (given) =>
        given.inputs === inputs &&
        given.targets === targets &&
        given.size === now.size &&
        given.classes === now.classes &&
        given.trained === now.trained,
    );
  }

  #given(data: Data): GivenBatch {
    // What it is has not been checked here.
    const { inputs, targets, classes }: Partial<Data> = data ?? {};
    const size = isRecord(data) && "size" in data ? data.size : undefined;
    return { inputs, targets, size, classes, trained: this.#trainer.classes };
  }

  /** A batch that is new: it is checked, and kept where there is a place for it. */
  #next(data: Data) {
    const trainer = this.#trainer;
    // As it is now: until the step is done, others may change it.
    const given = this.#given(data);
    const { inputs, targets, classes } = batchFrom(trainer, data);
    const batch = { inputs, targets };
    const made = stepFor(trainer, inputs, targets).ring(this.#threads);
    const { ring } = made;
    const place = ring ? ring.put(batch, made) : -1;
    this.#ring = ring;
    return {
      ring,
      place,
      alone: () => trainer.stepOn(inputs, targets).loss,
      done: (loss: number): number => {
        trainer.learn(classes);
        ring?.know(place, batch, { ...given, trained: trainer.classes });
        return loss;
      },
    };
  }
}
