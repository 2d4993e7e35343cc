/** The drawing of a small network of dense layers: columns of units, and the weights in between. */
import type { Tensor } from "../../core/tensor.ts";
import type { Diagram, DiagramEdge, DiagramUnit } from "../derivation.ts";
import type { Context } from "../engine/context.ts";
import { gradientAt } from "../engine/gradients.ts";
import { type Entry, entriesOf, matrixOf } from "../engine/parameters.ts";
import { isNetwork } from "../engine/trace.ts";

/** Networks of more layers, or wider ones, are not drawn. */
const mostLayers = 5;
const mostUnits = 6;

/**
 * The drawing, with the ways of the `chosen` numbers to the loss thick and, where all gradients are
 * those of the loss itself, δ below each unit; undefined where it would not fit.
 */
export function diagram(
  c: Context,
  chosen: readonly Entry[],
  withGradients: boolean,
): Diagram | undefined {
  const { trace } = c;
  if (!isNetwork(trace)) return undefined;
  const { x } = trace.network;
  const [, inputs, ...more] = x.shape;
  if (inputs === undefined || more.length > 0) return undefined;
  const layers = trace.parameters.flatMap((parameter) => {
    const matrix = matrixOf(parameter);
    return matrix ? [{ parameter, ...matrix }] : [];
  });
  const widths = [inputs, ...layers.map(({ rows }) => rows)];
  if (layers.length === 0 || layers.length > mostLayers || widths.some((w) => w > mostUnits))
    return undefined;
  const named = (t: Tensor, j: number): string => {
    const e = { node: t, index: c.example * (t.size / trace.examples) + j };
    return c.name(e).name;
  };
  const units = (n: number, unit: (j: number) => DiagramUnit): DiagramUnit[] =>
    Array.from({ length: n }, (_, j) => unit(j));
  const first = units(inputs, (k) => {
    const name = named(x, k);
    return { name, symbols: [name] };
  });
  const columns = layers.map(({ parameter: { layer }, rows }) => {
    const own = trace.stages.filter((s) => s.layer === layer && s.units);
    const net = withGradients
      ? own.find((s) => s.role === "net" && s.tensor.rank === 2)
      : undefined;
    const gradient = (j: number) => {
      if (!net) return {};
      const e = { node: net.tensor, index: c.example * rows + j };
      const value = gradientAt(trace, net.tensor)[e.index];
      return { gradient: c.symbol(c.gradientSign(e), value).name };
    };
    return units(rows, (j) => ({
      name: `${layer}.${j + 1}`,
      symbols: own.map((s) => named(s.tensor, j)),
      ...gradient(j),
    }));
  });
  const asked = new Set(chosen.map((e) => c.parameterSymbol(e).name));
  // The units of the last column that the one number acts on; of several each is marked alone.
  let reached = new Set<number>();
  const edges = layers.flatMap(({ parameter, columns, rows }, l) => {
    const [only, ...others] = chosen;
    const before = reached;
    reached = new Set();
    if (only && others.length === 0 && only.parameter.layer === parameter.layer) {
      const { index, parameter: own } = only;
      const all = own !== parameter && own.tensor.size < rows;
      const row = own === parameter ? Math.floor(index / columns) : index;
      for (let j = 0; j < rows; j++) if (all || j === row) reached.add(j);
    }
    return entriesOf(parameter).map((e): DiagramEdge => {
      const [j, k] = [Math.floor(e.index / columns), e.index % columns];
      const symbol = c.parameterSymbol(e).name;
      const onWay = before.has(k);
      if (onWay) reached.add(j);
      return { from: [l, k], to: j, symbol, marked: onWay || asked.has(symbol) };
    });
  });
  return { columns: [first, ...columns], edges };
}
