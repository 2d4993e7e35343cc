/** What a trainer's model and loss say of data: found once for data of one kind, and kept. */
import { type ArrayTensor, elementsOf } from "../core/array-tensor.ts";
import { mapEntries } from "../core/by-name.ts";
import type { TypedArray } from "../core/dtype.ts";
import type { Tensor } from "../core/tensor.ts";
import type { Dataset } from "../data/dataset.ts";
import { checkDomain } from "./domains.ts";
import { type ExampleTypes, type Task, taskOf } from "./task.ts";
import { addsUp } from "./totals.ts";
import type { Trainer } from "./trainer.ts";

export class Tasks {
  readonly #trainer: Trainer;
  readonly #checked = new WeakSet<TypedArray>();
  #adds: boolean | undefined;

  constructor(trainer: Trainer) {
    this.#trainer = trainer;
  }

  /** Undefined where model or loss cannot take such examples. */
  of(data: ExampleTypes): Task | undefined {
    const { inputs, targets } = data;
    const types = mapEntries({ inputs, targets }, ({ dtype, shape }) => ({
      dtype,
      shape: [1, ...shape.slice(1)],
    }));
    const make = () => ({ task: taskOf(this.#trainer, data) });
    return this.#trainer.programs.of("task", types, make).task;
  }

  /** Whether the loss of a batch is a sum over its examples. */
  adds(data: Readonly<Record<"inputs" | "targets", Tensor | ArrayTensor>>): boolean {
    const { loss } = this.#trainer;
    this.#adds ??= loss.adds ?? addsUp(loss, this.of(data)?.output, data.targets);
    return this.#adds;
  }

  /**
   * Refuses targets that the loss has no meaning for. A data set is gone through once.
   *
   * @throws ChainruleError "data-invalid", or "index-out-of-range" for a label without an output.
   */
  check(data: Dataset, what: string): void {
    const values = elementsOf(data.targets);
    if (this.#checked.has(values)) return;
    checkDomain(this.of(data), data, what);
    this.#checked.add(values);
  }
}
