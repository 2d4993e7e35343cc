/** Loops as part of a graph. */
import * as chainrule from "../../src/index.ts";
import { probe, read, v, x } from "./samples.ts";

type T = chainrule.Tensor;
const all = (result: unknown) => (result as unknown[]).forEach(read);
const calls =
  (...given: unknown[]) =>
  (f: unknown) =>
    read((f as (...all: unknown[]) => unknown)(...given));
const one = chainrule.tensor(1);

export const loops = {
  scan: probe(
    chainrule.scan,
    [(c: T, row: T) => [c.add(row), c], v, v.expandDims(1), { length: 2, reverse: true }],
    all,
  ),
  whileLoop: probe(
    chainrule.whileLoop,
    [(c: T) => c.less(3), (c: T) => c.add(1), one, { bound: 4 }],
    read,
  ),
  cond: probe(chainrule.cond, [one.less(2), (a: T) => a.add(1), (a: T) => a, x], read),
  checkpoint: probe(chainrule.checkpoint, [(a: T) => a.sin()], calls(x)),
};
