/** Values of a file of another library put into a model, by their names. */

import type { ArrayTensor } from "../core/array-tensor.ts";
import { fail } from "../core/errors.ts";
import { checkKind, isFunction, isText } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import { formatShape, type Shape, sameShape } from "../core/shape.ts";
import { listed, shown } from "../core/wording.ts";
import { Trainer } from "../train/trainer.ts";
import type { ForeignFile, ForeignTensor } from "./foreign.ts";
import { aForeignFile } from "./imported.ts";

/** Which values of a file go into which parameters. */
export interface StateDictOptions {
  /**
   * What stands in front of the names in the file: "model." for { "model": state_dict, … }. Default:
   * none, or the only prefix under which the file has all names of the model.
   */
  readonly prefix?: string;
  /**
   * The file's name (without the prefix) for one of the model's; undefined leaves that as it is. Two
   * may have one name in the file: weights that are tied there.
   */
  readonly rename?: (name: string) => string | undefined;
  /** Whether values that do not fit are an error (default), or are left out. */
  readonly strict?: boolean;
}

/** What has become of the values of a file. */
export interface StateDictNames {
  /** The prefix that was taken. */
  readonly prefix: string;
  /** The parameters and buffers that were set. */
  readonly set: readonly string[];
  /** Those of the model that the file has not; BatchNorm's num_batches_tracked may be among them. */
  readonly missing: readonly string[];
  /** The file's names that the model does not have. */
  readonly unexpected: readonly string[];
  /** Names whose values have another shape than in the model. */
  readonly mismatched: readonly string[];
}

/** BatchNorm's number of batches, which older files do not have: it then stays as it is. */
const isCounter = (name: string): boolean => /(?:^|\.)num_batches_tracked$/.test(name);

/** The prefix under which a file has all names, if there is just one. */
function prefixFor(names: readonly string[], all: ReadonlySet<string>): string {
  const [first] = names;
  if (first === undefined || names.every((name) => all.has(name))) return "";
  const found = [...all].flatMap((name) => {
    const at = name.endsWith(`.${first}`) ? name.length - first.length : -1;
    const prefix = name.slice(0, Math.max(0, at));
    return at > 0 && names.every((own) => all.has(prefix + own)) ? [prefix] : [];
  });
  const [only, ...others] = found;
  return only === undefined || others.length > 0 ? "" : only;
}

/**
 * Sets the parameters and buffers of a trainer to the values of a file, by their names: PyTorch's
 * names and layouts are those of this library. All that does not fit is named at once, and then
 * nothing is set; nothing else of the file is read. Optimizers' states: `loadOptimizerState`.
 *
 * ```ts
 * import { encodeSafetensors, linear, meanSquaredError, sequential, sgd, tensor, trainer } from "chainrule";
 * import { loadStateDict, openForeign } from "chainrule/exchange";
 *
 * const t = trainer(sequential(linear(2, 1)), { loss: meanSquaredError, optimizer: sgd() });
 * // Of a file of torch.save: await openForeign("checkpoint.pt").
 * const file = await openForeign(
 *   encodeSafetensors({ "net.0.weight": tensor([[2, 3]]), "net.0.bias": tensor([1]) }),
 * );
 * const { prefix, set } = await loadStateDict(t, file);
 * console.log(prefix, set, t.predict([[1, 1]]).dataSync());
 * ```
 *
 * ```text
 * net. [ '0.weight', '0.bias' ] Float32Array(1) [ 6 ]
 * ```
 *
 * @throws ChainruleError "checkpoint-mismatch" that names what is missing, what is not expected and
 *   what has another shape; "unsupported" for an element type that has no exact place here.
 */
export async function loadStateDict(
  trainer: Trainer,
  file: ForeignFile,
  options: StateDictOptions = {},
): Promise<StateDictNames> {
  checkArguments("loadStateDict", trainer, file);
  checkNames("loadStateDict", options, ["prefix", "rename", "strict"]);
  const { rename, strict = true } = options;
  const soundPrefix = options.prefix === undefined || isText(options.prefix);
  const soundRename = rename === undefined || isFunction(rename);
  if (!soundPrefix || !soundRename || typeof strict !== "boolean") {
    fail("bad-argument", {
      message: "loadStateDict cannot use these options.",
      expected: "prefix, a text; rename, a function of a name; strict, true or false",
    });
  }
  const specs = new Map<string, Shape>();
  for (const own of [trainer.model.parameters, trainer.model.buffers]) {
    for (const [name, { shape }] of Object.entries(own)) specs.set(name, shape);
  }
  const called = [...specs.keys()].flatMap((name) => {
    const other = rename ? rename(name) : name;
    return other === undefined ? [] : [[name, other] as const];
  });
  const all = new Map(file.tensors.map((tensor) => [tensor.name, tensor]));
  const wanted = called.map(([, other]) => other);
  const prefix = options.prefix ?? prefixFor(wanted, new Set(all.keys()));
  const given = new Map<string, ForeignTensor>();
  for (const [name, other] of called) {
    const tensor = all.get(prefix + other);
    if (tensor !== undefined) given.set(name, tensor);
  }
  const mismatched = [...given].flatMap(([name, { shape }]) =>
    sameShape(specs.get(name) ?? [], shape) ? [] : [name],
  );
  const missing = called.flatMap(([name]) => (given.has(name) ? [] : [name]));
  const taken = new Set(wanted);
  const unexpected = [...all.keys()].flatMap((name) => {
    const own = name.startsWith(prefix) ? name.slice(prefix.length) : undefined;
    return own === undefined || taken.has(own) ? [] : [own];
  });
  const lacking = missing.filter((name) => !isCounter(name));
  if (strict && lacking.length + unexpected.length + mismatched.length > 0) {
    const shapes = mismatched.map((name) => {
      const [own, other] = [specs.get(name) ?? [], given.get(name)?.shape ?? []];
      return `${shown(name)} ${formatShape(other)}, where the model has ${formatShape(own)}`;
    });
    const parts = [
      lacking.length > 0 ? `nothing for ${listed(lacking)}` : "",
      unexpected.length > 0 ? `values for ${listed(unexpected)}, which the model has not` : "",
      shapes.slice(0, 20).join("; "),
      prefix === "" && given.size === 0 ? `its names are ${listed([...all.keys()])}` : "",
    ];
    fail("checkpoint-mismatch", {
      message: "The values of the file do not fit the model.",
      expected: "a value of the same shape for each parameter and buffer, and no others",
      found: parts.filter((part) => part !== "").join("; "),
      fix: "Make the layers as those of the file, name them alike (prefix, rename), or take what fits: { strict: false }.",
    });
  }
  const values = new Map<string, ArrayTensor>();
  for (const [name, tensor] of given) {
    if (!mismatched.includes(name)) values.set(name, (await tensor.read()) as ArrayTensor);
  }
  const { set } = trainer.setParameters(values);
  return { prefix, set, missing, unexpected, mismatched };
}

/** @throws ChainruleError "bad-argument". */
export function checkArguments(what: string, trainer: unknown, file: unknown): void {
  checkKind(what, trainer, {
    name: "a trainer",
    example: "a trainer, as trainer(model, { loss, optimizer }) gives",
    fits: (value) => value instanceof Trainer,
  });
  checkKind(what, file, aForeignFile);
}
