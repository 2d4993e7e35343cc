/** Markdown: for GitHub with ```math fences, for pandoc with $$. */
import { noSuch } from "../engine/notation.ts";
import { type Block, type Document, type Inline, printInline, styleOf } from "./blocks.ts";
import { svg } from "./svg.ts";
import { texOf } from "./tex.ts";

/** How Markdown is written. */
export interface MarkdownOptions {
  /** Default "github". */
  readonly flavor?: "github" | "pandoc";
  /** Where the drawing is found. Default: inside the text for pandoc; GitHub shows no such thing. */
  readonly drawing?: string;
}

const flavors: readonly string[] = ["github", "pandoc"];

const escaped = (text: string): string => text.replace(/([\\*_`|<>[\]#])/g, "\\$1");

export function toMarkdown(d: Document, options: MarkdownOptions = {}): string {
  const { flavor = "github", drawing } = options;
  if (!flavors.includes(flavor)) noSuch("flavor of Markdown", flavor, flavors);
  const style = styleOf(d, true);
  const github = flavor === "github";
  // GitHub reads $`…`$ without touching what is inside; a bar would end a table's cell.
  const math = (tex: string) => (github ? `$\`${tex}\`$` : `$${tex}$`);
  const inline = (text: readonly Inline[]) => printInline(text, style, math, escaped);
  const cell = (text: readonly Inline[]) =>
    printInline(text, style, (tex) => math(tex.replace(/\|/g, "\\vert ")), escaped) || " ";
  const row = (cells: readonly (readonly Inline[])[]) => `| ${cells.map(cell).join(" | ")} |`;
  const block = (b: Block): string => {
    switch (b.kind) {
      case "title":
        return `# ${inline(b.text)}`;
      case "heading":
        return `## ${inline(b.text).replace(/^(\d+)\\?\. /, "$1. ")}`;
      case "paragraph":
        return inline(b.text);
      case "equation": {
        const tex = texOf(b, style);
        return github ? `\`\`\`math\n${tex}\n\`\`\`` : `$$\n${tex}\n$$`;
      }
      case "table":
        return [row(b.head), `|${b.head.map(() => "---").join("|")}|`, ...b.rows.map(row)].join(
          "\n",
        );
      case "figure": {
        if (github && drawing === undefined) return "";
        const inside = () => encodeURIComponent(svg(b.diagram, styleOf(d, false)));
        return `![${escaped(b.caption)}](${drawing ?? `data:image/svg+xml,${inside()}`})`;
      }
    }
  };
  return `${d.blocks
    .map(block)
    .filter((s) => s !== "")
    .join("\n\n")}\n`;
}
