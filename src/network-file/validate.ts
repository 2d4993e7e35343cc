/** Reads a parsed file by a form: plain values come out, and everything that is wrong. */
import { isAlias, isMap, isScalar, isSeq, type Node, type YAMLMap } from "yaml";
import type {
  ChoiceForm,
  Option as Choosable,
  EitherForm,
  Field,
  Form,
  ListForm,
  MapForm,
  NumberForm,
  NumbersForm,
  RecordForm,
  TextForm,
  WordForm,
} from "./form.ts";
import { type Complaint, type Problem, rangeOfNode, type Source } from "./source.ts";
import {
  fits,
  formatWords,
  foundAt,
  nearestFix,
  nearestName,
  needed,
  show,
  wordFor,
} from "./wording.ts";

/** Nested deeper than this, a file is not meant to be read. */
const deepest = 64;
/** Values that may be read through aliases: a few lines of aliases can stand for billions. */
const mostAliased = 100_000;
/** A file that is wrong everywhere is not read to its end. */
const mostProblems = 1000;
/** More names than this are not listed where one of them is near. */
const manyNames = 16;

/** The value of the document's root, or undefined where it has problems. */
export function validate(source: Source, form: Form): { value: unknown; problems: Problem[] } {
  const reader = new Reader(source);
  const value = reader.read(source.document.contents, form, 0, undefined);
  return { value, problems: reader.problems };
}

type Place = Node | null | undefined;

class Reader {
  readonly source: Source;
  readonly problems: Problem[] = [];
  #aliased = 0;
  #insideAlias = false;

  constructor(source: Source) {
    this.source = source;
  }

