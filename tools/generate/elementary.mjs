/**
 * Writes src/core/elementary/scalar.ts: the elementary functions for one f64 number, as
 * straight-line code. Nothing can be written at run time, where a security policy may forbid it.
 */

/** How tightly an operator binds. */
const levels = [["?"], ["||"], ["&&"], ["|"], ["^"], ["&"], ["===", "!=="], ["<", "<="]];
levels.push(["<<", ">>>"], ["+", "-"], ["*", "/"], ["unary"], ["atom"]);
const level = new Map(levels.flatMap((names, i) => names.map((name) => [name, i])));
const atom = level.get("atom");

const code = (text, at = atom) => ({ text, at });
const within = (c, least) => (c.at < least ? `(${c.text})` : c.text);
const infix = (a, sign, b) => {
  const at = level.get(sign);
  return code(`${within(a, at)} ${sign} ${within(b, at + 1)}`, at);
};
const choice = (m, a, b) => code(`${within(m, 1)} ? ${within(a, 1)} : ${within(b, 0)}`, 0);
const not = (a) => code(`!${within(a, level.get("unary"))}`, level.get("unary"));
const literal = (v) => {
  const text = Object.is(v, -0) ? "-0" : `${v}`.replace("e+", "e");
  return { ...code(text, text.startsWith("-") ? level.get("unary") : atom), value: v };
};

/**
 * The target. A value is a number, a mask (a condition), or bits: two 32-bit integers, which are
 * only looked at where they are needed.
 */
