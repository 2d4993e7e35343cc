/**
 * docs/api/: what each entry point exports, in the groups of its index file, with the signature and
 * docstring that the sources have and, where it is an operator, what its record says and an example
 * that is executed here.
 */
import { readFileSync } from "node:fs";
import { example } from "./examples.mjs";

export const entries = {
  chainrule: "index.ts",
  "chainrule/data": "data/index.ts",
  "chainrule/file": "network-file/index.ts",
  "chainrule/exchange": "exchange/index.ts",
  "chainrule/mpi": "mpi/index.ts",
};

const source = "<!-- Generated from src by tools/generate.mjs. -->";
const otherTypes = "Types without a name of their own";

/** "Layers, losses" is at layers.md. */
const fileOf = (title) => `${/^[^:,]+/.exec(title)[0].toLowerCase().replaceAll(" ", "-")}.md`;

/**
 * The groups of an index file: a comment line "// Title." begins one, or goes on with one, and
 * the exports up to the next belong to it. `files` holds which file's exports (all, or those named) are in it.
 */
function groupsOf(entry, text) {
  const groups = [];
  let group;
  for (const [, title, names, all, from] of text.matchAll(
    /^\/\/ (.+)\.$|^export (?:type )?(?:\{([^}]*)\}|(\*)) from "(.+?)";/gm,
  )) {
    if (title !== undefined) {
      group = groups.find((g) => g.title === title) ?? { title, names: new Set(), folders: [] };
      if (!groups.includes(group)) groups.push(group);
    } else if (group === undefined)
      throw new Error(`${entry}: ${from} is exported before any group`);
    else if (all) group.folders.push(from.replace(/^\.\/|\/index\.ts$/g, ""));
    else for (const name of names.match(/\w+(?=\s*(?:,|$))/g)) group.names.add(name);
  }
  return groups;
}

/** The exports group by group; none may be left over. */
function grouped(entry, exports, text) {
  const groups = groupsOf(entry, text);
  const inFolder = (file) => (group) => group.folders.some((f) => file.startsWith(`${f}/`));
  const groupOf = ({ name, file }) =>
    groups.find(({ names }) => names.has(name)) ?? groups.find(inFolder(file));
  const rest = exports.filter((item) => groupOf(item) === undefined);
  if (rest.length > 0) throw new Error(`${entry}: no group has ${rest.map((r) => r.name)}`);
  return groups.map((group) => ({
    title: group.title,
    exports: exports.filter((item) => groupOf(item) === group),
  }));
}

/** Values have their bare name, so that `trainer` and the class Trainer are different places. */
const heading = ({ kind, title }) => (kind === "value" ? title : `${kind} ${title}`);
const anchor = (item) =>
  heading(item)
    .toLowerCase()
    .replace(/[^\w\- ]/g, "")
    .replaceAll(" ", "-");

