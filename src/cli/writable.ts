import { randomBytes } from "node:crypto";
import { open, rm, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fail } from "../core/errors.ts";
import { explainRefusal, fileFlags } from "../core/permission.ts";
import { writingReason } from "../files/reasons.ts";
import { quoted } from "./files.ts";
import { isThere } from "./run-place.ts";

/**
 * Finds out before the work whether its result can be saved, where `option` says.
 *
 * @throws ChainruleError "file-unwritable"; "not-permitted" by the engine.
 */
export async function checkWritable(path: string, option = "--out"): Promise<void> {
  const folder = dirname(path);
  const message = "The result could not be saved.";
  const refused = { message, where: path, flags: () => fileFlags(resolve(folder), true) };
  const refuse = (cause: unknown): never => {
    explainRefusal(cause, refused);
    const { code } = cause as { code?: string };
    const forbidden = code === "EACCES" || code === "EPERM";
    const [why = "The system refuses it."] = writingReason(code) ?? [];
    return fail("file-unwritable", {
      message: `${message} ${why}`,
      expected: forbidden ? "permission to write" : "a place where a file can be made",
      found: code ?? "none",
      where: path,
      fix: forbidden
        ? `Change the permissions, or choose another place with ${option}.`
        : `Choose another place with ${option}.`,
      cause,
    });
  };
  const found = (at: string) =>
    stat(at).catch((cause) => (cause.code === "ENOENT" ? undefined : refuse(cause)));
  const there = await found(folder);
  if (!there?.isDirectory()) {
    fail("file-unwritable", {
      message: "The result could not be saved: its folder does not exist.",
      expected: "an existing folder",
      found: folder,
      where: path,
      fix: `Make the folder, or choose another place with ${option}.`,
    });
  }
  const old = await found(path);
  if (old && !old.isFile()) {
    fail("file-unwritable", {
      message: "The result could not be saved: there is something else than a file.",
      expected: "the path of a file",
      found: old.isDirectory() ? "a folder" : "a device or a pipe",
      where: path,
      fix: `Choose another name with ${option}.`,
    });
  }
  try {
    const trial = join(folder, `.chainrule-${randomBytes(8).toString("hex")}.tmp`);
    await (await open(trial, "wx")).close();
    await rm(trial);
    if (old) await (await open(path, "r+")).close();
  } catch (cause) {
    refuse(cause);
  }
}

/**
 * The same for several files, which must not be there yet, unless they may be replaced by `force`.
 *
 * @throws ChainruleError "file-unwritable" for the first that is there.
 */
export async function checkFree(files: readonly string[], force: boolean): Promise<void> {
  for (const file of files) {
    await checkWritable(file);
    if (force || !(await isThere(file))) continue;
    fail("file-unwritable", {
      message: "There is such a file already.",
      where: file,
      fix: "Choose another name with --out, or replace the files with --force.",
    });
  }
}

/** Before a table is written, as comma-separated text: a name of another format would lie. */
export async function checkTable(out: string): Promise<void> {
  const [ending] = /\.(?:parquet|arrows?|feather|npz|npy|jsonl?|ndjson|xlsx?)$/i.exec(out) ?? [];
  if (ending === undefined) return checkWritable(out);
  return fail("usage", {
    message: "predict writes its rows as comma-separated text.",
    expected: "--out with a name such as predictions.csv",
    found: quoted(out),
    where: "the command line",
    fix: "Let the name end in .csv; --json prints the predictions as JSON.",
  });
}
