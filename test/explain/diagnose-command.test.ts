/** chainrule diagnose takes numbers as they are typed. */

import { readFileSync } from "node:fs";
import { expect, it, vi } from "vitest";
import { diagnoseCommand } from "../../src/cli/diagnose.ts";
import * as explaining from "../../src/explain/index.ts";
import { parseNetwork } from "../../src/network-file/parse.ts";
import { prepareNetwork } from "../../src/network-file/prepare.ts";

const file = "examples/two-two-two.yaml";
const ask = async (more: Parameters<typeof diagnoseCommand>[1]) => {
  const said: string[] = [];
  const write = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    said.push(String(text));
    return true;
  });
  try {
    const code = await diagnoseCommand(file, { parameter: "w5", notation: "net-out", ...more });
    return { code, text: said.join("").replace(/\s+/g, " ") };
  } finally {
    write.mockRestore();
  }
};

it.each([
  ["0.0822", 0, "0.0822 is right"],
  ["0.082670", 1, "0.082670 is wrong"],
  ["0.1", 1, "0.1 fits, but has too few digits to tell"],
  ["0.08", 1, "0.08 fits, but has too few digits to tell"],
  ["0.10", 1, "0.10 is wrong"],
  ["1", 1, "1 is wrong"],
  ["-0.0411", 0, "−0.0411 is right"],
  ["0,0827", 1, "0,0827 is wrong"],
])("--value %s ends with %i", async (value, code, said) => {
  const found = await ask({ value });
  expect(found.code).toBe(code);
  expect(found.text).toContain(said);
});

it("says what a number is that was not asked for", async () => {
  const { code, text } = await ask({ value: "0.35891648", quantity: "gradient" });
  expect(code).toBe(1);
  expect(text).toContain("this is the new value of w5");
});

it("prints the verdict as data", async () => {
  const { text } = await ask({ value: "0.08", json: true });
  expect(JSON.parse(text)).toMatchObject({ given: "0.08", verdict: "unclear", correct: false });
});

it("asks for a number, and for one", async () => {
  await expect(ask({ value: "1,200" })).rejects.toThrow(/That is not a number.*\n.*\n.*"1,200"/);
  await expect(ask({ lossAfterStep: "0.2", quantity: "change" })).rejects.toThrow(/--quantity/);
  await expect(ask({})).rejects.toThrow(/neither/);
});

it.each([
  ["value", "0.149817639", undefined, "right"],
  ["value", "0.149780716", undefined, "all layers were updated at once"],
  ["value", "0.149780716", "simultaneous", "right"],
  ["value", "0.000438567734", undefined, "right"],
  ["value", "0.000364722878", undefined, "the updated weights of the later layers were used"],
  ["lossAfterStep", "0.291027924", undefined, "right"],
  ["lossAfterStep", "0.291027774", undefined, "all layers were updated at once"],
  ["lossAfterStep", "0.291027774", "simultaneous", "right"],
] as const)("of a sequential update, the %s %s (asked: %s): %s", async (kind, x, update, said) => {
  const text = readFileSync(file, "utf8").replace("update: simultaneous", "update: sequential");
  const { trainer, data } = await prepareNetwork(parseNetwork(text), () => {
    throw new Error("no file is needed");
  });
  const parameter = kind === "value" ? { parameter: "0.weight[0,0]" } : {};
  const asked = update ? { update } : {};
  const options = { data: data.train, ...parameter, ...asked, [kind]: x };
  expect((await explaining.diagnose(trainer, options)).toText()).toContain(said);
});

it("knows no other timing of an update", async () => {
  const { trainer, data } = await prepareNetwork(parseNetwork(readFileSync(file, "utf8")), () => {
    throw new Error("no file is needed");
  });
  const options = { data: data.train, value: 1, update: "later" as never };
  await expect(explaining.diagnose(trainer, options)).rejects.toThrow("update");
});
