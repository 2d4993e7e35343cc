/** Loads each module alone, in a world of its own, and says which need that others came before. */
import { createRequire, SourceMap } from "node:module";
import { dirname, join, relative } from "node:path";
import { compileFunction } from "node:vm";
import { build } from "esbuild";

/** Of the modules of `files` (paths from `root`) those that cannot be loaded first. */
export async function alone(root, files) {
  const { outputFiles } = await build({
    entryPoints: files.map((file) => join(root, file)),
    ...{ outbase: root, outdir: root, outExtension: { ".js": ".ts" }, write: false },
    ...{ format: "cjs", platform: "node", target: "es2022", sourcemap: "external" },
    ...{ logLevel: "silent", define: { "import.meta.url": '"file:///module.ts"' } },
  });
  const texts = new Map(outputFiles.map(({ path, text }) => [relative(root, path), text]));
  const parameters = ["require", "module", "exports"];
  // Compiled once, run in each world.
  const programs = new Map(
    files.map((filename) => [
      filename,
      compileFunction(texts.get(filename), parameters, { filename }),
    ]),
  );
  const outside = createRequire(import.meta.url);

  /** Runs a module and what it imports, each once. */
  const load = (file, world = new Map()) => {
    const known = world.get(file);
    if (known) return known.exports;
    const module = { exports: {} };
    world.set(file, module);
    const take = (path) => {
      if (path === "#files") return load("src/files/node.ts", world);
      return path.startsWith(".") ? load(join(dirname(file), path), world) : outside(path);
    };
    programs.get(file)(take, module, module.exports);
    return module.exports;
  };
  /** The line of the sources where an error arose. */
  const place = ({ stack }, file) => {
    for (const [, path, row, column] of stack.matchAll(/([\w./-]+):(\d+):(\d+)\)?$/gm)) {
      const map = texts.get(`${path}.map`);
      const origin = map && new SourceMap(JSON.parse(map)).findEntry(row - 1, column - 1);
      if (origin) return { file: path, line: origin.originalLine + 1 };
    }
    return { file, line: 1 };
  };
  return files.flatMap((file) => {
    try {
      load(file);
      return [];
    } catch (error) {
      return {
        ...place(error, file),
        what: `${file} cannot be loaded alone: ${error.message}`,
        way: "import what this line needs, or do its work in a function that is called later",
      };
    }
  });
}
