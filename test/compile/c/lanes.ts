/** Elementary functions as C: core/elementary writes them, and this says what its lanes become. */
import { type Elementary, functions } from "../../../src/core/elementary/functions.ts";
import {
  type LaneOperations,
  type Operand,
  type Value,
  within,
} from "../../../src/core/elementary/lanes.ts";

type Float = "f64" | "f32";

/** A number, or the bits of one; a mask is bits, all of them set or none. */
interface Text {
  readonly kind: "number" | "bits";
  readonly text: string;
}

const number = (text: string): Text => ({ kind: "number", text });
const bits = (text: string): Text => ({ kind: "bits", text });

/** A number of JavaScript as C; f32 has its own conversion of the same digits. */
export function literal(value: number, dtype: Float): string {
  const x = dtype === "f32" ? Math.fround(value) : value;
  if (Number.isNaN(x)) return "NAN";
  if (!Number.isFinite(x)) return x < 0 ? "-INFINITY" : "INFINITY";
  const digits = Object.is(x, -0) ? "-0.0" : Number.isInteger(x) ? `${x.toExponential()}` : `${x}`;
  return dtype === "f32" ? `(float)${digits}` : `${digits}`;
}

const infix = { add: "+", sub: "-", mul: "*", div: "/", lt: "<", le: "<=", eq: "==", ne: "!=" };
const bitwise = { and: "&", or: "|", xor: "^", without: "& ~" };

function target(type: Float, lines: string[]): LaneOperations {
  const double = type === "f64";
  const [real, word, suffix] = double ? ["double", "u64", ""] : ["float", "u32", "f"];
  let count = 0;
  const width = double ? 64 : 32;
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
  return {
    double,
    narrow: false,
    constant: (value) =>
      typeof value === "number"
        ? number(literal(value, type))
        : bits(`(${word})${BigInt.asUintN(width, value)}u${double ? "ll" : ""}`),
    keep: (v) => variable(v),
    number(operation, operands) {
      const [a = "", b = ""] = operands.map(toNumber);
      switch (operation) {
        case "abs":
          return number(`fabs${suffix}(${a})`);
        case "sqrt":
        case "floor":
          return number(`${operation}${suffix}(${a})`);
        case "min":
          return number(`${type}_first_min(${a}, ${b})`);
        case "max":
          return number(`${type}_first_max(${a}, ${b})`);
        case "lt":
        case "le":
        case "eq":
        case "ne":
          return bits(`-(${word})(${a} ${infix[operation]} ${b})`);
        default:
          return number(`(${a} ${infix[operation]} ${b})`);
      }
    },
    bits: (operation, a, b) => bits(`(${toBits(a)} ${bitwise[operation]}${toBits(b)})`),
    integer: (operation, a, b) => bits(`(${toBits(a)} ${infix[operation]} ${toBits(b)})`),
    shift: (operation, a, n) => bits(`(${toBits(a)} ${operation === "shl" ? "<<" : ">>"} ${n})`),
    select(mask, a, b) {
      const both = (a as Text).kind === "number" && (b as Text).kind === "number";
      const [then, otherwise] = [a, b].map(both ? toNumber : toBits);
      const text = `(${toBits(mask)} ? ${then} : ${otherwise})`;
      return both ? number(text) : bits(text);
    },
    rarely(mask, values, other) {
      const found = values.map((v) => variable(number(""), toNumber(v)));
      lines.push(`if (${toBits(mask)}) {`);
      const others = other().map(toNumber);
      found.forEach(({ text }, i) => {
        lines.push(`${text} = ${others[i]};`);
      });
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

/** `static double exp_f64(double x) { … }` */
export function elementaryFunction(name: Elementary, type: Float): string {
  const real = type === "f64" ? "double" : "float";
  const lines: string[] = [];
  const f: (x: Value, y: Value) => Operand = functions[name];
  const result = within(target(type, lines), () => f(number("x"), number("y"))) as Text;
  const params = f.length === 2 ? `${real} x, ${real} y` : `${real} x`;
  const value = result.kind === "number" ? result.text : `${type}_of(${result.text})`;
  const body = [...lines, `return ${value};`].map((line) => `  ${line}\n`).join("");
  return `static ${real} ${name}_${type}(${params}) {\n${body}}\n`;
}
