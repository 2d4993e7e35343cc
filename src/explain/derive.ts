/** The sections of a derivation, put together. */
import { entry, zip } from "../core/at.ts";
import type { UpdateTiming } from "../step/update.ts";
import { type Cell, type DerivationData, type Step, sections } from "./derivation.ts";
import type { Candidate } from "./diagnose/candidate.ts";
import { listedMistakes } from "./diagnose/mistakes.ts";
import { Context } from "./engine/context.ts";
import { keyOf } from "./engine/elements.ts";
import { computed } from "./engine/expr.ts";
import { Factors } from "./engine/factor.ts";
import { gradientsOf, sequentialParameterGradients } from "./engine/gradients.ts";
import { nonFinite } from "./engine/non-finite.ts";
import type { Notation } from "./engine/notation.ts";
import { type Entry, entryText, parametersOf, type Values, valueAt } from "./engine/parameters.ts";
import { isLarge, isNetwork, lossOf, type NetworkTrace, type Trace } from "./engine/trace.ts";
import { updated } from "./engine/updates.ts";
import { usedSymbols } from "./engine/used.ts";
import type { Language } from "./messages.ts";
import type { Amount } from "./options.ts";
import { speak } from "./render/speak.ts";
import { say } from "./say.ts";
import { selected } from "./sections/amount.ts";
import { Backward } from "./sections/backward.ts";
import { actsElsewhere, batchSection, shareSign } from "./sections/batch.ts";
import { check, checkAll, kinkAt } from "./sections/check.ts";
import { Detail, wide } from "./sections/detail.ts";
import { diagram } from "./sections/diagram.ts";
import { roundingOf } from "./sections/differences.ts";
import { forwardPass } from "./sections/forward.ts";
import { IndexForm } from "./sections/indices.ts";
import { ledger, produced } from "./sections/ledger.ts";
import { byKind, fromTheOutput, likewise } from "./sections/likewise.ts";
import { MatrixForm } from "./sections/matrices.ts";
import { again, meaning } from "./sections/outcome.ts";
import { stateTheRest } from "./sections/rest.ts";
import { type Route, route } from "./sections/route.ts";
import { setUp } from "./sections/setup.ts";
import { throughTime } from "./sections/through-time.ts";
import { allParameters, updateStep } from "./sections/update.ts";

interface Settings {
  readonly notation: Notation;
  readonly language: Language;
  readonly digits: number;
  readonly timing: UpdateTiming;
  readonly example: number;
  readonly amount: Amount;
}

/** What the whole derivation works with. */
interface Work {
  readonly c: Context;
  /** ∂E/∂θ of all parameters. */
  readonly g: Values;
  /** What the update takes for the gradients, where that is something else. */
  readonly taken: Values | undefined;
}

