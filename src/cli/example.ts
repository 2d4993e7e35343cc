/** chainrule example: networks to start from, with their data, as files of one's own. */
import { mkdir, readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { fail } from "../core/errors.ts";
import { didYouMean, shown } from "../core/wording.ts";
import { writeAtomically } from "../files/node.ts";
import { quoted, self } from "./files.ts";
import { print, printJson, wrapWords } from "./terminal.ts";

interface Options {
  readonly out?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** Where the package has them: the command line is one file in a folder beside. */
const folder = fileURLToPath(new URL("../examples/", import.meta.url));

/** The files of an example: the network, and the tables that come with it. */
async function filesOf(name: string): Promise<string[]> {
  const text = await readFile(join(folder, `${name}.yaml`), "utf8");
  const tables = [...text.matchAll(/\bfile: (data\/[\w.-]+)/g)].flatMap(([, file]) => file ?? []);
  return [`${name}.yaml`, ...tables];
}

const longest = (names: readonly string[]): number => Math.max(...names.map((n) => n.length));

function listed(name: string, what: string, indent: number): void {
  const lines = wrapWords(what, " ".repeat(indent));
  print(name + lines.join("\n").slice(name.length));
}

/** The first sentence of its first lines says what it is; "et al. 1998" ends none. */
async function about(name: string): Promise<string> {
  const text = await readFile(join(folder, `${name}.yaml`), "utf8");
  const [comment = ""] = text.split(/^[^#]/m, 1);
  return comment
    .replace(/^# /gm, "")
    .replace(/\s+/g, " ")
    .trim()
    .replace(/\.( [A-Z].*)?$/, "");
}

const noSuchExample = (name: string, known: readonly string[]): never =>
  fail("usage", {
    message: `There is no example ${shown(name)}.`,
    expected: known.join(", "),
    where: "the command line",
    fix: didYouMean(name, known),
  });

export async function exampleCommand(names: readonly string[], options: Options): Promise<number> {
  const { out = "examples", force = false, json = false } = options;
  const found = (await readdir(folder)).filter((file) => file.endsWith(".yaml"));
  const known = found.map((file) => basename(file, ".yaml")).sort();
  if (names.length === 0) {
    const rows = await Promise.all(known.map(async (name) => [name, await about(name)] as const));
    if (json) printJson(Object.fromEntries(rows));
    else for (const [name, what] of rows) listed(name, what, 2 + longest(known));
    return 0;
  }
  for (const name of names) if (!known.includes(name)) noSuchExample(name, known);
  const files = [...new Set((await Promise.all(names.map(filesOf))).flat())];
  const paths = files.map((file) => ({ from: join(folder, file), to: join(out, file) }));
  for (const { from, to } of force ? [] : paths) if (await isOther(from, to)) notAgain(to);
  for (const { from, to } of paths) {
    await madeFolder(dirname(to));
    await writeAtomically(to, await readFile(from));
  }
  const written = paths.map(({ to }) => to);
  if (json) printJson({ files: written });
  else {
    print(`Written: ${written.join(", ")}. Train with:`);
    for (const name of names) print(`  ${self()} train ${quoted(join(out, `${name}.yaml`))}`);
  }
  return 0;
}

/** Whether there is something at `to` that is not the file itself, unchanged. */
async function isOther(from: string, to: string): Promise<boolean> {
  const there = await stat(to).catch(() => undefined);
  if (there === undefined) return false;
  return !there.isFile() || !(await readFile(from)).equals(await readFile(to));
}

const notAgain = (path: string): never =>
  fail("file-unwritable", {
    message: "There is such a file already.",
    where: path,
    fix: "Choose another folder with --out, or replace the files with --force.",
  });

const madeFolder = (path: string): Promise<unknown> =>
  mkdir(path, { recursive: true }).catch((cause) =>
    fail("file-unwritable", {
      message: "A folder for the example could not be made.",
      found: cause.code,
      where: path,
      cause,
    }),
  );
