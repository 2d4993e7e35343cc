/** What is given away as a copy, and says so where somebody assigns to it. */
import { fail } from "../core/errors.ts";
import type { Tensor } from "../core/tensor.ts";

const refused = (_: object, name: string | symbol): never =>
  fail("bad-argument", {
    message: "What a trainer gives as its parameters is a copy: assigning to it would do nothing.",
    expected: "trainer.setParameters, or a copy of one's own: { ...trainer.parameters }",
    found: `an assignment to ${String(name)}`,
    fix: `Use trainer.setParameters({ ${JSON.stringify(String(name))}: … }).`,
  });
export const copied: ProxyHandler<Record<string, Tensor>> = {
  set: refused,
  defineProperty: refused,
  deleteProperty: refused,
};
