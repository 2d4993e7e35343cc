import { it } from "vitest";
import { linear, sequential, sgd, adam, tanh, sigmoid, halfSquaredError, meanSquaredError, trainer, interpreter } from "../src/index.ts";
import { wasm } from "../src/backends/wasm/index.ts";
import { regression } from "../src/data/index.ts";
it("runs", async () => {
  for (const backend of [interpreter, wasm]) {
    const model = sequential(linear(2, 2, { weight: [[0.15, 0.2], [0.25, 0.3]], bias: 0.35, frozen: ["bias"] }), sigmoid(), linear(2, 2, { weight: [[0.4, 0.45], [0.5, 0.55]], bias: 0.6, frozen: ["bias"] }), sigmoid());
    const t = trainer(model, { loss: halfSquaredError, optimizer: sgd({ learningRate: 0.5 }), dtype: "f64", backend });
    const t0 = performance.now();
    const h = await t.fit({ inputs: [[0.05, 0.1]], targets: [[0.01, 0.99]] }, { epochs: 10000 });
    console.log(backend.name, performance.now() - t0, h.epochs[0].loss, h.epochs.at(-1)!.loss);
  }
  for (const backend of [interpreter, wasm]) {
    const model = sequential(linear(1, 16), tanh(), linear(16, 16), tanh(), linear(16, 1));
    const t = trainer(model, { loss: meanSquaredError, optimizer: adam(), backend });
    const t0 = performance.now();
    const h = await t.fit(regression({kind: "sine", size: 1024, seed: 1}), { epochs: 20 });
    console.log(backend.name, performance.now() - t0, h.epochs[0].loss, h.epochs.at(-1)!.loss);
  }
});
