/** Text as numbers, and as examples for a model that says what comes next. */
import { fail } from "../core/errors.ts";
import { areTexts, checkKind, isFunction, isNumber, isRecord, isText } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import { listed, shown } from "../core/wording.ts";
import { constantTensor } from "../ops/leaf.ts";
import { type Dataset, dataset } from "./dataset.ts";
import { optional } from "./optional.ts";

/** Text to whole numbers from 0 to size − 1, and back. */
export interface Tokenizer {
  /** How many tokens there are. */
  readonly size: number;
  /** What each token is called, in order: the classes of a model that tells the next. */
  readonly tokens: readonly string[];
  /** The numbers of the tokens that a text is made of. */
  encode(text: string): Int32Array;
  /** The text that numbers stand for. */
  decode(ids: ArrayLike<number>): string;
}

/** @throws ChainruleError "data-invalid" for a number that stands for no token. */
function checkIds(ids: ArrayLike<number>, size: number): void {
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i];
    if (isNumber(id, (n) => Number.isInteger(n) && n >= 0 && n < size)) continue;
    fail("data-invalid", {
      message: "A number stands for no token.",
      expected: `whole numbers from 0 to ${size - 1}`,
      found: shown(id),
      where: `number ${i} of the list (counted from 0)`,
      fix: "Pass numbers that the same tokenizer has given.",
    });
  }
}

const someText = {
  name: "a text",
  example: "a text, or an array of texts",
  fits: (given: unknown) => isText(given) || areTexts(given),
} as const;

/**
 * The characters of a text (Unicode code points), in the order of their numbers, as tokens. A character
 * that does not occur there is an error later, unless `unknown` names one that stands for it.
 *
 * @throws ChainruleError "data-empty" for a text without characters; `encode`: "data-invalid".
 */
export function characters(
  text: string | readonly string[],
  options: {
    /** The character that is taken for those that did not occur; default: none. */
    readonly unknown?: string;
  } = {},
): Tokenizer {
  checkKind("characters", text, someText);
  checkNames("characters", options, ["unknown"]);
  const { unknown } = options;
  if (unknown !== undefined && (!isText(unknown) || [...unknown].length !== 1)) {
    fail("bad-argument", {
      message: "What stands for unknown characters is one character.",
      expected: 'such as unknown: "?"',
      found: shown(unknown),
    });
  }
  const found = new Set<string>(unknown === undefined ? [] : [unknown]);
  for (const part of [text].flat()) for (const character of part) found.add(character);
  if (found.size === 0) {
    fail("data-empty", {
      message: "The text has no characters, so that there are no tokens.",
      expected: "at least one character",
      found: "an empty text",
    });
  }
  const tokens = [...found].sort((a, b) => (a.codePointAt(0) ?? 0) - (b.codePointAt(0) ?? 0));
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const other = unknown === undefined ? undefined : ids.get(unknown);
  return {
    size: tokens.length,
    tokens,
    encode(given) {
      checkText("encode", given);
      return Int32Array.from([...given], (character, at) => {
        const id = ids.get(character) ?? other;
        if (id !== undefined) return id;
        return fail("data-invalid", {
          message: `The character ${shown(character)} did not occur in the text that gave the tokens.`,
          expected: `one of ${listed(tokens.slice(0, 60))}${tokens.length > 60 ? " …" : ""}`,
          found: shown(character),
          where: `character ${at} of the text (counted from 0)`,
          fix: 'Make the tokens of all texts together, or say unknown: "?".',
        });
      });
    },
    decode(numbers) {
      checkIds(numbers, tokens.length);
      return Array.from(numbers, (id) => tokens[id] ?? "").join("");
    },
  };
}

function checkText(what: string, given: unknown): void {
  if (isText(given)) return;
  fail("bad-argument", {
    message: `${what} takes a text.`,
    expected: "a text",
    found: shown(given),
  });
}

/**
 * The 256 bytes of UTF-8 as tokens: every text can be said, and one of ASCII takes a token for each
 * character. Bytes that are no UTF-8 are decoded as U+FFFD.
 */
export const utf8Bytes: Tokenizer = {
  size: 256,
  tokens: Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0")),
  encode(text) {
    checkText("encode", text);
    return Int32Array.from(new TextEncoder().encode(text));
  },
  decode(ids) {
    checkIds(ids, 256);
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(ids));
  },
};

/** The encodings of byte pairs that gpt-tokenizer has. */
export const encodings = ["r50k_base", "p50k_base", "cl100k_base", "o200k_base"] as const;

/** What is used of a module of gpt-tokenizer. */
interface BytePairModule {
  readonly vocabularySize: number;
  encode(text: string, options?: object): number[];
  decode(ids: Iterable<number>): string;
}

const isModule = (given: unknown): given is BytePairModule =>
  isRecord(given) &&
  isNumber(given.vocabularySize, (n) => Number.isInteger(n) && n > 0) &&
  isFunction(given.encode) &&
  isFunction(given.decode);

/**
 * Byte pairs as tokens: pieces of words that are frequent, as OpenAI's models take them ("r50k_base" is
 * that of GPT-2, of 50257 tokens). Needs the package gpt-tokenizer. Texts that look like special tokens,
 * such as <|endoftext|>, are texts like any other.
 *
 * Source: Sennrich, Haddow & Birch 2016; gpt-tokenizer 4.
 *
 * @throws ChainruleError "bad-argument" for another encoding; "unsupported" without the package.
 */
