/** Arguments of another kind than the right ones, one at a time. */
import { tensor } from "../../src/index.ts";

/** What plain JavaScript passes by mistake. */
const wrong: readonly unknown[] = [
  undefined,
  null,
  -1,
  0,
  1.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  "",
  "1",
  true,
  10n,
  Symbol("s"),
  () => undefined,
  (x: unknown) => x,
  {},
  { axis: "1", shape: 1 },
  [],
  [1, 2],
  [[1], [1, 2]],
  ["1"],
  [undefined],
  new Array(2),
  Object.create(null),
  new Map(),
  new Float32Array(3),
  tensor([1, 2, 3]),
];

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" &&
  value !== null &&
  [Object.prototype, null].includes(Object.getPrototypeOf(value));

const whole = new WeakSet<object>();

/** What only the library makes: it is exchanged, and its parts are, but not what is in them. */
export function made<T extends object>(value: T): T {
  whole.add(value);
  return value;
}

/** A value with one thing in it exchanged or missing, some levels deep. */
function* exchanged(value: unknown, deep: number): Generator<unknown> {
  yield* wrong;
  const depth = typeof value === "object" && value !== null && whole.has(value) ? 1 : deep;
  if (depth === 0) return;
  if (Array.isArray(value)) {
    for (const i of value.keys()) {
      // The elements of a long list are alike.
      if (i > 1) break;
      for (const other of exchanged(value[i], depth - 1)) yield value.with(i, other);
    }
    if (value.length > 0) yield value.slice(1);
  } else if (isPlain(value)) {
    for (const name of Object.keys(value)) {
      for (const other of exchanged(value[name], depth - 1)) yield { ...value, [name]: other };
      const { [name]: _, ...rest } = value;
      yield rest;
    }
    yield { ...value, nobodyReadsThis: 1 };
  }
}

/** Lists of arguments of which exactly one is not right, and such that are too short. */
export function* wrongArguments(right: readonly unknown[], depth = 2): Generator<unknown[]> {
  for (const i of right.keys()) {
    for (const other of exchanged(right[i], depth)) yield right.with(i, other);
    yield right.slice(0, i);
  }
}
