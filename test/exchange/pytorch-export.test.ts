/** What export --to pytorch writes, and what PyTorch made of it (tools/record-pytorch-export.mjs). */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { openForeign } from "../../src/exchange/index.ts";
import { pytorchScript, stateDictBytes } from "../../src/exchange/pytorch/script.ts";
import { parseNetwork, prepareNetwork } from "../../src/network-file/index.ts";

interface Recorded {
  readonly network: string;
  readonly script: string;
  readonly loss: number;
  readonly end: number;
}
const recorded = JSON.parse(
  readFileSync(new URL("../fixtures/exchange/pytorch/export.json", import.meta.url), "utf8"),
) as Record<string, Recorded>;
const none = async (): Promise<never> => {
  throw new Error("no files");
};

describe.each(Object.entries(recorded))("%s", (_, { network: text, script, loss, end }) => {
  it("is the script that was run, and ends at the same loss", async () => {
    const { network, trainer, data, fit } = await prepareNetwork(parseNetwork(text), none);
    const own = pytorchScript(
      { network, trainer, data: data.train, batchSize: 4 },
      "net.pytorch.safetensors",
    );
    expect(own).toBe(script);
    const file = await openForeign(stateDictBytes(trainer));
    const counters = file.tensors.filter(({ name }) => name.endsWith("num_batches_tracked"));
    for (const { dtype } of counters) expect(dtype).toBe("I64");
    await trainer.fit(data.train, { ...fit, shuffle: false });
    // Tolerance: the order of sums differs; six steps of f64.
    const [first] = trainer.progress.history;
    expect(Math.abs(first!.loss - loss)).toBeLessThan(1e-10 * Math.abs(loss));
    const { loss: last } = trainer.evaluate(data.train);
    expect(Math.abs(last - end)).toBeLessThan(1e-10 * Math.abs(end));
  });
});
