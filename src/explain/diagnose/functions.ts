/** Mistakes in the derivative of a function or a typed expression. */
import { gradient } from "../../autodiff/gradient.ts";
import { at, only } from "../../core/at.ts";
import { fail } from "../../core/errors.ts";
import { dependents, nodesOf } from "../../core/graph.ts";
import { sameShape } from "../../core/shape.ts";
import { over, type Tensor } from "../../core/tensor.ts";
import { add, mul, sub } from "../../ops/arithmetic.ts";
import { sum } from "../../ops/broadcast.ts";
import { scalar } from "../../ops/leaf.ts";
import { pow } from "../../ops/power.ts";
import type { Sentence } from "../derivation.ts";
import { gradientsOf, slope } from "../engine/gradients.ts";
import { type Entry, entriesOf, entryText, present, valueAt } from "../engine/parameters.ts";
import { told } from "../engine/told.ts";
import { lossOf, type Trace } from "../engine/trace.ts";
import { rounded } from "../render/print.ts";
import { say } from "../say.ts";
import type { Numeral } from "./agreement.ts";
import type { Diagnosis } from "./diagnosis.ts";
import { judged, type Question } from "./judged.ts";
import type { Result } from "./results.ts";
import { degrees, rewritten } from "./rewritten.ts";
import { flow, held } from "./wrong.ts";

/** So many other numbers are looked through for one that was mixed up. */
const most = 200;

/** A number that somebody got for the derivative of a function by one of its arguments. */
export function diagnoseFunction(
  t: Trace,
  got: Numeral,
  asked: Entry,
  options: Question,
): Diagnosis {
  const { quantity = "gradient" } = options;
  if (quantity !== "gradient" && quantity !== "loss") {
    fail("bad-argument", {
      message: "A function has no units and is not trained.",
      expected: 'quantity: "gradient", or "loss" for its value',
      found: JSON.stringify(quantity),
    });
  }
  const isValue = quantity === "loss";
  const what = isValue
    ? say("q_value")
    : say("q_gradient", { p: options.parameter ?? entryText(asked) });
  const result = (cause: Sentence, value: number): Result => ({
    ...{ cause, what, value, isRight: false },
  });
  const g = valueAt(gradientsOf(t), asked);
  const [own, other] = isValue ? [lossOf(t), g] : [g, lossOf(t)];
  const different = (all: readonly Result[]) =>
    all.filter(
      ({ value }) => Number.isFinite(value) && Math.abs(value - own) > 1e-12 * Math.abs(own),
    );
  const numberOf = (loss: Tensor): number =>
    isValue
      ? only(only(t.evaluate([loss])))
      : at(only(t.evaluate([only(gradient(loss, [asked.parameter.tensor]))])), asked.index);
  const ofGraphs = (all: readonly Graph[]) =>
    all.map(({ cause, loss }) => result(cause, numberOf(loss)));
  const mixed = say("m_other", {
    what: isValue ? say("q_gradient", { p: entryText(asked) }) : say("q_value"),
  });
  const others = isValue
    ? []
    : t.parameters.flatMap((p) => (p.tensor.size <= most ? entriesOf(p) : []));
  return judged(got, {
    right: [{ ...result(say("m_correct"), own), isRight: true }],
    wrong: different([
      ...ofGraphs(degrees(t.loss)),
      result(say("m_sign"), -own),
      ...(isValue ? [] : ofGraphs(slopeMistakes(t, asked))),
      result(mixed, other),
    ]),
    more: [
      () =>
        different([
          ...(isValue ? [] : [result(say("m_timesWeight"), g * present(asked))]),
          ...(others.length > most ? [] : others).map((e) =>
            result(
              say("m_other", { what: say("q_gradient", { p: entryText(e) }) }),
              valueAt(gradientsOf(t), e),
            ),
          ),
        ]),
    ],
    ...{ asked, options },
  });
}

