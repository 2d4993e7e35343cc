/** Averages of the parameters that an optimizer keeps beside them. */
import { type ArgumentKind, checkKind } from "../core/kinds.ts";
import type { Ranks } from "../nn/layer.ts";
import { averagesOf } from "./average-values.ts";
import { Trainer } from "./trainer.ts";

const aTrainer: ArgumentKind = {
  name: "a trainer",
  example: "trainer(model, { loss, optimizer: adam({ averageDecay: 0.999 }) })",
  fits: (value) => value instanceof Trainer,
};

/** Refuses what is no trainer. */
export const checkTrained = (what: string, trainer: unknown): void =>
  checkKind(what, trainer, aTrainer);

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
