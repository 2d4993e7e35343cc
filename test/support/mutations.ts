/** Files with something cut off or changed, as damage and ill will do it; by a seed, so repeatable. */
import { ChainruleError } from "../../src/core/errors.ts";
// @ts-expect-error: a script without types
import { mutations } from "../../tools/mutations.mjs";

/** Reads `count` changed files: each gives something, or a ChainruleError. */
export async function mutated(
  name: string,
  file: Uint8Array,
  count: number,
  read: (bytes: Uint8Array) => unknown,
): Promise<void> {
  for (const [i, bytes] of mutations(file, count, 1).entries()) {
    try {
      await read(bytes);
    } catch (error) {
      if (!(error instanceof ChainruleError) || error.code === "invalid-graph")
        throw new Error(`${name}, change ${i}`, { cause: error });
    }
  }
}
