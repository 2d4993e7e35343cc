/** Weights of classes that a network file gives by their names: numbers once the data are known. */
import { ChainruleError } from "../core/errors.ts";
import { classWeights, type NamedClassWeights } from "../data/balance.ts";
import type { Dataset } from "../data/dataset.ts";
import { moved } from "../files/in-file.ts";
import type { Chosen } from "./form.ts";
import type { NetworkFile } from "./network.ts";
import { sourceOf } from "./source.ts";

/** What the loss says of the weights of classes, where that needs their names. */
function namedIn({ options }: Chosen): NamedClassWeights | undefined {
  const { classWeights: given } = options as { readonly classWeights?: unknown };
  return given === undefined || Array.isArray(given) ? undefined : (given as NamedClassWeights);
}

/** The weights in the order of the classes; undefined where the file names none. */
export function weightsIn(network: NetworkFile, data: Dataset): readonly number[] | undefined {
  const named = namedIn(network.loss);
  if (named === undefined) return undefined;
  try {
    return classWeights(data, named);
  } catch (error) {
    const source = sourceOf(network);
    if (!(error instanceof ChainruleError) || source === undefined) throw error;
    throw moved(error, source.where(["loss", network.loss.name, "classWeights"]));
  }
}

/** The loss with numbers in the place of names; without them, as if there were no weights. */
export function withWeights(loss: Chosen, weights: readonly number[] | undefined): Chosen {
  if (namedIn(loss) === undefined) return loss;
  const { classWeights: _, ...rest } = loss.options as Readonly<Record<string, unknown>>;
  return { ...loss, options: weights === undefined ? rest : { ...rest, classWeights: weights } };
}
