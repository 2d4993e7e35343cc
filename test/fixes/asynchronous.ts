/** Advice about backends that answer later, followed. */
import { compile, tensor } from "../../src/index.ts";
import { laterBackend } from "../support/later.ts";
import type { Row } from "./row.ts";

const double = (backend: NonNullable<Parameters<typeof compile>[1]>["backend"] & {}) =>
  compile((x: ReturnType<typeof tensor>) => x.mul(2), { backend })(tensor([1, 2]));
const lost = () => double(laterBackend({ fails: () => new Error("lost") }).backend).array();
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
];
