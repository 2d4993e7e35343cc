import * as fc from "fast-check";

/**
 * Checks a property on random cases, the same in every run; CHAINRULE_FUZZ_SEED and
 * CHAINRULE_FUZZ_RUNS look further. A failure shows the smallest case found, and its seed.
 */
export function holds<Case>(
  cases: fc.Arbitrary<Case>,
  property: (c: Case) => void,
  runs = 100,
): void {
  fc.assert(
    fc.property(cases, (c) => property(c)),
    {
      seed: Number(process.env.CHAINRULE_FUZZ_SEED ?? 1),
      numRuns: Number(process.env.CHAINRULE_FUZZ_RUNS ?? runs),
    },
  );
}

export const shapes = (maximumRank = 4, smallest = 0): fc.Arbitrary<number[]> =>
  fc.array(fc.integer({ min: smallest, max: 4 }), { maxLength: maximumRank });

/** A shape, and some of its axes. */
export const shapeAndAxes = (smallest = 0): fc.Arbitrary<{ shape: number[]; axes: number[] }> =>
  shapes(4, smallest).chain((shape) =>
    fc.subarray(shape.map((_, axis) => axis)).map((axes) => ({ shape, axes })),
  );

/** A shape, and two shapes that broadcasting combines to it. */
export const broadcastable: fc.Arbitrary<[number[], number[]]> = shapes().chain((shape) => {
  const part = fc
    .record({ drop: fc.nat(shape.length), ones: fc.subarray(shape.map((_, axis) => axis)) })
    .map(({ drop, ones }) => shape.map((n, k) => (ones.includes(k) ? 1 : n)).slice(drop));
  return fc.tuple(part, part);
});
