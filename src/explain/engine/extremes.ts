/** Whether a number is the largest of some: written with the numbers, not with places counted from 0. */
import type { Elements } from "./elements.ts";
import { type Formula, symbol } from "./expr.ts";

const names: Readonly<Record<string, string>> = { argmax: "max", argmin: "min" };

/**
 * x₂ = max(x₁, x₂, x₃) for 1 = argmax(x₁, x₂, x₃); the same formula where it is none, or where a
 * number equals the largest and another comes first.
 */
export function asExtreme(elements: Elements, e: Formula): Formula {
  const { operators } = elements;
  const op = e.kind === "apply" ? operators[e.op] : undefined;
  if (e.kind !== "apply" || op?.value?.kind !== "apply" || op.value.fn !== "equal") return e;
  const [place, list] = e.args;
  if (place?.kind !== "number" || list?.kind !== "apply") return e;
  const { combine = "" } = operators[list.op] ?? {};
  const name = names[combine];
  const own = list.args[place.value];
  if (name === undefined || own === undefined) return e;
  const extreme = names[combine] === "max" ? Math.max : Math.min;
  const all = list.args.map((a) => elements.evaluate(a));
  const holds = elements.evaluate(own) === extreme(...all);
  if (holds !== (elements.evaluate(e) !== 0)) return e;
  const key = `${e.op}/${combine}/${place.value}/${all.length}`;
  const inner = { ...list, args: list.args.map((_, i) => symbol(`#${i}`)) };
  operators[key] ??= {
    text: `#${place.value} = ${name}(#*)`,
    tex: `#${place.value} = \\${name}\\left(#*\\right)`,
    precedence: op.precedence,
    expansion: { ...e, args: [place, inner] },
  };
  return { kind: "apply", op: key, args: list.args };
}
