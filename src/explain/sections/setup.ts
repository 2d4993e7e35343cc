/** Section 1: what network, what data, which conventions; and the drawing. */
import { isFloat } from "../../core/dtype.ts";
import { formatShape } from "../../core/shape.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { Cell, Diagram, DiagramEdge, Sentence } from "../derivation.ts";
import { partials } from "../engine/adjoint.ts";
import type { Context } from "../engine/context.ts";
import { named, pairs } from "../engine/detail.ts";
import { keyOf } from "../engine/elements.ts";
import { number } from "../engine/expr.ts";
import { withTerms } from "../engine/loss.ts";
import { partial } from "../engine/notation.ts";
import { rateOf } from "../engine/trace.ts";
import type { MessageKey } from "../messages.ts";
import { say } from "../say.ts";

/** Networks up to this many parameters have all their numbers listed and are drawn. */
const small = 60;

export function setUp(
  c: Context,
  chosen: readonly Cell[],
  terms: Tensor | undefined,
  timing: string,
): void {
  const { trace } = c;
  const { trainer } = trace;
  const rows: Cell[][] = [];
  const row = (key: MessageKey | "none", ...cells: Cell[]) => {
    cells.forEach((cell, i) => {
      rows.push([i === 0 && key !== "none" ? say(key) : "", cell]);
    });
  };
  if (trainer) row("network", networkText(c));
  const shapes = Object.entries(trace.parameters).map(([n, t]) => `${n} ${formatShape(t.shape)}`);
  row("shapes", shapes.length > 12 ? `${shapes.slice(0, 12).join(", ")}, …` : shapes.join(", "));
  if (chosen.length === 1) row("parameter", chosen[0]!);
  if (trainer) {
    row("lossFunction", reduction(c, terms));
    const [initial, present] = [trainer.learningRate, rateOf(trainer)];
    const eta = c.symbol({ text: "η", tex: "\\eta" }, present);
    const rate = { name: trainer.optimizer.name, eta, value: number(present) };
    const scheduled = say("rateScheduled", { ...rate, initial: number(initial) });
    row("optimizer", present === initial ? say("rate", rate) : scheduled);
    row("biases", biasPolicy(c));
    row("timing", say(timing === "sequential" ? "sequential" : "simultaneous"));
    const w = firstWeight(c);
    if (c.notation === "net-out") row("conventions", say("layoutNumbered"));
    else if (w) row("conventions", say("layout", { w }));
    const n = trace.examples;
    if (n > 1) row("data", say("batchOf", { n, example: c.example }));
    const { firstExample: from = 0 } = trace;
    if (from > 0) row("data", say("batchFrom", { from, to: from + n - 1 }));
    row("data", ...labelOf(c));
    if (trace.random) row("data", say("randomNumbers"));
    const { steps } = trainer.progress;
    if (steps > 0) row("data", say(steps === 1 ? "afterStep" : "afterSteps", { n: steps }));
  }
  row("precision", say("rounding", { digits: "{digits}" }));
  if (trainer && trainer.dtype !== "f64") row("none", say("dtype", { dtype: trainer.dtype }));
  c.note("setup", symbolNotes(c), { columns: [say("quantity"), say("value")], rows });
  if (trainer) givenNumbers(c);
}

/** The inputs, targets and parameters of a small network. */
function givenNumbers(c: Context): void {
  const { trace } = c;
  const size = Object.values(trace.parameters).reduce((n, t) => n + t.size, 0);
  const x = trace.x!;
  const per = x.size / trace.examples;
  if (size > small || per > 12) return;
  const part = (node: Tensor, from: number, count: number) =>
    Array.from({ length: count }, (_, i) => ({ node, index: from + i }));
  const y = trace.y!;
  const targets = y.size / trace.examples;
  for (const [name, t] of Object.entries(trace.parameters)) {
    for (let i = 0; i < t.size; i++) c.parameterSymbol(name, i);
  }
  const all = [
    ...part(x, c.example * per, per),
    ...part(y, c.example * targets, targets),
    ...Object.values(trace.parameters).flatMap((t) => part(t, 0, t.size)),
  ];
  const table = pairs(c, named(c, all));
  c.note("setup", [say("givenValues")], table);
}

/** The class of the example that is shown, where targets are labels. */
function labelOf(c: Context): Sentence[] {
  const { y, examples, data } = c.trace;
  if (!y || isFloat(y.dtype) || y.size !== examples) return [];
  const label = c.trace.bindings.get(y)![c.example]!;
  const name = (data as { readonly classes?: readonly string[] } | undefined)?.classes?.[label];
  const slots = { n: c.example, label, name: name ?? String(label) };
  return [say("labelOf", slots)];
}