export function derive(trace: Trace, asked: readonly Entry[], s: Settings): DerivationData {
  const chosen = isNetwork(trace) ? fromTheOutput(asked) : asked;
  const c = new Context(trace, s.notation, s.example, s.digits);
  const g = gradientsOf(trace);
  const network = isNetwork(trace) ? trace : undefined;
  const next = network && updated(network, s.timing);
  const taken =
    network && s.timing === "sequential" ? sequentialParameterGradients(network) : undefined;
  const work: Work = { c, g, taken };
  const symbols = chosen.map((e) => c.parameterSymbol(e));
  setUp(c, symbols, s.timing);
  const routes = chosen.map((e) => route(c, e));
  const onPath = new Set(routes.flatMap((r) => r.reached.map(keyOf)));
  const whole = s.timing === "simultaneous" && Number.isFinite(lossOf(trace));
  const drawing = diagram(c, chosen, whole);
  const all = s.amount.level === "every-step";
  const detail = new Detail(c, chosen, all);
  const finite = Number.isFinite(lossOf(trace));
  const layers = new Set(trace.stages.map((x) => x.layer)).size;
  const compact =
    network !== undefined &&
    (s.amount.form === "index" ||
      (layers > 2 && !(all && detail.isNarrow)) ||
      network.network.output.size / trace.examples > wide);
  const factors = new Factors(c, { inline: compact, everyStep: all });
  const sequential = taken !== undefined;
  const matrices = s.amount.form === "matrix" ? new MatrixForm(c, { factors, chosen }) : undefined;
  const indices = s.amount.form === "index" ? new IndexForm(c) : undefined;
  indices?.forward();
  if (matrices) matrices.forward();
  else forwardPass(c, c.terms, (e) => onPath.has(keyOf(e)), symbols, detail);
  const backward = new Backward(c, factors, { compact, sequential, detail, next, everyStep: all });
  c.part = 1;
  if (!finite) producer(c);
  const each = (r: Route): boolean => {
    c.part = routes.indexOf(r) + 1;
    indices?.explain(r.entry);
    return explainOne(work, r, backward, matrices);
  };
  const kinds = !sequential && finite && routes.length > 1 ? byKind(routes, layers) : undefined;
  const passed = kinds
    ? [explainKinds(work, kinds, routes, { backward, matrices, indices })]
    : (finite ? routes : []).map(each);
  c.part = routes.length + 1;
  if (finite) {
    allParameters(c, taken ?? g, next, sequential);
    if (network && next) again(c, network, g, next);
    if (network && (layers > 2 || trace.examples > 1)) ledger(c, network);
    throughTime(c);
    const tried = s.amount.level !== "brief" && (s.amount.sections?.includes("mistakes") ?? true);
    const shown = kinds ? weightsOf(kinds.map(([{ entry }]) => entry)) : chosen;
    if (network && tried && !isLarge(trace)) common(c, network, shown, layers);
  }
  stateTheRest(c);
  const answers = new Set(routes.flatMap((r) => answersOf(c, r)));
  const steps = finishSteps(c, s.digits, (all) => selected(all, s.amount, answers));
  const names = symbols.map(({ name }) => name);
  return {
    format: "chainrule-derivation",
    version: 1,
    notation: s.notation,
    language: s.language,
    ...(network ? {} : { subject: "function" }),
    digits: s.digits,
    asked: names,
    parameters: chosen.map(entryText),
    gradients: chosen.map((e) => valueAt(g, e)),
    loss: lossOf(trace),
    symbols: usedSymbols(c.symbols.table, steps, drawing, names),
    operators: c.elements.operators,
    steps,
    ...(drawing ? { diagram: drawing } : {}),
    passed: finite && passed.every((ok) => ok),
  };
}

/** From the question to the update, for one parameter; whether all checks passed. */
function explainOne(
  { c, g, taken }: Work,
  r: Route,
  backward: Backward,
  matrices: MatrixForm | undefined,
): boolean {
  const exact = valueAt(g, r.entry);
  const { derived, share, leads } = workOut(c, r, backward, matrices, taken !== undefined);
  if (taken) c.note("result", [say("sequentialCheck", { loss: c.loss, g: computed(exact) })]);
  const checked = check(c, r, { g, taken, derived, share });
  if (!Number.isFinite(exact)) producer(c);
  if (leads) meaning(c, r.entry, exact, checked.kink);
  updateStep(c, r.entry, taken ?? g);
  return checked.passed;
}

/** One parameter of each kind in full, the others in a table; then all of them checked at once. */
function explainKinds(
  { c, g }: Work,
  kinds: readonly (readonly [first: Route, ...others: Route[]])[],
  order: readonly Route[],
  { backward, matrices, indices }: Told,
): boolean {
  const derived = new Map<Route, number>();
  // Of all at once, before one is asked for alone.
  roundingOf(c.trace, parametersOf(order.map((r) => r.entry)));
  for (const [first, ...others] of kinds) {
    c.part = order.indexOf(first) + 1;
    indices?.explain(first.entry);
    derived.set(first, workOut(c, first, backward, matrices, false).derived);
    const exact = valueAt(g, first.entry);
    if (first.consumersOf(first.parameter).length > 0)
      meaning(c, first.entry, exact, kinkAt(c.trace, first.entry));
    for (const [r, value] of zip(others, likewise(c, others, matrices ?? backward, g)))
      derived.set(r, value);
    updateStep(c, first.entry, g);
  }
  c.part = order.length + 1;
  return checkAll(
    c,
    order.map((r) => ({ r, derived: entry(derived, r) })),
    g,
  );
}

/** What tells the backward pass: number by number, in matrices, with indices. */
interface Told {
  readonly backward: Backward;
  readonly matrices: MatrixForm | undefined;
  readonly indices: IndexForm | undefined;
}

interface WorkedOut {
  /** What the formulas give, and what they give for the example that is shown. */
  readonly derived: number;
  readonly share: number | undefined;
  /** Whether the parameter acts on the loss at all. */
  readonly leads: boolean;
}

