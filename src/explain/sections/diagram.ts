/** The drawing of a small network of dense layers: columns of units, and the weights in between. */
import type { Tensor } from "../../core/tensor.ts";
import type { Diagram, DiagramEdge, DiagramUnit } from "../derivation.ts";
import type { Context } from "../engine/context.ts";
import { entriesOf, matrixOf } from "../engine/parameters.ts";
import { isNetwork } from "../engine/trace.ts";

/** Networks of more layers, or wider ones, are not drawn. */
const mostLayers = 5;
const mostUnits = 6;

/** The drawing, with the edges of the `marked` symbols thick; undefined where it would not fit. */
export function diagram(c: Context, marked: ReadonlySet<string>): Diagram | undefined {
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
    return units(rows, (j) => ({
      name: `${layer}.${j + 1}`,
      symbols: own.map((s) => named(s.tensor, j)),
    }));
  });
  const edges = layers.flatMap(({ parameter, columns }, l) =>
    entriesOf(parameter).map((e): DiagramEdge => {
      const [j, k] = [Math.floor(e.index / columns), e.index % columns];
      const symbol = c.parameterSymbol(e).name;
      return { from: [l, k], to: j, symbol, marked: marked.has(symbol) };
    }),
  );
  return { columns: [first, ...columns], edges };
}
