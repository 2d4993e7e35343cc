/** Which parameters of a model training leaves alone, decided after the model was made. */
import { fail } from "../core/errors.ts";
import { isFunction } from "../core/kinds.ts";
import { listed, shown } from "../core/wording.ts";
import { layersInside } from "./inside.ts";
import type { Layer, ParameterSpec } from "./layer.ts";
import { isLayer } from "./layer-checks.ts";

/** Names of parameters: those that a pattern finds, or for which a function answers true. */
export type NamePattern = RegExp | ((name: string) => boolean);

/**
 * The same model, of which training leaves these parameters alone: by default all of them. Others
 * stay as they are; the model given stays as it is, too. A trainer of the new model takes over what
 * another has learnt by `setParameters(other.parameters)`.
 *
 * @example freeze(sequential(linear(4, 8), relu(), linear(8, 3)), /^0\./)
 * @throws ChainruleError "bad-argument" where no parameter has such a name.
 */
export const freeze = <L extends Layer>(model: L, names?: NamePattern): L =>
  withFrozen("freeze", model, names, true);

/** The same model, of which training changes these parameters: by default all of them. */
export const unfreeze = <L extends Layer>(model: L, names?: NamePattern): L =>
  withFrozen("unfreeze", model, names, false);

/** Whether a name is one of a pattern's, wherever its search stood. */
export const matches = (pattern: NamePattern, name: string): boolean =>
  pattern instanceof RegExp ? new RegExp(pattern, pattern.flags).test(name) : pattern(name);

/** @throws ChainruleError "bad-argument" for what says nothing of names. */
export function checkPattern(what: string, pattern: unknown): void {
  if (pattern === undefined || pattern instanceof RegExp || isFunction(pattern)) return;
  fail("bad-argument", {
    message: `${what} takes a pattern of parameters' names.`,
    expected: "a regular expression, or a function of a name",
    found: shown(pattern),
    fix: 'Write /^0\\./ for the first layer, or (name) => name.endsWith("bias").',
  });
}

function withFrozen<L extends Layer>(
  what: string,
  model: L,
  names: NamePattern | undefined,
  frozen: boolean,
): L {
  if (!isLayer(model)) {
    fail("bad-argument", {
      message: `${what} takes a model.`,
      expected: "a layer, or layers put together by sequential",
      found: shown(model),
    });
  }
  checkPattern(what, names);
  const all = Object.keys(model.parameters);
  const chosen = new Set(names === undefined ? all : all.filter((name) => matches(names, name)));
  if (chosen.size === 0) {
    fail("bad-argument", {
      message: `${what} finds no parameter of this model.`,
      expected: all.length === 0 ? "a model with parameters" : `a pattern for ${listed(all)}`,
      found: names === undefined ? "none" : String(names),
      fix: "Correct the pattern; names are paths, such as 0.weight.",
    });
  }
  return changed(model, (name) => chosen.has(name), frozen);
}

/** A layer and those inside of it, whose parameters it has under "0.", "1." …, if it names them so. */
function changed<L extends Layer>(model: L, chosen: (name: string) => boolean, frozen: boolean): L {
  const parameters: Record<string, ParameterSpec> = {};
  for (const [name, spec] of Object.entries(model.parameters))
    parameters[name] = chosen(name) ? { ...spec, frozen } : spec;
  const layers = layersInside(model).map(([place, l]) =>
    changed(l, (name) => chosen(`${place}.${name}`), frozen),
  );
  return { ...model, parameters, layers };
}
