/**
 * An evaluator of printed formulas that shares nothing with the library: it reads the text that a
 * person reads. Grammar: sums, products (also of a number before a bracket), quotients, powers,
 * functions, |x|, and "(a if condition else b)".
 */
const functions: Record<string, (...x: number[]) => number> = {
  σ: (x) => 1 / (1 + Math.exp(-x)),
  ReLU: (x) => Math.max(0, x),
  softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  ln: Math.log,
  "√": Math.sqrt,
  tanh: Math.tanh,
  cosh: Math.cosh,
  sinh: Math.sinh,
  sin: Math.sin,
  cos: Math.cos,
  max: Math.max,
  clamp: (x, low, high) => Math.min(Math.max(x!, low!), high!),
  argmax: (...x) => x.indexOf(Math.max(...x)),
  argmin: (...x) => x.indexOf(Math.min(...x)),
  min: Math.min,
  sign: Math.sign,
  erf,
  H: (t, p) => -(t! * Math.max(-100, Math.log(p!)) + (1 - t!) * Math.max(-100, Math.log(1 - p!))),
};

/** Simpson's rule on the definition: slow and sure. */
function erf(x: number): number {
  const n = 2000;
  const h = x / n;
  let total = 1 + Math.exp(-x * x);
  for (let i = 1; i < n; i++) total += (i % 2 === 0 ? 2 : 4) * Math.exp(-((i * h) ** 2));
  return ((2 / Math.sqrt(Math.PI)) * total * h) / 3;
}

export function parseNumeral(text: string): number {
  if (text === "½") return 0.5;
  return Number(text.replace("−", "-").replace("e−", "e-").replace("∞", "Infinity"));
}

export function evaluateText(text: string, values: Readonly<Record<string, number>>): number {
  const names = Object.keys(values).sort((a, b) => b.length - a.length);
  let at = 0;
  const skip = () => {
    while (text[at] === " ") at++;
  };
  const eat = (token: string): boolean => {
    skip();
    if (!text.startsWith(token, at)) return false;
    at += token.length;
    return true;
  };
  const expect = (token: string) => {
    if (!eat(token)) throw new Error(`expected ${token} at ${at} in ${text}`);
  };
  const sum = (): number => {
    let total = product();
    for (;;) {
      if (eat("+ ")) total += product();
      else if (eat("− ")) total -= product();
      else return total;
    }
  };
  const product = (): number => {
    let total = signed();
    for (;;) {
      if (eat("· ") || eat("× ")) total *= signed();
      else if (eat("/ ")) total /= signed();
      else {
        skip();
        // A constant right before a bracket: ½(T − o).
        if (text[at] === "(" && /[\d½)]/.test(text[at - 1] ?? "")) total *= power();
        else return total;
      }
    }
  };
  const signed = (): number => (eat("−") ? -signed() : power());
  const power = (): number => {
    let base = atom();
    for (;;) {
      if (eat("²")) base *= base;
      else if (text[at] === "^") {
        at++;
        base **= signed();
      } else return base;
    }
  };
  const condition = (): boolean => {
    let holds = relation();
    for (;;) {
      if (eat("∧ ")) holds = relation() && holds;
      else if (eat("∨ ")) holds = relation() || holds;
      else return holds;
    }
  };
  const relation = (): boolean => {
    if (eat("¬")) return !relation();
    const start = at;
    if (eat("(")) {
      // A bracket may hold a condition or a number.
      try {
        const inner = condition();
        expect(")");
        return inner;
      } catch {
        at = start;
      }
    }
    const left = sum();
    if (eat("< ")) return left < sum();
    if (eat("≤ ")) return left <= sum();
    if (eat("= ")) return left === sum();
    throw new Error(`no relation at ${at} in ${text}`);
  };
  const atom = (): number => {
    skip();
    const fraction = /^(?:\((\d+)\/(\d+)\)|(\d+)\/(\d+))/.exec(text.slice(at));
    if (fraction) {
      at += fraction[0].length;
      return Number(fraction[1] ?? fraction[3]) / Number(fraction[2] ?? fraction[4]);
    }
    const root = /^√\((\d+)\/\(?(\d*)π\)?\)/.exec(text.slice(at));
    if (root) {
      at += root[0].length;
      return Math.sqrt(Number(root[1]) / (Number(root[2] || 1) * Math.PI));
    }
    const isCall = Object.keys(functions).some((f) => text.startsWith(`${f}(`, at));
    for (const name of isCall ? [] : names) {
      if (text.startsWith(name, at)) {
        at += name.length;
        return values[name]!;
      }
    }
    if (eat("e^(")) return close(Math.exp(sum()));
    if (eat("½")) return 0.5;
    if (eat("∞")) return Number.POSITIVE_INFINITY;
    const numeral = /^\d+(\.\d+)?(e[−-]?\d+)?/.exec(text.slice(at));
    if (numeral) {
      at += numeral[0].length;
      return parseNumeral(numeral[0]);
    }
    if (eat("|")) {
      const inner = sum();
      expect("|");
      return Math.abs(inner);
    }
    if (eat("(")) {
      const inner = sum();
      if (eat("if ")) {
        const holds = condition();
        expect("else ");
        const other = sum();
        return close(holds ? inner : other);
      }
      return close(inner);
    }
    for (const [name, f] of Object.entries(functions)) {
      if (!text.startsWith(`${name}(`, at)) continue;
      at += name.length + 1;
      const args = [sum()];
      while (eat(", ")) args.push(sum());
      return close(f(...args));
    }
    throw new Error(`cannot read at ${at}: ${text.slice(at)} in ${text}`);
  };
  const close = (value: number): number => {
    expect(")");
    return value;
  };
  const result = sum();
  skip();
  if (at !== text.length) throw new Error(`left over: ${text.slice(at)} in ${text}`);
  return result;
}
