/** Advice about backends that answer later, followed. */
import { compile, linear, meanSquaredError, sgd, tensor, trainer } from "../../src/index.ts";
import { laterBackend } from "../support/later.ts";
import type { Row } from "./row.ts";

const double = (backend: NonNullable<Parameters<typeof compile>[1]>["backend"] & {}) =>
  compile((x: ReturnType<typeof tensor>) => x.mul(2), { backend })(tensor([1, 2]));
const lost = () => double(laterBackend({ fails: () => new Error("lost") }).backend).array();
const data = { inputs: [[1], [2]], targets: [[2], [4]] };
const made = (by: typeof backend) =>
  trainer(linear(1, 1), { loss: meanSquaredError, optimizer: sgd(), backend: by });
const { backend } = laterBackend();

export const asynchronous: readonly Row[] = [
  [
    "Read it with `await t.array()` or `await t.data()`.",
    () => double(backend).arraySync(),
    () => double(backend).array(),
    () => double(backend).data(),
  ],
  [
    'Look at what it says; backend: "wasm" and "interpreter" do without it.',
    lost,
    () => double("wasm").arraySync(),
    () => double("interpreter").arraySync(),
  ],
  [
    "Use `await trainer.…(data)`.",
    () => made(backend).step(data),
    () => made(backend).stepAsync(data),
    () => made(backend).evaluateAsync(data),
  ],
];
