/** Every cell of the table on docs/operators.md is a check that runs here. */
import "../support/backend.ts";
import { describe, expect, test } from "vitest";
import type { SynchronousBackend } from "../../src/backends/backend.ts";
import { interpreter } from "../../src/backends/interpreter/index.ts";
import { wasm } from "../../src/backends/wasm/index.ts";
import type { Op } from "../../src/core/op.ts";
import { signOp } from "../../src/ops/arithmetic.ts";
import { castOp } from "../../src/ops/cast.ts";
import { tanhOp } from "../../src/ops/transcendental.ts";
import { cellsOf, operatorTable } from "../support/cells.ts";

const rows = operatorTable([interpreter, wasm]).map(({ op, cells }) => [op.name, cells] as const);

describe.each(rows)("%s", (_, cells) => {
  const checks = cells.flatMap(({ dtype, column, marks }) =>
    marks.map(([mark, check]) => [`${dtype} ${column} ${mark}`, check] as const),
  );
  test.each(checks)("%s", async (_, check) => {
    await check();
  });
  test("has no hole: what is not checked has a reason", () => {
    for (const { marks, none } of cells) expect(marks.length > 0 || none !== undefined).toBe(true);
  });
});

describe("a fault is found", () => {
  /** What fails on a backend that compiles so. */
  function failing(op: Op, compile: SynchronousBackend["compile"]): string[] {
    const cells = cellsOf(op, [interpreter, { ...interpreter, name: "other", compile }]);
    return cells.flatMap(({ dtype, column, marks }) =>
      (column === "other" ? marks : []).flatMap(([mark, check]) => {
        try {
          check();
          return [];
        } catch (error) {
          return [`${dtype} ${mark}: ${(error as Error).message.split(",", 1)[0]}`];
        }
      }),
    );
  }

  test("of a backend that refuses a type", () => {
    const found = failing(signOp as never, (graph) => {
      if (graph.outputs.some((y) => y.dtype === "i32")) throw new TypeError("no integers here");
      return interpreter.compile(graph);
    });
    expect(found).toEqual(["i32 •: no integers here"]);
  });

  test("of a backend whose second derivative is wrong", () => {
    const found = failing(tanhOp as never, (graph) => {
      const inner = interpreter.compile(graph);
      const last = graph.outputs.length - 1;
      const run = (values: Parameters<typeof inner.run>[0]) =>
        inner.run(values).map((v, i) => (i === last ? v.map((x) => 1.001 * x) : v));
      return { ...inner, run };
    });
    expect(found).toEqual(["f64 ∂²: output 2 differs", "f32 ∂²: output 2 differs"]);
  });

  test("of an operator without samples", () => {
    expect(() => cellsOf({ ...castOp, sampling: {} } as never, [interpreter])).toThrow(
      "cast has no samples",
    );
  });
});
