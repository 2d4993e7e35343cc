/** Settings of a network file from outside of it: "optimizer.adam.learningRate=0.01". */
import { type Document, isAlias, isMap, isScalar, isSeq, type Node, parseDocument } from "yaml";
import { fail } from "../core/errors.ts";
import { excerpt } from "../core/excerpt.ts";
import { withoutEnvironment } from "../core/permission.ts";
import { nearest, shown } from "../core/wording.ts";
import type { NetworkFile } from "./network.ts";
import { parseNetwork } from "./parse.ts";
import { NetworkFileError, type Path, type Problem, rangeOfNode } from "./source.ts";

/** One setting, read: where, and the YAML that is to stand there. */
interface Setting {
  /** As it was written: "path=value". */
  readonly text: string;
  readonly path: Path;
  readonly value: string;
}

/** What messages call a setting: the option that has brought it. */
const placeOf = (setting: string): string => `--set ${setting}`;

/** "layers.0.linear.outputs=8" as a path and a value. */
function settingOf(text: string): Setting {
  const equals = text.indexOf("=");
  const words = text.slice(0, Math.max(0, equals)).split(".");
  if (equals < 0 || words.some((word) => word.trim() === "")) {
    fail("usage", {
      message: "A setting is a path, an equals sign and a value.",
      expected: "optimizer.adam.learningRate=0.01, for example",
      found: shown(text),
      where: placeOf(text),
      fix: "Write the names as they stand in the file, from the outermost, with dots between them.",
    });
  }
  const path = words.map((word) => (/^\d+$/.test(word.trim()) ? Number(word) : word.trim()));
  return { text, path, value: valueText(text.slice(equals + 1), text) };
}

