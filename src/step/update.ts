/** From gradients to new parameters: rates, clipping, the optimizer's rule, and its timing. */
import { at } from "../core/at.ts";
import { type ByName, entryOf, mapEntries } from "../core/by-name.ts";
import type { DType } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import { checkKind, isRecord, object } from "../core/kinds.ts";
import { Tensor } from "../core/tensor.ts";
import { cast } from "../ops/cast.ts";
import { applyOptimizer, rateAt } from "../optim/apply.ts";
import { clip } from "../optim/clip.ts";
import type { Optimizer, UpdateAllContext, Updated } from "../optim/optimizer.ts";
import { type Parametric, parameterInputs, rulesOf, slotSpecs } from "./parameters.ts";
import { controlInputs, slotInputs } from "./parts.ts";
import type { StepControls } from "./ports.ts";
import { updateSequentially } from "./sequential-update.ts";

/** When the layers change: all at once, or one after another from the last (see there). */
export type UpdateTiming = "simultaneous" | "sequential";

/** What an update starts from. */
interface Before {
  readonly subject: Parametric;
  readonly optimizer: Optimizer;
  readonly dtype: DType;
  readonly controls: StepControls;
  readonly parameters: ByName<Tensor>;
  readonly slots: ByName<Tensor>;
  /** Whose rule each parameter follows; those that stay as they are have none. */
  readonly rules: ByName<Optimizer>;
}

/** State and gradients, the latter as they were taken, before clipping. */
interface After {
  readonly parameters: ByName<Tensor>;
  readonly slots: ByName<Tensor>;
  readonly gradients: ByName<Tensor>;
}

/** The loss that the gradients are of, where the update may look at it. */
interface AtHand {
  readonly loss: Tensor;
  readonly evaluate: (parameters: ByName<Tensor>) => {
    readonly loss: Tensor;
    readonly gradients: ByName<Tensor>;
  };
}

/** All parameters at once, each with its gradient at the old values. */
export function updateTogether(before: Before, gradients: ByName<Tensor>, known?: AtHand): After {
  const { optimizer } = before;
  const { updateAll } = optimizer;
  if (updateAll === undefined)
    return { ...merged(before, updatedBy(before, gradients)), gradients };
  const cut = clipped(gradients, optimizer);
  if (known === undefined) {
    return fail("unsupported", {
      message: `${optimizer.name} looks at the loss, which an update by itself does not have.`,
      expected: "an optimizer that follows from the gradients alone",
      found: optimizer.name,
    });
  }
  const evaluate: UpdateAllContext["evaluate"] = (parameters) => {
    const there = known.evaluate(parameters);
    return { loss: there.loss, gradients: clipped(there.gradients, optimizer) };
  };
  const updated = updateAll({
    parameters: mapEntries(gradients, (_, name) => entryOf(before.parameters, name)),
    gradients: cut,
    loss: known.loss,
    states: mapEntries(gradients, (_, name) => stateOf(before, name)),
    learningRates: mapEntries(gradients, (_, name) => {
      const own = entryOf(before.subject.parameters, name).learningRate;
      return cast(rateAt(optimizer, optimizer, before.controls, own), before.dtype);
    }),
    step: before.controls.step,
    evaluate,
  });
  const checked = mapEntries(gradients, (_, name) => checkUpdated(optimizer, updated[name]));
  return { ...merged(before, checked), gradients };
}

