/** Typed expressions: what binds more, where errors point, and random ones worked out otherwise. */
import { describe, expect, it } from "vitest";
import { uniformAt } from "../../src/core/random.ts";
import { compile, explain, grad, parseExpression, type Tensor, tensor } from "../../src/index.ts";
import { readBack } from "./read-back.ts";
import "../support/backend.ts";

const f64 = (values: Parameters<typeof tensor>[0]) => tensor(values, { dtype: "f64" });
const alone = (text: string) => parseExpression(text)({}).arraySync();

describe("what binds more", () => {
  it.each([
    ["1 - 2 - 3", -4],
    ["2 / 4 * 2", 1],
    ["2 + 3 * 4", 14],
    ["-2^2", -4],
    ["(-2)^2", 4],
    ["2^3^2", 512],
    ["2 ** -1", 0.5],
    ["--3 - -2", 5],
    ["2 * -3", -6],
    ["3² − 2·4 ÷ 2", 5],
    ["-[1, 2][1]^2", -4],
    ["[[1, 2], [3, 4]].T[0]", [1, 3]],
    ["[[1, 2], [3, 4]]ᵀ @ [1, 1]", [4, 6]],
    ["2 * [1, 2] @ [3, 4]", 22],
    [
      "[[1, 2, 3], [4, 5, 6]][:, 1:]",
      [
        [2, 3],
        [5, 6],
      ],
    ],
    ["[1, 2, 3, 4][-3:-1]", [2, 3]],
    ["[1 + 1, 2 / 4]", [2, 0.5]],
    ["sum([[1, 2], [3, 4]], 0)", [4, 6]],
    ["[[1, 2], [3, 4]].sum(axis=1, keepdims=True)", [[3], [7]]],
    ["max(0, -1) + max([1, 5, 2])", 5],
    ["np.log(math.e) + ln(e^2)", 3],
    ["√(2 * 8)", 4],
    ["1e2 + .5", 100.5],
  ])("%s", (text, value) => {
    const found = alone(text);
    expect([found].flat(9)).toEqual([value].flat(9).map((x) => expect.closeTo(x, 12)));
    expect(JSON.stringify(found).replace(/[^[\],]/g, "")).toBe(
      JSON.stringify(value).replace(/[^[\],]/g, ""),
    );
  });
});

/** What stands above the marks of an error. */
function marked(text: string, values: Record<string, Tensor> = {}): [string, string, string] {
  try {
    parseExpression(text)(values);
  } catch (error) {
    const {
      message,
      expected = "",
      fix,
    } = error as { message: string; expected: string; fix: string };
    const [line = "", marks = ""] = message.split("\n").slice(2, 4);
    const from = marks.indexOf("^");
    return [line.slice(from, marks.length), expected, fix];
  }
  throw new Error(`${text} is read`);
}

describe("errors point at the place", () => {
  it.each([
    ["sum(x + )", ")", /^a number, a name or a bracket/, /^Correct/],
    ["(x + 1", "", /"\)"/, /^Correct/],
    ["2x", "x", /operator/, /Write the product with a sign: 2 \* x/],
    ["x (y)", "x", /a function/, /Write x \* \(…\) for a product/],
    ["sin x", "x", /"\(" behind sin/, /Write what it is of in brackets: sin\(x\)/],
    ["1 + sigmod(x)", "sigmod", /a function/, /"sigmoid"/],
    ["x # y", "#", /numbers, names/, /^Correct/],
    ["|x|", "|", /a number/, /abs\(x\)/],
    ["sum(x, axis=0.5)", "0.5", /whole number/, /^Correct/],
    ["exp(x, axis=1)", "axis", /1 argument/, /^Correct/],
    ["exp(x, x)", "exp(x, x)", /1 argument/, /^Correct/],
    ["1e999", "1e999", /1.8e308/, /^Correct/],
    ["1 + x[2]", "x[2]", /−2 … 1/, /./],
    ["2 * (x @ [1, 2, 3])", "x @ [1, 2, 3]", /./, /./],
    ["x.constructor", "constructor", /a function/, /./],
    ["constructor(1)", "constructor", /a function/, /./],
    ["x[0", "", /","/, /^Correct/],
  ])("%s", (text, place, expected, fix) => {
    const found = marked(text, { x: f64([1, 2]) });
    expect(found).toEqual([place, expect.stringMatching(expected), expect.stringMatching(fix)]);
  });
  it("in the line that it stands in", () => {
    expect(() => parseExpression("x +\n  y +\n  * z")).toThrow(/3 \| {3}\* z\n {5}\| {3}\^/);
  });
  it("names are not what JavaScript knows by them, and nothing is run", () => {
    expect(parseExpression("__proto__ + toString").names).toEqual(["__proto__", "toString"]);
    expect(() => parseExpression("toString(1)")).toThrow(/cannot be read/);
    expect(() => parseExpression("valueOf")({})).toThrow(/needs a value for valueOf/);
  });
  it("what is too deep or too long", () => {
    expect(() => parseExpression(`${"(".repeat(70)}x${")".repeat(70)}`)).toThrow(/60 brackets/);
    expect(() => parseExpression(`${"-".repeat(700)}x`)).toThrow(/60 brackets/);
    expect(() => parseExpression("x+".repeat(1100))).toThrow(/2000 characters/);
    const sum = parseExpression(`x${"+x".repeat(990)}`);
    expect(sum({ x: f64(1) }).item()).toBe(991);
  });
  it("values that are missing, or not asked for", () => {
    expect(() => parseExpression("x + y")({ x: f64(1) })).toThrow(/needs a value for y/);
    expect(() => parseExpression("x")({ x: f64(1), X: f64(1) })).toThrow(/X does not stand/);
    expect(() => parseExpression("x")({ x: 1 as never })).toThrow(/is no tensor/);
  });
});

