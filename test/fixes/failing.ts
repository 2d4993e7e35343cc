/** What runs while opening files fails, as on a machine that is full or forbids it. */
import promises from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";

/** An error of the system that cannot be brought about here, once. */
export async function failing(
  code: string,
  work: () => Promise<unknown>,
  more: object = {},
): Promise<unknown> {
  const { open } = promises;
  const replace = (f: unknown) => {
    Object.assign(promises, { open: f });
    syncBuiltinESMExports();
  };
  replace(async () => {
    throw Object.assign(new Error(code), { code, ...more });
  });
  try {
    return await work();
  } finally {
    replace(open);
  }
}
