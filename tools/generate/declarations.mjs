/**
 * What the package exports, read off the declarations that it publishes: TypeScript writes them
 * from the sources, and its own reader says which name means what. That reader is called unstable;
 * package.json therefore names one version of TypeScript, and only this file uses it.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import {
  isClassDeclaration,
  isIdentifier,
  isInterfaceDeclaration,
  isTypeAliasDeclaration,
  isVariableDeclaration,
} from "typescript/unstable/ast/is";
import { API, SymbolFlags } from "typescript/unstable/sync";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** TypeScript's flags for printed types: never shortened; objects on lines, an alias as what it
 * stands for. */
const inFull = 1;
const opened = inFull | (1 << 10) | (1 << 23);

/**
 * `published`: the exports of each entry point (`entries` maps its public name to its source below
 * `folder`), each with name, kind ("class", "type" or "value"), doc, tags, declarations as text,
 * members, declaring file and a key that is the same for the same thing elsewhere. `others`: the
 * types that these name and that have no public name of their own.
 */
export function declarations({ entries, folder = `${root}src`, name = "declarations" }) {
  const cache = `${root}node_modules/.cache/${name}-${process.pid}`;
  rmSync(cache, { recursive: true, force: true });
  mkdirSync(cache, { recursive: true });
  const settings = {
    extends: `${root}tsconfig.build.json`,
    compilerOptions: {
      ...{ rootDir: folder, outDir: `${cache}/types`, stripInternal: true },
      // What is under way can be described, too.
      ...{ noUnusedLocals: false, noUnusedParameters: false },
    },
    include: [folder],
  };
  const options = { module: "NodeNext", target: "ES2022", lib: ["ES2023"], types: [] };
  const files = Object.values(entries).map((f) => `${cache}/types/${f.replace(/\.ts$/, ".d.ts")}`);
  writeFileSync(`${cache}/emit.json`, JSON.stringify(settings));
  writeFileSync(
    `${cache}/tsconfig.json`,
    JSON.stringify({ compilerOptions: { ...options, noEmit: true, skipLibCheck: true }, files }),
  );
  const api = new API({ cwd: cache });
  try {
    const tsc = `${root}node_modules/typescript/bin/tsc`;
    execFileSync(process.execPath, [tsc, "-p", `${cache}/emit.json`], { stdio: "inherit" });
    const project = api
      .updateSnapshot({ openProjects: [`${cache}/tsconfig.json`] })
      .getProjects()[0];
    return read(project, Object.keys(entries), files, `${cache}/types`);
  } finally {
    api.close();
    rmSync(cache, { recursive: true, force: true });
  }
}

function read(project, names, files, types) {
  const { checker, program } = project;
  const meant = (symbol) =>
    symbol.flags & SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  const nodes = (symbol) => symbol.declarations.map((handle) => handle.resolve(project));
  const isOurs = (symbol) =>
    symbol.declarations.length > 0 &&
    nodes(symbol).every((n) => isType(n) && n.getSourceFile().fileName.startsWith(types));
  /** The types of ours that a declaration names. */
  const named = (node, into = new Map()) => {
    const symbol = isIdentifier(node) && checker.getSymbolAtLocation(node);
    if (symbol && isOurs(meant(symbol))) into.set(meant(symbol).id, meant(symbol));
    node.forEachChild((child) => void named(child, into));
    return into;
  };
  const found = files.map((file) =>
    checker
      .getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(file)))
      .map((symbol) => ({ name: symbol.name, symbol: meant(symbol) })),
  );
  const known = new Set(found.flat().map(({ symbol }) => symbol.id));
  const uses = new Map();
  const others = new Map();
  const visit = (symbol) => {
    if (uses.has(symbol.id)) return;
    const all = new Map(nodes(symbol).flatMap((node) => [...named(node)]));
    all.delete(symbol.id);
    uses.set(symbol.id, [...all.keys()]);
    for (const [id, other] of all) if (!known.has(id)) others.set(id, other);
    for (const other of all.values()) visit(other);
  };
  for (const { symbol } of found.flat()) visit(symbol);
  const view = ({ name, symbol }) => ({
    ...described(project, name, symbol, types),
    uses: uses.get(symbol.id),
    inherited: inherited(project, symbol, nodes(symbol).filter(hasMembers), (base) => {
      const target = meant(base);
      return isOurs(target) && !known.has(target.id);
    }),
  });
  return {
    published: names.map((entry, i) => ({ entry, exports: found[i].map(view).sort(byPlace) })),
    others: [...others.values()].map((symbol) => view({ name: symbol.name, symbol })).sort(byName),
  };
}

