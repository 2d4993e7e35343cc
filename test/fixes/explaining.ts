/** Advice of explain, diagnose and the report, followed. */
import * as c from "../../src/index.ts";
import type { Row } from "./row.ts";

const { linear, sequential, sgd, tensor } = c;
const data = { inputs: [[0, 1]], targets: [[1]] };
const model = sequential(linear(2, 2), c.tanh(), linear(2, 1));
const wide = sequential(linear(2, 40), c.tanh(), linear(40, 1));
const deep = sequential(linear(2, 2), c.tanh(), linear(2, 40), c.tanh(), linear(40, 1));
const both = (A: c.Tensor, a: c.Tensor) => A.mul(a).sum();
const any = (f: unknown) => f as (...given: unknown[]) => Promise<unknown>;
const nan = sequential(linear(2, 1, { weight: 0, bias: 0 }), (x: c.Tensor) => x.log());
const square = (w: c.Tensor) => w.square().sum();
const w = tensor([1, 2]);
/** The example that a piece of advice ends with. */
const example = (fix: string): string => /example (.+)\.$/.exec(fix)![1]!;

export const explaining: readonly Row[] = [
  [
    "Pass { data }, the batch whose gradient is to be explained, or train the model first.",
    () => c.explain(model),
    () => c.explain(model, { data }),
    async () => {
      const t = c.trainer(model, { loss: c.meanSquaredError, optimizer: sgd() });
      await t.fit(data);
      await c.explain(t);
    },
  ],
  [
    "Leave one of the two out.",
    () => c.explain(model, { data, parameter: "0.weight[0,0]", all: true }),
    () => c.explain(model, { data, all: true }),
    () => c.explain(model, { data, parameter: "0.weight[0,0]" }),
  ],
  [
    'Use form: "scalar" (on the command line --form scalar).',
    () => c.explain(square, { inputs: { w }, form: "matrix" }),
    () => c.explain(square, { inputs: { w }, form: "scalar" }),
  ],
  [
    "Choose one with parameter.",
    () => c.explain(wide, { data, all: true }),
    () => c.explain(wide, { data, parameter: "0.weight[0,0]" }),
  ],
  [
    "Name one number, for example ….",
    () => c.explain(model, { data, parameter: "9.weight" }),
    (fix) => c.explain(model, { data, parameter: example(fix) }),
  ],
  [
    "Name one of them, for example ….",
    () => c.explain(both, { inputs: { A: tensor(1), a: tensor(2) }, parameter: "{a}" }),
    (fix) => c.explain(both, { inputs: { A: tensor(1), a: tensor(2) }, parameter: example(fix) }),
  ],
  [
    "Choose one of: …",
    () => c.explain(model, { data, notation: "greek" as never }),
    (fix) =>
      Promise.all(
        fix
          .replace(/^.*: /, "")
          .split(", ")
          .map((notation) => c.explain(model, { data, notation: notation as never })),
      ),
  ],
  [
    "Pass what JSON.stringify(derivation) or chainrule explain --json has written.",
    () => c.Derivation.fromJSON("{}"),
    async () => c.Derivation.fromJSON(JSON.stringify(await c.explain(model, { data }))),
  ],
  [
    "Pass { inputs: { w: tensor([…]) } }.",
    () => c.explain(square),
    () => c.explain(square, { inputs: { w: tensor([1, 2]) } }),
  ],
  [
    "Compute it from the arguments with operators of tensors, and return it.",
    () => any(c.explain)(() => 1, { inputs: { w } }),
    () => c.explain(square, { inputs: { w } }),
  ],
  [
    "Add .sum() or .mean().",
    () => c.explain((a: c.Tensor) => a.square(), { inputs: { w } }),
    () => c.explain((a: c.Tensor) => a.square().sum(), { inputs: { w } }),
    () => c.explain((a: c.Tensor) => a.square().mean(), { inputs: { w } }),
  ],
  [
    "Correct what stands above the mark.",
    () => c.parseExpression("sum(w ^ )"),
    () => c.parseExpression("sum(w ^ 2)"),
  ],
  [
    "Write the product with a sign: … * ….",
    () => c.parseExpression("2w"),
    (fix) => c.parseExpression(/: (.+)\.$/.exec(fix)![1]!),
  ],
  [
    "Write … * (…) for a product.",
    () => c.parseExpression("w (w + 1)"),
    () => c.parseExpression("w * (w + 1)"),
  ],
  [
    "Write what it is of in brackets: …(x).",
    () => c.parseExpression("sin w"),
    (fix) => c.parseExpression(/: (.+)\.$/.exec(fix)![1]!),
  ],
  [
    "Write abs(x) for |x|.",
    () => c.parseExpression("1 + |w|"),
    () => c.parseExpression("1 + abs(w)"),
  ],
  [
    "Explain a part of it, or write it as a function of tensors.",
    () => c.parseExpression("w+".repeat(2000)),
    () => c.parseExpression("w+w"),
    () => c.explain((w: c.Tensor) => w.add(w).sum(), { inputs: { w } }),
  ],
  [
    "Pass a tensor for …; on the command line, --let …=….",
    () => c.parseExpression("w + b")({ w }),
    () => c.parseExpression("w + b")({ w, b: w }),
  ],
  [
    'Use update: "simultaneous".',
    () => c.explain(deep, { data, update: "sequential" }),
    () => c.explain(deep, { data, update: "simultaneous" }),
  ],
  [
    "Ask for the gradient of a weight or bias of that unit.",
    () => {
      const inputs = [
        [0, 1],
        [1, 0],
      ];
      const two = { inputs, targets: [[1], [0]] };
      return c.diagnose(model, { data: two, parameter: "0.bias[0]", value: 1, quantity: "delta" });
    },
    () => c.diagnose(model, { data, parameter: "0.bias[0]", value: 1, quantity: "gradient" }),
  ],
  [
    "Ask gradientReport, or chainrule report, which operator made it.",
    () => c.diagnose(nan, { data, lossAfterStep: 1 }),
    async () => {
      const text = (await c.gradientReport(nan, { data })).toText();
      if (!/\blog\b/.test(text)) throw new Error(text);
    },
  ],
];
