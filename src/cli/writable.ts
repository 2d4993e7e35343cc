import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { fail } from "../core/errors.ts";

/**
 * Finds out before the work whether its result can be saved.
 *
 * @throws ChainruleError "file-unwritable".
 */
export async function checkWritable(path: string): Promise<void> {
  const folder = dirname(path);
  const there = await stat(folder).catch(() => undefined);
  if (!there?.isDirectory()) {
    fail("file-unwritable", {
      message: "The result could not be saved: its folder does not exist.",
      expected: "an existing folder",
      found: folder,
      where: path,
      fix: "Make the folder, or choose another place with --out.",
    });
  }
  const old = await stat(path).catch(() => undefined);
  if (old && !old.isFile()) {
    fail("file-unwritable", {
      message: "The result could not be saved: there is something else than a file.",
      expected: "the path of a file",
      found: old.isDirectory() ? "a folder" : "a device or a pipe",
      where: path,
      fix: "Choose another name with --out.",
    });
  }
  try {
    await access(folder, constants.W_OK);
    if (old) await access(path, constants.W_OK);
  } catch (cause) {
    fail("file-unwritable", {
      message: "The result could not be saved: the permissions forbid it.",
      expected: "permission to write",
      found: (cause as { code?: string }).code ?? "none",
      where: path,
      fix: "Change the permissions, or choose another place with --out.",
      cause,
    });
  }
}
