/**
 * What export --to pytorch writes, and what PyTorch made of it (tools/record-pytorch-export.mjs): three
 * networks, and one around each layer that a network file can name.
 */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { openForeign } from "../../src/exchange/index.ts";
import { pytorchScript, stateDictBytes } from "../../src/exchange/pytorch/script.ts";
import { parseNetwork, prepareNetwork } from "../../src/network-file/index.ts";
import { failure } from "../support/failure.ts";
import { layerNetworks } from "./layer-networks.ts";

interface Recorded {
  readonly network: string;
  /** Why there is no script. */
  readonly refused?: string;
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
const written = Object.entries(recorded).filter(([, { refused }]) => refused === undefined);
const refused = Object.entries(recorded).filter(([, { refused }]) => refused !== undefined);

it("has a network of every layer", () => {
  const own = layerNetworks();
  for (const [name, text] of Object.entries(own)) expect(recorded[name]?.network).toBe(text);
  expect(written.length).toBeGreaterThan(60);
});

describe.each(written)("%s", (name, { network: text, script, loss, end }) => {
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
    expect(Math.abs(first!.loss - loss), name).toBeLessThan(1e-10 * Math.abs(loss));
    const { loss: last } = trainer.evaluate(data.train);
    expect(Math.abs(last - end), name).toBeLessThan(1e-10 * Math.abs(end));
  });
});

it.each(refused)("%s is refused by name", async (_, { network: text, refused }) => {
  const { network, trainer, data } = await prepareNetwork(parseNetwork(text), none);
  const all = { network, trainer, data: data.train, batchSize: 4 };
  const error = failure("unsupported", () => pytorchScript(all, "net.pytorch.safetensors"));
  expect(`error ${error.message.split("\n")[0]}`).toBe(refused);
});
