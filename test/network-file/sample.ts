import { expect } from "vitest";
import { ChainruleError, type ErrorCode } from "../../src/core/errors.ts";
import { type NetworkFile, NetworkFileError, parseNetwork } from "../../src/network-file/index.ts";

/** A small network; parts can be exchanged or, with undefined, left out. */
export const text = (parts: Readonly<Record<string, string | undefined>> = {}): string =>
  Object.entries({
    layers: "[{ linear: { outputs: 2 } }]",
    loss: "crossEntropy",
    optimizer: "sgd",
    data: "{ generate: { moons: {} } }",
    ...parts,
  })
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}\n`]))
    .join("");

export const parse = (parts: Readonly<Record<string, string | undefined>> = {}): NetworkFile =>
  parseNetwork(text(parts), { path: "n.yaml" });

/** The problems that a text has; there must be some. */
export function problemsOf(source: string): NetworkFileError["problems"] {
  try {
    parseNetwork(source, { path: "n.yaml" });
  } catch (error) {
    if (error instanceof NetworkFileError) return error.problems;
    throw error;
  }
  throw new Error(`expected problems, but this was read:\n${source}`);
}

/** The error of a promise: a ChainruleError of that code. */
export async function rejection(code: ErrorCode, promise: Promise<unknown>) {
  const error = await promise.then(
    () => undefined,
    (e: unknown) => e,
  );
  if (!(error instanceof ChainruleError)) throw error ?? new Error(`expected ${code}`);
  expect(error.code, error.message).toBe(code);
  return error;
}

export const noFiles = (path: string): Promise<never> =>
  Promise.reject(new Error(`no file was to be read, but ${path} was`));

/** Files by path, as a reader. */
export const files =
  (contents: Readonly<Record<string, string | Uint8Array>>) =>
  async (path: string): Promise<Uint8Array> => {
    const content = contents[path];
    if (content === undefined) throw new Error(`no such file: ${path}`);
    return typeof content === "string" ? new TextEncoder().encode(content) : content;
  };
