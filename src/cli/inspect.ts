/** chainrule inspect FILE: what a file of another library, or a checkpoint, holds. */

import { sizeOf } from "../core/shape.ts";
import { openForeign } from "../exchange/formats.ts";
import { shownPath } from "../files/in-file.ts";
import { exit } from "./failure.ts";
import { bytes, count, plural } from "./numbers.ts";
import { bold, columns, dim, print, printJson, width } from "./terminal.ts";

/** On one line that fits. */
function cut(text: string, columns: number): string {
  const line = text.replaceAll(/\p{Cc}+/gu, " ");
  return line.length > columns ? `${line.slice(0, Math.max(1, columns - 1))}…` : line;
}

export async function inspectCommand(
  path: string,
  { json }: { readonly json?: boolean },
): Promise<number> {
  const { format, tensors, metadata, model } = await openForeign(path);
  const elements = tensors.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const size = tensors.reduce((sum, t) => sum + t.bytes, 0);
  if (json) {
    printJson({
      format,
      tensors: tensors.map(({ name, shape, dtype, bytes }) => ({ name, shape, dtype, bytes })),
      totals: { tensors: tensors.length, elements, bytes: size },
      metadata,
      model: model !== undefined,
    });
    return exit.ok;
  }
  print(
    `${bold(shownPath(path))}  ${format}   ` +
      `${plural(tensors.length, "tensor")}, ${plural(elements, "element")}, ${bytes(size)}`,
  );
  const rows = tensors.map((t) => [
    shownPath(t.name),
    `[${t.shape.join(", ")}]`,
    t.dtype,
    bytes(t.bytes),
  ]);
  if (rows.length > 0) {
    print();
    const head = ["name", "shape", "type", "size"].map(dim);
    for (const line of columns([head, ...rows], "<<<>", 3)) print(line);
  }
  const facts = Object.entries(metadata);
  if (facts.length > 0) {
    print();
    for (const [key, value] of facts) {
      const label = cut(key, 40);
      print(`${dim(label)}  ${cut(value, width() - label.length - 2)}`);
    }
  }
  if (model) print(`\nIt holds a model: ${count(tensors.length)} tensors and what uses them.`);
  return exit.ok;
}
