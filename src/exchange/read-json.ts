/** A whole file as JSON. */
import { fail } from "../core/errors.ts";
import type { ByteSource } from "../files/byte-source.ts";

/** Descriptions of models are far smaller than this. */
const mostBytes = 256 * 2 ** 20;

/**
 * The value that a file of JSON holds.
 *
 * @throws ChainruleError "too-large" from 256 MiB on, "file-corrupt" for what is no JSON.
 */
export async function jsonOf(source: ByteSource): Promise<unknown> {
  if (source.size > mostBytes) {
    fail("too-large", {
      message: "A description of a model is larger than any that could be meant.",
      expected: `at most ${mostBytes} bytes`,
      found: `${source.size}`,
    });
  }
  return jsonFrom(await source.read(0, source.size));
}

/** The value of bytes of JSON. */
export function jsonFrom(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    return fail("file-corrupt", { message: "This is no JSON.", expected: "JSON in UTF-8", cause });
  }
}
