/** Penalties that a network file puts on weights and on what layers give. */
import { ChainruleError } from "../core/errors.ts";
import { pathsIn } from "../nn/inside.ts";
import type { Layer } from "../nn/layer.ts";
import { penalized } from "../nn/penalties.ts";
import { namesFit } from "../optim/names.ts";
import { list, number, record, text, type ValueOf } from "./form.ts";

const factor = (doc: string) => ({ form: number({ least: 0 }), doc, default: 0 }) as const;

export const penaltiesForm = list(
  record({
    l1: factor("The factor of Σ|x|."),
    l2: factor("The factor of Σx², which is not halved: as in Keras."),
    parameters: {
      form: text("a name, with * for anything"),
      doc: "Of which parameters, such as 0.* or *.bias.",
      otherwise: "all weights, and no biases",
    },
    outputs: {
      form: text("the place of a layer, with * for anything"),
      doc: "In their place, of what which layers give, such as 0 or 2.*: the mean over the examples.",
      otherwise: "of parameters",
    },
  }),
  1,
);

type Penalty = ValueOf<typeof penaltiesForm>[number];

/** The model with these penalties; `placed` says which of them is to blame for an error. */
export function withPenalties(
  model: Layer,
  penalties: readonly Penalty[] = [],
  placed: <T>(index: number, f: () => T) => T = (_, f) => f(),
): Layer {
  return penalties.reduce((made, penalty, i) => placed(i, () => penalizedBy(made, penalty)), model);
}

function penalizedBy(model: Layer, { l1, l2, parameters, outputs }: Penalty): Layer {
  if (outputs === undefined) {
    const names = parameters === undefined ? {} : { parameters: pattern(parameters) };
    return penalized(model, { l1, l2, ...names });
  }
  if (parameters !== undefined) {
    throw new ChainruleError("bad-argument", {
      message: "A penalty is on parameters, or on what layers give.",
      expected: "parameters or outputs",
      found: "both",
      fix: "Make two penalties of it.",
    });
  }
  return penalized(model, { outputs: { l1, l2 }, layers: pattern(outputs) });
}

/** A pattern that errors show as it is written. */
const pattern = (written: string): ((name: string) => boolean) =>
  Object.assign((name: string) => namesFit(written, name), { toString: () => written });

/** A penalty in a PyTorch script: a term of what is differentiated. */
export function penaltyTexts(
  model: Layer,
  penalties: readonly Penalty[] = [],
): { readonly before: string; readonly term: string } | undefined {
  if (penalties.length === 0) return undefined;
  const names = Object.entries(model.parameters);
  const hooked = new Set<string>();
  const terms = penalties.flatMap(({ l1, l2, parameters, outputs }) => {
    const found =
      outputs === undefined
        ? names
            .filter(([name, { role }]) =>
              parameters === undefined ? role === "weight" : namesFit(parameters, name),
            )
            .map(([name]) => `model.get_parameter(${JSON.stringify(name)})`)
        : pathsIn(model)
            .filter((path) => namesFit(outputs, path))
            .map((path) => {
              hooked.add(path);
              return `given[${JSON.stringify(path)}]`;
            });
    return found.flatMap((x) => {
      const share = outputs === undefined ? "" : ` / len(${x})`;
      return [
        ...(l1 > 0 ? [`${l1} * ${x}.abs().sum()${share}`] : []),
        ...(l2 > 0 ? [`${l2} * ${x}.square().sum()${share}`] : []),
      ];
    });
  });
  const hooks = [...hooked].map(
    (path) =>
      `model.get_submodule(${JSON.stringify(path)}).register_forward_hook(` +
      `lambda m, i, o: given.update({${JSON.stringify(path)}: o}))`,
  );
  return {
    before: hooks.length === 0 ? "" : `given = {}\n${hooks.join("\n")}\n`,
    term: terms.join(" + "),
  };
}
