/** Mistakes in derivatives of typed expressions, and angles in degrees in networks, worked by hand. */
import { expect, it, vi } from "vitest";
import { diagnoseCommand } from "../../src/cli/diagnose.ts";
import { diagnose, diagnoseSheet, parseExpression, type Tensor, tensor } from "../../src/index.ts";
import { halfSquaredError, layer, linear, sequential } from "../../src/nn/index.ts";
import { sin as sine } from "../../src/ops/transcendental.ts";
import { sgd } from "../../src/optim/sgd.ts";
import { trainer } from "../../src/train/trainer.ts";
import { keyOf, typed } from "./planted.ts";
import "../support/backend.ts";

const { cos, sin, exp, PI } = Math;
const degree = PI / 180;
const [x, y] = [0.7, 1.3];
const scalar = (v: number) => tensor(v, { dtype: "f64" });
const ask = (text: string, value: number | string, more: object = {}) =>
  diagnose(parseExpression(text), {
    inputs: text.includes("y") ? { x: scalar(x), y: scalar(y) } : { x: scalar(x) },
    ...{ parameter: "x", value: typeof value === "string" ? value : typed(value, 9) },
    ...more,
  });

const product = "sin(x*y)";
const power = "x^3*cos(x)";
const nested = "x*exp(sin(x))";
it.each([
  ["m_degrees", product, y * cos(x * y * degree)],
  ["m_slopeForgotten", product, cos(x * y)],
  ["m_slopeAtValue", product, y * cos(sin(x * y))],
  ["m_sign", product, -y * cos(x * y)],
  ["m_degreesThroughout", product, y * degree * cos(x * y * degree)],
  ["m_onlyFirst", power, 3 * x ** 2 * cos(x)],
  ["m_onlySecond", power, -(x ** 3) * sin(x)],
  ["m_slopeSign", power, 3 * x ** 2 * cos(x) + x ** 3 * sin(x)],
  ["m_exponentLeftOut", power, x ** 2 * cos(x) - x ** 3 * sin(x)],
  ["m_exponentKept", power, 3 * x ** 3 * cos(x) - x ** 3 * sin(x)],
  ["m_degrees", nested, exp(sin(x * degree)) * (1 + x * cos(x * degree))],
  ["m_degreesBack", nested, exp(sin(x)) * (1 + x * cos(x * degree))],
  ["m_onlyFirst", nested, exp(sin(x))],
  ["m_exponentLeftOut", "(x+y)^2", x + y],
  ["m_other", product, x * cos(x * y)],
  ["m_other", product, sin(x * y)],
  ["m_timesWeight", product, x * y * cos(x * y)],
])("%s of %s", async (key, text, value) => {
  for (const digits of [9, 6]) {
    const d = await ask(text, typed(value, digits));
    expect(d.verdict).toBe("wrong");
    expect(keyOf(d.matches[0]!), d.toText()).toBe(key);
  }
});

it("right numbers are right from three digits on and never wrong", async () => {
  const value = exp(sin(x)) * (1 + x * cos(x));
  for (let digits = 1; digits <= 9; digits++) {
    const { verdict } = await ask(nested, typed(value, digits));
    expect(verdict).toBe(digits < 3 ? "unclear" : "right");
  }
});

it("random numbers are not explained", async () => {
  let sure = 0;
  for (let i = 1; i <= 40; i++) {
    const d = await ask(nested, typed(1.9 + 0.173 * i, 3));
    if (d.matches.length > 0 && d.byChance <= 0.01) sure++;
  }
  expect(sure).toBeLessThanOrEqual(1);
});

it("the value of a function", async () => {
  const quantity = "loss";
  expect((await ask(nested, x * exp(sin(x)), { quantity })).verdict).toBe("right");
  const d = await ask(nested, x * exp(sin(x * degree)), { quantity });
  expect(keyOf(d.matches[0]!)).toBe("m_degrees");
  expect(d.toText({ language: "zh" })).toMatch(/函数值.*角度/);
  await expect(ask(nested, 1, { quantity: "newValue" })).rejects.toThrow(/is not trained/);
  await expect(ask(nested, 1, { value: undefined, lossAfterStep: 1 })).rejects.toThrow(
    /the number that was got/,
  );
});

it("a sheet about an expression", async () => {
  const inputs = { x: scalar(x), y: scalar(y) };
  const values = [
    { name: "E", value: typed(sin(x * y), 8) },
    { name: "x", value: typed(y * cos(x * y * degree), 8) },
    { name: "y", value: typed(x * cos(x * y * degree), 8) },
  ];
  const d = await diagnoseSheet(parseExpression(product), { inputs, values });
  expect(d.correct).toBe(1);
  expect(d.causes[0]).toMatchObject({ count: 2, cause: { key: "m_degrees" } });
  const after = [{ name: "E+", value: "0.1" }];
  await expect(diagnoseSheet(parseExpression(product), { inputs, values: after })).rejects.toThrow(
    /not trained/,
  );
});

it("on the command line", async () => {
  const said: string[] = [];
  const write = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    said.push(String(text));
    return true;
  });
  const given = { let: ["x=0.7", "y=1.3"], parameter: "x" };
  try {
    const value = typed(y * cos(x * y * degree), 8);
    expect(await diagnoseCommand(product, { ...given, value })).toBe(1);
    expect(await diagnoseCommand(product, { ...given, value: typed(y * cos(x * y), 4) })).toBe(0);
  } finally {
    write.mockRestore();
  }
  expect(said.join("").replace(/\s+/g, " ")).toMatch(/angles were taken in degrees.* is right/);
});

it("a network with a sine", async () => {
  const wave = layer({
    ...{ name: "sine", kind: "activation", inputSize: "same", outputSize: "same" },
    ...{ parameters: {}, apply: (z: Tensor) => sine(z) },
  } as never);
  const weights = { first: [[0.8], [-1.1]], second: [[0.6, 0.9]] };
  const model = sequential(
    linear(1, 2, { weight: weights.first, bias: [0.2, 0.4] }),
    wave as never,
    linear(2, 1, { weight: weights.second, bias: [0.1] }),
  );
  const t = trainer(model as never, { loss: halfSquaredError, optimizer: sgd(), dtype: "f64" });
  const data = { inputs: [[1.5]], targets: [[0.3]] };
  const by = (factor: number, back: number) => {
    const z = [0.8 * 1.5 + 0.2, -1.1 * 1.5 + 0.4] as const;
    const out = 0.6 * sin(z[0] * factor) + 0.9 * sin(z[1] * factor) + 0.1;
    return { gradient: (out - 0.3) * 0.9 * cos(z[1] * back) * 1.5, loss: (out - 0.3) ** 2 / 2 };
  };
  const name = async (value: number, quantity: "gradient" | "loss" = "gradient") => {
    const d = await diagnose(t, {
      ...{ data, parameter: "0.weight[1,0]", quantity, value: typed(value, 9) },
    } as never);
    return d.correct ? "right" : keyOf(d.matches[0]!);
  };
  expect(await name(by(1, 1).gradient)).toBe("right");
  expect(await name(by(degree, degree).gradient)).toBe("m_degrees");
  expect(await name(by(1, degree).gradient)).toBe("m_degreesBack");
  expect(await name(by(degree, degree).loss, "loss")).toBe("m_degrees");
});