/** A function with something wrong in it. */
interface Graph {
  readonly cause: Sentence;
  readonly loss: Tensor;
}

/** One rule of differentiation that is not followed, at one node on the way. */
function slopeMistakes(t: Trace, { parameter }: Entry): Graph[] {
  const called = steps(t);
  const active = dependents(nodesOf([t.loss]), [parameter.tensor]);
  const found: Graph[] = [];
  for (const n of nodesOf([t.loss])) {
    if (!active.has(n) || n.inputs.length === 0 || n.op.derivative.kind === "missing") continue;
    const slots = { u: called(n) };
    const put = (key: Key, back: (y: Tensor, inputs: readonly Tensor[]) => Tensor) =>
      found.push({
        cause: say(key, slots),
        loss: rewritten(t.loss, (node, inputs) =>
          node === n ? back(over(n, inputs), inputs) : undefined,
        ),
      });
    const ways = n.inputs.flatMap((x, i) => (active.has(x) ? [i] : []));
    const [way = 0] = ways;
    const through = n.inputs[way];
    // A product's terms, a quotient's, a sum's: each may be the one that was forgotten.
    if (ways.length > 1)
      for (const i of ways)
        put(i === way ? "m_onlyFirst" : "m_onlySecond", (_, inputs) =>
          over(
            n,
            inputs.map((x, k) => (k === i ? x : held(x))),
          ),
        );
    if (ways.length !== 1 || !through || !sameShape(through.shape, n.shape)) continue;
    if (n.op.derivative.kind === "linear" && n.inputs.length === 1 && n.op.name !== "neg") continue;
    put("m_slopeForgotten", (y, inputs) => add(held(y), flow(at(inputs, way))));
    put("m_slopeSign", (y) => sub(held(y), flow(y)));
    if (n.op.name === "square" || n.op.name === "pow") powers(n, put);
    if (n.inputs.length > 1) continue;
    put("m_slopeAtValue", (y, inputs) => {
      const v = add(held(y), 0);
      const wrong = slope(sum(over(n, [v])), v);
      return add(held(y), mul(held(wrong), flow(at(inputs, way))));
    });
  }
  return found;
}
/** What a step is called, and what it is: "u1 = x · y". */
function steps(t: Trace): (n: Tensor) => string {
  const names = new Map<Tensor, string>([
    ...t.parameters.map((p) => [p.tensor, p.name] as const),
    ...t.stages.map(({ tensor, name }) => [tensor, name] as const),
  ]);
  const operand = (x: Tensor): string => {
    const known = names.get(x);
    if (known !== undefined || x.size !== 1) return known ?? "…";
    return rounded(only(only(t.evaluate([x]))), 6);
  };
  return (n) => {
    const own = names.get(n);
    const formula = told(n.op.notation).text.replace(/#(\d)/g, (_, i) =>
      operand(at(n.inputs, Number(i))),
    );
    return own === undefined ? formula : `${own} = ${formula}`;
  };
}

/** xᵖ: the exponent that was not brought down, or not made smaller. */
function powers(
  { op, inputs: [, exponent] }: Tensor,
  put: (key: Key, back: (y: Tensor, inputs: readonly Tensor[]) => Tensor) => void,
): void {
  const p = op.name === "square" ? scalar(2, "f64") : exponent;
  if (!p) return;
  const sloped = (of: (x: Tensor) => Tensor) => (y: Tensor, inputs: readonly Tensor[]) => {
    const x = at(inputs, 0);
    return add(held(y), mul(held(of(x)), flow(x)));
  };
  put(
    "m_exponentLeftOut",
    sloped((x) => pow(x, sub(p, 1))),
  );
  put(
    "m_exponentKept",
    sloped((x) => mul(p, pow(x, p))),
  );
}
type Key =
  | "m_exponentLeftOut"
  | "m_exponentKept"
  | "m_onlyFirst"
  | "m_onlySecond"
  | "m_slopeForgotten"
  | "m_slopeSign"
  | "m_slopeAtValue";
