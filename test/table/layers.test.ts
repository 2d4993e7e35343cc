/** Every layer of the table on docs/layer-table.md: backends, gradients, one weight explained. */
import "../support/backend.ts";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { pushForward } from "../../src/autodiff/forward.ts";
import { runOnce } from "../../src/backends/interpreter/index.ts";
import { wasm } from "../../src/backends/wasm/index.ts";
import { explain } from "../../src/explain/index.ts";
import * as nn from "../../src/nn/index.ts";
import { sgd } from "../../src/optim/sgd.ts";
import { trainer } from "../../src/train/trainer.ts";
import { expectClose } from "../support/close.ts";
import { layerGraph } from "../support/layer-graphs.ts";
import { layerSamples } from "../support/layer-samples.ts";
import { irregular } from "../support/naive.ts";
import { rounding } from "../support/rounding.ts";

const samples = layerSamples();

test("the table has every layer that is exported", () => {
  const surface = readFileSync(new URL("../../docs/api-surface.txt", import.meta.url), "utf8");
  const line =
    /^chainrule (?:const|function) (\w+): ?.*=> (?:Layer|LayerOf|Recurrence|GraphLayer)\b/;
  const declared =
    /^chainrule function (\w+)\b.*\): (?:Layer|LayerOf|LoraLayer|Recurrence|GraphLayer)\b/;
  const found = surface
    .split("\n")
    .flatMap((text) => (line.exec(text) ?? declared.exec(text))?.[1] ?? []);
  const known = new Set(samples.map(({ name }) => name));
  expect(found.length).toBeGreaterThan(40);
  expect(found.filter((name) => !known.has(name) && !/^(un)?freeze$/.test(name))).toEqual([]);
});

describe.each(samples.map((sample) => [sample.name, sample] as const))("%s", (name, sample) => {
  const { model, names, examples, paths, values: start, graph } = layerGraph(sample);
  const wanted = runOnce(graph, start).map((v) => v.slice());
  const compiled = wasm.compile(graph);

  test("the backends have one loss and one gradient", () => {
    for (const [i, found] of compiled.run(start).entries())
      expectClose(found, Array.from(wanted[i]!), rounding.f64);
  });

  test("differences show the gradient, and both modes have one", () => {
    const at = (k: number, i: number, by: number): number => {
      const moved = start.map((v) => v.slice());
      moved[k]![i]! += by;
      return Number(compiled.run(moved)[0]![0]);
    };
    // Of a smooth loss of size 1: h² = 1e-10 by the step, 1e-16/h = 1e-11 by rounding.
    const h = 1e-5;
    start.forEach((values, k) => {
      for (const i of new Set([0, values.length - 1])) {
        const numeric = (at(k, i, h) - at(k, i, -h)) / (2 * h);
        expect(Math.abs(numeric - Number(wanted[k + 1]![i])), paths[k]).toBeLessThan(1e-8);
      }
    });
    const { inputs, outputs } = graph;
    const along = inputs.map((t, k) => irregular(t.shape, k));
    const [forward] = pushForward(outputs.slice(0, 1), inputs, along);
    const [found] = runOnce({ inputs, outputs: [forward!] }, start)[0]!;
    const product = along.map((v, k) =>
      Array.from(v.dataSync(), Number).reduce(
        (sum, d, n) => sum + d * Number(wanted[k + 1]![n]),
        0,
      ),
    );
    expect(found).toBeCloseTo(
      product.reduce((a, b) => a + b, 0),
      11,
    );
  });

  // Blocks take long: test/explain/attention and test/network-file/graph explain one of each.
  const elsewhere = /^transformer/.test(name);
  test.skipIf(elsewhere)(
    "one number of each of its parameters is explained",
    async () => {
      const t = trainer(model, { loss: nn.crossEntropy, optimizer: sgd(), seed: 3, dtype: "f64" });
      const data = { inputs: examples, targets: [0, 1] };
      const heavy = /^(transformer|lstm|gru|multiHead)/.test(name);
      for (const parameter of heavy ? names.slice(0, 1) : names) {
        const spec = model.parameters[parameter]!;
        const at = spec.shape.length > 0 ? `[${spec.shape.map(() => 0)}]` : "";
        const d = await explain(t, { data, parameter: `${parameter}${at}` });
        expect(d.data.passed, d.toText()).toBe(true);
        const { value } = d.data.steps.findLast((s) => s.section === "result" && s.result)!;
        const g = d.data.gradients[0]!;
        expect(Math.abs(value! - g)).toBeLessThanOrEqual(1e-9 * Math.max(1e-3, Math.abs(g)));
      }
    },
    60_000,
  );
});