it("is a function like any other", async () => {
  const f = parseExpression("sum((x @ W + b)^2)");
  const given = { x: f64([[1, 2]]), W: f64([[1], [2]]), b: f64([0.5]) };
  expect(compile(f)(given).item()).toBe(30.25);
  expect((compile(f)(given) as Tensor).item()).toBe(30.25);
  const all = await explain(f, { inputs: given, parameter: "W" });
  expect(all.data.parameters).toEqual(["W[0,0]", "W[1,0]"]);
  expect(all.data.gradients).toEqual([11, 22]);
  const { x, W, b } = given;
  expect((await explain(f, { inputs: [x, W, b], parameter: "b" })).data.gradients).toEqual([11]);
  await expect(explain(f, { inputs: { x, W } })).rejects.toThrow(/needs a value for b/);
  expect(parseExpression("x * 0.1")({ x: tensor(1) }).dtype).toBe("f32");
});

it("what acts on the result directly and through others has one derivative", async () => {
  const texts = ["sin(x) * x", "x + exp(x)", "(x * y + 1) * x", "[x, x^2] @ [x, 1]"];
  const inputs = { x: f64(0.7), y: f64(2) };
  for (const text of texts) {
    const f = parseExpression(text);
    const own = Object.fromEntries(f.names.map((name) => [name, inputs[name as "x" | "y"]]));
    const d = await explain(f, { inputs: own, digits: 17 });
    expect(d.data.passed, d.toText()).toBe(true);
    readBack(d.toText({ width: 1e9 }), d.data.symbols, text, 1);
  }
  const shared = (x: Tensor) => {
    const u = x.sin();
    return u.exp().mul(u);
  };
  expect((await explain(shared, { inputs: { x: f64(0.7) } })).data.passed).toBe(true);
});

describe("names", () => {
  it.each([
    ["E^2 * x", "canonical", 12, "∂f/∂E"],
    ["C^2 * x", "bp", 12, "∂f/∂C"],
    ["loss^2 * x", "torch", 12, "loss.grad"],
    ["sin(u1) * u1", "canonical", Math.sin(2) + 2 * Math.cos(2), "∂v2/∂v1"],
    ["(u * v)^2 + sigmoid(u)", "canonical", 2 * 2 * 9 + 0.1049935854035065, "∂s1/∂u"],
    ["E * f * F * J * x", "canonical", 16, "∂EE/∂E"],
  ] as const)("of %s are not those of the derivation, %s", async (text, notation, slope, shown) => {
    const f = parseExpression(text);
    const given = { E: 2, C: 2, loss: 2, u1: 2, u: 2, v: 3, f: 2, F: 2, J: 2, x: 3 };
    const inputs = Object.fromEntries(
      f.names.map((name) => [
        name,
        f64(name === "x" && text.includes("J") ? 2 : given[name as "x"]),
      ]),
    );
    const d = await explain(f, { inputs, notation, digits: 17 });
    expect(d.data.passed, d.toText()).toBe(true);
    expect(d.data.gradients[0]).toBeCloseTo(slope, 12);
    expect(d.toText({ width: 1e9 })).toContain(shown);
    readBack(d.toText({ width: 1e9 }), d.data.symbols, text, 1);
  });
});

