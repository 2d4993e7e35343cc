/** Files that PyTorch 2.13 wrote (tools/record-pytorch-files.py), and what must be refused. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ChainruleError } from "../../src/core/errors.ts";
import { zipBytes } from "../../src/data/zip.ts";
import { openForeign } from "../../src/exchange/index.ts";
import { torchNames } from "../../src/exchange/pytorch/names.ts";
import { type PickleNames, unpickled } from "../../src/exchange/pytorch/pickle.ts";
import { errorOf } from "../fixes/row.ts";
import { mutated } from "../support/mutations.ts";

const place = new URL("../fixtures/exchange/pytorch/", import.meta.url);
const fileOf = (name: string) => new Uint8Array(readFileSync(new URL(name, place)));
interface Recorded {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: readonly string[];
}
const expected = JSON.parse(readFileSync(new URL("expected.json", place), "utf8")) as Record<
  string,
  Record<string, Recorded>
>;
const number = (text: string): number =>
  ({ nan: Number.NaN, inf: Infinity, "-inf": -Infinity, True: 1, False: 0 })[text] ?? Number(text);

describe("what torch.save writes", () => {
  const readable = Object.keys(expected).filter((name) => name !== "complex.pt");
  it.each(readable)("%s", async (name) => {
    const file = await openForeign(fileOf(name), { name });
    expect(file.format).toBe("PyTorch");
    const wanted = expected[name]!;
    expect(file.tensors.map((t) => t.name).sort()).toEqual(Object.keys(wanted).sort());
    for (const tensor of file.tensors) {
      const { dtype, shape, data } = wanted[tensor.name]!;
      expect(tensor).toMatchObject({ dtype, shape });
      const read = await tensor.read();
      const exact = read.dtype === "i64" || read.dtype === "u64";
      const numbers = exact ? data.map(BigInt) : data.map(number);
      expect([...read.data], tensor.name).toEqual(numbers);
      const again = await tensor.read(new Uint8Array(tensor.bytes + 1).fill(0xff).subarray(1));
      expect([...again.data], tensor.name).toEqual(numbers);
    }
  });
  it("with a type that has no place here, beside those that have", async () => {
    const { tensors } = await openForeign(fileOf("complex.pt"));
    expect(tensors.map(({ dtype }) => dtype)).toEqual(["complex64", "float32"]);
    expect((await errorOf(() => tensors[0]!.read())).message).toContain("complex");
    expect((await tensors[1]!.read()).data).toEqual(Float32Array.of(1.5));
  });
  it("with values beside the tensors", async () => {
    const { metadata } = await openForeign(fileOf("nested.pt"));
    expect(metadata).toMatchObject({
      epoch: "3",
      loss: "0.25",
      note: "naïve — text",
      best: "None",
      done: "True",
      seed: String(2n ** 70n),
      low: "-5",
      low64: String(-(2 ** 40)),
      size: "[1, 2]",
      dtype: "torch.bfloat16",
      device: "cuda:1",
      labels: "[cat]",
      "default.k": "1",
      "model._metadata": expect.stringContaining("version: 1"),
    });
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

describe("what is refused", () => {
  it.each([
    ["evil.pt", "posix.system", "state_dict"],
    ["module.pt", "torch.nn.modules.container.Sequential", "state_dict"],
    ["module.pt", "torch.nn.modules.activation.ReLU", "state_dict"],
    ["legacy.pt", "before 1.6", "weights_only"],
    ["tar.pt", "before 0.2", "weights_only"],
  ])("%s: %s", async (name, found, fix) => {
    const error = await errorOf(() => openForeign(fileOf(name), { name }));
    expect(error).toMatchObject({ code: "unsupported" });
    expect(error.found).toContain(found);
    expect(error.fix).toContain(fix);
  });
  it("is a ZIP archive of something else", async () => {
    const bytes = zipBytes([{ name: "a.txt", bytes: new Uint8Array(3) }]);
    const error = await errorOf(() => openForeign(bytes, { name: "a.pt" }));
    expect(error.found).toContain("a.txt");
  });
});

/** A pickle from its instructions. */
const pickle = (...parts: readonly (number | string)[]): Uint8Array =>
  new Uint8Array(
    [0x80, 2, ...parts, 0x2e].flatMap((part) =>
      typeof part === "number" ? [part] : [...new TextEncoder().encode(part)],
    ),
  );
const archive = (data: Uint8Array, storage = new Uint8Array(16)): Uint8Array =>
  zipBytes([
    { name: "m/data.pkl", bytes: data },
    { name: "m/data/0", bytes: storage },
  ]);
/** { "w": a tensor of storage 0 with so many floats, and these numbers as offset, size, stride } */
const tensorPickle = (length: number, offset: number, size: number, stride: number) => {
  const long = (n: number) => {
    const bytes = new Uint8Array(new BigInt64Array([BigInt(n)]).buffer);
    return [0x8a, 8, ...bytes];
  };
  const text = (t: string) => [0x58, t.length, 0, 0, 0, t];
  return pickle(
    ...[0x7d, ...text("w"), 0x63, "torch._utils\n_rebuild_tensor_v2\n", 0x28, 0x28],
    ...[...text("storage"), 0x63, "torch\nFloatStorage\n", ...text("0"), ...text("cpu")],
    ...[...long(length), 0x74, 0x51, ...long(offset), ...long(size), 0x85, ...long(stride), 0x85],
    ...[0x89, 0x4e, 0x74, 0x52, 0x73],
  );
};

