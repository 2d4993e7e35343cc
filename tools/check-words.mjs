/**
 * Plain English: names each line with a word that a reader who learnt English as a second language
 * does not know from today's texts, and what to write instead. Exits 1 if there is one.
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const instead = [
  [/\bmend(s|ed|ing)?\b/i, "correct, repair, fix"],
  [/\banew\b/i, "again, from the start"],
  [/\blest\b/i, "so that … not"],
  [/\bwhoever\b/i, "who, anyone who, the caller"],
  [/\bmiddling\b/i, "medium, of medium size"],
  // "told apart" and "told to stop" are plain.
  [/\b(is|are|was|were|be|been) told\b(?! (apart|to)\b)/i, "is reported, is said, gets a message"],
];

/** What is wrong with a text: the line, counted from 1, the word, and what to write instead. */
export const quaint = (text) =>
  text.split("\n").flatMap((line, i) =>
    instead.flatMap(([pattern, better]) => {
      const [word] = pattern.exec(line) ?? [];
      return word === undefined ? [] : [{ line: i + 1, word, better }];
    }),
  );

function main() {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const folders = ["src", "studio", "docs", "tools", "test", "bench", "examples", "findings"];
  const inside = folders.flatMap((folder) =>
    readdirSync(root + folder, { recursive: true }).map((entry) => `${folder}/${entry}`),
  );
  const files = [...readdirSync(root), ...inside].filter(
    (file) =>
      /\.(ts|tsx|mjs|js|py|sh|md|ya?ml|html|css)$/.test(file) &&
      !/node_modules|(^|\/)check-words\./.test(file),
  );
  const problems = files.flatMap((file) =>
    quaint(readFileSync(root + file, "utf8")).map(
      ({ line, word, better }) => `${file}:${line}: “${word}”; write: ${better}`,
    ),
  );
  for (const problem of problems) console.error(problem);
  process.exit(problems.length > 0 ? 1 : 0);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