it("its value is no error, in any language and format", async () => {
  const f = parseExpression("sum((x @ W + b)^2)");
  const inputs = { x: f64([[1, 2]]), W: f64([[1], [2]]), b: f64([0.5]) };
  const d = await explain(f, { inputs, parameter: "W" });
  for (const [language, heading, loss] of [
    ["en", "3. The value", /error|loss|parameter|optimizer|update/i],
    ["zh", "3. 函数值", /误差|损失|参数|优化器|更新/],
  ] as const) {
    for (const text of [
      d.toText({ language }),
      d.toMarkdown({ language }),
      d.toHtml({ language }),
      d.toLatex({ language, standalone: false }),
    ]) {
      expect(text).toContain(heading);
      expect(text).not.toMatch(loss);
    }
  }
});

it("what passes its input on is written as that", async () => {
  const d = await explain(parseExpression("sin(x) * x"), { inputs: { x: f64(2) } });
  expect(d.toText()).toContain("E = sin(x) · x\n");
});

type Values = Readonly<Record<string, number>>;
/** A formula, made together with what it means: its text by the rules of binding, stated again here. */
interface Made {
  readonly text: string;
  /** 1 sum, 2 product, 3 sign, 4 power, 5 atom. */
  readonly binds: number;
  readonly value: (v: Values) => number;
}

const unary: Record<string, (x: number) => number> = {
  ...{ sin: Math.sin, "np.cos": Math.cos, tanh: Math.tanh, exp: Math.exp, abs: Math.abs },
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  softplus: (x) => Math.log1p(Math.exp(x)),
  relu: (x) => Math.max(0, x),
};

function made(seed: number): Made {
  let drawn = 0;
  const next = () => uniformAt(seed, 11, drawn++);
  const pick = <T>(all: readonly T[]): T => all[Math.floor(next() * all.length)] as T;
  /** In brackets if it binds less than its place asks for, and sometimes without need. */
  const at = (part: Made, least: number): string =>
    part.binds < least || next() < 0.15 ? `(${part.text})` : part.text;
  const binary = (depth: number): Made => {
    const sign = pick(["+", "-", "*", "/"]);
    const [a, b] = [any(depth - 1), any(depth - 1)];
    const binds = "+-".includes(sign) ? 1 : 2;
    const text = `${at(a, binds)}${pick([" ", ""])}${sign} ${at(b, binds + 1)}`;
    if (sign === "+") return { text, binds, value: (v) => a.value(v) + b.value(v) };
    if (sign === "-") return { text, binds, value: (v) => a.value(v) - b.value(v) };
    if (sign === "*") return { text, binds, value: (v) => a.value(v) * b.value(v) };
    // A divisor that is never 0.
    return {
      text: `${at(a, 2)} / (2 + ${at(b, 5)}^2)`,
      binds: 2,
      value: (v) => a.value(v) / (2 + b.value(v) ** 2),
    };
  };
  const any = (depth: number): Made => {
    const draw = next();
    if (depth === 0 || draw < 0.1) {
      const name = pick(["x", "y", "z"]);
      if (next() < 0.7) return { text: name, binds: 5, value: (v) => v[name]! };
      const number = Math.round(next() * 30) / 10;
      return { text: String(number), binds: 5, value: () => number };
    }
    if (draw < 0.6) return binary(depth);
    if (draw < 0.7) {
      const a = any(depth - 1);
      return { text: `-${at(a, 3)}`, binds: 3, value: (v) => -a.value(v) };
    }
    if (draw < 0.8) {
      const a = any(depth - 1);
      const power = pick([2, 3]);
      return { text: `${at(a, 5)}^${power}`, binds: 4, value: (v) => a.value(v) ** power };
    }
    const a = any(depth - 1);
    if (draw < 0.85)
      return {
        text: `ln(1 + ${at(a, 5)}**2)`,
        binds: 5,
        value: (v) => Math.log1p(a.value(v) ** 2),
      };
    const name = pick(Object.keys(unary));
    return { text: `${name}(${a.text})`, binds: 5, value: (v) => unary[name]!(a.value(v)) };
  };
  const inner = any(4);
  return { ...inner, text: `${inner.text}` };
}

