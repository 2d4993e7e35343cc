/**
 * Replacing a file so that at every moment, whatever fails, there is either the whole old file or
 * the whole new one: write beside it, force it to the disk, rename. The operations are passed in,
 * so that a test can make any of them fail.
 */

/** The operations on files that a replacement needs, each rejecting as Node's do. */
export interface FileOperations {
  /** Creates a new file (never opens an existing one), with the permissions given or the usual. */
  create(path: string, mode: number | undefined): Promise<NewFile>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Forces a folder's list of names to the disk. */
  syncFolder(path: string): Promise<void>;
}

export interface NewFile {
  write(bytes: Uint8Array): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Replaces the contents of `target`. On any failure the temporary file is removed, the old file is
 * as it was, and the failure is thrown on.
 *
 * @param temporary a path in the same folder, which does not exist
 */
export async function replaceFile(
  operations: FileOperations,
  target: { readonly path: string; readonly folder: string; readonly mode: number | undefined },
  temporary: string,
  contents: Uint8Array | AsyncIterable<Uint8Array>,
): Promise<void> {
  const file = await operations.create(temporary, target.mode);
  try {
    try {
      if (contents instanceof Uint8Array) await file.write(contents);
      else for await (const piece of contents) await file.write(piece);
      // Without this a loss of power after the rename could leave an empty file.
      await file.sync();
    } finally {
      await file.close();
    }
    await operations.rename(temporary, target.path);
  } catch (error) {
    await operations.remove(temporary).catch(() => {});
    throw error;
  }
  // The file is complete by now; not every file system can do this, and none needs it for safety.
  await operations.syncFolder(target.folder).catch(() => {});
}