/** The record's notation with the function's own parameters in it. */
function formula({ notation }, signature) {
  const parameters = [...signature.matchAll(/[(,] ?(?:\.\.\.)?(\w+)\??: (?!number)/g)].map(
    ([, name]) => name,
  );
  return notation.text
    .replace(/#(\d)/g, (_, k) => parameters[Number(k)] ?? "xyz"[k])
    .replace(/#\[(.*)\]/, (_, each) => `Σ ${each.replaceAll("#", parameters[0])}`)
    .replaceAll("#*", parameters[0])
    .replace(/\{(\w+)\}/g, "$1");
}

function operatorLine(op, signature) {
  const kind = op.derivative.kind;
  if (kind === "leaf") return "";
  return `Written \`${formula(op, signature)}\`. Derivative (${kind}): ${op.law.en}\n\n`;
}

function tagLine(of, name, text) {
  if (name === "throws") return `Throws ${text.replace(/^(\w+) /, "`$1` ")}\n\n`;
  if (name === "param") return `${text.replace(/^(\w+)\s+/, "`$1`: ")}\n\n`;
  throw new Error(`the docstring of ${of} has a tag that has no place in the reference: @${name}`);
}

/** The example of what is, or runs, an operator; there is always one. */
function exampleOf(item, record, { title }, lib) {
  const isOperator = record !== undefined || title.startsWith("Operators");
  const isLeaf = record?.derivative.kind === "leaf";
  if (item.kind !== "value" || !isOperator || isLeaf || item.doc.includes("```ts\n")) return "";
  const lines = example(item, record, lib);
  if (lines === undefined) throw new Error(`${item.name} (${item.file}) has no @example`);
  return `\`\`\`typescript\n${lines.join("\n")}\n\`\`\`\n\n`;
}

function section(item, page, { operators, links, lib }) {
  const { declarations, doc, inherited, tags } = item;
  const signature = declarations.join("\n\n");
  const more = inherited.length === 0 ? "" : `\n\n// Inherited:\n${inherited.join("\n")}`;
  const tagged = tags
    .filter(({ name }) => name !== "example")
    .map(({ name, text }) => tagLine(item.name, name, text));
  const record = operators.get(item.name);
  const used = item.uses.flatMap((key) => links.get(key) ?? []).sort();
  return [
    `## ${heading(item)}\n\n`,
    `\`\`\`typescript\n${signature}${more}\n\`\`\`\n\n`,
    doc === "" ? "" : `${doc}\n\n`,
    ...tagged,
    record && item.kind === "value" ? operatorLine(record, signature) : "",
    exampleOf(item, record, page, lib),
    used.length === 0 ? "" : `Types: ${used.join(", ")}.\n\n`,
  ].join("");
}

/** File names with their texts; an export without a docstring is an error. */
export function apiPages({ published, others }, lib, indexOf) {
  const missing = published.flatMap(({ entry, exports }) =>
    exports.filter(({ doc }) => doc === "").map(({ name, file }) => `${entry}: ${name} (${file})`),
  );
  if (missing.length > 0) throw new Error(`exports without a docstring:\n${missing.join("\n")}`);
  const seen = new Set();
  const pages = published.flatMap(({ entry, exports }) =>
    grouped(entry, exports, indexOf(entry)).map(({ title, exports: all }) => ({
      ...{ entry, title, file: fileOf(title) },
      again: all.filter(({ key }) => seen.has(key)),
      items: all.filter(({ key }) => !seen.has(key) && seen.add(key)),
    })),
  );
  const twice = (name) => others.filter((o) => o.name === name).length > 1;
  const named = others.map((o) => ({
    ...o,
    title: twice(o.name) ? `${o.name} of ${o.file}` : o.name,
  }));
  pages.push({ title: otherTypes, file: "other-types.md", again: [], items: named });
  for (const page of pages) page.items = page.items.map((item) => ({ title: item.name, ...item }));
  const records = new Map(lib.operators().map((op) => [op.name, op]));
  const place = (page, item) => `${page.file}#${anchor(item)}`;
  const texts = pages.map((page) => {
    const links = new Map(
      pages.flatMap((p) =>
        p.items
          .filter(({ kind }) => kind !== "value")
          .map((item) => {
            const target = p === page ? `#${anchor(item)}` : place(p, item);
            return [item.key, `[${item.title}](${target})`];
          }),
      ),
    );
    const sections = page.items.map((item) =>
      section(item, page, { operators: records, links, lib }),
    );
    const again = page.again.map(({ key, name }) => links.get(key) ?? `\`${name}\``);
    const also = again.length === 0 ? "" : `Also exported here: ${again.join(", ")}.\n\n`;
    return [
      page.file,
      `# ${page.title}\n\n${intro(page)}\n${source}\n\n${also}${sections.join("")}`,
    ];
  });
  const index = pages.map((page) => {
    const list = page.items.map((item) => `[${item.title}](${place(page, item)})`).join(" · ");
    return `## ${page.title}\n\n${page.entry ? `From \`${page.entry}\`: ` : ""}${list}\n`;
  });
  return Object.fromEntries(
    [["README.md", `${head}\n${source}\n\n${index.join("\n")}`], ...texts].map(([file, text]) => [
      `docs/api/${file}`,
      `${text.trimEnd()}\n`,
    ]),
  );
}

const head = `# API reference

Everything that \`chainrule\`, \`chainrule/data\`, \`chainrule/file\` and \`chainrule/exchange\` export,
with its signature.
[api-surface.txt](../api-surface.txt) has the same on one line each. Options of the command line are
in [command-line.md](../command-line.md), the keys of network files in
[network-file.md](../network-file.md).
`;

function intro({ entry, title }) {
  if (entry === undefined) {
    return "Types that signatures name and that cannot be imported by name.\n";
  }
  const operators = title.startsWith("Operators")
    ? `Every example was executed when this page was generated: what stands behind // was printed.
Which element types each takes, and what runs it, is in [operators.md](../operators.md). Two operands
are broadcast against each other, from the last axis, as in NumPy; either may be a number.\n`
    : "";
  return `Imported from \`${entry}\`.\n${operators}`;
}

/** The index file of an entry point as text. */
export const indexOf = (root) => (entry) => readFileSync(`${root}src/${entries[entry]}`, "utf8");
