/** A typed formula with values: its derivation, and every part of it with value and derivatives. */
import { ChainruleError, fail } from "../../../src/core/errors.ts";
import { sizeOf } from "../../../src/core/shape.ts";
import type { Tensor } from "../../../src/core/tensor.ts";
import { Context } from "../../../src/explain/engine/context.ts";
import type { Element } from "../../../src/explain/engine/elements.ts";
import { symbolsOf } from "../../../src/explain/engine/expr.ts";
import { gradientAt } from "../../../src/explain/engine/gradients.ts";
import type { Trace } from "../../../src/explain/engine/trace.ts";
import { explain } from "../../../src/explain/explain.ts";
import { parseExpression } from "../../../src/explain/expression/expression.ts";
import type { TypedExpression } from "../../../src/explain/expression/typed.ts";
import type { Derivation } from "../../../src/explain/render/index.ts";
import { toMathML } from "../../../src/explain/render/mathml.ts";
import { printFormula, type Style } from "../../../src/explain/render/print.ts";
import { traceOf } from "../../../src/explain/subject.ts";
import type { ExpressionView, FormulaAsked, Look, PieceView, Wrong } from "../protocol.ts";
import { stepsOf } from "./derivation.ts";
import { failureOf } from "./failure.ts";

/** Of more numbers than this the parts are not listed one by one. */
const mostListed = 64;

/** What was typed cannot be read, or not be computed: and in which of the fields. */
class InField extends Error {
  readonly field: string;
  constructor(field: string, cause: unknown) {
    super("", { cause });
    this.field = field;
  }
}

const inField = <T>(name: string, work: () => T): T => {
  try {
    return work();
  } catch (error) {
    throw error instanceof ChainruleError ? new InField(name, error) : error;
  }
};

/** The names that need values; none while the text cannot be read. */
export function namesIn(text: string): readonly string[] {
  try {
    return parseExpression(text).names;
  } catch (error) {
    if (error instanceof ChainruleError) return [];
    throw error;
  }
}

function valuesOf({ names }: TypedExpression, values: FormulaAsked["values"]) {
  return Object.fromEntries(
    names.map((name) => {
      const text = Object.hasOwn(values, name) ? (values[name] ?? "") : "";
      return [name, inField(name, () => valueOf(text))];
    }),
  );
}

function valueOf(text: string): Tensor {
  if (text.trim() === "") {
    fail("unbound-input", {
      message: "This name needs a value.",
      expected: "a number, or lists of numbers such as [[1, 2], [3, 4]]",
      found: "nothing",
    });
  }
  const value = parseExpression(text);
  if (value.names.length > 0) {
    fail("bad-argument", {
      message: "A value holds no names.",
      expected: "numbers, lists of them, and what is computed from them",
      found: value.names.join(", "),
    });
  }
  return value({});
}

export async function expression(
  asked: FormulaAsked,
  { language }: Pick<Look, "language">,
): Promise<{ readonly view: ExpressionView; readonly derivation: Derivation } | Wrong> {
  const { text, values, by, level } = asked;
  try {
    const formula = inField("", () => parseExpression(text));
    const inputs = valuesOf(formula, values);
    const options = { inputs, language, notation: "canonical", level } as const;
    const parameter = by !== undefined && formula.names.includes(by) ? { parameter: by } : {};
    const derivation = await explain(formula, { ...options, ...parameter }).catch((error) =>
      inField("", () => {
        throw error;
      }),
    );
    const t = traceOf(formula, options, true);
    const view = { names: formula.names, ...stepsOf(derivation), pieces: piecesOf(t) };
    return { view, derivation };
  } catch (error) {
    if (!(error instanceof InField)) throw error;
    return { failure: failureOf(error.cause), at: error.field };
  }
}

/** Every number that is computed on the way: from what, and what it means for E. */
function piecesOf(t: Trace): readonly PieceView[] {
  const stages = t.stages.map(({ tensor }) => tensor);
  const all = [...t.parameters.map(({ tensor }) => tensor), ...stages];
  if (all.reduce((sum, { shape }) => sum + sizeOf(shape), 0) > mostListed) return [];
  const c = new Context(t, "canonical", 0);
  const elements = all.flatMap((node) =>
    Array.from({ length: node.size }, (_, index): Element => ({ node, index })),
  );
  const byName = new Map(elements.map((e) => [c.name(e).name, e]));
  const computedHere = elements.filter(({ node }) => stages.includes(node));
  const style: Style = { tex: true, digits: 9, symbols: c.symbols.table, operators: {} };
  const loss: Element = { node: t.loss, index: 0 };
  return [...computedHere, loss].map((e) => {
    const own = e.node === t.loss ? c.loss : c.name(e);
    const made = c.elements.unlessTooLong(() => c.elements.define(e));
    // Signs of operators come to be known while formulas are made.
    const tex = (f: Parameters<typeof printFormula>[0]) =>
      toMathML(printFormula(f, { ...style, operators: c.elements.operators }));
    const read = made ? [...symbolsOf(made)].flatMap((name) => byName.get(name) ?? []) : [];
    return {
      name: own.name,
      symbol: tex(own),
      formula: made ? tex(made) : "",
      value: c.elements.value(e),
      adjoint: e.node === t.loss ? 1 : (gradientAt(t, e.node)[e.index] ?? Number.NaN),
      locals: read.map((x) => {
        const slope = c.local(e, x);
        const partial = c.partialSymbol(e, x);
        return {
          name: partial.name,
          symbol: tex(partial),
          formula: slope.kind === "number" ? "" : tex(slope),
          value: c.evaluate(slope),
        };
      }),
    };
  });
}
