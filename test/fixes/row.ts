/** A piece of advice, what it is given for, and what it says being done. */
import { ChainruleError } from "../../src/core/errors.ts";

/** [the advice, "…" being what is put in; what goes wrong; each way that it offers, gone] */
export type Row = readonly [
  fix: string,
  wrong: () => unknown,
  ...ways: readonly ((fix: string) => unknown)[],
];

/** Whether a text is this advice with something put in. */
export const says = (fix: string, text: string): boolean => {
  const plain = fix.split("…").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${plain.join("[^]*")}$`).test(text);
};

/** The error that a call ends with. */
export async function errorOf(call: () => unknown): Promise<ChainruleError> {
  try {
    await call();
  } catch (error) {
    if (error instanceof ChainruleError) return error;
    throw error;
  }
  throw new Error("expected an error, but nothing was thrown");
}
