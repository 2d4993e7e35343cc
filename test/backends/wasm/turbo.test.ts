/** The backend "turbo": refused where it cannot be, checked before it is used, and the same bits. */
import "../../support/backend.ts";
import { describe, expect, test } from "vitest";
import { wasm } from "../../../src/backends/wasm/index.ts";
import { largestGap, turbo } from "../../../src/backends/wasm/turbo.ts";
import { adam, crossEntropy, linear, relu, sequential, trainer } from "../../../src/index.ts";
import { failure } from "../../support/failure.ts";

const possible = process.arch === "x64" && Number.parseInt(process.versions.node, 10) >= 24;

describe("the check before first use", () => {
  test("plain vectors pass it", () => {
    expect(largestGap(wasm)).toBeLessThan(1e-6);
  });

  test.each([
    ["neighbouring lanes exchanged", (v: number[]) => ([v[8], v[9]] = [v[9]!, v[8]!])],
    ["a number missing from a sum", (v: number[]) => (v[100]! -= 1)],
    ["a NaN", (v: number[]) => (v[0] = Number.NaN)],
  ])("%s fails it", (_, damage) => {
    const gap = largestGap({
      compile: (graph) => ({
        run(values) {
          const found = wasm.compile(graph).run(values);
          const product = Array.from(found[0]!);
          damage(product);
          found[0]!.set(product);
          return found;
        },
      }),
    });
    expect(gap).toBeGreaterThan(1e-5);
  });
});

describe.skipIf(possible)("an engine without it", () => {
  test("says so, and what to do", () => {
    const error = failure("unsupported", () => turbo());
    expect(error.message).toContain("Node 24");
    expect(error.message).toContain(`Node ${process.versions.node}`);
    expect(error.message).toContain("wasm");
  });
});

describe.skipIf(!possible)("an engine that has it", () => {
  const inputs = Array.from({ length: 96 }, (_, i) =>
    Array.from({ length: 70 }, (_, k) => Math.sin(i * 1.7 + k * k)),
  );
  const data = { inputs, targets: inputs.map((_, i) => i % 10), classes: [..."0123456789"] };

  async function trained(backend: "wasm" | "turbo", threads: number) {
    const model = sequential(linear(70, 900), relu(), linear(900, 50), relu(), linear(50, 10));
    const t = trainer(model, { loss: crossEntropy, optimizer: adam(), seed: 3, backend, threads });
    // Long enough for the engine's optimizing compiler to take over.
    await t.fit(data, { epochs: 40, batchSize: 32 });
    return t.toBytes();
  }

  test("trains to the same bits as plain vectors, alone and in two threads", async () => {
    const plain = await trained("wasm", 1);
    expect(await trained("turbo", 1)).toEqual(plain);
    expect(await trained("turbo", 2)).toEqual(plain);
  });
});
