/** Averages of the parameters that an optimizer keeps beside them. */
import { type ByName, mapEntries } from "../core/by-name.ts";
import type { TypedArray } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import { type ArgumentKind, checkKind } from "../core/kinds.ts";
import type { Ranks } from "../nn/layer.ts";
import { type Parametric, rulesOf } from "../step/parameters.ts";
import { Trainer } from "./trainer.ts";

/** The slots that hold one, the first that there is. */
const holders = ["movingAverage", "average"];

const aTrainer: ArgumentKind = {
  name: "a trainer",
  example: "trainer(model, { loss, optimizer: adam({ averageDecay: 0.999 }) })",
  fits: (value) => value instanceof Trainer,
};

/** Refuses what is no trainer. */
export const checkTrained = (what: string, trainer: unknown): void =>
  checkKind(what, trainer, aTrainer);

/** What averages are found by. */
type Averaging = Pick<Trainer, "optimizer" | "progress" | "slots" | "snapshot"> & {
  readonly model: Parametric;
};

/**
 * A trainer like this one whose parameters are the averages that the optimizer keeps beside them
 * (`averageDecay` of any, or those of `asgd`): `averaged(t).evaluate(data)`, `averaged(t).predict(rows)`.
 * What has no average, and everything before the first update, is as it is there; buffers and classes
 * are copied, the optimizer's memory is that of a start.
 *
 * @throws ChainruleError "bad-argument" where the optimizer keeps no averages.
 */
export function averaged<P extends Ranks>(trainer: Trainer<P>): Trainer<P> {
  checkTrained("averaged", trainer);
  const { model, loss, optimizer, seed, update, backend } = trainer;
  const dtype = trainer.dtype === "f64" ? "f64" : "f32";
  const t = new Trainer<P>(model, { loss, optimizer, seed, dtype, backend, update });
  t.setParameters(averagesOf(trainer));
  t.classes = trainer.classes;
  return t;
}

/** Copies of the values of parameters and buffers, averages in the place of those that have one. */
function averagesOf(trainer: Averaging): ByName<TypedArray> {
  const { model, optimizer, progress } = trainer;
  const rules = rulesOf(model, optimizer);
  const slotOf = (name: string) => holders.find((slot) => rules[name] && slot in rules[name].slots);
  if (Object.keys(rules).every((name) => slotOf(name) === undefined)) {
    fail("bad-argument", {
      message: `${optimizer.name} keeps no averages.`,
      expected: "an optimizer that does, such as adam({ averageDecay: 0.999 })",
      found: optimizer.name,
    });
  }
  const { slots } = trainer;
  return mapEntries(Object.fromEntries(trainer.snapshot()), (value, name) => {
    const slot = slotOf(name);
    const updates = Math.floor(progress.steps / (rules[name]?.accumulate ?? 1));
    const average = slot === undefined || updates === 0 ? undefined : slots.get(`${name}/${slot}`);
    return average?.slice() ?? value;
  });
}
