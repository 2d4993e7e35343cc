/** What is given away as a copy, and says so where somebody assigns to it. */

import { type ByName, entryOf, mapEntries } from "../core/by-name.ts";
import type { TypedArray } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import type { Shape } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { constantTensor } from "../ops/leaf.ts";

const refused = (_: object, name: string | symbol): never =>
  fail("bad-argument", {
    message: "What a trainer gives as its parameters is a copy: assigning to it would do nothing.",
    expected: "trainer.setParameters, or a copy of one's own: { ...trainer.parameters }",
    found: `an assignment to ${String(name)}`,
    fix: `Use trainer.setParameters({ ${JSON.stringify(String(name))}: … }).`,
  });
const copied: ProxyHandler<Record<string, Tensor>> = {
  set: refused,
  defineProperty: refused,
  deleteProperty: refused,
};

/** Values as constants, which say so where they are assigned to. */
export function copies(specs: ByName<{ readonly shape: Shape }>, values: ByName<TypedArray>) {
  const made = mapEntries(specs, ({ shape }, name) =>
    constantTensor(entryOf(values, name).slice(), shape),
  );
  return new Proxy(made, copied);
}
