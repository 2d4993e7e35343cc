/** Text in a network file: what it is divided into, and examples of what comes next. */
import { fail } from "../core/errors.ts";
import type { Dataset } from "../data/dataset.ts";
import { bytePairs, characters, nextTokens, type Tokenizer, utf8Bytes } from "../data/text.ts";
import { fromFile, type Loading, placedAt } from "./loading.ts";
import type { TextSection } from "./network.ts";
import type { Path } from "./source.ts";

/**
 * What a text is divided into.
 *
 * @param known the text that gives the characters, or those that it gave
 */
export async function tokenizerOf(
  { tokens }: TextSection,
  known: string | readonly string[],
): Promise<Tokenizer> {
  if (tokens === "characters") return characters(known);
  return tokens === "bytes" ? utf8Bytes : bytePairs(tokens);
}

/** Text in UTF-8. @throws ChainruleError "file-corrupt". */
export function decodedText(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    return fail("file-corrupt", {
      message: "The text is not UTF-8.",
      expected: "text in UTF-8",
      found: "other bytes",
      fix: "Save it again as text in UTF-8.",
      cause,
    });
  }
}

/** A text as examples: of each token the next. */
export const textDataset = (
  text: string,
  tokens: Tokenizer,
  { length, step = length }: TextSection,
): Dataset => nextTokens(text, tokens, { length, step });

/** The text of a network file, and that which it names to validate with. */
export async function readTexts(
  loading: Loading,
  section: TextSection,
): Promise<{ train: Dataset; validation: Dataset | undefined }> {
  const { source, read, validation } = loading;
  const textOf = (file: string, path: Path) =>
    fromFile(source, file, path, async () => decodedText(await read(file)));
  const { file } = section;
  const place = ["data", "text", "file"];
  const text = await textOf(file, place);
  const tokens = await fromFile(source, file, place, () => tokenizerOf(section, text));
  const cut = (own: string, path: Path, name: string) =>
    placedAt(source, path, () => textDataset(own, tokens, section), name);
  const other = typeof validation === "object" ? validation.text?.file : undefined;
  const path = ["data", "validation", "text"];
  const held = other === undefined ? undefined : await textOf(other, [...path, "file"]);
  return {
    train: cut(text, ["data", "text"], file),
    validation: held === undefined ? undefined : cut(held, path, other ?? file),
  };
}
