/** The drawing of a small network of dense layers: columns of units, and the weights in between. */
import type { Tensor } from "../../core/tensor.ts";
import type { Diagram, DiagramEdge, DiagramUnit } from "../derivation.ts";
import type { Context } from "../engine/context.ts";
import type { Element } from "../engine/elements.ts";
import { gradientAt } from "../engine/gradients.ts";
import { partial } from "../engine/notation.ts";
import { type Entry, entriesOf, matrixOf, present } from "../engine/parameters.ts";
import { isNetwork } from "../engine/trace.ts";

/** Networks of more layers, or wider ones, are not drawn. */
const mostLayers = 5;
const mostUnits = 6;

/**
 * The drawing, with the ways of the `chosen` numbers to the loss thick and, where all gradients are
 * those of the loss itself, δ below each unit and, for one number, the local derivatives on its
 * way; undefined where it would not fit.
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
  const element = (t: Tensor, j: number): Element => ({
    node: t,
    index: c.example * (t.size / trace.examples) + j,
  });
  const named = (t: Tensor, j: number): string => c.name(element(t, j)).name;
  const units = (n: number, unit: (j: number) => DiagramUnit): DiagramUnit[] =>
    Array.from({ length: n }, (_, j) => unit(j));
  const first = units(inputs, (k) => {
    const name = named(x, k);
    return { name, symbols: [name] };
  });
  const rowsOf = (l: number) => layers[l]?.rows ?? 0;
  /** The stages whose elements are units of a layer, from 0; before the first layer the input. */
  const unitsOf = (l: number) =>
    l < 0 ? [] : trace.stages.filter((s) => s.layer === layers[l]?.parameter.layer && s.units);
  const netOf = (l: number) => unitsOf(l).find((s) => s.role === "net" && s.tensor.rank === 2);
  const slopeOf = (y: Element, x: Element): number => c.evaluate(c.local(y, x));
  /** ∂y/∂x as a symbol with its value. */
  const local = (y: Element, x: Element): string =>
    c.symbol(partial(c.signOf(y), c.signOf(x)), slopeOf(y, x)).name;
  const withLocals = withGradients && chosen.length === 1;
  const asked = new Set(chosen.map((e) => c.parameterSymbol(e).name));
  // The units of the last column that the one number acts on; of several each is marked alone.
  let reached = new Set<number>();
  const passed: Set<number>[] = [];
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
    passed.push(reached);
    const net = withLocals ? netOf(l)?.tensor : undefined;
    const out = l === 0 ? x : unitsOf(l - 1).at(-1)?.tensor;
    return entriesOf(parameter).map((e): DiagramEdge => {
      const [j, k] = [Math.floor(e.index / columns), e.index % columns];
      const symbol = c.parameterSymbol(e).name;
      const onWay = before.has(k);
      if (onWay) reached.add(j);
      const marked = onWay || asked.has(symbol);
      const own = { node: parameter.tensor, index: e.index };
      const from = !marked ? undefined : !onWay ? own : out && element(out, k);
      // Where something else stands in between, the way is not drawn in full.
      const isNext = !onWay || (net && from && slopeOf(element(net, j), from) === present(e));
      const way = net && from && isNext ? { local: local(element(net, j), from) } : {};
      return { from: [l, k], to: j, symbol, marked, ...way };
    });
  });
  const columns = layers.map(({ parameter: { layer } }, l) => {
    const own = unitsOf(l);
    const net = withGradients ? netOf(l) : undefined;
    const [, out, ...further] = own;
    const gradient = (j: number) => {
      if (!net) return {};
      const e = element(net.tensor, j);
      const value = gradientAt(trace, net.tensor)[e.index];
      const onWay = withLocals && out && further.length === 0 && passed[l]?.has(j);
      return {
        ...(onWay ? { slope: local(element(out.tensor, j), e) } : {}),
        gradient: c.symbol(c.gradientSign(e), value).name,
      };
    };
    return units(rowsOf(l), (j) => ({
      name: `${layer}.${j + 1}`,
      symbols: own.map((s) => named(s.tensor, j)),
      ...gradient(j),
    }));
  });
  return { columns: [first, ...columns], edges };
}
