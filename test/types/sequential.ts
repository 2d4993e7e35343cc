/**
 * Checked by the compiler alone, `npm run typecheck`: each `@ts-expect-error` is itself an error
 * where the line below it is accepted. What the compiler says is checked in messages.test.ts.
 */
import {
  dropout,
  gelu,
  type Layer,
  leakyRelu,
  linear,
  relu,
  sequential,
  sigmoid,
  type Tensor,
  tanh,
} from "../../src/index.ts";

/** Passes if both types are the same. */
type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Same<A, B>): void => {};
/** A layer's sizes alone; its parameters are in ranks.ts. */
type Sizes<L> = L extends Layer<infer In, infer Out> ? Layer<In, Out> : never;

// Sizes that fit, and the sizes of the whole.
const two = sequential(linear(2, 3), linear(3, 1));
same<Sizes<typeof two>, Layer<2, 1>>(true);
const through = sequential(
  relu(),
  linear(2, 3),
  relu(),
  tanh,
  leakyRelu({ slope: 0.1 }),
  dropout(0.2),
  (x) => x.mul(2),
  function half(x: Tensor) {
    return x.div(2);
  },
  linear(3, 1),
  sigmoid,
);
same<Sizes<typeof through>, Layer<2, 1>>(true);
const nested = sequential(linear(5, 2), two, sequential(sequential(gelu(), linear(1, 4)), relu));
same<Sizes<typeof nested>, Layer<5, 4>>(true);
const noSize = sequential(relu(), tanh);
same<Sizes<typeof noSize>, Layer<"same", "same">>(true);
same<Sizes<ReturnType<typeof sequential<[]>>>, Layer<"same", "same">>(true);

// Many layers.
const deep = sequential(
  ...[linear(1, 2), relu(), linear(2, 3), relu(), linear(3, 4), relu(), linear(4, 5), relu()],
  ...[linear(5, 6), relu(), linear(6, 7), relu(), linear(7, 8), relu(), linear(8, 9), relu()],
);
export const sixteen: Layer = deep;
const fourteen = sequential(
  linear(1, 2),
  linear(2, 3),
  linear(3, 4),
  linear(4, 5),
  linear(5, 6),
  linear(6, 7),
  linear(7, 8),
  linear(8, 9),
  linear(9, 10),
  linear(10, 11),
  linear(11, 12),
  linear(12, 13),
  relu(),
  linear(13, 14),
);
same<Sizes<typeof fourteen>, Layer<1, 14>>(true);

// A layer that takes any size and makes one that follows from the whole shape, or is fixed.
declare const flatten: Layer<"any", "any">;
declare const averaged: Layer<"any", 4>;
const images = sequential(linear(3, 16), relu(), flatten, linear(144, 10));
same<Sizes<typeof images>, Layer<3, 10>>(true);
const flat = sequential(relu(), flatten, relu());
same<Sizes<typeof flat>, Layer<"any", "any">>(true);
const four = sequential(averaged, linear(4, 2));
same<Sizes<typeof four>, Layer<"any", 2>>(true);
// @ts-expect-error the sizes before it say nothing, but those behind it are held against it
sequential(linear(3, 16), averaged, linear(16, 2));

// Sizes known only when the program runs are left to the check at run time.
declare const n: number;
declare const unknown: Layer;
declare const list: readonly Layer[];
export const computed = sequential(linear(2, n), relu(), linear(5, n), linear(n, 7));
same<Sizes<typeof computed>, Layer<2, 7>>(true);
export const mixed: Layer = sequential(linear(2, 3), unknown, linear(4, 5), ...list, linear(6, 7));
export const listed: Layer = sequential(...list);
export const widened: Layer<number, 3> = sequential(linear(n, 3));

// Neighbours that do not fit.
// @ts-expect-error 3 outputs, 4 inputs
sequential(linear(2, 3), linear(4, 1));
// @ts-expect-error through activations and dropout
sequential(linear(2, 3), relu(), dropout(), tanh, linear(4, 1));
// @ts-expect-error through functions
sequential(linear(2, 3), (x) => x.mul(2), sigmoid, linear(4, 1));
// @ts-expect-error before a nested model
sequential(linear(2, 3), sequential(relu(), linear(4, 1)));
// @ts-expect-error after a nested model
sequential(sequential(linear(2, 3), relu()), linear(4, 1));
// @ts-expect-error within a nested model
sequential(linear(2, 3), sequential(linear(3, 4), linear(5, 6)));
// @ts-expect-error far from the first layer
sequential(linear(1, 2), fourteen);
// @ts-expect-error after a deep model
sequential(fourteen, relu(), linear(15, 2));
// @ts-expect-error after a size that is not known
sequential(linear(2, n), linear(4, 5), linear(6, 7));
// @ts-expect-error after a layer of which nothing is known
sequential(unknown, linear(4, 5), linear(6, 7));

// Things that are no layers.
// @ts-expect-error a number
sequential(linear(2, 3), 5);
// @ts-expect-error a name
sequential(linear(2, 3), "relu");
// @ts-expect-error a function of something else
sequential(linear(2, 3), (x: number) => x);
// @ts-expect-error a model of another size is wanted
export const wrong: Layer<2, 5> = two;
