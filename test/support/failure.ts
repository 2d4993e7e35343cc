import { expect } from "vitest";
import { ChainruleError, type ErrorCode } from "../../src/core/errors.ts";

/** The error that a call must end with: a ChainruleError of this code, and nothing else. */
export function failure(code: ErrorCode, call: () => unknown): ChainruleError {
  try {
    call();
  } catch (error) {
    return checked(code, error);
  }
  throw new Error(`expected the error ${code}, but nothing was thrown`);
}

export async function rejection(code: ErrorCode, promise: Promise<unknown>) {
  return promise.then(
    () => {
      throw new Error(`expected the error ${code}, but nothing was thrown`);
    },
    (error: unknown) => checked(code, error),
  );
}

/** Runs a call on hostile input: it may succeed or end with a ChainruleError. */
export function harmless(call: () => unknown): void {
  try {
    call();
  } catch (error) {
    if (!(error instanceof ChainruleError)) throw error;
  }
}

function checked(code: ErrorCode, error: unknown): ChainruleError {
  if (!(error instanceof ChainruleError)) throw error;
  expect(error.code, error.message).toBe(code);
  return error;
}
