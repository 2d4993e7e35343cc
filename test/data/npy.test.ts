import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { npyBytes, npzBytes, npzDataset, parseNpy, parseNpz } from "../../src/data/index.ts";
import { unzipped, zipBytes, zipEntries } from "../../src/data/zip.ts";
import { tensor } from "../../src/ops/leaf.ts";
import { failure, rejection } from "../support/failure.ts";
import { mutated } from "../support/mutations.ts";

const folder = new URL("../fixtures/numpy/", import.meta.url);
const bytesOf = (name: string) => new Uint8Array(readFileSync(new URL(name, folder)));
const recorded: Record<string, { shape: number[]; data: (number | string)[] }> = JSON.parse(
  readFileSync(new URL("types.json", folder), "utf8"),
);

/** A file with a header of one's own. */
function npy(header: string, data: Uint8Array = new Uint8Array(0), version = 1): Uint8Array {
  const text = new TextEncoder().encode(header);
  const long = version > 1 ? [0, 0] : [];
  const length = [text.length & 255, text.length >> 8, ...long];
  return Uint8Array.of(0x93, ...Buffer.from("NUMPY"), version, 0, ...length, ...text, ...data);
}
const header = (descr: string, shape: string, fortran = "False") =>
  `{'descr': ${descr}, 'fortran_order': ${fortran}, 'shape': ${shape}, }\n`;
const corrupt = (bytes: Uint8Array) => failure("file-corrupt", () => parseNpy(bytes));

describe("NumPy's own files", () => {
  it.each(["types.npz", "packed.npz"])("%s", async (file) => {
    const arrays = await parseNpz(bytesOf(file));
    // The name __proto__ is one like any other.
    expect(Object.keys(arrays)).toEqual(Object.keys(recorded));
    for (const [name, { shape, data }] of Object.entries(recorded)) {
      const values = arrays[name]!;
      expect(values.shape, name).toEqual(shape);
      const read = [...values.dataSync()];
      expect(read.length, name).toBe(data.length);
      for (const [i, value] of read.entries()) expect(value, `${name} ${i}`).toBe(Number(data[i]));
    }
    const types = Object.fromEntries(Object.entries(arrays).map(([k, { dtype }]) => [k, dtype]));
    expect(types).toMatchObject({ f8: "f64", f4: "f32", f2: "f32", b1: "bool", i4: "i32" });
    expect(types).toMatchObject({ i8: "i32", wide: "f64", "wide unsigned": "f64", u4: "i32" });
    expect(types).toMatchObject({ "wide u4": "f64", u2: "i32", u1: "i32", i2: "i32", i1: "i32" });
  });
  it("with sizes behind the data, and of every version", async () => {
    const { x, y } = await parseNpz(bytesOf("described.npz"));
    expect([...x!.dataSync()]).toEqual(recorded.f8!.data);
    expect([...y!.dataSync()]).toEqual(recorded.i8!.data);
    for (const version of [1, 2, 3]) {
      const values = parseNpy(bytesOf(`version${version}.npy`));
      expect(values.shape).toEqual([2, 2]);
      expect([...values.dataSync()]).toEqual([0, 1, 2, 3]);
    }
  });
  it("of types that have no place here are refused, with what to do", async () => {
    const refused = bytesOf("refused.npz");
    const names = zipEntries(refused).map(({ name }) => name.replace(".npy", ""));
    expect(names).toHaveLength(10);
    const fixes = new Set<string>();
    for (const name of names) {
      const error = await rejection("unsupported", parseNpz(refused, { names: [name] }));
      expect(error.where).toBe(`the array "${name}"`);
      expect(error.fix).toMatch(/np\.|rounded/);
      fixes.add(error.fix);
    }
    // Texts and bytes are the same case, and so are dates and durations.
    expect(fixes.size).toBe(8);
  });
  it("and ours have the same bytes", async () => {
    const ours = bytesOf("ours.npz");
    for (const entry of zipEntries(ours)) {
      const bytes = await unzipped(ours, entry);
      expect([...npyBytes(parseNpy(bytes))], entry.name).toEqual([...bytes]);
    }
  });
});

