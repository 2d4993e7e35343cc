/** Values that a backend has promised: tensors that stand for them before they are there. */
import type { TypedArray } from "./dtype.ts";
import type { Tensor } from "./tensor.ts";

const promised = new WeakMap<Tensor, Promise<unknown>>();
/** Programs without such a backend are not to look for what none of them has. */
let any = false;

/** From now on the node stands for the value, which `arrived` gets when it is there. */
export function promise(
  node: Tensor,
  value: Promise<TypedArray>,
  arrived: (node: Tensor, value: TypedArray) => void,
): void {
  const taken = value.then((data) => arrived(node, data));
  // Who reads the node gets the error; nobody has to.
  taken.catch(() => {});
  promised.set(node, taken);
  any = true;
}

/** Whether a node's value was promised; it may have come since. */
export const isPromised = (node: Tensor): boolean => promised.has(node);

/** Whether there is such a node at all. */
export const somePromised = (): boolean => any;

/** Ends when the values of all these nodes that were promised are there. */
export async function arrival(nodes: readonly Tensor[]): Promise<void> {
  await Promise.all(nodes.map((node) => promised.get(node)));
}
