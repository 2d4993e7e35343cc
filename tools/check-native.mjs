/**
 * The C that programs become, with a main of its own, by any compiler, under sanitizers or an emulator; its
 * bits must be those of strict WebAssembly.
 *
 *     node tools/check-native.mjs [--sanitize] [--graphs 20000] [--seed 1] [--vectors 16]
 *         [--compiler "aarch64-linux-gnu-gcc -static"] [--options=-O2] [--run "qemu-aarch64"]
 *     node tools/check-native.mjs --threads [--vectors 16] [--options=…]
 *
 * Without --graphs: every operator with its derivatives, layers, intrinsics, sums, products, training steps.
 * With it: so many random graphs, some hundreds in a file. --sanitize: addresses and undefined behaviour, -O1, beside
 * --options (wider vectors: --vectors 64 --options=-march=native). Exits with 1 where anything differs or a sanitizer complains.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const text = { type: "string" };
const { values: told } = parseArgs({
  options: {
    sanitize: { type: "boolean", default: false },
    threads: { type: "boolean", default: false },
    graphs: text,
    seed: { ...text, default: "1" },
    vectors: { ...text, default: "16" },
    compiler: { ...text, default: "cc" },
    options: text,
    run: { ...text, default: "" },
  },
});
const words = (line) => line.split(/\s+/).filter(Boolean);

const outfile = `${root}node_modules/.cache/chainrule/check-native.mjs`;
await build({
  entryPoints: [`${root}test/backends/c/${told.threads ? "teams" : "standalone"}.ts`],
  bundle: true,
  packages: "external",
  platform: "node",
  format: "esm",
  ignoreAnnotations: true,
  alias: { "#files": `${root}src/files/node.ts` },
  outfile,
});
const { suite, graphs, standalone, names, teamProgram } = await import(pathToFileURL(outfile));

const fixed = ["-std=c17", "-w", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math"];
const sanitizers = [
  ...["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"],
  "-fno-omit-frame-pointer",
];
const options = [
  ...[...fixed, "-fno-strict-aliasing", "-fno-delete-null-pointer-checks", "-fopenmp-simd"],
  ...(told.sanitize ? sanitizers : []),
  ...words(told.options ?? (told.sanitize || told.threads ? "" : "-O0")),
];
const folder = mkdtempSync(join(tmpdir(), "chainrule-native-"));

/** How many of these differ; each is named. */
function check(works) {
  const { text, image, differences } = standalone(works, Number(told.vectors));
  const [source, program, given, found] = ["p.c", "p", "in", "out"].map((x) => join(folder, x));
  writeFileSync(source, text);
  writeFileSync(given, image);
  const [compiler, ...first] = words(told.compiler);
  execFileSync(compiler, [...first, ...options, "-o", program, source, "-lm"], {
    stdio: "inherit",
  });
  const [command, ...rest] = [...words(told.run), program, given, found];
  const { status, signal } = spawnSync(command, rest, { stdio: "inherit" });
  if (status !== 0) {
    console.log(`the program has ended with ${signal ?? status}: its text is ${source}`);
    process.exit(1);
  }
  const wrong = differences(readFileSync(found));
  for (const one of wrong) console.log(one);
  return wrong.length;
}

/** Training by one thread, two and three, under the sanitizer for races; whether something was wrong. */
function checkThreads(name, dtype) {
  const { text, image } = teamProgram(name, dtype, Number(told.vectors));
  const [source, program, given] = ["t.c", "t", "in"].map((x) => join(folder, x));
  writeFileSync(source, text);
  writeFileSync(given, image);
  const [compiler, ...first] = words(told.compiler);
  const race = ["-O1", "-g", "-fsanitize=thread"];
  const all = [...first, ...options, ...race, "-o", program, source, "-lm", "-lpthread", "-ldl"];
  execFileSync(compiler, all, { stdio: "inherit" });
  const { status, signal } = spawnSync(program, [given], { stdio: "inherit" });
  if (status !== 0) console.log(`${name}, ${dtype}: ended with ${signal ?? status}`);
  return status !== 0;
}

const batch = 600;
let [done, wrong] = [0, 0];
if (told.threads) {
  for (const name of names) {
    for (const dtype of ["f32", "f64"]) {
      done++;
      wrong += Number(checkThreads(name, dtype));
    }
  }
} else if (told.graphs === undefined) {
  const works = suite();
  wrong = check(works);
  done = works.length;
}
for (let seed = Number(told.seed); !told.threads && done < Number(told.graphs ?? 0); seed++) {
  const works = graphs(Math.min(batch, Number(told.graphs) - done), seed);
  wrong += check(works);
  done += works.length;
  console.log(`${done} programs, ${wrong} wrong`);
}
console.log(`${done} programs, ${wrong} wrong: ${told.compiler} ${options.join(" ")}`);
if (!process.exitCode) rmSync(folder, { recursive: true, force: true });
process.exitCode = wrong > 0 ? 1 : 0;