describe("parseNpy", () => {
  it("reads headers as other writers write them", () => {
    const one = new Uint8Array(new Float64Array([1.5]).buffer);
    for (const text of [
      `{"shape": (1L,), "descr": "<f8", "fortran_order": False}`,
      `{'descr':u'<f8','fortran_order':True,'shape':[1]}`,
      `  { 'descr' : '<f8' , 'fortran_order' : False , 'shape' : ( 1 , ) , }   \n`,
    ]) {
      expect([...parseNpy(npy(text, one)).dataSync()]).toEqual([1.5]);
    }
    expect(parseNpy(npy(header("'<f8'", "()"), one, 3)).shape).toEqual([]);
    const offset = new Uint8Array(200);
    const file = npy(header("'<f8'", "(1,)"), one);
    offset.set(file, 3);
    expect([...parseNpy(offset.subarray(3, 3 + file.length)).dataSync()]).toEqual([1.5]);
  });
  it("refuses headers that lie, and runs none", () => {
    const one = new Uint8Array(8);
    for (const text of [
      "",
      "{}",
      "{'descr': '<f8', 'fortran_order': False}",
      header("'<f8'", "(1,)").replace("}", ""),
      `${header("'<f8'", "(1,)").trim()} {}`,
      header("'<f8'", "(1,), 'more': 1"),
      header("'<f8'", "(1,), 'descr': '<f8'"),
      header("'<f8'", "(-1,)"),
      header("'<f8'", "(1.5,)"),
      header("'<f8'", "(True,)"),
      header("'<f8'", "1"),
      header("'<f8'", "(1,)", "0"),
      header("None", "(1,)"),
      header("'<f8'", "(1, 1"),
      header("'<f8'", "(1 1)"),
      header("'<f8'", `${"(".repeat(5000)}`),
      header("'<f8'", `(${"1,".repeat(65)})`),
      header("__import__('os').system('true')", "(1,)"),
      `{'descr': '<f8', 'fortran_order': False, 'shape': (1,), 'x\\\\': 1}`,
    ]) {
      corrupt(npy(text, one));
    }
    for (const shape of ["(2,)", "(0,)", "(9007199254740993,)", "(4294967296, 4294967296, 4)"]) {
      corrupt(npy(header("'<f8'", shape), one));
    }
    expect(corrupt(npy(header("'<f8'", "(2,)"), one)).message).toContain("shorter");
    expect(corrupt(npy(header("'<f8'", "(0,)"), one)).fix).toContain("np.savez");
    corrupt(npy(header("'|b1'", "(1,)"), Uint8Array.of(2)));
    corrupt(npy(header("'<f8'", "(1,)"), one, 4));
    const good = npy(header("'<f8'", "(1,)"), one);
    for (let length = 0; length < good.length; length++) corrupt(good.subarray(0, length));
    expect(corrupt(bytesOf("types.npz")).fix).toContain("parseNpz");
    corrupt(npy(`${header("'<f8'", "(1,)")}${" ".repeat(10_000)}`, one));
  });
  it("ends in a tensor or in a ChainruleError, whatever is cut off or changed", async () => {
    const file = npyBytes(tensor([[1, 2, 3]], { dtype: "f64" }));
    await mutated("npy", file, 1000, (bytes) => {
      expect(parseNpy(bytes).dataSync().byteLength).toBeLessThanOrEqual(8 * bytes.length);
    });
  });
});

describe("npyBytes and npzBytes", () => {
  const x = tensor([[1.5, -2]], { dtype: "f64" });
  it("are read back", async () => {
    const y = tensor([true, false]);
    const arrays = await parseNpz(npzBytes({ x, y, __proto__x: x, 名: x }));
    expect(Object.keys(arrays)).toEqual(["x", "y", "__proto__x", "名"]);
    expect(arrays.y!.dtype).toBe("bool");
    expect([...arrays.名!.dataSync()]).toEqual([1.5, -2]);
    expect(await parseNpz(npzBytes({}))).toEqual({});
  });
  it("have at most 64 axes", () => {
    const deep = tensor(Float64Array.of(1), { shape: Array(64).fill(1) });
    expect(parseNpy(npyBytes(deep)).shape).toHaveLength(64);
    const deeper = tensor(Float64Array.of(1), { shape: Array(65).fill(1) });
    failure("bad-argument", () => npyBytes(deeper));
  });
});

