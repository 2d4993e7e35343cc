/** What predict may be given after training: rows like those that were trained on. */
import { elementsOf } from "../core/array-tensor.ts";
import type { PreparedNetwork } from "../network-file/index.ts";
import { tokenizerOf } from "../network-file/texts.ts";
import { dividerOf, quotedRow } from "./files.ts";
import { roundedText } from "./numbers.ts";

/** More inputs than this nobody types. */
const mostTyped = 12;
/** So much of a text shows how it begins. */
const someTokens = 12;

/** The options of predict that try it. */
export async function rowsToTry(prepared: PreparedNetwork): Promise<string> {
  const { network, data } = prepared;
  const { preprocessing, inputs, classes = [] } = data.description;
  const { text, images } = network.data ?? {};
  if (text) {
    const tokens = await tokenizerOf(text, classes);
    const begun = elementsOf(data.train.inputs).subarray(0, Math.min(inputs, someTokens));
    const [line = ""] = tokens
      .decode(begun)
      .trimStart()
      .split(/[\p{Cc}\ufffd]/u, 1);
    if (line !== "") return `--input ${quotedRow(line)} --length 100`;
  }
  if (images) return "--data image.png";
  // A window takes several rows.
  if (preprocessing?.windows) return "--data rows.csv";
  const row = sample(prepared);
  return row.length <= mostTyped
    ? `--input ${quotedRow(row.join(dividerOf(preprocessing?.decimal)))}`
    : "--data rows.csv";
}

/** The first example's inputs as they were before preprocessing, to try predict with. */
function sample({ data }: PreparedNetwork): string[] {
  const { preprocessing, inputs } = data.description;
  if (preprocessing === undefined) {
    const row = [...elementsOf(data.train.inputs).subarray(0, inputs)];
    return row.map((v) => roundedText(v, 4));
  }
  return preprocessing.inputs.map((rule) =>
    rule.kind === "number"
      ? roundedText(rule.mean, 3).replace(".", preprocessing.decimal)
      : cellOf(rule.values[0] ?? ""),
  );
}

/** Text as a cell of a row: in quotation marks where it would be divided. */
const cellOf = (text: string): string =>
  /[",;\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
