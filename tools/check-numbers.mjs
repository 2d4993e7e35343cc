/**
 * The same bits on every engine: names each line with an operation of which engines differ in the
 * last bits. Exits 1 if there is one.
 *
 * That are Math's elementary functions, of which core/elementary/scalar.ts has those of our own,
 * and powers, except those of whole literals (2 ** 52) and of BigInts, which are exact: multiply,
 * or use powerOfTen. Texts that depend on the locale are no better.
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Where bits do not matter. */
const allowed = new Map([
  ["src/cli/bench/plain.ts", "another program, which the bench command runs for comparison"],
  ["src/cli/bench/workloads.ts", "data that the bench command times, but does not compare"],
  ["studio/src/main.tsx", "asks whether Intl takes the system's language"],
  ["studio/src/view/gains.tsx", "lengths of bars"],
]);

const elementary =
  "exp|expm1|log|log1p|log2|log10|sin|cos|tan|asin|acos|atan|atan2|" +
  "sinh|cosh|tanh|asinh|acosh|atanh|pow|hypot|cbrt";
const patterns = [
  new RegExp(`\\bMath\\??\\.(${elementary})\\b`, "g"),
  /\bMath\s*\[|\}\s*=\s*Math\b/g, // taken apart
  /\.toLocale\w+|\.localeCompare\b|\bIntl\./g,
  /[\w.)\]]*\s*\*\*=?\s*-?[\w.(]*/g,
];
const exact = /^(\d+ ?\*\* ?-?\d+|\d+n ?\*\* ?[^=].*)$/;

/**
 * The lines of a program without its comments and texts; what stands in the places of template
 * strings is kept.
 */
export function bare(source) {
  /** Open templates, each with the number of braces that are open in its place. */
  const templates = [];
  let out = "";
  let i = 0;
  const skip = (end) => {
    for (; i < source.length && !source.startsWith(end, i); i++) {
      if (source[i] === "\n") out += "\n";
      else if (source[i] === "\\") i++;
      else if (end === "`" && source.startsWith("${", i)) {
        templates.push(0);
        i += 2;
        out += "(";
        return;
      }
    }
    i += end.length;
  };
  while (i < source.length) {
    const c = source[i];
    if (source.startsWith("//", i)) {
      while (i < source.length && source[i] !== "\n") i++;
    } else if (source.startsWith("/*", i)) {
      i += 2;
      skip("*/");
    } else if (c === "/" && /(^|[=(,:;!&|?{}[]|=>|return)\s*$/.test(out.slice(-20))) {
      // A regular expression, up to its end on this line.
      const [all] = /^\/(?:\\.|\[(?:\\.|[^\]\n])*\]|[^/\n])+\/\w*/.exec(source.slice(i)) ?? [c];
      i += all.length;
      out += "0";
    } else if (c === '"' || c === "'" || c === "`") {
      i++;
      out += "0";
      skip(c);
    } else {
      i++;
      if (templates.length > 0 && c === "{") templates[templates.length - 1]++;
      if (templates.length > 0 && c === "}" && templates[templates.length - 1]-- === 0) {
        templates.pop();
        out += ")";
        skip("`");
      } else {
        out += c;
      }
    }
  }
  return out.split("\n");
}

/** What is wrong with a program: the line, counted from 1, and what stands there. */
export const differing = (source) =>
  bare(source).flatMap((text, i) =>
    patterns
      .flatMap((pattern) => text.match(pattern) ?? [])
      .filter((found) => !exact.test(found))
      .map((found) => ({ line: i + 1, found })),
  );

function main() {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const problems = [];
  for (const folder of ["src", "studio/src"]) {
    for (const entry of readdirSync(root + folder, { recursive: true })) {
      if (!/\.tsx?$/.test(entry)) continue;
      const file = `${folder}/${entry}`;
      const all = differing(readFileSync(root + file, "utf8"));
      if (allowed.delete(file) && all.length > 0) continue;
      for (const { line, found } of all) problems.push(`${file}:${line}: ${found}`);
    }
  }
  for (const file of allowed.keys()) problems.push(`${file}: nothing there needs to be allowed`);
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) {
    console.error("Engines differ in these: see tools/check-numbers.mjs for what to take instead.");
  }
  process.exit(problems.length > 0 ? 1 : 0);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
