/**
 * The grammar of typed expressions, from what binds least to what binds most:
 *
 *   sum      product (("+" | "-") product)*
 *   product  signed (("*" | "/" | "@") signed)*
 *   signed   ("-" | "+") signed | power
 *   power    part ("^" signed)?               to the right: 2^3^2 is 2^9, and -x^2 is -(x^2)
 *   part     atom ("[" places "]" | ".T" | "." function "(" … ")")*
 *   atom     number | name | function "(" arguments ")" | "(" sum ")" | "[" sum ("," sum)* "]"
 *
 * Nothing is executed: each rule makes a step that builds nodes of a graph.
 */
import { at } from "../../core/at.ts";
import type { DType } from "../../core/dtype.ts";
import { ChainruleError } from "../../core/errors.ts";
import { Tensor } from "../../core/tensor.ts";
import { didYouMean, shown } from "../../core/wording.ts";
import { add, div, mul, neg, square, sub } from "../../ops/arithmetic.ts";
import { stack } from "../../ops/concatenate.ts";
import { type NestedArray, scalar, tensor } from "../../ops/leaf.ts";
import { matmul } from "../../ops/matmul.ts";
import { slice, sliceAt, transpose } from "../../ops/move.ts";
import { pow } from "../../ops/power.ts";
import { constants, modules, type NamedFunction, namedFunctions } from "./functions.ts";
import { markedPlace, refuse, type Span, type Token, tokensOf } from "./tokens.ts";

/** What an expression works on. */
interface Known {
  readonly values: Readonly<Record<string, Tensor>>;
  /** The type that numbers and lists take. */
  readonly dtype: DType;
}

type Value = Tensor | number;

/** A part of an expression: where it stands, and what it makes of the values. */
interface Part extends Span {
  readonly value: (scope: Known) => Value;
  /** Of a list in brackets: its elements. */
  readonly elements?: readonly Part[];
}

/** Of the functions those that are asked for most. */
const known = "exp, ln, sin, tanh, sigmoid, relu, sqrt, abs, sum, mean, max, softmax, …";
/** How to correct what is wrong, where something better is known than to look at the mark. */
interface Advice {
  readonly fix?: string;
}

/** Brackets within brackets. */
const deepest = 60;

export const asTensorIn = ({ dtype }: Known, x: Value): Tensor =>
  x instanceof Tensor ? x : scalar(x, dtype);

interface Operator {
  readonly tensors: (a: Value, b: Value, scope: Known) => Tensor;
  readonly numbers?: (a: number, b: number) => number;
}

const both =
  (f: (a: Tensor, b: Tensor) => Tensor) =>
  (a: Value, b: Value, scope: Known): Tensor =>
    f(asTensorIn(scope, a), asTensorIn(scope, b));
/** A number takes the type of the tensor beside it. */
const mixed =
  (f: (a: Value, b: Value) => Tensor) =>
  (a: Value, b: Value): Tensor =>
    f(a, b);

const raise = (power: Value) => (a: Tensor) => pow(a, power);

const operators: Readonly<Record<string, Operator>> = {
  "+": { tensors: mixed(add), numbers: (a, b) => a + b },
  "-": { tensors: mixed(sub), numbers: (a, b) => a - b },
  "*": { tensors: mixed(mul), numbers: (a, b) => a * b },
  "/": { tensors: mixed(div), numbers: (a, b) => a / b },
  "@": { tensors: both(matmul) },
  "^": {
    tensors: (a, b, scope) => (b === 2 ? square : raise(b))(asTensorIn(scope, a)),
  },
};

export class Parser {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;
  /** The names that need values, in the order in which they come. */
  readonly names = new Set<string>();

  constructor(text: string) {
    this.#tokens = tokensOf(text);
    this.#text = text;
  }

  parse(): (scope: Known) => Value {
    const { value } = this.#sum();
    this.#end();
    return value;
  }

  get #token(): Token {
    return at(this.#tokens, this.#next);
  }

