import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { at } from "../../src/core/at.ts";
import { arrayOf, dtypes } from "../../src/core/dtype.ts";
import { Tensor } from "../../src/core/tensor.ts";
import { decodeSafetensors, encodeSafetensors } from "../../src/files/safetensors.ts";
import type { StoredTensor } from "../../src/files/safetensors-types.ts";
import { tensor } from "../../src/index.ts";
import { failure, harmless } from "../support/failure.ts";

const fixture = (name: string) =>
  new Uint8Array(
    readFileSync(new URL(`../fixtures/safetensors/${name}.safetensors`, import.meta.url)),
  );

/** A file with any header and data, right or wrong. */
function file(header: string | Uint8Array, data: readonly number[] = [], length?: bigint) {
  const text = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  return bytes;
}

const one = (dtype: string, shape: string, offsets: string) =>
  `{"a":{"dtype":"${dtype}","shape":${shape},"data_offsets":${offsets}}}`;

const corrupt = (bytes: Uint8Array) => failure("file-corrupt", () => decodeSafetensors(bytes));

/** The elements of what a file holds. */
const elements = (stored: StoredTensor | undefined) =>
  stored instanceof Tensor ? stored.dataSync() : stored!.data;

describe("files of other kinds", () => {
  it.each([
    ["ZIP archive", [0x50, 0x4b, 3, 4]],
    ["Python pickle", [0x80, 2]],
    ["HDF5", [0x89, 0x48, 0x44, 0x46]],
    ["GGUF", [0x47, 0x47, 0x55, 0x46]],
    ["NumPy", [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]],
    ["gzip", [0x1f, 0x8b]],
    ["JSON", [0x7b]],
  ])("are named: %s", (kind, start) => {
    const bytes = new Uint8Array(64).fill(0x20);
    bytes.set(start);
    expect(corrupt(bytes).found).toContain(kind);
  });

  it("but a header of a length that begins so is one", () => {
    // 0x7b bytes of header: the length's first byte is that of "{".
    const header = "{}".padEnd(0x7b);
    expect(decodeSafetensors(file(header)).tensors.size).toBe(0);
  });
});

describe("files of the Python package", () => {
  it("are read, every element type", () => {
    const { tensors, metadata } = decodeSafetensors(fixture("types"));
    const values = (name: string) => [...elements(tensors.get(name))];
    expect(metadata).toEqual({});
    expect(tensors.get("f64")).toMatchObject({ dtype: "f64", shape: [2, 2] });
    expect(values("f64")).toEqual([0.1, -1e300, Math.PI, 5e-324]);
    expect(values("f32")).toEqual([0.1, -3.4e38, 1e-45].map(Math.fround));
    expect(tensors.get("f16")?.dtype).toBe("f32");
    expect(values("f16")).toEqual([0, -0, 1.5, -2.25, 65504, 2 ** -24, Infinity, Number.NaN]);
    expect(values("i64")).toEqual([-(2n ** 31n), 2n ** 31n - 1n]);
    expect(values("u64")).toEqual([0n, 7n]);
    const plain = decodeSafetensors(fixture("types"), { integers: "f64" }).tensors;
    expect(elements(plain.get("i64"))).toEqual(Float64Array.of(-(2 ** 31), 2 ** 31 - 1));
    expect(elements(plain.get("u64"))).toEqual(Float64Array.of(0, 7));
    expect(values("i32")).toEqual([-(2 ** 31), 0, 2 ** 31 - 1]);
    expect(values("u32")).toEqual([0, 2 ** 31 - 1]);
    expect(values("i16")).toEqual([-32768, 32767]);
    expect(values("u16")).toEqual([0, 65535]);
    expect(values("i8")).toEqual([-128, 127]);
    expect(values("u8")).toEqual([0, 255]);
    expect(tensors.get("bool")).toMatchObject({ dtype: "bool", shape: [3, 1] });
    expect(values("bool")).toEqual([1, 0, 1]);
  });
  it("are read, whatever the names and shapes", () => {
    const { tensors, metadata } = decodeSafetensors(fixture("metadata"));
    expect(Object.entries(metadata).sort()).toEqual([
      ["__proto__", "harmless"],
      ["format", "np"],
      ["note", "ünï\u2028code"],
    ]);
    expect(Object.getPrototypeOf(metadata)).toBe(Object.prototype);
    expect([...tensors.keys()].sort()).toEqual(
      ["0.bias", "0.weight", "__proto__", "scalar", '名字 "quoted"\n'].sort(),
    );
    expect(tensors.get("0.weight")?.shape).toEqual([2, 3]);
    expect(tensors.get("0.bias")?.shape).toEqual([0]);
    expect(`${tensors.get("scalar")}`).toBe("tensor(2.5, f64[])");
  });
  it("are written, byte for byte", () => {
    const bytes = fixture("ours");
    const { tensors, metadata } = decodeSafetensors(bytes);
    expect(encodeSafetensors(tensors, metadata)).toEqual(bytes);
    expect(encodeSafetensors(Object.fromEntries(tensors), metadata)).toEqual(bytes);
  });
});

