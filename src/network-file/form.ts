/**
 * Forms: what may stand at a place of a network file, as data. There is one description of the
 * format, made of these; the validator, the JSON Schema, the documentation and the TypeScript types
 * of what is read all follow from it.
 */
import { fail } from "../core/errors.ts";
import { shown } from "../core/wording.ts";
import type { ParameterRole } from "../nn/layer.ts";

/** One name of a mapping. */
export interface Field {
  readonly form: Form;
  /** A sentence for the documentation and for editors. */
  readonly doc: string;
  readonly required?: boolean;
  /** What may be written, for who has forgotten it. */
  readonly example?: string;
  /** The value that is taken where the name is absent. */
  readonly default?: unknown;
  /** In words, what happens where the name is absent and there is no such value. */
  readonly otherwise?: string;
  /** Of a layer: it gives the first values of the parameter of this name, which is for this. */
  readonly role?: ParameterRole;
  /** Of a layer: it says how many features come out. */
  readonly decides?: "outputs";
}

/** The keys of a mapping, each with its form. */
export type Fields = Readonly<Record<string, Field>>;

/** One name that may be chosen, such as a layer, with its options. */
export interface Option {
  readonly doc: string;
  /** What stands behind the name; a record of options, or a list. */
  readonly form: RecordForm | ListForm;
}

/**
 * A number, a whole one if `whole`: from `least` to `most`, or between `above` and `below`, which
 * are not allowed themselves.
 */
export interface NumberForm {
  readonly kind: "number";
  readonly whole?: boolean;
  readonly least?: number;
  readonly most?: number;
  /** The bounds themselves are not allowed. */
  readonly above?: number;
  readonly below?: number;
  /** .inf is a number, too. Default false. */
  readonly infinite?: boolean;
}
/** A text. */
export interface TextForm {
  readonly kind: "text";
  /** What the text says, for messages: "a path". */
  readonly what: string;
  /** A number or true or false is taken as it is written: a class may be called 7. */
  readonly loose?: boolean;
}
/** true or false. */
export interface FlagForm {
  readonly kind: "flag";
}
/** One of several fixed words. */
export interface WordForm {
  readonly kind: "word";
  readonly words: readonly (string | boolean)[];
}
/** Finite numbers nested to one of some depths: 0 is a bare number, 2 a list of rows. */
export interface NumbersForm {
  readonly kind: "numbers";
  readonly depths: readonly (0 | 1 | 2)[];
}
/** A list of at least `least` (default 0) items of one form. */
export interface ListForm {
  readonly kind: "list";
  readonly of: Form;
  readonly least?: number;
}
/** A mapping with these keys and no others. */
export interface RecordForm {
  readonly kind: "record";
  readonly fields: Fields;
  /** Of these names exactly one must be there. */
  readonly oneOf?: readonly string[];
  /** The name of a list that may stand in the place of the mapping, where nothing else is said. */
  readonly short?: string;
  /** What to write for names that one might guess, and that there are not. */
  readonly hints?: Readonly<Record<string, string>>;
}
/** Any names, such as those of columns. */
export interface MapForm {
  readonly kind: "map";
  readonly of: Form;
}
/** A name of a table, bare or as `{ name: options }`. */
export interface ChoiceForm {
  readonly kind: "choice";
  /** What is chosen, for messages and for the schema: "layer". */
  readonly what: string;
  /** A function, since a layer may contain layers. */
  readonly table: () => Readonly<Record<string, Option>>;
}
/** Forms of which at most one fits what stands there, judged by its looks alone. */
export interface EitherForm {
  readonly kind: "either";
  readonly of: readonly Form[];
}

/** What a place in a network file may hold. Validator, schema, types and pages follow from it. */
export type Form =
  | NumberForm
  | TextForm
  | FlagForm
  | WordForm
  | NumbersForm
  | ListForm
  | RecordForm
  | MapForm
  | ChoiceForm
  | EitherForm;

/** What a choice is read as: its name, and its options with their defaults filled in. */
export interface Chosen {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>> | readonly Chosen[];
}

/** Numbers nested to a depth. */
export type Numbers<Depth> = Depth extends 0
  ? number
  : Depth extends 1
    ? readonly number[]
    : readonly (readonly number[])[];

/** The keys that are there after reading: required ones, and those with a default. */
type Present<F extends Fields> = {
  [N in keyof F]: F[N] extends { required: true } | { default: unknown } ? N : never;
}[keyof F];

