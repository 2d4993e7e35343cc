/** parseExpression: a typed formula → a function of named tensors. */
import type { DType } from "../../core/dtype.ts";
import { fail } from "../../core/errors.ts";
import { checkRecord } from "../../core/options.ts";
import { Tensor } from "../../core/tensor.ts";
import { didYouMean, listed, shown } from "../../core/wording.ts";
import { asTensorIn, Parser } from "./parser.ts";
import { asTyped, type TypedExpression } from "./typed.ts";

/**
 * A formula, typed as in mathematics or in NumPy, as a function of named tensors: to be evaluated,
 * differentiated, compiled, explained. Nothing in it is executed.
 *
 * From what binds least: `+ −`; `* / @` (from left to right); a sign; `^` or `**` (from right to
 * left: −x^2 is −(x²), 2^3^2 is 2⁹); `x[0, 1:]`, `.T`, `.sum()`. Functions: exp, ln = log, sin,
 * tanh, sigmoid, relu, sqrt, abs, softmax, sum, mean, max and so on, also as `np.exp`; `sum(x, axis=0,
 * keepdims=true)`; `max(a, b)` is the larger one. Constants: pi, e. Lists: `[[1, 2], [3, 4]]`.
 * Numbers and lists take the type of the tensors, f64 where there are none. At most 2,000 characters.
 *
 * @throws ChainruleError "bad-argument" with a mark below the place that cannot be read; the
 * function throws "unbound-input" where a name has no value.
 *
 * ```ts
 * import { grad, parseExpression, tensor } from "chainrule";
 *
 * const f = parseExpression("sum((x @ W + b)^2)");
 * const [x, W, b] = [tensor([[1, 2]]), tensor([[1], [2]]), tensor([0.5])];
 * console.log(f.names, f({ x, W, b }).item(), grad(f)({ x, W, b }).W!.arraySync());
 * ```
 *
 * ```text
 * [ 'x', 'W', 'b' ] 30.25 [ [ 11 ], [ 22 ] ]
 * ```
 */
export function parseExpression(text: string): TypedExpression {
  const parser = new Parser(text);
  const value = parser.parse();
  const names = [...parser.names];
  const apply = (values: Readonly<Record<string, Tensor>>): Tensor => {
    const scope = scopeOf(text, names, values);
    return asTensorIn(scope, value(scope));
  };
  return asTyped(Object.assign(apply, { names, text }));
}

/** The values of all names and of no others, and the type of what is typed as numbers. */
function scopeOf(text: string, names: readonly string[], given: Readonly<Record<string, Tensor>>) {
  checkRecord("An expression", given, `{ ${names.join(", ")} }`);
  const values: Record<string, Tensor> = Object.create(null);
  let dtype: DType | undefined;
  for (const name of names) {
    const x = Object.hasOwn(given, name) ? given[name] : undefined;
    if (x === undefined) {
      return fail("unbound-input", {
        message: `The expression ${shown(text)} needs a value for ${name}.`,
        expected: `{ ${names.join(", ")} }`,
        found: Object.keys(given).length === 0 ? "no values" : listed(Object.keys(given)),
        fix: `Pass a tensor for ${name}; on the command line, --let ${name}=….`,
      });
    }
    if (!(x instanceof Tensor)) {
      return fail("bad-argument", {
        message: `The value of ${name} is no tensor.`,
        expected: "a tensor",
        found: shown(x),
        fix: "Wrap numbers and arrays: tensor(0.5), tensor([1, 2]).",
      });
    }
    if (x.dtype === "f64" || (x.dtype === "f32" && dtype === undefined)) dtype = x.dtype;
    values[name] = x;
  }
  const odd = Object.keys(given).find((name) => !names.includes(name));
  if (odd !== undefined) {
    fail("bad-argument", {
      message: `${odd} does not stand in the expression ${shown(text)}.`,
      expected: names.length === 0 ? "no values" : names.join(", "),
      found: shown(odd),
      fix: names.length === 0 ? "Leave it out." : didYouMean(odd, names),
    });
  }
  return { values, dtype: dtype ?? "f64" };
}