describe("element types that NumPy lacks", () => {
  const { tensors } = decodeSafetensors(fixture("bytes"));
  it.each(["F8_E5M2", "F8_E4M3", "F8_E5M2FNUZ", "F8_E4M3FNUZ", "F8_E8M0"])(
    "%s: every element, as ml_dtypes has it",
    (name) => {
      expect(tensors.get(name)?.dtype).toBe("f32");
      expect([...elements(tensors.get(name))]).toEqual([
        ...elements(tensors.get(`${name} as F32`)),
      ]);
    },
  );
  it.each([
    ["C64", [1], "no complex numbers"],
    ["F6_E2M3", [4], "does not say in which order"],
    ["F6_E3M2", [2, 2], "does not say in which order"],
    ["F4", [2], "does not say in which order"],
  ])("%s is named, and says why it is not read", (name, shape, why) => {
    const found = tensors.get(name)!;
    expect([found.dtype, found.shape]).toEqual([name, shape]);
    const error = failure("unsupported", () => found.data);
    expect(error.message).toContain(`"${name}" cannot be read: `);
    expect(error.message).toContain(why);
  });
  it("BF16", () => {
    const bytes = file(one("BF16", "[4]", "[0,8]"), [0x80, 0x3f, 0x20, 0xc1, 0x80, 0x7f, 0, 0x80]);
    expect([...elements(decodeSafetensors(bytes).tensors.get("a"))]).toEqual([
      1,
      -10,
      Infinity,
      -0,
    ]);
  });
  it("half precision: every finite value, against its definition", () => {
    const all = Array.from({ length: 0x7c00 }, (_, bits) => [bits & 255, bits >> 8]).flat();
    const bytes = file(one("F16", `[${0x7c00}]`, `[0,${2 * 0x7c00}]`), all);
    const values = elements(decodeSafetensors(bytes).tensors.get("a")) as Float32Array;
    for (let bits = 1; bits < 0x7c00; bits++) {
      // Neighbours differ by one unit in the last place.
      expect(at(values, bits) - at(values, bits - 1)).toBe(
        2 ** (Math.max(1, (bits - 1) >> 10) - 25),
      );
    }
  });
});