function scalar(names, lines) {
  let block = lines;
  const fresh = (letter) => `${letter}${names.count++}`;
  /** A variable. Lines that nobody reads are dropped later. */
  const define = (letter, { text }, before = "") => {
    const name = fresh(letter);
    block.push({ name, text, before });
    return code(name);
  };
  const isAtom = (c) => "value" in c || c.at === atom;
  const number = (c) => ({ kind: "number", c });
  const mask = (c) => ({ kind: "mask", c });
  const bits = (high, low) => ({ kind: "bits", high, low });
  const zero = literal(0);
  const words = new Float64Array(1);
  const halves = new Int32Array(words.buffer);
  const known = new WeakMap();

  const int = {
    or: (a, b) => {
      if (a.value === 0) return b;
      return b.value === 0 ? a : (folded(a, b, (x, y) => x | y) ?? infix(a, "|", b));
    },
    xor: (a, b) => {
      if (a.value === 0) return b;
      return b.value === 0 ? a : (folded(a, b, (x, y) => x ^ y) ?? infix(a, "^", b));
    },
    and: (a, b) => {
      if (a.value === 0 || b.value === 0) return zero;
      return b.value === -1 ? a : (folded(a, b, (x, y) => x & y) ?? infix(a, "&", b));
    },
    add: (a, b) => {
      if (a.value === 0) return b;
      return b.value === 0 ? a : infix(infix(a, "+", b), "|", zero);
    },
    sub: (a, b) => (b.value === 0 ? a : infix(infix(a, "-", b), "|", zero)),
    shift: (a, sign, n) => (n === 0 || a.value === 0 ? a : infix(a, sign, literal(n))),
    invert: (a) => literal(~a.value),
    unsigned: (a) => infix(a, ">>>", zero),
    kept: (a) => (isAtom(a) ? a : define("i", a)),
  };
  const folded = (a, b, f) =>
    "value" in a && "value" in b ? literal(f(a.value, b.value)) : undefined;

  function toBits(v) {
    if (v.kind === "bits") return v;
    if (v.kind === "mask") {
      const all = choice(v.c, literal(-1), zero);
      return bits(all, all);
    }
    if ("value" in v.c) {
      words[0] = v.c.value;
      return bits(literal(halves[1]), literal(halves[0]));
    }
    return once(v.c, () => bitsOf(v.c));
  }
  /** What was made of a value in this block. */
  function once(from, make) {
    if (!known.has(from)) known.set(from, new Map());
    const made = known.get(from).get(block) ?? make();
    known.get(from).set(block, made);
    return made;
  }
  function bitsOf(c) {
    const before = `real[0] = ${c.text};`;
    return bits(define("i", code("half[1]"), before), define("i", code("half[0]"), before));
  }
  function toNumber(v) {
    if (v.kind === "number") return v;
    const { high, low } = toBits(v);
    if ("value" in high && "value" in low) {
      [halves[0], halves[1]] = [low.value, high.value];
      return number(literal(words[0]));
    }
    // The last digits of 2^52 are its units.
    if (high.value === 0x43300000) return number(infix(literal(2 ** 52), "+", int.unsigned(low)));
    const before = `half[1] = ${high.text}; half[0] = ${low.text};`;
    return once(v, () => number(define("t", code("real[0]"), before)));
  }
  const toMask = (v) => (v.kind === "mask" ? v : mask(infix(toBits(v).low, "!==", zero)));
  const plain = (v) => toNumber(v).c;

  /** A number whose upper half alone changes. */
  function changed(sign, a, high) {
    const before = `real[0] = ${plain(a).text}; half[1] ${sign}= ${high.text};`;
    return number(define("t", code("real[0]"), before));
  }

  const signs = { add: "+", sub: "-", mul: "*", div: "/", lt: "<", le: "<=", eq: "===", ne: "!==" };
  const called = { abs: "Math.abs", sqrt: "Math.sqrt", floor: "Math.floor" };
  const wordwise = (f, a, b) => {
    const [x, y] = [toBits(a), toBits(b)];
    return bits(f(x.high, y.high), f(x.low, y.low));
  };
  const isHigh = (v) => v.kind === "bits" && v.low.value === 0;

  const target = {
    double: true,
    narrow: false,
    constant: (value) =>
      typeof value === "number"
        ? number(literal(value))
        : bits(
            literal(Number(BigInt.asIntN(32, value >> 32n))),
            literal(Number(BigInt.asIntN(32, value))),
          ),
    keep(v) {
      if (v.kind === "bits") return bits(int.kept(v.high), int.kept(v.low));
      return isAtom(v.c) ? v : { kind: v.kind, c: define(v.kind === "mask" ? "m" : "t", v.c) };
    },
    number(operation, operands) {
      const [a, b] = operands.map(plain);
      if (called[operation])
        return number(code(`${called[operation]}(${a.text})`, level.get("unary")));
      const sign = signs[operation];
      if (sign) return (level.get(sign) < level.get("+") ? mask : number)(infix(a, sign, b));
      const [x, y] = [a, b].map((c) => target.keep(number(c)).c);
      const smaller = operation === "min" ? infix(y, "<", x) : infix(x, "<", y);
      return number(choice(smaller, y, x));
    },
    bits(operation, a, b) {
      if (operation === "without" && b.kind !== "mask") {
        const { high, low } = toBits(b);
        return target.bits("and", a, bits(int.invert(high), int.invert(low)));
      }
      if (a.kind === "mask" && b.kind === "mask") {
        const sign = { and: "&&", or: "||", xor: "!==" }[operation];
        return mask(sign ? infix(a.c, sign, b.c) : infix(a.c, "&&", not(b.c)));
      }
      if (operation === "without") return target.select(b, number(zero), a);
      if (operation === "and" && a.kind === "mask") return target.select(a, b, number(zero));
      if (operation === "and" && b.kind === "mask") return target.select(b, a, number(zero));
      if (operation === "or" && a.kind === "number" && b.kind === "mask") {
        return target.select(b, number(literal(Number.NaN)), a);
      }
      if (operation !== "and" && a.kind === "number" && isHigh(b)) {
        return changed(operation === "or" ? "|" : "^", a, b.high);
      }
      return wordwise(int[operation], a, b);
    },
    integer(operation, a, b) {
      const [x, y] = [toBits(a), toBits(b)];
      const low = int.kept(int[operation](x.low, y.low));
      const [less, more] = operation === "add" ? [low, y.low] : [x.low, y.low];
      const high = int[operation](x.high, y.high);
      if (y.low.value === 0) return bits(high, low);
      const carry = choice(infix(int.unsigned(less), "<", int.unsigned(more)), literal(1), zero);
      return bits(int[operation](high, carry), low);
    },
    shift(operation, a, n) {
      const { high, low } = toBits(a);
      if (operation === "shl") {
        if (n >= 32) return bits(int.shift(low, "<<", n - 32), zero);
        const over = int.shift(low, ">>>", 32 - n);
        return bits(int.or(int.shift(high, "<<", n), over), int.shift(low, "<<", n));
      }
      if (n >= 32) return bits(zero, int.shift(high, ">>>", n - 32));
      const over = int.shift(high, "<<", 32 - n);
      return bits(int.shift(high, ">>>", n), int.or(int.shift(low, ">>>", n), over));
    },
    select(m, a, b) {
      const { c } = target.keep(toMask(m));
      if (a.kind === "mask" && b.kind === "mask") return mask(choice(c, a.c, b.c));
      if (a.kind === "number" && b.kind === "number") return number(choice(c, a.c, b.c));
      const joint = (x, y) => (x.value === 0 && y.value === 0 ? zero : choice(c, x, y));
      return wordwise(joint, a, b);
    },
    rarely(m, values, other) {
      const { c } = toMask(m);
      const found = values.map((v) => {
        const name = fresh("t");
        block.push({ name, text: plain(v).text, before: "", variable: true });
        return name;
      });
      const outer = block;
      const then = [];
      block = then;
      other().forEach((v, i) => {
        then.push({ name: found[i], text: plain(v).text, before: "", assigned: true });
      });
      block = outer;
      block.push({ condition: c.text, then });
      return found.map((name) => number(code(name)));
    },
    reduceLarge: (a) =>
      [0, 1, 2].map((part) => number(code(`reduceLarge(${plain(a).text}, ${part})`))),
    result: (v) => plain(v).text,
  };
  return target;
}

