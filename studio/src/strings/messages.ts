/** Messages of the library in the reader's language: the library writes them in English. */
import type { Failure } from "../protocol.ts";

/** English text, with {0}, {1} … for what differs, and what it is in the other language. */
export type Messages = Readonly<Record<string, string>>;

interface Pattern {
  readonly english: RegExp;
  readonly own: string;
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** Those that name more come first: "{0} is missing" would fit much. */
function patternsOf(messages: Messages): readonly Pattern[] {
  const open = Object.entries(messages).filter(([english]) => english.includes("{0}"));
  const fixed = (english: string) => english.replace(/\{\d\}/g, "").length;
  return open
    .toSorted(([a], [b]) => fixed(b) - fixed(a))
    .map(([english, own]) => {
      const parts = english.split(/\{\d\}/).map(escaped);
      // A text that begins with something else is short there: a name, not a sentence.
      const [first = "", ...rest] = parts;
      const begin = first === "" ? "(.{1,80}?)" : `${first}([\\s\\S]*?)`;
      const pattern = [begin + (rest[0] ?? ""), ...rest.slice(1)].join("([\\s\\S]*?)");
      return { english: new RegExp(`^${pattern}$`), own };
    });
}

/** A translator; undefined where there is no such message. */
export function translator(messages: Messages): (text: string) => string | undefined {
  const patterns = patternsOf(messages);
  const say = (text: string): string | undefined => {
    if (Object.hasOwn(messages, text)) return messages[text];
    for (const { english, own } of patterns) {
      const found = english.exec(text);
      // Places stand in the order of the English text, whatever the order of the other.
      const put = (i: string) => found?.[Number(i) + 1] ?? "";
      if (found) return own.replace(/\{(\d)\}/g, (_, i: string) => say(put(i)) ?? put(i));
    }
    return undefined;
  };
  return say;
}

/** What a code means in general, for what has no translation of its own. */
type General = Readonly<
  Record<string, { readonly title: string; readonly why: string; readonly fix?: string }>
>;

/**
 * A failure in another language. Of what cannot be said in it the general meaning is, with the
 * original behind it: nobody is left with a text in a foreign language alone.
 */
export function translated(
  f: Failure,
  say: (text: string) => string | undefined,
  general: General,
): Failure {
  const known = Object.hasOwn(general, f.code) ? general[f.code] : undefined;
  const own = (text: string) => say(text) ?? text;
  const message = say(f.message) ?? (known ? `${known.title}（${f.message}）` : f.message);
  const fix = f.fix === undefined ? undefined : (say(f.fix) ?? known?.fix ?? f.fix);
  return {
    ...f,
    message,
    ...(f.expected === undefined ? {} : { expected: own(f.expected) }),
    ...(f.found === undefined ? {} : { found: own(f.found) }),
    ...(known ? { why: known.why } : {}),
    ...(fix === undefined ? {} : { fix }),
    ...(f.problems
      ? {
          problems: f.problems.map((p) => ({
            ...p,
            message: own(p.message),
            ...(p.expected === undefined ? {} : { expected: own(p.expected) }),
            ...(p.found === undefined ? {} : { found: own(p.found) }),
            ...(p.fix === undefined ? {} : { fix: own(p.fix) }),
          })),
        }
      : {}),
  };
}
