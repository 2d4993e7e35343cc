/** Folders of images in a network file: each image in a row, of the size that the file says. */
import { fail } from "../core/errors.ts";
import type { Dataset } from "../data/dataset.ts";
import { chosenImages, type ImageOptions, imageFolder, type NamedImage } from "../data/images.ts";
import { fromFile, type Loading, type ReadFile } from "./loading.ts";
import type { ImagesSection } from "./network.ts";
import type { Path } from "./source.ts";

/** How the images of a section become numbers. */
export function imageOptions(
  { size, channels, fit, mean, deviation }: ImagesSection,
  dtype: "f32" | "f64",
): ImageOptions {
  // What a file says wrongly is said by the options, as in a program.
  const sides = size as number | [number, number];
  return { size: sides, channels: channels as 1 | 3, fit, mean, deviation, dtype, flatten: true };
}

/** The images below a folder, by what lists and reads its files. */
export async function imagesIn(
  folder: string,
  read: ReadFile,
): Promise<{ readonly files: readonly NamedImage[]; readonly notes: readonly string[] }> {
  const base = folder.replace(/\/+$/, "");
  if (read.list === undefined) {
    return fail("unsupported", {
      message: "The files in a folder cannot be listed here.",
      expected: "read.list: a folder to the paths of its files",
      found: "a function that reads alone",
      fix: "Pass Object.assign(read, { list }), or read the images with imageFolder.",
    });
  }
  const names = await read.list(folder);
  const all = names.map((path): NamedImage => {
    const where = `${base}/${path}`;
    return { path, where, bytes: () => read(where) };
  });
  return chosenImages(all, folder);
}

/** Images of a folder as examples, with remarks that name it. */
async function folderData(
  { read, source, network, meanwhile }: Loading,
  section: ImagesSection,
  path: Path,
  classes: readonly string[] | undefined,
) {
  return fromFile(source, section.folder, path, async () => {
    const { files, notes } = await imagesIn(section.folder, read);
    const { data } = await imageFolder(files, {
      ...imageOptions(section, network.training.dtype),
      signal: meanwhile.signal,
      ...(classes === undefined ? {} : { classes }),
    });
    return { data, notes: notes.map((note) => `${section.folder}: ${note}`) };
  });
}

/** The images of a network file, and those that it names to validate with. */
export async function readImageFolders(
  loading: Loading,
  section: ImagesSection,
): Promise<{ train: Dataset; validation: Dataset | undefined; notes: readonly string[] }> {
  const { data, validation } = loading;
  const own = await folderData(loading, section, ["data", "images", "folder"], data.classes);
  const other = typeof validation === "object" ? validation.images : undefined;
  if (other === undefined) return { train: own.data, validation: undefined, notes: own.notes };
  const path = ["data", "validation", "images", "folder"];
  const held = await folderData(loading, { ...section, ...other }, path, own.data.classes);
  return { train: own.data, validation: held.data, notes: [...own.notes, ...held.notes] };
}