const hasMembers = (node) => isClassDeclaration(node) || isInterfaceDeclaration(node);
const byName = (a, b) => (a.name + a.file < b.name + b.file ? -1 : 1);
const isType = (node) => hasMembers(node) || isTypeAliasDeclaration(node);

/** In the order of files, and in each file in that of its lines. */
const byPlace = (a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1);

function described(project, name, symbol, types) {
  const { checker } = project;
  const nodes = symbol.declarations.map((handle) => handle.resolve(project));
  const parts = nodes.filter(hasMembers);
  const [first] = nodes;
  const source = first.getSourceFile();
  const kind = nodes.some(isClassDeclaration) ? "class" : nodes.some(isType) ? "type" : "value";
  return {
    name,
    key: symbol.id,
    kind,
    doc: symbol.getDocumentationComment(checker).trim(),
    tags: symbol.getJsDocTags(checker).map((tag) => ({ name: tag.name, text: String(tag.text) })),
    file: relative(types, source.fileName).replace(/\.d\.ts$/, ".ts"),
    line: source.text.slice(0, first.getStart()).split("\n").length,
    declarations: nodes.map((node) => {
      // What an alias takes from a value or table is not to be seen in its own text.
      if (!isTypeAliasDeclaration(node) || !node.getText().includes("typeof ")) {
        return declaration(node);
      }
      const type = checker.getDeclaredTypeOfSymbol(symbol);
      return `type ${name} = ${tidy(checker.typeToString(type, node, opened))};`;
    }),
    heads: parts.map((node) => plain(node.getText().split("{")[0])),
    members: parts.flatMap((node) =>
      node.members.map((m) => plain(m.getText())).filter((text) => !isHiddenText(text)),
    ),
  };
}

/** One declaration as it is published, its docstring left out and those of its members kept. */
function declaration(node) {
  const text = node
    .getText()
    .replace(/^export /, "")
    .replace(/^declare /, "");
  return tidy(`${isVariableDeclaration(node) ? "const " : ""}${text}`);
}

/** What nobody outside of a class can name. */
const isHiddenText = (text) => text === "#private;" || text.startsWith("protected ");

/** Two columns for each step, no way to the file of a type, nothing of what is private. */
const tidy = (text) =>
  text
    .split("\n")
    .filter((line) => !isHiddenText(line.trim()))
    .map((line) => line.replace(/^(?: {4})+/, (spaces) => " ".repeat(spaces.length / 2)))
    .join("\n")
    .replace(/import\("[^"]*"\)\./g, "")
    .replace(/\{\s+\}/g, "{}");

/** What comes from bases that have no public name: nowhere else could it be looked up. */
function inherited(project, symbol, parts, isHidden) {
  const { checker } = project;
  const bases = parts.flatMap((node) =>
    (node.heritageClauses ?? []).flatMap((clause) => clause.types.map((t) => t.expression)),
  );
  if (!bases.some((base) => isHidden(checker.getSymbolAtLocation(base)))) return [];
  const own = new Set(parts.flatMap((node) => node.members.map((m) => m.name?.getText())));
  return checker
    .getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol))
    .filter(({ name, declarations }) => {
      const texts = declarations.map((handle) => plain(handle.resolve(project).getText()));
      return !own.has(name) && !name.includes("#private") && !texts.some(isHiddenText);
    })
    .map((property) => {
      const type = checker.getTypeOfSymbol(property);
      // A symbol's name has a number that other files change.
      const name = property.name.replace(/^__@(\w+)@\d+$/, "[Symbol.$1]");
      return `${name}: ${checker.typeToString(type, undefined, inFull)};`;
    })
    .sort();
}

/** On one line, without comments. */
export const plain = (text) =>
  text
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/import\("[^"]*"\)\./g, "")
    .replace(/\s+/g, " ")
    .trim();
