/** The line of a node whose function is run again to find it: what it costs, and where it ends. */
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { compile, grad, jvp, sin, type Tensor, take, tensor, vjp } from "../../src/index.ts";

const file = fileURLToPath(import.meta.url);
/** The line of this file that is being executed. */
const here = (): number =>
  Number(/replay\.test\.ts:(\d+)/.exec(new Error().stack!.split("\n")[2]!)![1]);
const lineOf = (place: unknown): string => /^(.*):\d+$/.exec(String(place))?.[1] ?? "";
const x = tensor([1, 2, 3], { dtype: "f64" });

test("a node of a function that is differentiated names its line", () => {
  let line = 0;
  const [y] = vjp((x) => {
    const doubled = x.mul(2);
    line = here() + 1;
    return doubled.add(1).tanh();
  }, x);
  expect(lineOf(y.site)).toBe(`${file}:${line}`);
  // Broadcasts and numbers have the line of their operator.
  expect(y.inputs[0]!.inputs.map((t) => lineOf(t.site))).toContain(`${file}:${line}`);
  expect(lineOf(y.inputs[0]!.inputs[0]!.site)).toBe(`${file}:${line - 2}`);
});

test("the function runs again only when a line is asked for, and no further than to it", () => {
  const ran: string[] = [];
  const [y] = vjp((x) => {
    ran.push("start");
    const z = x.exp();
    ran.push("end");
    return z;
  }, x);
  expect(ran).toEqual(["start", "end"]);
  expect([y.site.toString(), y.site.toString()]).toEqual(
    Array(2).fill(expect.stringMatching(/\d$/)),
  );
  expect(ran).toEqual(["start", "end", "start"]);
});

test("an error that is met later names the line", () => {
  let line = 0;
  const step = compile((x: Tensor, at: Tensor) => {
    line = here() + 1;
    const read = take(x, at);
    return read.mul(2);
  });
  step(x, tensor([0, 1], { dtype: "i32" }));
  expect(() => step(x, tensor([0, 7], { dtype: "i32" }))).toThrow(
    expect.objectContaining({ where: expect.stringContaining(`${file}:${line}:`) }),
  );
});

test("a function in a function, and derivatives of derivatives", () => {
  let line = 0;
  const inner = (x: Tensor) => {
    line = here() + 1;
    return x.pow(3).sum();
  };
  const [y] = jvp((x) => grad(inner)(x).sum(), x, x);
  const places = new Set<string>();
  for (const todo = [y]; todo.length > 0; ) {
    const node = todo.pop()!;
    places.add(lineOf(node.site));
    todo.push(...node.inputs);
  }
  expect(places).toContain(`${file}:${line}`);
});

test("a function that does something else the next time: the line that ran it", () => {
  let calls = 0;
  const changing = (x: Tensor) => (calls++ === 0 ? x.tanh().exp() : x.sin().exp());
  const [y] = vjp(changing, x);
  const line = here() - 1;
  expect(lineOf(y.site)).toBe(`${file}:${line}`);
  calls = 0;
  const [z] = vjp((x: Tensor) => {
    if (calls++ > 0) throw new Error("only once");
    return x.exp();
  }, x);
  expect(lineOf(z.site)).toBe(`${file}:${line + 4}`);
});

test("a function of the library has no line of the user's: the line that ran it", () => {
  const [y] = vjp(sin, x);
  const line = here() - 1;
  const places = [y].map((y) => y.site.toString());
  expect(places.map(lineOf)).toEqual([`${file}:${line}`]);
});

test("a function that catches what stops it", () => {
  const catching = (x: Tensor) => {
    const y = x.exp();
    try {
      return y.sin();
    } catch {
      return y.cos();
    }
  };
  const [y] = vjp(catching, x);
  expect(lineOf(y.site)).toMatch(/replay\.test\.ts:\d+$/);
  // What was asked for does not disturb what comes after.
  expect(lineOf(x.exp().site)).toBe(`${file}:${here()}`);
  expect(grad((x) => catching(x).sum())(x).arraySync()).toHaveLength(3);
});

test("a method names the line that calls it, wherever that is called from", () => {
  const line = here() + 1;
  const sum = [x, x, x].reduce((a, b) => a.add(b));
  const deep = (depth: number): Tensor => (depth === 0 ? x.mean() : deep(depth - 1));
  const both = [sum, ...sum.inputs.filter((n) => n !== x)];
  expect(both.map((n) => lineOf(n.site))).toEqual([`${file}:${line}`, `${file}:${line}`]);
  expect(lineOf(deep(40).site)).toBe(`${file}:${line + 1}`);
  // Which method it is says nothing of where it is: all have few frames.
  const [, second] = [1, 2].map((by) => Reflect.apply(x.mul, x, [by]) as Tensor);
  expect(lineOf(second!.site)).toBe(`${file}:${here() - 1}`);
  expect(lineOf(second!.inputs[1]!.site)).toBe(`${file}:${here() - 2}`);
});
