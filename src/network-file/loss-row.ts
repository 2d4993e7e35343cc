/** What a row of the table of losses is made of. */
import type { Tensor } from "../core/tensor.ts";
import type { Loss } from "../nn/losses.ts";
import {
  asRead,
  type Builder,
  type Chosen,
  type Fields,
  numbers,
  type OptionsOf,
  record,
  word,
} from "./form.ts";
import type { Complaint, Path } from "./source.ts";

/** What a loss expects of its targets, and what the outputs then mean. */
export interface LossRow extends Builder<Loss> {
  /** Labels 0, 1, 2 …; numbers; or numbers that are −1 and 1 where they say no and yes. */
  readonly targets: "labels" | "numbers" | "signs";
  /** In the place of labels it takes a number for each class, too: how likely it is to be right. */
  readonly distributions?: boolean;
  /** Outputs as probabilities, where they stand for such; undefined for outputs that do not. */
  readonly probabilities?: (outputs: readonly number[]) => readonly number[] | undefined;
  /** How many outputs so many targets need. Default as many. */
  readonly outputsFor?: (targets: number) => number;
  /** Whether so many outputs fit so many targets. Default if there are as many as are needed. */
  readonly fits?: (outputs: number, targets: number) => boolean;
  /**
   * The body of a function in a PyTorch script: the error of outputs o and targets t, of which each
   * may be of one of several `places` of an example (default false).
   */
  readonly pytorch: (options: Chosen["options"], places?: boolean) => string;
  /** The row that it is with these options, where more than what is built follows from them. */
  readonly resolved?: (options: Chosen["options"]) => LossRow;
  /** What in its options is at odds, each with the place inside of them. */
  readonly check?: (options: Chosen["options"]) => readonly LossComplaint[];
}

export type LossComplaint = readonly [inside: Path, complaint: Complaint];

/** How many outputs so many targets need, and whether so many fit. */
export function fittingOf({
  outputsFor = (targets: number) => targets,
  fits = (outputs, targets) => outputs === outputsFor(targets),
}: LossRow): Required<Pick<LossRow, "outputsFor" | "fits">> {
  return { outputsFor, fits };
}

const reduction = (usual: "mean" | "sum") => ({
  form: word("mean", "sum", "batchMean"),
  doc: "How the errors become one: mean, sum, or the sum per example averaged over the examples.",
  default: usual,
});
const weights = {
  form: numbers(0, 1),
  doc:
    "Factor of every error, or a list with one for each output, by whose sum the mean then divides " +
    "(in huber and the binary cross-entropies by the number of errors).",
  default: 1,
};

/** Of losses of each example as a whole, a list of weights would count single examples. */
const whole = { reduction: reduction("mean") };
const reduced = { weights, ...whole };
const summed = { weights, reduction: reduction("sum") };

/** How a loss is written in PyTorch, before it is reduced. */
type Written<F extends Fields> =
  | string
  | {
      /** A function of PyTorch's, and its names of the options. */
      readonly call: string;
      readonly options: Readonly<Record<keyof F & string, string>>;
      /** What it takes. Default "o, t". */
      readonly takes?: string;
      /** Lines before the call. */
      readonly before?: string;
    }
  | ((options: OptionsOf<F>, reduction: string) => string);

interface Rest<F extends Fields>
  extends Pick<LossRow, "probabilities" | "distributions" | "outputsFor" | "fits"> {
  readonly targets?: LossRow["targets"];
  readonly terms: Written<F>;
  /** What of the row follows from its options. */
  readonly resolved?: (row: LossRow, options: OptionsOf<F>) => LossRow;
  /** It gives one loss for each example, not for each output. */
  readonly rows?: boolean;
  /** With weights, the mean divides by the number of errors. */
  readonly byNumber?: boolean;
}

type Own<F extends Fields> = OptionsOf<F> & OptionsOf<typeof reduced>;

/** A row whose options are those of the library's function; its marks follow the options. */
export function lossRow<const F extends Fields>(
  doc: string,
  f: ((output: Tensor, target: Tensor, options: Own<F>) => Tensor) &
    Pick<Loss, "adds" | "threshold" | "classes" | "facts">,
  own: F,
  { terms, rows = false, byNumber = false, resolved, ...rest }: Rest<F>,
): LossRow {
  const fields = { ...own, ...(rows ? whole : f.adds ? summed : reduced) };
  const form = record(fields);
  const made: LossRow = {
    doc,
    form,
    targets: "numbers",
    ...(resolved
      ? { resolved: (given) => resolved(made, asRead(record(own), given) as OptionsOf<F>) }
      : {}),
    build(given) {
      const options = asRead(form, given) as Own<F>;
      const chosen = (output: Tensor, target: Tensor) => f(output, target, options);
      return Object.assign(chosen, f, { adds: asRead(common, given).reduction === "sum" });
    },
    pytorch: (given, places = false) => {
      const { weights = 1, reduction } = asRead(common, given);
      // PyTorch has the classes on axis 1.
      const last =
        places && rest.targets === "labels" && typeof terms === "object"
          ? "o = o.movedim(-1, 1)\n"
          : "";
      const counted = "classWeights" in given || "ignoreIndex" in given;
      // Weights of classes are PyTorch's own affair: its mean divides by them.
      if (counted && reduction === "mean" && typeof terms === "object") {
        return `${last}return ${called(terms, given, fields, reduction)}`;
      }
      const text =
        typeof terms === "string"
          ? terms
          : typeof terms === "function"
            ? terms(asRead(record(own), given), reduction)
            : called(terms, given, fields, "none");
      const before = typeof terms === "object" && terms.before ? `${terms.before}\n` : "";
      return `${last}${before}terms = ${text}\n${reducedText(weights, reduction, byNumber)}`;
    },
    ...rest,
  };
  return made;
}

/** What all losses have in common. */
const common = record(reduced);

/** PyTorch's function with the options that are not as usual. */
function called(
  {
    call,
    options,
    takes = "o, t",
  }: Exclude<Written<Fields>, string | ((...given: never) => string)>,
  given: Chosen["options"],
  fields: Fields,
  reduction: string,
): string {
  const values = given as Readonly<Record<string, unknown>>;
  const more = Object.entries(options).flatMap(([name, theirs]) => {
    const value = values[name];
    if (value === undefined || value === fields[name]?.default) return [];
    return [`${theirs}=${python(value, theirs)}`];
  });
  return `${call}(${[takes, ...more, `reduction="${reduction}"`].join(", ")})`;
}

/** A value in Python. */
const python = (value: unknown, name: string): string =>
  typeof value === "boolean"
    ? value
      ? "True"
      : "False"
    : Array.isArray(value) || name === "pos_weight"
      ? tensorText(value)
      : String(value);

const tensorText = (value: unknown): string =>
  `torch.tensor(${JSON.stringify(value)}, dtype=o.dtype)`;

function reducedText(
  weights: number | readonly number[],
  reduction: "mean" | "sum" | "batchMean",
  byNumber: boolean,
): string {
  const reductions = { mean: "mean()", sum: "sum()", batchMean: "sum() / len(o)" };
  if (weights === 1) return `return terms.${reductions[reduction]}`;
  const each = typeof weights === "number" ? String(weights) : tensorText(weights);
  const lines = [`weights = ${each}`, "terms = terms * weights"];
  const own = reduction === "mean" && typeof weights !== "number" && !byNumber;
  const total = own ? "sum() / weights.expand_as(terms).sum()" : reductions[reduction];
  return [...lines, `return terms.${total}`].join("\n");
}