  #is(...texts: string[]): boolean {
    return this.#token.kind === "sign" && texts.includes(this.#token.text);
  }

  #take(): Token {
    const token = this.#token;
    if (token.kind !== "end") this.#next++;
    return token;
  }

  #takeIf(text: string): boolean {
    if (!this.#is(text)) return false;
    this.#next++;
    return true;
  }

  #refuse(expected: string, advice: Advice = {}, span: Span = this.#token): never {
    const found = span.start >= this.#text.length ? "the end" : this.#written(span);
    return refuse(this.#text, span, {
      message: "The expression cannot be read.",
      expected,
      found: found === "the end" ? found : shown(found),
      ...advice,
    });
  }

  #written({ start, end }: Span): string {
    return this.#text.slice(start, end);
  }

  #expect(sign: string, expected = `"${sign}"`): Token {
    return this.#is(sign) ? this.#take() : this.#refuse(expected, this.#missing());
  }

  /** Two things side by side are no product here. */
  #missing(): Advice {
    const before = this.#tokens[this.#next - 1];
    const { kind, text } = this.#token;
    const follows = kind === "name" || kind === "number" || text === "(";
    const ends = before && (before.kind !== "sign" || ")]".includes(before.text));
    if (!follows || !ends) return {};
    return {
      fix: `Write the product with a sign: ${this.#written(before)} * ${this.#written(this.#token)}.`,
    };
  }

  #end(): void {
    if (this.#token.kind !== "end") this.#refuse("an operator or the end", this.#missing());
  }

  /** What is in brackets may hold brackets, but not without end. */
  #within<T>(read: () => T): T {
    if (++this.#depth > deepest) this.#refuse(`at most ${deepest} brackets within one another`);
    const found = read();
    this.#depth--;
    return found;
  }

  /** Errors of the operators name the part where they arose. */
  #part(start: number, value: Part["value"], elements?: readonly Part[]): Part {
    const end = at(this.#tokens, this.#next - 1).end;
    const own: Span = { start, end };
    const guarded = (scope: Known): Value => {
      try {
        return value(scope);
      } catch (error) {
        throw placed(error, this.#text, own);
      }
    };
    return { ...own, value: guarded, ...(elements ? { elements } : {}) };
  }

  #chain(signs: readonly string[], next: () => Part): Part {
    let left = next();
    while (this.#is(...signs)) {
      const { text } = this.#take();
      left = this.#joined(text, left, next());
    }
    return left;
  }

  #joined(sign: string, left: Part, right: Part): Part {
    const { tensors, numbers } = operators[sign] as Operator;
    return this.#part(left.start, (scope) => {
      const [a, b] = [left.value(scope), right.value(scope)];
      if (numbers && typeof a === "number" && typeof b === "number") return numbers(a, b);
      return tensors(a, b, scope);
    });
  }

  #sum(): Part {
    return this.#within(() => this.#chain(["+", "-"], () => this.#product()));
  }

  #product(): Part {
    return this.#chain(["*", "/", "@"], () => this.#signed());
  }

  #signed(): Part {
    const { start } = this.#token;
    if (this.#takeIf("+")) return this.#within(() => this.#signed());
    if (!this.#takeIf("-")) return this.#power();
    const { value } = this.#within(() => this.#signed());
    return this.#part(start, (scope) => {
      const x = value(scope);
      return typeof x === "number" ? -x : neg(x);
    });
  }

  #power(): Part {
    const base = this.#suffixes(this.#atom());
    if (this.#token.kind === "raised") {
      const { value } = this.#take();
      const raised = this.#part(base.start, () => value);
      return this.#joined("^", base, raised);
    }
    if (!this.#takeIf("^")) return base;
    return this.#joined(
      "^",
      base,
      this.#within(() => this.#signed()),
    );
  }

  #suffixes(first: Part): Part {
    let part = first;
    for (;;) {
      const { value, start } = part;
      if (this.#takeIf("ᵀ")) part = this.#transposed(part);
      else if (this.#is("[")) {
        const places = this.#places();
        part = this.#part(start, (scope) => taken(asTensorIn(scope, value(scope)), places(scope)));
      } else if (this.#takeIf(".")) {
        const name = this.#token;
        if (name.kind !== "name") this.#refuse("T, or the name of a function");
        this.#take();
        if (name.text === "T" && !this.#is("(")) part = this.#transposed(part);
        else part = this.#call(name, part);
      } else return part;
    }
  }

  #transposed({ start, value }: Part): Part {
    return this.#part(start, (scope) => transpose(asTensorIn(scope, value(scope))));
  }

  #atom(): Part {
    const token = this.#token;
    const { start } = token;
    if (token.kind === "number") {
      this.#take();
      return this.#part(start, () => token.value);
    }
    if (token.kind === "name") return this.#named();
    if (this.#takeIf("(")) {
      const inner = this.#sum();
      this.#expect(")", 'an operator or ")"');
      return this.#part(start, inner.value);
    }
    if (this.#takeIf("[")) {
      const elements = this.#within(() => this.#list("]"));
      return this.#part(start, (scope) => listOf(elements, scope), elements);
    }
    if (this.#is("|"))
      this.#refuse("a number, a name or a bracket", { fix: "Write abs(x) for |x|." });
    return this.#refuse("a number, a name or a bracket");
  }

  /** Parts with commas between them, up to a closing bracket; at least one. */
  #list(closing: string): Part[] {
    const found = [this.#sum()];
    while (this.#takeIf(",")) found.push(this.#sum());
    this.#expect(closing, `an operator, "," or "${closing}"`);
    return found;
  }

  #named(): Part {
    const token = this.#take();
    const { text } = token;
    if (modules.has(text) && this.#is(".")) {
      this.#take();
      if (this.#token.kind !== "name") this.#refuse("the name of a function or a constant");
      return this.#named();
    }
    if (this.#is("(")) return this.#call(token);
    const constant = Object.hasOwn(constants, text) ? constants[text] : undefined;
    if (constant !== undefined) return this.#part(token.start, () => constant);
    if (Object.hasOwn(namedFunctions, text))
      this.#refuse(`"(" behind ${text}`, { fix: `Write what it is of in brackets: ${text}(x).` });
    this.names.add(text);
    return this.#part(token.start, ({ values }) => values[text] as Tensor);
  }

  /** A function of what stands in brackets; `before` is what a method is called on. */
  #call(name: Token, before?: Part): Part {
    const own = Object.hasOwn(namedFunctions, name.text) ? namedFunctions[name.text] : undefined;
    if (!own) {
      const all = Object.keys(namedFunctions);
      const near = didYouMean(name.text, all);
      const product: Advice = { fix: `Write ${name.text} * (…) for a product.` };
      return this.#refuse(
        `a function: ${known}`,
        near.startsWith("Did") ? { fix: near } : product,
        name,
      );
    }
    this.#expect("(");
    const given: Part[] = before ? [before] : [];
    const named = new Map<string, Part>();
    while (!this.#is(")")) {
      const key = this.#token;
      const equals = this.#tokens[this.#next + 1];
      if (key.kind === "name" && equals?.text === "=") {
        const word = key.text.toLowerCase() === "dim" ? "axis" : key.text.toLowerCase();
        const isKnown = own.named.some((n) => n === word) && !named.has(word);
        const more = own.named.length === 0 ? "" : `, and ${own.named.join(", ")} by name`;
        if (!isKnown) this.#refuse(`what ${name.text} takes: ${places(own)}${more}`);
        this.#next += 2;
        named.set(word, this.#sum());
      } else if (named.size > 0) this.#refuse("arguments by name after those by place");
      else given.push(this.#sum());
      if (!this.#takeIf(",")) break;
    }
    this.#expect(")", 'an operator, "," or ")"');
    const start = before?.start ?? name.start;
    const whole: Span = { start, end: at(this.#tokens, this.#next - 1).end };
    if (given.length === own.most + 1 && own.places && !named.has("axis"))
      named.set("axis", given.pop() as Part);
    if (given.length < own.least || given.length > own.most)
      this.#refuse(`${name.text} of ${places(own)}`, {}, whole);
    return this.#part(start, (scope) => {
      const args = given.map(({ value }) => asTensorIn(scope, value(scope)));
      const axis = named.get("axis")?.value(scope);
      const kept = named.get("keepdims")?.value(scope);
      for (const [key, x] of [
        ["axis", axis],
        ["keepdims", kept],
      ] as const)
        if (x !== undefined && !Number.isInteger(x))
          this.#refuse("a whole number", {}, named.get(key));
      const over = axis === undefined ? {} : { axis: axis as number };
      return own.apply(args, { ...over, ...(kept === undefined ? {} : { keepDims: kept === 1 }) });
    });
  }

  /** What stands in the brackets of x[0, 1:]: for each axis a place, or where a range begins and ends. */
  #places(): (scope: Known) => Place[] {
    this.#expect("[");
    const found: ((scope: Known) => Place)[] = [];
    do {
      const first = this.#is(":") ? undefined : this.#sum();
      if (!this.#takeIf(":")) {
        const only = first as Part;
        found.push((scope) => this.#whole(only, scope));
        continue;
      }
      const last = this.#is(",") || this.#is("]") ? undefined : this.#sum();
      const bound = (part: Part | undefined, scope: Known) => part && this.#whole(part, scope);
      found.push((scope) => [bound(first, scope), bound(last, scope)]);
    } while (this.#takeIf(","));
    this.#expect("]", '"," or "]"');
    return (scope) => found.map((place) => place(scope));
  }

  #whole(part: Part, scope: Known): number {
    const value = part.value(scope);
    if (typeof value === "number" && Number.isInteger(value)) return value;
    return this.#refuse("a whole number", {}, part);
  }
}

/** A list of numbers, however deep, is one constant; anything else is put side by side. */
function listOf(elements: readonly Part[], scope: Known): Tensor {
  const numbers = elements.map((part) => numbersOf(part, scope));
  if (numbers.every((n) => n !== undefined)) return tensor(numbers, { dtype: scope.dtype });
  return stack(elements.map(({ value }) => asTensorIn(scope, value(scope))));
}

function numbersOf({ elements, value }: Part, scope: Known): NestedArray | undefined {
  if (elements === undefined) {
    const x = value(scope);
    return typeof x === "number" ? x : undefined;
  }
  const inner = elements.map((part) => numbersOf(part, scope));
  return inner.every((n) => n !== undefined) ? inner : undefined;
}

const places = ({ least, most }: NamedFunction): string =>
  least === most ? `${most} argument${most === 1 ? "" : "s"}` : `${least} to ${most} arguments`;

type Place = number | readonly [from: number | undefined, to: number | undefined];

/** NumPy's basic indexing, axis by axis; the last first, so that numbers of axes stay. */
function taken(x: Tensor, all: readonly Place[]): Tensor {
  let part = x;
  for (const [axis, place] of [...all.entries()].reverse()) {
    if (typeof place === "number") part = sliceAt(part, axis, place);
    else {
      const [from = 0, to] = place;
      const { shape } = part;
      const start = shape.map((_, k) => (k === axis ? from : 0));
      const end = shape.map((n, k) => (k === axis ? (to ?? n) : n));
      part = slice(part, { start, end });
    }
  }
  return part;
}

/** The same error with the part of the expression where it arose; the innermost has come first. */
function placed(error: unknown, text: string, span: Span): unknown {
  if (!(error instanceof ChainruleError) || error.message.includes("     | ")) return error;
  const { code, expected, found, fix, cause } = error;
  const [message = ""] = error.message.split("\n");
  return new ChainruleError(code, {
    message: `${message}\n\n${markedPlace(text, span)}\n`,
    ...(expected === undefined ? {} : { expected }),
    ...(found === undefined ? {} : { found }),
    ...{ fix, cause },
  });
}
