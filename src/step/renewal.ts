/** Buffers in a step: what the layers hand to `context.renew` is what the next step begins with. */

import { type ByName, mapEntries } from "../core/by-name.ts";
import { fail } from "../core/errors.ts";
import { formatShape, sameShape } from "../core/shape.ts";
import { asTensor, type Tensor } from "../core/tensor.ts";
import { cast } from "../ops/cast.ts";

/** Buffers before a step, and what they become. */
interface Renewal {
  readonly old: ByName<Tensor>;
  /**
   * Takes a buffer's new value; of several, for a layer that is applied more than once, the last.
   *
   * @throws ChainruleError "bad-argument" for a buffer that there is not, or of another shape.
   */
  readonly renew: (name: string, value: Tensor) => void;
  /** All of them after the step; what nobody has renewed stays as it was. */
  readonly renewed: () => ByName<Tensor>;
}

export function renewalOf(old: ByName<Tensor>): Renewal {
  const next = new Map<string, Tensor>();
  return {
    old,
    renew(name, value) {
      const before = Object.hasOwn(old, name) ? old[name] : undefined;
      const { shape } = asTensor(`The buffer ${name}`, value);
      if (before === undefined || !sameShape(before.shape, shape)) {
        fail("bad-argument", {
          message: "A step renews a buffer that it does not have so.",
          expected: Object.entries(old)
            .map(([own, t]) => `${own} of shape ${formatShape(t.shape)}`)
            .join(", "),
          found: `${name} of shape ${formatShape(shape)}`,
        });
      }
      next.set(name, cast(value, before.dtype));
    },
    renewed: () => mapEntries(old, (before, name) => next.get(name) ?? before),
  };
}