describe("hostile files", () => {
  const open = (data: Uint8Array) => openForeign(archive(data), { name: "m.pt" });
  it("have sizes that are checked before anything is allocated", async () => {
    const right = await open(tensorPickle(4, 1, 3, 1));
    expect(right.tensors[0]).toMatchObject({ shape: [3], bytes: 12 });
    for (const [length, offset, size, stride] of [
      [4, 1, 4, 1],
      [4, 0, 2, 4],
      [4, 4, 1, 0],
      [8, 0, 8, 1],
      [4, -1, 1, 1],
      [4, 0, -1, 1],
      [4, 0, 2, -1],
      [4, 0, 2 ** 60, 1],
      [2 ** 60, 0, 2, 1],
      [4, 0, 2, 2 ** 60],
    ] as const) {
      const error = await errorOf(() => open(tensorPickle(length, offset, size, stride)));
      expect(error.code, `${[length, offset, size, stride]}`).toBe("file-corrupt");
    }
    // A view may repeat what it likes; it is refused when it is read.
    const { tensors } = await open(tensorPickle(4, 0, 2 ** 40, 0));
    expect((await errorOf(() => tensors[0]!.read())).code).toBe("too-large");
  });
  it("say one list many times, or themselves", async () => {
    const started = performance.now();
    const doubled = Array.from({ length: 60 }, () => [0x32, 0x86]).flat();
    expect((await errorOf(() => open(pickle(0x5d, ...doubled)))).code).toBe("too-large");
    const itself = pickle(0x5d, 0x71, 0, 0x68, 0, 0x61);
    expect((await errorOf(() => open(itself))).code).toBe("too-large");
    const keys = pickle(0x7d, 0x71, 0, 0x68, 0, 0x68, 0, 0x73);
    expect((await errorOf(() => open(keys))).code).toBe("too-large");
    // A key that is such a list is no longer than what is shown of it.
    const named = pickle(0x7d, 0x5d, ...doubled, 0x4b, 1, 0x73);
    expect(Object.keys((await open(named)).metadata)[0]!.length).toBeLessThan(20_000);
    expect(performance.now() - started).toBeLessThan(4000);
  });
  it.each([
    ["an empty stack", pickle(0x61)],
    ["no mark", pickle(0x74)],
    ["a mark as a value", pickle(0x28, 0x85)],
    ["what was not kept", pickle(0x68, 7)],
    ["no function", pickle(0x4b, 1, 0x29, 0x52)],
    ["arguments that are none", pickle(0x63, "collections\nOrderedDict\n", 0x4b, 1, 0x52)],
    ["half a text", pickle(0x58, 255, 255, 255, 255, "a")],
    ["a text of 2^63 bytes", pickle(0x8d, 0, 0, 0, 0, 0, 0, 0, 128)],
    ["a name without an end", new Uint8Array([0x80, 2, 0x63, 0x61])],
    ["no end", new Uint8Array([0x80, 2, 0x4e])],
    ["a long number", pickle(0x8b, 0, 255, 0, 0)],
    ["a newer protocol", pickle(0x80, 9)],
    ["a name of numbers", pickle(0x4b, 1, 0x4b, 2, 0x93)],
    ["an entry in a list", pickle(0x5d, 0x4e, 0x4e, 0x73)],
    ["a storage of nothing", pickle(0x4e, 0x51)],
    ["a tensor of nothing", pickle(0x63, "torch._utils\n_rebuild_tensor_v2\n", 0x29, 0x52)],
    ["a parameter of nothing", pickle(0x63, "torch._utils\n_rebuild_parameter\n", 0x29, 0x52)],
  ])("pickles of %s", async (_, data) => {
    expect((await errorOf(() => open(data))).code).toBe("file-corrupt");
  });
  it.each([
    ["os\nsystem\n", "os.system"],
    ["builtins\neval\n", "builtins.eval"],
    ["__builtin__\ngetattr\n", "__builtin__.getattr"],
    ["torch\nload\n", "torch.load"],
    ["torch\n__proto__\n", "torch.__proto__"],
    ["collections\nconstructor\n", "collections.constructor"],
    ["numpy.core.multiarray\n_reconstruct\n", "numpy.core.multiarray._reconstruct"],
  ])("ask for %j", async (name, found) => {
    for (const rest of [[], [0x58, 1, 0, 0, 0, "x", 0x85, 0x52], [0x7d, 0x62]]) {
      const error = await errorOf(() => open(pickle(0x63, name, ...rest)));
      expect(error).toMatchObject({ code: "unsupported", found: JSON.stringify(found) });
    }
  });
  it("name all that they ask for at once", async () => {
    const both = pickle(0x63, "os\nsystem\n", 0x63, "a\nb\n", 0x29, 0x52, 0x86);
    expect((await errorOf(() => open(both))).found).toBe('"os.system", "a.b"');
  });
  it("hold instructions of old protocols", async () => {
    const error = await errorOf(() => open(pickle("I1\n")));
    expect(error).toMatchObject({ code: "unsupported", found: "0x49 (I) at 2" });
  });
  it("are read or refused when they are changed at random", async () => {
    const readAll = async (bytes: Uint8Array) => {
      const { tensors } = await openForeign(bytes, { name: "m.pt" });
      for (const { read } of tensors) await read().catch(refusedOnly);
    };
    for (const name of ["nested.pt", "views.pt", "types.pt"]) {
      await mutated(name, fileOf(name), 1000, readAll);
    }
  });
  it("are no other objects than data when their pickles are changed", async () => {
    const names: PickleNames = { ...torchNames };
    const whole = fileOf("nested.pt");
    // Stored: the pickle stands behind the first header.
    const start = whole.indexOf(0x80);
    await mutated("pickle", whole.slice(start, start + 2600), 1000, (bytes) =>
      unpickled(bytes, names),
    );
  });
});

function refusedOnly(error: unknown): void {
  if (!(error instanceof ChainruleError)) throw error;
}
