/** Where the parts of a run are: its folder may stand wherever a network file may. */
import { stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { fail } from "../core/errors.ts";
import { listFiles, readBytes, readText } from "../files/node.ts";
import type { ReadFile } from "../network-file/index.ts";

export const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

export const runFileOf = (run: string): string => join(run, "run.json");
export const networkOf = (run: string): string => join(run, "network.yaml");
export const lastOf = (run: string): string => join(run, "last.safetensors");

export const isRunFolder = (path: string): Promise<boolean> => isThere(runFileOf(path));

/** A network file, or that of a run. */
export const networkPath = async (path: string): Promise<string> =>
  (await isRunFolder(path)) ? networkOf(path) : path;

/** The state of a run as a checkpoint; undefined where the path is no run's folder. */
export async function runCheckpoint(path: string): Promise<string | undefined> {
  if (!(await isRunFolder(path))) return undefined;
  if (await isThere(lastOf(path))) return lastOf(path);
  return fail("file-unreadable", {
    message: "This run has not been saved yet.",
    expected: lastOf(path),
    found: "no such file",
    where: path,
    fix: "Go on with it first, with train, or say --untrained where there is that option.",
  });
}

export async function readJson<T>(path: string): Promise<T> {
  const text = await readText(path);
  try {
    return JSON.parse(text) as T;
  } catch {
    return fail("file-corrupt", {
      message: "A file of the run is not what was written there.",
      expected: "JSON",
      where: path,
      fix: "Train the network again, into another folder.",
    });
  }
}

/** Where the data of a network file are: beside it, or where they were for the run that it is of. */
async function dataFolder(path: string): Promise<string> {
  const run = (await isRunFolder(path)) ? path : dirname(path);
  const own = run === path || basename(path) === basename(networkOf(run));
  if (!own || !(await isRunFolder(run))) return run;
  const { folder } = await readJson<{ readonly folder: string }>(runFileOf(run));
  return join(run, folder);
}

/** Reads the files that a network file names, relative to it. */
export const besides = (path: string): ReadFile =>
  Object.assign(async (name: string) => readBytes(resolve(await dataFolder(path), name)), {
    list: async (folder: string) => listFiles(resolve(await dataFolder(path), folder)),
  });
