/** Text as tokens, and as examples for a model that says what comes next. */
import { expect, it } from "vitest";
import { bytePairs, characters, nextTokens, split, utf8Bytes } from "../../src/data/index.ts";
import { prepareNetwork } from "../../src/network-file/index.ts";
import { files, parse, rejection } from "../network-file/sample.ts";
import { failure } from "../support/failure.ts";

it("takes the characters of a text, whole code points", () => {
  const tokens = characters("banana 🙂");
  expect(tokens.tokens).toEqual([" ", "a", "b", "n", "🙂"]);
  expect([...tokens.encode("nab🙂")]).toEqual([3, 1, 2, 4]);
  expect(tokens.decode(tokens.encode("ban 🙂"))).toBe("ban 🙂");
  expect(failure("data-invalid", () => tokens.encode("bax"))).toMatchObject({
    where: "character 2 of the text (counted from 0)",
  });
  expect(characters(["a", "b"], { unknown: "?" }).encode("z?")).toEqual(Int32Array.of(0, 0));
  failure("data-empty", () => characters(""));
  failure("bad-argument", () => characters("ab", { unknown: "??" }));
  for (const ids of [[5], [-1], [0.5]]) failure("data-invalid", () => tokens.decode(ids));
});
it("takes bytes, of which some are no text alone", () => {
  expect([...utf8Bytes.encode("aé")]).toEqual([97, 0xc3, 0xa9]);
  expect(utf8Bytes.decode([97, 0xc3, 0xa9])).toBe("aé");
  expect(utf8Bytes.decode([0xc3])).toBe("\ufffd");
  expect(utf8Bytes.decode(utf8Bytes.encode("\ufeffa"))).toBe("\ufeffa");
  expect(failure("data-invalid", () => utf8Bytes.decode([256])).expected).toContain("255");
});
it("takes byte pairs as GPT-2 does", async () => {
  const tokens = await bytePairs();
  expect(tokens.size).toBe(50257);
  // As tiktoken 0.12 and transformers give them.
  expect([...tokens.encode("Hello world")]).toEqual([15496, 995]);
  const text = "naïve 🙂 <|endoftext|>";
  expect(tokens.decode(tokens.encode(text))).toBe(text);
  expect(tokens.encode("<|endoftext|>").length).toBeGreaterThan(1);
  expect([tokens.tokens.length, tokens.tokens[7]]).toEqual([50257, "7"]);
  await rejection("bad-argument", bytePairs("gpt2" as "r50k_base"));
  await rejection("bad-argument", bytePairs("r50k_base", { module: {} }));
});
it("cuts a text into pieces, each target one further on", () => {
  const { inputs, targets, classes } = nextTokens("abcdefg", characters("abcdefg"), { length: 4 });
  expect(inputs.arraySync()).toEqual([
    [0, 1, 2, 3],
    [4, 5, 0, 0],
  ]);
  expect(targets.arraySync()).toEqual([
    [1, 2, 3, 4],
    [5, 6, -100, -100],
  ]);
  expect(classes).toEqual([..."abcdefg"]);
});
it("every token but the first is a target once, whatever the length", () => {
  const text = "abcdefghijklm";
  const tokens = characters(text);
  for (let length = 1; length <= 14; length++) {
    const { targets } = nextTokens(text, tokens, { length });
    const told = [...targets.dataSync()].filter((id) => id >= 0);
    expect(tokens.decode(told), String(length)).toBe(text.slice(1));
    const overlapping = nextTokens(text, tokens, { length, step: 1 });
    expect(new Set(overlapping.targets.dataSync()).has(tokens.size - 1)).toBe(true);
    expect(overlapping.size).toBe(Math.max(1, 13 - length));
  }
});
it("of a list each text is cut on its own, between boundaries", () => {
  const tokens = characters(["ab", "c", "."]);
  const { inputs, targets } = nextTokens(["ab", "c"], tokens, { length: 3, boundary: "." });
  const rows = (values: unknown) =>
    (values as number[][]).map((ids) => tokens.decode(ids.filter((id) => id >= 0)));
  expect(rows(inputs.arraySync())).toEqual([".ab", ".c."]);
  expect(rows(targets.arraySync())).toEqual(["ab.", "c."]);
});
it("refuses what cannot be cut", () => {
  const wrong = (options: object, text: string | string[] = "ab") =>
    failure("bad-argument", () => nextTokens(text, utf8Bytes, options as { length: number }));
  expect(wrong({}).expected).toBe("a whole number ≥ 1 of tokens");
  expect(wrong({ length: 2, step: 3 }).expected).toBe("a whole number from 1 to length");
  wrong({ length: 2, boundary: 3 });
  failure("bad-argument", () => nextTokens("ab", {} as typeof utf8Bytes, { length: 2 }));
  failure("data-empty", () => nextTokens("a", utf8Bytes, { length: 2 }));
});
it("is what a network file trains on", async () => {
  const data = "{ text: { file: t.txt, length: 4 }, validation: { text: { file: v.txt } } }";
  const layers = "[{ embedding: { entries: 3, features: 4 } }, { linear: { outputs: 3 } }]";
  const optimizer = "{ adam: { learningRate: 0.1 } }";
  const loss = "{ crossEntropy: { ignoreIndex: -100 } }";
  const network = parse({ data, layers, loss, optimizer });
  const read = files({ "t.txt": "abcabcabcabc", "v.txt": "bcab" });
  const { trainer, fit, data: made } = await prepareNetwork(network, read);
  expect([made.train.size, made.description]).toMatchObject([3, { inputs: 4, perPlace: 3 }]);
  await trainer.fit(made.train, { ...fit, untilEpoch: 60 });
  expect(trainer.evaluate(made.validation!).accuracy).toBe(1);
  expect(split(made.train, { validation: 0.4 }).validation.size).toBe(1);
  const other = files({ "t.txt": "abcabcabcabc", "v.txt": "abd" });
  const error = await rejection("data-invalid", prepareNetwork(network, other));
  expect(error.found).toBe('"d"');
  const bytes = parse({
    data: "{ text: { file: t.txt, length: 4, step: 2, tokens: bytes } }",
    layers: "[{ embedding: { entries: 256, features: 2 } }, { linear: { outputs: 256 } }]",
    loss,
  });
  expect((await prepareNetwork(bytes, read)).data.train.size).toBe(5);
});
