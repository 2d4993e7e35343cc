/** The values of the averages that an optimizer keeps beside the parameters. */
import { type ByName, mapEntries } from "../core/by-name.ts";
import type { TypedArray } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import { type Parametric, rulesOf } from "../step/parameters.ts";
import type { Trainer } from "./trainer.ts";

/** The slots that hold one, the first that there is. */
const holders = ["movingAverage", "average"];

/** What averages are found by. */
type Averaging = Pick<Trainer, "optimizer" | "progress" | "slots" | "snapshot"> & {
  readonly model: Parametric;
};

/** The slot of each trained parameter's average, where it has one. @throws where none has. */
export function averageSlots(model: Parametric, optimizer: Optimizer): ByName<string> {
  const rules = Object.entries(rulesOf(model, optimizer));
  const found = rules.flatMap(([name, { slots }]) => {
    const slot = holders.find((holder) => holder in slots);
    return slot === undefined ? [] : [[name, `${name}/${slot}`] as const];
  });
  if (found.length > 0) return Object.fromEntries(found);
  return fail("bad-argument", {
    message: `${optimizer.name} keeps no averages.`,
    expected: "an optimizer that does, such as adam({ averageDecay: 0.999 })",
    found: optimizer.name,
  });
}

/** Copies of the values of parameters and buffers, averages in the place of those that have one. */
export function averagesOf(trainer: Averaging): ByName<TypedArray> {
  const { model, optimizer, progress, slots } = trainer;
  const places = averageSlots(model, optimizer);
  const rules = rulesOf(model, optimizer);
  return mapEntries(Object.fromEntries(trainer.snapshot()), (value, name) => {
    const place = places[name];
    const updates = Math.floor(progress.steps / (rules[name]?.accumulate ?? 1));
    const average = place === undefined || updates === 0 ? undefined : slots.get(place);
    return average?.slice() ?? value;
  });
}

/** Makes the averages these values, too: those that were found to be the best. */
export function setAverages(trainer: Trainer, values: ReadonlyMap<string, TypedArray>): void {
  const { slots } = trainer.ownState();
  for (const [name, place] of Object.entries(averageSlots(trainer.model, trainer.optimizer))) {
    const value = values.get(name);
    if (value) slots[place]?.set(value);
  }
}
