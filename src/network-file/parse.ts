import {
  Composer,
  type CST,
  type Document,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  Parser,
} from "yaml";
import { fail } from "../core/errors.ts";
import { type ArgumentKind, checkKind, isText } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import { withoutEnvironment } from "../core/permission.ts";
import { consistencyProblems } from "./consistency.ts";
import { checkNetwork } from "./kinds.ts";
import { type NetworkFile, networkForm } from "./network.ts";
import {
  type Complaint,
  NetworkFileError,
  type Problem,
  rangeOfNode,
  rememberSource,
  Source,
  sourceOf,
} from "./source.ts";
import { validate } from "./validate.ts";
import { foundAt } from "./wording.ts";

/** Files are meant to be read. */
const deepest = 100;

/** A longer text is not parsed; the parser needs two seconds for a million characters. */
const longest = 4 * 2 ** 20;

/** What `parseNetwork` takes. */
export interface ParseOptions {
  /** What messages call the file. Default "network file". */
  readonly path?: string;
}

/**
 * Reads a network file, YAML or JSON (which is YAML, too): plain data comes out, all defaults
 * filled in. Nothing in a file is ever executed.
 *
 * ```ts
 * import { buildModel, NetworkFileError, parseNetwork } from "chainrule/file";
 *
 * const layers = "[tahn, linear: { outputs: 1 }]";
 * const text = `{ inputs: 2, layers: ${layers}, loss: meanSquaredError, optimizer: sgd }`;
 * try {
 *   parseNetwork(text);
 * } catch (error) {
 *   if (error instanceof NetworkFileError) console.log(error.problems[0]!.message);
 * }
 * console.log(Object.keys(buildModel(parseNetwork(text.replace("tahn", "tanh"))).parameters));
 * ```
 *
 * ```text
 * There is no layer "tahn".
 * [ '1.weight', '1.bias' ]
 * ```
 *
 * @throws NetworkFileError with the problems and their lines: those of the syntax ("file-syntax"),
 *   else those of what stands there, else what it says against itself ("file-invalid");
 *   ChainruleError "too-large".
 */
export function parseNetwork(text: string, options: ParseOptions = {}): NetworkFile {
  checkNames("parseNetwork", options, ["path"]);
  const path = options.path ?? "network file";
  checkKind("parseNetwork", text, fileText);
  checkKind("parseNetwork", path, fileText);
  checkText(text, path);
  // The parser looks for debug variables of its own.
  const { document, second, lines } = withoutEnvironment(() => compose(text, path));
  const source = new Source(path, text, document, lines);
  const problems = [...document.errors, ...document.warnings].map(({ code, message, pos }) =>
    source.problemAt(pos, syntaxComplaint(code, message)),
  );
  if (second) problems.push(source.problemAt(second, syntaxComplaint("MULTIPLE_DOCS", "")));
  if (problems.length > 0) throw new NetworkFileError(problems, "file-syntax");
  if (document.contents === null) empty(path);
  const root = document.contents;
  if (isScalar(root) || isSeq(root)) throw new NetworkFileError([noRecord(source, root)]);
  const read = validate(source, networkForm);
  if (read.problems.length > 0) throw new NetworkFileError(read.problems);
  const network = read.value as NetworkFile;
  const contradictions = consistencyProblems(network, source);
  if (contradictions.length > 0) throw new NetworkFileError(contradictions);
  rememberSource(network, source);
  return network;
}

/** The text as a document, and where a second one begins. */
function compose(text: string, path: string) {
  const lines = new LineCounter();
  const tokens = [...new Parser(lines.addNewLine).parse(text)];
  for (const token of tokens) checkDepth(token, lines, path);
  // Whether keys are unique is found out by validate: the composer takes quadratic time for it.
  const composer = new Composer({ prettyErrors: false, stringKeys: true, uniqueKeys: false });
  const [document, second] = composer.compose(tokens, true, text.length);
  const start = second?.range[0] ?? 0;
  return {
    document: document as Document.Parsed,
    lines,
    second: second && ([start, start + 1] as const),
  };
}

