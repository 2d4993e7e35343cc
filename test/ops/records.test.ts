/** What every operator's record promises beside its table (test/table), from the record itself. */
import "../support/backend.ts";
import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { pushForward } from "../../src/autodiff/forward.ts";
import { gradient } from "../../src/autodiff/gradient.ts";
import { loopOp } from "../../src/autodiff/loops/record.ts";
import { isFloat } from "../../src/core/dtype.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { verifyGraph } from "../../src/core/verify.ts";
import { told } from "../../src/explain/engine/told.ts";
import { linearAlgebra } from "../../src/linalg/records.ts";
import { operators } from "../../src/ops/index.ts";
import { onesLike } from "../../src/ops/leaf.ts";
import { expectClose } from "../support/close.ts";
import { differentiable, records, type Sample, samples } from "../support/samples.ts";

const real = (xs: readonly Tensor[]): Tensor[] => xs.filter((x) => isFloat(x.dtype));

test("operators(), and with that of loops the table, knows every record", async () => {
  const folder = new URL("../../src/", import.meta.url);
  const names = ["ops", "linalg", "autodiff", "autodiff/loops"].flatMap((part) =>
    readdirSync(new URL(`${part}/`, folder)).map((name) => `${part}/${name}`),
  );
  const files = names.filter((name) => name.endsWith(".ts"));
  const modules = await Promise.all(files.map((name) => import(`${folder}${name}`)));
  const exported = modules.flatMap((m: object) =>
    Object.entries(m).flatMap(([name, value]) => (name.endsWith("Op") ? [value] : [])),
  );
  const computing = exported.filter((op) => op.derivative.kind !== "leaf");
  expect(new Set(records())).toEqual(new Set(computing));
  expect([...operators(), ...linearAlgebra(), loopOp].length).toBe(new Set(exported).size);
  const known = [...operators(), ...linearAlgebra(), loopOp].map((op) => op.name);
  expect(known).toEqual([...new Set(known)]);
});

describe.each(operators().map((op) => [op.name, op] as const))("%s", (name, op) => {
  const leaf = op.derivative.kind === "leaf";

  test("speaks both languages and has a notation", () => {
    expect(told(op.law).en).toMatch(/^[A-Z][^\u4e00-\u9fff]+\.$/);
    expect(told(op.law).zh).toMatch(/[\u4e00-\u9fff].*[。…]$/);
    const [{ inputs, attributes } = { inputs: [], attributes: {} }] = samples(op);
    for (const written of [told(op.notation).text, told(op.notation).tex]) {
      for (const [, k] of written.matchAll(/#(\d+)/g)) expect(inputs.length).toBeGreaterThan(+k!);
      // In TeX a word in braces may also be the argument of a \command.
      for (const [, word] of written.matchAll(/(?<!\\[a-z]+)\{([a-z]\w*)\}/gi)) {
        if (!leaf) expect(Object.keys(attributes)).toContain(word);
      }
    }
    expect([...told(op.notation).tex.matchAll(/\{/g)].length).toBe(
      [...told(op.notation).tex.matchAll(/\}/g)].length,
    );
    expect([0, 1, 2, 3, 4, 5]).toContain(told(op.notation).precedence);
  });
  if (leaf) return;

  test("can be sampled", () => expect(samples(op)).not.toEqual([]));

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
