/** The numbers that procedures give: of a parameter, and of the loss. */
import type { Sentence } from "../derivation.ts";
import { locate } from "../engine/locate.ts";
import { type Entry, entryText, firstOf, present, valueAt } from "../engine/parameters.ts";
import { lossOf, type NetworkTrace, type Trace } from "../engine/trace.ts";
import type { MessageKey } from "../messages.ts";
import type { ExplainOptions } from "../options.ts";
import { say } from "../say.ts";
import type { Candidate } from "./candidate.ts";
import { type ForwardKind, forwardKinds } from "./forward.ts";
import { gradientElsewhere, gradientPlaces, newValueElsewhere } from "./places.ts";

const ofParameters = ["gradient", "newValue", "change"] as const;
/** What a number of a parameter is. */
type ParameterKind = (typeof ofParameters)[number];
export const quantities = [...ofParameters, ...forwardKinds] as const;
/** What the number in question is. */
export type Quantity = (typeof quantities)[number];

export const isForward = (kind: Quantity | undefined): kind is ForwardKind =>
  forwardKinds.some((k) => k === kind);

/** A procedure that gives the number in question. */
export interface Match {
  readonly cause: Sentence;
  /** The number that this procedure gives. */
  readonly value: number;
}

/** Which number is asked about. */
export interface Asked {
  readonly quantity?: Quantity;
}

export const hasValue = (m: Match): boolean => Number.isFinite(m.value);

/** A number that a procedure gives, and what it is. */
export interface Result extends Match {
  readonly what: Sentence;
  /** Whether the procedure is the right one. */
  readonly isRight: boolean;
  /** How far its own rounding can put it off. */
  readonly rounding?: number;
}

/** What is right of what was asked for, and all else. */
export interface Results {
  readonly right: readonly Result[];
  readonly wrong: readonly Result[];
}

export type Procedures = readonly [right: Candidate, ...wrong: Candidate[]];

/** E after one update, by every procedure. */
export function lossNumbers([right, ...others]: Procedures): Results {
  const what = say("q_loss");
  const result = (k: Candidate): Result => {
    return { cause: k.cause, what, value: k.after, isRight: k === right };
  };
  return { right: [result(right)], wrong: others.map(result) };
}

/** The number of the network that was asked for. */
export const askedFor = (t: Trace, { parameter, notation }: ExplainOptions): Entry =>
  parameter === undefined ? firstOf(t.parameters) : locate(t, parameter, notation);

/** What the sentences call the three. */
export const quantityKeys = {
  gradient: "q_gradient",
  newValue: "q_newValue",
  change: "q_change",
  loss: "q_lossBefore",
  delta: "q_delta",
  output: "q_output",
} as const satisfies Readonly<Record<Quantity, MessageKey>>;

const resultsOf = (what: Sentence, list: readonly Match[]): Result[] =>
  list.filter(hasValue).map((m) => ({ ...m, what, isRight: false }));

/** Numbers that no wrong procedure gives: parts of the right one. */
export function partsOf(
  t: NetworkTrace,
  [right]: Procedures,
  entry: Entry | undefined,
  { quantity = "gradient" }: Asked,
): Result[] {
  if (!entry) return resultsOf(say("q_loss"), [{ cause: say("m_lossBefore"), value: lossOf(t) }]);
  if (quantity !== "gradient") return [];
  const what = say(quantityKeys.gradient, { p: entryText(entry) });
  return resultsOf(what, gradientPlaces(t, entry, right.gradients));
}

/** Right numbers of other parameters. */
export function elsewhere(
  t: NetworkTrace,
  [right]: Procedures,
  entry: Entry | undefined,
  { quantity }: Asked,
): Result[] {
  if (!entry) return [];
  const p = entryText(entry);
  const isAsked = (kind: ParameterKind) => quantity === undefined || quantity === kind;
  const gradients = () => gradientElsewhere(t, entry, right.gradients);
  return [
    ...(isAsked("gradient") ? resultsOf(say("q_gradient", { p }), gradients()) : []),
    ...(isAsked("newValue")
      ? resultsOf(say("q_newValue", { p }), newValueElsewhere(t, entry))
      : []),
  ];
}

/** A parameter's gradient, its change and its new value, by every procedure. */
export function parameterNumbers(
  [right, ...others]: Procedures,
  entry: Entry,
  { parameter, quantity }: Asked & Pick<ExplainOptions, "parameter">,
): Results {
  const p = parameter ?? entryText(entry);
  const old = present(entry);
  const values: Readonly<Record<ParameterKind, (k: Candidate) => number>> = {
    gradient: (k) => valueAt(k.gradients, entry),
    newValue: (k) => valueAt(k.next, entry),
    change: (k) => valueAt(k.next, entry) - old,
  };
  const same = (a: number, b: number) => Math.abs(a - b) <= 1e-12 * Math.abs(a);
  const found = ofParameters.map((kind): Results => {
    const value = values[kind];
    const what = say(quantityKeys[kind], { p });
    const asked = quantity === undefined || kind === quantity;
    // A small change of a large number has lost its last digits.
    const rounding = kind === "change" ? Math.abs(old) * 2 ** -52 : 0;
    const own: Result = {
      cause: asked ? right.cause : say("m_other", { what }),
      what,
      value: value(right),
      isRight: true,
      rounding,
    };
    const wrong = others.flatMap((k): Result[] => {
      if (same(value(k), value(right))) return [];
      const usual = kind === (quantity ?? "gradient");
      const cause = usual ? k.cause : say("m_as", { cause: k.cause, what });
      return [{ cause, what, value: value(k), isRight: false, rounding }];
    });
    return asked ? { right: [own], wrong } : { right: [], wrong: [own, ...wrong] };
  });
  return { right: found.flatMap((k) => k.right), wrong: found.flatMap((k) => k.wrong) };
}