  /**
   * The value at a node; `holder` is the key whose value it is, to point at where the value is
   * empty. Gives undefined after a problem.
   */
  read(given: Place, form: Form, depth: number, holder: Place): unknown {
    if (this.problems.length > mostProblems) return undefined;
    const at = given ?? holder;
    if (depth > deepest) {
      return this.#complain(at, {
        message: "The file is nested too deeply, or an alias contains itself.",
        expected: `at most ${deepest} levels`,
      });
    }
    if (this.#insideAlias && ++this.#aliased > mostAliased) {
      if (this.#aliased === mostAliased + 1) {
        this.#complain(at, {
          message: "The aliases of this file stand for too many values.",
          expected: `at most ${mostAliased}`,
          fix: "Write the values out, or put them into a CSV file.",
        });
      }
      return undefined;
    }
    if (!isAlias(given)) return this.#readNode(given, form, depth, at);
    const target = this.source.target(given);
    if (target === undefined) {
      return this.#complain(given, {
        message: `Nothing is marked with &${show(given.source, 40)}.`,
        fix: "Mark what the alias stands for, further up, with & and this name.",
      });
    }
    const outer = this.#insideAlias;
    this.#insideAlias = true;
    const value = this.read(target, form, depth + 1, given);
    this.#insideAlias = outer;
    return value;
  }

  #readNode(node: Place, form: Form, depth: number, at: Place): unknown {
    switch (form.kind) {
      case "number":
        return this.#number(node, form, at);
      case "text":
        return this.#text(node, form, at);
      case "flag":
        return isScalar(node) && typeof node.value === "boolean"
          ? node.value
          : this.#unfit(node, form, at);
      case "word":
        return this.#word(node, form, at);
      case "numbers":
        return this.#numbers(node, form, at, depth);
      case "list":
        return this.#list(node, form, at, depth);
      case "record":
        if (isSeq(node) && form.short !== undefined) return this.#short(node, form, at, depth);
        return isMap(node) ? this.#record(node, form, at, depth) : this.#unfit(node, form, at);
      case "map":
        return isMap(node) ? this.#map(node, form, depth) : this.#unfit(node, form, at);
      case "choice":
        return this.#choice(node, form, at, depth);
      case "either":
        return this.#either(node, form, at, depth);
    }
  }

  #complain(at: Place, complaint: Complaint): undefined {
    if (this.problems.length > mostProblems) return undefined;
    this.problems.push(this.source.problemAt(rangeOfNode(at), complaint));
    return undefined;
  }

  /** Something else stands there than the form says. */
  #unfit(node: Place, form: Form, at: Place): undefined {
    const fix = wordFor(node, form);
    const expected = needed(form);
    const what = isEmpty(node) ? "A value is missing here" : "Something else belongs here";
    return this.#complain(at, {
      message: `${what}: ${expected}.`,
      expected,
      found: foundAt(node, this.source.text),
      ...(fix === undefined ? {} : { fix }),
    });
  }

  #number(node: Place, form: NumberForm, at: Place): unknown {
    const value = isScalar(node) ? node.value : undefined;
    if (typeof value !== "number") return this.#unfit(node, form, at);
    const { whole, least, most, above, below, infinite } = form;
    const message = !(Number.isFinite(value) || (infinite && value === Infinity))
      ? "A number must be finite."
      : whole && !Number.isSafeInteger(value)
        ? "This must be a whole number."
        : value < (least ?? value) || value > (most ?? value)
          ? "This number is out of range."
          : value <= (above ?? -Infinity) || value >= (below ?? Infinity)
            ? "This number is out of range."
            : undefined;
    if (message === undefined) return value;
    const found = foundAt(node, this.source.text);
    return this.#complain(at, { message, expected: needed(form), found });
  }

  #text(node: Place, form: TextForm, at: Place): unknown {
    if (isScalar(node)) {
      if (typeof node.value === "string" && node.value !== "") return node.value;
      // Cells and classes may be empty or look like numbers.
      if (form.loose && typeof node.value === "string") return node.value;
      if (form.loose && node.value !== null) return node.source ?? String(node.value);
    }
    return this.#unfit(node, form, at);
  }

  /** `all` is what else may stand there, too. */
  #word(node: Place, form: WordForm, at: Place, all: Form = form): unknown {
    const value = isScalar(node) ? node.value : undefined;
    if (form.words.includes(value as string)) return value;
    if (typeof value !== "string") return this.#unfit(node, form, at);
    const fix = nearestFix(value, form.words.map(String));
    return this.#complain(at, {
      message: `${show(value)} is none of the words that may stand here.`,
      expected: needed(all),
      ...(fix === undefined ? {} : { fix }),
    });
  }

  #numbers(node: Place, form: NumbersForm, at: Place, depth: number): unknown {
    const single: NumberForm = { kind: "number" };
    const first = isSeq(node) ? this.source.target(node.items[0] as Place) : undefined;
    const rank = isSeq(node) ? (isSeq(first) ? 2 : 1) : 0;
    if (!form.depths.includes(rank)) return this.#unfit(node, form, at);
    if (!isSeq(node)) return this.#number(node, single, at);
    if (node.items.length === 0) return this.#unfit(node, form, at);
    if (rank === 1) return this.#all(node.items, single, depth, at);
    const row: NumbersForm = { kind: "numbers", depths: [1] };
    const rows = this.#all(node.items, row, depth, at) as number[][] | undefined;
    const width = rows?.[0]?.length;
    const ragged = rows?.findIndex((r) => r.length !== width) ?? -1;
    if (ragged < 0) return rows;
    return this.#complain(node.items[ragged] as Place, {
      message: "The rows have different lengths.",
      expected: `${width} numbers, as in the first row`,
      found: `${rows?.[ragged]?.length}`,
    });
  }

  #list(node: Place, form: ListForm, at: Place, depth: number): unknown {
    if (!isSeq(node) || node.items.length < (form.least ?? 0)) return this.#unfit(node, form, at);
    return this.#all(node.items, form.of, depth, at);
  }

  #all(items: readonly unknown[], form: Form, depth: number, at: Place): unknown[] | undefined {
    const before = this.problems.length;
    const values = items.map((item) => this.read(item as Place, form, depth + 1, at));
    return this.problems.length > before ? undefined : values;
  }

  #record(node: YAMLMap, form: RecordForm, at: Place, depth: number): unknown {
    const before = this.problems.length;
    const entries = new Map<string, unknown>();
    const meant = new Set<string | undefined>();
    for (const [name, key, value] of this.#pairs(node)) {
      const field = Object.hasOwn(form.fields, name) ? form.fields[name] : undefined;
      if (field === undefined) meant.add(this.#unknown(name, key, form));
      else entries.set(name, this.read(value, field.form, depth + 1, key));
    }
    for (const [name, field] of Object.entries(form.fields)) {
      if (entries.has(name) || meant.has(name)) continue;
      if (field.default !== undefined) entries.set(name, complete(field.form, field.default));
      else if (field.required) {
        this.#complain(at, {
          message: `${show(name)} is missing here.`,
          expected: `${name}: ${needed(field.form)}`,
          ...(field.example && { fix: `Write for example ${name}: ${field.example}.` }),
        });
      }
    }
    // What was guessed in the place of a kind of data says which is missing.
    const guessed = Object.keys(form.hints ?? {}).some((name) => node.has(name));
    if (form.oneOf && !guessed) this.#oneOf(node, form.oneOf, at);
    return this.problems.length > before ? undefined : Object.fromEntries(entries);
  }

  /** A list in the place of the mapping that it belongs to. */
  #short(node: Node, form: RecordForm, at: Place, depth: number): unknown {
    const name = form.short as string;
    const field = form.fields[name] as Field;
    const value = this.#readNode(node, field.form, depth, at);
    return value === undefined ? undefined : complete(form, { [name]: value });
  }

  #oneOf(node: YAMLMap, names: readonly string[], at: Place): void {
    const present = pairs(node).filter(([name]) => names.includes(name));
    if (present.length === 1) return;
    this.#complain(present[1]?.[1] ?? at, {
      message:
        present.length === 0 ? "The kind of data is missing here." : "Two kinds of data at once.",
      expected: `one of ${formatWords(names)}`,
      ...(present.length > 1 ? { found: formatWords(present.map(([name]) => name)) } : {}),
    });
  }

  /** The entries; a name that stands there twice is reported. */
  #pairs(node: YAMLMap): Entry[] {
    const all = pairs(node);
    const seen = new Set<string>();
    for (const [name, key] of all) {
      if (seen.has(name)) {
        this.#complain(key, {
          message: `${show(name)} stands here for the second time.`,
          fix: "Remove one of the two.",
        });
      }
      seen.add(name);
    }
    return all;
  }

  /** Reports a name that does not exist; gives the one that was probably meant. */
  #unknown(name: string, key: Place, { fields, hints = {} }: RecordForm): string | undefined {
    if (this.problems.length > mostProblems) return undefined;
    const names = Object.keys(fields);
    const hint = Object.hasOwn(hints, name) ? hints[name] : undefined;
    const meant = hint === undefined ? nearestName(name, names) : undefined;
    const fix = hint ?? (meant && `Did you mean ${meant}?`);
    this.#complain(key, {
      message: `There is no option ${show(name)} here.`,
      expected: names.length === 0 ? "no options" : `one of ${formatWords(names)}`,
      ...(fix === undefined ? {} : { fix }),
    });
    return meant;
  }

  #map(node: YAMLMap, form: MapForm, depth: number): unknown {
    const before = this.problems.length;
    const entries = this.#pairs(node).map(
      ([name, key, value]) => [name, this.read(value, form.of, depth + 1, key)] as const,
    );
    // fromEntries defines properties, so that a column called __proto__ is a column.
    return this.problems.length > before ? undefined : Object.fromEntries(entries);
  }

  #choice(node: Place, form: ChoiceForm, at: Place, depth: number): unknown {
    const table = form.table();
    const given = isMap(node) ? this.#pairs(node) : undefined;
    const [own, ...others] = given ?? [];
    const [name, key, options] =
      own ?? ([isScalar(node) ? node.value : undefined, node, undefined] as const);
    if (typeof name !== "string") return this.#unfit(node, form, at);
    const names = Object.keys(table);
    const inner = Object.hasOwn(table, name) ? table[name]?.form : undefined;
    if (inner === undefined) {
      // Other formats say which one it is by a key: { type: lstm }.
      const inside = isScalar(options) ? options.value : undefined;
      const meant = typeof inside === "string" ? nearestName(inside, names) : undefined;
      const fix =
        meant === undefined
          ? nearestFix(name, names)
          : `Write its name in the place of ${name}: ${sampleOf(meant, table[meant]?.form)}.`;
      // A long list would bury the name that is near.
      const isShort = fix === undefined || names.length <= manyNames;
      return this.#complain(key, {
        message: `There is no ${form.what} ${show(name)}.`,
        expected: isShort
          ? `one of ${formatWords(names)}`
          : `the name of a ${form.what}, of which there are ${names.length}`,
        ...(fix === undefined ? {} : { fix }),
      });
    }
    const [second] = others;
    if (second !== undefined) {
      const all = [name, ...others.map(([other]) => other)];
      return this.#complain(second[1], {
        message: `${/^[aeiou]/.test(form.what) ? "An" : "A"} ${form.what} is one name with its options, but here are ${all.length} names.`,
        expected: `${name}: { … }`,
        found: `${formatWords(all)} side by side`,
        fix:
          options == null || isEmpty(options)
            ? `Indent what belongs to ${name} further than ${name} itself.`
            : "Begin another one with “- ”, or put its options into the braces.",
      });
    }
    if (given === undefined) {
      const value = inner.kind === "record" ? this.#bare(name, inner, key) : undefined;
      if (inner.kind === "record") return value && { name, options: value };
      return this.#unfit(undefined, inner, key);
    }
    if (isEmpty(options)) {
      const none = inner.kind === "record" && required(inner).length === 0;
      return this.#complain(key, {
        message: `Behind “${name}:” nothing follows.`,
        expected: none ? `${name} without the colon, or ${name}: { … }` : needed(inner),
        fix: none
          ? "Remove the colon, or indent the options further than the name."
          : `Indent what belongs to ${name} further than ${name} itself.`,
      });
    }
    const value = this.read(options, inner, depth + 1, key);
    return value === undefined ? undefined : { name, options: value };
  }

  /** A name without options: the defaults, if that is enough. */
  #bare(name: string, form: RecordForm, key: Place): unknown {
    const lacking = required(form);
    if (lacking.length === 0) return complete(form, {});
    return this.#complain(key, {
      message: `${name} needs ${formatWords(lacking)}.`,
      expected: sampleOf(name, form),
      found: `${name} without options`,
    });
  }

  #either(node: Place, form: EitherForm, at: Place, depth: number): unknown {
    const fitting = form.of.find((alternative) => fits(alternative, node));
    if (fitting?.kind === "word") return this.#word(node, fitting, at, form);
    return fitting === undefined
      ? this.#unfit(node, form, at)
      : this.#readNode(node, fitting, depth, at);
  }
}

/** A choice as it may be written, with the options that it needs. */
function sampleOf(name: string, form: Choosable["form"] | undefined): string {
  const lacking = form?.kind === "record" ? required(form) : [];
  return lacking.length === 0
    ? name
    : `${name}: { ${lacking.map((field) => `${field}: …`).join(", ")} }`;
}

const isEmpty = (node: Place): boolean => node == null || (isScalar(node) && node.value === null);

const required = (form: RecordForm): string[] =>
  Object.entries(form.fields).flatMap(([name, field]) => (field.required ? [name] : []));

type Entry = [name: string, key: Node, value: Place];

/** Name, key and value of each entry. Keys are texts: the parser's settings say so. */
function pairs(node: YAMLMap): Entry[] {
  return node.items.flatMap(({ key, value }) =>
    isScalar(key) ? [[String(key.value), key as Node, value as Place]] : [],
  );
}

/** A default as it would have been read: with the defaults inside it. */
export function complete(form: Form, value: unknown): unknown {
  if (form.kind !== "record") return value;
  const given = value as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.entries(form.fields).flatMap(([name, field]) => {
      const own = given[name] ?? field.default;
      return own === undefined ? [] : [[name, complete(field.form, own)]];
    }),
  );
}