/** Layer by layer, last first, each gradient reading the new values behind it. */
export function updateInTurn(
  before: Before,
  gradients: ByName<Tensor>,
  minimized: readonly Tensor[],
): After {
  const { optimizer, parameters } = before;
  const normless = [optimizer, ...Object.values(before.rules)].every(
    ({ clipNorm }) => clipNorm === undefined,
  );
  if (!normless || optimizer.updateAll !== undefined) {
    fail("bad-argument", {
      message: normless
        ? `${optimizer.name} needs all gradients at once.`
        : "Clipping by the global norm needs all gradients at once.",
      expected: `update: "simultaneous" with ${normless ? optimizer.name : "clipNorm"}`,
      found: 'update: "sequential"',
    });
  }
  const updated: Record<string, Updated> = {};
  const taken = updateSequentially(minimized, layerGroups(parameters, gradients), (name, g) => {
    const [after] = Object.values(updatedBy(before, { [name]: g }));
    // One that its group leaves as it is stays.
    if (after === undefined) return entryOf(parameters, name);
    updated[name] = after;
    return after.parameter;
  });
  return { ...merged(before, updated), gradients: taken };
}

/** Gradients clipped together, by name. */
function clipped(gradients: ByName<Tensor>, optimizer: Optimizer): ByName<Tensor> {
  const cut = clip(Object.values(gradients), optimizer);
  let next = 0;
  return mapEntries(gradients, () => at(cut, next++));
}

/** What an update starts from, as placeholders; the rates at this step are the same for all of it. */
export function beforeUpdate(
  subject: Parametric,
  { optimizer, dtype }: Pick<Before, "optimizer" | "dtype">,
): Before {
  const parameters = parameterInputs(subject, dtype);
  const slots = slotInputs(subject, optimizer, dtype);
  const controls = controlInputs();
  const rules = rulesOf(subject, optimizer);
  return { subject, optimizer, dtype, controls, parameters, slots, rules };
}

/** The optimizer's memory of a parameter. */
const stateOf = ({ optimizer, rules, slots }: Before, name: string): ByName<Tensor> =>
  mapEntries((rules[name] ?? optimizer).slots, (_, slot) => entryOf(slots, `${name}/${slot}`));

/** What an update makes of the parameters that these gradients are of. */
function updatedBy(before: Before, gradients: ByName<Tensor>): ByName<Updated> {
  const { optimizer, controls, parameters, rules, subject } = before;
  const names = Object.keys(gradients).filter((name) => Object.hasOwn(rules, name));
  const subjects = names.map((name) => ({
    rule: entryOf(rules, name),
    parameter: entryOf(parameters, name),
    gradient: entryOf(gradients, name),
    state: stateOf(before, name),
    own: entryOf(subject.parameters, name).learningRate,
  }));
  const updated = applyOptimizer(optimizer, subjects, controls);
  return Object.fromEntries(
    names.map((name, i) => [name, checkUpdated(entryOf(rules, name), updated[i])]),
  );
}

/** The whole state, with what was updated in its place. */
function merged({ parameters, slots, subject, optimizer }: Before, updated: ByName<Updated>) {
  const specs = slotSpecs(subject, optimizer);
  return {
    parameters: mapEntries(parameters, (old, name) => updated[name]?.parameter ?? old),
    slots: mapEntries(slots, (old, name) => {
      const { parameter, slot } = entryOf(specs, name);
      return updated[parameter]?.state[slot] ?? old;
    }),
  };
}

const updatedParts = /* @__PURE__ */ object(
  "the new parameter and state for what it returns",
  "{ parameter, state }",
  ({ parameter, state }) => parameter instanceof Tensor && isRecord(state),
);

function checkUpdated({ name }: Optimizer, result: Updated | undefined): Updated {
  checkKind(`The update of ${name}`, result, updatedParts);
  return result as Updated;
}

/** Parameters whose names share the part before the last dot belong to one layer. */
function layerGroups(parameters: ByName<Tensor>, gradients: ByName<Tensor>) {
  const groups = new Map<string, { name: string; parameter: Tensor; gradient: Tensor }[]>();
  for (const [name, gradient] of Object.entries(gradients)) {
    const layer = name.slice(0, Math.max(0, name.lastIndexOf(".")));
    const group = groups.get(layer) ?? [];
    group.push({ name, parameter: entryOf(parameters, name), gradient });
    groups.set(layer, group);
  }
  return [...groups.values()];
}
