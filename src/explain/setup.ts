/** Section 1: what network, what data, which conventions; and the drawing. */
import { isFloat } from "../core/dtype.ts";
import { formatShape } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { partials } from "./adjoint.ts";
import type { Context } from "./context.ts";
import type { Cell, Diagram, DiagramEdge, Sentence } from "./derivation.ts";
import { keyOf } from "./elements.ts";
import { type Expr, number } from "./expr.ts";
import { withTerms } from "./loss.ts";
import type { MessageKey } from "./messages.ts";
import { say } from "./say.ts";

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
  row("lossFunction", reduction(c, terms));
  if (trainer) {
    const eta = c.symbol({ text: "η", tex: "\\eta" }, trainer.learningRate);
    row(
      "optimizer",
      say("rate", { name: trainer.optimizer.name, eta, value: number(trainer.learningRate) }),
    );
    row("biases", biasPolicy(c));
    row("timing", say(timing === "sequential" ? "sequential" : "simultaneous"));
    const w = firstWeight(c);
    if (c.notation === "net-out") row("conventions", say("layoutNumbered"));
    else if (w) row("conventions", say("layout", { w }));
    const n = trace.examples;
    if (n > 1) row("data", say("batchOf", { n, example: c.example }));
    const { steps } = trainer.progress;
    if (steps > 0) row("data", say("afterSteps", { n: steps }));
  }
  row("precision", say("rounding", { digits: "{digits}" }));
  if (trainer && trainer.dtype !== "f64") row("none", say("dtype", { dtype: trainer.dtype }));
  c.note("setup", symbolNotes(c), { columns: [say("quantity"), say("value")], rows });
  if (trainer) givenNumbers(c);
}

const row2 = (cells: Cell[][], width: number): Cell[][] => {
  const rows: Cell[][] = [];
  for (let i = 0; i < cells.length; i += width) {
    const part = cells.slice(i, i + width).flat();
    rows.push([...part, ...Array<Cell>(2 * Math.min(width, cells.length) - part.length).fill("")]);
  }
  return rows;
};

/** The inputs, targets and parameters of a small network. */
function givenNumbers(c: Context): void {
  const { trace } = c;
  const size = Object.values(trace.parameters).reduce((n, t) => n + t.size, 0);
  const x = trace.x!;
  const per = x.size / trace.examples;
  if (size > small || per > 12) return;
  const cells: Cell[][] = [];
  const add = (node: Tensor, from: number, count: number) => {
    for (let i = from; i < from + count; i++) {
      const name = c.name({ node, index: i });
      if (name && !cells.some(([known]) => JSON.stringify(known) === JSON.stringify(name))) {
        cells.push([name, number(trace.bindings.get(node)![i]!)]);
      }
    }
  };
  add(x, c.example * per, per);
  const y = trace.y!;
  if (isFloat(y.dtype)) add(y, (c.example * y.size) / trace.examples, y.size / trace.examples);
  for (const [name, t] of Object.entries(trace.parameters)) {
    for (let i = 0; i < t.size; i++) c.parameterSymbol(name, i);
    add(t, 0, t.size);
  }
  // Long names leave room for fewer columns.
  const long = cells.some(([name]) => name && c.sign(name as Expr).text.length > 8);
  const width = Math.min(long ? 2 : 4, cells.length);
  const columns = Array.from({ length: 2 * width }, (_, i) =>
    say(i % 2 === 0 ? "quantity" : "value"),
  );
  c.note("setup", [say("givenValues")], { columns, rows: row2(cells, width) });
}

function symbolNotes(c: Context): Sentence[] {
  if (!c.trace.trainer) return [say("symbolsFunction")];
  switch (c.notation) {
    case "net-out":
      return [say("symbolsNetOut")];
    case "torch":
      return [say("symbolsTorch")];
    default: {
      const slots = { t: c.notation === "bp" ? "y" : "t", loss: c.loss };
      const notes = [say("symbolsLayer", slots), say("superscript")];
      return c.notation === "bp" ? [...notes, say("bp")] : notes;
    }
  }
}

function networkText(c: Context): string {
  const model = c.trace.trainer!.model;
  const parts = model.layers.length > 0 ? model.layers : [model];
  return parts
    .map((l) => {
      const { inputs, outputs } = l.settings;
      return inputs === undefined ? l.name : `${l.name} ${String(inputs)} → ${String(outputs)}`;
    })
    .join(", ");
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
  const { trainer } = c.trace;
  const name = c.trace.lossName ?? (trainer?.loss.name || "f");
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
