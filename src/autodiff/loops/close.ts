/**
 * A graph that stands by itself: what it reads from outside becomes placeholders. Views of what comes
 * from outside, and its single numbers, stay inside, so that nothing is stored for them.
 */
import { entry } from "../../core/at.ts";
import { withSite } from "../../core/call-site.ts";
import { nodesOf } from "../../core/graph.ts";
import { over, type Tensor } from "../../core/tensor.ts";
import { input } from "../../ops/leaf.ts";

/** A placeholder and what it stands for. */
interface Bound {
  readonly placeholder: Tensor;
  readonly of: Tensor;
}

/** What becomes of a node: it is computed inside, or comes as a constant or as a row of a sequence. */
export type Fate = "inside" | "constant" | "slice";

/** Graphs over placeholders alone. */
interface Closed {
  readonly roots: readonly Tensor[];
  readonly constants: readonly Bound[];
  readonly slices: readonly Bound[];
}

/** The roots with all nodes that are not to be inside replaced; `own` nodes stay as they are. */
export function close(
  roots: readonly Tensor[],
  own: ReadonlyMap<Tensor, Tensor>,
  fate: (n: Tensor) => Fate,
): Closed {
  const fates = new Map<Tensor, Fate>();
  const fateOf = (n: Tensor): Fate => {
    let known = fates.get(n);
    if (known === undefined) fates.set(n, (known = fate(n)));
    return known;
  };
  const mapped = new Map(own);
  const constants: Bound[] = [];
  const slices: Bound[] = [];
  const place = (n: Tensor): Tensor =>
    withSite(n.site, () => input(String(n.attributes.name ?? n.op.name), n.shape, n.dtype));
  for (const n of nodesOf(roots, (n) => own.has(n) || fateOf(n) !== "inside")) {
    if (mapped.has(n)) continue;
    const found = fateOf(n);
    if (found === "inside") {
      const inputs = n.inputs.map((x) => entry(mapped, x));
      mapped.set(n, inputs.every((x, i) => x === n.inputs[i]) ? n : over(n, inputs));
      continue;
    }
    const placeholder = place(n);
    (found === "constant" ? constants : slices).push({ placeholder, of: n });
    mapped.set(n, placeholder);
  }
  return { roots: roots.map((root) => entry(mapped, root)), constants, slices };
}

/** Whether a node shows elements of what it reads, or one number. */
export function isView(n: Tensor): boolean {
  if (n.inputs.length === 0) return false;
  const meaning = n.op.meaning(n.inputs, n, n.attributes);
  if (meaning.loop !== "map") return false;
  const { value } = meaning;
  return value.kind === "constant" || (value.kind === "load" && !value.when && !value.bound);
}
