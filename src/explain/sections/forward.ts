/** Sections 2 and 3: every unit's net input and output, every term of the error, the total. */
import type { Tensor } from "../../core/tensor.ts";
import type { Sentence } from "../derivation.ts";
import { choicesIn } from "../engine/choices.ts";
import { type Context, calledBy } from "../engine/context.ts";
import type { Element, Naming } from "../engine/elements.ts";
import { computed, type Formula, isSame, type Symbolic } from "../engine/expr.ts";
import { likelihood } from "../engine/likelihood.ts";
import { withTerms } from "../engine/loss.ts";
import { told } from "../engine/told.ts";
import { say } from "../say.ts";
import { type Detail, named, pairs, wide } from "./detail.ts";

/** A loss of so many terms is written with all of them. */
const mostTerms = 40;

/** Elements of the chosen example, stage by stage. */
export function elementsIn(c: Context, t: Tensor): Element[] {
  const n = c.isBatched(t) ? t.size / c.trace.examples : t.size;
  const from = c.isBatched(t) ? c.example * n : 0;
  return Array.from({ length: n }, (_, i) => ({ node: t, index: from + i }));
}

/** So many choices are written with all of their cases. */
const mostChoices = 4;

/** What an element is computed from; where cases differ, all of them and the one that holds. */
function formsOf(c: Context, e: Element): Formula[] | undefined {
  const { elements } = c;
  const holds = elements.unlessTooLong(() => elements.bounded(elements.define(e)));
  if (!holds || !c.choosing) return holds && [holds];
  const whole = elements.whole.define(e);
  // A sum of many choices, as over all pairs of classes, is written as what is left of it.
  const many = choicesIn(elements.whole, whole) > mostChoices;
  return many || isSame(whole, holds) ? [holds] : [whole, holds];
}

export function forwardPass(
  c: Context,
  terms: Tensor | undefined,
  onPath: (e: Element) => boolean,
  chosen: readonly Symbolic[],
  detail: Detail,
): void {
  const { stages, examples } = c.trace;
  let layer = 0;
  let first: Sentence[] = examples > 1 ? [say("example", { n: c.ordinal })] : [];
  const values: Element[] = [];
  let step = -1;
  for (const stage of stages.filter((s) => detail.shows(s))) {
    const all = elementsIn(c, stage.tensor);
    const narrow = all.length <= wide;
    const some = narrow ? all : all.filter(onPath);
    if (some.length < all.length) first.push(...c.once("onlyPath", { parameter: chosen }));
    const shown = (narrow && !detail.brief) || some.length <= 1 ? some : some.slice(0, 1);
    if (shown.length < some.length) first.push(...c.once("likewiseUnits"));
    if (some.length <= wide && detail.brief) values.push(...some);
    for (const e of shown) {
      const why = [...first];
      first = [];
      if (stage.layer !== layer) {
        if (stage.layer > layer + 1) why.push(...leftOut(layer, stage.layer));
        layer = stage.layer;
        step = -1;
        why.push(say("layerForward", { l: layer }));
        if (stage.step !== undefined) why.push(...c.once("firstState"));
      }
      const { step: now = step } = stage;
      if (now > step + 1 && step >= 0) why.push(say("leftOutSteps", { from: step + 2, to: now }));
      step = now;
      const result = c.name(e);
      const forms = formsOf(c, e);
      if (!forms) {
        why.push(say("tooLong", { y: result }));
        c.equation({
          section: "forward",
          kind: "unsupported",
          result,
          forms: [valueOf(c, e)],
          why,
        });
        continue;
      }
      if (forms.length > 1) why.unshift(...c.once("choice"));
      withFormula(c, e, forms);
      const kind = stage.role === "net" ? "affine" : "activation";
      c.equation({ section: "forward", kind, result, forms, why });
    }
  }
  const table = pairs(c, named(c, values));
  if (table) c.note("forward", [say("otherValues")], table);
  errors(c, terms);
}

/** What a function's name stands for, spelled out behind it. */
function withFormula(c: Context, e: Element, forms: Formula[]): Formula[] {
  const own = c.elements.cases(e);
  if (own.length > 0) {
    forms.push(...own);
    return forms;
  }
  const formula = told(e.node.op.notation).isCall ? c.elements.formula(e) : undefined;
  const [first] = forms;
  if (formula && first && !isSame(formula, first)) forms.push(formula);
  return forms;
}

/** Of what only passes an element on, the element that it comes from. */
function maker(c: Context, e: Element): Element {
  const own = c.elements.define(e);
  const inner = c.elements
    .reads(e)
    .map(({ node, at }) => c.elements.resolve(node, at))
    .find((x) => c.nameIfAny(x) === undefined && isSame(c.elements.define(x), own));
  return inner ? maker(c, inner) : e;
}

const valueOf = (c: Context, e: Element): Formula => computed(c.elements.value(e));

const leftOut = (before: number, after: number): Sentence[] =>
  before === 0 ? [] : [say("leftOut", { from: before + 1, to: after - 1 })];

/** E = −ln p, where it is one. */
function asLikelihood(c: Context, e: Element, result: Symbolic): void {
  const found = likelihood(c, e);
  if (!found) return;
  const { p, softmax, form } = found;
  const why = [say("softmaxOf", { p })];
  c.equation({ section: "error", kind: "loss", result: p, forms: [softmax], why });
  c.equation({ section: "error", kind: "loss", result, forms: [form], why: [say("likelihood")] });
}

export function errors(c: Context, terms: Tensor | undefined): void {
  const root = { node: c.trace.loss, index: 0 };
  if (!terms) {
    const forms = withFormula(c, maker(c, root), formsOf(c, root) ?? [valueOf(c, root)]);
    c.equation({ section: "error", kind: "loss", result: c.loss, forms });
    asLikelihood(c, root, c.loss);
    return;
  }
  const naming = withTerms(c, terms);
  const shown = elementsIn(c, terms).slice(0, wide);
  shown.forEach((e, i) => {
    const result = calledBy(naming, e);
    const cases = formsOf(c, e) ?? [valueOf(c, e)];
    const why = [
      ...(cases.length > 1 ? c.once("choice") : []),
      ...(c.elements.isGuarded(e) ? c.once("guardActs") : []),
      ...(i === 0 && shown.length > 1 ? [say("errorTerms")] : []),
    ];
    const forms = withFormula(c, e, cases);
    c.equation({ section: "error", kind: "loss", result, forms, why });
    if (shown.length === 1) asLikelihood(c, e, result);
  });
  const unnamed: Naming = (n, k) => (n === root.node ? undefined : naming(n, k));
  const forms = [c.elements.define(c.elements.resolve(root.node, 0, unnamed), unnamed)];
  const all = c.isBatched(terms) && c.trace.examples > 1;
  const why = [...(all ? [say("otherExamples")] : []), say("total")];
  // Its terms keep their names.
  const longest = mostTerms;
  c.equation({ section: "error", kind: "reduce", result: c.loss, forms, why, longest });
}
