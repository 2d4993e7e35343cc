/**
 * The sources as TypeScript's own parser reads them: what each module takes from others, what it
 * gives, and which assertions it makes. That parser's interface is called unstable; package.json
 * therefore names one version of TypeScript.
 */
import { existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, posix, relative } from "node:path";
import { SyntaxKind } from "typescript/unstable/ast";
import * as is from "typescript/unstable/ast/is";
import { API } from "typescript/unstable/sync";

/** Every module below the folders, by its path from the root. */
export function sources(root, folders) {
  const home = realpathSync(root);
  const cache = mkdtempSync(join(realpathSync(tmpdir()), "structure-"));
  // The files alone are read; nothing that they import is looked up.
  const compilerOptions = {
    ...{ module: "ESNext", moduleResolution: "Bundler", jsx: "preserve", allowJs: true },
    ...{ allowImportingTsExtensions: true, noEmit: true, noLib: true, noResolve: true, types: [] },
  };
  const include = folders.map((f) => join(home, f)).filter((f) => existsSync(f));
  writeFileSync(join(cache, "tsconfig.json"), JSON.stringify({ compilerOptions, include }));
  const api = new API({ cwd: cache });
  try {
    const opened = api.updateSnapshot({ openProjects: [join(cache, "tsconfig.json")] });
    const { program } = opened.getProjects()[0];
    const files = program.getSourceFileNames().sort();
    return new Map(
      files.map((path) => {
        const file = relative(home, path);
        return [file, read(file, program.getSourceFile(path))];
      }),
    );
  } finally {
    api.close();
    rmSync(cache, { recursive: true, force: true });
  }
}

/**
 * `loads`: the modules that are loaded with this one. `uses`: the names that it takes from others
 * ("*" is all of them), types and what is loaded later included. `defines`: the names that it
 * exports. `passes`: what it exports of others, under the name `as`. `assertions`: where it says
 * `!`, `as never` and `as unknown as`. Each has its line.
 */
function read(file, source) {
  const module = { loads: [], uses: [], defines: [], passes: [], assertions: [] };
  const starts = [...source.text.matchAll(/^/gm)].map(({ index }) => index);
  const line = (node) => {
    const start = node.getStart(source);
    const next = starts.findIndex((s) => s > start);
    return next < 0 ? starts.length : next;
  };
  const imported = new Map();
  const whole = new Map();

  for (const node of source.statements) {
    const from = pathOf(node.moduleSpecifier?.text, posix.dirname(file));
    const at = line(node);
    if (is.isImportDeclaration(node) && from) {
      const { importClause: clause } = node;
      const { name, namedBindings: bindings, phaseModifier } = clause ?? {};
      if (phaseModifier !== SyntaxKind.TypeKeyword) module.loads.push({ from, line: at });
      if (name) module.uses.push({ from, name: "default", line: at });
      if (bindings && is.isNamespaceImport(bindings)) whole.set(bindings.name.text, { from, at });
      for (const element of bindings?.elements ?? []) {
        const name = (element.propertyName ?? element.name).text;
        imported.set(element.name.text, { from, name });
        module.uses.push({ from, name, line: at });
      }
    } else if (is.isExportDeclaration(node)) {
      if (from && !node.isTypeOnly) module.loads.push({ from, line: at });
      if (from && !node.exportClause) module.passes.push({ from, name: "*", as: "*", line: at });
      for (const element of node.exportClause?.elements ?? []) {
        const as = element.name.text;
        const name = (element.propertyName ?? element.name).text;
        const origin = from ? { from, name } : imported.get(name);
        if (origin) module.passes.push({ ...origin, as, line: line(element) });
        else if (!node.moduleSpecifier) module.defines.push({ name: as, line: line(element) });
      }
    } else if (is.isExportAssignment(node)) {
      module.defines.push({ name: "default", line: at });
    } else if (node.modifiers?.some((m) => m.kind === SyntaxKind.ExportKeyword)) {
      for (const name of declared(node)) module.defines.push({ name, line: at });
    }
  }

  const use = (from, names, node) => {
    if (from) for (const name of names) module.uses.push({ from, name, line: line(node) });
  };
  const visit = (node) => {
    if (is.isCallExpression(node) && node.expression.kind === SyntaxKind.ImportKeyword) {
      use(pathOf(node.arguments[0]?.text, posix.dirname(file)), taken(node), node);
    } else if (is.isImportTypeNode(node)) {
      const name = node.qualifier && (node.qualifier.left ?? node.qualifier).text;
      use(pathOf(node.argument.literal.text, posix.dirname(file)), [name ?? "*"], node);
    } else if (is.isIdentifier(node) && whole.has(node.text)) {
      // A namespace: its members where they are named, or else all that the module gives.
      const { parent } = node;
      const member = is.isPropertyAccessExpression(parent) && parent.expression === node;
      const type = is.isQualifiedName(parent) && parent.left === node;
      const name = member ? parent.name.text : type ? parent.right.text : "*";
      if (!is.isNamespaceImport(parent)) use(whole.get(node.text).from, [name], node);
    } else if (is.isNonNullExpression(node)) {
      module.assertions.push({ kind: "!", line: line(node) });
    } else if (is.isAsExpression(node)) {
      const { expression, type } = node;
      const twice = is.isAsExpression(expression) ? expression.type.kind : undefined;
      if (type.kind === SyntaxKind.NeverKeyword) {
        module.assertions.push({ kind: "as never", line: line(node) });
      } else if (twice === SyntaxKind.UnknownKeyword) {
        module.assertions.push({ kind: "as unknown as", line: line(node) });
      }
    } else if (isText(node)) {
      for (const { from, name } of program(node.getText(source))) use(from, [name], node);
    }
    node.forEachChild((child) => void visit(child));
  };
  visit(source);
  return module;
}

/** The path of a module of ours; undefined for packages. */
const pathOf = (specifier, folder) =>
  specifier === "#files"
    ? "src/files/node.ts"
    : specifier?.startsWith(".")
      ? posix.join(folder, specifier.replace(/\?.*/, ""))
      : undefined;

/** The names that a statement declares. */
function declared(node) {
  if (!is.isVariableStatement(node)) return [node.name?.text ?? "default"];
  const names = (name) =>
    is.isIdentifier(name) ? [name.text] : name.elements.flatMap((e) => names(e.name));
  return node.declarationList.declarations.flatMap((d) => names(d.name));
}

/** What is taken from `import()`: the names where they stand beside it, or else all. */
function taken(call) {
  let node = call.parent;
  while (is.isAwaitExpression(node) || is.isParenthesizedExpression(node)) node = node.parent;
  if (is.isPropertyAccessExpression(node) && node.name.text !== "then") return [node.name.text];
  if (is.isVariableDeclaration(node) && is.isObjectBindingPattern(node.name)) {
    return node.name.elements.map((e) => (e.propertyName ?? e.name).text);
  }
  return ["*"];
}

const isText = (node) =>
  is.isStringLiteral(node) ||
  is.isNoSubstitutionTemplateLiteral(node) ||
  is.isTemplateExpression(node);

/** What a program in a text takes; it is bundled at the root, so its paths start there. */
const program = (text) =>
  [...text.matchAll(/(?:im|ex)port (?:\{([^}]*)\}|\*(?: as \w+)?) from "(\.[^"]+)"/g)].flatMap(
    ([, names = "*", path]) =>
      names.split(",").map((n) => ({ from: pathOf(path, ""), name: n.trim().split(" ")[0] })),
  );
