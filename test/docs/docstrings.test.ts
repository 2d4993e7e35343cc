/** What the docstrings of everything public must say, as far as a program can tell. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { root } from "./blocks.ts";

interface Item {
  readonly name: string;
  readonly kind: string;
  readonly key: number;
  readonly file: string;
  readonly doc: string;
  readonly tags: readonly { readonly name: string; readonly text: string }[];
  readonly uses: readonly number[];
  readonly declarations: readonly string[];
}
interface Read {
  readonly published: readonly { readonly exports: readonly Item[] }[];
  readonly others: readonly Item[];
}

const tool = (name: string) => new URL(`../../tools/generate/${name}.mjs`, import.meta.url).href;
const { entries } = (await import(tool("api-pages"))) as { entries: object };
const { declarations } = (await import(tool("declarations"))) as {
  declarations(of: { readonly entries: object; readonly name: string }): Read;
};

/** Optional members without a comment of their own; comments may end on the line before. */
function uncommented(declaration: string): string[] {
  const lines = declaration.split("\n");
  return lines.flatMap((line, i) => {
    const [, name] = /^\s+(?:readonly )?(\w+)\?[:(]/.exec(line) ?? [];
    return name === undefined || lines[i - 1]?.endsWith("*/") ? [] : [name];
  });
}

/** An option is documented where it stands, or in `backticks` where the whole is. */
const undocumented = ({ declarations: all, doc }: Pick<Item, "declarations" | "doc">) =>
  all.flatMap(uncommented).filter((name) => !doc.includes(`\`${name}\``));

/** The text of an exported function in its source, from its name to its end. */
function sourceOf(name: string, text: string): string {
  const start = text.search(
    new RegExp(`^export (?:async )?(?:function\\*? |const )${name}\\b`, "m"),
  );
  if (start < 0) return "";
  const rest = text.slice(start);
  const [line = ""] = rest.split("\n");
  if (/^export const .*[^{([]$/.test(line) && rest.includes(";\n")) {
    return rest.slice(0, rest.indexOf(";\n"));
  }
  const end = rest.search(/\n[})\]]/);
  return end < 0 ? rest : rest.slice(0, end);
}

/** Literals that stand for what is not given: `rate = 0.5` in parameters and options, `rate ?? 2`. */
function defaultsIn(source: string): { readonly name: string; readonly value: string }[] {
  const literal = String.raw`("[^"]*"|-?[\d._e]+(?:-\d+)?|true|false)`;
  const given = String.raw`(?:[,{(]\s*|\n\s+)(\w+)(?:: [\w[\]"| ]+)? = ${literal}(?=[,) }\n])`;
  const instead = String.raw`\boptions\.(\w+) \?\? ${literal}`;
  return [given, instead]
    .flatMap((pattern) => [...source.matchAll(new RegExp(pattern, "g"))])
    .map(([, name = "", value = ""]) => ({ name, value }));
}

/** Does a sentence about a default give it? A last axis may be called the last. */
function isNamed(value: string, said: string): boolean {
  const written = value.replaceAll('"', "").replaceAll("_", "");
  const ways = [written, written.replace("-", "−"), ...(value === "-1" ? ["last"] : [])];
  const sentences = said.replace(/\n\s*\*?/g, " ").split(/[.;]\s|\*\//);
  return sentences.some(
    (sentence) => /default|without/i.test(sentence) && ways.some((way) => has(sentence, way)),
  );
}

/** A number or word by itself, not as a part of another. */
const has = (sentence: string, way: string) =>
  new RegExp(`(?<![\\w.−-])${way.replace(".", "\\.")}(?![\\w]|\\.\\d)`).test(sentence);

const refuses = (source: string) => /\bfail\(/.test(source);
const isSaid = ({ doc, tags }: Pick<Item, "doc" | "tags">) =>
  tags.some(({ name }) => name === "throws") || /\berror|refused/.test(doc);

describe("the scan", () => {
  it("finds options without a word", () => {
    const declarations = [
      "interface A {\n  /** In kg. */\n  readonly a?: 1;\n  readonly b?: 2;\n}",
    ];
    expect(undocumented({ declarations, doc: "" })).toEqual(["b"]);
    expect(undocumented({ declarations, doc: "Takes `b`." })).toEqual([]);
  });
  it("finds defaults and errors in a function and not behind it", () => {
    const text =
      'export function f(x, size = 3) {\n  const { rate = 0.5, kind = "a" } = options;\n  g(options.n ?? 2);\n  fail("x");\n}\n' +
      "export const g = (x, deep = true) =>\n  f(x);\nconst h = (y = 7) => fail(y);\n";
    const values = (name: string) => defaultsIn(sourceOf(name, text)).map(({ value }) => value);
    expect(values("f")).toEqual(["3", "0.5", '"a"', "2"]);
    expect(values("g")).toEqual(["true"]);
    expect([refuses(sourceOf("f", text)), refuses(sourceOf("g", text))]).toEqual([true, false]);
  });
  it("knows a default that is named", () => {
    expect(isNamed('"mean"', "Default mean.")).toBe(true);
    expect(isNamed("-1", "the last axis by default")).toBe(true);
    expect(isNamed("0.5", "Default 0.25.")).toBe(false);
    expect(isNamed("0.5", "Half: 0.5. Default of another is 1.")).toBe(false);
    expect(isNamed("1", "Default 10, or −1, or 1.5.")).toBe(false);
    expect(isNamed("1", "Default 1.")).toBe(true);
  });
});

describe("every docstring", () => {
  const { published, others } = declarations({ entries, name: "docstrings" });
  const exports = [
    ...new Map(published.flatMap((p) => p.exports).map((item) => [item.key, item])).values(),
  ];
  const all = new Map([...exports, ...others].map((item) => [item.key, item]));
  const named = ({ name, file }: Item) => `${name} (${file})`;
  const source = (item: Item) =>
    sourceOf(item.name, readFileSync(`${root}src/${item.file}`, "utf8"));
  const values = exports.filter(({ kind }) => kind === "value");

  it("is there, of types that are only named by others, too", () => {
    expect(all.size).toBeGreaterThan(300);
    expect([...all.values()].filter(({ doc }) => doc === "").map(named)).toEqual([]);
  });
  it("documents each option", () => {
    const takes = ({ kind, name }: Item) => kind === "value" || name.endsWith("Options");
    const missing = [...all.values()]
      .filter(takes)
      .flatMap((item) => undocumented(item).map((option) => `${option} of ${named(item)}`));
    expect(missing).toEqual([]);
  });
  it("names each default that the function has", () => {
    const found = values.flatMap((item) => {
      const said = [item, ...item.uses.flatMap((key) => all.get(key) ?? [])]
        .flatMap((part) => [part.doc, ...part.tags.map(({ text }) => text), ...part.declarations])
        .join("\n");
      return defaultsIn(source(item)).map(({ name, value }) => ({
        of: `${name} = ${value} of ${named(item)}`,
        named: isNamed(value, said),
      }));
    });
    expect(found.length).toBeGreaterThan(30);
    expect(found.filter((one) => !one.named).map(({ of }) => of)).toEqual([]);
  });
  it("says what is an error where the function itself refuses something", () => {
    const refusing = values.filter((item) => refuses(source(item)));
    expect(refusing.length).toBeGreaterThan(15);
    expect(refusing.filter((item) => !isSaid(item)).map(named)).toEqual([]);
  });
});
