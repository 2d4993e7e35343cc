/** One HTML file that needs nothing else: MathML, an inline drawing, no script. */
import {
  type Block,
  type Document,
  type Inline,
  plainText,
  printInline,
  styleOf,
} from "./blocks.ts";
import { escapeXml, toMathML } from "./mathml.ts";
import { svg } from "./svg.ts";
import { texOf } from "./tex.ts";

const css = `body{font:16px/1.5 system-ui,"Noto Sans CJK SC",sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#111;background:#fff}
h1{font-size:1.5em}h2{font-size:1.15em;border-bottom:1px solid #999;margin-top:1.6em}
table{border-collapse:collapse;margin:.6em 0;display:block;overflow:auto hidden}td,th{padding:.15em .8em;border-bottom:1px solid #ccc;text-align:left;vertical-align:top}td.n{text-align:right;font-variant-numeric:tabular-nums}
math{font-size:1.08em}math[display=block]{margin:.5em 0 .5em 1.5em;text-align:left;display:block math;overflow:auto hidden;padding:.15em 0}
.aligned mtd{padding:.25em .1em}.aligned mtd:first-child{text-align:right}.aligned mtd:nth-child(2){text-align:left}
.code{font-family:monospace;font-style:normal;font-size:.85em}svg{max-width:100%;height:auto}`;

export function toHtml(d: Document): string {
  const style = styleOf(d, true);
  const inline = (text: readonly Inline[]) =>
    printInline(text, style, (tex) => toMathML(tex), escapeXml);
  const isNumber = (text: readonly Inline[]) => {
    const [only, ...others] = text;
    return others.length === 0 && typeof only === "object" && only.math.kind === "number";
  };
  const block = (b: Block): string => {
    switch (b.kind) {
      case "title":
        return `<h1>${inline(b.text)}</h1>`;
      case "heading":
        return `<h2>${inline(b.text)}</h2>`;
      case "paragraph":
        return `<p>${inline(b.text)}</p>`;
      case "equation":
        return toMathML(texOf(b, style), { display: true, spoken: b.spoken });
      case "table": {
        const head = b.head.map((c) => `<th scope="col">${inline(c)}</th>`).join("");
        const cells = (r: readonly (readonly Inline[])[]) =>
          r.map((c) => `<td${isNumber(c) ? ' class="n"' : ""}>${inline(c)}</td>`).join("");
        const rows = b.rows.map((r) => `<tr>${cells(r)}</tr>`).join("\n");
        return `<table><thead><tr>${head}</tr></thead><tbody>\n${rows}\n</tbody></table>`;
      }
      case "figure":
        return `<figure>${svg(b.diagram, styleOf(d, false))}<figcaption>${escapeXml(b.caption)}</figcaption></figure>`;
    }
  };
  const [title] = d.blocks;
  const text = title?.kind === "title" ? plainText(title.text, styleOf(d, false)) : "";
  const lang = d.language === "zh" ? "zh-Hans" : "en";
  return `<!doctype html>
<html lang="${lang}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escapeXml(text)}</title>
<style>${css}</style></head><body>
${d.blocks.map(block).join("\n")}
</body></html>
`;
}