describe("random expressions", () => {
  const count = Number(process.env.CHAINRULE_EXPRESSIONS ?? 200);
  const explained = Number(process.env.CHAINRULE_EXPLAINED ?? 12);
  // Sums with the constants, which have one decimal, are not at the kink of a relu.
  const point: Values = { x: 0.713, y: -1.347, z: 0.459 };
  const usable = Array.from({ length: 2 * count }, (_, seed) => made(seed))
    .filter(({ text, value }) => {
      const size = Math.abs(value(point));
      return /[xyz]/.test(text.replace(/exp|relu/g, "")) && size > 1e-3 && size < 1e4;
    })
    .slice(0, count);
  it("have the values and gradients that they have otherwise", () => {
    expect(usable.length).toBeGreaterThan(0.8 * count);
    let beside = 0;
    for (const { text, value } of usable) {
      const f = parseExpression(text);
      const given = Object.fromEntries(f.names.map((name) => [name, f64(point[name]!)]));
      const right = value(point);
      const bound = (scale: number) => scale * Math.max(1, Math.abs(right));
      expect(Math.abs(f(given).item() - right), text).toBeLessThan(bound(1e-12));
      const slopes = grad(f)(given);
      for (const name of f.names) {
        const by = (h: number) => value({ ...point, [name]: point[name]! + h });
        // Richardson's, of the fourth order.
        const central = (h: number) => (by(h) - by(-h)) / (2 * h);
        const slope = (4 * central(5e-4) - central(1e-3)) / 3;
        const found = slopes[name]!.item();
        const size = Math.max(1, Math.abs(slope), Math.abs(right));
        // Beside a kink, differences of two steps are no approximations of one slope.
        if (Math.abs(central(5e-4) - central(1e-3)) > 1e-3 * size) {
          beside++;
          continue;
        }
        expect(Math.abs(found - slope) / size, `${text} by ${name}`).toBeLessThan(1e-6);
      }
    }
    expect(beside).toBeLessThanOrEqual(0.01 * count);
  });
  it("are explained so that every printed step can be recomputed", {
    timeout: 1_800_000,
  }, async () => {
    for (const { text } of usable.slice(0, explained)) {
      const f = parseExpression(text);
      const inputs = Object.fromEntries(f.names.map((name) => [name, f64(point[name]!)]));
      const d = await explain(f, { inputs, digits: 17 });
      expect(d.data.passed, `${text}\n${d.toText()}`).toBe(true);
      readBack(d.toText({ width: 1e9 }), d.data.symbols, text, 1);
    }
  });
});

describe("each factor stands under its own rule", () => {
  const factorsOf = async (text: string, level: "full" | "every-step", language: "en" | "zh") => {
    const inputs = { x: f64(0.3) };
    const d = await explain(parseExpression(text), { inputs, level, language });
    const [, factors = ""] = d.toText({ width: 200 }).split(/^6\. .*\n/m);
    return factors.split(/^7\. /m)[0]!;
  };

  it("exp(x)*x", async () => {
    const own = "The exponential function is its own derivative.";
    for (const level of ["full", "every-step"] as const) {
      const factors = await factorsOf("exp(x)*x", level, "en");
      expect(factors).toContain(`of u1 with respect to x. ${own}\n  ∂u1/∂x = u1 = 1.34985881\n`);
      expect(factors).toMatch(
        level === "full" ? /as ∂u2\/∂u1:\n {2}∂u2\/∂x/ : /factor\.\n {2}∂u2\/∂x/,
      );
    }
    expect(await factorsOf("exp(x)*x", "full", "zh")).toContain("它自身。\n  ∂u1/∂x = u1");
  });

  it("exp(x)/(1+exp(x))", async () => {
    const factors = await factorsOf("exp(x)/(1+exp(x))", "full", "en");
    expect(factors).toContain("In the same way as ∂E/∂u3:\n  ∂E/∂u1 = 1 / u3");
    expect(factors).toMatch(
      /own derivative\.\n {2}∂u1\/∂x = .*\nIn the same way:\n {2}∂u2\/∂x = u2 /,
    );
    const every = await factorsOf("exp(x)/(1+exp(x))", "every-step", "en");
    for (const d of ["∂u1/∂x", "∂u2/∂x"]) expect(every).toContain(`own derivative.\n  ${d} = `);
    const chinese = await factorsOf("exp(x)/(1+exp(x))", "full", "zh");
    expect(chinese).toContain("与 ∂E/∂u3 同理：\n  ∂E/∂u1 = 1 / u3");
  });
});
