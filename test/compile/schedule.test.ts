/** Pass 3: in which order kernels run, and which states are written in place. */
import "../support/backend.ts";
import { expect, test } from "vitest";
import { node } from "../../src/core/tensor.ts";
import { input, tensor } from "../../src/ops/leaf.ts";
import { matmul } from "../../src/ops/matmul.ts";
import { cumsumOp } from "../../src/ops/reduce.ts";
import { failure } from "../support/failure.ts";
import { compiled, printed } from "./passes.ts";

const [a, b] = [input("a", [4]), input("b", [4])];
/** The first outputs are the states' next values, in order. */
const one = [[0, 0]] as const;
const two = [...one, [1, 1]] as const;

/** Which outputs are written in place of inputs, by name. */
const inPlace = (...graph: Parameters<typeof compiled>): string[] =>
  compiled(...graph).outputs.map(({ inPlaceOf }) => inPlaceOf?.name ?? "");

test("a state that is read at its own place is written there", () => {
  expect(inPlace([a, b], [a.add(b)], one)).toEqual(["a"]);
  expect(inPlace([a, b], [a.add(b), b.mul(2)], two)).toEqual(["a", "b"]);
  expect(inPlace([a, b], [a.add(b)])).toEqual([""]);
});

test("who still reads the old value comes first", () => {
  expect(printed([a, b], [a.mul(2), a.sum()], one)).toMatchInlineSnapshot(`
    "#0 reduce [] sum over [4] (x0=a)
      value = x0[i0]
      sum: f32 = x1[0]
    #1 map [4] (x0=a)
      mul: f32 = mul(x0[i0], 2)"
  `);
});

test("states that wait for each other: one is put by and moved at the end", () => {
  expect(printed([a, b], [a.add(b.flip()), b.add(a.flip())], two)).toMatchInlineSnapshot(`
    "#0 map [4] (x0=a x1=b)
      add: f32 = add(x0[i0], x1[add(mul(i0, -1), 3)])
    #1 map [4] (x0=b x1=a)
      add: f32 = add(x0[i0], x1[add(mul(i0, -1), 3)])
    #2 map [4] (x0=add)
      add: f32 = x0[i0]"
  `);
});

test("states that are exchanged", () => {
  expect(printed([a, b], [b, a], two)).toMatchInlineSnapshot(`
    "#0 map [4] (x0=b)
      b: f32 = x0[i0]
    #1 map [4] (x0=a)
      a: f32 = x0[i0]
    #2 map [4] (x0=b)
      b: f32 = x0[i0]
    #3 map [4] (x0=a)
      a: f32 = x0[i0]"
  `);
});

test("a state that is read elsewhere than at its own place is moved at the end", () => {
  expect(printed([a], [a.flip()], one)).toMatchInlineSnapshot(`
    "#0 map [4] (x0=a)
      flip: f32 = x0[add(mul(i0, -1), 3)]
    #1 map [4] (x0=flip)
      flip: f32 = x0[i0]"
  `);
});

test("an old value that is an output is copied before it is replaced", () => {
  expect(printed([a, b], [a.add(b), a], one)).toMatchInlineSnapshot(`
    "#0 map [4] (x0=a)
      a: f32 = x0[i0]
    #1 map [4] (x0=a x1=b)
      add: f32 = add(x0[i0], x1[i0])"
  `);
});

test("a weight is updated after all who read it", () => {
  const [x, w] = [input("x", [2, 3]), input("w", [3, 4])];
  const y = matmul(x, w);
  const back = matmul(y.sign(), w.transpose());
  const next = w.sub(matmul(x.transpose(), y));
  expect(printed([w, x], [next, back.sum()], one)).toMatchInlineSnapshot(`
    "#0 reduce [2, 4] sum over [3] (x0=x x1=w)
      value = mul(x0[add(mul(i0, 3), i2)], x1[add(i1, mul(i2, 4))])
      matmul: f32 = x2[add(mul(i0, 4), i1)]
      sign: f32 = t0 = x2[add(mul(i0, 4), i1)]; (less(0, t0) ? 1 : (less(t0, 0) ? -1 : 0))
    #1 reduce [2, 3] sum over [4] (x0=sign x1=w)
      value = mul(x0[add(mul(i0, 4), i2)], x1[add(mul(i1, 4), i2)])
      matmul: f32 = x2[add(mul(i0, 3), i1)]
    #2 reduce [3, 4] sum over [2] (x0=x x1=matmul x2=w)
      value = mul(x0[add(i0, mul(i2, 3))], x1[add(i1, mul(i2, 4))])
      sub: f32 = t0 = add(mul(i0, 4), i1); sub(x2[t0], x3[t0])
    #3 reduce [] sum over [6] (x0=matmul)
      value = x0[i0]
      sum: f32 = x1[0]"
  `);
});

test("constants keep their data; scalars of one element are part of the code", () => {
  const { buffers } = compiled([a], [a.add(tensor([1, 2, 3, 4])).mul(tensor([5]))]);
  expect(buffers.filter((x) => x.role === "constant").map((x) => [...x.data!])).toEqual([
    [1, 2, 3, 4],
  ]);
});

test("running sums", () => {
  const y = node(cumsumOp, [a.mul(b)], { axis: 0, reverse: true });
  expect(printed([a, b], [y])).toMatchInlineSnapshot(`
    "#0 map [4] (x0=a x1=b)
      mul: f32 = mul(x0[i0], x1[i0])
    #1 scan [4] sum along 0, from the end (x0=mul)
      value = x0[i0]
      cumsum: f32 = x1[i0]"
  `);
});

test("an input that has no value is an error with its line", () => {
  const error = failure("unbound-input", () => compiled([a], [a.add(b)]));
  expect(error.message).toContain('"b"');
  expect(error.where).toContain("schedule.test.ts");
});