/**
 * The composer is recursive, unlike the parser, and V8 does not survive a stack that overflows
 * while it compiles a regular expression: deep nesting must be found before.
 */
function checkDepth(root: CST.Token, lines: LineCounter, path: string): void {
  const stack: [CST.Token, number][] = [[root, 0]];
  for (let top = stack.pop(); top; top = stack.pop()) {
    const [token, depth] = top;
    if (depth > deepest) {
      const { line, col } = lines.linePos(token.offset);
      fail("file-syntax", {
        message: "The file is nested too deeply.",
        expected: `at most ${deepest} levels`,
        where: `${path}:${line}:${col}`,
      });
    }
    if (token.type === "document" && token.value) stack.push([token.value, depth + 1]);
    if (!("items" in token)) continue;
    for (const { key, value } of token.items as CST.CollectionItem[]) {
      if (key) stack.push([key, depth + 1]);
      if (value) stack.push([value, depth + 1]);
    }
  }
}

/** The same network with some of its training section changed. */
export function withTraining(
  network: NetworkFile,
  changes: Partial<NetworkFile["training"]>,
): NetworkFile {
  checkNetwork("withTraining", network);
  checkNames(
    "withTraining",
    changes,
    Object.keys(network.training).concat("earlyStopping", "plateau", "checkpoints"),
  );
  const changed = { ...network, training: { ...network.training, ...changes } };
  const source = sourceOf(network);
  if (source) rememberSource(changed, source);
  return changed;
}

const fileText: ArgumentKind = {
  name: "text",
  example: "the text of a network file, and its path",
  fits: isText,
};

function checkText(text: string, path: string): void {
  if (text.includes("\0")) {
    fail("file-syntax", {
      message: "This is not a network file: it has NUL characters.",
      expected: "YAML or JSON in UTF-8",
      found: "a binary file or UTF-16 text",
      where: path,
      fix: "Give a network file; if it is one, save it as UTF-8.",
    });
  }
  if (text.length <= longest) return;
  fail("too-large", {
    message: "The network file is longer than the limit.",
    expected: `at most ${longest} characters`,
    found: `${text.length}`,
    where: path,
    fix: "Put the examples into a CSV file, and values of weights into a checkpoint.",
  });
}

const expected = "a record: layers: …, loss: …, optimizer: …, data: …";
const fix = "Begin with one of the examples that come with chainrule.";

const empty = (path: string): never =>
  fail("file-syntax", { message: "The network file is empty.", expected, where: path, fix });

/** One number, text or list is no network. */
const noRecord = (source: Source, root: Node): Problem =>
  source.problemAt(rangeOfNode(root), {
    message: "This is no network file: it has no names.",
    expected,
    found: foundAt(root, source.text),
    fix,
  });

/** What the parser's codes mean for somebody who wrote the file. */
const advice: Readonly<Record<string, readonly [message: string, fix: string]>> = {
  TAB_AS_INDENT: ["Lines are indented with a tab.", "Indent with spaces."],
  MULTIPLE_DOCS: ["A second document begins here.", "Put each network into its own file."],
  BAD_INDENT: [
    "The indentation is wrong, or a bracket is not closed.",
    "Close brackets, and indent what belongs together equally far.",
  ],
  MISSING_CHAR: ["A character is missing.", "Close the quotation mark or the bracket."],
  NON_STRING_KEY: ["A name must be a text.", "Put a plain name before the colon."],
  TAG_RESOLVE_FAILED: ["Tags have no meaning in a network file.", "Remove the tag."],
  BLOCK_AS_IMPLICIT_KEY: [
    "There are two colons in one line.",
    "Put the second part into braces or on lines of its own, or quote a text with a colon.",
  ],
};

function syntaxComplaint(code: string, message: string): Complaint {
  const known = Object.hasOwn(advice, code) ? advice[code] : undefined;
  if (known === undefined) return { message: `${message}.`, fix: "Correct the line." };
  return { message: known[0], fix: known[1] };
}