describe("encodeSafetensors", () => {
  const some: fc.Arbitrary<Tensor> = fc
    .tuple(
      fc.constantFrom(...dtypes),
      fc.array(fc.nat(3), { maxLength: 3 }),
      fc.infiniteStream(fc.double()),
    )
    .map(([dtype, shape, stream]) => {
      const size = shape.reduce((a, b) => a * b, 1);
      return tensor(arrayOf(dtype, [...stream.take(size)]), { shape });
    });
  const name = fc.string({ unit: "grapheme" }).filter((n) => n !== "__metadata__");
  it("goes there and back, aligned, and does not depend on the order", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(name, some), { maxLength: 6 }),
        fc.dictionary(name, name),
        (pairs, metadata) => {
          const tensors = new Map(pairs);
          const bytes = encodeSafetensors(tensors, metadata);
          const decoded = decodeSafetensors(bytes);
          expect(decoded.metadata).toEqual({ ...metadata });
          expect(decoded.tensors.size).toBe(tensors.size);
          for (const [key, value] of tensors) {
            expect(decoded.tensors.get(key)).toMatchObject({
              dtype: value.dtype,
              shape: value.shape,
            });
            expect(elements(decoded.tensors.get(key))).toEqual(value.dataSync());
          }
          expect(encodeSafetensors(new Map([...tensors].reverse()), metadata)).toEqual(bytes);
          const view = new DataView(bytes.buffer);
          const header = Number(view.getBigUint64(0, true));
          expect(header % 8).toBe(0);
          const text = new TextDecoder().decode(bytes.subarray(8, 8 + header));
          for (const entry of Object.values(JSON.parse(text)) as never[]) {
            const { dtype, data_offsets: offsets } = entry as {
              dtype?: string;
              data_offsets?: number[];
            };
            const width = { F64: 8, F32: 4, I32: 4 }[dtype ?? ""] ?? 1;
            expect((offsets?.[0] ?? 0) % width).toBe(0);
          }
        },
      ),
    );
  });
  it("writes one NaN of all, in whatever bits it comes", () => {
    const f64 = new Float64Array(4);
    new BigUint64Array(f64.buffer).set([-1n, 0xfff8n << 48n, (0x7ff8n << 48n) + 5n]);
    const f32 = new Float32Array(4);
    new Uint32Array(f32.buffer).set([0xffffffff, 0xffc00000, 0x7f800001]);
    f64[3] = f32[3] = Number.POSITIVE_INFINITY;
    expect([...f64, ...f32].filter(Number.isNaN)).toHaveLength(6);
    const bytes = encodeSafetensors({
      a: tensor(f64, { shape: [4] }),
      b: tensor(f32, { shape: [4] }),
    });
    const end = bytes.length - 48;
    const nan = [0x7ff8n << 48n, 0x7ff8n << 48n, 0x7ff8n << 48n, 0x7ff0n << 48n];
    expect([...new BigUint64Array(bytes.slice(end, end + 32).buffer)]).toEqual(nan);
    const single = [0x7fc00000, 0x7fc00000, 0x7fc00000, 0x7f800000];
    expect([...new Uint32Array(bytes.slice(end + 32).buffer)]).toEqual(single);
    const { tensors } = decodeSafetensors(bytes);
    expect(elements(tensors.get("a"))).toEqual(f64);
    // The tensors themselves stay as they are.
    expect(new Uint32Array(f32.buffer)[0]).toBe(0xffffffff);
  });
  it("writes a view of a larger buffer, and copies", () => {
    const buffer = Float32Array.of(1, 2, 3, 4);
    const bytes = encodeSafetensors({ a: tensor(buffer.subarray(1, 3), { shape: [2] }) });
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    const data = elements(decodeSafetensors(shifted.subarray(3)).tensors.get("a"));
    expect(data).toEqual(Float32Array.of(2, 3));
    shifted.fill(0);
    expect(data).toEqual(Float32Array.of(2, 3));
  });
  it("refuses what the format cannot hold", () => {
    const a = tensor(Float32Array.of(1), { shape: [1] });
    failure("bad-argument", () => encodeSafetensors({ __metadata__: a }));
    failure("bad-argument", () => encodeSafetensors({ "\ud800": a }));
    failure("bad-argument", () => encodeSafetensors({ a }, { b: "\udc00" }));
    failure("bad-argument", () => encodeSafetensors({ a }, { b: 3 as never as string }));
    const wrong = { dtype: "f32", shape: [2], data: Float32Array.of(1) } as const;
    failure("bad-argument", () => encodeSafetensors({ a: wrong }));
    failure("data-invalid", () =>
      encodeSafetensors({ a: { dtype: "bool", shape: [1], data: Uint8Array.of(2) } }),
    );
  });
});

