/** Fenced code blocks of the documentation, with what they are said to print. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));

export const pages: readonly string[] = [
  "README.md",
  "ARCHITECTURE.md",
  "CONTRIBUTING.md",
  ...["docs", "docs/api"].flatMap((folder) =>
    readdirSync(root + folder)
      .filter((name) => name.endsWith(".md"))
      .map((name) => `${folder}/${name}`),
  ),
];

export interface Block {
  readonly page: string;
  /** Where it begins, counted from 1. */
  readonly line: number;
  readonly language: string;
  readonly code: string;
  /** The text block that follows with nothing but blank lines in between. */
  readonly prints: string | undefined;
}

export function blocksOf(page: string): Block[] {
  const lines = readFileSync(root + page, "utf8").split("\n");
  const blocks: { language: string; code: string; line: number; end: number }[] = [];
  for (let i = 0; i < lines.length; i++) {
    const language = /^```(\w*)$/.exec(lines[i]!)?.[1];
    if (language === undefined) continue;
    const start = i + 1;
    while (lines[++i] !== "```") if (i >= lines.length) throw new Error(`${page}: an open block`);
    blocks.push({ language, code: lines.slice(start, i).join("\n"), line: start, end: i });
  }
  return blocks.map(({ end, ...block }, i) => {
    const next = blocks[i + 1];
    const adjacent = next && lines.slice(end + 1, next.line - 1).every((l) => l.trim() === "");
    return { page, ...block, prints: adjacent && next.language === "text" ? next.code : undefined };
  });
}

export const allBlocks = (language: string): Block[] =>
  pages.flatMap(blocksOf).filter((block) => block.language === language);

/**
 * What was printed fits what is said; … stands for anything, on a line of its own for any lines.
 * Columns may be wider: how wide they are can depend on what the machine is called.
 */
export function fits(printed: string, said: string): boolean {
  const escape = (text: string) =>
    text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/(?<=\S) {2,}/g, " {2,}");
  const pattern = said
    .split("\n")
    .map((line) =>
      line === "…" ? "(?:.*\n)*?" : `${escape(line.trimEnd()).replaceAll("…", ".*?")} *\n`,
    )
    .join("");
  return new RegExp(`^${pattern}\n*$`).test(`${printed.trimEnd()}\n`);
}
