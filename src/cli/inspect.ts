/** chainrule inspect FILE: what a file of another library, or a checkpoint, holds. */

import { basename, extname } from "node:path";
import { fail } from "../core/errors.ts";
import { type Shape, sizeOf } from "../core/shape.ts";
import type { ForeignFile } from "../exchange/foreign.ts";
import { openForeign } from "../exchange/formats.ts";
import { inFile, shownPath } from "../files/in-file.ts";
import { writeAtomically } from "../files/node.ts";
import type { Chosen } from "../network-file/form.ts";
import { exit } from "./failure.ts";
import { quoted, readNetwork } from "./files.ts";
import { bytes, count, plural } from "./numbers.ts";
import { bold, columns, dim, print, printJson, width } from "./terminal.ts";
import { checkWritable } from "./writable.ts";

/** On one line that fits. */
function cut(text: string, columns: number): string {
  const line = text.replaceAll(/\p{Cc}+/gu, " ");
  return line.length > columns ? `${line.slice(0, Math.max(1, columns - 1))}…` : line;
}

const isNetworkFile = (path: string): boolean => [".yaml", ".yml"].includes(extname(path));

/** Layers, and the shape of what they take, a batch of one. */
async function layersOf(
  path: string,
  file: ForeignFile | undefined,
): Promise<{ readonly layers: readonly Chosen[]; readonly input: Shape | undefined }> {
  if (file === undefined) {
    const { layers, inputs } = await readNetwork(path);
    return { layers, input: inputs === undefined ? undefined : [1, inputs] };
  }
  if (file.model === undefined) {
    return fail("unsupported", {
      message: `This ${file.format} file holds values alone: there are no layers to draw.`,
      expected: "a file with a model in it, or a network file",
      found: plural(file.tensors.length, "tensor"),
      where: path,
      fix: "Leave out --picture; what the file holds is listed without it.",
    });
  }
  const { layers, input } = await file.model().catch((error) =>
    inFile(path, () => {
      throw error;
    }),
  );
  return { layers, input: [1, ...input] };
}

async function drawLayers(
  path: string,
  picture: string,
  file: ForeignFile | undefined,
): Promise<void> {
  await checkWritable(picture, "--picture");
  const { layers, input } = await layersOf(path, file);
  const { layersSvg } = await import("./layers-picture.ts");
  const svg = layersSvg(layers, input, `The layers of ${basename(path)}`);
  await writeAtomically(picture, new TextEncoder().encode(svg));
}

export async function inspectCommand(
  path: string,
  { json, picture }: { readonly json?: boolean; readonly picture?: string },
): Promise<number> {
  if (picture !== undefined && isNetworkFile(path)) {
    await drawLayers(path, picture, undefined);
    if (json) printJson({ files: [picture] });
    else print(`Written: ${quoted(picture)}`);
    return exit.ok;
  }
  const file = await openForeign(path);
  if (picture !== undefined) await drawLayers(path, picture, file);
  const { format, tensors, metadata, model } = file;
  const elements = tensors.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const size = tensors.reduce((sum, t) => sum + t.bytes, 0);
  if (json) {
    printJson({
      format,
      tensors: tensors.map(({ name, shape, dtype, bytes }) => ({ name, shape, dtype, bytes })),
      totals: { tensors: tensors.length, elements, bytes: size },
      metadata,
      model: model !== undefined,
      ...(picture === undefined ? {} : { files: [picture] }),
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
  if (picture !== undefined) print(`\nWritten: ${quoted(picture)}`);
  return exit.ok;
}
