/** chainrule explain (or diagnose) EXPRESSION --let NAME=VALUE: a typed formula in the place of a network file. */
import { existsSync } from "node:fs";
import { fail } from "../core/errors.ts";
import type { Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { type ExplainOptions, parseExpression, type TypedExpression } from "../explain/index.ts";

const usage = "the command line";

/** Options that ask for something of a network. */
const ofNetworks = ["checkpoint", "set", "example", "step", "update"] as const;

/** Whether what stands where a file is named is a formula: values are given, or no file has such a name. */
export const isTyped = (text: string, values: readonly string[] | undefined): boolean =>
  values !== undefined || (/[+*^@()[\]]/.test(text) && !existsSync(text));

/** The formula with its values, and what of the options is for formulas. */
export function typedSubject(
  text: string,
  values: readonly string[] = [],
  options: Readonly<Record<string, unknown>>,
): { expression: TypedExpression; inputs: NonNullable<ExplainOptions["inputs"]> } {
  const odd = ofNetworks.find((name) => options[name] !== undefined);
  if (odd !== undefined) {
    fail("usage", {
      message: `--${odd} is for networks, and this is an expression.`,
      expected: "--let, --parameter, --all, --notation, --language, --digits, --format, --out",
      found: `--${odd}`,
      where: usage,
      fix: `Leave --${odd} out.`,
    });
  }
  const expression = parseExpression(text);
  const inputs: Record<string, Tensor> = {};
  for (const given of values) {
    const equals = given.indexOf("=");
    const name = given.slice(0, Math.max(0, equals)).trim();
    if (name === "" || Object.hasOwn(inputs, name)) {
      fail("usage", {
        message: name === "" ? "--let says what a name stands for." : `${name} is given twice.`,
        expected: "--let NAME=VALUE, once for each name",
        found: shown(given),
        where: usage,
        fix: name === "" ? "Write for example --let x=[[1,2]]." : `Keep one --let ${name}=….`,
      });
    }
    const value = parseExpression(given.slice(equals + 1));
    inputs[name] = value.names.length === 0 ? value({}) : notANumber(name, value);
  }
  const missing = expression.names.filter((name) => !Object.hasOwn(inputs, name));
  if (missing.length > 0) {
    fail("usage", {
      message: `The expression ${shown(text)} needs values for its names.`,
      expected: expression.names.map((name) => `--let ${name}=…`).join(" "),
      found: values.length === 0 ? "no --let" : values.map((v) => `--let ${v}`).join(" "),
      where: usage,
      fix: `Add ${missing.map((name) => `--let ${name}=…`).join(" ")}.`,
    });
  }
  return { expression, inputs };
}

const notANumber = (name: string, { names }: TypedExpression): never =>
  fail("usage", {
    message: `The value of ${name} has a name in it.`,
    expected: "numbers, lists of them, and what is computed from them",
    found: names.join(", "),
    where: usage,
    fix: `Write for example --let ${name}=[[1,2]].`,
  });