/** The value as it can be put anywhere into a file: on one line, within brackets, too. */
function valueText(given: string, setting: string): string {
  const document = withoutEnvironment(() => parseDocument(given, { prettyErrors: false }));
  const [error] = document.errors;
  if (error !== undefined) {
    fail("usage", {
      message: `The value of a setting is not YAML: ${error.message.split("\n", 1)[0]}`,
      expected: "a number, true or false, a name, or a list or record in brackets",
      found: shown(given),
      where: placeOf(setting),
      fix: "Close brackets and quotation marks.",
    });
  }
  const node = document.contents;
  if (isScalar(node)) {
    const source = given.slice(...rangeOfNode(node));
    const plain = typeof node.value !== "string" || /^[\w./-]+$/.test(source);
    return node.value === null ? "null" : plain ? source : JSON.stringify(node.value);
  }
  const written = given.slice(...rangeOfNode(node)).trim();
  return /^[[{]/.test(written) && !/[\n#]/.test(written)
    ? written
    : JSON.stringify(document.toJS());
}

/**
 * A network file with some of its settings replaced, as if they stood in the file: what is saved
 * with a checkpoint says them, too. A setting is "path=value"; the path leads through the names of
 * the file with dots between them, layers counted from 0, and the value is YAML.
 *
 * @throws NetworkFileError for what is wrong in the file itself, as it stands there; then for what a
 *   setting makes wrong, which names the setting as the place; ChainruleError "usage".
 */
export function withSettings(
  text: string,
  settings: readonly string[],
  { path = "network file" }: { readonly path?: string } = {},
): NetworkFile {
  const network = parseNetwork(text, { path });
  if (settings.length === 0) return network;
  const read = settings.map(settingOf);
  const changed = read.reduce(replaced, text);
  try {
    return parseNetwork(changed, { path });
  } catch (error) {
    if (!(error instanceof NetworkFileError)) throw error;
    throw new NetworkFileError(
      error.problems.map((problem) => fromSetting(problem, changed, read, path)),
      error.code,
    );
  }
}

const documentOf = (text: string): Document.Parsed =>
  withoutEnvironment(() => parseDocument(text, { prettyErrors: false, uniqueKeys: false }));

/** The text of a file with one setting in its place. */
function replaced(text: string, { text: setting, path, value }: Setting): string {
  const nested = (rest: Path): string =>
    rest.reduceRight<string>((inner, name) => `{ ${nameText(name)}: ${inner} }`, value);
  const put = (from: number, to: number, words: string) =>
    text.slice(0, from) + words + text.slice(to);
  let node: Node | null | undefined = documentOf(text).contents;
  for (const [i, step] of path.entries()) {
    const rest = path.slice(i);
    if (isAlias(node)) refuseAlias(setting, path.slice(0, i), node.source);
    if (isSeq(node)) {
      const next: unknown = typeof step === "number" ? node.items[step] : undefined;
      if (next === undefined) refuseIndex(setting, path.slice(0, i), step, node.items.length);
      node = next as Node;
      continue;
    }
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === `${step}`);
      if (pair !== undefined && pair.value !== null) {
        const [start, end] = rangeOfNode(pair.value as Node);
        // "adam:" with nothing behind it.
        if (start === end && i < path.length - 1)
          return put(start, end, ` ${nested(rest.slice(1))}`);
        node = pair.value as Node;
        continue;
      }
      if (pair !== undefined)
        return put(...twice(rangeOfNode(pair.key as Node)[1]), `: ${nested(rest.slice(1))}`);
      const [only] = node.items;
      if (only && hasOneName(path.slice(0, i))) {
        refuseInside(setting, path.slice(0, i), step, String(only.key));
      }
      return added(text, node, `${nameText(step)}: ${nested(rest.slice(1))}`);
    }
    const [start, end] = rangeOfNode(node);
    const word = isScalar(node) ? node.value : undefined;
    // "optimizer: adam" is short for a record without settings.
    if (word === step) return put(start, end, nested(rest));
    return refuseInside(setting, path.slice(0, i), step, `${word ?? text.slice(start, end)}`);
  }
  const [start, end] = rangeOfNode(node);
  const former = text.slice(start, end);
  const tail = /\s*$/.exec(former)?.[0] ?? "";
  return put(start, end, `${start === end ? " " : ""}${value}${start === end ? "" : tail}`);
}

/** Whether one name with its options stands at a path, beside which there is no place for another. */
const hasOneName = ([first, ...more]: Path): boolean =>
  more.length === 0
    ? first === "optimizer" || first === "loss"
    : first === "layers" && typeof more.at(-1) === "number";

const twice = (at: number): [number, number] => [at, at];

/** A pair in front of those that a record has, in its own style. */
function added(text: string, node: Node, pair: string): string {
  const [start] = rangeOfNode(node);
  const flow = text[start] === "{";
  const empty = /^\{\s*\}/.test(text.slice(start));
  const at = flow ? start + 1 : start;
  const indent = start - (text.lastIndexOf("\n", start - 1) + 1);
  const words = flow ? ` ${pair}${empty ? " " : ","}` : `${pair}\n${" ".repeat(indent)}`;
  return text.slice(0, at) + words + text.slice(at);
}

const nameText = (name: string | number): string =>
  /^[A-Za-z][\w-]*$/.test(`${name}`) ? `${name}` : JSON.stringify(`${name}`);

const shownPath = (path: Path): string => (path.length === 0 ? "the file" : path.join("."));

const refuseAlias = (setting: string, path: Path, name: string): never =>
  fail("usage", {
    message: `At ${shownPath(path)} stands an alias, whose value other places share.`,
    expected: "a value of its own",
    found: `*${name}`,
    where: placeOf(setting),
    fix: `Set ${shownPath(path)} as a whole, or change the file.`,
  });

const refuseIndex = (setting: string, path: Path, step: string | number, n: number): never =>
  fail("usage", {
    message: `At ${shownPath(path)} stands a list, which has no ${shown(`${step}`)}.`,
    expected: n === 0 ? "nothing: the list is empty" : `an index from 0 to ${n - 1}`,
    found: shown(`${step}`),
    where: placeOf(setting),
    fix: `Say which of the list it is, counted from 0: ${shownPath(path)}.0, for example.`,
  });

function refuseInside(setting: string, path: Path, step: string | number, found: string): never {
  const near = typeof step === "string" ? nearest(step, [found]) : undefined;
  return fail("usage", {
    message: `At ${shownPath(path)} stands ${shown(found)}, which has no ${shown(`${step}`)}.`,
    expected: `${shownPath([...path, found])}, or ${shownPath(path)} as a whole`,
    found: shownPath([...path, step]),
    where: placeOf(setting),
    fix:
      near === undefined
        ? `Set ${shownPath(path)} as a whole: ${shownPath(path)}=…`
        : `Did you mean ${shownPath([...path, near])}?`,
  });
}

/** A problem that a setting has brought, at the setting. */
function fromSetting(
  problem: Problem,
  text: string,
  settings: readonly Setting[],
  file: string,
): Problem {
  const lineStart = text.split("\n", problem.line - 1).reduce((n, l) => n + l.length + 1, 0);
  const offset = lineStart + problem.column - 1;
  const root = documentOf(text).contents;
  const blamed =
    settings.findLast(({ path }) => holds(root, path, offset)) ??
    (settings.length === 1 ? settings[0] : undefined);
  if (blamed === undefined) {
    const all = settings.map((s) => placeOf(s.text)).join(" ");
    return { ...problem, where: `${file} with ${all}:${problem.line}:${problem.column}` };
  }
  const where = placeOf(blamed.text);
  const from = where.length - blamed.text.length;
  const { line, column, fix = settingFix(blamed, root, offset), ...complaint } = problem;
  return {
    ...complaint,
    ...{ where, line: 1, column: from + 1, fix },
    excerpt: excerpt(where, 0, 1, from, where.length),
  };
}

/** What to do about a value, a name, or what another part of the file does not agree with. */
function settingFix({ path }: Setting, root: Node | null, offset: number): string {
  let node: Node | null | undefined = root;
  for (const step of path) {
    if (isSeq(node)) node = node.items[Number(step)] as Node | undefined;
    else if (isMap(node)) {
      const pair = node.items.find((p) => isScalar(p.key) && String(p.key.value) === `${step}`);
      node = pair?.value as Node | undefined;
      if (pair && offset === rangeOfNode(pair.key as Node)[0]) {
        return `Correct the name ${step} in the setting, or the value behind it.`;
      }
    }
  }
  const [start, end] = rangeOfNode(node);
  return offset >= start && offset <= end
    ? `Give another value in the setting: ${shownPath(path)}=…`
    : "Leave the setting out, or correct the file along with it.";
}

/** Whether an offset lies within what a path leads to, or is where something around it begins. */
function holds(root: Node | null, path: Path, offset: number): boolean {
  let node: Node | null | undefined = root;
  for (const [i, step] of path.entries()) {
    let key: Node | undefined;
    if (isMap(node)) {
      const pair = node.items.find((p) => isScalar(p.key) && String(p.key.value) === `${step}`);
      key = pair?.key as Node | undefined;
      node = pair?.value as Node | undefined;
    } else if (isSeq(node) && typeof step === "number") node = node.items[step] as Node | undefined;
    else return false;
    const [start, end] = rangeOfNode(node ?? key);
    if (offset === start || (key && offset === rangeOfNode(key)[0])) return true;
    if (i === path.length - 1 && offset >= start && offset <= end) return true;
  }
  return false;
}
