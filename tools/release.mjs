/**
 * Makes a release of the package in the present folder: checks the tree, the version and
 * CHANGELOG.md, runs everything that must pass, builds, packs, and prints what the tarball holds.
 * Nothing is published unless --publish says so; --dry-run says that nothing is, as without it.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { contents, problems } from "./release/checks.mjs";

const usage = "usage: npm run release -- [--dry-run | --publish]";

function stop(message, code = 1) {
  console.error(message);
  process.exit(code);
}

/** Runs a program; its output is shown, or returned with `read`. */
function run(command, words, read = false) {
  const { error, status, stdout } = spawnSync(command, words, {
    encoding: "utf8",
    stdio: ["ignore", read ? "pipe" : "inherit", "inherit"],
    shell: process.platform === "win32",
  });
  if (error || status !== 0) {
    stop(`${[command, ...words].join(" ")} failed${error ? `: ${error.message}` : ""}`);
  }
  return stdout ?? "";
}

const words = process.argv.slice(2);
const unknown = words.find((word) => !["--dry-run", "--publish"].includes(word));
if (unknown !== undefined) stop(`There is no option ${unknown}.\n${usage}`, 2);
if (new Set(words).size > 1) stop(`Either --dry-run or --publish.\n${usage}`, 2);
const publish = words.includes("--publish");

const json = (file) => JSON.parse(readFileSync(file, "utf8"));
const { name, version, repository, bugs } = json("package.json");
const status = () => run("git", ["status", "--porcelain"], true);
const found = problems({
  status: status(),
  version,
  lockVersion: json("package-lock.json").version,
  changelog: existsSync("CHANGELOG.md") ? readFileSync("CHANGELOG.md", "utf8") : undefined,
  addresses: { repository, bugs },
  tags: run("git", ["tag", "--list"], true).split(/\r?\n/),
});
if (found.length > 0) stop(`${name} ${version} cannot be released:\n- ${found.join("\n- ")}`);

run("npm", ["run", "ok"]);
run("npm", ["run", "build"]);
const changed = status();
if (changed !== "") stop(`The tests or the build have changed the working tree:\n${changed}`);

const folder = mkdtempSync(join(tmpdir(), "release-"));
try {
  // Built already: npm pack would build again, and print it between what is to be read.
  const pack = ["pack", "--json", "--ignore-scripts", "--pack-destination", folder];
  const [packed] = JSON.parse(run("npm", pack, true));
  console.log(contents(packed));
  if (publish) {
    run("npm", ["publish", join(folder, packed.filename)]);
    console.log(`Published. Now: git tag v${version} && git push --tags`);
  } else console.log(`Nothing was published; --publish would publish ${name} ${version}.`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
