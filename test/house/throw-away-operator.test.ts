/**
 * Places touched by hand: an operator that only this file knows, one record and its function, is
 * differentiated, run by both backends, described and explained without another edit.
 */
import "../support/backend.ts";
import { expect, it } from "vitest";
import { assertGradients } from "../../src/autodiff/check.ts";
import { hessian } from "../../src/autodiff/jacobian.ts";
import { grad } from "../../src/autodiff/transforms.ts";
import { interpreter } from "../../src/backends/interpreter/index.ts";
import { wasm } from "../../src/backends/wasm/index.ts";
import { dtypes, isFloat } from "../../src/core/dtype.ts";
import { apply } from "../../src/core/expression.ts";
import type { Op, Unary } from "../../src/core/op.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { explain } from "../../src/explain/index.ts";
import { add, mul } from "../../src/ops/arithmetic.ts";
import { elementwise, type NoAttributes, unary } from "../../src/ops/define.ts";
import { tensor } from "../../src/ops/leaf.ts";
import "../../src/ops/methods.ts";
import { exp } from "../../src/ops/transcendental.ts";
import { cellsOf } from "../support/cells.ts";

/** y = x·eˣ */
const rampOp: Op<Unary, NoAttributes> = elementwise<Unary>({
  name: "ramp",
  value: ([x]) => apply("mul", x, apply("exp", x)),
  partials: [({ x: [x], y }) => add(y, exp(x))],
  law: { en: "The derivative of x·eˣ is x·eˣ + eˣ.", zh: "x·eˣ 的导数是 x·eˣ + eˣ。" },
  notation: { text: "ramp(#0)", tex: "\\operatorname{ramp}(#0)", precedence: 5 },
});
const ramp = unary(rampOp);

type Generator = (...parts: readonly unknown[]) => unknown;
const tool = async (name: string): Promise<Readonly<Record<string, Generator>>> =>
  import(new URL(`../../tools/generate/${name}.mjs`, import.meta.url).href);

const points = [-1.5, 0, 0.5, 1];
const x = tensor(points, { dtype: "f64" });
const total = (x: Tensor) => ramp(x).sum();

it("is differentiated, once and again, and both modes agree", () => {
  assertGradients(total, [x]);
  const [slope, curve] = [grad(total)(x), hessian(total)(x)];
  for (const [i, at] of points.entries()) {
    expect(slope.dataSync()[i]).toBeCloseTo((at + 1) * Math.exp(at), 12);
    expect(curve.dataSync()[i * points.length + i]).toBeCloseTo((at + 2) * Math.exp(at), 12);
  }
});

it.each([interpreter, wasm])("runs on $name", (backend) => {
  const [y] = backend
    .compile({ inputs: [x], outputs: [mul(ramp(x), 2)] })
    .run([Float64Array.from(points)]);
  for (const [i, at] of points.entries()) expect(y?.[i]).toBeCloseTo(2 * at * Math.exp(at), 12);
});

it("is in the table of operators, on every backend with its derivatives", async () => {
  const { operatorsPage } = await tool("operators-page");
  const cells = cellsOf(rampOp as Op, [interpreter, wasm]);
  const page = operatorsPage?.({ dtypes, table: [{ op: rampOp, cells }] });
  const row = "• ∂ ∂² | • ∂ ∂² | – | – |";
  expect(page).toContain(`| \`ramp\` | pointwise | ${row} ${row} ✎ | ✎ |`);
  for (const { marks } of cells) for (const [, check] of marks) await check();
});

it("is in the API reference, with formula, law and an example", async () => {
  const { apiPages } = await tool("api-pages");
  const own = {
    ...{ name: "ramp", kind: "value", file: "own.ts", key: "ramp", doc: "y = x·eˣ" },
    ...{ declarations: ["const ramp: (x: Tensor) => Tensor"], inherited: [], tags: [], uses: [] },
  };
  const pages = apiPages?.(
    { published: [{ entry: "own", exports: [own] }], others: [] },
    { operators: () => [rampOp], isFloat, tensor, grad, ramp },
    () => '// Operators.\nexport { ramp } from "./own.ts";\n',
  ) as Readonly<Record<string, string>>;
  const page = pages["docs/api/operators.md"];
  expect(page).toContain("Written `ramp(x)`. Derivative (pointwise): The derivative of x·eˣ is");
  expect(page).toContain("ramp(x); // [");
  expect(page).toContain("grad((x) => ramp(x).sum())(x); // [");
});

it("is explained by its notation and its law", async () => {
  const text = (await explain(total, { inputs: { w: tensor([0.5]) } })).toText();
  expect(text).toContain("ramp(w");
  expect(text.replace(/\s+/g, " ")).toContain("The derivative of x·eˣ is x·eˣ + eˣ.");
});
