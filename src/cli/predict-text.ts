/** chainrule predict, of a network that was trained on text: what comes next, and how it goes on. */
import { at } from "../core/at.ts";
import { exp, log } from "../core/elementary/scalar.ts";
import { fail } from "../core/errors.ts";
import { uniformsOf } from "../core/random.ts";
import { shown } from "../core/wording.ts";
import type { Table } from "../data/csv.ts";
import type { Tokenizer } from "../data/text.ts";
import { inFile } from "../files/in-file.ts";
import { writeAtomically } from "../files/node.ts";
import { resolvedLoss } from "../network-file/losses.ts";
import type { TextSection } from "../network-file/network.ts";
import { tokenizerOf } from "../network-file/texts.ts";
import { constantTensor } from "../ops/leaf.ts";
import { csvOf } from "./csv.ts";
import { exit } from "./failure.ts";
import { quoted } from "./files.ts";
import { percent, plural } from "./numbers.ts";
import type { PredictOptions } from "./predict.ts";
import { readRows } from "./rows.ts";
import { bold, columns, dim, print, printJson, remark } from "./terminal.ts";
import type { Loaded } from "./trained.ts";

/** How text is written on. */
export interface WritingOptions {
  /** So many tokens are written behind each text. */
  readonly length?: number;
  /** 1: as likely as the network says; below, the likely ones are taken more often; 0: the most likely. */
  readonly temperature?: number;
  /** Decides what is drawn. */
  readonly seed?: number;
}

/** A token that may come next. */
interface Next {
  readonly token: string;
  readonly probability?: number;
}

interface Continued {
  readonly text: string;
  /** The most likely tokens, first to last. */
  readonly next: readonly Next[];
  readonly continuation?: string;
}

/** So many tokens are named that may come next. */
const mostNamed = 5;

/** Random numbers of their own. */
const drawing = 0x7e87_0000;

export async function predictTexts(
  loaded: Loaded,
  section: TextSection,
  options: PredictOptions,
): Promise<number> {
  const { texts, table, notes } = await textsOf(loaded, options);
  const tokens = await tokenizerOf(section, loaded.description.classes ?? []);
  const writer = new Writer(loaded, section, tokens);
  const found = texts.map((text, i) => writer.write(text, i, options));
  const remarks = [...notes, ...writer.notes];
  if (options.out !== undefined) {
    await writeAtomically(options.out, new TextEncoder().encode(tableOf(found, table)));
    for (const note of remarks) remark(note);
    if (options.json) printJson({ rows: found.length, out: options.out, notes: remarks });
    else print(`${plural(found.length, "row")} written to ${quoted(options.out)}.`);
    return exit.ok;
  }
  if (options.json) {
    printJson({ predictions: found, ...(remarks.length === 0 ? {} : { notes: remarks }) });
    return exit.ok;
  }
  for (const note of remarks) remark(note);
  if (options.length !== undefined) {
    for (const { text, continuation = "" } of found)
      print(`${bold(text)}${harmless(continuation)}`);
    return exit.ok;
  }
  const rows = found.map(({ next }, i) => [
    dim(String(i + 1)),
    ...next.map(({ token, probability }, k) => {
      const share = probability === undefined ? "" : ` ${dim(percent(probability))}`;
      return `${k === 0 ? bold(shown(token)) : shown(token)}${share}`;
    }),
  ]);
  for (const line of columns([["row", "next"].map(dim), ...rows], "><")) print(line);
  return exit.ok;
}

async function textsOf(
  loaded: Loaded,
  { input, data = "-" }: PredictOptions,
): Promise<{ texts: readonly string[]; table?: Table; notes: readonly string[] }> {
  if (input !== undefined) return { texts: input, notes: [] };
  const { table, notes } = await readRows(data, loaded);
  const [only, ...others] = table.columns;
  const column = table.columns.find(({ name }) => name === "text") ?? only;
  if (column === undefined || (others.length > 0 && column.name !== "text")) {
    return fail("data-invalid", {
      message: "The table does not say which column holds the texts.",
      expected: 'a column "text", or a single column',
      found: table.columns.map(({ name }) => shown(name)).join(", "),
      where: data,
      fix: 'Call the column of the texts "text".',
    });
  }
  return { texts: column.cells, table, notes };
}

/** Goes on with texts, a token at a time. */
class Writer {
  readonly notes: string[] = [];
  readonly #loaded: Loaded;
  readonly #tokens: Tokenizer;
  readonly #length: number;
  readonly #names: readonly string[];