describe("parseNpz", () => {
  const packed = bytesOf("packed.npz");
  const types = bytesOf("types.npz");
  it("unpacks what was asked for, and no more than the limit", async () => {
    expect(Object.keys(await parseNpz(packed, { names: ["f8", "b1"] }))).toEqual(["f8", "b1"]);
    const none = await rejection("bad-argument", parseNpz(packed, { names: ["f9"] }));
    expect(none.fix).toMatch(/Did you mean "[fiu]\d/);
    await rejection("too-large", parseNpz(packed, { limit: 100 }));
    const alone = await rejection("file-corrupt", parseNpz(bytesOf("version1.npy")));
    expect(alone.fix).toBe("Call parseNpy.");
  });
  it("notices bytes that have changed", async () => {
    for (const file of [packed, types]) {
      for (const entry of zipEntries(file).slice(0, 3)) {
        const bytes = file.slice();
        const at =
          entry.offset + 30 + new DataView(bytes.buffer).getUint16(entry.offset + 26, true);
        const data = at + new DataView(bytes.buffer).getUint16(entry.offset + 28, true);
        bytes[data + entry.packed - 2]! ^= 1;
        const error = await rejection("file-corrupt", parseNpz(bytes));
        expect(error.message).toContain(entry.name);
      }
    }
  });
  it("refuses other archives than it knows", async () => {
    const plain = zipBytes([{ name: "x.npy", bytes: npyBytes(tensor([1])) }]);
    const changed = (at: number, value: number) => {
      const bytes = plain.slice();
      bytes[at < 0 ? bytes.length + at : at] = value;
      return parseNpz(bytes);
    };
    const entry = plain.length - 22 - 51;
    // Encrypted; packed by bzip2; in two parts; longer than it is; a comment that is not there.
    await rejection("unsupported", changed(entry + 8, 1));
    await rejection("unsupported", changed(entry + 10, 12));
    await rejection("file-corrupt", changed(-18, 1));
    await rejection("file-corrupt", changed(entry + 24, 255));
    await rejection("file-corrupt", changed(-2, 1));
    // Deflated, and so long that no such bytes can say it.
    const bomb = plain.slice();
    bomb[entry + 10] = 8;
    bomb[entry + 26] = 255;
    await rejection("file-corrupt", parseNpz(bomb));
    const twice = zipBytes([0, 1].map(() => ({ name: "x.npy", bytes: npyBytes(tensor([1])) })));
    await rejection("file-corrupt", parseNpz(twice));
    await rejection(
      "file-corrupt",
      parseNpz(zipBytes([{ name: "a.txt", bytes: new Uint8Array(3) }])),
    );
  });
  it("ends in tensors or in a ChainruleError, whatever is cut off or changed", async () => {
    await mutated("stored npz", bytesOf("described.npz"), 500, parseNpz);
    await mutated("packed npz", npzBytes({ x: tensor([1, 2]), y: tensor([3]) }), 500, parseNpz);
  });
});

describe("npzDataset", () => {
  const images = tensor([0, 255, 51, 102], { shape: [2, 1, 2], dtype: "i32" });
  const labels = tensor([1, 0], { dtype: "i32" });
  it("makes labels of whole numbers, and numbers of the others", () => {
    const made = npzDataset(
      { images, labels },
      { inputs: "images", targets: "labels", scale: 0.5 },
    );
    expect(made.inputs).toMatchObject({ dtype: "f32", shape: [2, 1, 2] });
    expect([...made.inputs.dataSync()]).toEqual([0, 127.5, 25.5, 51]);
    expect(made).toMatchObject({ classes: ["0", "1"], size: 2 });
    const x = tensor([1, 2], { dtype: "f64" });
    const real = npzDataset({ x, y: x }, { inputs: "x", targets: "y" });
    expect(real.inputs).toMatchObject({ dtype: "f64", shape: [2, 1] });
    expect(real.targets).toMatchObject({ dtype: "f64", shape: [2, 1] });
    expect(real.classes).toBeUndefined();
  });
  it("as it is asked to", () => {
    const x = tensor([[1], [2]], { dtype: "f64" });
    const parts = { inputs: "x", targets: "y" } as const;
    const flags = npzDataset({ x, y: tensor([true, false]) }, { ...parts, classes: ["no", "yes"] });
    expect([...flags.targets.dataSync()]).toEqual([1, 0]);
    expect(flags.classes).toEqual(["no", "yes"]);
    const counts = { x, y: tensor([5, 7], { dtype: "i32" }) };
    const numbers = npzDataset(counts, { ...parts, targetType: "number", dtype: "f32" });
    expect(numbers.targets).toMatchObject({ dtype: "f32", shape: [2, 1] });
    const whole = { x, y: tensor([0, 2], { dtype: "f64" }) };
    const named = npzDataset(whole, { ...parts, targetType: "category", classes: 4 });
    expect(named.classes).toHaveLength(4);
    expect(named.targets.dtype).toBe("i32");
    const half = { x, y: tensor([0, 0.5], { dtype: "f64" }) };
    const error = failure("data-invalid", () =>
      npzDataset(half, { ...parts, targetType: "category" }),
    );
    expect(error.fix).toContain('targetType: "number"');
    failure("bad-argument", () => npzDataset(half, { ...parts, classes: 2 }));
    const misspelt = failure("bad-argument", () => npzDataset(half, { ...parts, targets: "z" }));
    expect(misspelt.expected).toBe('one of "x", "y"');
    failure("shape-mismatch", () => npzDataset({ x, y: tensor([1]) }, parts));
    failure("bad-argument", () => npzDataset({ x }, { inputs: "x", targets: "__proto__" }));
  });
});