export async function bytePairs(
  encoding: (typeof encodings)[number] = "r50k_base",
  options: {
    /** The module, such as gpt-tokenizer/encoding/r50k_base, for bundlers. */
    readonly module?: object;
  } = {},
): Promise<Tokenizer> {
  checkNames("bytePairs", options, ["module"]);
  if (!encodings.includes(encoding)) {
    fail("bad-argument", {
      message: "There is no such encoding.",
      expected: `one of ${listed(encodings)}`,
      found: shown(encoding),
    });
  }
  const path = `gpt-tokenizer/encoding/${encoding}`;
  const pairs = options.module ?? (await optional(path, "text in byte pairs", "gpt-tokenizer"));
  if (!isModule(pairs)) {
    return fail("bad-argument", {
      message: "This is no encoding of gpt-tokenizer.",
      expected: `what import("${path}") gives`,
      found: shown(options.module),
    });
  }
  const size = pairs.vocabularySize;
  let tokens: readonly string[] | undefined;
  return {
    size,
    // Parts of a character have no text of their own, so numbers name them.
    get tokens() {
      tokens ??= Array.from({ length: size }, (_, id) => String(id));
      return tokens;
    },
    encode(text) {
      checkText("encode", text);
      return Int32Array.from(pairs.encode(text, { disallowedSpecial: new Set() }));
    },
    decode(ids) {
      checkIds(ids, size);
      return pairs.decode(Array.from(ids));
    },
  };
}

/** How a text is cut. */
export interface NextTokensOptions {
  /** How many tokens an example has. */
  readonly length: number;
  /** How many tokens an example begins behind the one before; default: length, so that none repeats. */
  readonly step?: number;
  /** Of a list of texts: what is put in front of each and behind; default "\n". */
  readonly boundary?: string;
}

const tokenizer = {
  name: "a tokenizer",
  example: "characters(text), utf8Bytes, or await bytePairs()",
  fits: (given: unknown) =>
    isRecord(given) && isFunction(given.encode) && Array.isArray(given.tokens),
} as const;

/** Of places without a target. */
const none = -100;

/**
 * Text as examples for a model that says what comes next: inputs are the numbers of `length` tokens, f32
 * of shape [n, length], targets those one further on, i32 of the same shape, with the tokens as classes.
 * A text is cut into pieces; the last is filled up with token 0 and targets −100, which do not count. Of
 * a list each text is cut on its own, with a boundary in front and behind: where a model begins, and
 * ends. A model takes them by an `embedding` and gives [n, length, tokens]; the loss is
 * `crossEntropy` with `ignoreIndex: -100`.
 *
 * @throws ChainruleError "data-empty" for texts of fewer than two tokens; "bad-argument"; errors of
 *   `encode`.
 */
export function nextTokens(
  text: string | readonly string[],
  tokens: Tokenizer,
  options: NextTokensOptions,
): Dataset {
  checkKind("nextTokens", text, someText);
  checkKind("nextTokens", tokens, tokenizer);
  checkNames("nextTokens", options, ["length", "step", "boundary"]);
  const { length, step = length, boundary = "\n" } = options;
  for (const [name, value] of Object.entries({ length, step })) {
    if (isNumber(value, (n) => Number.isSafeInteger(n) && n >= 1 && n <= length)) continue;
    fail("bad-argument", {
      message: `nextTokens cannot use this ${name}.`,
      expected:
        name === "length" ? "a whole number ≥ 1 of tokens" : "a whole number from 1 to length",
      found: shown(value),
    });
  }
  checkText("boundary", boundary);
  const texts = isText(text) ? [text] : text.map((one) => `${boundary}${one}${boundary}`);
  const pieces: Int32Array[] = [];
  for (const one of texts) {
    const ids = tokens.encode(one);
    if (!(ids instanceof Int32Array)) {
      fail("bad-argument", {
        message: "A tokenizer gives the numbers of tokens as an Int32Array.",
        expected: "an Int32Array",
        found: shown(ids),
      });
    }
    // One token more than goes in; what a piece before holds to its end is not taken again.
    for (let begin = 0; begin < ids.length - 1; begin += step) {
      pieces.push(ids.subarray(begin, begin + length + 1));
      if (begin + length + 1 >= ids.length) break;
    }
  }
  const n = pieces.length;
  if (n === 0) {
    const most = texts.some((one) => one.length > 0);
    fail("data-empty", {
      message: most
        ? "The text is too short: of one token nothing follows."
        : texts.length === 0
          ? "There are no texts to cut."
          : "The text is empty.",
      expected: "a text of at least two tokens",
      found: most ? "one token" : texts.length === 0 ? "an empty list" : "an empty text",
      fix: "Give a longer text, or check how it is read.",
    });
  }
  if (n * length > mostElements) {
    fail("out-of-memory", {
      message: "These examples would not fit into memory.",
      expected: `at most ${mostElements} tokens`,
      found: `${n} examples of ${length}`,
      fix: "Take a larger `step`, or part of the text.",
    });
  }
  const inputs = new Float32Array(n * length);
  const targets = new Int32Array(n * length).fill(none);
  for (const [i, ids] of pieces.entries()) {
    inputs.set(ids.subarray(0, Math.min(length, ids.length - 1)), i * length);
    targets.set(ids.subarray(1), i * length);
  }
  return dataset({
    inputs: constantTensor(inputs, [n, length]),
    targets: constantTensor(targets, [n, length]),
    classes: tokens.tokens,
  });
}

/** More tokens are refused rather than tried. */
const mostElements = 2 ** 28;