describe("decodeSafetensors refuses", () => {
  it("a header length that lies", () => {
    corrupt(new Uint8Array(0));
    corrupt(new Uint8Array(7));
    corrupt(new Uint8Array(8));
    corrupt(file("{}", [], 3n));
    corrupt(file("{}", [], 2n ** 63n));
    corrupt(file("{}", [], 2n ** 64n - 1n));
    expect(corrupt(file("{}", [], 100_000_001n)).message).toContain("too long");
  });
  it.each([
    " {}",
    "[]",
    "{",
    "{}}",
    "{} x",
    "\uFEFF{}",
    "null",
    '{"a":1}',
    '{"a":null}',
    '{"a":[]}',
    '{"a":{}}',
    '{"__metadata__":{"a":1}}',
    '{"__metadata__":[]}',
    '{"__metadata__":null}',
    '{"a":{"shape":[],"data_offsets":[0,0]}}',
    '{"a":{"dtype":"F32","data_offsets":[0,0]}}',
    '{"a":{"dtype":"F32","shape":[0]}}',
    '{"a":{"dtype":1,"shape":[0],"data_offsets":[0,0]}}',
    `{"a":${"[".repeat(9)}${"]".repeat(9)}}`,
    "[".repeat(100_000),
    `{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`,
    `{"${'\\"'.repeat(50_000)}`,
  ])("the header %.40s", (header) => {
    corrupt(file(header));
  });
  it.each([
    ['{"a":null}', "null"],
    ['{"a":[]}', "a list"],
    ['{"a":1}', "number"],
    ['{"__metadata__":{"a":null}}', "null"],
    ['{"a":{"shape":[],"data_offsets":[0,0]}}', "nothing"],
  ])("the header %s, saying what it found", (header, found) => {
    const error = corrupt(file(header));
    expect(error.found).toBe(found);
    expect(error.expected).not.toBe(found);
  });
  it("a header that is not UTF-8", () => {
    corrupt(file(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x30, 0x7d)));
  });
  const rest = '"shape":[],"data_offsets":[0,4]}';
  it.each([
    `{"a":{"dtype":"F32",${rest},"a":{"dtype":"I32",${rest}}`,
    `{"a":{"dtype":"F32",${rest},"\\u0061":{"dtype":"I32",${rest}}`,
    '{"a":{"dtype":"I32","dtype":"F32","shape":[],"data_offsets":[0,4]}}',
    '{"__metadata__":{},"__metadata__":{},"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}',
    '{"__metadata__":{"x":"1","x":"2"},"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}',
  ])("the repeated key in %s", (header) => {
    expect(corrupt(file(header, [0, 0, 0, 0])).message).toContain("twice");
  });
  it.each([
    "[-1]",
    "[0.5]",
    "[1.0]",
    "[1e0]",
    '["1"]',
    "[null]",
    "[[1]]",
    "{}",
    "1",
    "[-0]",
    "[9007199254740993]",
  ])("the shape %s", (shape) => {
    corrupt(file(one("F32", shape, "[0,4]"), [0, 0, 0, 0]));
  });
  it.each([
    "[0]",
    "[0,4,4]",
    "[4,0]",
    "[-4,0]",
    "[0,4.5]",
    "[0,8]",
    "[1,4]",
    "[0,3]",
    "4",
    '["0","4"]',
    "[0,1e1]",
  ])("the data_offsets %s", (offsets) => {
    corrupt(file(one("F32", "[1]", offsets), [0, 0, 0, 0]));
  });
  it("a shape whose product overflows", () => {
    corrupt(file(one("F32", "[4294967296,4294967296]", "[0,0]")));
    corrupt(file(one("U8", "[9007199254740991,9007199254740991,0]", "[0,0]")));
    corrupt(file(one("F64", "[1152921504606846976]", "[0,0]")));
  });
  it("overlaps, holes and bytes that belong to none", () => {
    const pair = (offsets: string) => `{"dtype":"U8","shape":[2],"data_offsets":${offsets}}`;
    const two = (a: string, b: string) => `{"a":${pair(a)},"b":${pair(b)}}`;
    expect(decodeSafetensors(file(two("[2,4]", "[0,2]"), [1, 2, 3, 4])).tensors.size).toBe(2);
    expect(corrupt(file(two("[0,2]", "[1,3]"), [1, 2, 3])).message).toContain("overlaps");
    expect(corrupt(file(two("[0,2]", "[0,2]"), [1, 2])).message).toContain("overlaps");
    expect(corrupt(file(two("[0,2]", "[3,5]"), [1, 2, 3, 4, 5])).message).toContain("hole");
    expect(corrupt(file(two("[1,3]", "[3,5]"), [1, 2, 3, 4, 5])).message).toContain("hole");
    expect(corrupt(file(two("[0,2]", "[2,4]"), [1, 2, 3, 4, 5])).message).toContain("Behind");
    expect(corrupt(file("{}", [1])).message).toContain("Behind");
  });
  it("options that it has not", () => {
    failure("bad-argument", () =>
      decodeSafetensors(fixture("types"), { integers: "i32" } as never),
    );
    failure("bad-argument", () => decodeSafetensors(fixture("types"), { limt: 3 } as never));
  });
  it("more than the limit", () => {
    const bytes = file(one("U8", "[4]", "[0,4]"), [1, 2, 3, 4]);
    failure("too-large", () => decodeSafetensors(bytes, { limit: 15 }));
    expect(decodeSafetensors(bytes, { limit: 16 }).tensors.size).toBe(1);
  });
});

