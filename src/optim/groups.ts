/** Several optimizers at work on parts of a model. */

import { fail } from "../core/errors.ts";
import { isRecord } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import { shown } from "../core/wording.ts";
import { namesFit } from "./names.ts";
import {
  type CommonOptions,
  clippingOf,
  isOptimizer,
  type NamedShape,
  type Optimizer,
  type OwnOptimizer,
} from "./optimizer.ts";
import { toSchedule } from "./schedules.ts";
import { updater } from "./updater.ts";

/** Parameters that belong together, and what changes them. */
export interface ParameterGroup {
  /**
   * Which parameters: a text in which * stands for anything ("*.bias", "0.*"), or a regular
   * expression that fits somewhere. Default: every name.
   */
  readonly names?: string | RegExp;
  /** Only those with so many axes: 2 for matrices. Default: any. */
  readonly rank?: number;
  /** What changes them, with its own rate, schedule, decay and clipping. */
  readonly optimizer?: Optimizer;
  /** They stay as they are. Default false. */
  readonly frozen?: boolean;
}

/** What all groups have in common: clipping after that of each group. */
type GroupsOptions = Pick<CommonOptions, "clipValue" | "clipNorm" | "clipNormOrder">;

/**
 * Each parameter follows the optimizer of the first group that it fits: other rates and decays for
 * some names, two optimizers on two parts of a model, frozen parts. A group's `clipNorm` is that of
 * its own gradients; the norm in the options that of all. `learningRate` of a trainer is a factor of
 * the groups' rates and begins with 1.
 *
 * ```ts
 * import { adamW, linear, meanSquaredError, parameterGroups, relu, sequential, sgd, trainer } from "chainrule";
 *
 * const optimizer = parameterGroups([
 *   { names: "0.*", frozen: true },
 *   { names: "*.bias", optimizer: sgd({ learningRate: 0.1 }) },
 *   { optimizer: adamW({ learningRate: 0.01, weightDecay: 0.1 }) },
 * ]);
 * const model = sequential(linear(2, 4), relu(), linear(4, 1));
 * const t = trainer(model, { loss: meanSquaredError, optimizer });
 * console.log([...t.slots.keys()]);
 * ```
 *
 * ```text
 * [ '2.weight/mean', '2.weight/square' ]
 * ```
 *
 * @throws ChainruleError "bad-argument" for a parameter that fits no group, and for a group that no
 *   parameter is in.
 */
export function parameterGroups(
  groups: readonly ParameterGroup[],
  options: GroupsOptions = {},
): OwnOptimizer {
  checkNames("parameterGroups", options, ["clipValue", "clipNorm", "clipNormOrder"]);
  if (!Array.isArray(groups) || groups.length === 0) {
    fail("bad-argument", {
      message: "parameterGroups is made of groups.",
      expected: "an array of groups, such as [{ optimizer: adam() }]",
      found: shown(groups),
    });
  }
  const all = Array.from(groups).map(checkGroup);
  const name = `parameterGroups(${all.map((g) => g.optimizer?.name ?? "frozen").join(", ")})`;
  const made: OwnOptimizer = {
    name,
    learningRate: toSchedule(1),
    ...clippingOf("parameterGroups", options),
    settings: {},
    slots: {},
    rules: (parameters) => rulesFor(all, parameters),
    update: () =>
      fail("unsupported", {
        message: "Groups have no rule of their own: each parameter follows its group's.",
        expected: "a trainer, a training step, or .for(parameters)",
        found: `${name}.update`,
      }),
    for: (parameters) => updater(made, parameters),
  };
  return made;
}

function checkGroup(group: ParameterGroup): ParameterGroup {
  checkNames("A group of parameters", group, ["names", "rank", "optimizer", "frozen"]);
  const { names, rank, optimizer, frozen = false } = group;
  const sound =
    (names === undefined || typeof names === "string" || names instanceof RegExp) &&
    (rank === undefined || (Number.isSafeInteger(rank) && rank >= 0)) &&
    typeof frozen === "boolean" &&
    frozen === (optimizer === undefined) &&
    (optimizer === undefined || (isOptimizer(optimizer) && plain(optimizer)));
  if (sound) return group;
  return fail("bad-argument", {
    message: "This is no group of parameters.",
    expected: '{ names: "*.bias", optimizer: sgd() }, or { names: "0.*", frozen: true }',
    found: isRecord(group)
      ? `names ${shown(names)}, rank ${shown(rank)}, optimizer ${shown(optimizer)}, frozen ${shown(frozen)}`
      : shown(group),
  });
}

/** One that works on a parameter by itself. */
const plain = ({ rules, updateAll }: Optimizer): boolean =>
  rules === undefined && updateAll === undefined;

function rulesFor(
  groups: readonly ParameterGroup[],
  parameters: readonly NamedShape[],
): (Optimizer | undefined)[] {
  const used = new Set<ParameterGroup>();
  const rules = parameters.map(({ name, shape }) => {
    const group = groups.find(
      ({ names, rank }) => namesFit(names, name) && (rank === undefined || rank === shape.length),
    );
    if (group === undefined) {
      return fail("bad-argument", {
        message: `The parameter ${name} is in no group.`,
        expected: "a last group without names for the others, such as { optimizer: adam() }",
        found: `${groups.length} groups, none for ${name} with ${shape.length} axes`,
      });
    }
    used.add(group);
    return group.optimizer;
  });
  const idle = groups.find((group) => !used.has(group));
  if (idle !== undefined) {
    fail("bad-argument", {
      message: "No parameter is in this group.",
      expected: `a pattern that fits one of ${parameters.map(({ name }) => name).join(", ")}`,
      found: `names ${shown(idle.names)}, rank ${shown(idle.rank)}`,
    });
  }
  return rules;
}