function symbolNotes(c: Context): Sentence[] {
  const other = c.trace.stages.find((s) => s.role === "other" && s.layer > 0);
  const v = other && c.name({ node: other.tensor, index: 0 });
  const others = v ? [say("symbolsOther", { v })] : [];
  if (!c.trace.trainer) return [say("symbolsFunction", { loss: c.loss })];
  switch (c.notation) {
    case "net-out":
      return [say("symbolsNetOut"), ...others];
    case "torch":
      return [say("symbolsTorch")];
    default: {
      const d = c.symbol(partial(c.names.loss, { text: "z", tex: "z" }));
      const slots = { t: c.notation === "bp" ? "y" : "t", loss: c.loss, d };
      const notes = [say("symbolsLayer", slots), ...others, say("superscript")];
      return c.notation === "bp" ? [...notes, say("bp")] : notes;
    }
  }
}

function networkText(c: Context): string {
  const model = c.trace.trainer!.model;
  const parts = model.layers.length > 0 ? model.layers : [model];
  const names = parts.map((l) => {
    const { inputs, outputs } = l.settings;
    return inputs === undefined ? l.name : `${l.name} ${String(inputs)} → ${String(outputs)}`;
  });
  return repeated(names).join(", ");
}

/** A list in which what repeats itself is counted: 3 × (a, b). */
function repeated(all: readonly string[]): string[] {
  const found: string[] = [];
  for (let i = 0; i < all.length; ) {
    let [length, times] = [1, 1];
    for (const n of [1, 2, 3]) {
      const same = (k: number) => all.slice(i, i + n).every((x, j) => all[i + k * n + j] === x);
      let k = 1;
      while (same(k)) k++;
      if (k * n > length * times && k > 1) [length, times] = [n, k];
    }
    const part = all.slice(i, i + length).join(", ");
    found.push(times > 1 ? `${times} × (${part})` : part);
    i += length * times;
  }
  return found;
}

function firstWeight(c: Context) {
  const name = Object.keys(c.trace.parameters).find((n) => c.trace.parameters[n]!.rank === 2);
  if (!name) return undefined;
  if (c.notation === "torch") return "weight[j,k]";
  return c.symbol({ text: "wⱼₖ", tex: "w_{jk}" });
}

function biasPolicy(c: Context): Sentence {
  const names = Object.keys(c.trace.parameters).filter((n) => /(^|\.)bias$/.test(n));
  if (names.length === 0) return say("biasNone");
  if (!names.some((n) => c.trace.trainable.includes(n))) return say("biasFrozen");
  const one = c.trace.parameters[names[0]!]!.rank === 0;
  return say(one ? "biasShared" : "biasTrained");
}

function reduction(c: Context, terms: Tensor | undefined): Sentence {
  const name = c.trace.lossName ?? (c.trace.trainer?.loss.name || "f");
  if (!terms) return say("reductionNone", { name });
  const n = terms.size;
  const wanted = new Set([keyOf({ node: terms, index: 0 })]);
  const root = { node: c.trace.loss, index: 0 };
  const d = partials(c.elements, root, wanted, withTerms(c, terms));
  const factor = [...d.values()][0]?.coefficient;
  if (n === 1) return say("reductionNone", { name });
  if (!factor || (factor.kind === "number" && factor.value === 1))
    return say("reductionSum", { name, n });
  return say("reduction", { name, n, factor });
}

/** The drawing of a small dense network; undefined where it would not fit. */
export function diagram(c: Context, marked: ReadonlySet<string>): Diagram | undefined {
  const { trace } = c;
  const x = trace.x;
  if (x?.rank !== 2) return undefined;
  const layers = Object.keys(trace.parameters)
    .filter((n) => trace.parameters[n]!.rank === 2 && /(^|\.)weight$/.test(n))
    .map((n) => ({ name: n, t: trace.parameters[n]! }));
  const widths = [x.shape[1]!, ...layers.map(({ t }) => t.shape[0]!)];
  if (layers.length > 5 || widths.some((w) => w > 6)) return undefined;
  const columns = widths.map((w, l) =>
    Array.from({ length: w }, (_, j) => {
      const at = (t: Tensor) => c.example * (t.size / trace.examples) + j;
      if (l === 0) {
        const name = c.signOf({ node: x, index: at(x) })!.text;
        c.name({ node: x, index: at(x) });
        return { name, symbols: [name] };
      }
      const stages = trace.stages.filter((s) => s.layer === l && s.tensor.shape.at(-1) === w);
      const symbols = stages.map((s) => {
        c.name({ node: s.tensor, index: at(s.tensor) });
        return c.signOf({ node: s.tensor, index: at(s.tensor) })!.text;
      });
      return { name: `${l}.${j + 1}`, symbols };
    }),
  );
  const edges: DiagramEdge[] = layers.flatMap(({ name, t }, l) =>
    Array.from({ length: t.size }, (_, i) => {
      const [j, k] = [Math.floor(i / t.shape[1]!), i % t.shape[1]!];
      const sign = c.sign(c.parameterSymbol(name, i)).text;
      const onWay = marked.has(sign);
      return { from: [l, k] as const, to: j, symbol: sign, marked: onWay };
    }),
  );
  return { columns, edges };
}
