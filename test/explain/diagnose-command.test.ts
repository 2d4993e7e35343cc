/** chainrule diagnose takes numbers as they are typed. */
import { expect, it, vi } from "vitest";
import { diagnose } from "../../src/cli/diagnose.ts";

const file = "examples/two-two-two.yaml";
const ask = async (more: Parameters<typeof diagnose>[1]) => {
  const said: string[] = [];
  const write = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    said.push(String(text));
    return true;
  });
  try {
    const code = await diagnose(file, { parameter: "w5", notation: "net-out", ...more });
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
