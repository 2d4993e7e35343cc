/** The derivation with its printers: plain data, and a method for each format. */
import { fail } from "../../core/errors.ts";
import { shown } from "../../core/wording.ts";
import type { DerivationData } from "../derivation.ts";
import { documentOf, type RenderOptions, styleOf } from "./blocks.ts";
import { toHtml } from "./html.ts";
import { type LatexOptions, toLatex } from "./latex.ts";
import { type MarkdownOptions, toMarkdown } from "./markdown.ts";
import { svg } from "./svg.ts";
import { type TextOptions, toText } from "./text.ts";

/** A worked derivation: plain data (`data`), and a method for each format that prints it. */
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

  /** What JSON.stringify writes and `fromJSON` reads; numbers that JSON lacks become words. */
  toJSON(): unknown {
    return encode(this.data);
  }

  /** A derivation that was written with JSON.stringify. */
  static fromJSON(json: string): Derivation {
    const read = (): Partial<DerivationData> | null => {
      try {
        return JSON.parse(json, (_, v) => (typeof v === "string" && v in words ? words[v] : v));
      } catch {
        return null;
      }
    };
    const data = read();
    if (data?.format !== "chainrule-derivation" || data.version !== 1 || !data.steps) {
      return fail("bad-argument", {
        message: "This is not a derivation.",
        expected: 'JSON with "format": "chainrule-derivation" and "version": 1',
        found: shown(data?.format ?? json),
        fix: "Pass what JSON.stringify(derivation) or chainrule explain --json has written.",
      });
    }
    return new Derivation(data as DerivationData);
  }
}

const words: Readonly<Record<string, number>> = /* @__PURE__ */ (() => ({
  "#NaN": Number.NaN,
  "#Infinity": Number.POSITIVE_INFINITY,
  "#-Infinity": Number.NEGATIVE_INFINITY,
  "#-0": -0,
}))();

function encode(value: unknown): unknown {
  if (typeof value === "number") {
    if (Object.is(value, -0)) return "#-0";
    return Number.isFinite(value) ? value : `#${value}`;
  }
  if (Array.isArray(value)) return value.map(encode);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, encode(v)]));
}
