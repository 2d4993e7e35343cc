/** The text of a network file with its places, and problems that point at them. */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type LineCounter,
  type Node,
  visit,
} from "yaml";
import { ChainruleError, type ErrorCode } from "../core/errors.ts";
import { excerpt } from "../core/excerpt.ts";
import type { NetworkFile } from "./network.ts";

/** Where something stands in a network file: names and positions from the top. */
export type Path = readonly (string | number)[];

/** One thing that is wrong, and where. */
export interface Problem {
  readonly message: string;
  readonly expected?: string;
  readonly found?: string;
  readonly fix?: string;
  /** "file:line:column", both counted from 1. */
  readonly where: string;
  readonly line: number;
  readonly column: number;
  /** The line itself, with a mark below the place. */
  readonly excerpt: string;
}

/** A problem before it has a place. */
export type Complaint = Pick<Problem, "message" | "expected" | "found" | "fix">;

/** From the first character to behind the last, as offsets into the text. */
type Range = readonly [start: number, end: number];

/** The text of a network file, which knows the line of everything in it. */
export class Source {
  readonly path: string;
  readonly text: string;
  readonly document: Document.Parsed;
  readonly #lines: LineCounter;
  #anchors: Map<string, Node[]> | undefined;

  constructor(path: string, text: string, document: Document.Parsed, lines: LineCounter) {
    this.path = path;
    this.text = text;
    this.document = document;
    this.#lines = lines;
  }

  /** "file:line:column" of an offset. */
  whereAt(offset: number): string {
    const { line, col } = this.#lines.linePos(offset);
    return `${this.path}:${line}:${col}`;
  }

  problemAt([start, end]: Range, complaint: Complaint): Problem {
    const { line, col } = this.#lines.linePos(start);
    return {
      ...complaint,
      where: `${this.path}:${line}:${col}`,
      line,
      column: col,
      excerpt: excerpt(this.text, this.#lines.lineStarts[line - 1] ?? 0, line, start, end),
    };
  }

  /** The place of what stands at a path, or of the innermost thing around it. */
  rangeOf(path: Path): Range {
    let node = this.target(this.document.contents);
    let range = rangeOfNode(node);
    for (const step of path) {
      // A list may stand in the place of the mapping that it belongs to.
      if (isSeq(node) && typeof step === "string") continue;
      const [key, value] = this.#child(node, step);
      if (key === undefined && value === undefined) break;
      node = this.target(value);
      range = rangeOfNode(value ?? key);
    }
    return range;
  }

  where = (path: Path): string => this.whereAt(this.rangeOf(path)[0]);
  problem = (path: Path, complaint: Complaint): Problem =>
    this.problemAt(this.rangeOf(path), complaint);

  #child(node: Node | null | undefined, step: string | number) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === step);
      return [pair?.key as Node | undefined, pair?.value as Node | undefined] as const;
    }
    if (isSeq(node) && typeof step === "number") {
      return [undefined, node.items[step] as Node | undefined] as const;
    }
    return [undefined, undefined] as const;
  }

  /** What an alias stands for: the last node before it with that anchor. */
  target(node: Node | null | undefined): Node | null | undefined {
    if (!isAlias(node)) return node;
    this.#anchors ??= anchorsOf(this.document);
    const marked = this.#anchors.get(node.source) ?? [];
    // They are in the order of the text; the last one before the alias counts.
    let [low, high] = [0, marked.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (rangeOfNode(marked[middle])[0] < rangeOfNode(node)[0]) low = middle + 1;
      else high = middle;
    }
    return marked[low - 1];
  }
}

/** The nodes that carry each anchor, in the order of the text. */
function anchorsOf(document: Document.Parsed): Map<string, Node[]> {
  const anchors = new Map<string, Node[]>();
  visit(document, {
    Node(_, node) {
      const { anchor } = node as { anchor?: string };
      if (!anchor) return;
      const known = anchors.get(anchor);
      if (known) known.push(node);
      else anchors.set(anchor, [node]);
    },
  });
  return anchors;
}

const sources = new WeakMap<NetworkFile, Source>();

/** Networks are plain data; the text that one was read from is kept beside it. */
export function rememberSource(network: NetworkFile, source: Source): void {
  sources.set(network, source);
}

/** The text that a network was read from, with its places; networks made otherwise have none. */
export const sourceOf = (network: NetworkFile): Source | undefined => sources.get(network);

export function rangeOfNode(node: Node | null | undefined): Range {
  const [start = 0, end = start] = node?.range ?? [];
  return [start, end];
}

/** What is wrong with a network file, all that one look has found, each with its line. */
export class NetworkFileError extends ChainruleError {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[], code: ErrorCode = "file-invalid", cause?: unknown) {
    const [first] = problems;
    const one = problems.length === 1 ? first : undefined;
    const set = problems.every(({ where }) => where.startsWith("--set "));
    const file = set ? "The command line" : first?.where.replace(/:\d+:\d+$/, "");
    super(code, {
      message:
        one === undefined
          ? `${file} has ${problems.length} problems.\n\n${blocks(problems)}\n`
          : `${one.message}\n\n${one.excerpt}\n`,
      where: one?.where,
      ...(one?.expected === undefined ? {} : { expected: one.expected }),
      ...(one?.found === undefined ? {} : { found: one.found }),
      ...(one?.fix === undefined ? {} : { fix: one.fix }),
      ...(one === undefined
        ? { fix: set ? "Correct these settings." : "Correct these lines." }
        : {}),
      ...(cause === undefined ? {} : { cause }),
    });
    this.problems = problems;
  }
}

/** More problems than these are counted, not shown. */
const mostShown = 20;

function blocks(problems: readonly Problem[]): string {
  const shown = problems
    .slice(0, mostShown)
    .map((p) =>
      [
        `${p.where}: ${p.message}`,
        p.excerpt,
        ...(p.expected === undefined ? [] : [`  expected ${p.expected}`]),
        ...(p.found === undefined ? [] : [`  found    ${p.found}`]),
        ...(p.fix === undefined ? [] : [`  fix      ${p.fix}`]),
      ].join("\n"),
    );
  const more = problems.length - shown.length;
  return [...shown, ...(more > 0 ? [`… and ${more} more.`] : [])].join("\n\n");
}
