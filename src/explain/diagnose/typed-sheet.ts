/** A table of names and numbers that somebody got. */
import { fail } from "../../core/errors.ts";
import { shown } from "../../core/wording.ts";
import { numeral } from "./agreement.ts";
import type { Quantity } from "./results.ts";
import type { SheetValue } from "./sheet.ts";

/** What a number may be. */
export const quantityWords = {
  gradient: "gradient",
  update: "change",
  "new-value": "newValue",
  loss: "loss",
  delta: "delta",
  output: "output",
} as const satisfies Readonly<Record<string, Quantity>>;

/** name,value rows, with a line of headings or not. */
export function sheetOf(path: string, text: string): SheetValue[] {
  const lines = text.split(/\r?\n/).map((line, i) => ({ line, number: i + 1 }));
  const rows = lines.filter(({ line }) => line.trim() !== "" && !line.startsWith("#"));
  return rows.flatMap(({ line, number }, i) => {
    // Commas within brackets belong to a name: 0.weight[0,1].
    const cells = line
      .split(/[,;\t](?![^[\]]*\])/)
      .map((cell) => cell.trim().replace(/^"|"$/g, ""));
    const [name = "", value = "", is = ""] = cells;
    if (i === 0 && /^(name|parameter|quantity|weight|名称|参数)$/i.test(name)) return [];
    const quantity = is === "" ? undefined : (quantityWords as Record<string, Quantity>)[is];
    if (name !== "" && numeral(value) && (is === "" || quantity) && cells.length <= 3)
      return [{ name, value, ...(quantity ? { quantity } : {}) }];
    return fail("data-invalid", {
      message: "A row of the sheet cannot be read.",
      expected: `name,value or name,value,what: ${Object.keys(quantityWords).join(", ")}`,
      found: shown(line),
      where: `${path}:${number}`,
      fix: "Write for example w1,0.000438568.",
    });
  });
}