/** The type of what is read where a form stands. */
export type ValueOf<F> = F extends NumberForm
  ? number
  : F extends TextForm
    ? string
    : F extends FlagForm
      ? boolean
      : F extends { kind: "word"; words: readonly (infer W)[] }
        ? W
        : F extends { kind: "numbers"; depths: readonly (infer Depth)[] }
          ? Numbers<Depth>
          : F extends { kind: "list"; of: infer Of }
            ? readonly ValueOf<Of>[]
            : F extends { kind: "record"; fields: infer Fs extends Fields }
              ? { readonly [N in Present<Fs>]: ValueOf<Fs[N]["form"]> } & {
                  readonly [N in Exclude<keyof Fs, Present<Fs>>]?: ValueOf<Fs[N]["form"]>;
                }
              : F extends { kind: "map"; of: infer Of }
                ? Readonly<Record<string, ValueOf<Of>>>
                : F extends ChoiceForm
                  ? Chosen
                  : F extends { kind: "either"; of: readonly (infer Of)[] }
                    ? ValueOf<Of>
                    : never;

export const number = <const B extends Omit<NumberForm, "kind">>(bounds?: B) =>
  ({ kind: "number", ...bounds }) as const satisfies NumberForm;
/** A whole number; from 1 on if nothing else is said. */
export const whole = (least = 1, most = Number.MAX_SAFE_INTEGER) =>
  ({ kind: "number", whole: true, least, most }) as const satisfies NumberForm;
export const text = (what: string) => ({ kind: "text", what }) as const satisfies TextForm;
/** A text that may look like a number. */
export const looseText = (what: string) =>
  ({ kind: "text", what, loose: true }) as const satisfies TextForm;
export const flag = { kind: "flag" } as const satisfies FlagForm;
export const word = <const W extends readonly (string | boolean)[]>(...words: W) =>
  ({ kind: "word", words }) as const;
export const numbers = <const D extends readonly (0 | 1 | 2)[]>(...depths: D) =>
  ({ kind: "numbers", depths }) as const satisfies NumbersForm;
export const list = <const F extends Form>(of: F, least = 0) =>
  ({ kind: "list", of, least }) as const;
export const record = <const F extends Fields>(fields: F, oneOf?: readonly (keyof F & string)[]) =>
  ({ kind: "record", fields, ...(oneOf ? { oneOf } : {}) }) as const;
/** The same form with what to write for names that one might guess. */
export const withHints = <const F extends RecordForm>(
  form: F,
  hints: NonNullable<RecordForm["hints"]>,
): F => ({ ...form, hints });
/** A mapping in whose place one of its lists may stand. */
export const shortRecord = <const F extends Fields>(short: keyof F & string, fields: F) =>
  ({ kind: "record", fields, short }) as const;
export const map = <const F extends Form>(of: F) => ({ kind: "map", of }) as const;
export const choice = (what: string, table: ChoiceForm["table"]) =>
  ({ kind: "choice", what, table }) as const satisfies ChoiceForm;
export const either = <const F extends readonly Form[]>(...of: F) =>
  ({ kind: "either", of }) as const;

/** The options of something chosen, in the types that its fields say. */
export type OptionsOf<F extends Fields> = ValueOf<{ kind: "record"; fields: F }>;

/**
 * What stands behind a name, in the types of its form. This is where values of which the parser
 * knows that they fit get their types: rows read their options through it, and nothing else does.
 */
export const asRead = <F extends Form>(_form: F, value: unknown): ValueOf<F> => value as ValueOf<F>;

/**
 * How something is written in a PyTorch script, or what of it (its name, or an option that is not
 * as usual) such a script has no word for: "a bias that a layer shares".
 */
export type PyTorchText = string | { readonly cannot: string };

/** An option of a table together with what makes the thing that it names. */
export interface Builder<Result, Context = undefined> extends Option {
  readonly build: (options: Chosen["options"], context: Context) => Result;
}

/** A row of a table: `build` gets the options in the types that the fields say. */
export const row = <const F extends Fields, Result, Context = undefined>(
  doc: string,
  fields: F,
  build: (options: OptionsOf<F>, context: Context) => Result,
): Builder<Result, Context> => {
  const form = record(fields);
  return { doc, form, build: (options, context) => build(asRead(form, options), context) };
};

/**
 * The row of a name.
 *
 * @throws ChainruleError "file-invalid" where the table has none.
 */
export function rowOf<Row>(table: Readonly<Record<string, Row>>, name: string): Row {
  const found = Object.hasOwn(table, name) ? table[name] : undefined;
  if (found !== undefined) return found;
  return fail("file-invalid", {
    message: `A network file cannot name ${shown(name)} here.`,
    expected: Object.keys(table).join(", "),
    found: shown(name),
  });
}

/** What a choice names, made. */
export const built = <Result, Context>(
  table: Readonly<Record<string, Builder<Result, Context>>>,
  { name, options }: Chosen,
  context: Context,
): Result => rowOf(table, name).build(options, context);