/** The lines that matter for what comes behind them, as text. */
function print(lines, result) {
  const words = (text) => text.match(/[a-z]+\d+/g) ?? [];
  const needed = new Set(words(result));
  const use = (text) => {
    for (const word of words(text)) needed.add(word);
  };
  const kept = [];
  for (const line of [...lines].reverse()) {
    if (line.then) {
      use(line.condition);
      for (const { text } of line.then) use(text);
      kept.push(line);
    } else if (needed.has(line.name)) {
      use(line.text);
      use(line.before);
      kept.push(line);
    }
  }
  const text = [];
  let before = "";
  for (const line of kept.reverse()) {
    if (line.then) {
      const inner = line.then.map(({ name, text }) => `  ${name} = ${text};`);
      text.push(`if (${line.condition}) {`, ...inner, "}");
    } else {
      if (line.before && line.before !== before) text.push(line.before);
      text.push(`${line.variable ? "let" : "const"} ${line.name} = ${line.text};`);
    }
    before = line.before ?? "";
  }
  return [...text, `return ${result};`].map((line) => `  ${line}\n`).join("");
}

export function scalarFunctions({ functions, within }) {
  const parts = Object.entries(functions).map(([name, f]) => {
    const lines = [];
    const params = ["x", "y"].slice(0, f.length);
    const target = scalar({ count: 0 }, lines);
    const given = params.map((param) => ({ kind: "number", c: code(param) }));
    const result = within(target, () => target.result(f(...given)));
    const head = `export function ${name}(${params.map((p) => `${p}: number`).join(", ")}): number {`;
    return `${head}\n${print(lines, result)}}\n`;
  });
  return `/**
 * Generated from the other files of this folder by tools/generate/elementary.mjs: the elementary
 * functions for one number. Every engine gives the same bits.
 */
import { reduceLarge } from "./pi.ts";

interface One extends Float64Array {
  0: number;
}
interface Two extends Int32Array {
  0: number;
  1: number;
}
/** The bits of a number: half[1] has its sign and exponent. */
const real = new Float64Array(1) as One;
const half = new Int32Array(real.buffer) as Two;

${parts.join("\n")}`;
}
