import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { npzBytes } from "../../src/data/index.ts";
import { importNetwork, openForeign } from "../../src/exchange/index.ts";
import { networkText } from "../../src/exchange/network-text.ts";
import {
  type ChainruleError,
  decodeSafetensors,
  encodeSafetensors,
  tensor,
} from "../../src/index.ts";
import { parseNetwork, restoreTrainer, storedNetwork } from "../../src/network-file/index.ts";
import { example, run } from "../cli/run.ts";
import { errorOf } from "../fixes/row.ts";
import { mutated } from "../support/mutations.ts";

const folder = mkdtempSync(join(tmpdir(), "chainrule-exchange-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const types = new Uint8Array(
  readFileSync(new URL("../fixtures/safetensors/types.safetensors", import.meta.url)),
);
const at = (name: string, bytes: Uint8Array | string): string => {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
};
const refused = (call: Promise<unknown>) => errorOf(() => call);

describe("safetensors", () => {
  it("gives what decodeSafetensors gives, from bytes, a file and a Blob", async () => {
    const { tensors } = decodeSafetensors(types);
    for (const source of [types, at("types.safetensors", types), new Blob([types])]) {
      const file = await openForeign(source);
      expect(file.format).toBe("safetensors");
      expect(file.tensors.map((t) => t.name).sort()).toEqual([...tensors.keys()].sort());
      for (const t of file.tensors) {
        const whole = tensors.get(t.name)!;
        expect(t.shape).toEqual(whole.shape);
        const read = await t.read().catch((error: ChainruleError) => error.code);
        if (typeof read === "string") {
          expect(() => whole.data).toThrow();
          continue;
        }
        const data = "dataSync" in whole ? whole.dataSync() : whole.data;
        expect(read.data).toEqual(data);
      }
    }
  });
  it("reads no more than it is asked for", async () => {
    const ranges: [number, number][] = [];
    const bytes = encodeSafetensors({ a: tensor([1, 2]), b: tensor([3]) });
    const file = await openForeign({
      name: "counted",
      size: bytes.length,
      async read(from, to) {
        ranges.push([from, to]);
        return bytes.slice(from, to);
      },
      beside: async () => expect.unreachable(),
    });
    const header = ranges.splice(0);
    expect(header.length).toBe(3);
    await file.tensors.find(({ name }) => name === "b")!.read();
    expect(ranges).toEqual([[bytes.length - 4, bytes.length]]);
  });
  it("is read into memory that is used again, of any alignment", async () => {
    const memory = new Uint8Array(4096);
    for (const source of [types, at("again.safetensors", types), new Blob([types])]) {
      const file = await openForeign(source);
      for (const t of file.tensors) {
        const alone = await t.read().catch(() => undefined);
        if (alone === undefined) continue;
        for (const shift of [0, 3]) {
          memory.fill(0xff);
          const into = memory.subarray(shift, shift + t.bytes);
          expect(await t.read(into)).toEqual(alone);
        }
      }
    }
    const file = await openForeign(
      at("again.safetensors", encodeSafetensors({ a: tensor([1, 2]) })),
    );
    const [a] = file.tensors;
    expect((await a!.read(memory)).data.buffer).toBe(memory.buffer);
    expect((await refused(a!.read(new Uint8Array(7)))).code).toBe("bad-argument");
    expect((await refused(a!.read([] as never))).code).toBe("bad-argument");
  });
  it("names the file where it has become shorter", async () => {
    const path = at("shorter.safetensors", encodeSafetensors({ a: tensor([1, 2]) }));
    const { tensors } = await openForeign(path);
    truncateSync(path, 20);
    const error = await refused(tensors[0]!.read());
    expect(error).toMatchObject({ code: "file-unreadable", where: path });
  });
});

describe("shards", () => {
  const index = (map: Record<string, string>) =>
    JSON.stringify({ metadata: { total_size: 12 }, weight_map: map });
  const one = encodeSafetensors({ a: tensor([1, 2]), __proto__x: tensor([5]) });
  const two = encodeSafetensors({ b: tensor([3]) });
  it("are read as one file", async () => {
    at("one.safetensors", one);
    at("two.safetensors", two);
    const path = at(
      "m.safetensors.index.json",
      index({ b: "two.safetensors", a: "one.safetensors" }),
    );
    const file = await openForeign(path);
    expect(file.tensors.map(({ name }) => name)).toEqual(["b", "a"]);
    expect((await file.tensors[1]!.read()).data).toEqual(Float32Array.of(1, 2));
    expect(file.metadata).toEqual({ total_size: "12" });
    const { stdout } = await run(["inspect", path, "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({ totals: { tensors: 2, elements: 3, bytes: 12 } });
  });
  it.each(["../one.safetensors", "/etc/passwd", "a\\b", "C:x", "", ".", "a/../b", "x\0"])(
    "do not lead out of the folder: %j",
    async (name) => {
      const error = await refused(openForeign(at("bad.index.json", index({ a: name }))));
      expect(error.code).toBe("file-corrupt");
      expect(error.message).toContain("not in its folder");
    },
  );
  it("must hold what the index says", async () => {
    const bytes = new TextEncoder().encode(index({ a: "two.safetensors", __proto__: "x" }));
    const beside = async () => two;
    const error = await refused(openForeign(bytes, { name: "m.safetensors.index.json", beside }));
    expect(error.found).toContain("0 of 1");
    expect((await refused(openForeign(bytes))).message).toContain("cannot be found");
  });
  it("are refused where the index is something else", async () => {
    for (const text of ["{", "{}", '{"weight_map": []}', '{"weight_map": {"a": 1}}', "\xff{"]) {
      const path = at("odd.safetensors.index.json", text);
      expect(["file-corrupt", "unsupported"]).toContain((await refused(openForeign(path))).code);
    }
  });
});

describe("a picture of the layers", () => {
  const fixtures = new URL("../fixtures/", import.meta.url).pathname;
  const words = (svg: string) => [...svg.matchAll(/<text[^>]*>([^<]*)/g)].map(([, word]) => word);
  it.each([
    [
      "onnx/torch-dynamo/lenet.onnx",
      ["1 × 28 × 28", "conv2d", "kernelSize 2", "400", "outputs 10"],
    ],
    ["onnx/torch-dynamo/graph.onnx", ["graph", "input", "concatenate", "multiply", "node_relu"]],
    ["onnx/torch-dynamo/residual.onnx", ["residual", "+"]],
    ["../../examples/xor.yaml", ["linear", "tanh", "outputs 1"]],
  ] as const)("of %s", async (path, expected) => {
    const picture = at("picture.svg", "");
    const { stdout } = await run(["inspect", `${fixtures}${path}`, "--picture", picture]);
    expect(stdout).toContain(`Written: ${picture}`);
    const svg = readFileSync(picture, "utf8");
    expect(words(svg)).toEqual(expect.arrayContaining([...expected]));
    // Nothing lies outside, and nothing is no number.
    const [, width = 0, height = 0] = (/width="(\d+)" height="(\d+)"/.exec(svg) ?? []).map(Number);
    for (const [, x, y] of svg.matchAll(/ x="([^"]*)" y="([^"]*)"/g)) {
      expect(Number(x) >= 0 && Number(x) <= width).toBe(true);
      expect(Number(y) >= 0 && Number(y) <= height).toBe(true);
    }
    expect(svg).not.toMatch(/NaN|undefined/);
  });
  it("is refused for values alone", async () => {
    const path = at("values.safetensors", encodeSafetensors({ a: tensor([1]) }));
    const { code, stderr } = await run(["inspect", path, "--picture", at("no.svg", "")]);
    expect(code).toBeGreaterThan(0);
    expect(stderr).toContain("there are no layers to draw");
  });
});

describe("what is changed at random", () => {
  const readAll = async (bytes: Uint8Array, name: string) => {
    const file = await openForeign(bytes, { name, beside: async () => types });
    for (const { read } of file.tensors) await read();
  };
  it("is read or refused", async () => {
    await mutated("safetensors", types, 1000, (b) => readAll(b, "m.safetensors"));
    const index = `{"weight_map": {"f32": "a.safetensors"}, "metadata": {"a": [{}]}}`;
    const bytes = new TextEncoder().encode(index);
    await mutated("index", bytes, 1000, (b) => readAll(b, "m.safetensors.index.json"));
  });
});

describe("a model", () => {
  const state = new Map([
    ["0.weight", { dtype: "f32", shape: [1, 1, 1, 1], data: Float32Array.of(2) } as const],
    ["0.bias", { dtype: "f32", shape: [1], data: Float32Array.of(0.5) } as const],
  ]);
  const file = {
    format: "made",
    tensors: [],
    metadata: {},
    model: async () => ({
      input: [1, 2, 2],
      layers: [
        { name: "conv2d", options: { outChannels: 1, kernelSize: 1 } },
        { name: "flatten", options: {} },
      ],
      state,
      remarks: ["Nothing was\nchanged."],
    }),
  };
  it("becomes a network file and a checkpoint", async () => {
    const { text, checkpoint, remarks } = await importNetwork(file, { name: "small" });
    expect(text).toContain("# Nothing was changed.\n");
    expect(remarks.length).toBe(3);
    const network = parseNetwork(text);
    expect(network).toMatchObject({ inputs: 4, name: "small", training: { dtype: "f32" } });
    const trainer = restoreTrainer(storedNetwork(checkpoint, "c"), checkpoint);
    expect(trainer.predict([[1, 2, 3, 4]]).dataSync()).toEqual(Float32Array.of(2.5, 4.5, 6.5, 8.5));
  });
  it("needs a value for every parameter", async () => {
    const model = async () => ({ ...(await file.model()), state: new Map([...state].slice(1)) });
    const error = await refused(importNetwork({ ...file, model }));
    expect(error.expected).toContain("1.weight");
  });
  it("is not in a file of values", async () => {
    const out = join(folder, "net.yaml");
    const values = at("values.safetensors", types);
    const { code, stderr } = await run(["import", values, "--out", out]);
    expect(code).toBe(2);
    expect(stderr).toContain("holds values alone");
    expect(stderr).toContain(values);
    expect((await run(["import", values, "--out", "net.txt"])).stderr).toContain(".yaml");
    at("net.yaml", "");
    expect((await run(["import", values, "--out", out])).stderr).toContain("such a file already");
  });
});

it.each(["iris", "lenet", "sine", "two-two-two", "xor", "penguins"])(
  "the text of a network says the same: %s",
  (name) => {
    const network = parseNetwork(readFileSync(example(name), "utf8"));
    expect(parseNetwork(networkText(network))).toEqual(network);
  },
);

describe("NumPy's archives", () => {
  const x = tensor(
    [
      [1, 2],
      [3, 4],
    ],
    { dtype: "f64" },
  );
  it("are listed by their headers, and read array by array", async () => {
    const file = await openForeign(npzBytes({ x, y: tensor([1]) }));
    expect(file.format).toBe("NumPy");
    expect(
      file.tensors.map(({ name, shape, dtype, bytes }) => [name, shape, dtype, bytes]),
    ).toEqual([
      ["x", [2, 2], "<f8", 32],
      ["y", [1], "<f4", 4],
    ]);
    expect((await file.tensors[0]!.read()).data).toEqual(Float64Array.of(1, 2, 3, 4));
  });
  it("as NumPy wrote them, packed too", async () => {
    const numpy = new URL("../fixtures/numpy/types.npz", import.meta.url);
    const { tensors } = await openForeign(new Uint8Array(readFileSync(numpy)));
    expect(tensors.length).toBeGreaterThan(5);
    for (const { shape, read } of tensors) {
      const { data } = await read();
      expect(data.length).toBe(shape.reduce((product, n) => product * n, 1));
    }
  });
  it("are read or refused when they are changed at random", async () => {
    const bytes = npzBytes({ x, y: tensor([1]) });
    await mutated("npz", bytes, 1000, async (b) => {
      for (const { read } of (await openForeign(b, { name: "a.npz" })).tensors) await read();
    });
  });
});

it("what no row reads is refused with what it is", async () => {
  const error = await refused(openForeign(new TextEncoder().encode("GGUF....")));
  expect(error).toMatchObject({ code: "unsupported", found: expect.stringContaining("GGUF") });
  expect((await refused(openForeign(new Uint8Array()))).found).toBe("an empty file");
});
