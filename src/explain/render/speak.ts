/** Formulas as words, for screen readers and for reading aloud. */
import type { Words } from "../../core/op.ts";
import type { Formula } from "../engine/expr.ts";
import type { Name } from "../engine/notation.ts";
import type { Language } from "../messages.ts";
import { read, type SpokenSigns, type Style } from "./print.ts";

/** What formulas are written with, and what their symbols and operators are called aloud. */
interface Spoken {
  readonly style: Style;
  readonly nameOf: (symbol: string) => Name | undefined;
  readonly operators: ReadonlyMap<string, Words>;
}

interface Vocabulary extends SpokenSigns {
  readonly equals: string;
  readonly half: string;
  readonly over: string;
  derivative(of: string, by: string): string;
  renewed(of: string): string;
  example(of: string, n: number): string;
}

const vocabularies: Readonly<Record<Language, Vocabulary>> = {
  en: {
    plus: " plus ",
    minus: " minus ",
    negative: "minus ",
    times: " times ",
    matrix: (rows, columns) => `a matrix of ${rows} by ${columns}`,
    equals: " equals ",
    half: "one half of ",
    over: " over ",
    derivative: (of, by) => `the derivative of ${of} with respect to ${by}`,
    renewed: (of) => `${of} new`,
    example: (of, n) => `${of} of example ${n}`,
  },
  zh: {
    plus: " 加 ",
    minus: " 减 ",
    negative: "负",
    times: " 乘 ",
    matrix: (rows, columns) => `${rows} 乘 ${columns} 的矩阵`,
    equals: " 等于 ",
    half: "二分之一 ",
    over: " 除以 ",
    derivative: (of, by) => `${of} 对 ${by} 的偏导数`,
    renewed: (of) => `${of}（新）`,
    example: (of, n) => `${of}（第 ${n} 个样本）`,
  },
};

/** Expressions that are equal, read one after the other. */
export function speak(parts: readonly Formula[], spoken: Spoken, language: Language): string {
  const words = vocabularies[language];
  const { style, nameOf, operators } = spoken;
  const speech = {
    signs: words,
    symbol: (symbol: string) => {
      const name = nameOf(symbol);
      return name ? called(name, words) : symbol;
    },
    numeral: (written: string) =>
      written.replace("−", words.negative).replace("½", words.half).replace("/", words.over),
    operator: (name: string) => operators.get(name)?.[language],
  };
  return parts
    .map((e) => read(e, { ...style, speech }))
    .join(words.equals)
    .replace(/ {2,}/g, " ");
}

/** What a name is read as, by what it is made of. */
function called({ text, made }: Name, words: Vocabulary): string {
  switch (made?.how) {
    case undefined:
      return text.replaceAll("_", " ");
    case "partial":
      return words.derivative(called(made.of, words), called(made.by, words));
    case "renewed":
      return words.renewed(called(made.of, words));
    case "example":
      return words.example(called(made.of, words), made.example);
    case "clipped":
      return `clip(${called(made.of, words)})`;
  }
}