describe("what is no Uint8Array", () => {
  it.each([
    ["ArrayBuffer", new ArrayBuffer(16)],
    ["{}", "{}"],
    ["null", null],
  ])("%s", (found, bytes) => {
    const error = failure("bad-argument", () => decodeSafetensors(bytes as unknown as Uint8Array));
    expect(error.message).toContain("Uint8Array");
    expect(error.found).toContain(found);
  });
});

describe("a tensor that cannot be read hides no other", () => {
  const beside = (type: string, shape: string, data: readonly number[]) => {
    const { length } = data;
    const other = `"b":{"dtype":"U8","shape":[1],"data_offsets":[${length},${length + 1}]}`;
    return file(`${one(type, shape, `[0,${length}]`).slice(0, -1)},${other}}`, [...data, 7]);
  };
  it.each([
    ["MX9", "[3]", [1, 2], "unsupported", "chainrule does not know it"],
    ["toString", "[1]", [0], "unsupported", "chainrule does not know it"],
    ["BOOL", "[1]", [2], "file-corrupt", "other elements than 0 and 1"],
  ] as const)("%s", (type, shape, data, code, why) => {
    const { tensors } = decodeSafetensors(beside(type, shape, data));
    expect([...tensors.keys()]).toEqual(["a", "b"]);
    expect(elements(tensors.get("b"))).toEqual(Int32Array.of(7));
    const bad = tensors.get("a")!;
    expect(bad.dtype).toBe(type);
    expect(failure(code, () => bad.data).message).toContain(why);
    failure(code, () => encodeSafetensors(tensors));
  });
  const cases: [string, number[], bigint, number | undefined][] = [
    ["I64", [0, 0, 0, 128, 0, 0, 0, 0], 2n ** 31n, 2 ** 31],
    ["I64", [0, 0, 0, 0, 0, 0, 0, 128], -(2n ** 63n), -(2 ** 63)],
    ["I64", [1, 0, 0, 0, 0, 0, 32, 0], 2n ** 53n + 1n, undefined],
    ["I64", [254, 255, 255, 255, 255, 255, 223, 255], -(2n ** 53n) - 2n, -(2 ** 53) - 2],
    ["U64", Array(8).fill(255), 2n ** 64n - 1n, undefined],
    ["U64", [0, 0, 0, 0, 0, 0, 0, 128], 2n ** 63n, 2 ** 63],
  ];
  it.each(cases)("%s %j", (type, data, big, number) => {
    const bytes = beside(type, "[1]", data);
    const kept = decodeSafetensors(bytes).tensors;
    expect(kept.get("a")?.dtype).toBe(type.toLowerCase());
    expect([...elements(kept.get("a"))]).toEqual([big]);
    const back = decodeSafetensors(encodeSafetensors(kept)).tensors;
    expect(back.get("a")).toEqual(kept.get("a"));
    const { tensors } = decodeSafetensors(bytes, { integers: "f64" });
    expect(elements(tensors.get("b"))).toEqual(Int32Array.of(7));
    const a = tensors.get("a")!;
    if (number !== undefined) return expect([a.dtype, ...elements(a)]).toEqual(["f64", number]);
    expect(a.dtype).toBe(type);
    expect(failure("unsupported", () => a.data).found).toBe(`${big} at 0`);
  });
  it("U32, whose upper half f64 holds", () => {
    const { tensors } = decodeSafetensors(file(one("U32", "[1]", "[0,4]"), [0, 0, 0, 128]));
    expect(tensors.get("a")).toMatchObject({ dtype: "f64", shape: [1] });
    expect(elements(tensors.get("a"))).toEqual(Float64Array.of(2 ** 31));
  });
  it("but packed types must fit their bytes", () => {
    corrupt(file(one("F4", "[3]", "[0,2]"), [0, 0]));
    corrupt(file(one("F6_E2M3", "[4]", "[0,4]"), [0, 0, 0, 0]));
    corrupt(file(one("MX9", "[-1]", "[0,1]"), [0]));
  });
});

