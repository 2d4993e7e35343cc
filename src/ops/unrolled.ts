/** A loop over a graph written out: a node for each step of each node of its body. */
import { at, entry } from "../core/at.ts";
import { type Body, type Family, outputOf, placeholdersOf } from "../core/body.ts";
import { withSite } from "../core/call-site.ts";
import { fail } from "../core/errors.ts";
import { nodesOf } from "../core/graph.ts";
import { over, type Tensor } from "../core/tensor.ts";
import { where } from "./compare.ts";
import { stack } from "./concatenate.ts";
import { scalar, zeros, zerosLike } from "./leaf.ts";
import { sliceAt } from "./move.ts";

/** Written out, a loop is a graph of so many nodes at most. */
const mostNodes = 100_000;

/** What takes the place of each node of a loop. */
export function unrolled({ body, inputs, nodes }: Family): ReadonlyMap<Tensor, Tensor> {
  const { constants, carries, slices, index, length, reverse, when } = body;
  const outputs = nodes.map(outputOf);
  const stacked = outputs.filter((y): y is Tensor => typeof y !== "number");
  const given = new Set([...placeholdersOf(body), index]);
  const inner = nodesOf([...body.next, ...stacked], (n) => given.has(n));
  if (inner.length * length > mostNodes) tooLong(body, nodes, inner.length);
  const first = constants.length;
  let state = inputs.slice(first, first + carries.length);
  const rows = new Map<Tensor, Tensor[]>(stacked.map((y) => [y, []]));
  for (let step = 0; step < length; step++) {
    const t = reverse ? length - 1 - step : step;
    const known = new Map<Tensor, Tensor>([[index, scalar(t, "i32")]]);
    constants.forEach((c, k) => void known.set(c, at(inputs, k)));
    carries.forEach((c, k) => void known.set(c, at(state, k)));
    slices.forEach((s, k) => {
      void known.set(s, sliceAt(at(inputs, first + carries.length + k), 0, t));
    });
    for (const n of inner) {
      if (known.has(n)) continue;
      const own = n.inputs.map((x) => entry(known, x));
      known.set(n, own.every((x, i) => x === n.inputs[i]) ? n : over(n, own));
    }
    const flag = when && entry(known, when);
    const chosen = (y: Tensor, otherwise: Tensor) => (flag ? where(flag, y, otherwise) : y);
    state = body.next.map((y, k) => chosen(entry(known, y), at(state, k)));
    for (const [y, own] of rows) own[t] = chosen(entry(known, y), zerosLike(y));
  }
  return new Map(
    nodes.map((n, i): [Tensor, Tensor] => {
      const output = at(outputs, i);
      const made = () => {
        if (typeof output === "number") return at(state, output);
        const own = entry(rows, output);
        return own.length > 0 ? stack(own) : zeros(n.shape, n.dtype);
      };
      return [n, withSite(n.site, made)];
    }),
  );
}

const tooLong = ({ length }: Body, nodes: readonly Tensor[], inner: number): never =>
  fail("too-large", {
    message: "A loop is written out step by step here, and it is too long for that.",
    expected: `at most ${mostNodes} operations`,
    found: `${length} steps of ${inner}`,
    where: at(nodes, 0).site.toString() || undefined,
    fix: "Look at a shorter sequence.",
  });
