/**
 * Who was called with what: a loss of one's own, or a function in the place of a layer, says by the
 * library's functions inside of it what outputs mean and what targets may be.
 */
import type { Tensor } from "../core/tensor.ts";
import type { LossFacts, OutputFacts } from "./facts.ts";

/** A loss that says what it is, with what it was called on. */
export interface LossCall {
  readonly facts: LossFacts;
  readonly output: Tensor;
  readonly target: Tensor;
}

let seen: LossCall[] | undefined;

export function recordLoss(call: LossCall): void {
  seen?.push(call);
}

/** What `f` gives, and the losses of the library that it called. */
export function lossCalls<T>(f: () => T): { readonly result: T; readonly calls: LossCall[] } {
  const before = seen;
  const calls: LossCall[] = [];
  seen = calls;
  try {
    return { result: f(), calls };
  } finally {
    seen = before;
    seen?.push(...calls);
  }
}

/** What made a tensor: a layer, an activation, an operator; and what it says of what it gives. */
export interface Maker {
  readonly name: string;
  readonly facts: OutputFacts;
}

const makers = new WeakMap<Tensor, Maker>();

/** Notes which activation made a tensor: the one that was asked for, where it is made of another. */
export function madeBy(y: Tensor, maker: Maker): Tensor {
  makers.set(y, maker);
  return y;
}

/** The activation of the library that made a tensor, if one did. */
export const makerOf = (y: Tensor): Maker | undefined => makers.get(y);
