/** The derivation with its printers: plain data, and a method for each format. */
import type { DerivationData } from "../derivation.ts";
import { documentOf, type RenderOptions, styleOf } from "./blocks.ts";
import { toHtml } from "./html.ts";
import { type LatexOptions, toLatex } from "./latex.ts";
import { type MarkdownOptions, toMarkdown } from "./markdown.ts";
import { svg } from "./svg.ts";
import { type TextOptions, toText } from "./text.ts";

export class Derivation {
  readonly data: DerivationData;

  constructor(data: DerivationData) {
    this.data = data;
  }

  /** For a terminal. */
  toText(options: RenderOptions & TextOptions = {}): string {
    return toText(documentOf(this.data, options), options);
  }

  /** With ```math fences as on GitHub, or $$ as for pandoc. */
  toMarkdown(options: RenderOptions & MarkdownOptions = {}): string {
    return toMarkdown(documentOf(this.data, options), options);
  }

  /** A document for XeLaTeX, or a fragment of one. */
  toLatex(options: RenderOptions & LatexOptions = {}): string {
    return toLatex(documentOf(this.data, options), options);
  }

  /** One file that needs neither network nor script. */
  toHtml(options: RenderOptions = {}): string {
    return toHtml(documentOf(this.data, options));
  }

  /** The network with its values, if it is small enough to draw. */
  toSvg(options: RenderOptions = {}): string | undefined {
    const style = styleOf(documentOf(this.data, options), false);
    return this.data.diagram && svg(this.data.diagram, style);
  }

  /** The data themselves: what JSON.stringify writes, and `fromJSON` reads. */
  toJSON(): DerivationData {
    return this.data;
  }

  /** A derivation that was written with JSON.stringify. */
  static fromJSON(json: string | DerivationData): Derivation {
    return new Derivation(typeof json === "string" ? (JSON.parse(json) as DerivationData) : json);
  }
}
