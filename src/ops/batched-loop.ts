/** A loop over a graph, for all places at once: its body is a graph like any other. */
import { at } from "../core/at.ts";
import { type Body, type BodyOutput, type Family, outputOf, placeholdersOf } from "../core/body.ts";
import { dependents, nodesOf } from "../core/graph.ts";
import { node, type Tensor } from "../core/tensor.ts";
import { broadcastTo } from "./broadcast.ts";
import { where } from "./compare.ts";
import { input as placeholder, zerosLike } from "./leaf.ts";
import { reshape, transpose } from "./move.ts";

type OnBatch = (
  outputs: readonly Tensor[],
  sources: ReadonlyMap<Tensor, Tensor>,
  size: number,
) => ReadonlyMap<Tensor, Tensor>;

/** What takes the place of each node of a loop, of which `known` has some inputs for all places. */
export function loopOnBatch(
  family: Family,
  known: ReadonlyMap<Tensor, Tensor>,
  size: number,
  onBatch: OnBatch,
): ReadonlyMap<Tensor, Tensor> {
  const { body, inputs, nodes } = family;
  const { constants, carries, when } = body;
  const has = varying(
    body,
    inputs.map((x) => known.has(x)),
  );
  const spread = (x: Tensor): Tensor => broadcastTo(x, [size, ...x.shape]);
  const olds = placeholdersOf(body);
  const sources = new Map<Tensor, Tensor>();
  const news = olds.map((old, i) => {
    if (!has[i]) return old;
    const all = placeholder("places", [size, ...old.shape], old.dtype);
    sources.set(old, all);
    return all;
  });
  const [afterConstants, afterCarries] = [constants.length, constants.length + carries.length];
  const outputs = nodes.map(outputOf);
  const made = onBatch([...body.next, ...outputs.filter(isStacked)], sources, size);
  const all = (n: Tensor): Tensor => made.get(n) ?? spread(n);
  // Where each place has a condition of its own, every step is taken, and chooses.
  const flag = when && made.get(when);
  const chosen = (y: Tensor, otherwise: Tensor): Tensor =>
    flag ? where(reshape(flag, [size, ...y.shape.slice(1).map(() => 1)]), y, otherwise) : y;
  const stacks = new Map<Tensor, Tensor>();
  for (const y of outputs.filter(isStacked)) {
    if (flag || made.has(y)) stacks.set(y, chosen(all(y), zerosLike(all(y))));
  }
  const own: Body = {
    ...body,
    constants: news.slice(0, afterConstants),
    carries: news.slice(afterConstants, afterCarries),
    slices: news.slice(afterCarries),
    next: body.next.map((y, k) =>
      has[afterConstants + k] ? chosen(all(y), all(at(carries, k))) : y,
    ),
    when: flag || when === undefined ? undefined : at(news, olds.indexOf(when)),
  };
  const given = inputs.map((x, i) => {
    if (!has[i]) return x;
    const places = known.get(x) ?? spread(x);
    return i < afterCarries ? places : exchanged(places);
  });
  return new Map(
    nodes.map((n, i): [Tensor, Tensor] => {
      const old = at(outputs, i);
      const output: BodyOutput = isStacked(old) ? (stacks.get(old) ?? old) : old;
      const y = node(n.op, given, { ...n.attributes, body: own, output });
      if (isStacked(old)) return [n, stacks.has(old) ? exchanged(y) : spread(y)];
      return [n, has[afterConstants + old] ? y : spread(y)];
    }),
  );
}

const isStacked = (output: BodyOutput): output is Tensor => typeof output !== "number";

/** The first two axes exchanged: rows of places, places of rows. */
const exchanged = (x: Tensor): Tensor =>
  transpose(x, [1, 0, ...x.shape.slice(2).map((_, axis) => axis + 2)]);

/** Which placeholders are not the same at all places: carries also where a step makes them so. */
function varying(body: Body, given: readonly boolean[]): boolean[] {
  const { constants, next, when } = body;
  const olds = placeholdersOf(body);
  const inner = nodesOf(next);
  const has = [...given];
  for (let changed = true; changed; ) {
    changed = false;
    const active = dependents(
      inner,
      olds.filter((_, i) => has[i]),
    );
    const isFlagged = when !== undefined && active.has(when);
    for (const [k, y] of next.entries()) {
      const i = constants.length + k;
      if (has[i] || !(isFlagged || active.has(y))) continue;
      has[i] = changed = true;
    }
  }
  return has;
}