describe("encodeSafetensors of BigInts", () => {
  it("refuses arrays that do not fit", () => {
    const data = BigInt64Array.of(1n, 2n);
    failure("shape-mismatch", () => encodeSafetensors({ a: { dtype: "i64", shape: [1], data } }));
    failure("shape-mismatch", () => encodeSafetensors({ a: { dtype: "u64", shape: [2], data } }));
    failure("shape-mismatch", () =>
      encodeSafetensors({ a: { dtype: "i64", shape: [2], data: [1n, 2n] as never } }),
    );
  });
});

describe("hostile bytes", () => {
  it("end in tensors of a bounded size or in a ChainruleError", () => {
    const good = fixture("types");
    fc.assert(
      fc.property(
        fc.nat(good.length),
        fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 6 }),
        fc.boolean(),
        (length, changes, cut) => {
          const bytes = good.slice(0, cut ? length : good.length);
          for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
          harmless(() => {
            let total = 0;
            for (const found of decodeSafetensors(bytes).tensors.values())
              harmless(() => (total += elements(found).byteLength));
            expect(total).toBeLessThanOrEqual(4 * bytes.length);
          });
        },
      ),
      { numRuns: 3000 },
    );
    fc.assert(fc.property(fc.uint8Array(), (bytes) => harmless(() => decodeSafetensors(bytes))));
    fc.assert(
      fc.property(fc.json(), (json) => harmless(() => decodeSafetensors(file(json)))),
      { numRuns: 500 },
    );
  });
  it("are read in linear time", () => {
    const keys = Array.from({ length: 200_000 }, (_, i) => `"${i}":"${'\\"'.repeat(10)}"`);
    const started = performance.now();
    decodeSafetensors(file(`{"__metadata__":{${keys.join(",")}}}`));
    corrupt(file(`{"${"a".repeat(5_000_000)}":${"1".repeat(5_000_000)}}`));
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});
