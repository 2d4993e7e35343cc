/** Elementary functions as C: core/elementary writes them, and this says what its lanes become. */
import { type Elementary, functions } from "../../core/elementary/functions.ts";
import {
  type LaneOperations,
  type Operand,
  type Value,
  within,
} from "../../core/elementary/lanes.ts";

export type RealType = "f64" | "f32";

/** A number, or the bits of one; a mask is bits, all of them set or none. */
interface Text {
  readonly kind: "number" | "bits";
  readonly text: string;
  /** The factors, where it is a product that nobody has named yet: it may be fused with a sum. */
  readonly factors?: readonly [string, string];
}

const number = (text: string): Text => ({ kind: "number", text });
const bits = (text: string): Text => ({ kind: "bits", text });

/** A number of JavaScript as C; f32 has its own conversion of the same digits. */
export function realText(value: number, dtype: RealType): string {
  const x = dtype === "f32" ? Math.fround(value) : value;
  const suffix = dtype === "f32" ? "f" : "";
  if (Number.isNaN(x)) return `__builtin_nan${suffix}("")`;
  if (!Number.isFinite(x)) return `${x < 0 ? "-" : ""}__builtin_inf${suffix}()`;
  const digits = Object.is(x, -0) ? "-0.0" : Number.isInteger(x) ? x.toExponential() : `${x}`;
  const real = /[.e]/.test(digits) ? digits : `${digits}.0`;
  return `${real}${suffix}`;
}

const infix = { add: "+", sub: "-", mul: "*", div: "/", lt: "<", le: "<=", eq: "==", ne: "!=" };
const bitwise = { and: "&", or: "|", xor: "^", without: "& ~" };

interface Written {
  readonly lines: string[];
  /** Whether a branch stands in it, so that it is not done on vectors. */
  branches: boolean;
}

function target(type: RealType, fuses: boolean, written: Written): LaneOperations {
  const { lines } = written;
  const double = type === "f64";
  const [real, word, suffix] = double ? ["double", "u64", ""] : ["float", "u32", "f"];
  const width = double ? 64 : 32;
  let count = 0;
  const toNumber = (v: Value): string => {
    const { kind, text } = v as Text;
    return kind === "number" ? text : `${type}_of(${text})`;
  };
  const toBits = (v: Value): string => {
    const { kind, text } = v as Text;
    return kind === "bits" ? text : `${type}_bits(${text})`;
  };
  const variable = (v: Value, value = (v as Text).text): Text => {
    const { kind } = v as Text;
    const name = `t${count++}`;
    lines.push(`${kind === "number" ? real : word} ${name} = ${value};`);
    return { kind, text: name };
  };
  const fused = (operation: string, a: Value, b: Value): Text | undefined => {
    if (!fuses) return undefined;
    const [p, q] = [(a as Text).factors, (b as Text).factors];
    if (operation === "add" && p) return number(`${type}_fma(${p[0]}, ${p[1]}, ${toNumber(b)})`);
    if (operation === "add" && q) return number(`${type}_fma(${q[0]}, ${q[1]}, ${toNumber(a)})`);
    if (operation === "sub" && q) return number(`${type}_fma(-(${q[0]}), ${q[1]}, ${toNumber(a)})`);
    return undefined;
  };
  return {
    double,
    narrow: false,
    constant: (value) =>
      typeof value === "number"
        ? number(value < 0 ? `(${realText(value, type)})` : realText(value, type))
        : bits(`(${word})${BigInt.asUintN(width, value)}u${double ? "ll" : ""}`),
    keep: (v) => variable(v),
    number(operation, operands) {
      const [x, y] = operands;
      const both = x && y && fused(operation, x, y);
      if (both) return both;
      const [a = "", b = ""] = operands.map(toNumber);
      switch (operation) {
        case "abs":
          return number(`__builtin_fabs${suffix}(${a})`);
        case "sqrt":
        case "floor":
          return number(`__builtin_${operation}${suffix}(${a})`);
        case "min":
          return number(`${type}_first_min(${a}, ${b})`);
        case "max":
          return number(`${type}_first_max(${a}, ${b})`);
        case "lt":
        case "le":
        case "eq":
        case "ne":
          return bits(`-(${word})(${a} ${infix[operation]} ${b})`);
        case "mul":
          return { ...number(`(${a} * ${b})`), factors: [a, b] };
        default:
          return number(`(${a} ${infix[operation]} ${b})`);
      }
    },
    bits: (operation, a, b) => bits(`(${toBits(a)} ${bitwise[operation]}${toBits(b)})`),
    integer: (operation, a, b) => bits(`(${toBits(a)} ${infix[operation]} ${toBits(b)})`),
    shift: (operation, a, n) => bits(`(${toBits(a)} ${operation === "shl" ? "<<" : ">>"} ${n})`),
    select(mask, a, b) {
      const real = (a as Text).kind === "number" && (b as Text).kind === "number";
      const [then, otherwise] = [a, b].map(real ? toNumber : toBits);
      const text = `(${toBits(mask)} ? ${then} : ${otherwise})`;
      return real ? number(text) : bits(text);
    },
    rarely(mask, values, other) {
      written.branches = true;
      const found = values.map((v) => variable(number(""), toNumber(v)));
      lines.push(`if (${toBits(mask)}) {`);
      const others = other().map(toNumber);
      for (const [i, { text }] of found.entries()) lines.push(`${text} = ${others[i]};`);
      lines.push("}");
      return found;
    },
    reduceLarge(a) {
      const name = `r${count++}`;
      lines.push(`double ${name}[3];`, `reduce_large(${toNumber(a)}, ${name});`);
      return [0, 1, 2].map((part) => number(`${name}[${part}]`));
    },
    inDouble: (name, x) => number(`(float)${name}_f64(${toNumber(x)})`),
  };
}

/** `double exp_f64(double x) { … }`; with `fuses` a product and a sum may be rounded once. */
export function elementaryFunction(name: Elementary, type: RealType, fuses: boolean): string {
  const real = type === "f64" ? "double" : "float";
  const written: Written = { lines: [], branches: false };
  const f: (x: Value, y: Value) => Operand = functions[name];
  const on = target(type, fuses, written);
  const result = within(on, () => f(number("x"), number("y"))) as Text;
  const params = f.length === 2 ? `${real} x, ${real} y` : `${real} x`;
  const value = result.kind === "number" ? result.text : `${type}_of(${result.text})`;
  const body = [...written.lines, `return ${value};`].map((line) => `  ${line}\n`).join("");
  return `${written.branches ? "static" : "inlined"} ${real} ${name}_${type}(${params}) {\n${body}}\n`;
}
