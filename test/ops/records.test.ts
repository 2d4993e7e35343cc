/** What every operator's record promises, tested from the record itself. */
import "../support/backend.ts";
import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { assertGradients } from "../../src/autodiff/check.ts";
import { pushForward } from "../../src/autodiff/forward.ts";
import { gradient } from "../../src/autodiff/gradient.ts";
import { dtypeOf, isFloat } from "../../src/core/dtype.ts";
import { node, type Tensor } from "../../src/core/tensor.ts";
import { verifyGraph } from "../../src/core/verify.ts";
import { stopGradientOp } from "../../src/ops/custom.ts";
import { operators } from "../../src/ops/index.ts";
import { onesLike } from "../../src/ops/leaf.ts";
import { expectClose } from "../support/close.ts";
import { differentiable, type Sample, samples } from "../support/samples.ts";

const real = (xs: readonly Tensor[]): Tensor[] => xs.filter((x) => isFloat(x.dtype));

test("operators() knows every record", async () => {
  const folder = new URL("../../src/ops/", import.meta.url);
  const modules = await Promise.all(readdirSync(folder).map((f) => import(`${folder}${f}`)));
  const exported = modules.flatMap((m: object) =>
    Object.entries(m).flatMap(([name, value]) => (name.endsWith("Op") ? [value] : [])),
  );
  expect(new Set(operators())).toEqual(new Set(exported));
  const names = operators().map((op) => op.name);
  expect(names).toEqual([...new Set(names)]);
});

describe.each(operators().map((op) => [op.name, op] as const))("%s", (name, op) => {
  const leaf = op.derivative.kind === "leaf";

  test("speaks both languages and has a notation", () => {
    expect(op.law.en).toMatch(/^[A-Z][^\u4e00-\u9fff]+\.$/);
    expect(op.law.zh).toMatch(/[\u4e00-\u9fff].*[。…]$/);
    const [{ inputs, attributes } = { inputs: [], attributes: {} }] = samples(op);
    for (const written of [op.notation.text, op.notation.tex]) {
      for (const [, k] of written.matchAll(/#(\d+)/g)) expect(inputs.length).toBeGreaterThan(+k!);
      // In TeX a word in braces may also be the argument of a \command.
      for (const [, word] of written.matchAll(/(?<!\\[a-z]+)\{([a-z]\w*)\}/gi)) {
        if (!leaf) expect(Object.keys(attributes)).toContain(word);
      }
    }
    expect([...op.notation.tex.matchAll(/\{/g)].length).toBe(
      [...op.notation.tex.matchAll(/\}/g)].length,
    );
    expect([0, 1, 2, 3, 4, 5]).toContain(op.notation.precedence);
  });
  if (leaf) return;

  test("can be sampled", () => expect(samples(op)).not.toEqual([]));

  test.each(["f64", "f32"] as const)(
    "has the type that it says, and finite values (%s)",
    (float) => {
      for (const { y } of samples(op, float)) {
        verifyGraph([y]);
        const data = y.dataSync();
        expect(dtypeOf(data)).toBe(y.dtype);
        expect(data.length).toBe(y.size);
        // Reading outside an input would give NaN.
        expect([...data].filter((v) => !Number.isFinite(v))).toEqual([]);
      }
    },
  );

  test.each(["f64", "f32"] as const)("has derivatives of the inputs' types (%s)", (float) => {
    for (const sample of samples(op, float).filter(differentiable)) {
      const xs = real(sample.inputs);
      const gradients = gradient(sample.y, xs, onesLike(sample.y));
      const [tangent] = pushForward([sample.y], xs, xs.map(onesLike));
      verifyGraph([...gradients, tangent!]);
      const types = [...gradients, tangent!].map(({ dtype, shape }) => ({ dtype, shape }));
      expect(types).toEqual([...xs, sample.y].map(({ dtype, shape }) => ({ dtype, shape })));
    }
  });

  test("has the derivative that differences show, twice", () => {
    for (const sample of samples(op).filter(differentiable)) {
      // Constant by decree is not constant.
      if (name === stopGradientOp.name) return expectClose(gradientOf(sample), [0, 0, 0]);
      const apply = (...xs: Tensor[]) => node(op, xs, sample.attributes);
      assertGradients(apply, sample.inputs, { order: 2 });
    }
  });

  if (op.textbook === undefined) return;

  test("has textbook forms that are equal", () => {
    for (const sample of samples(op).filter(differentiable)) {
      const { inputs: x, attributes, y } = sample;
      const expected = gradientOf(sample);
      op.textbook!.forEach((form, i) => {
        const value = form({ x, y, attributes }).dataSync();
        expectClose(value, expected, { relative: 1e-12, absolute: 1e-14 }, `${name} form ${i}`);
      });
    }
  });
});

/** The derivative by the first input. */
const gradientOf = ({ inputs, y }: Sample): ArrayLike<number> =>
  gradient(y, real(inputs), onesLike(y))[0]!.dataSync();
