/** The advice in the sources: what stands behind every `fix:`, as it is written there. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../src", import.meta.url));

/** The end of an expression: the comma or bracket that is not its own. */
function endOf(text: string, from: number): number {
  let depth = 0;
  for (let i = from; i < text.length; i++) {
    const c = text[i]!;
    if (c === '"' || c === "'" || c === "`") i = endOfText(text, i);
    else if ("([{".includes(c)) depth++;
    else if (")]}".includes(c) && depth-- === 0) return i;
    else if ((c === "," || c === ";") && depth === 0) return i;
  }
  return text.length;
}

/** The closing quotation mark of a literal; what stands in `${…}` is skipped as a whole. */
function endOfText(text: string, from: number): number {
  const quote = text[from]!;
  for (let i = from + 1; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (quote === "`" && text.startsWith("${", i)) i = endOf(text, i + 2);
    else if (text[i] === quote) return i;
  }
  return text.length;
}

/** The literals of an expression as patterns: `…` for what is put in. */
export function literals(expression: string): string[] {
  const found: string[] = [];
  for (let i = 0; i < expression.length; i++) {
    if (!['"', "'", "`"].includes(expression[i]!)) continue;
    const end = endOfText(expression, i);
    let pattern = "";
    for (let k = i + 1; k < end; k++) {
      if (expression[k] === "\\") pattern += expression[++k];
      else if (expression[i] === "`" && expression.startsWith("${", k)) {
        k = endOf(expression, k + 2);
        pattern += "…";
      } else pattern += expression[k];
    }
    // A literal that goes on in the next line is one.
    const [joined] = /^\s*\+\s*(?=["'`])/.exec(expression.slice(end + 1)) ?? [];
    found.push(pattern);
    i = end;
    if (joined) {
      const rest = literals(expression.slice(end + 1));
      return [...found.slice(0, -1), pattern + rest[0]!, ...rest.slice(1)];
    }
  }
  return found;
}

export interface Advice {
  readonly file: string;
  readonly expression: string;
}

/** Every `fix:` with something behind it that is more than a name. */
export function advice(): Advice[] {
  const files = readdirSync(root, { recursive: true }) as string[];
  return files
    .filter((file) => file.endsWith(".ts"))
    .sort()
    .flatMap((file) => {
      const text = readFileSync(join(root, file), "utf8");
      return [...text.matchAll(/(?<![\w.])fix:\s+/g)].map(({ 0: found, index }) => {
        const from = index + found.length;
        const expression = text.slice(from, endOf(text, from)).replace(/\s+/g, " ").trim();
        return { file, expression };
      });
    });
}

/** Where advice is put together: all literals of these are advice. */
const makers: readonly (readonly [file: string, from: string, to: string, pairs?: true])[] = [
  ["core/wording.ts", "export function didYouMean", "\n}\n"],
  // What table-advice.ts says is followed in test/data/table-notes.test.ts.
  ["train/domains.ts", "function shareFix", "\n}\n"],
  ["train/domains.ts", "function distributionFix", "\n}\n"],
  ["train/non-finite.ts", "function givenFix", "\n}\n"],
  ["train/first-step.ts", "function firstStepFix", "\n}\n"],
  ["train/first-step.ts", "function tooLarge", "\n}\n"],
  ["data/table-reading.ts", "function raggedAdvice", "\n}\n"],
  ["nn/layer-checks.ts", "export const roomForChannels", ";\n"],
  ["nn/layer-checks.ts", "function sizeFix", "\n}\n"],
  ["nn/sequential.ts", "fix:\n          place", "\n      });"],
  ["network-file/targets.ts", "const singleClassFix", ";\n"],
  ["cli/studio.ts", "const anyPort", ";\n"],
  ["cli/files.ts", "export const checkpointFix", ";\n"],
  ["cli/from.ts", "const valuesFix", ";\n"],
  ["cli/files.ts", "const fix = (error", "\n  };"],
  ["files/reasons.ts", "const reasons", "\n};\n", true],
  ["files/reasons.ts", "const writingReasons", "\n};\n", true],
  ["network-file/parse.ts", "const fix", ";\n"],
  ["network-file/settings.ts", "function settingFix", "\n}\n"],
  ["network-file/parse.ts", "const advice", "\n};\n", true],
  ["network-file/validate.ts", "const fix =\n        meant", ";\n"],
  ["network-file/wording.ts", "export function nearestFix", "\n}\n"],
  ["network-file/wording.ts", "export function wordFor", "\n}\n"],
];

/** Whether a literal is a sentence to a person, and not a word that is compared. */
const isSentence = (text: string): boolean =>
  /\p{L}/u.test(text) && /^[\p{Lu}…].*(?:[.?”]|…)$|^Choose one of/u.test(text);

/** Every piece of advice that the sources hold, once. */
export function texts(): string[] {
  const made = makers.flatMap(([file, from, to, pairs]) => {
    const text = readFileSync(join(root, file), "utf8");
    const start = text.indexOf(from);
    if (start < 0) throw new Error(`${file} has no ${from}`);
    const sentences = literals(text.slice(start, text.indexOf(to, start))).filter(isSentence);
    // A message, and what to do about it.
    return pairs ? sentences.filter((_, i) => i % 2 === 1) : sentences;
  });
  const given = advice().flatMap(({ expression }) =>
    literals(expression).filter((text) => !/^[a-z]*$/i.test(text.trim())),
  );
  return [...new Set([...given, ...made])];
}