  constructor(loaded: Loaded, { length }: TextSection, tokens: Tokenizer) {
    this.#loaded = loaded;
    this.#length = length;
    this.#tokens = tokens;
    this.#names = loaded.description.classes ?? [];
  }

  write(
    text: string,
    row: number,
    { length, temperature = 1, seed = 0 }: WritingOptions,
  ): Continued {
    const ids = inFile(
      `text ${row + 1}`,
      () => [...this.#tokens.encode(text)],
      () => "Leave out what did not occur in the text that was trained on.",
    );
    if (ids.length === 0) {
      fail("data-empty", {
        message: "The text is empty, and a network of text says what follows a token.",
        expected: "a text of at least one token",
        found: "an empty text",
        where: `text ${row + 1}`,
        fix: "Give the beginning of a text.",
      });
    }
    if (ids.length > this.#length) {
      const taken = `the last ${plural(this.#length, "token")} of ${ids.length}`;
      this.notes.push(`Of text ${row + 1} ${taken} are taken: the network sees no more.`);
    }
    const first = this.#after(ids);
    const next = this.#likely(first);
    if (length === undefined) return { text, next };
    const uniform = uniformsOf(seed, drawing + row);
    const begun = ids.length;
    for (let k = 0; k < length; k++) {
      ids.push(drawn(k === 0 ? first : this.#after(ids), temperature, uniform(k)));
    }
    const written = this.#tokens.decode(ids.slice(begun));
    return { text, next, continuation: written };
  }

  /** What may follow, each token with its weight: its probability, or its output where there is none. */
  #after(ids: readonly number[]): Weights {
    const { trainer, network } = this.#loaded;
    const seen = ids.slice(-this.#length);
    // What stands behind does not change what is said before it: padding to one length is compiled once.
    const row = new Float64Array(this.#length);
    row.set(seen);
    const outputs = trainer.predict(constantTensor(row, [1, this.#length]));
    const width = at(outputs.shape, outputs.rank - 1);
    const data = outputs.dataSync();
    const own = [...data.subarray((seen.length - 1) * width, seen.length * width)];
    const probabilities = resolvedLoss(network.loss).probabilities?.(own);
    // A table for more tokens than there are has outputs that stand for none.
    const known = (probabilities ?? own).slice(0, this.#tokens.size);
    return { values: known, certain: probabilities === undefined };
  }

  #likely({ values, certain }: Weights): Next[] {
    const order = values.map((_, id) => id).sort((a, b) => at(values, b) - at(values, a) || a - b);
    return order.slice(0, mostNamed).map((id) => ({
      token: this.#named(id),
      ...(certain ? {} : { probability: at(values, id) }),
    }));
  }

  /** A byte, or part of a character, has a number rather than a text. */
  #named(id: number): string {
    const text = this.#tokens.decode([id]);
    return text === "" || text.includes("\ufffd") ? (this.#names[id] ?? String(id)) : text;
  }
}

interface Weights {
  readonly values: readonly number[];
  /** Whether they are no probabilities, so that nothing can be drawn. */
  readonly certain: boolean;
}

/** What a terminal would take for a command is shown as a sign. */
const harmless = (text: string): string => text.replace(/(?![\n\t])\p{Cc}/gu, "\ufffd");

/** A token by a uniform number: p^(1/T), divided by their sum, is its probability. */
function drawn({ values, certain }: Weights, temperature: number, uniform: number): number {
  const largest = Math.max(...values);
  if (certain || temperature === 0) return values.indexOf(largest);
  const weights = values.map((p) => (p > 0 ? exp((log(p) - log(largest)) / temperature) : 0));
  let rest = uniform * weights.reduce((sum, w) => sum + w, 0);
  const found = weights.findIndex((w) => {
    rest -= w;
    return w > 0 && rest < 0;
  });
  // Rounding may leave a little over.
  return found < 0 ? weights.findLastIndex((w) => w > 0) : found;
}

/** The texts, each with what comes next and, where it was asked for, how it goes on. */
function tableOf(found: readonly Continued[], table: Table | undefined): string {
  const given = table?.columns ?? [{ name: "text", cells: found.map(({ text }) => text) }];
  const written = found.some(({ continuation }) => continuation !== undefined);
  return csvOf([
    [
      ...given.map(({ name }) => name),
      "predicted",
      "probability",
      ...(written ? ["continuation"] : []),
    ],
    ...found.map(({ next: [first], continuation }, i) => [
      ...given.map(({ cells }) => cells[i] ?? ""),
      first?.token ?? "",
      first?.probability === undefined ? "" : String(first.probability),
      ...(written ? [continuation ?? ""] : []),
    ]),
  ]);
}