/** From the question to the result, for one parameter. */
function workOut(
  c: Context,
  r: Route,
  backward: Backward,
  matrices: MatrixForm | undefined,
  sequential: boolean,
): WorkedOut {
  const share = c.ofPart(shareSign(c.example));
  const d = c.gradientSymbol(r.entry);
  if (matrices) matrices.explain(r.entry);
  else backward.explain(r, share);
  const leads = r.apart || r.consumersOf(r.parameter).length > 0 || actsElsewhere(c, r);
  // In matrices all examples are added up at once.
  const batched = c.trace.examples > 1 && leads && !matrices;
  if (batched) batchSection(c, r, sequential);
  c.equation({ section: "result", kind: "note", result: d, forms: [computed(c.evaluate(d))] });
  return { derived: c.evaluate(d), share: batched ? c.evaluate(share) : undefined, leads };
}

/** The symbols that a parameter's gradient has: of the whole batch, and of one example's share. */
const answersOf = (c: Context, r: Route): string[] => {
  const name = shareSign(c.example).text;
  return [c.gradientSymbol(r.entry).name, name, ...(c.part > 1 ? [`${name} (${c.part})`] : [])];
};

function producer(c: Context): void {
  const found = nonFinite(c.trace);
  if (found) c.note("result", produced(found));
}

/** Section 14: what the usual mistakes would have given, in a column for each of some parameters. */
function common(c: Context, trace: NetworkTrace, chosen: readonly Entry[], layers: number): void {
  const close = chosen.flatMap(({ parameter: { layer } }) => [layer, layer + 1]);
  const listed = { near: new Set([...close, layers]), by: parametersOf(chosen) };
  const [right, ...others] = listedMistakes(trace, listed);
  const near = (a: number, b: number) =>
    Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b));
  // What is 0 but for rounding tells nothing.
  const telling = (k: Candidate, e: Entry): boolean => {
    const [own, size] = [valueAt(k.gradients, e), Math.abs(valueAt(right.gradients, e))];
    return !near(own, valueAt(right.gradients, e)) && (size === 0 || Math.abs(own) > 1e-12 * size);
  };
  for (let from = 0; from < chosen.length; from += mostColumns) {
    const some = chosen.slice(from, from + mostColumns);
    const wrong = others.filter((k) => !k.hidden && some.some((e) => telling(k, e)));
    if (wrong.length === 0) continue;
    const rows = wrong.map((k): Cell[] => [
      k.cause,
      ...some.map((e) => (telling(k, e) ? computed(valueAt(k.gradients, e)) : "–")),
    ]);
    const d = some.map((e) => c.gradientSymbol(e));
    const columns = [say("mistake"), ...(some.length > 1 ? d : [say("wouldGive")])];
    c.note("mistakes", [say("mistakesText", { d })], { columns, rows });
  }
}

/** So many parameters stand beside one another. */
const mostColumns = 2;

/** What is worked out by hand most: the weights, if there are some. */
function weightsOf(all: readonly Entry[]): readonly Entry[] {
  const some = all.filter(({ parameter }) => parameter.role === "weight");
  return some.length > 0 ? some : all;
}

/** In the order of the sections; links between steps and the words for reading aloud. */
function finishSteps(c: Context, digits: number, keep: (steps: readonly Step[]) => Step[]): Step[] {
  const { symbols, elements } = c;
  const style = { tex: false, digits, symbols: symbols.table, operators: elements.operators };
  const nameOf = (key: string) => symbols.named(key);
  const aloud = { style, nameOf, operators: elements.spoken };
  const place = (step: Step) => step.part * sections.length + sections.indexOf(step.section);
  const ordered = keep(c.steps.toSorted((a, b) => place(a) - place(b)));
  const children = new Map(ordered.map(({ id }): [string, string[]] => [id, []]));
  for (const { id, inputs } of ordered) for (const from of inputs) children.get(from)?.push(id);
  return ordered.map((found) => {
    const inputs = found.inputs.filter((id) => children.has(id));
    const step = { ...found, inputs, children: children.get(found.id) ?? [] };
    if (!step.result) return step;
    const parts = [step.result, ...step.expression];
    if (step.value !== undefined && step.substituted) parts.push(computed(step.value));
    // Most readers see it in print.
    const words: Partial<Record<Language, string>> = {};
    const said = (language: Language) => (words[language] ??= speak(parts, aloud, language));
    const spoken = {
      get en() {
        return said("en");
      },
      get zh() {
        return said("zh");
      },
    };
    return { ...step, spoken };
  });
}
